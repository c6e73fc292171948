"""The table at the end of a run: complete, narrow, readable without colour, honest about chance."""

import copy
import dataclasses
import io
import re
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from selfplay_gym.core.registries import make_agent
from selfplay_gym.selfplay.evaluation import compare, held_out_questions, run_exam
from selfplay_gym.selfplay.pages.tables import shorter
from selfplay_gym.selfplay.pages.wording import percent
from selfplay_gym.selfplay.report.summary import BLOCKS, print_summary, sparkline
from selfplay_gym.selfplay.report.summary_data import RoundSummary, RunSummary, headline, read_run_summary
from selfplay_gym.selfplay.settings.config import STAGES, RunConfig
from selfplay_gym.selfplay.settings.files import to_toml
from selfplay_gym.selfplay.storage.run_folder import RunFolder


def printed(folder, encoding="utf-8", **options):
    raw = io.BytesIO()
    console = Console(file=io.TextIOWrapper(raw, encoding=encoding, write_through=True), width=80, **options)
    print_summary(folder, console)
    return raw.getvalue().decode(encoding)


@pytest.fixture(scope="module")
def exams():
    """Exams of agents that are right half the time, nine times in ten, and half the time again."""
    questions = held_out_questions("mixed", 120)
    agents = [make_agent("noisy", accuracy=accuracy) for accuracy in (0.5, 0.9, 0.5)]
    return [run_exam(agent, questions, samples=4, seed=seed) for seed, agent in enumerate(agents)]


def test_there_is_a_row_for_the_base_and_for_every_round(finished_run):
    lines = printed(finished_run).splitlines()
    first_words = [line.split()[0] for line in lines if line.strip()]
    assert [word for word in first_words if word in ("base", "1", "2", "3")] == ["base", "1", "2"]
    summary = read_run_summary(finished_run)
    for own in summary.rounds:
        row = next(line for line in lines if line.strip().startswith("base" if own.number == 0 else str(own.number)))
        assert shorter(percent(own.exam.accuracy)) in row
        if own.labelling is not None:
            assert f"{100 * own.labelling['kept_label_accuracy']:.0f}" in row
            assert sparkline(own.labelling["histogram"]) in row


def test_the_paired_difference_stands_below(finished_run):
    change = read_run_summary(finished_run).change
    text = " ".join(printed(finished_run).split())
    assert change.low > 0  # this solver really gets better
    assert f"{change.points:+.1f} points, 95 % interval [{change.low:+.1f}, {change.high:+.1f}]" in text


def test_it_fits_80_columns_and_needs_no_colour(finished_run):
    text = printed(finished_run)
    assert max(map(len, text.splitlines())) <= 80
    assert "\x1b" not in text
    coloured = printed(finished_run, force_terminal=True, color_system="standard")
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured).split() == text.split()


def test_it_keeps_to_ascii_on_a_ascii_terminal(finished_run):
    text = printed(finished_run, encoding="ascii")
    assert "base" in text
    assert "?" not in text


@pytest.mark.parametrize("until", STAGES)
def test_a_run_that_was_stopped_says_where(stopped_run, until):
    text = " ".join(printed(stopped_run(until)).split())
    assert "not finished" in text
    assert f"round 1, {until}" in text


def summary_of(*exams):
    rounds = [RoundSummary(number, exam) for number, exam in enumerate(exams)]
    return RunSummary(folder=None, config=RunConfig(), rounds=rounds, best_round=None)


def test_the_headline_claims_no_more_than_the_interval_allows(exams):
    weak, strong, equal = exams
    better, worse, chance = (headline(summary_of(*pair)) for pair in ((weak, strong), (strong, weak), (weak, equal)))
    assert compare(weak, strong).low > 0
    assert (better.tone, worse.tone) == ("better", "worse")
    assert "up from" in better.text
    assert "down from" in worse.text
    assert compare(weak, equal).low < 0 < compare(weak, equal).high
    assert chance.tone == "open"
    assert "may be chance" in chance.text


def test_the_headline_compares_the_base_with_the_last_exam(exams):
    weak, strong, _ = exams
    assert headline(summary_of(weak, weak, strong)) == headline(summary_of(weak, strong, strong))


def test_a_run_that_went_back_is_summarised_by_the_solver_it_left_behind(exams, finished_run):
    weak, strong, equal = exams
    back = dataclasses.replace(summary_of(weak, strong, equal), left_behind=1)
    assert headline(back).text.startswith("The guard went back to the solver of round 1, which answers")
    assert headline(back).tone == "better"
    assert back.change == compare(weak, strong)
    base = headline(dataclasses.replace(back, left_behind=0))
    assert (base.tone, base.detail) == ("open", "")
    assert "went back to the base" in base.text

    assert read_run_summary(finished_run).left_behind is None  # it ended at its last solver
    folder = copy.copy(finished_run)
    best = {"round": 1, "checkpoints": {"solver": "solver-01-002"}}
    folder.state = {**finished_run.state, "best": best, "checkpoints": best["checkpoints"]}
    assert read_run_summary(folder).left_behind == 1
    folder.state = {**folder.state, "phase": "evaluate"}
    assert read_run_summary(folder).left_behind is None


def test_without_two_exams_nothing_is_compared(exams):
    assert headline(summary_of()).text == "No exam has been held yet."
    assert headline(summary_of(exams[0])).detail == ""


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=20))
def test_a_sparkline_has_a_block_per_count_and_hides_no_bin(counts):
    line = sparkline(counts)
    assert len(line) == len(counts)
    assert [block == " " for block in line] == [count == 0 for count in counts]
    heights = [0 if block == " " else 1 + BLOCKS.index(block) for block in line]
    assert all(
        (a <= b) or (x > y) for a, x in zip(heights, counts, strict=True) for b, y in zip(heights, counts, strict=True)
    )
    assert not any(counts) or max(heights) == len(BLOCKS)


def test_a_difference_the_exact_test_does_not_support_is_no_gain(exams, monkeypatch):
    weak, strong, _ = exams
    change = compare(weak, strong)
    monkeypatch.setattr(
        "selfplay_gym.selfplay.report.summary_data.compare",
        lambda *_: dataclasses.replace(change, low=0.01, p_value=0.06),
    )
    assert headline(summary_of(weak, strong)).tone == "open"


def test_a_guard_that_only_watches_went_back_nowhere(scripted_run, tmp_path):
    """Also where nothing was trained, so that the best checkpoints are those the run ends with."""
    folder = scripted_run(tmp_path / "run", skills=(0.5,))
    summary = read_run_summary(folder)
    watching = dataclasses.replace(summary, config=summary.config.replace({"guard.mode": "watch"}))
    path = tmp_path / "watched"
    shutil.copytree(folder.path, path)
    copied = RunFolder.resume(path)
    copied.state["checkpoints"] = copied.state["best"]["checkpoints"] = {}
    copied.replace_config(to_toml(watching.config))
    assert read_run_summary(RunFolder.open(path)).left_behind is None


def test_the_best_solver_is_named_by_where_it_is(finished_run):
    best = finished_run.state["best"]
    folder = finished_run.path / "checkpoints" / best["solver"]
    text = "".join(printed(finished_run).split())
    assert f"Best solver by the validation exam: round {best['round']}, in {folder}.".replace(" ", "") in text
    assert (folder / "rounds.json").is_file()


def test_a_run_folder_shows_itself(finished_run, tmp_path):
    assert repr(finished_run) == f"RunFolder({str(finished_run.path)!r}: round 2, done)"
    assert repr(RunFolder.vacant(tmp_path / "new")).endswith("new': not begun)")
