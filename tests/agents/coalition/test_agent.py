"""Several agents that answer as one: what wins, what a debate shows, and who is adjustable."""

import random
from itertools import permutations

import pytest

from selfplay_gym import exam, make_agent, make_domain
from selfplay_gym.core.errors import ConfigError, UnknownNameError
from selfplay_gym.core.math_language import answer
from selfplay_gym.core.turns.negotiation import show_table
from selfplay_gym.testing import check_agent

PROMPTS = [f"What is {a}+{b}?" for a in range(2, 8) for b in range(3, 13)]


class Says:
    """Answers every prompt through a function of it, and writes down what it read."""

    def __init__(self, reply, name="says"):
        self.reply, self.name, self.calls = reply, name, []

    def act(self, prompts, *, n=1, seed=None):
        self.calls.append((list(prompts), n))
        return [[self.reply(prompt)] * n for prompt in prompts]


class Greedy(Says):
    """Has a temperature."""

    def with_settings(self, *, temperature):
        return Greedy(lambda prompt: rf"at {temperature}: \boxed{{{temperature}}}", self.name)


def coalition(*members, **options):
    return make_agent("coalition", members=list(members), **options)


def says(*texts):
    return [Says(lambda prompt, text=text: text, f"{i}") for i, text in enumerate(texts)]


def right(agent, seed=0):
    texts = [group[0] for group in agent.act(PROMPTS, n=1, seed=seed)]
    return sum(text == rf"\boxed{{{answer(prompt)}}}" for prompt, text in zip(PROMPTS, texts, strict=True))


@pytest.mark.parametrize("how", ["majority", "weighted", "debate(turns=3)", "debate"])
def test_it_conforms(how):
    check_agent(coalition("noisy(accuracy=0.7)", "oracle", "echo", how=how))


def test_the_answer_of_the_most_members_is_given_in_the_words_of_one():
    assert coalition(*says(r"\boxed{7}", r"it is \boxed{7.0}", r"\boxed{8}")).act(["?"], n=2) == [[r"\boxed{7}"] * 2]


@pytest.mark.parametrize("how", ["majority", "weighted", "debate"])
def test_non_answers_do_not_win(how):
    assert coalition(*says("hm", "hm", r"\boxed{8}"), how=how).act(["?"]) == [[r"\boxed{8}"]]
    assert coalition(*says("hm", "what"), how=how).act(["?"]) == [["hm"]]  # nobody answers, and nor does it


HAND = "Kuhn poker: you hold Q.\nLegal moves: check, bet\nAnswer with a move."
TABLE = show_table((1, 3, 1), (2, 1, 4), (), 6)


@pytest.mark.parametrize("how", ["majority", "weighted"])
@pytest.mark.parametrize(
    ("prompt", "texts", "given"),
    [
        (HAND, ("check", "check", "bet"), "check"),
        (HAND, ("Check", r"so \boxed{check}", "bet"), "Check"),
        (HAND, ("raise", "raise", "check"), "check"),  # what is illegal is no vote
        (HAND, ("raise", "hm", "raise"), "raise"),
        (TABLE, ("<offer>3 hats, 1 ball</offer>", "<offer>1 ball, 3 hats</offer>!", "<offer>nothing</offer>"), None),
        (TABLE, ("<accept>", "<accept>", "<offer>nothing</offer>"), "<offer>nothing</offer>"),  # nothing was offered
        ("Say a word.", ("yesterday", "YESTERDAY ", "no"), "yesterday"),
        ("Say a word.", ("", " ", "yesterday"), "yesterday"),
        ("Say a word.", ("b", "a"), "a"),
        ("Say a word.", ("", "\n"), ""),
    ],
)
def test_moves_are_voted_on_and_where_nobody_answers_texts(prompt, texts, given, how):
    given = texts[0] if given is None else given
    for order in permutations(texts):
        assert coalition(*says(*order), how=how).act([prompt], n=2) == [[given] * 2]


def test_the_majority_of_each_completion_is_its_own():
    class Counts(Says):
        def act(self, prompts, *, n=1, seed=None):
            return [[self.reply(i) for i in range(n)] for _ in prompts]

    members = [Counts(lambda i: "check" if i else "bet"), Counts(lambda i: "check" if i else "bet"), *says("hm")]
    assert coalition(*members).act([HAND], n=3) == [["bet", "check", "check"]]


def test_members_of_one_name_all_vote():
    assert coalition(*(Says(lambda prompt, text=text: text, "x") for text in ("b", "b", "a"))).act(["?"]) == [["b"]]
    named = [Says(lambda prompt, text=t: text, name) for t, name in (("b", "x#2"), ("b", "x"), ("a", "x"))]
    assert coalition(*named).act(["?"]) == [["b"]]


