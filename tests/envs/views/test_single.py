"""The single-agent view: official checkers, seeding, splits, curricula, rendering."""

import json
import warnings

import gymnasium as gym
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import check_env

import selfplay_gym
from selfplay_gym import Question, make_agent, make_curriculum
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.envs.game.domains import held_out
from selfplay_gym.envs.views.spaces import Text

INFO = {"role", "verdict", "label", "label_source", "solve_rate", "level", "reward_terms"}
PROPOSAL = r"<question>What is 12+7*3?</question> \boxed{33}"


def make(**kwargs):
    return gym.make("SelfPlayMath-v0", **kwargs)


def play(env, agent, steps, seed=None):
    """Rewards and infos of an agent in the solver's role."""
    observation, _ = env.reset(seed=seed)
    rewards, infos = [], []
    for step in range(steps):
        _, reward, terminated, truncated, info = env.step(agent.act([observation], seed=step)[0][0])
        assert terminated
        assert not truncated
        rewards.append(reward)
        infos.append(info)
        observation, _ = env.reset()
    return rewards, infos


@pytest.mark.parametrize("render_mode", [None, "ansi", "human"])
@pytest.mark.parametrize("role", ["solver", "challenger"])
@pytest.mark.parametrize("verifier", ["sympy", "exact", "majority"])
def test_gymnasium_accepts_every_role(role, render_mode, verifier):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(make(role=role, render_mode=render_mode, verifier=verifier).unwrapped)


def test_both_spellings_of_the_id():
    assert gym.make("selfplay_gym:SelfPlayMath-v0").reset(seed=3) == make().reset(seed=3)


def test_the_oracle_is_always_right_and_the_echo_never():
    rewards, infos = play(make(curriculum={"name": "fixed", "level": 0.6}), make_agent("oracle"), 40, seed=1)
    assert rewards == [1.0] * 40
    assert all(set(info) == INFO and info["label"] is not None for info in infos)
    assert sum(play(make(), make_agent("echo"), 40, seed=1)[0]) == 0.0


def test_a_seed_fixes_everything_that_follows():
    def history(env, seed):
        return play(env, make_agent("noisy"), 80, seed=seed)

    env = make()
    first = history(env, 5)
    assert history(env, 5) == first  # rewound: generator, cache and curriculum
    assert history(make(), 5) == first
    assert history(make(), 6) != first


def test_a_live_curriculum_is_not_rewound():
    curriculum = make_curriculum("band", window=4)
    env = make(curriculum=curriculum)
    play(env, make_agent("oracle"), 40, seed=1)
    assert curriculum.level > 0.25
    reached = curriculum.level
    env.reset(seed=1)
    assert curriculum.level == reached


def test_the_default_curriculum_follows_the_solver():
    def last_levels(agent):
        return [info["level"] for info in play(make(), make_agent(agent), 400, seed=2)[1]][-50:]

    assert min(last_levels("oracle")) > 0.5
    assert max(last_levels("echo")) < 0.2


@pytest.mark.parametrize("reuse", [1, 8])
def test_splits_are_kept_apart(reuse):
    for split in ("train", "held_out"):
        env = make(split=split, curriculum="fixed", reuse=reuse)
        env.reset(seed=1)
        texts = []
        for _ in range(300):
            texts.append(env.reset()[0])
        assert {held_out(Question(text)) for text in texts} == {split == "held_out"}


def test_reuse_asks_again_and_one_never_does_on_purpose():
    def distinct(reuse):
        env = make(generator="composed", curriculum={"name": "fixed", "level": 0.9}, reuse=reuse, split="any")
        env.reset(seed=1)
        return len({env.reset()[0] for _ in range(3000)})

    assert distinct(64) < 350 < 2000 < distinct(1)


def test_undecided_earns_nothing_and_says_so():
    env = make(verifier="sympy")
    env.reset(seed=1, options={"question": Question("Is it so?", None)})
    _, reward, *_, info = env.step(r"\boxed{3}")
    assert reward == 0.0
    assert info["verdict"].score is None
    assert info["level"] is None


def test_a_given_question_is_asked():
    env = make()
    assert env.reset(seed=1, options={"question": Question("What is 2+3?", "5")})[0] == "What is 2+3?"
    assert env.step(r"\boxed{5}")[1] == 1.0
    with pytest.raises(ConfigError, match="Question"):
        env.reset(options={"question": "What is 2+3?"})


def test_challenger_is_rewarded_for_uncertainty():
    env = make(role="challenger", opponent={"name": "noisy", "accuracy": 0.5}, attempts=64)
    env.reset(seed=0)
    _, reward, *_, info = env.step(PROPOSAL)
    assert reward == pytest.approx(1 - 2 * abs(info["solve_rate"] - 0.5))
    assert reward > 0.6
    assert info["reward_terms"] == {"format": 1.0, "uncertainty": reward}
    assert (info["label"], info["question"]) == ("33", "What is 12+7*3?")


@pytest.mark.parametrize("accuracy", [0.0, 1.0])
def test_challenger_earns_nothing_at_either_end(accuracy):
    env = make(role="challenger", opponent={"name": "noisy", "accuracy": accuracy})
    env.reset(seed=0)
    assert env.step(PROPOSAL)[1] == 0.0


def test_malformed_proposals_earn_nothing():
    env = make(role="challenger")
    env.reset(seed=0)
    _, reward, *_, info = env.step("What is 12+7*3?")
    assert reward == 0.0
    assert set(info) == INFO | {"question"}
    assert info["verdict"].score == 0.0
    assert info["reward_terms"] == {"format": 0.0}


