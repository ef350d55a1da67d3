"""A promotion is believed only when the candidate's pods counted what clients say they got from them, and no more."""

import pytest

from dev.demo.proof import Reading, answered, doubts

METRICS = """# TYPE bentoml_service_request_total counter
bentoml_service_request_total{endpoint="/triage",http_response_code="200",service_version="not available"} 41.0
bentoml_service_request_total{endpoint="/triage",http_response_code="500",service_version="not available"} 3.0
bentoml_service_request_total{endpoint="/readyz",http_response_code="200",service_version="not available"} 900.0
bentoml_service_request_duration_seconds_sum{endpoint="/triage",http_response_code="200"} 7.0
"""


def test_only_good_answers_of_the_storys_endpoint_count_not_the_kubelets_probes():
    assert answered(METRICS) == 41
    assert answered("") == 0


def test_counters_that_grew_with_the_answers_are_believed():
    """What is under way while the pods are read is no doubt."""
    assert doubts(Reading(2, 1000, 50), Reading(2, 1215, 250), rate=40) == []


@pytest.mark.parametrize(
    ("last", "doubt"),
    [
        (Reading(0, 1000, 50), "no ready pod"),
        (Reading(2, 1200, 50), "no client"),
        (Reading(2, 1100, 250), "counted only 100 requests"),
        (Reading(2, 1400, 250), "still mirrored"),
    ],
)
def test_anything_else_is_doubted(last, doubt):
    assert any(doubt in told for told in doubts(Reading(2, 1000, 50), last, rate=40))
