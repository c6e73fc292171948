"""The display of a run in a notebook: what it shows, how often, and that no text gets out of its place."""

import sys
from types import SimpleNamespace

import pytest

from selfplay_gym.selfplay.hooks import Step
from selfplay_gym.selfplay.notebook import display
from selfplay_gym.selfplay.notebook.display import EVERY_S, LINES, NotebookProgress


@pytest.fixture
def cell():
    """The output of a cell: a display and all that it showed, on a clock of its own."""
    shown, now = [], [0.0]

    def show(html):
        shown.append(html)
        return shown.append

    return SimpleNamespace(progress=NotebookProgress(show, lambda: now[0]), shown=shown, now=now)


def wait(cell):
    cell.now[0] += EVERY_S


def test_it_shows_stages_steps_exams_and_warnings(cell):
    measures = {"mean_reward": 0.5, "kl": 0.1, "entropy": 1.0, "zero_variance_share": 0.0}
    accuracy = {"value": 0.5, "low": 0.4, "high": 0.6}
    rows = [{"round": 0, "phase": "evaluate", "exam": {"summary": {"accuracy": accuracy}}}]
    with cell.progress as progress:
        wait(cell)
        progress.phase("round 1/2 · train(solver)", 3, 10)
        progress.after_step(None, Step("solver", 0, 4, measures))
        progress.after_rows(None, "metrics", rows)
        progress.warn(None, "<b>careful</b>")
    last = cell.shown[-1]
    for text in ("run 3/10", "train(solver) 1/4", "mean_reward 0.5", "base: exam 50.0 [40.0, 60.0] %", "<svg"):
        assert text in last
    assert "warning: &lt;b&gt;careful&lt;/b&gt;" in last


def test_a_thousand_counts_are_a_few_updates(cell):
    with cell.progress as progress:
        for done in range(1_000):
            cell.now[0] += EVERY_S / 100
            progress.count(done, 1_000)
    assert 10 <= len(cell.shown) <= 13
    assert "999/1000" in cell.shown[-1]


def test_only_the_last_lines_stay_and_steps_without_numbers_draw_no_curve(cell):
    with cell.progress as progress:
        for number in range(3 * LINES):
            progress.say(f"line {number}!")
        progress.after_step(None, Step("solver", 0, 1, {"mean_reward": None}))
    assert sum(f"line {number}!" in cell.shown[-1] for number in range(3 * LINES)) == LINES
    assert "<svg" not in cell.shown[-1]


@pytest.mark.parametrize(
    ("shell", "found"), [(None, False), (SimpleNamespace(), False), (SimpleNamespace(kernel=object()), True)]
)
def test_a_terminal_is_no_notebook(monkeypatch, shell, found):
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    assert display.in_notebook() is found


def test_without_ipython_there_is_no_notebook(monkeypatch):
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert not display.in_notebook()
