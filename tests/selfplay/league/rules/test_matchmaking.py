"""Who is met: weights by their formulas, mixtures by their shares, and draws in proportion."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.seeding import python_stream
from selfplay_gym.selfplay.league.rules.matchmaking import Opponent, draw_opponent, make_matchmaking, normalised

OPPONENTS = [Opponent("old", 0, 1.0), Opponent("equal", 4, 0.5), Opponent("strong", 2, 0.1), Opponent("new", 9, 0.9)]


@pytest.mark.parametrize(
    ("name", "weights"),
    [
        ("uniform", [1, 1, 1, 1]),
        ("latest", [0, 0, 0, 1]),
        ("pfsp", [0, 0.25, 0.81, 0.01]),
        ("pfsp(hard)", [0, 0.25, 0.81, 0.01]),
        ("pfsp(weighting=var)", [0, 0.25, 0.09, 0.09]),
        ("3*uniform + latest", [0.75, 0.75, 0.75, 1.75]),
    ],
)
def test_weights_are_those_of_the_formula(name, weights):
    assert make_matchmaking(name).weights(OPPONENTS) == pytest.approx(weights)


@pytest.mark.parametrize("name", ["uniform", "pfsp(var)", "0.5*pfsp + 0.5*latest"])
def test_opponents_are_drawn_in_proportion(name):
    made, rng = make_matchmaking(name), python_stream(0, "draws")
    drawn = Counter(draw_opponent(made, OPPONENTS, rng).name for _ in range(4000))
    for opponent, share in zip(OPPONENTS, normalised(made.weights(OPPONENTS)), strict=True):
        assert drawn[opponent.name] / 4000 == pytest.approx(share, abs=0.03)
        assert drawn[opponent.name] == 0 or share > 0


def test_where_nobody_has_a_weight_all_are_alike():
    beaten = [Opponent(str(i), i, 1.0) for i in range(4)]
    rng = python_stream(0, "alike")
    assert {draw_opponent(make_matchmaking("pfsp"), beaten, rng).name for _ in range(100)} == {"0", "1", "2", "3"}


chances = st.floats(0, 1)


@given(st.lists(chances, min_size=1, max_size=8), st.sampled_from(["uniform", "latest", "pfsp", "pfsp(var)"]), chances)
def test_a_draw_is_always_somebody_with_a_weight(values, name, mark):
    class Fixed:
        def random(self):
            return min(mark, 0.9999999999999999)

    opponents = [Opponent(str(i), i, value) for i, value in enumerate(values)]
    weights = normalised(make_matchmaking(name).weights(opponents))
    assert sum(weights) == pytest.approx(1)
    drawn = draw_opponent(make_matchmaking(name), opponents, Fixed())
    assert weights[int(drawn.name)] > 0


@pytest.mark.parametrize(
    ("name", "says"),
    [("pfps", "Did you mean 'pfsp'"), ("pfsp(weighting=sqare)", "weighting"), ("pfsp - 0.5*uniform", "shares above 0")],
)
def test_what_cannot_be_meant_is_refused(name, says):
    with pytest.raises(ConfigError, match=says):
        make_matchmaking(name)


def test_nobody_to_draw_is_an_error():
    with pytest.raises(ConfigError, match="no opponent"):
        draw_opponent(make_matchmaking("uniform"), [], python_stream(0))
