"""Workers by name: numbers, kinds, what is refused; and that nobody loads Ray who has not asked for it."""

import importlib.util
import subprocess
import sys

import pytest

from selfplay_gym.agents.workers import ray_workers
from selfplay_gym.agents.workers.named import Here, workers_of
from selfplay_gym.agents.workers.processes import Processes
from selfplay_gym.agents.workers.ray_workers import RayWorkers
from selfplay_gym.core.errors import ConfigError, MissingExtraError, UnknownNameError
from selfplay_gym.core.protocols import Workers


@pytest.mark.parametrize(
    ("what", "kind", "size"),
    [
        (1, Here, 1),
        ("1", Here, 1),
        ("here", Here, 1),
        (3, Processes, 3),
        (" 3 ", Processes, 3),
        ("processes(4)", Processes, 4),
        ({"name": "processes", "workers": 4}, Processes, 4),
        ("ray(5)", RayWorkers, 5),
        ("ray(workers=5, address=auto, gpus=0.5)", RayWorkers, 5),
    ],
)
def test_a_number_or_a_kind(what, kind, size, monkeypatch):
    monkeypatch.setattr(ray_workers, "find_spec", importlib.util.find_spec if kind is not RayWorkers else bool)
    made = workers_of(what)
    assert isinstance(made, kind)
    assert isinstance(made, Workers)
    assert made.size == size
    made.close()
    assert workers_of(made) is made


@pytest.mark.parametrize(
    "what",
    [0, -1, "0", "-3", "1025", "processes(0)", "processes(2.5)", "ray(0)", "ray(2, gpus=-1)", "ray(many=2)", "2.5", ""],
)
def test_what_cannot_be(what):
    with pytest.raises(ConfigError):
        workers_of(what)


def test_a_typo_is_named():
    with pytest.raises(UnknownNameError, match="Did you mean 'processes'"):
        workers_of("proceses(2)")


def test_here_does_things_one_by_one_and_only_when_asked():
    done = []
    results = Here().map(lambda chunk: done.append(chunk) or chunk, range(3))
    assert done == []
    assert next(results) == 0
    assert done == [0]


@pytest.mark.skipif(importlib.util.find_spec("ray") is not None, reason="Ray is installed")
def test_ray_that_is_missing_is_named_with_its_extra():
    with pytest.raises(MissingExtraError, match=r"selfplay-gym\[ray\]"):
        workers_of("ray(2)")


def test_nobody_loads_ray_who_has_not_asked_for_it():
    modules = (
        "selfplay_gym.agents, selfplay_gym.agents.workers.ray_sampler, selfplay_gym.selfplay.run.run, selfplay_gym.cli"
    )
    code = f"import sys, {modules}; raise SystemExit('ray' in sys.modules or 'multiprocessing.pool' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
