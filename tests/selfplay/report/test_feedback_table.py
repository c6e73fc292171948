"""The tables of decisions leave out what a round did not have, and name what was taken back."""

from __future__ import annotations

from selfplay_gym.selfplay.report.feedback import HEADER, agreement_table, feedback_table


def look(part, step, accuracy, back=False):
    return {"part": part, "step": step, "held_out_loss": 1.0, "held_out_accuracy": accuracy, "taken_back": back}


KNOWN = {
    "labels": {"train": 7, "held_out": 3},
    "preferences": {"train": 0, "held_out": 0},
    "proposals": {"train": 1, "held_out": 0},
    "human_share": 0.25,
    "human_label_accuracy": None,
    "with_votes": {"approved": {"value": 0.5, "low": 0.2, "high": 0.8}},
    "agreement": [{"what": "label", "one": "a", "other": "<b>", "items": 9, "alike": 0.9, "kappa": None}],
}


def test_a_row_per_round_with_the_first_and_the_last_look():
    rows = [{"feedback": KNOWN}, look("labels", 0, 0.5), look("labels", 5, 0.75), look("proposals", 0, None)]
    header, cells = feedback_table([(2, [*rows, look("labels", 10, 0.25, back=True)]), (3, [])])
    assert header == HEADER
    assert len(cells[0]) == len(cells[1]) == len(header)
    first = dict(zip(header, cells[0], strict=True))
    assert first["labels, set aside"] == "7, 3"
    assert first["labels: accuracy on what is set aside"] == "50.0 → 25.0 (3 looks)"
    assert first["proposals: accuracy on what is set aside"] == "–"
    assert first["labels approved as voted"] == "50.0"
    assert first["labels of people right"] == "–"
    assert first["taken back"] == "labels before step 10"
    assert cells[1] == ["3", *["–"] * 9, "nothing"]


def test_pairs_of_reviewers_are_those_of_the_last_round_and_a_kappa_may_not_exist():
    assert agreement_table([(1, [{"feedback": {**KNOWN, "agreement": []}}])]) is None
    assert agreement_table([]) is None
    _, cells = agreement_table([(1, [{"feedback": {**KNOWN, "agreement": []}}]), (2, [{"feedback": KNOWN}])])
    assert cells == [["label", "a", "<b>", "9", "90.0", "–"]]
