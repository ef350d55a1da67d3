"""A `View` as one readable line every two seconds, for logs and pipes: the same story where there is no terminal."""

from types import TracebackType
from typing import Self, TextIO

from dev.demo import figures
from dev.demo.feed import Clients, View
from shadowlift.api.status import Trial

LINE_EVERY = 2.0  # seconds


def line(view: View, seconds: float) -> str:
    """The view in one line."""
    trial = view.status.trial if view.status else None
    parts = [f"[{seconds:4.0f} s] {view.name} {view.phase}", clients(view.clients, view.candidate)]
    if view.outcomes is not None:
        parts.append(f"{figures.count(view.outcomes)} outcomes known")
    if trial:
        parts += evidence(trial)
    trouble = view.trouble()
    if trouble:
        parts.append(f"NEEDS A PERSON: {trouble.reason}: {trouble.message}")
    return " | ".join(parts)


def clients(seen: Clients | None, candidate: str) -> str:
    """Rate, failures, and who answers."""
    if seen is None:
        return "clients are starting"
    total = sum(seen.recent.values())
    who = ", ".join(
        f"{candidate if track == 'candidate' else 'rules'} {n / total:.0%}" for track, n in sorted(seen.recent.items())
    )
    return f"{seen.rate:.0f} req/s, {seen.failed} failed, answered by: {who or 'nobody yet'}"


def evidence(trial: Trial) -> list[str]:
    """Cases, lift, e-value and verdict."""
    seen = trial.evidence
    out = [f"{figures.count(seen.n)} cases (+{seen.wins} -{seen.losses})"]
    if seen.estimate is not None:
        out.append(
            f"lift {figures.points(seen.estimate)} ({figures.points(seen.lower)} to {figures.points(seen.upper)})"
        )
    if seen.bar is not None:
        out.append(f"better {figures.evidence(seen.e_value)}/{figures.evidence(seen.bar)}")
    if seen.harm_bar is not None:
        out.append(f"harm {figures.evidence(seen.harm_e_value)}/{figures.evidence(seen.harm_bar)}")
    if trial.verdict:
        out.append(f"{trial.verdict.kind.value}: {trial.verdict.reason}")
    return out


class Lines:
    """Writes lines, at most one picture every two seconds, but each phase at once."""

    def __init__(self, out: TextIO) -> None:
        self.out = out
        self._last: float | None = None
        self._phase = ""

    def __enter__(self) -> Self:
        """Nothing to take."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to give back."""

    def say(self, caption: str, detail: str = "") -> None:
        """A chapter begins."""
        print(f"\n== {caption}" + (f"\n{detail}" if detail else ""), file=self.out, flush=True)
        self._last = None

    def show(self, view: View, _caption: str, seconds: float) -> None:
        """The picture now, if it is time for one."""
        if self._last is not None and seconds - self._last < LINE_EVERY and view.phase == self._phase:
            return
        self._last, self._phase = seconds, view.phase
        print(line(view, seconds), file=self.out, flush=True)
