"""A policy in a game: what it refuses is not asked, is worth nothing and does not vote; the rest is as without it."""

import gymnasium as gym
import pytest
from hypothesis import given
from hypothesis import strategies as st

import selfplay_gym
from selfplay_gym import Judgement, Outcome, Question, Verdict, make_reward, make_verifier
from selfplay_gym.core.errors import PluginError
from selfplay_gym.core.protocols import BaseVerifier, rulings
from selfplay_gym.core.records import ALLOWED, Reward, Ruling
from selfplay_gym.envs.game.domains import find_domain
from selfplay_gym.envs.game.engine import Game
from selfplay_gym.envs.game.screening import RULINGS, ScreenedVerifier
from selfplay_gym.testing import check_policy

BAD = "harmful"


class Marked:
    """Refuses what holds the word "harmful"; remembers what it was shown."""

    def __init__(self):
        self.seen = []

    def check(self, text, role):
        return Ruling(True, "S9", "marked") if BAD in text else ALLOWED

    def check_many(self, texts, role, asked=()):
        self.seen += [(role, text, question) for text, question in zip(texts, asked or [""] * len(texts), strict=True)]
        return [self.check(text, role) for text in texts]


class Single:
    """The same without a call for many."""

    def check(self, text, role):
        return Marked().check(text, role)


class Spy(BaseVerifier):
    """Remembers what it is shown, and holds everything to be right, empty texts too."""

    def __init__(self):
        self.shown = []

    def judge(self, question, attempts):
        self.shown.append(list(attempts))
        return Judgement.of([Verdict.correct("1") for _ in attempts], label="1", label_source="spy")


def proposal(text, answer="3"):
    return rf"<question>{text}</question> \boxed{{{answer}}}"


def game(verifier="majority", reward="r-zero", policy=None, **policies):
    given = policies or dict.fromkeys(("challenger", "solver"), policy or Marked())
    judge = make_verifier(verifier) if isinstance(verifier, str) else verifier
    return Game(find_domain("math"), judge, make_reward(reward), policies=given)


ATTEMPTS = [r"\boxed{3}", r"\boxed{3}", r"\boxed{4}", rf"{BAD} \boxed{{4}}", rf"\boxed{{4}} {BAD}"]


def test_the_policies_of_these_tests_conform():
    for policy in (Marked(), Single()):
        check_policy(policy, refused=[BAD])


@pytest.mark.parametrize("reward", ["r-zero", "r-zero-code", "unsolved", "4p(1-p)"])
def test_a_refused_question_is_not_asked_and_worth_nothing(reward):
    asked = []

    def answer(prompts):
        asked.extend(prompts)
        return [[r"\boxed{3}", r"\boxed{4}"] for _ in prompts]

    harmful = [proposal(f"What is 2+2, {BAD}?"), f"{BAD} {proposal('What is 3+3?')}", BAD]
    texts = [proposal("What is 1+2?"), *harmful, "odd"]
    played = game(reward=reward).play(texts, answer)
    assert len(asked) == 1
    assert [one.proposal.refused for one in played] == [False, True, True, True, False]
    assert [one.reward for one in played[1:4]] == [Reward(0.0, {"policy": 0.0})] * 3
    assert [one.attempts for one in played[1:]] == [()] * 4
    assert {one.verdict.reason for one in played[1:4]} == {"refused: S9 (marked)"}
    assert played[0].reward == game(reward=reward, other=Marked()).play([*texts[:1], *["odd"] * 4], answer)[0].reward
    assert (played[4].reward.value < 0.0) is (reward == "r-zero-code")  # malformed is another thing


def test_a_refused_answer_is_undecided_and_does_not_vote():
    (judgement,) = game().judge([Question("What is 1+2?")], [ATTEMPTS])
    assert judgement.label == "3"  # of three answers 4, two are refused
    assert judgement.solve_rate == 2 / 5
    assert [verdict.outcome for verdict in judgement.verdicts[3:]] == [Outcome.UNDECIDED] * 2
    assert {verdict.reason for verdict in judgement.verdicts[3:]} == {"refused: S9 (marked)"}
    assert judgement.evidence[RULINGS] == [None] * 3 + ["refused: S9 (marked)"] * 2


def test_the_verifier_does_not_see_it_and_cannot_reward_it():
    spy = Spy()
    played = game(spy).settle(game(spy).read([proposal("What is 1+2?")]), [ATTEMPTS])[0]
    assert spy.shown == [[*ATTEMPTS[:3], "", ""]]
    assert played.attempts == tuple(ATTEMPTS)  # the log has what was written
    assert played.solver_rewards == [1.0, 1.0, 1.0, 0.0, 0.0]
    assert played.judgement.solve_rate == 3 / 5


def test_the_policy_is_told_who_wrote_what_to_which_question():
    policy = Marked()
    played = game(policy=policy)
    played.settle(played.read([proposal("What is 1+2?"), proposal("What is 2+2?")]), [["a", "b"], ["c"]])
    assert policy.seen[:2] == [("challenger", proposal(f"What is {n}+2?"), "") for n in (1, 2)]
    answers = {"a": "What is 1+2?", "b": "What is 1+2?", "c": "What is 2+2?"}
    assert policy.seen[2:] == [("solver", text, question) for text, question in answers.items()]


