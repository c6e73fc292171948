"""A run in a notebook: its tables, its pages, its models, and how it shows itself."""

import json
import re
import subprocess
import sys
from html.parser import HTMLParser

import pandas
import pytest

import selfplay_gym
from selfplay_gym.core.errors import ConfigError, MissingExtraError, RunError, UnknownNameError
from selfplay_gym.selfplay.notebook.pages import Page, Watching
from selfplay_gym.selfplay.notebook.run import Run
from selfplay_gym.selfplay.storage.run_folder import RunFolder


@pytest.fixture(scope="module")
def run(scripted_run, tmp_path_factory):
    return Run(scripted_run(tmp_path_factory.mktemp("notebook") / "<b>run</b>").path)


def test_it_is_a_run_folder_and_opened(run):
    assert isinstance(run, RunFolder)
    assert run.state["phase"] == "done"
    assert repr(Run.open(run.path)) == repr(run) == f"Run({str(run.path)!r}: round 2, done)"
    assert run.refresh() is run
    assert run.settings.rounds == 2


@pytest.mark.parametrize("name", ["nothing", "x\0y"])
def test_no_run_is_an_error(tmp_path, name):
    with pytest.raises((RunError, ValueError)):
        Run(tmp_path / name)


def test_its_tables_are_data_frames(run):
    steps, questions, attempts = run.steps("solver"), run.questions(), run.attempts()
    assert list(steps["step"]) == [0, 1, 2, 3] * 2
    assert len(questions) == sum(1 for _ in run.rows("labels"))
    assert len(attempts) == sum(len(row["attempts"]) for row in run.rows("attempts"))
    by_question = attempts.groupby(["round", "index"]).matches.mean()
    assert by_question.to_list() == pytest.approx(questions.set_index(["round", "index"]).solve_rate.to_list())
    assert isinstance(run.metrics(), pandas.DataFrame)
    assert run.metrics()["exam.accuracy.value"].between(0, 1).all()
    assert [len(run.table(name)) for name in run.table_names]
    with pytest.raises(UnknownNameError, match="Did you mean 'steps_solver'"):
        run.metrics("step_solver")


def test_without_pandas_there_are_rows_and_a_line(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingExtraError, match=r"a data frame needs 'pandas'.*selfplay-gym\[notebook\]"):
        run.steps()
    assert run.table("steps_solver")


HIDING = """
import sys
from importlib.machinery import PathFinder

found, hidden = PathFinder.find_spec, set(sys.argv[2].split())


def find_spec(name, path=None, target=None):
    return None if name.partition(".")[0] in hidden else found(name, path, target)


PathFinder.find_spec = find_spec
import selfplay_gym

run = selfplay_gym.Run(sys.argv[1])
print(len(selfplay_gym.exam("oracle", questions=4, samples=1).correct))
print(run.report(), run.diagnose(play=False))
for method in (run.watch, run.steps):
    try:
        method()
    except selfplay_gym.core.errors.MissingExtraError as error:
        print(error)
"""
OPTIONAL = "pandas IPython ipykernel starlette uvicorn psutil datasets pyarrow peft tensorboard openskill"


def test_without_optional_packages_each_opens_or_says_what_to_install(run):
    command = [sys.executable, "-c", HIDING, str(run.path), OPTIONAL]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    four, pages, *lines = done.stdout.splitlines()
    assert (four, pages.count("Page(")) == ("4", 2)
    assert [re.search(r"needs '(\w+)'.*\[(\w+)\]", line).groups() for line in lines] == [
        ("starlette", "watch"),
        ("pandas", "notebook"),
    ]


def test_it_shows_a_row_per_round_and_escapes_its_name(run):
    shown = run._repr_html_()
    assert "<b>run</b>" not in shown
    assert "&lt;b&gt;run&lt;/b&gt;" in shown
    assert shown.count("<tr>") == 1 + 3


class Frame(HTMLParser):
    def __init__(self, piece):
        super().__init__()
        self.found = []
        self.feed(piece)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def test_a_page_is_shown_in_a_frame_without_rights(run):
    page = run.report()
    ((tag, attributes),) = Frame(page._repr_html_()).found
    assert (tag, attributes["sandbox"]) == ("iframe", "")
    assert attributes["srcdoc"] == page.html == (run.path / "report.html").read_text()
    assert repr(Page('"<script>')) == "Page(9 characters)"


def test_a_diagnosis_is_a_page(run):
    assert "<html" in run.diagnose(play=False).html
    assert (run.path / "diagnosis.json").exists()


def test_its_checkpoints_by_name(run):
    assert run.checkpoint("last") == run.path / "checkpoints" / run.state["checkpoints"]["solver"]
    with pytest.raises(ConfigError, match="no checkpoint 'first'"):
        run.checkpoint("first")


def test_a_dashboard_ends_when_it_is_told(run):
    with run.watch() as watching:
        assert watching.url.startswith("http://127.0.0.1:")
        assert watching.url.replace("&", "&amp;") in watching._repr_html_()
    assert watching._server.poll() is not None


def test_a_dashboard_that_cannot_start_says_so(tmp_path):
    with pytest.raises(RunError, match="did not start"):
        Watching(tmp_path / "nothing")


@pytest.mark.parametrize(("show", "lines"), [(True, ["generate", "attempt", "label"]), (False, [])])
def test_the_door_trains_shows_it_and_gives_a_run(show, lines, monkeypatch, tmp_path, scripted_roles_of, capsys):
    from functools import partial

    from selfplay_gym.selfplay.run import train as training

    monkeypatch.setattr(training, "make_run", partial(training.make_run, build=scripted_roles_of()))
    changes = {"rounds": 1, "questions.count": 16, "exam.questions": 8, "stages": ["generate", "attempt", "label"]}
    config = selfplay_gym.RunConfig().replace(changes)
    run = selfplay_gym.train(config, tmp_path / "run", show=show)
    assert isinstance(run, selfplay_gym.Run)
    assert run.state["phase"] == "done"
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.rpartition(" ")[2] for line in err.splitlines() if "round" in line] == lines, err
    assert json.dumps(run.table("labellings"))
