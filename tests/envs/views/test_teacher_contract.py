"""The numeric view with a learner whose every answer is known: types, defaults, what is told, and every pixel."""

import numpy as np
import pytest
from gymnasium.error import ResetNeeded

from selfplay_gym.core.errors import ConfigError
from selfplay_gym.envs.views.learners import AgentLearner, SimulatedLearner
from selfplay_gym.envs.views.teacher import TeacherEnv, teacher_env


class Scripted:
    """Answers as many right as it is told, and writes down what it was asked."""

    def __init__(self, *correct):
        self.correct, self.asked, self.roots = list(correct), [], []

    def restart(self, root):
        self.roots.append(root)

    def answer(self, level, attempts):
        self.asked.append((level, attempts))
        return self.correct[len(self.asked) - 1]


@pytest.mark.parametrize("name", ["levels", "attempts", "horizon"])
@pytest.mark.parametrize("given", [True, False, 4.0, "4", None, -1, 0])
def test_numbers_of_another_type_are_refused_by_name(name, given):
    with pytest.raises(ConfigError, match=rf"^{name} must be an integer >= [12], got {given!r}$"):
        TeacherEnv(Scripted(), **{name: given})


@pytest.mark.parametrize(("name", "least"), [("levels", 2), ("attempts", 1), ("horizon", 2)])
def test_the_least_is_allowed_and_one_less_is_not(name, least):
    assert getattr(TeacherEnv(Scripted(), **{name: least}), name) == least
    with pytest.raises(ConfigError, match=rf"^{name} must be an integer >= {least}, got {least - 1}$"):
        TeacherEnv(Scripted(), **{name: least - 1})


@pytest.mark.parametrize("env", [TeacherEnv(Scripted()), teacher_env(), teacher_env(opponent="noisy")])
def test_the_defaults_are_ten_levels_eight_attempts_and_64_questions(env):
    assert (env.levels, env.attempts, env.horizon, env.render_mode) == (10, 8, 64, None)
    assert (env.observation_space.shape, env.observation_space.dtype) == ((20,), np.float32)
    assert (env.observation_space.low.min(), env.observation_space.high.max()) == (0.0, 1.0)
    assert env.action_space.n == 10


def test_who_is_taught():
    live = Scripted()
    assert teacher_env(learner=live).learner is live
    assert isinstance(teacher_env().learner, SimulatedLearner)
    assert teacher_env(learner={"width": 0.5}).learner.width == 0.5
    env = teacher_env(opponent="noisy", levels=3, attempts=5, horizon=7, render_mode="ansi", verifier="exact")
    assert isinstance(env.learner, AgentLearner)
    assert len(env.learner.setup.answer(["What is 1+2?"])[0]) == 5
    assert (env.levels, env.attempts, env.horizon, env.render_mode) == (3, 5, 7, "ansi")
    env = teacher_env(learner=live, levels=3, attempts=5, horizon=7, render_mode="ansi")
    assert (env.levels, env.attempts, env.horizon, env.render_mode) == (3, 5, 7, "ansi")


def test_settings_of_questions_need_somebody_who_is_asked():
    with pytest.raises(ConfigError, match=r"^split, verifier: only an opponent is asked questions; give one$"):
        teacher_env(verifier="exact", split="train")


def test_the_render_modes_are_told_to_gymnasium():
    assert TeacherEnv.metadata == {"render_modes": ["ansi", "human", "html", "rgb_array"], "render_fps": 4}
    with pytest.raises(ConfigError, match="got 'gif'"):
        TeacherEnv(Scripted(), render_mode="gif")


