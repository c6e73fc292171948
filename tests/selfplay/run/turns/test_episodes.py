"""Episodes of a turn game: every sample stands at its move, and seats take turns against somebody else."""

import pytest

from selfplay_gym.agents import LLMAgent
from selfplay_gym.core.errors import PluginError
from selfplay_gym.core.registries import make_agent, make_turn_game
from selfplay_gym.core.seeding import python_stream
from selfplay_gym.selfplay.run.turns.episodes import logged, play_episodes

GAMES = ["tic-tac-toe", "kuhn", "negotiation"]


class Scripted:
    """A model's interface around a scripted player: samples hold texts and no tokens."""

    def __init__(self, name: str) -> None:
        self.agent, self.seeds = make_agent(name), []

    def sample(self, prompts, *, n, seed):
        self.seeds.append(seed)
        return type("Texts", (), {"texts": self.agent.act(prompts, n=n, seed=seed)})()


def played(name, learner, others, seed=0, before=0):
    game = make_turn_game(name)
    rng = python_stream(seed, "starts")
    return play_episodes(game, [game.start(rng) for _ in others], learner, others, seed, before)


@pytest.mark.parametrize("name", GAMES)
def test_against_itself_all_moves_are_its_own(name):
    found = played(name, Scripted("random-legal"), [None] * 20)
    turns = [(at, turn) for at, one in enumerate(found.trajectories) for turn in range(len(one.turns))]
    assert sorted(found.moves) == turns
    assert found.played_as == [("player_0", "player_1")] * 20


@pytest.mark.parametrize("name", GAMES)
def test_against_others_seats_take_turns_and_only_its_own_moves_count(name):
    strangers = [make_agent("random-legal"), make_agent("negotiator")]
    others = [strangers[0]] * 10 + [None] * 5 + [strangers[1]] * 6
    found = played(name, Scripted("random-legal"), others)
    assert found.played_as[:10] == [("player_0",), ("player_1",)] * 5
    assert found.played_as[10:15] == [("player_0", "player_1")] * 5
    assert found.played_as[15:] == [("player_0",), ("player_1",)] * 3
    for at, one in enumerate(found.trajectories):
        own = [turn for turn, move in enumerate(one.turns) if move.player in found.played_as[at]]
        assert own == sorted(turn for where, turn in found.moves if where == at)


@pytest.mark.parametrize("counts", [(1,), (1, 1), (3, 1), (2,), (4, 5), (1, 2, 3)])
def test_seats_take_turns_over_calls_against_each_opponent(counts):
    """As if all calls were one; an even number of games against an opponent begins every call alike."""
    strangers = [make_agent("random-legal") for _ in counts]
    others = [one for one, count in zip(strangers, counts, strict=True) for _ in range(count)]
    calls = [played("kuhn", Scripted("random-legal"), others, before=before).played_as for before in range(4)]
    for stranger, count in zip(strangers, counts, strict=True):
        met = [[seat for (seat,), one in zip(call, others, strict=True) if one is stranger] for call in calls]
        assert [seat for call in met for seat in call] == ["player_0", "player_1"] * (2 * count)
        assert (met[0] == met[1]) == (count % 2 == 0)


@pytest.mark.parametrize("given", [[["a", "b"]], None, 5, [[None]], ["5"]])
def test_an_opponent_that_breaks_its_contract_is_named(given):
    class Broken:
        def act(self, prompts, *, n=1, seed=None):
            return given

    with pytest.raises(PluginError, match="the agent Broken must give a list of 1 texts for each of 1 prompts"):
        played("kuhn", Scripted("random-legal"), [Broken()])


def test_equal_seeds_give_equal_episodes_and_every_call_a_stream_of_its_own():
    one, other = Scripted("random-legal"), Scripted("random-legal")
    stranger = make_agent("random-legal")
    others = [stranger, None, stranger, None, None]
    assert played("kuhn", one, others, 3).trajectories == played("kuhn", other, others, 3).trajectories
    assert one.seeds == other.seeds
    assert len(set(one.seeds)) == len(one.seeds)
    assert played("kuhn", one, others, 4).trajectories != played("kuhn", other, others, 3).trajectories


def test_tokens_of_a_model_stand_at_its_moves():
    agent = LLMAgent.from_pretrained("tiny", max_new_tokens=4)
    found = played("kuhn", agent, [None] * 6)
    rows = [(ids, text) for call in found.samples for ids, (text,) in zip(call.prompt_ids, call.texts, strict=True)]
    assert len(rows) == len(found.moves) == 6  # its first move is illegal, which ends the game
    for (ids, text), (at, turn) in zip(rows, found.moves, strict=True):
        move = found.trajectories[at].turns[turn]
        assert agent.prompt_ids(move.prompt) == ids
        assert move.text == text
        assert move.note.startswith("illegal: ")


def test_a_logged_episode_holds_all_that_was_read_and_written():
    found = played("kuhn", Scripted("random-legal"), [None])
    row = logged(found.trajectories[0], episode=7)
    assert row["episode"] == 7
    assert [turn["text"] for turn in row["turns"]] == [turn.text for turn in found.trajectories[0].turns]
    assert all("Kuhn poker" in turn["prompt"] for turn in row["turns"])
    assert sum(row["rewards"].values()) == 0
