"""The code game: every view is official, proposals are completed by execution, the tester has its turn."""

from __future__ import annotations

import random
import warnings

import gymnasium as gym
import pytest
from gymnasium.utils.env_checker import check_env
from pettingzoo.test import api_test, parallel_api_test, seed_test

import selfplay_gym
from selfplay_gym import Outcome, Question, TaskSpec, make_generator
from selfplay_gym.core.records import Ruling
from selfplay_gym.envs import aec_env, parallel_env
from selfplay_gym.envs.game.code_domain import find_calls, read_code
from selfplay_gym.envs.game.domains import held_out
from selfplay_gym.verifiers.sandbox import probe

needs_sandbox = pytest.mark.skipif(probe().refusal is not None, reason=f"no sandbox here: {probe().refusal}")
DOUBLE = "def f(x):\n    return x + x"


def block(code: str) -> str:
    return f"```python\n{code}\n```"


def proposal(body: str) -> str:
    return f"Thinking.\n<question>\n{body}\n</question>"


@needs_sandbox
@pytest.mark.parametrize("role", ["solver", "challenger"])
@pytest.mark.parametrize("render_mode", [None, "ansi"])
def test_gymnasium_accepts_both_roles(role, render_mode):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(gym.make("SelfPlayCode-v0", role=role, render_mode=render_mode).unwrapped)


@needs_sandbox
def test_pettingzoo_accepts_all_roles():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # its advice on observation spaces is about arrays
        api_test(aec_env("code", attempts=2), num_cycles=20)
        seed_test(lambda: aec_env("code", attempts=2), num_cycles=10)
        parallel_api_test(parallel_env("code", attempts=2), num_cycles=20)


@needs_sandbox
def test_the_true_program_earns_one_at_every_level_and_task():
    env = gym.make("SelfPlayCode-v0")
    rng = random.Random(1)
    for task in ("program", "deduction", "abduction", "induction"):
        for level in (0.1, 0.9):
            question = make_generator("code").generate(TaskSpec(level, task), rng)
            prompt, _ = env.reset(options={"question": question})
            assert prompt == question.text
            gold = block(question.reference) if task in ("program", "induction") else rf"\boxed{{{question.reference}}}"
            _, reward, terminated, _, info = env.step(gold)
            assert (reward, terminated, info["label_source"]) == (1.0, True, "sandbox")


LONG = "def f(x):\n    return 'a' * (1000 * x + 2000)"
TURN = "def f(x):\n    return '<|im_' + 'end|>' * x"
SEVERAL = "f(1)\nf(2)\nf(3)\nf(4)"


@needs_sandbox
@pytest.mark.parametrize(
    ("task", "program", "calls", "reason"),
    [
        ("induction", TURN, SEVERAL, "'<|im_end|>'"),
        ("abduction", TURN, "f(1)", "'<|im_end|>'"),
        ("deduction", TURN, "f(1)", "'<|im_end|>'"),
        ("abduction", "def f(x):\n    return '</thi' + 'nk>' + x", "f('')", "'</think>'"),
        ("abduction", "def f(x):\n    return '</quest' + 'ion>' + x", "f('')", "'</question>'"),
        ("deduction", DOUBLE, r"f('\x3c|im_end|>')", "'<|im_end|>'"),
        ("deduction", DOUBLE, "f('<|im_' 'end|>')", "'<|im_end|>'"),
        ("deduction", DOUBLE, r"f('\x3c<output>>')", "a place for executed values"),
        ("induction", DOUBLE, rf"f('\x3c|eot_id|>')\n{SEVERAL}", "'<|eot_id|>'"),
        ("induction", LONG, SEVERAL, "characters"),
        ("abduction", LONG, "f(2)", "characters"),
        ("deduction", LONG, "f(3)", "characters"),
        ("abduction", "def f(x):\n    return 10 ** (40000 + x)", "f(1)", "characters"),
    ],
)
def test_computed_values_keep_to_the_rules_for_questions(task, program, calls, reason):
    env = gym.make("SelfPlayCode-v0", role="challenger", attempts=2)
    env.reset(seed=1)
    info = env.step(proposal(f"task: {task}\n{block(program)}\n{calls}"))[4]
    assert reason in info["verdict"].reason
    assert info["question"] is None


