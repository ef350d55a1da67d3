"""An intent that cannot be carried out is refused with the field's name."""

import pytest
from pydantic import ValidationError

from shadowlift.api.capture import Extraction
from shadowlift.resources.router.config import config_version
from shadowlift.resources.router.intent import Chain, RouterIntent, Upstream
from tests.unit.router.intents import intent, process, share, trial


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"serve": "candidate"}, "candidate: must be set"),
        ({"trial": trial()}, "trial: goes with shadow or split"),
        ({"shadow": process("logreg")}, "trial: goes with shadow or split"),
        ({"split": share(10)}, "trial: goes with shadow or split"),
        (
            {"shadow": process("logreg"), "split": share(10), "trial": trial()},
            "shadow: a trial copies requests or splits them",
        ),
        ({"try_timeout_ms": 0}, "greater than 0"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_what_cannot_be_carried_out_is_refused(fields: dict[str, object], word: str) -> None:
    """Each impossible combination names its field."""
    with pytest.raises(ValidationError, match=word):
        intent(**fields)


@pytest.mark.parametrize("host", ["rules", "rules.clinic", "rules.clinic.svc.cluster.local", ""])
def test_a_name_that_search_domains_could_complete_is_refused(host: str) -> None:
    """Only names that end with a dot, and addresses, mean the same process everywhere."""
    with pytest.raises(ValidationError):
        Upstream(host=host, port=80)


@pytest.mark.parametrize("host", ["rules.clinic.svc.cluster.local.", "127.0.0.1", "::1"])
def test_complete_names_and_addresses_are_taken(host: str) -> None:
    """The trailing dot, or no name at all."""
    assert Upstream(host=host, port=80).host == host


def test_a_cluster_is_named_by_what_it_is_not_by_its_role() -> None:
    """A process keeps its cluster when it changes its role; another port or host is another cluster."""
    model = process("logreg")
    assert model.cluster in intent(current=model).clusters
    assert model.cluster in intent(shadow=model, trial=trial()).clusters
    assert len({process("a").cluster, process("b").cluster, process("a", 1).cluster}) == 3


def test_a_chain_is_named_by_its_order() -> None:
    """[a, b] and [b, a] are different clusters; a chain of one is its process."""
    a, b = process("a"), process("b")
    assert Chain(members=(a, b)).cluster != Chain(members=(b, a)).cluster
    assert Chain(members=(a,)).cluster == a.cluster


def test_the_routers_own_id_needs_no_key() -> None:
    """Naming the router's own id as the outcome key is the same as naming none."""
    assert trial(key_header="x-shadowlift-id").key_header is None
    assert trial(key_header="x-order").key_header == "x-order"


def test_an_intent_survives_its_file() -> None:
    """What is written into the ConfigMap is read back equal."""
    whole = intent(
        candidate=process("tree"),
        serve="candidate",
        shadow=process("logreg"),
        trial=trial(current=Extraction(header="x-label", map={"1": "M"})),
        spare=(Chain(members=(process("old"),)),),
    )
    assert RouterIntent.model_validate_json(whole.model_dump_json(by_alias=True)) == whole


def test_the_version_tells_order_and_content() -> None:
    """The number is the caller's; the hash changes with anything in the intent."""
    one = config_version(7, intent())
    assert one.startswith("7-")
    assert len(one) == len("7-") + 8
    assert one == config_version(7, intent())
    assert one.split("-")[1] != config_version(7, intent(try_timeout_ms=501)).split("-")[1]
