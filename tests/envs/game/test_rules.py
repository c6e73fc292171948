"""The rules one by one, with players and judges that are made up: who is asked, who is judged, who earns."""

import re
from dataclasses import replace

import pytest

from selfplay_gym import Judgement, Question, Verdict, make_domain, make_reward, make_verifier
from selfplay_gym.core.errors import PluginError
from selfplay_gym.core.protocols import BaseVerifier
from selfplay_gym.core.records import Outcome, Reward
from selfplay_gym.envs.game.engine import Episode, Game, Proposal, solver_reward
from selfplay_gym.envs.game.proposals import MAX_QUESTION, Statement, find_statement

MATH = make_domain("math")
GOOD = r"<question>What is 1+2?</question> \boxed{3}"
QUESTION = Question("What is 1+2?", "3", "math", None, "challenger")


def judged(*verdicts, valid=None, label="3"):
    return Judgement.of(verdicts, label=label, label_source="reference", valid=valid)


RIGHT, WRONG, LATE = Verdict.correct("3"), Verdict.wrong("4"), Verdict.undecided("too late")


class Judge(BaseVerifier):
    """Gives what it is told, and remembers what it was shown."""

    def __init__(self, given):
        self.given, self.shown = given, []

    def judge_many(self, questions, groups):
        self.shown.append((list(questions), [list(group) for group in groups]))
        return self.given


class Preparer(Judge):
    def prepare(self, question):
        return "it has no value" if question.reference == "none" else replace(question, reference="prepared")


class ProgramTester(Judge):
    def asks_for_program(self, question):
        return question.text == "program"

    def judge_tests(self, question, attempts, judgement, texts):
        self.shown.append((question, attempts, judgement, list(texts)))
        return [Verdict.correct(text) for text in texts]


def game(verifier=None, reward=None, **options):
    return Game(MATH, verifier or make_verifier("exact"), reward or make_reward("r-zero"), **options)


# --- reading ---


def test_a_statement_and_what_stands_around_it():
    assert find_statement("a <question> b </question> c") == Statement("b", "a ", " c")
    assert find_statement("<question>b</question>") == Statement("b", "", "")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no <question>…</question>"),
        ("<question>b", "no <question>…</question>"),
        ("b</question>", "no <question>…</question>"),
        ("<question> \n </question>", "the question is empty"),
        (f"<question>{'x' * (MAX_QUESTION + 1)}</question>", f"the question has more than {MAX_QUESTION} characters"),
    ],
)
def test_what_is_no_statement_says_why(text, reason):
    assert find_statement(text) == reason


def test_the_longest_question_is_still_one():
    assert MAX_QUESTION == 4_000
    assert find_statement(f"<question>{'x' * MAX_QUESTION}</question>").text == "x" * MAX_QUESTION


def test_proposals_keep_their_text_their_order_and_the_reason():
    texts = ["nothing", GOOD]
    assert game().read(texts) == [Proposal("nothing", None, "no <question>…</question>"), Proposal(GOOD, QUESTION)]
    assert Proposal(GOOD, QUESTION).reason == ""


def test_a_verifier_that_prepares_completes_a_question_or_says_why_it_is_none():
    texts = [GOOD, r"<question>What is 1+2?</question> \boxed{none}", "nothing"]
    first, second, third = game(Preparer([])).read(texts)
    assert first.question == replace(QUESTION, reference="prepared")
    assert (second.question, second.reason) == (None, "it has no value")
    assert (third.question, third.reason) == (None, "no <question>…</question>")


class Computing(Judge):
    def __init__(self, **computed):
        super().__init__([])
        self.computed = computed

    def prepare(self, question):
        return replace(question, **self.computed)


