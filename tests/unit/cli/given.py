"""Files as a person has them: the repository's examples, a ModelDeployment with a change, the records of lives that were lived."""

import json
from pathlib import Path
from typing import Any

import yaml

from shadowlift.api.ledger import FIRST_STEP_EPOCH, WATCH_EPOCH, EpochCounters
from shadowlift.api.record import Record, RecordKind
from shadowlift.resources.records import record_manifest
from tests.unit.rollout import test_losses as losses
from tests.unit.rollout.given import CANARY, OWNER, STEP_S, Life, arms, counting, last_step, past_first_step, promoted
from tests.unit.rollout.test_canary_after_shadow import without_prediction
from tests.unit.rollout.test_looks import close_at_deadline

EXAMPLES = Path(__file__).parents[3] / "manifests" / "examples"
VALID = sorted(EXAMPLES.joinpath("valid").glob("*.yaml"))
SECOND_STEP = FIRST_STEP_EPOCH + 1
NUMBERS = {"minutes", "probability"}  # examples whose losses must be said to be apart


def example(name: str) -> str:
    return str(EXAMPLES / f"{name}.yaml")


def deployment(folder: Path, objective: dict[str, Any] | None = None, **spec: Any) -> str:
    """The minimal example with these fields of spec and objective."""
    read = yaml.safe_load(Path(example("valid/minimal")).read_text())
    read["spec"] |= spec
    read["spec"]["objective"] |= objective or {}
    path = folder / "asked.yaml"
    path.write_text(yaml.safe_dump(read))
    return str(path)


def written(folder: Path, record: Record, **changes: Any) -> str:
    """A record as `kubectl get controllerrevision NAME -o json` prints it, with changed data."""
    manifest = record_manifest(OWNER, record)
    manifest["data"] |= changes
    path = folder / "record.json"
    path.write_text(json.dumps(manifest))
    return str(path)


def ended(life: Life, counters: EpochCounters) -> Record:
    """The last record after the recorder has counted this."""
    life.count(2, counters)
    life.settle()
    return life.records[-1]


def harmful() -> Record:
    return ended(
        counting(),
        EpochCounters(
            live=5000, booked=5000, wins=20, losses=300, ties=4680, disagreements=320, labelled=320,
            current_values={"M": 2500, "B": 2500}, candidate_values={"M": 2500, "B": 2500},
        ),
    )  # fmt: skip


def futile() -> Record:
    return ended(
        counting(),
        EpochCounters(
            live=5000, booked=5000, wins=150, losses=150, ties=4700, disagreements=300, labelled=300,
            current_values={"M": 2500, "B": 2500}, candidate_values={"M": 2500, "B": 2500},
        ),
    )  # fmt: skip


def proven() -> Record:
    return next(record for record in promoted().records if record.kind is RecordKind.PROMOTED)


def at_the_deadline() -> Record:
    life = close_at_deadline()
    life.settle()
    return next(record for record in life.records if record.kind is RecordKind.PROMOTED)


def expired() -> Record:
    life = close_at_deadline(deadlineShare="0")
    life.settle()
    return life.records[-1]


def of_a_loss() -> Record:
    return ended(losses.counting(losses.MINUTES), losses.better())


def of_a_canary() -> Record:
    return better_in_last_step(last_step())


def of_rewards() -> Record:
    """A unit brings 0 or 100: 10 more of each by the candidate."""
    outcome = {"maturity": "5s", "missing": "Value", "missingValue": "0", "from": [{"serviceAccount": "till"}]}
    reward = {"type": "Reward", "range": {"min": "0", "max": "100"}, "targetLift": "2", "outcome": outcome}
    life = Life(spec=without_prediction(strategy=CANARY, objective=reward)).settled()
    life.count(WATCH_EPOCH, arms(current=(200, 160)))
    return better_in_last_step(past_first_step(life.settled()))


def better_in_last_step(life: Life) -> Record:
    life.now += STEP_S
    life.count(SECOND_STEP, arms((2_000, 1_800), (2_000, 1_600)))
    life.settle()
    return next(record for record in life.records if record.kind is RecordKind.PROMOTED)


def started() -> Record:
    return promoted().records[0]