def test_a_step_tells_what_was_measured_and_nothing_else():
    learner = Scripted(2, 4, 0)
    env = TeacherEnv(learner, levels=4, attempts=4, horizon=3)
    observation, info = env.reset(seed=1)
    assert info == {"role": "teacher"}
    assert observation.tolist() == [0.5] * 4 + [0.0] * 4
    observation, *rest = env.step(np.int64(0))
    told = {"role": "teacher", "level": 0.125, "solve_rate": 0.5, "reward_terms": {"uncertainty": 1.0}}
    assert rest == [1.0, False, False, told]
    assert observation.tolist() == [0.5, 0.5, 0.5, 0.5, 1.0, 0.0, 0.0, 0.0]
    observation[:] = 0.25  # the caller's copy
    observation, reward, _, over, info = env.step(3)
    assert (reward, over, info["level"]) == (0.0, False, 0.875)
    assert observation.tolist() == pytest.approx([0.5, 0.5, 0.5, 1.0, 0.9, 0.0, 0.0, 1.0])
    observation, _, ended, over, _ = env.step(0)
    assert (ended, over) == (False, True)
    assert observation.tolist() == pytest.approx([0.0, 0.5, 0.5, 1.0, 1.0, 0.0, 0.0, 0.9])
    assert learner.asked == [(0.125, 4), (0.875, 4), (0.125, 4)]
    with pytest.raises(ResetNeeded, match=r"the episode is over; call reset\(\)"):
        env.step(0)
    observation, _ = env.reset()
    assert observation.tolist() == [0.5] * 4 + [0.0] * 4


def test_a_step_before_any_reset_is_refused():
    with pytest.raises(ResetNeeded):
        TeacherEnv(Scripted(1)).step(0)


@pytest.mark.parametrize("action", [-1, 3])
def test_an_action_outside_the_levels_costs_nothing(action):
    env = TeacherEnv(Scripted(1), levels=3, attempts=1)
    env.reset(seed=0)
    with pytest.raises(ConfigError, match=rf"^an action is a level number in 0\.\.2, got {action}$"):
        env.step(action)
    assert env.step(2)[1] == 0.0


def test_every_episode_has_a_seed_of_its_own_from_a_wide_range():
    learner = Scripted()
    env = TeacherEnv(learner)
    for seed in range(20):
        env.reset(seed=seed)
    env.reset()
    assert len(set(learner.roots)) == 21
    assert all(0 <= root < 2**62 for root in learner.roots)
    assert max(learner.roots) > 2**60
    env.reset(seed=3)
    assert learner.roots[-1] == learner.roots[3]


def test_only_a_person_is_shown_every_step(capsys):
    for mode in (None, "ansi", "rgb_array", "human"):
        env = TeacherEnv(Scripted(1), levels=2, attempts=2, horizon=2, render_mode=mode)
        env.reset(seed=0)
        env.step(1)
        assert bool(capsys.readouterr().out) == (mode == "human")
        assert isinstance(env.render(), {"ansi": str, "rgb_array": np.ndarray}.get(mode, type(None)))


def test_the_text_has_a_line_for_every_level():
    env = TeacherEnv(Scripted(1), levels=2, attempts=4, horizon=9, render_mode="ansi")
    env.reset(seed=0)
    env.step(1)
    title, first, second, _ = env.render().splitlines()
    assert title.startswith("╭─ teacher · question 1 of 9 ─")
    assert first == "│ level 0.25  not asked yet"
    assert second == "│ level 0.75  █████░░░░░░░░░░░░░░░ 0.25  ← asked"


def test_the_picture_is_a_bar_for_every_level():
    env = TeacherEnv(Scripted(1, 0), levels=3, attempts=4, horizon=9, render_mode="rgb_array")
    env.reset(seed=0)
    env.step(0)
    env.step(2)
    picture = env.render()
    expected = np.zeros((120, 72, 3))
    expected[87:, 2:22] = np.floor(np.array([60, 150, 220]) * (0.25 + 0.75 * 0.9))  # a quarter of 116, and 4 at least
    expected[58:, 26:46] = np.floor(np.array([60, 150, 220]) * 0.25)  # never asked
    expected[116:, 50:70] = [230, 140, 40]  # asked just now
    assert picture.dtype == np.uint8
    assert np.abs(picture - expected).max() <= 1  # brightness is rounded down from a float32
    assert picture[119, 60].tolist() == [230, 140, 40]
    assert picture[119, 30].tolist() == [15, 37, 55]