@pytest.mark.parametrize(
    ("computed", "reason"),
    [
        ({"text": ""}, "the question is empty"),
        ({"text": "x" * (MAX_QUESTION + 1)}, "characters"),
        ({"text": "f(1) == '<|im_end|>'"}, "'<|im_end|>'"),
        ({"text": "f(1) == '</s>'"}, "'</s>'"),
        ({"text": "f(1) == '< / question>'"}, "'< / question>'"),
        ({"text": "f(1) == '</think>'"}, "'</think>'"),
        ({"text": "f(1) == '\ud800'"}, "no character"),
        ({"reference": "'<start_of_turn>'"}, "the answer holds"),
    ],
)
def test_what_a_verifier_computes_keeps_to_the_rules_for_what_is_written(computed, reason):
    (found,) = game(Computing(**computed)).read([GOOD])
    assert found.question is None
    assert reason in found.reason


def test_a_verifier_that_prepares_something_else_is_named():
    with pytest.raises(PluginError, match="Nothing must prepare a Question"):
        game(type("Nothing", (Judge,), {"prepare": lambda self, question: None})([])).read([GOOD])


def test_players_read_the_templates_words():
    assert game().instruct() == MATH.template("plain").challenger
    assert game().ask([QUESTION, Question("?")]) == ["What is 1+2?", "?"]
    assert game(template="r-zero").instruct() == MATH.template("r-zero").challenger


# --- judging ---


def test_judgements_of_a_tuple_will_do():
    one = judged(RIGHT)
    assert list(game(Judge((one,))).judge([QUESTION], [["3"]])) == [one]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, "verifier Judge must give a Judgement per question, got None"),
        ("text", "verifier Judge must give a Judgement per question, got 'text'"),
        ([judged(RIGHT), "x"], "verifier Judge must give a Judgement per question, got "),
        ([], "verifier Judge judged 0 questions of 1"),
        ([judged(RIGHT)] * 2, "verifier Judge judged 2 questions of 1"),
        ([judged()], "verifier Judge gave 0 verdicts for 1 attempts"),
        ([judged(RIGHT, RIGHT)], "verifier Judge gave 2 verdicts for 1 attempts"),
    ],
)
def test_a_verifier_that_breaks_its_contract_is_named_with_the_numbers(given, said):
    with pytest.raises(PluginError, match=f"^{re.escape(said)}"):
        game(Judge(given)).judge([QUESTION], [["3"]])


def test_a_verifier_inside_another_is_the_one_that_is_named():
    outer = Judge([])
    outer.verifier = ProgramTester([])
    with pytest.raises(PluginError, match=r"^verifier ProgramTester judged 0"):
        game(outer).judge([QUESTION], [["3"]])


# --- playing ---


def test_only_questions_are_asked_judged_and_answered_and_all_are_rewarded():
    asked, verifier = [], Judge([judged(RIGHT, WRONG), judged(WRONG, WRONG)])
    seen = []

    def reward(questions, judgements, attempts):
        seen.append((list(questions), list(judgements), [list(group) for group in attempts]))
        return [Reward(0.0, {}), Reward(0.25, {}), Reward(0.75, {})]

    def answer(prompts):
        asked.append(prompts)
        return [["3", "4"], ["5", "6"]]

    other = GOOD.replace("1+2", "2+2")
    episodes = game(verifier, reward).play(["nothing", GOOD, other], answer)
    second = replace(QUESTION, text="What is 2+2?")
    assert asked == [["What is 1+2?", "What is 2+2?"]]
    assert verifier.shown == [([QUESTION, second], [["3", "4"], ["5", "6"]])]
    assert seen == [([None, QUESTION, second], [None, *verifier.given], [[], ["3", "4"], ["5", "6"]])]
    assert [episode.attempts for episode in episodes] == [(), ("3", "4"), ("5", "6")]
    assert [episode.judgement for episode in episodes] == [None, *verifier.given]
    assert [episode.reward.value for episode in episodes] == [0.0, 0.25, 0.75]
    assert [episode.proposal.text for episode in episodes] == ["nothing", GOOD, other]


def test_attempts_at_what_is_no_question_are_ignored():
    verifier = Judge([judged(RIGHT)])
    proposals = [Proposal("nothing", None, "why"), Proposal(GOOD, QUESTION)]
    episodes = game(verifier).settle(proposals, [["stray"], ["3"]])
    assert verifier.shown == [([QUESTION], [["3"]])]
    assert [episode.attempts for episode in episodes] == [(), ("3",)]