def test_an_agent_can_write_the_questions():
    env = make(opponent={"name": "generator", "generator": "equation"})
    asked = {env.reset(seed=1)[0], *(env.reset()[0] for _ in range(30))}
    assert all(text.startswith("Solve") and not held_out(Question(text)) for text in asked)
    assert len(asked) > 20


def test_a_challenger_that_cannot_write_does_not_stop_the_game():
    env = make(opponent="echo")
    assert play(env, make_agent("oracle"), 5, seed=1)[0] == [1.0] * 5


def test_the_spec_survives_json():
    env = make(role="challenger", verifier={"name": "sympy"}, reward={"name": "r-zero", "repetition": 0.5}, attempts=4)
    spec = EnvSpec.from_json(env.spec.to_json())
    assert spec.make().reset(seed=9) == env.reset(seed=9)
    assert json.loads(env.spec.to_json())["kwargs"]["attempts"] == 4


@pytest.mark.parametrize(
    ("kwargs", "expected"),
    [
        ({"role": "judge"}, "solver"),
        ({"verifier": "simpy"}, "sympy"),
        ({"attempts": 0}, "attempts"),
        ({"split": "test"}, "held_out"),
        ({"reuse": 0}, "reuse"),
        ({"template": "plan"}, "plain"),
        ({"vrifier": "exact"}, "verifier"),
        ({"domain": "chess"}, "math"),
        ({"opponent": "nobody", "role": "challenger"}, "noisy"),
    ],
)
def test_wrong_arguments_say_what_is_right(kwargs, expected):
    with pytest.raises(ConfigError, match=expected):
        make(**kwargs)


def test_the_order_of_calls_is_enforced():
    env = make(render_mode="ansi")
    for call in (env.render, lambda: env.step("1")):
        with pytest.raises(gym.error.ResetNeeded):
            call()
    env.reset()
    env.step("1")
    with pytest.raises(gym.error.ResetNeeded, match="reset"):
        env.step("1")
    env.reset()
    with pytest.raises(ConfigError, match="int"):
        env.unwrapped.step(1)


def test_a_rendered_episode_shows_what_happened():
    env = make(role="challenger", render_mode="ansi", opponent={"name": "noisy", "accuracy": 0.5})
    env.reset(seed=3)
    assert "edge of the solver" in env.render()
    env.step(PROPOSAL)
    shown = env.render()
    assert "What is 12+7*3?" in shown
    assert "✓ 33" in shown
    assert "solve rate" in shown
    assert "uncertainty" in shown
    env.reset()
    env.step("\x1b[2Jboo")
    assert "\x1b" not in env.render()  # a model's control characters stay off the terminal
    assert "malformed" in env.render()


def test_text_space_takes_any_string_up_to_its_length():
    space = Text(5)
    assert all(text in space for text in ("", "a b\n", "été😀", "12345"))
    assert "123456" not in space
    assert 5 not in space
    assert space.sample() in space
    assert space == Text(5) != Text(6)
    with pytest.raises(ConfigError, match="mask"):
        space.sample(mask=(3, None))


def test_async_needs_shared_memory_off():
    with pytest.raises(ConfigError, match="shared_memory"):
        gym.make_vec("SelfPlayMath-v0", num_envs=2, vectorization_mode="async")
    envs = gym.make_vec(
        "SelfPlayMath-v0", num_envs=2, vectorization_mode="async", vector_kwargs={"shared_memory": False}
    )
    try:
        first, _ = envs.reset(seed=1)
        assert first == tuple(make().reset(seed=seed)[0] for seed in (1, 2))
    finally:
        envs.close()


def test_sync_vector_env_works():
    envs = gym.make_vec("SelfPlayMath-v0", num_envs=3, vectorization_mode="sync")
    observations, _ = envs.reset(seed=1)
    answers = [make_agent("oracle").act([o])[0][0] for o in observations]
    assert envs.step(answers)[1].tolist() == [1.0] * 3


def test_import_is_light():
    import subprocess
    import sys

    script = (
        "import sys, selfplay_gym; "
        "heavy = {'torch', 'transformers', 'sympy', 'pettingzoo', 'scipy', 'sacrebleu'} & set(sys.modules); "
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert selfplay_gym.__version__


@pytest.mark.parametrize(
    "given", ["What is 2+3?", "", None, 5, {"text": "What is 2+3?"}, [Question("1+1?", "2")], "x" * 10**6]
)
def test_a_question_of_another_form_is_answered_with_one_that_works(given):
    for env in (
        gym.make("SelfPlayMath-v0"),
        gym.make("SelfPlayTokens-v0"),
        gym.make_vec("SelfPlayMath-v0", 2),
    ):
        with pytest.raises(ConfigError, match=r"must be a Question, such as selfplay_gym\.Question\(.*, got") as caught:
            env.reset(options={"question": given})
        assert len(str(caught.value)) < 250
    with pytest.raises(ConfigError, match=r"are a mapping, such as \{'question': selfplay_gym\.Question\("):
        gym.make("SelfPlayMath-v0").unwrapped.reset(options="What is 2+3?")
    example = eval(str(caught.value).partition("such as ")[2].partition(", got")[0], {"selfplay_gym": selfplay_gym})
    env = gym.make("SelfPlayMath-v0")
    env.reset(options={"question": example})
    assert env.step(r"\boxed{3}")[1] == 1.0
