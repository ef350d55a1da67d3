"""Both screens show what is known, in words, and never break on what is not known yet."""

import io

import pytest
from rich.console import Console

from dev.demo.feed import Clients, View, clients_of
from dev.demo.plain import Lines, line
from dev.demo.screen import rendered
from shadowlift.api.status import Status
from tests.unit.demo.conftest import FakeCluster, status

CLIENTS = Clients("http://tumour-triage:8080/triage", 900, 40.0, 0, {"current": 900}, {"current": 120}, 2.0, 9.0)


def view(raw: dict | None = None, clients: Clients | None = CLIENTS) -> View:
    found = Status.model_validate(raw) if raw else None
    return View("tumour-triage", "logreg", found, clients, 812)


def text(shown: View, columns: int = 140) -> str:
    console = Console(file=io.StringIO(), width=columns, color_system=None)
    console.print(rendered(shown, "A caption.", 12.0, columns))
    return console.file.getvalue()


def test_the_screen_tells_everything_that_a_person_asks():
    picture = text(view(status()))
    for told in (
        "A caption.",
        "Shadowing",
        "40 requests/s",
        "0 failed",
        "rules 100%",
        "logreg 0%",
        "700 of 700 live requests",
        "the truth about 812 cases",
        "only logreg right 60 times, only the rules right 7 times",
        "+8.3 %, between +3.1 % and +12.4 %",
        "312 of 100 needed to promote",
        "Hold · NotEnoughEvidence · 40 more cases",
        "2 of 2 ready, 2 have loaded configuration 3-ab",
    ):
        assert told in picture


@pytest.mark.parametrize(
    "shown",
    [
        View(),
        view(None, None),
        view({"phase": "Pending"}),
        view(status(evidence={}, verdict=None, coverage={})),
        view(status("Promoted", "logreg")),
    ],
)
def test_what_is_not_known_yet_breaks_nothing(shown):
    assert "Phase" in text(shown)
    assert shown.phase in line(shown, 3.0)


def test_on_a_narrow_terminal_bars_and_their_words_stay_on_one_line():
    picture = text(view(status()), 80)
    assert max(len(told) for told in picture.splitlines()) <= 80
    assert "█  312 of 100 needed to promote" in picture


def test_a_person_is_called_when_one_must_act():
    stalled = {
        "type": "Stalled",
        "status": "True",
        "reason": "NameTaken",
        "message": "delete it",
        "lastTransitionTime": "t",
    }
    raw = {**status("Pending"), "conditions": [stalled]}
    assert "Needs a person" in text(view(raw))
    assert "NameTaken: delete it" in text(view(raw))
    assert "NEEDS A PERSON: NameTaken" in line(view(raw), 1.0)


def test_the_plain_line_is_one_line():
    told = line(view(status()), 61.0)
    assert "\n" not in told
    assert told.startswith("[  61 s] tumour-triage Shadowing | 40 req/s, 0 failed, answered by: rules 100%")
    assert "lift +8.3 % (+3.1 % to +12.4 %) | better 312/100 | harm 0.002/100 | Hold: NotEnoughEvidence" in told


def test_plain_lines_come_every_two_seconds_and_at_each_change_of_phase():
    out = io.StringIO()
    lines = Lines(out)
    for seconds, phase in [
        (0.0, "Pending"),
        (1.0, "Pending"),
        (1.5, "Shadowing"),
        (2.0, "Shadowing"),
        (3.6, "Shadowing"),
    ]:
        lines.show(view(status(phase)), "", seconds)
    assert [told[:8] for told in out.getvalue().splitlines()] == ["[   0 s]", "[   2 s]", "[   4 s]"]


def test_the_rate_is_taken_over_whole_seconds():
    """The running second is only half counted: it would make the rate look lower than it is."""
    clients = clients_of(FakeCluster().report("driver"))
    assert clients.rate == 40.0
    assert clients.all_by == "current"


def test_two_who_answer_are_not_one():
    assert Clients(recent={"current": 1, "candidate": 9}).all_by is None
    assert Clients().all_by is None


def test_while_effects_are_on_their_way_nothing_is_settled():
    """All routers may have loaded an intermediate step: the candidate serves and is still mirrored."""
    moving = {"type": "Reconciling", "status": "True", "reason": "Moving", "lastTransitionTime": "t"}
    assert view(status()).settled
    assert not view({**status(), "conditions": [moving]}).settled


def test_routers_agree_only_when_all_are_ready_and_have_loaded_what_they_should():
    good = status()["router"]
    assert view(status()).routers_agree
    for change in (
        {"wanted": None},
        {"loaded": {}},
        {"loaded": {"r-1": "3-ab", "r-2": "2-cd"}},
        {"ready": 1},
        {"ready": 0, "replicas": 0},
    ):
        assert not view({**status(), "router": {**good, **change}}).routers_agree
