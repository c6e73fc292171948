"""What is told of a run on a turn game in a line and a table."""

import pytest

from selfplay_gym.selfplay.report.turns.rounds import TurnSummary
from selfplay_gym.selfplay.settings.config import RunConfig


def exam(exact, illegal):
    return {"exploitability": {"exact": exact, "mean_of_rounds": exact, "sampled": 0.458, "illegal_share": illegal}}


@pytest.mark.parametrize(("illegal", "told"), [(0.0, False), (0.05, False), (0.4, True), (1.0, True)])
def test_who_makes_many_illegal_moves_is_not_told_to_play_well(illegal, told):
    summary = TurnSummary(RunConfig(), [(0, exam(0.782, 1.0)), (2, exam(0.481, illegal))], 2, [])
    text = summary.headline.text
    assert text.startswith("exploitability: 0.782 at the start, 0.481 after round 2.")
    assert (f"{100 * illegal:.0f} % of its moves there were illegal" in text) == told
    header, rows = summary.table
    assert [row[header.index("illegal moves, %")] for row in rows] == ["100", f"{100 * illegal:.0f}"]
