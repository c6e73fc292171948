"""Curricula proven on a simulated solver whose skill is known and moves."""

import importlib
import json
import math
from pathlib import Path

import pytest

from selfplay_gym import TaskSpec, curricula, make_curriculum, make_generator
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.registries import curricula as registered
from selfplay_gym.core.seeding import python_stream
from selfplay_gym.curricula.generators.mixed import FAMILIES

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


@pytest.mark.parametrize("name", sorted(registered.names()))
@pytest.mark.parametrize("rate", [math.nan, -1.0, 2, math.inf, None, "0.5", True, [0.5]])
def test_what_is_no_solve_rate_is_not_observed(name, rate):
    curriculum = make_curriculum(name)
    before = json.dumps(curriculum.state_dict())
    with pytest.raises(ConfigError, match="solve_rate must be a number in"):
        curriculum.observe(TaskSpec(0.5), rate)
    assert json.dumps(curriculum.state_dict()) == before


@pytest.mark.parametrize("option", ["gain", "spread"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_band_that_could_not_move_is_refused(option, value):
    with pytest.raises(ConfigError, match=f"finite {option}"):
        make_curriculum("band", **{option: value})


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


def test_linear_over_the_families_asks_combinatorial_questions_the_more_often_the_better_it_goes():
    curriculum = make_curriculum("linear", easy_kind="easy", hard_kind="hard", window=8, step=0)
    generator, rng = make_generator("families"), python_stream(0, "adaptive")
    shares = []
    for _ in range(6):
        asked = [generator.generate(curriculum.sample(rng), rng).author for _ in range(300)]
        shares.append(sum(author in FAMILIES["hard"] for author in asked) / 300)
        for _ in range(8):
            curriculum.observe(TaskSpec(0.2), 1.0)
    assert shares == pytest.approx([0.0, 0.2, 0.4, 0.6, 0.8, 1.0], abs=0.08)


def shares(curriculum, count=4000):
    """How often each arm is drawn."""
    rng = python_stream(0, "shares")
    arms = [curriculum.sample(rng).meta["arm"] for _ in range(count)]
    return [arms.count(arm) / count for arm in range(len(curriculum.arms))]


def played_in_rounds(curriculum, skill, rounds=12, questions=512):
    """Levels and rates of each round, observed at its end, as a run does it."""
    rng = python_stream(0, "rounds")
    for index in range(rounds):
        specs = [curriculum.sample(rng) for _ in range(questions)]
        seen = [(spec, solve_rate(spec.level, skill(index / rounds), rng)) for spec in specs]
        for spec, rate in seen:
            curriculum.observe(spec, rate)
        yield [spec.level for spec, _ in seen], [rate for _, rate in seen]


def test_a_bandit_asks_all_alike_at_first_and_then_what_splits_the_attempts():
    bandit = make_curriculum("bandit", bins=4, temperature=0.1)
    assert shares(bandit) == pytest.approx([0.25] * 4, abs=0.03)
    for level, rate in ((0.1, 1.0), (0.3, 0.5), (0.6, 0.1), (0.9, 0.0)):
        for _ in range(60):
            bandit.observe(TaskSpec(level), rate)
    assert bandit.values == pytest.approx([0.0, 1.0, 0.6, 0.0], abs=1e-3)
    assert shares(bandit) == pytest.approx(bandit.probabilities(), abs=0.02)
    assert bandit.probabilities()[1] / bandit.probabilities()[2] == pytest.approx(math.exp(4), rel=0.01)


def test_the_value_of_an_arm_moves_by_the_rate_and_is_the_absolute_advantage():
    bandit = make_curriculum("bandit", bins=2, rate=0.25)
    bandit.observe(TaskSpec(0.9), 0.8)
    rewards, p = [1.0] * 8 + [0.0] * 2, 0.8
    deviation = math.sqrt(p * (1 - p))
    signal = sum(abs(reward - p) / deviation for reward in rewards) / 10
    assert bandit.values == [0.0, pytest.approx(0.25 * signal)]


def test_a_bandit_follows_a_frontier_that_moves_and_beats_uniform_levels_at_equal_questions():
    skill = lambda t: 0.2 + 0.6 * t  # noqa: E731
    bandit, uniform = ([*played_in_rounds(make_curriculum(name), skill)] for name in ("bandit", "fixed"))
    means = [sum(levels) / len(levels) for levels, _ in bandit]
    assert all(abs(mean - skill(i / 12)) < 0.12 for i, mean in enumerate(means[2:], start=2))
    split = [
        [sum(0.25 <= rate <= 0.75 for rate in rates) / len(rates) for _, rates in played]
        for played in (bandit, uniform)
    ]
    assert all(one > 1.3 * other for one, other in [*zip(*split, strict=True)][1:])  # the first round knows nothing


def test_kinds_are_arms_of_their_own():
    bandit = make_curriculum("bandit", kinds=["equation", "composed"], bins=2, temperature=0.05)
    rng = python_stream(0, "kinds")
    for _ in range(400):
        spec = bandit.sample(rng)
        assert int(spec.level * 2) == bandit.arms[spec.meta["arm"]][1]
        bandit.observe(spec, 0.5 if (spec.kind, spec.level < 0.5) == ("composed", True) else 1.0)
    assert shares(bandit)[bandit.arms.index(("composed", 0))] > 0.9


def test_a_bandit_finds_the_arm_of_a_question_that_does_not_name_it_and_passes_over_kinds_of_others():
    bandit = make_curriculum("bandit", kinds=["equation"], bins=4)
    bandit.observe(TaskSpec(1.0, "equation"), 0.5)
    assert [value > 0 for value in bandit.values] == [False, False, False, True]
    before = bandit.state_dict()
    bandit.observe(TaskSpec(0.1, "arithmetic"), 0.5)
    bandit.observe(TaskSpec(0.1, None, {"arm": 99}), 0.5)
    assert bandit.state_dict() == before


def test_a_bandit_of_other_arms_does_not_take_the_state():
    with pytest.raises(ConfigError, match="8 arms cannot go on from 4"):
        make_curriculum("bandit").load_state_dict(make_curriculum("bandit", bins=4).state_dict())


@pytest.mark.parametrize("name", ["fixed", "linear", "band", "bandit", "sfl"])
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
        ("bandit", {"bins": 0}),
        ("bandit", {"rate": 0.0}),
        ("bandit", {"rate": 1.5}),
        ("bandit", {"temperature": 0.0}),
        ("bandit", {"temperature": math.nan}),
        ("bandit", {"kinds": "equation"}),
        ("bandit", {"kinds": ["equation", "equation"]}),
        ("sfl", {"replay": 1.0}),
        ("sfl", {"size": 0}),
        ("sfl", {"half_life": 0.0}),
        ("sfl", {"half_life": math.nan}),
        ("sfl", {"spread": -0.1}),
        ("sfl", {"kinds": "equation"}),
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


@pytest.mark.parametrize("bins", [0, 1001, 10**9])
def test_a_bandit_has_a_bounded_number_of_bins(bins):
    with pytest.raises(ConfigError, match=r"bins in 1\.\.1000"):
        make_curriculum("bandit", bins=bins)


def test_the_largest_bandit_adds_its_weights_up_once():
    class Counted(list):
        passes = 0

        def __iter__(self):
            Counted.passes += 1
            return super().__iter__()

    bandit = make_curriculum("bandit", bins=1000)
    bandit.values = Counted(bandit.values)
    assert sum(bandit.probabilities()) == pytest.approx(1.0)
    assert Counted.passes <= 3


@pytest.mark.parametrize("given", ["fixed(level=0.3, low=5)", "fixed(0.3, high=0.5)", "fixed(level=0.3, low=0.3)"])
def test_a_fixed_level_goes_with_no_range(given):
    with pytest.raises(ConfigError, match="one level, or low and high"):
        make_curriculum(given)
    assert make_curriculum("fixed(low=0.2)").high == 1.0
    assert make_curriculum("fixed(high=0.2)").low == 0.0
