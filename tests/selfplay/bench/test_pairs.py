import json

import pytest

from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.registries import make_agent
from selfplay_gym.core.seeding import python_stream
from selfplay_gym.selfplay.bench.pairs import pair_table, play_pair


class AmbiguousChallenger:
    """The planted flaw: well-formed questions with two answers, which earn well because the vote is torn."""

    def act(self, prompts, *, n=1, seed=None):
        text = r"<question>Which number has the square {}?</question> \boxed{{{}}}"
        return [[text.format(i * i, i) for i in range(n)] for _ in prompts]


class EitherRoot:
    """A competent solver of such questions: gives one of the two right answers."""

    def act(self, prompts, *, n=1, seed=None):
        rng = python_stream(seed, "roots")
        return [[rf"\boxed{{{'-' if rng.random() < 0.5 else ''}{len(p)}}}" for _ in range(n)] for p in prompts]


class Rambler:
    def act(self, prompts, *, n=1, seed=None):
        return [["no question at all"] * n for _ in prompts]


def test_a_challenger_of_ambiguous_questions_is_caught():
    result = play_pair(AmbiguousChallenger(), EitherRoot())
    assert result.uncertainty > 0.7  # the game rewards it well
    assert result.reward_accuracy == 0.0
    assert result.readable_share == 0.0
    assert result.stability < 0.7
    assert any("ambiguous" in note for note in result.warnings())


@pytest.mark.parametrize("accuracy", [0.4, 0.6])
def test_hard_questions_with_one_answer_are_not_called_ambiguous(accuracy):
    result = play_pair(make_agent("generator"), make_agent("noisy", accuracy=accuracy))
    assert result.warnings() == []
    assert result.stability > 0.9
    assert result.label_accuracy.value > 0.9
    assert result.solver_accuracy.low <= accuracy <= result.solver_accuracy.high
    assert result.reward_accuracy > 0.9


def test_malformed_proposals_are_counted_and_not_asked():
    result = play_pair(Rambler(), make_agent("oracle"))
    assert result.well_formed_share == 0.0
    assert result.questions == []
    assert "malformed" in result.warnings()[0]


def test_an_oracle_makes_every_question_easy():
    result = play_pair(make_agent("generator"), make_agent("oracle"))
    assert result.solve_rate.value == 1.0
    assert result.uncertainty == 0.0
    assert all(result.stable)


def test_pairs_rank_challengers_by_level_and_solvers_by_skill():
    challengers = {"easy": make_agent("generator", high=0.2), "hard": make_agent("generator", low=0.8)}
    solvers = {"weak": make_agent("noisy", skill=0.3), "strong": make_agent("noisy", skill=0.8)}
    table = {
        (asks, answers): play_pair(challengers[asks], solvers[answers], proposals=64).solver_accuracy.value
        for asks in challengers
        for answers in solvers
    }
    assert table["easy", "strong"] > table["easy", "weak"] > table["hard", "weak"]
    assert table["easy", "strong"] > table["hard", "strong"] > table["hard", "weak"]


def test_pairs_are_replayed_by_their_seed_and_are_json():
    first, second = (play_pair(make_agent("generator"), make_agent("noisy"), seed=3) for _ in range(2))
    assert first == second
    assert json.loads(json.dumps(first.as_dict()))["counts"]["challenger"] == "challenger"
    with pytest.raises(ConfigError):
        play_pair(make_agent("generator"), make_agent("noisy"), attempts=1)


def test_pairs_are_shown_with_their_notes_in_every_format():
    table = pair_table([play_pair(AmbiguousChallenger(), EitherRoot(), names=("torn", "either"))], seed=0)
    assert any("ambiguous" in note for note in table.notes)
    for text in (table.to_markdown(), table.to_html(), table.to_json()):
        assert "ambiguous" in text
    assert table.to_html().count("<svg") == 1
    assert table.to_csv().splitlines()[1].startswith("torn+either,100,0,")
    assert json.loads(table.to_json())["pairs"][0]["summary"]["readable_share"] == 0.0
