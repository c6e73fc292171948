"""The classes of a vote: transitive, order-free, and no home for what is not an answer."""

import itertools
import json
import random
from fractions import Fraction
from pathlib import Path

import pytest

from selfplay_gym import Question, make_verifier
from selfplay_gym.verifiers.answers.equal import compare, no_oracle
from selfplay_gym.verifiers.answers.parsing.locate import is_non_answer, locate_vote
from selfplay_gym.verifiers.answers.policy import VOTE
from selfplay_gym.verifiers.ensembles.classes import _between, classify

DATA = Path(__file__).parents[2] / "data"


def vote(attempts, **options):
    return make_verifier("majority", timeout_s=0, **options).judge(Question("q"), attempts)


def rows(name):
    return [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]


def generated():
    """Answers of every kind that people write, many of them equal or nearly so."""
    for n in (-3, 2, 5, 18):
        yield from (
            str(n),
            f"{n}.0",
            f"${n}",
            f"\\${n}.00",
            f"{n} dollars",
            f"{n} hours",
            f"{n}\\%",
            f"{n}^\\circ",
            f"x = {n}",
        )
        yield from (
            f"\\frac{{{3 * n}}}{{3}}",
            f"{n} m",
            f"{n}00 cm",
            f"y={n}",
            f"\\sqrt{{{n * n}}}",
            f"{n}x",
            f"x+{n}",
            f"{n} apples",
        )
        yield from (f"x > {n}", f"({n}, \\infty)", f"[{n}, \\infty)", f"({n}, {n + 1})", f"{n},{n + 1}", f"{n + 1},{n}")
        yield from (
            f"\\{{{n},{n + 1}\\}}",
            f"({n + 1},{n})",
            f"[{n},{n + 1}]",
            f"{n} < x < {n + 1}",
            f"y = {n}x + 1",
            f"{n}:3",
        )
    for p, q in ((1, 3), (2, 3), (8, 3), (1, 7), (22, 7), (5, 8)):
        value = p / q
        yield from (
            f"{p}/{q}",
            f"\\frac{{{p}}}{{{q}}}",
            *(f"{value:.{k}f}" for k in (2, 3, 4, 5, 6, 8)),
            f"{value:.5f} m",
        )
        yield from (f"({p}/{q}, 1)", f"({value:.4f}, 1)", f"({value:.5f}, 1)")
    yield from (
        "A",
        "(A)",
        "\\text{A}",
        "A. 12",
        "12",
        "B",
        "no solution",
        "\\emptyset",
        "\\text{Yes}",
        "yes",
        "\\pi",
        "3.1416",
        "3.14159",
    )
    yield from (
        "\\begin{pmatrix}1\\\\2\\end{pmatrix}",
        "\\langle 1,2\\rangle",
        "(1,2)",
        "1,2",
        "i",
        "\\sqrt{-1}",
        "1+i",
        "90^\\circ",
        "\\frac{\\pi}{2}",
    )


def pool():
    answers = [row["gold"] for row in rows("equivalence.jsonl")] + [row["pred"] for row in rows("equivalence.jsonl")]
    answers += [answer for row in rows("answers_2.jsonl") if row["kind"] == "vote" for answer in row["attempt"]]
    answers += list(generated())
    return list(dict.fromkeys(answer for answer in answers if answer and len(answer) < 60))


def test_equality_under_the_policy_of_a_vote_is_transitive():
    answers = pool()
    assert len(answers) >= 400
    equal = {
        pair
        for pair in itertools.combinations(range(len(answers)), 2)
        if compare(answers[pair[0]], answers[pair[1]], VOTE, no_oracle)
    }
    neighbours = {}
    for a, b in equal:
        neighbours.setdefault(a, set()).add(b)
        neighbours.setdefault(b, set()).add(a)
    broken = [
        (answers[b], answers[a], answers[c])
        for a, around in neighbours.items()
        for b, c in itertools.combinations(sorted(around), 2)
        if (b, c) not in equal
    ]
    assert broken == []
    assert len(equal) > 200


