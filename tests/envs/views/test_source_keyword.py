"""`source=` in every view that asks: batches, splits, falling back, and errors that name the remedy."""

import json

import gymnasium as gym
import pytest
from gymnasium.envs.registration import EnvSpec

from selfplay_gym import Question, make_agent
from selfplay_gym.core.errors import ConfigError, PluginError
from selfplay_gym.envs import aec_env
from selfplay_gym.envs.game.domains import held_out

AGENT = "agent(name=generator, generator=equation)"


def make(**kwargs):
    return gym.make("SelfPlayMath-v0", **kwargs)


def asked(env, count, seed=1):
    return [env.reset(seed=seed)[0], *(env.reset()[0] for _ in range(count - 1))]


class Listed:
    """Gives `questions`, a batch of `size` at a time, and remembers how it was asked."""

    def __init__(self, questions, size=16):
        self.questions, self.size, self.draws = questions, size, []

    def draw(self, n, draw):
        self.draws.append((n, draw))
        start = (draw.round - 1) * self.size
        return self.questions[start : start + min(n, self.size)]


SUMS = [Question(f"What is {i}+1?", str(i + 1), "math", i / 100, "listed") for i in range(100)]


@pytest.mark.parametrize("source", [AGENT, "procedural", {"name": "agent", "agent": "generator"}])
def test_a_source_asks_and_a_seed_fixes_what(source):
    texts = asked(make(source=source), 50)
    assert asked(make(source=source), 50) == texts
    assert asked(make(source=source), 50, seed=2) != texts
    assert len(set(texts)) > 25
    assert not any(held_out(Question(text)) for text in texts)


def test_a_seed_begins_a_live_source_anew():
    env = make(source=AGENT)
    assert asked(env, 40) == asked(env, 40)


def test_batches_are_numbered_and_carry_what_the_view_has():
    source = Listed(SUMS)
    env = make(source=source, split="any", curriculum="fixed")
    assert asked(env, 40) == [question.text for question in SUMS[:40]]
    assert [n for n, _ in source.draws] == [16, 16, 16]
    assert [draw.round for _, draw in source.draws] == [1, 2, 3]
    assert len({draw.seed for _, draw in source.draws}) == 1
    draw = source.draws[0][1]
    assert draw.domain == "math"
    assert draw.game.instruct()
    assert draw.generator is not None
    assert draw.curriculum is env.unwrapped.setup.curriculum


@pytest.mark.parametrize("split", ["train", "held_out"])
def test_the_split_is_kept(split):
    env = make(source=Listed(SUMS), split=split)
    texts = [question.text for question in SUMS if held_out(question) is (split == "held_out")]
    found = asked(env, 8)
    assert all(held_out(Question(text)) is (split == "held_out") for text in found)
    listed = [text for text in found if text in {question.text for question in SUMS}]
    assert listed == texts[: len(listed)]
    assert len(listed) >= 5  # for a batch with nothing of the split, a procedural question stands in


def test_the_level_is_the_question_s_own_and_the_curriculum_hears_of_it():
    env = make(source=Listed(SUMS), split="any", curriculum={"name": "band", "window": 4})
    before = env.unwrapped.setup.curriculum.state_dict()
    prompt, info = env.reset(seed=1)
    assert info["level"] == 0.0
    for i in range(1, 12):
        env.step(make_agent("oracle").act([prompt])[0][0])
        prompt, info = env.reset()
        assert info["level"] == SUMS[i].level
    assert env.unwrapped.setup.curriculum.state_dict() != before


def test_the_answer_a_source_knows_is_what_attempts_are_held_against():
    env = make(source=Listed([Question("How many legs has a cat?", "4", "math", None, "listed")] * 16), split="any")
    _, info = env.reset(seed=1)
    assert info["level"] is None
    _, reward, *_, info = env.step(r"\boxed{4}")
    assert (reward, info["label"], info["level"]) == (1.0, "4", None)


