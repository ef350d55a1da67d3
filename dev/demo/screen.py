"""A `View` as one live screen, for a person who has read nothing. Pure but for `Screen`."""

from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from dev.demo import figures
from dev.demo.feed import Clients, View
from shadowlift.api.status import Evidence, Trial

LABELS = 58  # columns that labels and the words beside a bar need
WIDEST, NARROWEST = 44, 16  # columns of a bar
COLOURS = {
    "Promoted": "green",
    "Rejected": "red",
    "Expired": "yellow",
    "Shadowing": "cyan",
    "Canary": "magenta",
    "Pending": "blue",
}
OWN_WORDS = {
    "Pending": "getting ready: pods start, routers load their configuration; the rules answer",
    "Shadowing": "the new model answers copies, unseen; the rules answer the clients",
    "Canary": "the new model answers a share of the clients, step by step; the rules answer the others",
    "Promoted": "proven better: the new model answers the clients, the rules stand by",
    "Rejected": "turned down: the rules answer, as before",
    "Expired": "no proof in time: the rules answer, as before",
    "Paused": "frozen by a person",
}


def rendered(view: View, caption: str, seconds: float, columns: int) -> RenderableType:
    """The whole screen; `seconds` since the story began, `columns` of the terminal."""
    width = max(NARROWEST, min(WIDEST, columns - LABELS))
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", min_width=15)
    grid.add_column()
    for label, text in rows(view, width):
        grid.add_row(label, text)
    title = f" {view.name or 'Shadowlift'} · {seconds:.0f} s "
    colour = COLOURS.get(view.phase, "white")
    return Group(Text(caption, style="italic"), Panel(grid, title=title, border_style=colour, padding=(1, 2)))


def rows(view: View, width: int) -> list[tuple[str, Text]]:
    """Label and text of every line; bars are `width` columns."""
    lines = [("Phase", phase(view)), *clients(view.clients, view.candidate, width)]
    trial = view.status.trial if view.status else None
    if trial:
        lines += shadow(view, trial)
        lines += evidence(trial.evidence, view.candidate, width)
        lines += verdict(trial)
    lines += routers(view)
    trouble = view.trouble()
    if trouble:
        lines.append(("Needs a person", Text(f"{trouble.reason}: {trouble.message}", style="bold red")))
    return lines


def phase(view: View) -> Text:
    """The phase and what it means."""
    text = Text(view.phase, style=f"bold {COLOURS.get(view.phase, 'white')}")
    return text.append(f"  {OWN_WORDS.get(view.phase, '')}", style="not bold")


def clients(seen: Clients | None, candidate: str, width: int) -> list[tuple[str, Text]]:
    """The live traffic, and who answers it."""
    if seen is None:
        return [("Live traffic", Text("clients are starting", style="dim"))]
    failed = Text(f"{seen.failed} failed", style="bold red" if seen.failed else "green")
    speed = (
        ""
        if seen.p50 is None or seen.p99 is None
        else f" · half within {seen.p50:.0f} ms, 99 % within {seen.p99:.0f} ms"
    )
    line = Text(f"{seen.rate:.0f} requests/s to {seen.url} · ").append_text(failed).append(speed)
    total = sum(seen.recent.values())
    share = seen.recent.get("candidate", 0) / total if total else 0.0
    theirs = round(share * width)
    split = Text("█" * (width - theirs), style="blue").append("█" * theirs, style="green")
    who = f"  rules {1 - share:.0%} · {candidate} {share:.0%}" if total else "  nobody yet"
    return [("Live traffic", line), ("Answered by", split.append(who, style="default"))]


def shadow(view: View, trial: Trial) -> list[tuple[str, Text]]:
    """What is copied and what is known."""
    mirrored, live = trial.coverage.live - trial.coverage.unmirrored, figures.count(trial.coverage.live)
    copies = f"{figures.count(mirrored)} of {live} live requests in this stretch went to {view.candidate} too"
    copies = copies if trial.coverage.live else "the first of this stretch are under way"
    known = "none yet" if view.outcomes is None else f"the truth about {figures.count(view.outcomes)} cases is recorded"
    return [("Copies", Text(copies)), ("Outcomes", Text(known))]


def evidence(seen: Evidence, candidate: str, width: int) -> list[tuple[str, Text]]:
    """Who was right where they differed, the lift, and how sure that is."""
    counted = f"{figures.count(seen.n)} cases are old enough to count: {figures.differences(seen, candidate)}"
    out = [("Evidence", Text(counted))]
    lower, estimate, upper = (figures.number(text) for text in (seen.lower, seen.estimate, seen.upper))
    if lower is not None and estimate is not None and upper is not None:
        line, reach = figures.interval(lower, estimate, upper, width)
        bounds = f"between {figures.points(seen.lower)} and {figures.points(seen.upper)}"
        told = f"  {figures.points(seen.estimate)}, {bounds}   (the line: {-reach:+.0%} to {reach:+.0%})"
        out.append(("Lift", Text(line, style="cyan").append(told, style="default")))
    out.append(("Proof it is better", proof_bar(seen.e_value, seen.bar, width, "promote")))
    out.append(("Proof of harm", proof_bar(seen.harm_e_value, seen.harm_bar, width, "reject")))
    return out


def proof_bar(value: str | None, bar: str | None, width: int, effect: str) -> Text:
    """An e-value on its way to the bar, log scale."""
    share = figures.progress(figures.number(value), figures.number(bar))
    told = f"  {figures.evidence(value)} of {figures.evidence(bar)} needed to {effect}" if bar else "  not started"
    colour = "green" if effect == "promote" else "red"
    return Text(figures.filled(share, width), style=colour).append(told, style="default")


def verdict(trial: Trial) -> list[tuple[str, Text]]:
    """The last look in the operator's words."""
    if trial.verdict is None:
        return []
    return [("Verdict", Text(f"{trial.verdict.kind.value} · {trial.verdict.reason} · {trial.verdict.message}"))]


def routers(view: View) -> list[tuple[str, Text]]:
    """Whether every router has the configuration that it should have."""
    if view.status is None or view.status.router.wanted is None:
        return [("Routers", Text("not there yet", style="dim"))]
    router = view.status.router
    agreed = sum(version == router.wanted for version in router.loaded.values())
    return [
        (
            "Routers",
            Text(f"{router.ready} of {router.replicas} ready, {agreed} have loaded configuration {router.wanted}"),
        )
    ]


class Screen:
    """The live screen of a terminal; a context, so that the terminal is given back whatever happens."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.live = Live(console=console, refresh_per_second=4, transient=False)

    def __enter__(self) -> Self:
        """Take the terminal."""
        self.live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give it back, with the last picture left standing."""
        self.live.__exit__(kind, error, trace)

    def say(self, caption: str, detail: str = "") -> None:
        """A chapter begins: its caption stays above the picture."""
        self.console.print()
        self.console.print(caption, style="bold")
        if detail:
            self.console.print(detail, markup=False)

    def show(self, view: View, caption: str, seconds: float) -> None:
        """The picture now."""
        self.live.update(rendered(view, caption, seconds, self.console.width))
