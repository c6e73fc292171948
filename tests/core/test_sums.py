"""Weighted sums as text and as lists: what is written is read, what cannot be read is refused with its place."""

import math
import random

import pytest

from selfplay_gym.core.errors import ConfigError, UnknownNameError
from selfplay_gym.core.sums import LARGEST, MOST_PARTS, Part, finite_total, is_sum, parse_sum, read_terms, write_sum

NAMES = ("r-zero", "r-zero-code", "4p(1-p)", "peak", "novelty", "length", "a.b", "größe")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("peak", [(1.0, "peak")]),
        ("  peak + 0.2*novelty - 0.1 * length(most=200) ", [(1, "peak"), (0.2, "novelty"), (-0.1, "length(most=200)")]),
        ("peak-0.5*r-zero-code", [(1, "peak"), (-0.5, "r-zero-code")]),
        ("r-zero-peak", [(1, "r-zero"), (-1, "peak")]),
        ("2*4p(1-p)(repetition=1)-4p(1-p)", [(2, "4p(1-p)(repetition=1)"), (-1, "4p(1-p)")]),
        ("-.5*length+1e-3*peak", [(-0.5, "length"), (0.001, "peak")]),
        ('3.*my.module:Mine(a=[1, (2)], b="x)*") + größe', [(3, 'my.module:Mine(a=[1, (2)], b="x)*")'), (1, "größe")]),
        ("peak (peak=0.5)", [(1, "peak (peak=0.5)")]),
        ("peak\n+\tlength", [(1, "peak"), (1, "length")]),
    ],
)
def test_a_sum_is_read(text, parts):
    assert parse_sum(text, NAMES) == [Part(float(weight), term) for weight, term in parts]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "character 1"),
        ("peak +", "character 7"),
        ("peak + + length", "character 8"),
        ("peak length", r"character 6.*expected \+ or -"),
        ("0.2 peak", "weight stands in front"),
        ("peak * 2", r"character 6"),
        ("2 * ", "expected a term"),
        ("0*peak", "not 0"),
        ("1e999*peak", "inf"),
        (f"{LARGEST * 2}*peak", "1e"),
        ("peak + length(most=3", "not closed"),
        ("peak + (length)", "expected a term"),
        ("+".join(["peak"] * (MOST_PARTS + 1)), "at most"),
        ("nan*peak", "nan"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(text, says):
    with pytest.raises(ConfigError, match=says):
        parse_sum(text, NAMES)


def test_an_unknown_term_is_named_with_the_nearest_one_and_its_place():
    with pytest.raises(UnknownNameError, match=r"'noveltie'. Did you mean 'novelty'.*character 12"):
        parse_sum("peak + 0.2*noveltie", NAMES)


def test_lists_and_tables_say_the_same():
    listed = read_terms(
        [
            "peak",
            {"term": "novelty", "weight": 0.2},
            "-0.1*length",
            {"term": {"name": "length", "most": 7}, "weight": -2},
        ],
        NAMES,
    )
    assert listed == parse_sum("peak + 0.2*novelty - 0.1*length - 2*length(most=7)", NAMES)
    assert read_terms("peak", NAMES) == [Part(1.0, "peak")]


@pytest.mark.parametrize(
    "terms",
    [
        [], 3, None, [3], [["peak"]], [{"weight": 1}], [{"term": "peak", "factor": 2}], [{"term": 3}],
        [{"term": "peak", "weight": "much"}], [{"term": "peak", "weight": True}], [{"term": "peak", "weight": 0}],
        [{"term": "peak", "weight": float("nan")}], ["peak"] * (MOST_PARTS + 1), {"peak": 1.0},
    ],
)  # fmt: skip
def test_terms_that_cannot_be_are_refused(terms):
    with pytest.raises(ConfigError):
        read_terms(terms, NAMES)


def test_what_is_written_is_read_again():
    rng = random.Random(0)
    options = ["", "(peak=0.5)", '(archive={"weight": 1, "from_round": 2})', "(a=[1, (2)], b=c)"]
    for _ in range(500):
        parts = [
            Part(
                rng.choice([1.0, -1.0, rng.uniform(-3, 3), 10 ** rng.uniform(-9, 5)]),
                rng.choice(NAMES) + rng.choice(options),
            )
            for _ in range(rng.randint(1, 6))
        ]
        assert parse_sum(write_sum(parts), NAMES) == parts


def test_any_text_is_read_or_refused():
    rng = random.Random(1)
    pieces = [
        *NAMES,
        "+",
        "-",
        "*",
        "0.2",
        "(",
        ")",
        " ",
        "=",
        ",",
        '"',
        "'",
        ":",
        "é",
        "\x00",
        "٣",
        "²",
        "\ud800",
        "e9",
    ]
    outcomes = set()
    for _ in range(3000):
        text = "".join(rng.choices(pieces, k=rng.randint(0, 9)))
        is_sum(text, NAMES)
        try:
            parts = parse_sum(text, NAMES)
            assert parse_sum(write_sum(parts), NAMES) == parts
            outcomes.add(True)
        except ConfigError:
            outcomes.add(False)
    assert outcomes == {True, False}


def test_a_huge_text_is_refused_soon():
    for text in (
        "peak+" * 200_000,
        "(" * 1_000_000,
        "peak(" + "[" * 500_000,
        "1" * 1_000_000 + "*peak",
        "p" * 1_000_000,
    ):
        with pytest.raises(ConfigError):
            parse_sum(text, NAMES)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("peak", False), ("peak(peak=0.5)", False), ("4p(1-p)", False), ("4p(1-p)(repetition=1)", False),
        ("r-zeroo", False),
        ("my.module:Mine(a=1 - 2)", False), ("peak + length", True), ("-peak", True), ("2*peak", True),
        ("peak-length", True),
        ("paek + length", True), ("file(path=a + b)", False),
    ],
)  # fmt: skip
def test_a_sum_is_told_from_a_name(text, answer):
    assert is_sum(text, NAMES) is answer


@pytest.mark.parametrize("weight", [10**400, -(10**400), 10**7, float("inf"), float("-inf"), float("nan")])
def test_a_weight_of_any_size_is_refused_and_not_made_a_float(weight):
    with pytest.raises(ConfigError, match="the weight of the term 'peak' must be between"):
        read_terms([{"term": "peak", "weight": weight}], NAMES)


@pytest.mark.parametrize("digits", ["２", "٢", "२"])
def test_a_weight_is_written_in_plain_digits(digits):
    with pytest.raises(ConfigError):
        parse_sum(f"{digits}*peak", NAMES)


@pytest.mark.parametrize("weights", [[1e308, 1e308], [10**400], [math.inf], [math.inf, -math.inf], [math.nan]])
def test_weights_that_a_float_cannot_hold_have_no_total(weights):
    assert finite_total(weights) is None
    assert finite_total([0.1, 10**300]) == 1e300