def test_when_nothing_can_be_asked_a_procedural_question_is():
    class Rejects:
        def draw(self, n, draw):
            draw.rejected += [("nonsense", "no question")] * n
            return []

    texts = asked(make(source=Rejects()), 10)
    assert all(text.startswith(("What is", "Compute", "Find")) for text in texts)
    assert make(source="agent(name=echo)").reset(seed=1)[0]


def test_an_exhausted_source_says_so():
    env = make(source=Listed(SUMS[:3]), split="any")
    assert len(asked(env, 3)) == 3
    with pytest.raises(ConfigError, match=r"Listed is exhausted after 1 batches.*repeat"):
        env.reset()


def test_a_file_is_a_data_set_of_one_s_own(tmp_path):
    path = tmp_path / "questions.jsonl"
    path.write_text("\n".join(json.dumps({"question": f"Is {i} even?", "answer": "yes"}) for i in range(5)))
    env = make(source={"name": "file", "path": str(path), "repeat": True}, split="any")
    texts = asked(env, 10)
    assert sorted(texts) == sorted(f"Is {i} even?" for i in range(5) for _ in range(2))
    again = EnvSpec.from_json(env.spec.to_json()).make()
    assert asked(again, 10) == texts


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda n, draw: 1 / 0, "raised ZeroDivisionError"),
        (lambda n, draw: SUMS, "gave 100 questions, at most 16"),
        (lambda n, draw: ["What is 1+1?"], "expected a list of Questions"),
        (lambda n, draw: None, "expected a list of Questions"),
    ],
)
def test_a_broken_source_is_named(draw, message):
    broken = type("Broken", (), {"draw": staticmethod(draw)})()
    env = make(source=broken)
    with pytest.raises(PluginError, match=f"the source Broken .*{message}"):
        env.reset(seed=1)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"opponent": "generator"}, r"source='agent\(name=...\)'"),
        ({"role": "challenger"}, "role='solver'"),
        ({"source": "procedral"}, "procedural"),
        ({"source": "agent"}, "agent"),
    ],
)
def test_what_cannot_go_together_is_refused_with_the_remedy(kwargs, message):
    with pytest.raises(ConfigError, match=message):
        make(**{"source": AGENT, **kwargs})


def test_a_game_without_a_challenger_cannot_ask_one():
    with pytest.raises(ConfigError, match=r"agent\(name=...\)"):
        make(source="challenger").reset(seed=1)


def test_where_the_caller_plays_all_roles_a_source_is_refused():
    with pytest.raises(ConfigError, match="leave source out"):
        aec_env("math", source=AGENT)


@pytest.mark.parametrize("group", [True, False])
def test_groups_take_a_source(group):
    envs = gym.make_vec("SelfPlayMath-v0", num_envs=3, group=group, source=Listed(SUMS), split="any")
    prompts, info = envs.reset(seed=1)
    assert prompts == (("What is 0+1?",) * 3 if group else tuple(question.text for question in SUMS[:3]))
    assert envs.step([r"\boxed{1}"] * 3)[1].tolist() == ([1.0] * 3 if group else [1.0, 0.0, 0.0])
    assert "level" in info


def test_tokens_take_a_source():
    env = gym.make("SelfPlayTokens-v0", source=Listed(SUMS), split="any")
    _, info = env.reset(seed=1)
    assert (info["question"], info["level"]) == ("What is 0+1?", 0.0)
    assert env.step(1 + 20)[1] == 1.0


def test_a_teacher_s_source_is_asked_for_the_teacher_s_level():
    source = Listed(SUMS, size=1)
    env = gym.make("SelfPlayTeacher-v0", opponent="oracle", source=source, split="any")
    env.reset(seed=1)
    for action in (0, 9):
        assert env.step(action)[4]["solve_rate"] == 1.0
    assert [(n, draw.level) for n, draw in source.draws] == [(1, 0.05), (1, 0.95)]
    assert set(source.draws[0][1].agents) == {"solver"}