def test_each_role_has_a_policy_of_its_own():
    only_solver, only_challenger = game(solver=Marked()), game(challenger=Single())
    assert only_solver.read([proposal(f"What is {BAD}?")])[0].question is not None
    assert only_challenger.read([proposal(f"What is {BAD}?")])[0].refused
    assert only_challenger.judge([Question("What is 1+2?")], [ATTEMPTS])[0].label == "4"


TEXTS = st.lists(st.sampled_from([r"\boxed{1}", r"\boxed{2}", "none", "", rf"{BAD} \boxed{{1}}", BAD]), max_size=8)


@given(st.lists(TEXTS, max_size=5))
def test_judged_with_a_policy_is_judged_with_empty_texts_in_place(groups):
    questions = [Question(f"What is {i}?") for i in range(len(groups))]
    emptied = [["" if BAD in text else text for text in group] for group in groups]
    plain = make_verifier("majority").judge_many(questions, emptied)
    found = ScreenedVerifier(make_verifier("majority"), Marked(), "solver").judge_many(questions, groups)
    for group, one, other in zip(groups, found, plain, strict=True):
        assert (one.label, one.solve_rate, one.valid) == (other.label, other.solve_rate, other.valid)
        for text, verdict, bare in zip(group, one.verdicts, other.verdicts, strict=True):
            assert verdict.outcome is Outcome.UNDECIDED if BAD in text else verdict == bare


class Broken:
    def __init__(self, found):
        self.found = found

    def check(self, text, role):
        return self.found

    def check_many(self, texts, role, asked=()):
        return self.found


@pytest.mark.parametrize("found", [None, [], [True], [ALLOWED, ALLOWED]])
def test_a_policy_that_breaks_its_contract_is_named(found):
    with pytest.raises(PluginError, match="the policy Broken"):
        rulings(Broken(found), ["text"], "solver")
    with pytest.raises(PluginError):
        check_policy(Broken(found))


@pytest.fixture
def marked():
    selfplay_gym.register_policy("test-marked", Single)
    yield "test-marked"
    selfplay_gym.core.registries.policies.unregister("test-marked")


@pytest.mark.parametrize("form", ["name", "dict", "live"])
def test_environments_take_a_policy(marked, form):
    policy = {"name": marked, "dict": {"name": marked}, "live": Marked()}[form]
    env = gym.make("SelfPlayMath-v0", policy=policy)
    env.reset(seed=0, options={"question": Question("What is 1+2?", "3")})
    _, reward, *_, info = env.step(rf"{BAD} \boxed{{3}}")
    assert (reward, info["verdict"].outcome, info["verdict"].reason) == (0.0, Outcome.UNDECIDED, "refused: S9 (marked)")
    env = gym.make("SelfPlayMath-v0", role="challenger", policy=policy, attempts=2)
    env.reset(seed=0)
    _, reward, *_, info = env.step(proposal(f"What is 1+2, {BAD}?"))
    assert (reward, info["question"], info["reward_terms"]) == (0.0, None, {"policy": 0.0})
    assert info["verdict"].reason == "refused: S9 (marked)"
    group = gym.make_vec("SelfPlayMath-v0", num_envs=5, policy=policy, verifier="majority")
    group.reset(seed=0)
    _, rewards, *_, info = group.step(tuple(ATTEMPTS))
    assert list(rewards) == [1.0, 1.0, 0.0, 0.0, 0.0]
    assert info["label"] == "3"


def test_no_game_asks_a_refused_question_whoever_writes_it():
    class Every:
        """A generator whose every second question is refused."""

        def generate(self, spec, rng):
            number = int(rng.random() * 1e6)
            return Question(f"{BAD} {number}+1" if number % 2 else f"What is {number}+1?", str(number + 1))

    for options in ({"generator": Every()}, {"generator": Every(), "source": "procedural"}, {"opponent": Writer()}):
        env = gym.make("SelfPlayMath-v0", policy=Marked(), reuse=1, **options)
        asked = [env.reset(seed=None if i else 0)[0] for i in range(20)]
        assert not any(BAD in text for text in asked)
        env = gym.make("SelfPlayMath-v0", reuse=1, **options)
        assert any(BAD in env.reset(seed=None if i else 0)[0] for i in range(20))


class Writer:
    """An opponent half of whose questions are refused."""

    def act(self, prompts, *, n=1, seed=None):
        texts = [proposal(f"What is {i + (seed or 0) % 1000}+2{f', {BAD}' * (i % 2)}?") for i in range(n)]
        return [list(texts) for _ in prompts]


def test_equal_seeds_give_equal_games_with_rules_and_without():
    def played(policy):
        env = gym.make("SelfPlayMath-v0", policy=policy)
        found = []
        for i in range(30):
            question, _ = env.reset(seed=None if i else 5)
            found.append((question, env.step(r"\boxed{7}")[1:]))
        return found

    assert played("rules") == played("none")
