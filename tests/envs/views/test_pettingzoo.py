"""The multi-agent views: PettingZoo's own suites, determinism over many cycles, and the rules as played."""

import warnings

import pettingzoo
import pytest
from gymnasium.error import ResetNeeded
from pettingzoo.test import api_test, parallel_api_test, parallel_seed_test, render_test, seed_test

import selfplay_gym.envs
from selfplay_gym import make_agent
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.envs import aec_env, parallel_env

PROPOSAL = r"<question>What is 12+7*3?</question> \boxed{33}"
SOLVERS = ["solver_0", "solver_1", "solver_2"]
TEXT_IS_NO_ARRAY = "Observation is not a NumPy array|(Observation|Action|Agent) space for each agent probably should be"


def seeded(constructor, **kwargs):
    """Spaces of PettingZoo's own tests are seeded by them; everything else must follow from the seed of `reset`."""
    return lambda **given: constructor("math", **{**kwargs, **given})


@pytest.fixture(autouse=True)
def strict_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # api_test wants Box or Discrete for everything; those three lines are its only complaint about text.
        warnings.filterwarnings("ignore", message=TEXT_IS_NO_ARRAY)
        yield


@pytest.mark.parametrize("kwargs", [{}, {"episodes": 5}, {"attempts": 1, "verifier": "majority"}])
class TestOfficialSuites:
    def test_api(self, kwargs):
        api_test(aec_env("math", **kwargs), num_cycles=50)

    def test_seed(self, kwargs):
        seed_test(seeded(aec_env, **kwargs), num_cycles=50)

    def test_render(self, kwargs):
        render_test(seeded(aec_env, **kwargs))

    def test_parallel_api(self, kwargs):
        parallel_api_test(parallel_env("math", **kwargs), num_cycles=50)

    def test_parallel_seed(self, kwargs):
        parallel_seed_test(seeded(parallel_env, **kwargs), num_cycles=50)


def play(env, challenger, solver):
    """One episode; returns everything every agent was given."""
    seen = []
    for agent in env.agent_iter():
        observation, reward, terminated, _, info = env.last()
        seen.append((agent, observation["prompt"], observation["episode"].tolist(), reward, str(info)))
        move = None
        if not terminated:
            move = (challenger if agent == "challenger_0" else solver)(agent, observation["prompt"])
        env.step(move)
    return seen


def test_an_episode_in_order():
    env = aec_env("math", attempts=3, verifier="exact")
    env.reset(seed=1)
    answers = {"solver_0": r"\boxed{33}", "solver_1": r"\boxed{57}", "solver_2": "I do not know"}
    seen = play(env, lambda *_: PROPOSAL, lambda agent, _: answers[agent])
    assert [agent for agent, *_ in seen] == ["challenger_0", *SOLVERS] * 2
    assert [prompt for _, prompt, *_ in seen[1:4]] == ["What is 12+7*3?"] * 3
    assert [reward for *_, reward, _ in seen[4:]] == pytest.approx([2 / 3, 1.0, 0.0, 0.0])


def test_infos_carry_question_label_and_terms():
    env = aec_env("math", attempts=2)
    env.reset(seed=1)
    for move in (PROPOSAL, r"\boxed{33}", r"\boxed{34}"):
        env.step(move)
    about = env.infos["challenger_0"]
    assert (about["question"], about["label"], about["solve_rate"]) == ("What is 12+7*3?", "33", 0.5)
    assert about["reward_terms"] == {"format": 1.0, "uncertainty": 1.0}
    assert env.infos["solver_1"]["reward_terms"] == {"score": 0.0}
    assert env.infos["solver_1"]["question"] == "What is 12+7*3?"


def test_a_malformed_proposal_ends_its_episode():
    env = aec_env("math", attempts=3, episodes=2)
    env.reset(seed=1)
    env.step("no question at all")
    assert env.agent_selection == "challenger_0"
    assert env.last()[1] == 0.0
    assert env.observe("challenger_0")["episode"].tolist() == [1]
    env.step("again")
    assert all(env.terminations.values())
    assert set(env.rewards.values()) == {0.0}


def test_solvers_do_not_see_the_question_before_it_is_asked():
    env = aec_env("math", attempts=2, episodes=2)
    env.reset(seed=1)
    assert env.observe("solver_1")["prompt"] == ""
    env.step(PROPOSAL)
    assert env.observe("solver_1")["prompt"] == "What is 12+7*3?"
    env.step("1")
    env.step("2")
    assert env.observe("solver_1")["prompt"] == ""


@pytest.mark.parametrize("episodes", [1, 7])
def test_many_cycles_are_a_function_of_the_seed(episodes):
    """PettingZoo's seed tests stop after one cycle; a leak of state between episodes shows later."""
    challenger, solver = make_agent("generator"), make_agent("noisy", accuracy=0.5)

    def history(env, seed):
        step = iter(range(10**6))

        def propose(agent, prompt):
            at = next(step)
            return "malformed" if at % 5 == 0 else challenger.act([prompt], seed=at)[0][0]

        def answer(agent, prompt):
            return solver.act([prompt], seed=next(step))[0][0]

        env.reset(seed=seed)
        seen = play(env, propose, answer)
        for _ in range(6):
            env.reset()
            seen += play(env, propose, answer)
        return seen

    env = aec_env("math", episodes=episodes)
    first = history(env, 3)
    assert history(env, 3) == first
    assert history(aec_env("math", episodes=episodes), 3) == first
    assert history(env, 4) != first


