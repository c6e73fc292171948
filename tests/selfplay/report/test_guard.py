"""The guard in the report and in the summary: what happened is there, in words and at its place; else nothing is."""

import io
import re

import pytest
from rich.console import Console

from selfplay_gym.selfplay.guard import Guard, GuardThresholds
from selfplay_gym.selfplay.report.write import render_report
from selfplay_gym.selfplay.report.guard import GuardSummary, guard_figures, read_guard
from selfplay_gym.selfplay.report.summary import print_summary
from selfplay_gym.selfplay.storage.run_folder import RunFolder

APART = {"unanswered_share": 0.0, "challenger_drift": 0.01, "solver_drift": 0.01, "consistency": 0.2}
GOOD, BAD = [1.0] * 60 + [0.0] * 40, [1.0] * 20 + [0.0] * 80


def log(folder, guard, number, phase):
    folder.log("guard", [{"round": number, "phase": phase, **row} for row in guard.take_rows()])


@pytest.fixture
def fallen(tmp_path):
    """A base, a round with a step that is not finite, a fall, and a rollback; a better round after it."""
    folder = RunFolder.create(tmp_path / "run", "", {})
    guard = Guard("on", GuardThresholds())
    guard.evaluated(GOOD, APART)
    log(folder, guard, 0, "evaluate")
    step = {
        "skipped": 1, "truncated_share": 0.0, "zero_variance_share": 0.1, "mean_length": 9.0, "rows_trained": 0,
        "mean_reward": 0.5,
    }  # fmt: skip
    guard.step("solver", 4, {**step, "bad_rewards": 0, "majority_premium": None, "update_share": 0.0})
    log(folder, guard, 1, "train(solver)")
    assert guard.evaluated(BAD, APART) == "fall"
    guard.rolled_back("fall", "the solver of round 0")
    log(folder, guard, 1, "evaluate")
    guard.evaluated([1.0] * 70 + [0.0] * 30, APART)
    log(folder, guard, 2, "evaluate")
    folder.commit({})
    return folder


def test_events_stand_where_they_happened(fallen):
    summary = read_guard(fallen)
    assert [row["round"] for row in summary.evaluations] == [0, 1, 2]
    found = [(event.kind, event.name, event.at) for event in summary.events]
    assert found == [("alarm", "not_finite", 0.5), ("alarm", "validation_falls", 1.0), ("rollback", "fall", 1.0)]
    assert summary.events[0].where == "round 1, train(solver), step 5"
    assert summary.events[2].numbers == "0.8 against 0.4"
    assert summary.events[2].scale == 0.5
    assert summary.sentence == (
        "The guard raised 2 alarms (not finite, validation falls) and rolled back once in round 1, evaluate."
    )


def test_a_run_that_ends_with_a_rollback_says_that_it_stands_at_its_best(fallen):
    summary = read_guard(fallen)
    assert not summary.at_best
    cut = GuardSummary(summary.evaluations[:2], summary.events)
    assert cut.at_best
    assert cut.sentence.endswith("evaluate. The solver is the best one again.")


def test_the_figures_name_what_they_show(fallen):
    losses, rates = guard_figures(read_guard(fallen))
    label = re.search(r'aria-label="([^"]*)"', losses)[1]
    assert "0.40, 0.80, 0.30" in label
    assert "2 alarms, 1 rollback" in label
    assert "rollback</text>" in losses
    assert "0.5" in rates


@pytest.fixture(scope="module")
def worse_run(scripted_run, tmp_path_factory):
    """A whole run whose solver falls, so that the guard goes back."""
    return scripted_run(tmp_path_factory.mktemp("worse") / "run", skills=(0.9, 0.1, 0.1))


def test_the_page_shows_every_event(worse_run):
    events = read_guard(worse_run).events
    assert {"alarm", "rollback"} <= {event.kind for event in events}
    page = render_report(worse_run)
    section = page[page.index('<section id="guard">') :]
    section = section[: section.index("</section>")]
    assert all(event.why in section for event in events)
    assert section.count("<tr><th scope") == len(events)
    assert '<a href="#guard">' in page


def test_without_a_guard_there_is_no_section(scripted_run, tmp_path):
    folder = scripted_run(tmp_path / "run", rounds=0)
    del folder.state["logs"]["guard"]  # as in a run of a version that kept none
    assert "guard" not in re.findall(r'id="(\w+)"', render_report(folder))
    assert read_guard(folder).sentence == ""


def test_the_summary_says_what_the_guard_did(worse_run):
    console = Console(file=io.StringIO(), width=80)
    print_summary(worse_run, console)
    sentence = read_guard(worse_run).sentence
    assert "rolled back" in sentence
    assert sentence in " ".join(console.file.getvalue().split())
