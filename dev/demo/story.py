"""The chapters of the demo: what is done, what is awaited, what is said. Told by `__main__`.

A chapter that does not come true within its time raises `Failed` with what there was instead.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import yaml

from dev.demo import leftovers, proof, resources
from dev.demo.feed import View, look
from dev.traffic import manifests
from dev.traffic.cluster_api import (
    DEPLOYMENT,
    ENDPOINT_SLICE,
    ApiError,
    Cluster,
    Overdue,
    is_rolled_out,
    wait_for,
)
from dev.traffic.stand import Ended, Stand, Wanted

PATH = "/triage"


class Failed(Exception):
    """The story did not come true; the text says what was awaited and what there was instead."""


class Show(Protocol):
    """Where the story is told: `screen.Screen` or `plain.Lines`."""

    def say(self, caption: str, detail: str = "") -> None:
        """A chapter begins."""

    def show(self, view: View, caption: str, seconds: float) -> None:
        """The picture now."""


@dataclass(frozen=True)
class Images:
    """What runs: Shadowlift itself (for the traffic's pods), the rules, the two models."""

    shadowlift: str
    rules: str
    better: str
    worse: str


@dataclass(frozen=True)
class Pace:
    """Seconds: between two looks, of live traffic as proof of a promotion, until a chapter has failed (generous)."""

    look: float = 0.5
    proof: float = 5.0
    pods: float = 120.0
    verdict: float = 180.0
    traffic: float = 60.0


@dataclass
class Story:
    """One telling. `views` holds the last picture of each ModelDeployment, for the ending."""

    cluster: Cluster
    images: Images
    recorder: str
    out: Show
    rate: float = 40.0  # requests per second, in each of the two parts
    pace: Pace = field(default_factory=Pace)
    views: dict[str, View] = field(default_factory=dict)
    times: list[tuple[str, float]] = field(default_factory=list)
    _began: float = field(default_factory=time.monotonic)

    def tell(self) -> None:
        """All chapters, each with its time noted."""
        better = self._stand(resources.BETTER, f"http://{manifests.RULES}:8080{PATH}", "")
        worse = self._stand(resources.WORSE, f"http://{resources.WORSE}:8080{PATH}", "-stale")
        self._timed("clinic and its traffic", lambda: self.open_clinic(better))
        self._timed("candidate beside the rules", lambda: self.apply(better, "logreg", self.images.better))
        self._timed("clients moved to the router", lambda: self.move_clients(better))
        self._timed("shadow until promotion", lambda: self.watch_promotion(better))
        self._timed("proof by the pods' counters", lambda: self.prove(better))
        self._timed("worse candidate until rejection", lambda: self.reject_worse(worse))
        self._timed("nobody lost a request", lambda: self.check_clients([better, worse]))

    def open_clinic(self, stand: Stand) -> None:
        """The clinic as it is today: rules, clients that ask them, and a hospital that later knows."""
        self.out.say(
            "A clinic has hand-written rules (triage-rules) judge every biopsy. Clients call them all day long."
        )
        if leftovers.found(self.cluster, resources.NAMESPACE):
            self.out.say("First, what an earlier run left is removed.")
            leftovers.remove(self.cluster, resources.NAMESPACE, self.pace.pods)
        self.cluster.apply(manifests.namespace(resources.NAMESPACE))
        self.cluster.apply(*manifests.rules(resources.NAMESPACE, self.images.rules))
        stand.start()
        wait_for("the rules to be up", self._rules_are_up, self.pace.pods)
        stand.wait(self.pace.pods)
        self._watch(
            stand,
            "Before Shadowlift: the rules answer everybody. Whether they are right, the hospital learns later.",
            lambda view: view.clients is not None and view.clients.all_by == "current",
            self.pace.traffic,
        )

    def apply(self, stand: Stand, candidate: str, image: str, **more: object) -> None:
        """`kubectl apply` of one ModelDeployment, then wait until its routers could take over."""
        name = stand.wanted.model_deployment
        wish = resources.model_deployment(name, candidate, image, **more)
        caption = f"Somebody has a model that may be better: {candidate}. They apply this, and nothing else:"
        self.out.say(caption, yaml.safe_dump(wish, sort_keys=False, width=120))
        self.cluster.apply(wish)
        self._watch(
            stand,
            f"The model's pods start beside the rules, and a router with the name {name}. Nobody uses either yet.",
            lambda view: view.routers_agree and self._has_endpoints(name),
            self.pace.pods,
        )

    def move_clients(self, stand: Stand) -> None:
        """Once, as a user would: clients call the router's Service instead of the rules."""
        name = stand.wanted.model_deployment
        self.out.say(
            f"Once, and never again, the clients are pointed from triage-rules to {name}. "
            "The rules still answer everything: the router passes it on."
        )
        url = f"http://{name}:8080{PATH}"
        stand.move(url)
        self._watch(
            stand,
            f"Clients call {name}; the rules still answer.",
            lambda view: view.clients is not None and view.clients.url == url and view.clients.from_url > 2 * self.rate,
            self.pace.traffic,
        )

    def watch_promotion(self, stand: Stand) -> None:
        """Shadow until the lift is proven, then until live traffic has switched over."""
        self.out.say(
            "Every request is now also copied to logreg. No client ever sees what it answers. When the truth about a "
            "case is known, Shadowlift books who was right. It may look as often as it likes: the bar is such that a "
            "model that is no better would pass it in at most 1 of 100 trials. (60 % of that risk is kept for one last look at "
            "the deadline, so on the way it takes evidence of 250 and not of 100.)"
        )
        caption = "The rules answer the clients; logreg answers copies. Who is right more often?"
        self._verdict(stand, "Promoted", caption)
        self.out.say("The lift is proven. Without anybody's hand, live traffic moves to logreg; the rules stand by.")
        self._watch(
            stand,
            "Promoted: the routers load the new configuration, and the answers change without a lost request.",
            lambda view: view.clients is not None and view.clients.all_by == "candidate" and view.settled,
            self.pace.traffic,
        )

    def prove(self, stand: Stand) -> None:
        """Ask the candidate's pods how many requests they served while clients got so many answers of its form."""
        name = stand.wanted.model_deployment
        first = proof.first_reading(stand, name)
        end = time.monotonic() + self.pace.proof
        caption = "Checking against the pods' own counters that these answers really come from logreg."
        self._watch(stand, caption, lambda _: time.monotonic() > end, self.pace.proof + self.pace.traffic)
        last = proof.last_reading(stand, name)
        found = proof.doubts(first, last, self.rate)
        if found:
            raise Failed("the promotion cannot be believed: " + "; ".join(found))
        self.out.say(
            f"Checked: while clients got {last.answers - first.answers} answers of logreg's form, "
            f"its {last.pods} pods counted {last.counted - first.counted} requests (those under way are in one of the counts only)."
        )

    def reject_worse(self, stand: Stand) -> None:
        """The other outcome: a candidate that is worse than the rules."""
        self.out.say(
            "Now the other way round. Another ward asks the same rules, and somebody brings triage-stale: a model from "
            "the days of a microscope that has since been replaced. It is worse than the rules; nobody knows that yet."
        )
        stand.start()
        self.apply(stand, "stale", self.images.worse, strategy={"shadow": {"rejectAfter": "15s"}})
        stand.wait(self.pace.pods)
        stand.rate(self.rate)
        self.out.say(
            "The ward's clients call the router from the start. Copies go to triage-stale, answers come from the rules. "
            "A rejection must have stood for a while (five minutes, unless said otherwise), so that a bad moment cannot be one."
        )
        self._verdict(
            stand, "Rejected", "The rules answer the clients; stale answers copies. Is it better, or harmful?"
        )
        self.out.say(
            f"{why_rejected(self.views[resources.WORSE])} No client ever saw an answer of it; it is switched off."
        )
        self._watch(
            stand,
            "Rejected: first its copies end, then its pods. The rules answer, as they always did.",
            lambda _: proof.counters(self.cluster, resources.NAMESPACE, resources.WORSE)[0] == 0,
            self.pace.traffic,
        )

    def check_clients(self, stands: list[Stand]) -> None:
        """No request failed from the first to the last, and no client ever got an answer of the rejected model."""
        for stand in stands:
            report = stand.report()
            if report["failed"]:
                raise Failed(
                    f"{report['failed']} requests failed: {report['errors']}; the first: {report['failures'][0]}"
                )
        served = stands[1].report()["tracks"].get("candidate", 0)
        if served:
            raise Failed(f"clients got {served} answers of the rejected model")
        serving = self.views[resources.WORSE].status
        if serving is None or serving.serving is None or serving.serving.name != "current":
            raise Failed(
                f"{resources.WORSE} should be served by current, its status says {serving and serving.serving}"
            )

    def seconds(self) -> float:
        """Since the story began."""
        return time.monotonic() - self._began

    def _stand(self, name: str, url: str, suffix: str) -> Stand:
        # The second ward starts silent: its router does not exist yet, and a request to nothing would be a failed one.
        rate = 0.0 if suffix else self.rate
        wanted = Wanted(
            namespace=resources.NAMESPACE,
            model_deployment=name,
            url=url,
            image=self.images.shadowlift,
            recorder=self.recorder,
            rate=rate,
            suffix=suffix,
        )
        return Stand(self.cluster, wanted)

    def _verdict(self, stand: Stand, phase: str, caption: str) -> None:
        """Until the phase is reached; another end than that is told at once."""
        ends = {"Promoted", "Rejected", "Expired"}
        self._watch(stand, caption, lambda view: view.phase in ends, self.pace.verdict)
        view = self.views[stand.wanted.model_deployment]
        if view.phase != phase:
            raise Failed(f"{view.name} should become {phase}, it became {view.phase}: {_last_words(view)}")

    def _watch(self, stand: Stand, caption: str, until: Callable[[View], bool], seconds: float) -> None:
        """Show what there is until it is what was awaited."""
        name = stand.wanted.model_deployment
        candidate = "stale" if stand.wanted.suffix else "logreg"
        end = time.monotonic() + seconds
        while True:
            view = self.views[name] = look(stand, name, candidate)
            self.out.show(view, caption, self.seconds())
            if _holds(until, view):
                return
            if time.monotonic() > end:
                raise Failed(f"{caption} Not within {seconds:g} s. {_last_words(view)}")
            time.sleep(self.pace.look)  # noqa: TID251 - the pace of the screen, not the operator's loop

    def _rules_are_up(self) -> bool:
        return is_rolled_out(self.cluster.get(DEPLOYMENT, manifests.RULES, resources.NAMESPACE))

    def _has_endpoints(self, service: str) -> bool:
        slices = self.cluster.find(ENDPOINT_SLICE, resources.NAMESPACE, {"kubernetes.io/service-name": service})
        return any(e.get("conditions", {}).get("ready") for s in slices for e in s.get("endpoints") or [])

    def _timed(self, name: str, chapter: Callable[[], None]) -> None:
        start = time.monotonic()
        try:
            chapter()
        except (Overdue, Ended, ApiError) as error:
            raise Failed(f"{name}: {error}") from error
        finally:
            self.times.append((name, time.monotonic() - start))


def why_rejected(view: View) -> str:
    """The reason in plain words: a worse model may be proven harmful, or first proven not to be worth the wait."""
    trial = view.status.trial if view.status else None
    reason = trial.verdict.reason if trial and trial.verdict else "unknown"
    words = {
        "Harm": "It does harm, and that is proven.",
        "Futility": "It cannot reach the lift that would be worth it, and that is proven.",
    }
    return words.get(reason, f"It is rejected: {reason}.")


def _holds(until: Callable[[View], bool], view: View) -> bool:
    try:
        return until(view)
    except ApiError:
        return False  # not known just now; the next look may


def _last_words(view: View) -> str:
    trouble = view.trouble()
    if trouble:
        return f"{trouble.reason}: {trouble.message}"
    trial = view.status.trial if view.status else None
    if trial and trial.verdict:
        return f"{trial.verdict.kind.value} {trial.verdict.reason}: {trial.verdict.message}"
    return f"{view.name} is {view.phase}" if view.status else f"{view.name} has no status"
