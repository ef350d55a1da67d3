"""The bench of the router: what is compared with what, how much of it is chance, and when a bar is missed."""

import math

import pytest

from dev.bench.router import configs, judge, tables, variants, wire
from dev.bench.router.rounds import DIRECT, Sample, Samples
from dev.bench.stats.measure import Row
from shadowlift.resources.router.config import router_files
from shadowlift.resources.router.intent import Upstream
from shadowlift.resources.router.layout import Layout

NAMES = (*(variant.name for variant in variants.ALL), DIRECT)
ROUNDS = 9


def sample(times: float = 1.0) -> Sample:
    return Sample(200.0 * times, 500.0 * times, 150.0 * times, 20_000.0 / times, 40.0 * times, 1.0)


def samples(**of: list[float]) -> Samples:
    """Each router as dear as bare Envoy, or so many times as dear in each round."""
    given = {getattr(variants, name).name: times for name, times in of.items()}
    return {name: [sample(times) for times in given.get(name, [1.0] * ROUNDS)] for name in NAMES}


def rows(measured: Samples, most_noise: float = judge.MOST_NOISE) -> dict[tuple[str, str], Row]:
    return {(row.id, row.what.partition(": bar")[0]): row for row in judge.rows(measured, 1, most_noise)}


def test_a_ratio_is_taken_within_its_round():
    """A round in which everything is twice as slow changes no ratio."""
    slow = [1.0, 2.0, 1.0]
    measured = {name: [sample(times) for times in slow] for name in NAMES}
    assert judge.ratios(measured, variants.SHADOW.name, "p99") == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("metric", judge.METRICS)
def test_a_bar_is_met_at_it_and_missed_beyond_it(metric: str):
    """Without noise there is no tolerance; throughput is a floor, the others are ceilings."""
    bars = judge.BARS[variants.SHADOW.name]
    bar = bars.flood_cpu if metric == "throughput" else getattr(bars, metric)
    for times, ok in ((bar * 0.999, True), (bar * 1.001, False)):
        row = rows(samples(SHADOW=[times] * ROUNDS))[judge.METRICS[metric], variants.SHADOW.name]
        assert row.ok is ok


def test_what_bare_envoy_differs_from_itself_is_tolerated():
    """Three standard errors of a median of nine whose logarithms lie 0.05 from 0; no more than that."""
    itself = [math.exp(0.05 * side) for side in (-1, 1, -1, 1, 0, -1, 1, -1, 1)]
    noise = math.exp(3 * 1.2533 * 1.4826 * 0.05 / 3)
    assert judge.noise(itself, 1.0) == pytest.approx(noise)
    for times, ok in ((noise * 0.999, True), (noise * 1.001, False)):
        found = rows(samples(AGAIN=itself, UNTRIED=[times] * ROUNDS))
        assert found["p50 at the moderate rate", variants.UNTRIED.name].ok is ok


def test_one_disturbed_round_is_no_noise():
    """A tolerance is not what one bad round makes of it."""
    assert judge.noise([1.0] * 8 + [50.0], 1.0) == 1.0


def test_a_noisy_machine_shows_nothing():
    """Where bare Envoy is not like itself the run is missed, and no router passes by its own noise."""
    wild = [0.3, 3.0, 0.4, 2.5, 0.3, 3.0, 0.4, 2.5, 1.0]
    found = rows(samples(AGAIN=wild, UNTRIED=[times * 2 for times in wild]))
    assert not found["p50 at the moderate rate", judge.NOISE].ok
    assert not found["p50 at the moderate rate", variants.UNTRIED.name].ok


def test_every_router_has_a_row_for_every_figure():
    """Those without a bar inform, and the tables show all of them."""
    measured = samples()
    made = judge.rows(measured, 1, judge.MOST_NOISE)
    assert len(made) == len(judge.METRICS) * (len(NAMES) - 1)
    assert {row.what for row in made if not row.has_target} == {DIRECT}
    assert tables.ratios(made).count("ok |") == sum(row.has_target for row in made)
    assert all(name in tables.figures(measured) for name in NAMES)


def test_what_is_measured_is_what_ships():
    """The files of a variant are those of the operator's builder; only bare Envoy's are the bench's own."""
    behind = variants.Behind(Upstream(host="127.0.0.1", port=1), Upstream(host="127.0.0.1", port=2))
    layout = Layout()
    for variant in variants.ALL:
        made = configs.files(variant, behind, layout)
        if variant.intent is None:
            assert set(made) == {"bootstrap.yaml"}
        else:
            assert made == router_files(variant.intent(behind), configs.VERSION, layout)


def test_the_wire_carries_what_the_bars_were_measured_with():
    """Answers of 293 bytes, the same end for both processes; requests of 60 bytes, each of another unit."""
    for prediction in (wire.CURRENT, wire.CANDIDATE):
        head, _, body = wire.answer(prediction).partition(b"\r\n\r\n")
        assert len(body) == wire.ANSWER_BYTES
        assert f"content-length: {len(body)}".encode() in head
        assert body.endswith(wire.ANSWER_END)
    assert wire.BY_CANDIDATE not in wire.answer(wire.CURRENT)
    assert len(wire.BODY) == 60
    assert len(set(wire.REQUESTS)) == wire.UNITS