def test_parallel_plays_the_same_game():
    aec, parallel = aec_env("math", attempts=3, episodes=3), parallel_env("math", attempts=3, episodes=3)
    aec.reset(seed=5)
    observations, _ = parallel.reset(seed=5)
    moves = [r"\boxed{33}", r"\boxed{33}", "what?"]
    while parallel.agents:
        assert observations["solver_1"]["prompt"] == ""
        observations, rewards, *_ = parallel.step(dict.fromkeys(parallel.agents, PROPOSAL))
        assert observations["solver_1"]["prompt"] == "What is 12+7*3?"
        assert set(rewards.values()) == {0.0}
        actions = dict(zip(SOLVERS, moves, strict=True)) | {"challenger_0": "ignored"}
        observations, rewards, terminated, _, infos = parallel.step(actions)
        for move in (PROPOSAL, *moves):
            aec.step(move)
        assert rewards == aec.rewards
        assert infos == aec.infos
        assert terminated == aec.terminations
    assert rewards == pytest.approx({"challenger_0": 2 / 3, "solver_0": 1.0, "solver_1": 1.0, "solver_2": 0.0})


def test_the_curriculum_hears_of_every_episode():
    env = aec_env("math", attempts=2, episodes=64, curriculum={"name": "band", "window": 8})
    env.reset(seed=1)
    start = env.observe("challenger_0")["level"][0]
    for _ in range(63):
        for move in (PROPOSAL, r"\boxed{33}", r"\boxed{33}"):
            env.step(move)
    assert env.observe("challenger_0")["level"][0] > start + 0.2


def test_it_is_in_pettingzoos_registry():
    assert selfplay_gym.envs.register_pettingzoo()
    env = pettingzoo.make("aec", "SelfPlayMath-v0", attempts=2)
    assert env.possible_agents == ["challenger_0", "solver_0", "solver_1"]
    assert pettingzoo.make("parallel", "SelfPlayMath-v0", episodes=2).possible_agents[0] == "challenger_0"


def test_rendering_shows_the_episode():
    env = aec_env("math", attempts=2, render_mode="ansi")
    env.reset(seed=1)
    assert "edge of the solver" in env.render()
    for move in (PROPOSAL, r"\boxed{33}", r"\boxed{34}"):
        env.step(move)
    assert "✓ 33" in env.render()
    assert "uncertainty +1.00" in env.render()


@pytest.mark.parametrize(
    ("args", "kwargs", "expected"),
    [
        (("poetry",), {}, "math"),
        ((), {"episodes": 0}, "episodes"),
        ((), {"attempts": 0}, "attempts"),
        ((), {"verifer": "exact"}, "verifier"),
        ((), {"render_mode": "rgb_array"}, "ansi"),
    ],
)
def test_wrong_arguments_say_what_is_right(args, kwargs, expected):
    with pytest.raises(ConfigError, match=expected):
        aec_env(*args, **kwargs)


def test_an_action_must_be_text():
    env = aec_env("math")
    env.reset(seed=1)
    with pytest.raises(ConfigError, match="challenger_0"):
        env.step(3)


def test_a_missing_action_is_named():
    env = parallel_env("math", attempts=2)
    env.reset(seed=1)
    with pytest.raises(ConfigError, match="challenger_0"):
        env.step({"solver_0": "1", "solver_1": "2"})


@pytest.mark.parametrize("constructor", [aec_env, parallel_env])
def test_before_reset_there_is_no_game(constructor):
    env = constructor("math")
    with pytest.raises(ResetNeeded):
        env.step(PROPOSAL if constructor is aec_env else {"challenger_0": PROPOSAL})
    with pytest.raises(ResetNeeded):
        env.render()
    if constructor is aec_env:
        with pytest.raises(ResetNeeded):
            env.observe("solver_0")


@pytest.mark.parametrize("seed", [1.9, "a", -1])
@pytest.mark.parametrize("constructor", [aec_env, parallel_env])
def test_a_seed_is_a_whole_number(constructor, seed):
    with pytest.raises(ConfigError, match="seed must be an integer >= 0"):
        constructor("math").reset(seed=seed)


def test_an_ended_parallel_game_asks_for_a_reset():
    env = parallel_env("math", attempts=1)
    env.reset(seed=0)
    env.step(dict.fromkeys(env.agents, "nonsense"))
    assert env.agents == []
    with pytest.raises(ResetNeeded):
        env.step({"challenger_0": PROPOSAL})


def test_what_can_be_played_in_parallel_says_so():
    """PettingZoo's wrapper expects the same agents in every cycle, which a malformed proposal does not keep."""
    assert not aec_env("math").metadata["is_parallelizable"]
    assert parallel_env("math").metadata["is_parallelizable"]
