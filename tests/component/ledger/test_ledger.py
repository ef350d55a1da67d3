"""Whom the process has heard, so that its own trouble is never a router's silence."""

from pathlib import Path

from shadowlift.recorder.database import open_database
from shadowlift.recorder.ledger import Ledger
from shadowlift.recorder.metrics import Metrics
from tests.component.ledger.world import RULES


def test_nobody_is_silent_while_nobody_can_be_heard(tmp_path: Path) -> None:
    """Routers count as heard at the start of the process and whenever a caller could not be told; else at their own batches."""
    now = 100
    ledger = Ledger(open_database(f"sqlite:///{tmp_path}/ledger.db"), RULES, lambda: now, Metrics())
    assert ledger.heard_at("router-1") == 100
    now = 200
    ledger.hear("router-1")
    assert (ledger.heard_at("router-1"), ledger.heard_at("router-2")) == (200, 100)
    now = 300
    ledger.miss()
    assert (ledger.heard_at("router-1"), ledger.heard_at("router-2")) == (300, 300)
    ledger.close()