def test_classes_do_not_depend_on_the_order():
    answers = pool()
    rng = random.Random(5)
    for _ in range(60):
        some = rng.sample(answers, 12)
        expected = classes_of(some)
        rng.shuffle(some)
        assert classes_of(some) == expected


def classes_of(answers):
    classes = classify(answers, VOTE, no_oracle)
    return {frozenset(a for a in classes if classes[a] == c) for c in classes.values()}


@pytest.mark.parametrize(
    ("answers", "sizes"),
    [
        (["18", "\\$18", "18 dollars", "\\$18.00", "20", "20", "20"], [4, 3]),
        (["6", "6 hours", "6\\text{ hours}", "7", "7"], [3, 2]),
        (["25", "25\\%", "25 percent", "1"], [3, 1]),
        (["18", "18 dollars", "18 hours"], [1, 1, 1]),  # who is meant?
        (["1", "100", "1 m", "100 cm"], [2, 1, 1]),  # two could be meant
        (["100", "1 m", "100 cm"], [3]),
        (["50\\%", "1/2", "0.5", "50"], [3, 1]),
        (["0.3333", "0.33333", "1/3", "0.333"], [3, 1]),
        (["0.6667", "2/3", "0.66667", "0.66666667", "0.6666"], [4, 1]),
        (["0.1234", "0.12345"], [1, 1]),
        (["0.0435", "1/23"], [2]),
        (["-0.3333", "-1/3", "1/3"], [2, 1]),
        (["0.1250", "0.125", "1/8"], [3]),
        (["(1/3, 1)", "(0.3333, 1)"], [2]),
        (["(1,2)", "1,2", "2,1", "(2,1)"], [2, 2]),
        (["1,2", "2,1", "\\{1,2\\}", "2, 1"], [4]),
        (["1,2", "2,1", "(1,2)"], [2, 1]),
        (["\\pi", "3.1416"], [1, 1]),
        (["5", "x=5", "y = 5"], [1, 1, 1]),
        (["x \\in [1,2]", "y \\in [1,2]", "y \\in [1, 2]"], [2, 1]),
        (["x \\in \\{5\\}", "y \\in \\{5\\}"], [1, 1]),
        (["x = (1,2)", "y = (1,2)", "x = (1, 2)"], [2, 1]),
        (["f(x) = 3x", "y = 3x"], [2]),
    ],
)
def test_what_a_reader_would_unite(answers, sizes):
    boxed = [f"\\boxed{{{answer}}}" for answer in answers]
    assert vote(answers).evidence["class_sizes"] == sizes
    assert vote(boxed).evidence["class_sizes"] == sizes


def test_a_policy_that_rounds_unites_what_it_rounds():
    sizes = vote(["8/3", "2.6667", "2.5", "5/2"], policy={"decimals": 4}).evidence["class_sizes"]
    assert sizes == [2, 2]


def test_an_oracle_that_fails_leaves_two_classes():
    def failing(left, right):
        raise RuntimeError("no memory")

    integrals = ["\\int_0^1 x dx", "\\int_0^1 (x + 0) dx"]
    assert len(set(classify([*integrals, "1/2"], VOTE, lambda left, right: True).values())) == 1
    assert len(set(classify([integrals[0], "1/2"], VOTE, failing).values())) == 2


def test_the_simplest_fraction_in_an_interval():
    for low, high, simplest in (
        ("0.33325", "0.33335", "1/3"),
        ("-0.5", "0.5", "0"),
        ("2.9", "3.1", "3"),
        ("-0.67", "-0.66", "-2/3"),
    ):
        assert _between(Fraction(low), Fraction(high)) == Fraction(simplest)


