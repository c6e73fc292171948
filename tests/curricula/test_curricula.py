"""Curricula proven on a simulated solver whose skill is known and moves."""

import importlib
import json
import math
from pathlib import Path

import pytest

from selfplay_gym import TaskSpec, curricula, make_curriculum
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.registries import curricula as registered
from selfplay_gym.core.seeding import python_stream

ATTEMPTS = 8


def solve_rate(level, skill, rng):
    """Binomial solve rate of a solver that is right half the time at level = skill."""
    p = 1 / (1 + math.exp((level - skill) / 0.1))
    return sum(rng.random() < p for _ in range(ATTEMPTS)) / ATTEMPTS


def play(curriculum, skill, questions, rng):
    """Levels asked and rates seen while skill(t) moves with t in [0, 1]."""
    seen = []
    for index in range(questions):
        spec = curriculum.sample(rng)
        rate = solve_rate(spec.level, skill(index / questions), rng)
        curriculum.observe(spec, rate)
        seen.append((spec.level, rate))
    return seen


@pytest.mark.parametrize("start", [0.0, 1.0])
@pytest.mark.parametrize("target", [0.3, 0.5, 0.7])
def test_band_reaches_and_holds_its_target_from_either_end(start, target):
    rng = python_stream(0, "band", start, target)
    seen = play(make_curriculum("band", level=start, target=target), lambda t: 0.5, 6000, rng)
    rates = [rate for _, rate in seen[3000:]]
    assert abs(sum(rates) / len(rates) - target) < 0.1


def test_band_follows_a_solver_that_learns():
    rng = python_stream(0, "moving")
    seen = play(make_curriculum("band"), lambda t: 0.2 + 0.6 * t, 8000, rng)
    rates = [rate for _, rate in seen[1000:]]
    assert abs(sum(rates) / len(rates) - 0.5) < 0.1
    assert seen[-1][0] - seen[1000][0] > 0.35


def test_a_fixed_level_loses_the_moving_solver_that_band_holds():
    rng = python_stream(0, "fixed")
    fixed = [rate for _, rate in play(make_curriculum("fixed", level=0.2), lambda t: 0.2 + 0.6 * t, 4000, rng)]
    assert sum(fixed[-1000:]) / 1000 > 0.95


def test_hysteresis_keeps_the_level_still_inside_the_band():
    calm, rng = make_curriculum("band", level=0.5, spread=0.0), python_stream(0, "calm")
    levels = {level for level, _ in play(calm, lambda t: 0.5, 3000, rng)}
    nervous = make_curriculum("band", level=0.5, spread=0.0, inner=0.0, outer=0.0)
    assert len(levels) == 1
    assert len({level for level, _ in play(nervous, lambda t: 0.5, 3000, rng)}) > 20


def test_linear_climbs_with_success_falls_with_failure_and_saturates_at_step_five():
    curriculum = make_curriculum("linear", window=10, step=0)
    steps = []
    for _ in range(70):
        curriculum.observe(TaskSpec(0.2), 1.0)
        steps.append(curriculum.step)
    assert steps[9::10] == [1, 2, 3, 4, 5, 5, 5]
    assert curriculum.hard_probability == 1.0
    for _ in range(10):
        curriculum.observe(TaskSpec(0.9), 0.1)
    assert curriculum.step == 4


def test_linear_asks_hard_questions_with_the_stated_probability():
    curriculum, rng = make_curriculum("linear", step=2, hard_kind="composed"), python_stream(0, "hard")
    specs = [curriculum.sample(rng) for _ in range(4000)]
    hard = [spec for spec in specs if spec.level == curriculum.hard]
    assert abs(len(hard) / 4000 - 0.4) < 0.03
    assert {spec.kind for spec in hard} == {"composed"}
    assert {spec.kind for spec in specs if spec.level == curriculum.easy} == {None}


@pytest.mark.parametrize("name", ["fixed", "linear", "band"])
def test_a_restored_curriculum_goes_on_as_if_nothing_happened(name):
    original, rng = make_curriculum(name), python_stream(0, "save", name)
    play(original, lambda t: 0.6, 333, rng)
    restored = make_curriculum(name)
    restored.load_state_dict(json.loads(json.dumps(original.state_dict())))
    one, other = python_stream(1, "go on"), python_stream(1, "go on")
    assert play(original, lambda t: 0.9, 400, one) == play(restored, lambda t: 0.9, 400, other)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("fixed", {"level": 2.0}),
        ("fixed", {"low": 0.8, "high": 0.2}),
        ("linear", {"step": 9}),
        ("linear", {"fall_at": 0.9}),
        ("band", {"target": 1.0}),
        ("band", {"window": 0}),
        ("band", {"inner": 0.3}),
    ],
)
def test_settings_that_cannot_work_are_refused(name, options):
    with pytest.raises(ConfigError):
        make_curriculum(name, **options)


def test_a_new_file_in_the_folder_is_a_new_curriculum(tmp_path, monkeypatch):
    """A registry finds what the modules of its room register, as that of curricula does with this folder."""
    package = tmp_path / "own_curricula"
    package.mkdir()
    (package / "__init__.py").write_text(
        "from selfplay_gym.core.registry import Registry\n"
        "from selfplay_gym.core.protocols import Curriculum\n\n"
        'shelf = Registry("curriculum", "no.such.group", Curriculum, room=__name__)\n'
    )
    (package / "still.py").write_text(
        "from own_curricula import shelf\n"
        "from selfplay_gym.curricula.fixed import FixedCurriculum\n\n\n"
        '@shelf.register("still")\n'
        "class StillCurriculum(FixedCurriculum):\n"
        '    """Never moves."""\n'
    )
    monkeypatch.syspath_prepend(tmp_path)
    shelf = importlib.import_module("own_curricula").shelf
    with pytest.raises(ConfigError, match="already registered"):
        shelf.register("still", "own_package:Other")  # before anything was looked up
    assert type(shelf.make("still", level=0.5)).__name__ == "StillCurriculum"


def test_every_module_of_the_folder_registers_a_curriculum():
    files = {path.stem for path in Path(curricula.__file__).parent.glob("*.py")} - {"__init__"}
    targets = [target for target in registered.targets().values() if not isinstance(target, str)]
    assert {target.__module__.rpartition(".")[2] for target in targets} >= files
