"""Scores of people beside the automatic rigour."""

import json
import random

import pytest
from scipy import stats

from selfplay_gym.selfplay.commands.diagnose import diagnose_run
from selfplay_gym.selfplay.diagnose.expert import ENOUGH, expert_rows, expert_scores, spearman
from selfplay_gym.selfplay.reviews.decisions import Decision, ReviewLog, standing
from selfplay_gym.selfplay.terminal import Terminal

QUESTIONS = [{"round": 1, "index": n, "text": "What is 2+3*4?"} for n in range(12)]
STEPS = ["3*4=12; 2+12=14", "3*4=11; 2+11=13", "no steps at all"]
ATTEMPTS = [{"round": 1, "index": n, "attempts": [STEPS[n % 3]]} for n in range(12)]


def scored(n, soundness, who="anna", attempt=0, round_=1):
    after = {"completeness": 4, "soundness": soundness}
    return Decision(f"attempt/{round_}/{n}/{attempt}", "score", who, 0, f"{who}-{n}-{attempt}-{soundness}", after=after)


def summaries(*decisions):
    return expert_scores(standing(decisions), QUESTIONS, ATTEMPTS)


def test_means_lie_where_scores_can_and_reviewers_of_one_attempt_are_averaged():
    (found,) = summaries(scored(0, 4), scored(0, 2, "ben"), scored(1, 1))
    assert (found.attempts, found.reviewers, found.worked) == (2, 2, 2)
    assert found.soundness.value == pytest.approx(2.0)
    assert 0 <= found.soundness.low <= 2 <= found.soundness.high <= 4
    assert found.completeness.value == found.completeness.high == 4.0
    assert found.rigour.value == pytest.approx((1.0 + 0.5) / 2)
    assert found.correlation is None


def test_rigour_and_scores_correlate_where_there_are_enough():
    made = [scored(n, 4 - n % 3) for n in range(12)]
    (found,) = summaries(*made)
    assert found.worked == ENOUGH
    assert found.correlation.rho.value == pytest.approx(1.0)
    assert found.correlation.attempts == ENOUGH
    assert summaries(*made[:10])[0].correlation is None
    assert summaries(*[scored(n, 2) for n in range(12)])[0].correlation is None  # one score for all


def test_spearman_is_scipys_with_an_interval_around_it():
    rng = random.Random(0)
    pairs = [(rng.randrange(5), rng.random()) for _ in range(40)]
    found = spearman(pairs)
    assert found.rho.value == pytest.approx(float(stats.spearmanr(pairs).statistic))
    assert -1 < found.rho.low < found.rho.value < found.rho.high < 1


def test_what_is_not_there_is_not_scored():
    assert summaries() == []
    assert summaries(scored(99, 1), scored(0, 1, attempt=5), scored(0, 1, round_=3)) == []
    assert summaries(Decision("label/1/0", "approve", "anna", 0, "k")) == []


def test_rounds_stand_apart_and_together():
    questions = [*QUESTIONS, {"round": 2, "index": 0, "text": "What is 1+1?"}]
    attempts = [*ATTEMPTS, {"round": 2, "index": 0, "attempts": ["1+1=2"]}]
    found = expert_scores(standing([scored(0, 4), scored(0, 2, "ben", round_=2)]), questions, attempts)
    assert [one.round for one in found] == [1, 2, None]
    assert [row[0] for row in expert_rows(found)[1]] == ["1", "2", "all"]
    assert found[-1].reviewers == 2


def test_diagnose_shows_them(run):
    log = ReviewLog(run.log_path("reviews"))
    for row in run.rows("queue"):
        if row["kind"] == "attempt":
            after = {"completeness": row["index"] % 5, "soundness": 3}
            log.add(Decision(row["id"], "score", "anna", 0, row["id"], after=after))
    console = Terminal(file=open(run.path / "out.txt", "w", encoding="utf-8"), width=100)  # noqa: SIM115
    with console.file:
        diagnosis, _ = diagnose_run(run.path, play=False, console=console)
    assert [one.attempts for one in diagnosis.expert] == [10, 10, 20]
    assert "scored by people" in (run.path / "out.txt").read_text(encoding="utf-8")
    page = (run.path / "diagnosis.html").read_text(encoding="utf-8")
    assert "Scored by people" in page
    assert json.loads((run.path / "diagnosis.json").read_text())["expert"][-1]["attempts"] == 20