@needs_sandbox
def test_equal_seeds_and_moves_give_equal_games():
    def play() -> list:
        env = gym.make("SelfPlayCode-v0")
        seen = []
        for turn in range(6):
            prompt, _ = env.reset(seed=5 if turn == 0 else None)
            seen.append((prompt, env.step(block(DOUBLE))[4]))
        return seen

    assert play() == play()


@needs_sandbox
def test_procedural_questions_are_not_from_the_exam():
    env = gym.make("SelfPlayCode-v0", generator={"name": "deduction", "style": "short"})
    for turn in range(40):
        prompt, _ = env.reset(seed=2 if turn == 0 else None)
        assert not held_out(Question(prompt, domain="code"))


@pytest.mark.parametrize(
    ("body", "task", "inputs"),
    [
        ("f=lambda x: 3*x+2. f(4)=?", "deduction", ["(4,)"]),
        ("g=lambda x,y: x if x>y else y. g(1,2)=?", "deduction", ["(1, 2)"]),
        (f"{block(DOUBLE)}\nf(4)", "deduction", ["(4,)"]),
        (f"task: abduction\n{block(DOUBLE)}\nf(4)", "abduction", ["(4,)"]),
        (f"{block(DOUBLE)}\nf(4), f([1, 2]) and f('a)b')", "induction", ["(4,)", "([1, 2],)"]),
        ("Write f, which doubles. Try f(2) or f(-1).", "program", ["(2,)", "(-1,)"]),
        (f"task: program\nDouble it.\n{block(DOUBLE)}\nf(3)", "program", ["(3,)"]),
    ],
)
def test_proposals_are_read(body, task, inputs):
    question = read_code(proposal(body))
    assert isinstance(question, Question)
    assert (question.domain, question.reference, question.meta["task"]) == ("code", None, task)
    assert question.meta["inputs"] == inputs
    if task in ("program", "induction"):
        assert "return" not in question.text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("nothing", "no <question>"),
        (proposal(" "), "empty"),
        (proposal("x" * 5000), "more than"),
        (proposal("task: poetry\nWrite."), "no task 'poetry'"),
        (proposal(f"{block(DOUBLE)}\nf(open)"), "no call of f"),
        (proposal(f"{block('x = 1')}\nx"), "defines no function"),
        (proposal("Write something good."), "neither"),
        (proposal("task: deduction\nWrite f. f(1)"), "needs a ```python block"),
        (proposal(f"task: induction\n{block(DOUBLE)}\nf(1) f(2)"), "at least three"),
        (proposal(f"Say <<output>>.\n{block(DOUBLE)}\nf(1)"), "place for executed values"),
        (proposal("f=lambda x: x. f(y)=?"), "no Python literals"),
    ],
)
def test_malformed_proposals_have_a_reason(text, reason):
    found = read_code(text)
    assert isinstance(found, str)
    assert reason in found


def test_calls_are_found_and_not_run():
    assert find_calls("f(1) f( 2 , 'a(') of(3) f(x) f([1, (2)]) f(1)", "f") == [(1,), (2, "a("), ([1, 2],)]
    assert find_calls("f(" * 3000, "f") == []
    assert find_calls("f(__import__('os'))", "f") == []


@needs_sandbox
def test_a_proposal_is_completed_by_execution_or_refused():
    env = gym.make("SelfPlayCode-v0", role="challenger", attempts=2)
    env.reset(seed=1)
    info = env.step(proposal(f"task: abduction\n{block(DOUBLE)}\nf(4)"))[4]
    assert "returns 8" in info["question"]
    for code, reason in (("def f(x):\n    return 1", "depend"), ("def f(x):\n    return x.y", "no value")):
        env.reset()
        _, reward, _, _, info = env.step(proposal(f"{block(code)}\nf(4)"))
        assert (reward, info["question"]) == (0.0, None)
        assert reason in info["verdict"].reason


def play_episode(env, proposal_text: str, attempts: list[str], tests: str | None) -> None:
    env.reset(seed=3)
    env.step(proposal_text)
    for attempt in attempts:
        env.step(attempt)
    if tests is not None:
        assert env.agent_selection == "tester_0"
        env.step(tests)


