"""What moves are credited with: by seat, and by running values of positions; and episodes that begin in the middle."""

import pytest

from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.registries import make_baseline, make_turn_game
from selfplay_gym.core.seeding import python_stream
from selfplay_gym.core.turns import Trajectory, Turn
from selfplay_gym.selfplay.run.turns import credit
from selfplay_gym.selfplay.run.turns.credit import ByPlayer, ByPosition
from selfplay_gym.selfplay.run.turns.episodes import Episodes
from selfplay_gym.selfplay.run.turns.legal_moves import check_opens, opened

KUHN = make_turn_game("kuhn")
ONE, TWO = KUHN.players


def episode(prompts, reward):
    """Players take turns; the first one gets `reward`, the other one loses it."""
    turns = tuple(Turn((ONE, TWO)[at % 2], prompt, "x") for at, prompt in enumerate(prompts))
    return Trajectory(turns, {ONE: reward, TWO: -reward}, "over")


def played(*episodes):
    return Episodes(
        list(episodes), moves=[(at, turn) for at, one in enumerate(episodes) for turn in range(len(one.turns))]
    )


def test_by_seat_every_move_of_a_player_has_its_reward():
    found = make_baseline("none").advantages(KUHN, played(episode("abc", 2.0), episode("ab", -1.0)))
    assert found == [2.0, -2.0, 2.0, -1.0, 1.0]
    means = make_baseline("rae(decay=0.5)")
    assert means.advantages(KUHN, played(episode("abc", 2.0), episode("ab", -1.0))) == [1.0, -1.0, 1.0, -1.0, 1.0]
    assert means.state_dict() == {"kuhn player_0": 0.0, "kuhn player_1": 0.0}


def known(values, **options):
    """Values of positions for the first player; for the other one the opposite."""
    found = ByPosition(**options)
    found.load_state_dict({credit._key(prompt): [value, -value] for prompt, value in values.items()})
    return found


@pytest.mark.parametrize(
    ("trace", "expected"),
    [
        (0.0, [0.25, 0.75, 1.0]),  # 0.5 - 0.25, -(-0.25 - 0.5), 0.75 - -0.25
        (1.0, [0.5, -0.25, 1.0]),  # 0.75 - 0.25, -(0.75 - 0.5), 0.75 - -0.25
        (0.5, [0.25 - 0.375 + 0.25, 0.75 - 0.5, 1.0]),
    ],
)
def test_a_move_is_worth_the_changes_of_value_that_follow(trace, expected):
    values = known({"a": 0.25, "b": 0.5, "c": -0.25}, trace=trace)
    assert values.advantages(KUHN, played(episode("abc", 0.75))) == pytest.approx(expected)


def test_only_moves_of_the_learner_are_credited_and_all_turns_teach_values():
    values = ByPosition(decay=0.5, trace=1.0)
    found = Episodes([episode("ab", 1.0)], moves=[(0, 1)])
    assert values.advantages(KUHN, found) == [-1.0]
    assert sorted(values.state_dict().values()) == [[0.5, -0.5], [0.5, -0.5]]


def test_a_position_that_is_visited_often_moves_as_by_one_visit_after_the_other():
    values = ByPosition(decay=0.5, trace=1.0)
    values.advantages(KUHN, played(*[episode("a", 1.0)] * 3))
    assert values.state_dict()[credit._key("a")] == pytest.approx([1 - 0.5**3, -(1 - 0.5**3)])


def test_values_of_random_play_are_those_of_the_game():
    """In tic-tac-toe whoever begins wins .585 and loses .288 of the games of random play."""
    game, rng, values = make_turn_game("tic-tac-toe"), python_stream(4), ByPosition(decay=0.999, trace=1.0)
    for _ in range(60):
        episodes = []
        for _ in range(50):
            state, turns = game.start(rng), []
            while (player := game.to_move(state)) is not None:
                move = rng.choice(game.legal(state))
                turns.append(Turn(player, game.prompt(state), move))
                state = game.move(state, move)
            episodes.append(Trajectory(tuple(turns), *game.result(state)))
        values.advantages(game, Episodes(episodes))
    first, second = values.state_dict()[credit._key(game.prompt(game.start(rng)))]
    assert first == pytest.approx(0.297, abs=0.06)
    assert second == pytest.approx(-first)


def test_what_is_remembered_survives_and_is_bounded(monkeypatch):
    monkeypatch.setattr(credit, "KEPT", 2)
    values = ByPosition()
    for prompt in "abac":
        values.advantages(KUHN, played(episode(prompt, 1.0)))
    assert [*values.state_dict()] == [credit._key("a"), credit._key("c")]  # b was not seen for the longest
    again = ByPosition()
    again.load_state_dict(values.state_dict())
    assert again.advantages(KUHN, played(episode("a", 0.0))) == values.advantages(KUHN, played(episode("a", 0.0)))


@pytest.mark.parametrize(
    ("setting", "decay", "trace"),
    [
        ("positions", 0.8, 0.5),
        ("positions(0.9)", 0.9, 0.5),
        ("positions(0, trace=1)", 0, 1),
        ("positions(0.9, 0)", 0.9, 0),
    ],
)
def test_options_of_values(setting, decay, trace):
    found = make_baseline(setting)
    assert (found.decay, found.trace) == (decay, trace)


def test_the_other_settings():
    assert isinstance(make_baseline("none"), ByPlayer)
    assert make_baseline("none").baseline is None
    assert make_baseline({"name": "rae", "decay": 0.9}).baseline.decay == 0.9


class Listless:
    """Over where it begins, or without a list of moves."""

    name, players = "listless", ("player_0",)

    def __init__(self, over):
        self.over = over

    def start(self, rng):
        return 0

    def to_move(self, state):
        return None if self.over else "player_0"

    def legal(self, state):
        return []


def test_a_game_that_is_over_where_it_begins_has_no_openings():
    assert opened(Listless(over=True), 0, 40, python_stream(2)) == 0
    check_opens(Listless(over=True), "roles.player.openings=3")


def test_openings_want_a_list_of_moves():
    with pytest.raises(ConfigError, match=r"openings=3 plays random legal moves, and listless lists none"):
        check_opens(Listless(over=False), "roles.player.openings=3")


@pytest.mark.parametrize("most", [0, 1, 4, 9, 40])
def test_openings_are_legal_and_leave_something_to_play(most):
    game, rng = make_turn_game("tic-tac-toe"), python_stream(2)
    made = []
    for _ in range(200):
        state = opened(game, game.start(rng), most, rng)
        assert game.to_move(state) is not None
        made.append(9 - len(game.legal(state)))
    assert max(made) <= min(most, 8)
    if most < 10:
        assert set(range(min(most, 6) + 1)) <= set(made)
