"""What a challenger is asked for: the words, what its questions keep of them, and what it earns with them."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfplay_gym import (
    Judgement,
    Question,
    TaskSpec,
    Verdict,
    make_condition,
    make_curriculum,
    make_domain,
    make_reward,
    make_source,
    make_verifier,
)
from selfplay_gym.core.errors import ConfigError, UnknownNameError
from selfplay_gym.core.protocols import Draw
from selfplay_gym.core.records import Request, Reward, spec_of, with_spec
from selfplay_gym.core.seeding import python_stream
from selfplay_gym.envs.game.engine import Game
from selfplay_gym.envs.game.templates import Template
from selfplay_gym.envs.rewards.challenger import asked_rate, uncertainty
from selfplay_gym.envs.rewards.relevance import Relevance

MATH = make_domain("math")
PLAIN = MATH.template("plain").challenger
HARD = Question("What is 12+7*3-4+5?", "34", author="challenger")
GOOD = r"<question>What is 7*3-4?</question> \boxed{17}"


def game(template="plain", domain=MATH):
    return Game(domain, make_verifier("exact"), make_reward("r-zero"), template)


def judged(correct, attempts=10, valid=None):
    verdicts = [Verdict.correct("1")] * correct + [Verdict.wrong("2")] * (attempts - correct)
    return Judgement.of(verdicts, label="1", label_source="vote", valid=valid)


def requests_of(condition, n=200, seed=0, **draw):
    return make_condition(condition).requests(n, Draw(0, **draw), python_stream(seed, "test"))


# --- the words ---


def test_without_a_condition_every_group_reads_the_bare_instruction():
    assert requests_of("none", 3, unsolved=[HARD]) == [None] * 3
    assert game().instruct(None) == game().instruct() == game().instruct(Request()) == PLAIN


@pytest.mark.parametrize(("level", "digit"), [(0.0, "0"), (0.05, "0"), (0.35, "3"), (0.95, "9"), (1.0, "9")])
def test_a_level_is_a_digit_before_the_instruction_of_the_embedded_model(level, digit):
    assert game().instruct(Request(TaskSpec(level))) == f"{digit} {PLAIN}"


def test_an_unsolved_question_stands_between_the_instruction_and_itself():
    assert game().instruct(Request(near=HARD.text)) == f"{PLAIN}\n<question>{HARD.text}</question>\n{PLAIN}"


@pytest.mark.parametrize("domain", ["math", "code"])
def test_the_long_templates_say_both_in_words(domain):
    long = game("r-zero", make_domain(domain))
    level, near = long.instruct(Request(TaskSpec(0.25))), long.instruct(Request(near="What is 1+1?"))
    for text in (level, near):
        assert text.startswith(long.instruct())
    assert "about 75 should be right" in level
    assert "<question>What is 1+1?</question>" in near


@given(st.text(max_size=60))
def test_a_question_is_shown_as_it_is_whatever_it_holds(text):
    words = Template("Ask.", unsolved="{instruction}|{question}|{level}")
    assert words.instruct(Request(near=text)) == f"Ask.|{text}|{{level}}"
    assert words.instruct(Request(near="{instruction}{question}")) == "Ask.|{instruction}{question}|{level}"


def test_a_template_of_somebody_else_without_words_is_refused_with_the_remedy():
    class Words:
        challenger = "Ask."

    bare = game()
    bare.template = Words()
    assert bare.instruct() == "Ask."
    with pytest.raises(ConfigError, match=r"no words for conditions.*condition='none'"):
        bare.instruct(Request(TaskSpec(0.5)))


# --- what a question keeps ---


def test_a_question_keeps_what_its_author_was_asked_for_and_a_log_gives_it_back():
    spec = TaskSpec(0.35, "equation", {"arm": 3})
    asked = Request(spec, near=HARD.text)
    malformed, plain, marked = game().read(["nonsense", GOOD, GOOD], [asked, None, asked])
    assert malformed.question is None
    assert (plain.question.level, plain.question.meta) == (None, {})
    assert marked.question.meta["near"] == HARD.text
    again = replace(marked.question, meta=json.loads(json.dumps(marked.question.meta)))
    assert spec_of(again) == spec
    assert spec_of(again).meta == spec.meta


def test_a_spec_that_a_question_says_itself_leaves_no_trace():
    assert with_spec(HARD, TaskSpec(0.5)) == HARD
    assert spec_of(HARD) is None
    assert spec_of(replace(HARD, level=0.5)) == TaskSpec(0.5)


def test_there_is_a_request_for_every_text():
    with pytest.raises(ValueError, match="shorter"):
        game().read([GOOD, GOOD], [None])


class Scribe:
    """Writes the same question on every prompt, and remembers the prompts."""

    def __init__(self):
        self.asked = []

    def act(self, prompts, *, n=1, seed=None):
        self.asked.append((list(prompts), n))
        return [[GOOD] * n for _ in prompts]


def test_the_source_asks_each_question_on_a_request_of_its_own():
    scribe = Scribe()
    draw = Draw(3, round=2, game=game(), agents={"challenger": scribe}, condition=make_condition("level"))
    questions = make_source("challenger").draw(40, draw)
    ((prompts, n),) = scribe.asked
    assert (len(prompts), n) == (40, 1)
    assert len(set(prompts)) > 3
    assert [f"{int(10 * question.level)} {PLAIN}" for question in questions] == prompts
    assert make_source("challenger").draw(40, draw) == questions


def test_with_nothing_unsolved_yet_the_source_asks_as_ever():
    scribe = Scribe()
    draw = Draw(3, game=game(), agents={"challenger": scribe}, condition=make_condition("unsolved"))
    questions = make_source("challenger").draw(5, draw)
    assert scribe.asked == [([PLAIN], 5)]
    assert all(question.meta == {} for question in questions)


# --- level ---


def test_levels_are_drawn_evenly_from_the_solve_rates_asked_for():
    levels = [request.spec.level for request in requests_of("level(low=0.3, high=0.8)", 6000)]
    assert sorted(set(levels)) == [0.25, 0.35, 0.45, 0.55, 0.65]
    assert all(abs(levels.count(level) / 6000 - 0.2) < 0.03 for level in set(levels))
    assert requests_of("level", seed=1) == requests_of("level", seed=1) != requests_of("level", seed=2)


def test_the_curriculum_of_the_run_may_choose_the_level():
    curriculum = make_curriculum("bandit", bins=4)
    before = curriculum.state_dict()
    condition = make_condition("level(curriculum=true)")
    requests = condition.requests(50, Draw(0, curriculum=curriculum), python_stream(0, "test"))
    assert condition.follows_curriculum
    assert {request.spec.meta["arm"] for request in requests} == {0, 1, 2, 3}
    assert curriculum.state_dict() == before
    assert not make_condition("level").follows_curriculum
    with pytest.raises(ConfigError, match="needs a curriculum"):
        requests_of("level(curriculum=true)", 1)


@given(st.floats(0, 1), st.floats(0, 1))
def test_the_asked_rate_earns_most_and_both_ends_nothing(p, target):
    assert asked_rate(0.0, target) == asked_rate(1.0, target) == 0.0
    assert 0.0 <= asked_rate(p, target) <= 1.0
    assert asked_rate(min(0.95, max(0.05, target)), target) == pytest.approx(1.0)
    assert asked_rate(p, 0.5) == pytest.approx(uncertainty(p))


@given(st.floats(0.05, 0.95), st.floats(0, 1), st.floats(0, 1))
def test_nearer_to_the_asked_rate_from_the_same_side_earns_at_least_as_much(target, one, other):
    for end in (0.0, 1.0):
        near, far = sorted(
            [target + (end - target) * one, target + (end - target) * other], key=lambda p: abs(p - target)
        )
        assert asked_rate(near, target) >= asked_rate(far, target) - 1e-12


def test_under_a_level_the_asked_rate_takes_the_place_of_the_shape_and_the_rest_stays():
    rule = make_condition("level").rewarded(make_reward("r-zero"))
    easy, free = replace(HARD, level=0.25), HARD
    values = rule(
        [easy, easy, free, None, easy], [judged(5), judged(7), judged(7), None, judged(7, valid=False)], [()] * 5
    )
    repetition = 4 / 5
    assert values[0] == Reward(0.0, {"format": 1.0, "asked_rate": pytest.approx(2 / 3), "repetition": -repetition})
    assert values[1].terms["asked_rate"] == pytest.approx(0.7 / 0.75)
    assert values[2].terms["uncertainty"] == pytest.approx(0.6)
    assert (values[3].value, values[4].value) == (0.0, 0.0)
    (alone,) = rule([easy], [judged(7)], [()])
    assert alone == Reward(pytest.approx(0.7 / 0.75), {"format": 1.0, "asked_rate": pytest.approx(0.7 / 0.75)})


def test_a_level_needs_a_reward_with_a_shape():
    with pytest.raises(ConfigError, match="has none"):
        make_condition("level").rewarded(lambda questions, judgements, attempts: [])


@pytest.mark.parametrize(
    "wrong",
    [
        *("level(low=0)", "level(high=1)", "level(low=0.8, high=0.3)", "level(low=0.31, high=0.34)", "level(rate=2)"),
        *("unsolved(near=0.8, far=0.7)", "unsolved(near=-1)", "unsolved(far=2)", "unsolved(longest=0)"),
    ],
)
def test_conditions_that_cannot_work_are_refused(wrong):
    with pytest.raises(ConfigError):
        make_condition(wrong)


def test_a_typo_gets_a_suggestion():
    with pytest.raises(UnknownNameError, match="unsolved"):
        make_condition("unsolve")


# --- unsolved ---


def test_each_group_sees_one_of_the_unsolved_questions_that_are_not_too_long():
    others = [replace(HARD, text=f"What is {i}+1?") for i in range(3)]
    long = replace(HARD, text="What is 1" + "+1" * 100 + "?")
    shown = {request.near for request in requests_of("unsolved", unsolved=[*others, long])}
    assert shown == {question.text for question in others}
    assert requests_of("unsolved", 4, unsolved=[long]) == [None] * 4
    assert long.text in {request.near for request in requests_of("unsolved(longest=300)", unsolved=[long])}


def test_relevance_is_moderate_similarity():
    relevance = Relevance(0.2, 0.7)
    assert [relevance.of(s) for s in (0.0, 0.1, 0.2, 0.5, 0.7, 0.85, 1.0)] == pytest.approx([0, 0.5, 1, 1, 1, 0.5, 0])
    assert Relevance(0.0, 1.0).of(0.0) == Relevance(0.0, 1.0).of(1.0) == 1.0
    copy, relative, stranger = relevance([HARD.text, "What is 12+7*3?", "Solve for x"], [HARD.text] * 3)
    assert (copy, relative, stranger) == (pytest.approx(0.0, abs=1e-9), 1.0, 0.0)
    assert relevance([], []) == []


def test_a_relative_earns_the_usual_reward_and_a_copy_in_other_words_nothing():
    rule = make_condition("unsolved").rewarded(make_reward("azr"))
    texts = ["What is 12+7*3?", "Compute 12+7*3-4+5.", "Solve for x: y=1"]
    questions = [replace(HARD, text=text, meta={"near": HARD.text}) for text in texts] + [HARD, None]
    values = rule(questions, [judged(6)] * 4 + [None], [()] * 5)
    assert [value.value for value in values] == pytest.approx([0.4, 0.0, 0.0, 0.4, 0.0])
    assert [value.terms.get("relevance") for value in values] == [1.0, 0.0, 0.0, None, None]


def test_relevance_does_not_soften_a_penalty():
    rule = make_condition("unsolved").rewarded(make_reward("r-zero-code"))
    copies = [replace(HARD, meta={"near": HARD.text})] * 2
    assert [value.value for value in rule(copies, [judged(0)] * 2, [()] * 2)] == [-1.0, -1.0]