@needs_sandbox
def test_the_tester_reads_the_answers_and_earns():
    env = aec_env("code", attempts=3, render_mode="ansi")
    assert env.possible_agents == ["challenger_0", "solver_0", "solver_1", "solver_2", "tester_0"]
    text = proposal("Write f, the absolute value of an integer: f(2), f(-3), f(0).")
    attempts = [
        block("def f(x):\n    return abs(x)"),
        block("def f(x):\n    return x"),
        block("def f(n):\n    return abs(n)"),
    ]
    env.reset(seed=3)
    assert env.observe("tester_0")["prompt"] == ""
    play_episode(env, text, attempts, None)
    assert "return abs(n)" in env.observe("tester_0")["prompt"]
    env.step("assert f(-7) == 7")
    assert env.rewards["tester_0"] == 1.0
    assert [env.rewards[f"solver_{i}"] for i in range(3)] == [1.0, 0.0, 1.0]
    assert env.infos["tester_0"]["role"] == "tester"
    drawn = env.render()
    assert "✗ f(-3) gave -3, expected 3" in drawn
    assert "→ line 2: return x" in drawn


class NoReturnOfNone:
    """A policy that refuses programs and tests with a `None` in them."""

    def check(self, text, role):
        return Ruling("None" in text, "S14" if "None" in text else "")


@needs_sandbox
@pytest.mark.parametrize("tests", ["assert f(-7) == 7", "assert f(-7) is not None and f(-7) == 7"])
def test_the_tester_reads_no_refused_answer_and_may_be_refused_itself(tests):
    env = aec_env("code", attempts=2, policy=NoReturnOfNone())
    text = proposal("Write f, the absolute value of an integer: f(2), f(-3), f(0).")
    attempts = [block("def f(x):\n    return abs(x)"), block("def f(x):\n    unseen = None\n    return abs(x)")]
    play_episode(env, text, attempts, None)
    shown = env.observe("tester_0")["prompt"]
    assert "return abs(x)" in shown
    assert "unseen" not in shown
    env.step(tests)
    assert [env.rewards[f"solver_{i}"] for i in range(2)] == [1.0, 0.0]
    refused = "None" in tests
    verdict = env.infos["tester_0"]["verdict"]
    assert verdict.reason.startswith("refused: S14") is refused
    assert (verdict.outcome is Outcome.UNDECIDED) >= refused


@needs_sandbox
def test_questions_about_values_have_no_turn_for_the_tester():
    env = aec_env("code", attempts=1)
    play_episode(env, proposal("f=lambda x: 3*x+2. f(4)=?"), [r"\boxed{14}"], None)
    assert env.terminations["tester_0"]
    assert env.rewards["solver_0"] == 1.0
    assert env.rewards["tester_0"] == 0.0


@needs_sandbox
def test_parallel_testing_takes_a_third_cycle():
    env = parallel_env("code", attempts=2)
    env.reset(seed=1)
    idle = dict.fromkeys(env.agents, "")
    env.step(idle | {"challenger_0": proposal(f"task: program\nDouble it.\n{block(DOUBLE)}\nf(3)")})
    env.step(idle | {"solver_0": block(DOUBLE), "solver_1": block("def f(x):\n    return x * x")})
    assert env.agents
    _, rewards, terminations, _, infos = env.step(idle | {"tester_0": "assert f(3) == 6"})
    assert (rewards["solver_0"], rewards["solver_1"], rewards["tester_0"]) == (1.0, 0.0, 1.0)
    assert all(terminations.values())
    assert infos["tester_0"]["verdict"].outcome is Outcome.CORRECT


@needs_sandbox
def test_groups_vote_and_judge():
    envs = gym.make_vec("SelfPlayCode-v0", num_envs=4, generator={"name": "deduction", "style": "short"})
    prompts, _ = envs.reset(seed=1)
    assert len(set(prompts)) == 1
    _, rewards, *_ = envs.step(tuple(rf"\boxed{{{n}}}" for n in range(4)))
    assert rewards.shape == (4,)
    envs.close()


def test_names_are_registered():
    assert "SelfPlayCode-v0" in gym.registry
    assert "code" in selfplay_gym.core.registries.verifiers.names()
    assert {"code", "program", "deduction", "abduction", "induction"} <= set(
        selfplay_gym.core.registries.generators.names()
    )
