"""The simulation of rounds: closed forms where there are some, and what no way of playing can change."""

import importlib.util
import random
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import selfplay_gym

pytest.importorskip("simpy", reason="SimPy is not installed: pip install 'selfplay-gym[bench]'")

FILE = Path(selfplay_gym.__file__).parent / "benchmarks" / "simulate_cluster.py"


@pytest.fixture(scope="module")
def sim():

    spec = importlib.util.spec_from_file_location("simulate_cluster", FILE)
    module = importlib.util.module_from_spec(spec)
    sys.modules["simulate_cluster"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["simulate_cluster"]


def drawn(sim, seed):
    """Costs and work of any kind."""
    draw = random.Random(seed)
    costs = sim.Costs(
        sample_s=draw.uniform(1e-4, 1e-1),
        verify_s=draw.uniform(0, 1e-1),
        update_s=draw.uniform(0, 1e-1),
        sample_chunk_s=draw.choice([0.0, 1.0]),
        verify_chunk_s=draw.choice([0.0, 0.1]),
        weights_bytes=draw.choice([0.0, 4e6, 1e10]),
        chunk_s=draw.choice([0.0, 1e-3]),
        spread=0.0,
    )
    work = sim.Work(draw.randint(1, 200), draw.randint(1, 10), draw.randint(0, 5), draw.randint(1, 300), 32, 50)
    return costs, work


@pytest.mark.parametrize("seed", range(20))
def test_one_worker_does_one_thing_after_the_other(sim, seed):
    costs, work = drawn(sim, seed)
    costs = replace(costs, chunk_s=0.0)
    found = sim.simulate(costs, work, sim.Mode(), 1)
    assert found.seconds == pytest.approx(sum(found.busy.values()))
    rows = work.questions * work.attempts + work.steps * work.rows
    assert found.busy["update"] == pytest.approx(work.steps * work.rows * costs.update_s)
    assert found.busy["sample"] >= rows * costs.sample_s * (1 - 1e-9)
    assert found.use <= 1 + 1e-9


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("workers", [1, 3, 40])
def test_no_way_of_playing_changes_the_work_or_beats_its_bounds(sim, seed, workers):
    costs, work = drawn(sim, seed)
    plain = sim.simulate(costs, work, sim.Mode(), workers)
    for mode in (sim.Mode(True), sim.Mode(True, 1), sim.Mode(False, 3)):
        found = sim.simulate(costs, work, mode, workers)
        for what in ("sample", "update", "send"):
            assert found.busy[what] == pytest.approx(plain.busy[what])
        by_workers = (found.busy["sample"] + found.busy["verify"]) / workers
        alone = found.busy["update"] + found.busy["send"]
        assert found.seconds >= max(by_workers, alone, found.busy["chunks"]) * (1 - 1e-9)


@pytest.mark.parametrize("seed", range(10))
def test_staleness_hides_what_it_can(sim, seed):
    costs, work = drawn(sim, seed)
    work = replace(work, steps=6, questions=1)
    seconds = [sim.simulate(costs, work, sim.Mode(True, k), 500).seconds for k in (0, 1, 6)]
    assert seconds[1] <= seconds[0] * (1 + 1e-9)
    assert seconds[2] <= seconds[1] * (1 + 1e-9)


def test_chunk_times_scatter_about_their_mean(sim):
    costs, work = sim.Costs(0.01, 0.0, 0.0, chunk_s=0.0, spread=0.5), sim.Work(20_000, 1, 0, 1, 1, 10**9)
    found = sim.simulate(costs, work, sim.Mode(), 1)
    assert found.busy["sample"] == pytest.approx(200.0, rel=0.02)
    assert sim.simulate(costs, work, sim.Mode(), 1).seconds == found.seconds
    assert sim.simulate(costs, work, sim.Mode(), 1, seed=1).seconds != found.seconds


def test_the_table_has_a_row_for_each(sim):
    rows = list(sim.table(sim.TINY, sim.Work(steps=2), [1, 1000]))
    assert len(rows) == 2 + 2 * len(sim.MODES)