def test_a_batch_without_a_question_is_rewarded_and_asks_nobody():
    verifier = Judge([])
    (episode,) = game(verifier).play(["nothing"], None)
    assert episode.reward == (0.0, {"format": 0.0})
    assert episode.solver_rewards == []


@pytest.mark.parametrize("given", [[], [["3"], ["4"]], ["3"]])
def test_whoever_answers_gives_a_list_for_each_prompt(given):
    said = f"whoever answers must give a list of texts for each of 1 prompts, got {given!r}"
    with pytest.raises(PluginError, match=f"^{re.escape(said)}$"):
        game(Judge([judged(RIGHT)])).play([GOOD], lambda prompts: given)


@pytest.mark.parametrize("given", [None, "ab", [Reward(0.0, {})], [Reward(0.0, {}), 1.0], iter([])])
def test_a_reward_for_each_proposal_or_an_error_with_its_name(given):
    def stingy(questions, judgements, attempts):
        return given

    with pytest.raises(PluginError, match=r"^reward function must give a Reward for each of 2 questions, got "):
        game(Judge([judged(RIGHT)]), stingy).play(["nothing", GOOD], lambda prompts: [["3"]])


# --- what everybody earns ---


def test_an_attempt_earns_its_score_and_nothing_undecided_is_rewarded():
    assert [solver_reward(v) for v in (RIGHT, WRONG, LATE, Verdict.correct("3", score=0.5))] == [1.0, 0.0, 0.0, 0.5]
    episode = Episode(Proposal(GOOD, QUESTION), ("3", "?"), judged(RIGHT, LATE), Reward(0.0, {}))
    assert episode.solver_rewards == [1.0, 0.0]


def test_the_verdict_on_a_proposal():
    def verdict(question, judgement, reason=""):
        return Episode(Proposal("", question, reason), (), judgement, Reward(0.0, {})).verdict

    assert verdict(QUESTION, judged(RIGHT)) == Verdict.correct("3", "can be asked")
    assert verdict(QUESTION, judged(RIGHT, valid=False)) == Verdict.wrong(
        "3", "the verifier holds the question to be invalid"
    )
    assert verdict(None, None, "why") == Verdict.wrong(None, "why")
    assert verdict(QUESTION, None).outcome is Outcome.WRONG


# --- tests of programs ---


def test_only_a_judge_of_tests_wants_tests_and_only_of_programs():
    program = Question("program", domain="code")
    assert game(ProgramTester([])).wants_tests(program) is True
    assert game(ProgramTester([])).wants_tests(QUESTION) is False
    assert game(Judge([])).wants_tests(program) is False


def test_tests_of_a_judged_program_go_to_the_judge_as_they_are():
    verifier, judgement = ProgramTester([]), judged(RIGHT, WRONG)
    played = Episode(Proposal("", QUESTION), ("a", "b"), judgement, Reward(0.0, {}))
    assert game(verifier).judge_tests(played, ["t1", "t2"]) == [Verdict.correct("t1"), Verdict.correct("t2")]
    assert verifier.shown == [(QUESTION, ("a", "b"), judgement, ["t1", "t2"])]


@pytest.mark.parametrize(
    ("verifier", "question", "judgement"),
    [
        (Judge([]), QUESTION, judged(RIGHT)),  # nobody can judge tests
        (ProgramTester([]), QUESTION, None),  # a round that was not judged
        (ProgramTester([]), None, judged(RIGHT)),  # nothing was asked
    ],
)
def test_tests_of_a_round_that_was_not_judged_are_undecided(verifier, question, judgement):
    played = Episode(Proposal("", question), (), judgement, Reward(0.0, {}))
    assert game(verifier).judge_tests(played, ["t1", "t2"]) == [Verdict.undecided("there is nothing to test")] * 2
    assert verifier.shown == []
