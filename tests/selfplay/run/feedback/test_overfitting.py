"""The guard of the stage `feedback` tells harm from chance, and knows the same after a kill."""

from __future__ import annotations

import random

from selfplay_gym.selfplay.run.feedback.overfitting import LEAST, Measured, OverfittingGuard, has_worsened


def test_a_clear_rise_is_noticed_a_fall_is_none_and_few_things_say_nothing():
    low, high = [0.1, 0.2] * 10, [0.4, 0.5] * 10
    assert has_worsened(low, high)
    assert not has_worsened(high, low)
    assert not has_worsened(low, low)
    assert not has_worsened(low[: LEAST - 1], high[: LEAST - 1])
    assert has_worsened(low[:LEAST], high[:LEAST])


def test_where_nothing_changed_one_look_of_six_is_a_false_alarm():
    rng = random.Random(0)
    looks = [([rng.gauss(0, 1) for _ in range(40)], [rng.gauss(0, 1) for _ in range(40)]) for _ in range(2000)]
    share = sum(has_worsened(*pair) for pair in looks) / len(looks)
    assert 0.13 < share < 0.19


def test_a_part_is_held_against_its_best_look_and_others_are_not_touched():
    guard = OverfittingGuard()
    steps = [[0.6] * 10, [0.3] * 10, [0.31, 0.29] * 5, [0.5] * 10]
    assert [guard.look("labels", losses) for losses in steps] == [False, False, False, True]
    assert guard.over == {"labels"}
    assert guard.look("preferences", [0.9] * 10) is False
    assert guard.best["labels"] == [0.3] * 10


def test_what_it_knows_follows_from_what_was_logged():
    rng, guard, rows = random.Random(1), OverfittingGuard(), []
    for _ in range(12):
        for part in ("labels", "preferences"):
            losses = [rng.random() for _ in range(9)]
            guard.look(part, losses)
            rows.append({"part": part, **Measured(losses, 0.5).row()})
    again = OverfittingGuard(rows)
    assert (again.best, again.over) == (guard.best, guard.over)


def test_nothing_set_aside_measures_nothing():
    row = Measured([], 0.0).row()
    assert row == {"held_out": 0, "held_out_loss": None, "held_out_accuracy": None, "held_out_losses": []}
    guard = OverfittingGuard()
    assert [guard.look("labels", []) for _ in range(3)] == [False] * 3
