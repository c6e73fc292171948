"""The nearest of many texts is the nearest: against brute force, whatever the texts, and however they came in."""

import itertools
import random
from collections import Counter, defaultdict

import pytest

from selfplay_gym import make_generator
from selfplay_gym.core.records import TaskSpec
from selfplay_gym.envs.rewards import nearest
from selfplay_gym.envs.rewards.nearest import NearestTexts, Neighbour, as_compared

SENTENCE = "a train leaves the station at noon how far is it from town when 1/3 of x^2 apples are sold for $2.50 ?"
WORDS = SENTENCE.split()
HOSTILE = [
    "", " ", "\x00", "é" * 40, "e\u0301" * 9, "\ud800", "\U0010ffff" * 3, "what is 七加八", "สวัสดีครับ", "مرحبا كم",
    "İI", "ﬁ",
    "a" * 70_000, "ab " * 30_000, "1+1+1+1", "1+1+1", "What is 3+4?", "what  is 3 + 4 ?", "\n\t", "🧮🧮",
]  # fmt: skip


def counted(text):
    return Counter(itertools.pairwise([None, *as_compared(text).split(" "), None]))


def by_brute_force(texts, asked):
    """The greatest similarity of each to any text, all of which are compared."""
    others, having = [counted(text) for text in texts], defaultdict(list)
    for number, other in enumerate(others):
        for pair, count in other.items():
            having[pair].append((number, count))
    for own in map(counted, asked):
        shared = [0] * len(others)
        for pair, most in own.items():
            for number, count in having.get(pair, ()):
                shared[number] += min(most, count)
        yield max(2 * one / (own.total() + other.total()) for one, other in zip(shared, others, strict=True))


def written(count, seed):
    rng, generator = random.Random(seed), make_generator("mixed")
    for _ in range(count // 2):
        yield generator.generate(TaskSpec(rng.random()), rng).text
        yield " ".join(rng.choices(WORDS, k=rng.randint(1, 30)))


def test_a_thousand_nearest_ones_are_those_of_brute_force():
    texts, asked = [*written(1000, 0)], [*written(1000, 1)]
    found = NearestTexts(texts).nearest(asked)
    assert [one.similarity for one in found] == list(by_brute_force(texts, asked))
    for one, text in zip(found, asked, strict=True):
        assert one.similarity == next(by_brute_force([one.text], [text])) if one.text else one.similarity == 0.0


@pytest.mark.parametrize("seed", range(20))
def test_it_is_exact_on_odd_texts_in_any_number(seed):
    rng = random.Random(seed)
    letters = rng.choice(["ab", "ab ", "xyz  12+", "七八 a"])
    odd = ["".join(rng.choices(letters, k=rng.randint(0, 12))) for _ in range(rng.randint(1, 40))]
    texts = [*odd, *rng.sample(HOSTILE, 5)]
    asked = [*rng.sample(texts, 3), *rng.sample(HOSTILE, 5), *("".join(rng.choices(letters, k=5)) for _ in range(9))]
    assert [one.similarity for one in NearestTexts(texts).nearest(asked)] == list(by_brute_force(texts, asked))


def test_what_is_added_later_counts_like_what_was_there(monkeypatch):
    texts, asked = [*written(300, 2), *HOSTILE], [*written(100, 3), *HOSTILE]
    whole = [one.similarity for one in NearestTexts(texts).nearest(asked)]
    monkeypatch.setattr(nearest, "AT_ONCE", 7)
    grown = NearestTexts()
    for start in range(0, len(texts), 41):
        grown.add(texts[start : start + 41])
        grown.nearest(asked[:3])
    grown.add(texts[:5])
    assert [one.similarity for one in grown.nearest(asked)] == whole
    assert len(grown) == len({as_compared(text) for text in texts})


def test_equal_texts_are_nearest_and_blanks_and_case_are_no_difference():
    index = NearestTexts(["What is 12+7*3?", "Solve 3x+4=19."])
    assert index.nearest(["what IS 12 + 7*3 ?"]) == [Neighbour(1.0, "What is 12+7*3?")]
    (near,) = index.nearest(["What is 12+7*4?"])
    assert (near.text, near.similarity) == ("What is 12+7*3?", pytest.approx(14 / 18))
    assert index.nearest(["Ω"]) == [Neighbour(0.0, None)]
    assert index.nearest([]) == []


def test_an_empty_one_knows_nothing():
    assert NearestTexts().nearest(["a", ""]) == [Neighbour(0.0, None)] * 2
    assert len(NearestTexts([])) == 0