@pytest.mark.parametrize("how", ["majority", "weighted"])
def test_the_order_of_the_members_does_not_matter(how):
    members, rng = ["noisy(accuracy=0.5)", "noisy(accuracy=0.2)", "random", "oracle"], random.Random(1)
    expected = coalition(*members, how=how).act(PROMPTS, n=3, seed=5)
    for _ in range(3):
        assert coalition(*rng.sample(members, 4), how=how).act(PROMPTS, n=3, seed=5) == expected


def test_several_that_err_elsewhere_are_better_than_one_and_weights_find_the_bad_ones():
    assert right(coalition(*["noisy(accuracy=0.6)"] * 5)) > right(make_agent("noisy", accuracy=0.6)) + 10
    liar = Says(lambda prompt: rf"\boxed{{{int(answer(prompt)) + 1}}}", "liar")
    members = ["noisy(accuracy=0.4)", "noisy(accuracy=0.4)", "noisy(accuracy=0.4)", "oracle", liar]
    mean = {how: sum(right(coalition(*members, how=how), seed) for seed in range(3)) for how in WAYS}
    assert mean["weighted"] > mean["majority"] + 10


WAYS = ("majority", "weighted")


def test_in_a_debate_each_reads_its_own_answer_and_those_of_the_others():
    members = says(r"\boxed{7}", r"\boxed{8}", "")
    coalition(*members, how="debate(turns=3)").act(["What is 3+4?"], n=2, seed=0)
    (first, n), (second, m), (third, _) = members[0].calls
    assert (first, n) == (["What is 3+4?"], 2)
    assert (len(second), m) == (2, 1)  # a debate for each completion
    assert second == third
    words = make_domain("math").template("plain").debate("What is 3+4?", r"\boxed{7}", [r"\boxed{8}", ""])
    assert second[0] == words
    assert words.startswith("What is 3+4?\n")
    assert words.index(r"\boxed{7}") < words.index("Others answered") < words.index(r"\boxed{8}")


def test_the_words_of_a_debate_leave_text_as_it_is():
    template = make_domain("math").template("plain")
    hostile = "{others} {own} \ud800 \\boxed{}"
    shown = template.debate("{asked}", hostile, [hostile, hostile, " "])
    assert shown.startswith("{asked}\n")
    assert shown.count(hostile) == 2  # its own, and the others' once
    assert "(no answer)" in template.debate("?", "", [])


def test_a_debate_can_change_what_wins():
    def follows(prompt):
        return r"\boxed{9}" if "Others answered" in prompt else r"\boxed{7}"

    members = [Says(follows, "a"), Says(follows, "b"), *says(r"\boxed{9}")]
    assert coalition(*members).act(["?"]) == [[r"\boxed{7}"]]
    assert coalition(*members, how="debate").act(["?"]) == [[r"\boxed{9}"]]


def test_it_is_greedy_where_all_members_can_be():
    both = coalition(Greedy(lambda prompt: "", "a"), Greedy(lambda prompt: "", "b"))
    assert both.with_settings(temperature=0).act(["?"]) == [[r"at 0: \boxed{0}"]]
    assert not hasattr(coalition(Greedy(lambda prompt: "", "a"), "oracle"), "with_settings")


def test_a_prompt_that_no_member_reads_is_unreadable():
    class Short(Says):
        def unreadable(self, prompts):
            return ["too long" if len(prompt) > 5 else None for prompt in prompts]

    members = Short(lambda prompt: "", "a"), Short(lambda prompt: "", "b")
    assert coalition(*members).unreadable(["?", "much longer"]) == [None, "too long"]
    assert coalition(members[0], "random").unreadable(["much longer"]) == [None]


def test_it_takes_an_exam_by_its_name():
    result = exam("coalition(members=[oracle, random, noisy(accuracy=0.9)])", questions=16, samples=2)
    assert result.accuracy.value > 0.8


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"members": []}, "at least one agent"),
        ({"how": "debate(turns=1)"}, "must be in 2"),
        ({"how": "debate(turns=99)"}, "must be in 2"),
        ({"how": "debate(2)"}, "is written debate"),
        ({"how": "debate(rounds=2)"}, "is written debate"),
        ({"how": "majority(turns=2)"}, "has no options"),
        ({"template": "plane"}, "plain"),
    ],
)
def test_what_cannot_be_is_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        make_agent("coalition", **{"members": ["oracle"], **options})
    with pytest.raises(UnknownNameError, match="weighted"):
        coalition("oracle", how="weigthed")
    with pytest.raises(UnknownNameError, match="oracle"):
        coalition("oracel")


def test_a_domain_without_words_for_a_debate_says_so(monkeypatch):
    monkeypatch.setattr("selfplay_gym.agents.coalition.agent.make_domain", lambda name: Wordless())
    with pytest.raises(ConfigError, match="no words for a debate"):
        coalition("oracle", how="debate")


class Wordless:
    def template(self, name):
        return object()
