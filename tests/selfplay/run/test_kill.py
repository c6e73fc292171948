"""kill -9 and SIGTERM, a few times: the whole drill is benchmarks/kill_drill.py."""

import importlib.util
import sys
from pathlib import Path

import pytest

DRILL = Path(__file__).parents[3] / "benchmarks" / "kill_drill.py"


@pytest.fixture(scope="module")
def drill():
    spec = importlib.util.spec_from_file_location("kill_drill", DRILL)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where its dataclass looks for itself
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


OWN_SOLUTIONS = {
    "questions.count": 48,
    "roles.solver.update": "rft(batch=16, steps=3)",
    "roles.challenger.update": "rft",
    "roles.solver.replay": 0.25,
}
"""What is learnt is drawn from the logs of all rounds."""


@pytest.mark.slow
@pytest.mark.parametrize("sharing", ["copies", "tokens"])
def test_a_killed_run_that_learns_its_own_solutions_ends_as_one_left_alone(drill, tmp_path, sharing):
    settings = {**drill.SETTINGS, **OWN_SOLUTIONS, "roles.*.weight_sharing": sharing}
    played = list(drill.drills(tmp_path, settings, moments=3, stops=1, lives=3, writes=1, seed=1, hunt=False))
    assert [run.different for run in played] == [[]] * len(played)


@pytest.mark.slow
@pytest.mark.parametrize("sharing", ["copies", "lora", "tokens", "prompt"])
def test_a_killed_run_ends_as_one_left_alone(drill, tmp_path, sharing):
    if sharing == "lora":
        pytest.importorskip("peft")
    settings = {**drill.SETTINGS, "roles.*.weight_sharing": sharing}
    played = list(drill.drills(tmp_path, settings, moments=3, stops=2, lives=3, writes=2, seed=1, hunt=False))
    assert [run.different for run in played] == [[]] * len(played)
    hits = [hit for run in played for hit in run.hits]
    assert len(hits) == 7
    assert sum(drill.HALF in hit for hit in hits) >= 2


@pytest.mark.slow
def test_a_killed_run_that_checks_its_labels_ends_as_one_left_alone(drill, tmp_path):
    settings = {**drill.SETTINGS, "labels.source": "checked", "roles.challenger.reward": "peak"}
    played = list(drill.drills(tmp_path, settings, moments=3, stops=2, lives=3, writes=2, seed=2, hunt=False))
    assert [run.different for run in played] == [[]] * len(played)


@pytest.mark.slow
def test_a_killed_run_with_a_pool_ends_as_one_left_alone(drill, tmp_path):
    settings = {**drill.SETTINGS, "questions.pool": "true", "questions.count": 24}
    played = list(drill.drills(tmp_path, settings, moments=4, stops=0, lives=4, writes=1, seed=2, hunt=False))
    assert [run.different for run in played] == [[]] * len(played)
    assert (tmp_path / "whole" / "pool.jsonl").stat().st_size > 0