NON_ANSWERS = [
    "", " ", "hm", "Hmm...", "...", "…", "None", "none", "null", "nan", "N/A", "n/a", "The", "So", "I",
    "Let me think about it.", "?", "-",
    "$$", "\\boxed{}", "\\boxed{...}", "\\boxed{?}", "\\boxed{None}", "\\boxed{hm}", "\\boxed{The}",
    "\\boxed{\\text{your answer}}",
    "\\boxed{I do not know}", "I do not know", "I don't know.", "I cannot solve this.",
    "Sorry, I can't help with that.", "unknown",
    "I could not find the answer after 7 attempts.", "x cannot be 5", "It is not 5.", "Is the answer 5?",
    "What is 3+4?", "ok",
    "<think>so \\boxed{7}", "<think>\\boxed{7}</think>", "\\boxed{7}. No, that is wrong. \\boxed{",
    "The answer is unknown.",
    "The answer is not 5.", "The answer is", "Answer:", "####", "<answer></answer>", '{"answer": null}', "not 5",
    "5?", "As an AI model",
    "I tried 3 times and gave up.", "There are 3 steps. I am not sure.", "She has apples and 3 friends.",
    "等等", "我不知道",
    "Step", "The answer is \\boxed{", "**Answer:**", "\\text{hm}", "um", "Yes", "idk", "~", "\\", "{}", "[]", "()",
]  # fmt: skip


def test_non_answers_never_win_in_any_mixture():
    rng = random.Random(11)
    assert [text for text in NON_ANSWERS if locate_vote(text, "lenient") is not None] == []
    for _ in range(300):
        attempts = rng.choices(NON_ANSWERS, k=rng.randint(1, 12))
        nobody = vote(attempts)
        assert (nobody.label, nobody.valid, nobody.solve_rate) == (None, False, 0.0)
        assert nobody.evidence["non_answers"] == len(attempts)
        alone = vote([*attempts, "\\boxed{7}"])
        assert (alone.label, alone.correct_count) == ("7", 1)


@pytest.mark.parametrize(
    "text", ["hm", "The", "None", "N/A", "…", "I don't know", "?", "\\text{None}", "the answer", "unknown"]
)
def test_words_that_say_there_is_no_answer(text):
    assert is_non_answer(text)


@pytest.mark.parametrize(
    "text",
    [
        "not enough information", "cannot be determined", "your answer here", "insert answer", "see above", "skip",
        "it depends", "Not applicable", "No valid answer", "[number]", "XX", "xxx", "\\text{___}", "\\ldots", "\\star",
        "nil", "blank", "不知道", "无", "keine Ahnung", "모름", "0/0", "1/0", "\\frac{1}{0}", "\\square", "no clue",
    ],
)  # fmt: skip
def test_a_placeholder_or_a_refusal_never_becomes_the_label(text):
    assert vote([f"\\boxed{{{text}}}"] * 2 + ["\\boxed{5}"]).label == "5"


@pytest.mark.parametrize(
    "text", ["x+x", "a+n", "1/0.5", "x/10", "\\frac{0}{5}", "infinitely many", "无解", "\\pi", "N"]
)
def test_what_only_looks_like_a_placeholder_votes(text):
    assert vote([f"\\boxed{{{text}}}"] * 2 + ["\\boxed{5}"]).label == text


def test_a_box_that_was_cut_off_does_not_vote():
    assert vote(["\\boxed{7"] * 3 + ["\\boxed{8}"]).label == "8"


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "A",
        "x",
        "no solution",
        "does not exist",
        "\\emptyset",
        "∅",
        "\\infty",
        "undefined",
        "Yes",
        "\\{\\}",
        "-3",
        "Monday",
    ],
)
def test_words_that_are_answers(text):
    assert not is_non_answer(text)
    assert vote([f"\\boxed{{{text}}}"]).label is not None


@pytest.mark.parametrize(
    ("text", "votes"),
    [
        ("42", "42"), ("x = 42", "x = 42"), ("18 dollars", "18 dollars"), ("(C)", "(C)"), ("C", "C"), ("A. 12",
        "A. 12"),
        ("2x+1", "2x+1"), ("\\frac12", "\\frac12"), ("The answer is 42.", "42"), ("Answer: Yes",
        "Yes"), ("#### 42", "42"),
        ("<answer>no</answer>",
        "no"), ("So she has 42 left.", None), ("Yes", None), ("xy", None), ("42<|im_end|>", "42"),
    ],
)  # fmt: skip
def test_who_may_vote(text, votes):
    assert locate_vote(text, "lenient") == votes
    assert locate_vote(text, "strict") is None
