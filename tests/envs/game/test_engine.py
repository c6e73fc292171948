"""The rules: reading proposals, keeping attempts with their question, rewarding the right role."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfplay_gym import Judgement, Question, Verdict, make_reward, make_verifier, register_reward
from selfplay_gym.core.errors import ConfigError, PluginError
from selfplay_gym.core.protocols import BaseVerifier
from selfplay_gym.core.records import Reward
from selfplay_gym.envs.game.domains import find_domain
from selfplay_gym.envs.game.engine import Game, solver_reward
from selfplay_gym.envs.game.math_domain import read_math
from selfplay_gym.envs.game.proposals import MAX_QUESTION
from selfplay_gym.envs.views.rendering.text import show_episode


def proposal(text, answer="3"):
    return rf"<question>{text}</question> \boxed{{{answer}}}"


@pytest.fixture
def game():
    return Game(find_domain("math"), make_verifier("exact"), make_reward("r-zero"))


def test_a_proposal_is_read():
    question = read_math(proposal("  What is 1+2?\n"))
    assert question == Question("What is 1+2?", "3", "math", None, "challenger")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("What is 1+2?", "no <question>"),
        ("<question>What is 1+2?", "no <question>"),
        ("</question> What? <question>", "no <question>"),
        (r"<question> </question> \boxed{3}", "empty"),
        ("<question>What is 1+2?</question> 3", "boxed"),
        (r"<question>What is \boxed{3}?</question>", "boxed"),  # a box inside the question is no claimed answer
        (r"<question>What is 1+2?</question> \boxed{ }", "boxed"),
        (r"<question>What is 1+2?</question> \boxed{3", "boxed"),
        (proposal("x" * (MAX_QUESTION + 1)), "characters"),
    ],
)
def test_malformed_proposals_say_why(text, reason):
    assert reason in read_math(text)


def test_the_last_question_counts_and_the_box_behind_it():
    text = r"\boxed{1} <question>old</question> \boxed{2} <question>new</question> so \boxed{\frac{1}{2}}"
    assert read_math(text) == Question("new", r"\frac{1}{2}", "math", None, "challenger")
    assert read_math(r"Answer \boxed{7}. <question>which?</question>").reference == "7"


def test_reading_is_linear_in_hostile_text():
    assert "no <question>" in read_math("<question>" * 200_000)
    assert "empty" in read_math("<question></question>" * 100_000)


@given(st.text())
def test_reading_never_raises(text):
    assert isinstance(read_math(text), str | Question)
    assert isinstance(read_math(f"<question>{text}</question>\\boxed{{{text}}}"), str | Question)


def test_an_episode_keeps_attempts_with_their_question(game):
    answered = {"What is 1+2?": ["\\boxed{3}", "\\boxed{4}"], "What is 2*4?": ["\\boxed{8}", "8", "no"]}
    texts = [proposal("What is 1+2?"), "nonsense", proposal("What is 2*4?", "8")]
    episodes = game.play(texts, lambda prompts: [answered[p] for p in prompts])
    assert [r.solver_rewards for r in episodes] == [[1.0, 0.0], [], [1.0, 1.0, 0.0]]
    assert [r.judgement and r.judgement.solve_rate for r in episodes] == [0.5, None, 2 / 3]
    assert episodes[0].reward.terms["uncertainty"] == 1.0
    assert episodes[1].reward == (0.0, {"format": 0.0})
    assert [r.verdict.score for r in episodes] == [1.0, 0.0, 1.0]
    assert "question" in episodes[1].verdict.reason


def test_a_question_that_the_solver_cannot_read_costs_itself(game):
    answered = {"What is 1+2?": ["\\boxed{3}", "\\boxed{4}"], "What is 2*4?": ["", ""]}
    texts = [proposal("What is 2*4?", "8"), "nonsense", proposal("What is 1+2?")]

    def unreadable(prompts):
        return ["too long" if prompt == "What is 2*4?" else None for prompt in prompts]

    episodes = game.play(texts, lambda prompts: [answered[p] for p in prompts], unreadable)
    assert episodes[0].proposal.question is None
    assert episodes[0].verdict.reason == "the solver cannot read it: too long"
    assert (episodes[0].reward, episodes[0].attempts) == ((0.0, {"format": 0.0}), ())
    assert episodes[2].solver_rewards == [1.0, 0.0]
    assert "not asked: the solver cannot read it: too long" in show_episode("", episodes[0])
    assert "malformed proposal: " in show_episode("", episodes[1])


def test_nobody_is_asked_when_all_proposals_are_malformed(game):
    def never(prompts):
        raise AssertionError("the solver was asked")

    assert [r.reward.value for r in game.play(["", "?"], never)] == [0.0, 0.0]


def test_undecided_earns_nothing():
    assert solver_reward(Verdict.undecided("time-out")) == 0.0
    assert solver_reward(Verdict.correct("1", score=0.25)) == 0.25


def test_a_verifier_that_loses_a_verdict_is_named():
    class Lossy(BaseVerifier):
        def judge(self, question, attempts):
            return Judgement.of([], label="1", label_source="reference")

    game = Game(find_domain("math"), Lossy(), make_reward("azr"))
    with pytest.raises(PluginError, match="Lossy gave 0 verdicts for 1 attempts"):
        game.play([proposal("?")], lambda prompts: [["\\boxed{1}"]])


def test_templates_carry_the_question():
    game = Game(find_domain("math"), make_verifier("exact"), make_reward("azr"), template="r-zero")
    prompt = game.ask([Question("Is {this} kept?")])[0]
    assert prompt.startswith("Is {this} kept?")
    assert "boxed" in prompt
    assert "<question>" in game.instruct()


def test_unknown_names_are_refused():
    with pytest.raises(ConfigError, match="plain"):
        find_domain("math").template("plian")
    with pytest.raises(ConfigError, match="math"):
        find_domain("chess")
    with pytest.raises(ConfigError, match="domain"):
        find_domain(3)


@pytest.mark.parametrize("given", [None, [], [1.0], 3, [Reward(0.0, {})] * 2])
def test_a_reward_that_gives_something_else_is_named(given):
    def strange(questions, judgements, attempts):
        return given

    game = Game(find_domain("math"), make_verifier("exact"), strange)
    with pytest.raises(PluginError, match="must give a Reward for each of 1 questions"):
        game.play([r"<question>What is 1+2?</question> \boxed{3}"], lambda prompts: [["3"]])


def test_what_is_no_reward_is_refused_where_it_is_named():
    with pytest.raises(PluginError, match="built-in"):
        make_reward(print)
    with pytest.raises(ConfigError, match="built-in"):
        register_reward("printed", print)
    with pytest.raises(PluginError, match="questions, judgements, attempts"):
        make_reward(lambda questions: [])


@pytest.mark.parametrize("given", [["3"], [], [["3"], ["4"]]])
def test_answers_that_are_no_lists_of_texts_are_named(given):
    game = Game(find_domain("math"), make_verifier("exact"), make_reward("azr"))
    with pytest.raises(PluginError, match="a list of texts for each of 1 prompts"):
        game.play([r"<question>What is 1+2?</question> \boxed{3}"], lambda prompts: given)


@pytest.mark.parametrize("given", [None, "correct", [None]])
def test_a_verifier_that_gives_no_judgements_is_named(given):
    class Silent(BaseVerifier):
        def judge_many(self, questions, groups):
            return given

    game = Game(find_domain("math"), Silent(), make_reward("azr"))
    with pytest.raises(PluginError, match="verifier Silent must give a Judgement per question"):
        game.judge([Question("What is 1+2?", "3")], [["3"]])
