"""Nothing that the recorder promised to keep may be missing from its ledger, or be another value there."""

from dev.traffic.audit import as_stored, compare


def outcome(key: str, value: object) -> dict[str, object]:
    return {"key": key, "value": value}


def test_the_last_accepted_value_of_a_key_is_the_one_that_must_be_stored():
    accepted = [outcome("a", "M"), outcome("a", "B")]
    assert compare(accepted, [outcome("a", "M"), outcome("a", "B")]).holds
    assert compare(accepted, [outcome("a", "M")]).different == [("a", "B", "M")]


def test_an_accepted_outcome_that_is_not_in_the_ledger_is_lost():
    audit = compare([outcome("a", "M"), outcome("b", "B")], [outcome("a", "M")])
    assert audit.missing == ["b"]
    assert not audit.holds


def test_a_stored_outcome_that_the_sender_has_no_answer_for_is_harmless():
    """The connection broke after the recorder had committed."""
    audit = compare([], [outcome("a", "M")])
    assert audit.holds
    assert audit.unknown == 1


def test_values_compare_as_the_ledger_writes_them():
    assert [as_stored(True), as_stored(-3), as_stored(2.5), as_stored("M")] == ["true", "-3", "2.5", "M"]


def test_numbers_have_several_texts_and_one_value():
    """The ledger keeps 5 as 5.0 and what happened as 1; another number is still another."""
    sent = [outcome("a", 5), outcome("b", -0.0), outcome("c", True), outcome("d", False), outcome("e", 5)]
    kept = [outcome("a", "5.0"), outcome("b", "0.0"), outcome("c", "1"), outcome("d", "0"), outcome("e", "5.5")]
    assert compare(sent, kept).different == [("e", "5", "5.5")]
