"""Matching in one pass finds what trying every combination of phrases finds."""

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from selfplay_gym.verifiers.output_policy.matching import GAP, MARGIN, Matcher, Rule
from selfplay_gym.verifiers.output_policy.words import STOP, closed_up, words_of

GROUPS = {"a": ["apple", "red apple"], "b": ["box", "apple"], "c": ["cut"], "x": ["toy", "toy box"]}
RULES = [
    Rule("S1", "two", (frozenset("a"), frozenset("b")), 5),
    Rule("S2", "two, exempt", (frozenset("b"), frozenset("c")), 6, frozenset("x")),
    Rule("S3", "three", (frozenset("ac"), frozenset("b"), frozenset("c")), 9, frozenset("x")),
]


def phrases_in(words):
    """(first place, last place, groups) of every phrase of a text, found by comparing words."""
    places, place = [], 0
    for at, word in enumerate(words):
        places.append(place)
        place += 1 if word != STOP else GAP if at and words[at - 1] != STOP else 0
    found = {}
    for group, phrases in GROUPS.items():
        for phrase in phrases:
            size = len(phrase.split())
            for at in range(len(words) - size + 1):
                if words[at : at + size] == phrase.split():
                    found.setdefault((places[at], places[at + size - 1]), set()).add(group)
    return sorted((*ends, groups) for ends, groups in found.items())


def matches(rule, text):
    """Whether any choice of phrases, in order, satisfies the rule, in the text as it stands or closed up."""
    words = words_of(text)
    return any(matches_in(rule, found) for found in (words, closed_up(text, words)) if found is not None)


def matches_in(rule, words):
    hits = phrases_in(words)
    exempt = [(begin, end) for begin, end, groups in hits if groups & rule.exempt]
    for chosen in combinations(hits, len(rule.steps)):
        if not all(groups & step for (_, _, groups), step in zip(chosen, rule.steps, strict=True)):
            continue
        first, last = chosen[0][0], chosen[-1][1]
        if any(end - first >= rule.window for _, end, _ in chosen[1:]) or chosen[0][1] - first >= rule.window:
            continue
        if not any(begin <= last + MARGIN and end >= first - MARGIN for begin, end in exempt):
            return True
    return False


WORDS = st.sampled_from(["apple", "red", "box", "cut", "toy", "the", ".", "of", "old"])


@settings(deadline=None, max_examples=500)
@given(st.lists(WORDS, max_size=24))
def test_a_rule_is_found_where_some_choice_of_phrases_satisfies_it(words):
    text = " ".join(words)
    for rule in RULES:
        found = Matcher(GROUPS, [rule]).first(text)
        assert (found is not None) == matches(rule, text), (rule.name, text)


@settings(deadline=None)
@given(st.lists(WORDS, max_size=24))
def test_of_several_rules_one_that_matches_is_given(words):
    text = " ".join(words)
    found = Matcher(GROUPS, RULES).first(text)
    assert (found is None) == (not any(matches(rule, text) for rule in RULES))
    assert found is None or matches(found, text)


def test_an_exempt_word_counts_before_inside_and_behind():
    matcher = Matcher(GROUPS, RULES[1:2])
    assert matcher.first("box and cut") is RULES[1]
    for text in ("toy box and cut", "box toy cut", "box and cut of a toy", f"box cut {'the ' * (MARGIN - 1)}toy"):
        assert matcher.first(text) is None
    assert matcher.first(f"box cut {'the ' * MARGIN}toy") is RULES[1]
    assert matcher.first(f"box and cut {'the ' * MARGIN}toy . box cut toy") is RULES[1]


def test_sentences_are_apart():
    matcher = Matcher(GROUPS, RULES[1:2])
    assert matcher.first("a box to cut")
    assert matcher.first("A box. Cut it!") is None
    assert matcher.first("A box? ... Cut it!") is None


def test_unless_they_have_one_word():
    matcher = Matcher(GROUPS, RULES[1:2])
    for text in ("A. box. to. cut", "Box. Cut.", "One old box. Cut!"):
        assert matcher.first(text) is RULES[1]


@given(st.lists(st.sampled_from([*"abcde", ".", "box", "cut"]), max_size=30))
def test_letters_set_apart_are_the_known_words_in_them(pieces):
    words = words_of(" ".join(pieces), {"abc", "abcd", "dea"})
    assert "".join(words) == "".join(pieces)
