"""What trackers get of a run: every number, at steps that grow over resumes; and what happens when one fails."""

import json
import math
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from selfplay_gym.core.errors import ConfigError, MissingExtraError, PluginError, RunError, UnknownNameError
from selfplay_gym.core.interrupts import Stopped
from selfplay_gym.core.registries import register_tracker, trackers
from selfplay_gym.selfplay.hooks import Hook
from selfplay_gym.selfplay.progress import Progress
from selfplay_gym.selfplay.run import train as training
from selfplay_gym.selfplay.run.train import Interrupted, train
from selfplay_gym.selfplay.settings.compose import compose
from selfplay_gym.selfplay.settings.presets import preset
from selfplay_gym.selfplay.storage.run_folder import LOGS, RunFolder
from selfplay_gym.selfplay.trackers.hook import NAMED, run_id
from selfplay_gym.selfplay.trackers.measures import COLUMNS, completions, numbers

SETTINGS = {"rounds": 2, "questions.count": 12, "questions.keep_band": [0.0, 1.0], "live.on": False}

SHORT = ["generate", "attempt", "label"]


class Memory:
    """A tracker that remembers; `fails_at` names the call at which it breaks."""

    runs: ClassVar[list] = []

    def __init__(self, fails_at="", label=""):
        self.fails_at, self.label = fails_at, label

    def _note(self, kind, *what):
        Memory.runs.append((kind, *what))
        if kind == self.fails_at:
            raise OSError(28, "No space left on device")

    def begin(self, run):
        self._note("begin", run)

    def log(self, measures, step):
        self._note("log", dict(measures), step)

    def table(self, name, columns, rows, step):
        self._note("table", name, list(columns), [list(row) for row in rows], step)

    def end(self, reason):
        self._note("end", reason)


@pytest.fixture(autouse=True)
def memory():
    """Registered as "memory"."""
    Memory.runs = []
    register_tracker("memory", Memory)
    yield Memory
    trackers.unregister("memory")


@pytest.fixture
def play(scripted_roles_of, monkeypatch):
    """`play(path, trackers, hook)`: `train` with scripted roles, and its warnings."""
    honest = training.make_run

    def played(path, names=("memory",), hook=None, resume=False, **changes):
        warned = []

        def making(config, folder, progress, stop, further=(), **_):
            return honest(config, folder, progress, stop, scripted_roles_of(), [*further, *([hook] if hook else [])])

        monkeypatch.setattr(training, "make_run", making)
        monkeypatch.setattr(Progress, "warn", lambda _, run, message: warned.append(message))
        wanted = {**changes, "trackers": list(names)}
        train(wanted if resume else preset("debug").replace({**SETTINGS, **wanted}), path, resume=resume)
        return warned

    return played


class Stopping(Hook):
    """Ctrl-C at a stage; or a crash."""

    name = "test"

    def __init__(self, phase, error=Stopped):
        self.phase, self.error = phase, error

    def after_rows(self, run, log, rows):
        if (run.round, run.phase, log) == (1, self.phase, "metrics"):
            raise self.error


def of(kind):
    return [what for name, *what in Memory.runs if name == kind]


def metrics(path):
    return [json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()]


def logs(path):
    return {name: (path / f"{name}.jsonl").read_bytes() for name in LOGS if name != "timings"}


def test_every_number_of_every_row_is_tracked_at_the_number_of_the_row(play, tmp_path):
    play(tmp_path / "run")
    rows = metrics(tmp_path / "run")
    tracked = {step: measures for measures, step in of("log")}
    assert len(tracked) == len(of("log"))
    assert tracked == {at: found for at, row in enumerate(rows) if (found := numbers(row))}
    for at, row in enumerate(rows):
        if "mean_reward" in row:
            assert tracked[at][f"{row['role']}/mean_reward"] == row["mean_reward"]
        if "exam" in row:
            assert tracked[at]["evaluate/exam/accuracy"] == row["exam"]["summary"]["accuracy"]["value"]
        if "asked" in row:
            assert tracked[at]["label/kept_label_accuracy"] == row["kept_label_accuracy"]
    (run,) = of("begin")[0]
    assert (run.name, run.step, run.folder) == ("run", 0, tmp_path / "run")
    assert run.settings["questions.count"] == 12
    assert of("end") == [["done"]]


def test_completions_of_each_round_are_a_table(play, tmp_path):
    play(tmp_path / "run", **{"questions.count": 80})
    tables = of("table")
    assert [rows[0][0] for _, _, rows, _ in tables] == [1, 2]
    labels = [json.loads(line) for line in (tmp_path / "run" / "labels.jsonl").read_text().splitlines()]
    texts = {
        (row["round"], row["index"]): row["attempts"]
        for row in map(json.loads, (tmp_path / "run" / "attempts.jsonl").read_text().splitlines())
    }
    by_place = {(row["round"], row["index"]): row for row in labels}
    for _, columns, rows, step in tables:
        assert columns == list(COLUMNS)
        assert 0 < len(rows) <= 50
        assert step < len(metrics(tmp_path / "run"))
        for row in (dict(zip(columns, cells, strict=True)) for cells in rows):
            label = by_place[row["round"], row["index"]]
            assert (row["label"], row["solve_rate"], row["kept"]) == (
                label["label"],
                label["solve_rate"],
                label["kept"],
            )
            assert row["attempt"] == texts[row["round"], row["index"]][0]
            assert row["reward"] == float(label["matches"][0])


@pytest.mark.parametrize(
    ("phase", "error", "reason"),
    [
        ("train(challenger)", Stopped, "stopped"),
        ("label", RuntimeError, "failed"),
        ("train(solver)", RuntimeError, "failed"),
    ],
)
def test_a_resumed_run_is_one_curve(play, tmp_path, phase, error, reason):
    play(tmp_path / "whole", rounds=1)
    whole, Memory.runs = of("log"), []
    with pytest.raises((Interrupted, RuntimeError)):
        play(tmp_path / "run", hook=Stopping(phase, error), rounds=1)
    assert of("end") == [[reason]]
    play(tmp_path / "run", resume=True)
    first, second = (run for (run,) in of("begin"))
    assert first.id == second.id
    assert 0 < second.step <= len(metrics(tmp_path / "run"))
    curve = {}
    for measures, step in of("log"):
        assert curve.setdefault(step, measures) == measures, "a step that comes again has the same values"
    assert list(curve.items()) == [(step, measures) for measures, step in whole]


def test_a_run_is_the_same_with_and_without_them(play, tmp_path):
    play(tmp_path / "with", rounds=1)
    play(tmp_path / "without", names=[], rounds=1)
    assert logs(tmp_path / "with") == logs(tmp_path / "without")
    assert not (tmp_path / "without" / NAMED).exists()
    states = [json.loads((tmp_path / name / "state.json").read_text()) for name in ("with", "without")]
    assert states[0]["hooks"] == states[1]["hooks"]


def test_trackers_may_change_on_resume(play, tmp_path):
    with pytest.raises(Interrupted):
        play(tmp_path / "run", names=[], hook=Stopping("label"), rounds=1)
    play(tmp_path / "run", resume=True)
    assert [run.step for (run,) in of("begin")] == [of("log")[0][1]]
    with pytest.raises(RunError, match="seed was 0"):
        train({"seed": 1}, tmp_path / "run", resume=True)


@pytest.mark.parametrize("call", ["begin", "log", "table", "end"])
def test_one_that_fails_is_left_with_one_warning(play, tmp_path, call):
    warned = play(tmp_path / "run", names=[f"memory(fails_at={call})"], rounds=1, stages=SHORT)
    assert len(of(call)) == 1
    assert [message for message in warned if "tracker" in message] == [
        "the tracker memory failed and is left (OSError: [Errno 28] No space left on device); the run goes on"
    ]
    assert RunFolder.open(tmp_path / "run").state["phase"] == "done"


class Mute(Exception):
    """An error whose message is an error."""

    def __str__(self):
        raise RuntimeError("no message")


class Rude(Memory):
    """A tracker that fails in the worst ways, and spoils what it is given."""

    error: ClassVar[BaseException]

    def _note(self, kind, *what):
        if kind == self.fails_at:
            raise Rude.error

    def begin(self, run):
        run.settings.clear()
        super().begin(run)

    def log(self, measures, step):
        super().log(measures, step)
        measures.clear()

    def table(self, name, columns, rows, step):
        super().table(name, columns, rows, step)
        rows[0].clear()
        rows.clear()


@pytest.fixture
def rude():
    register_tracker("rude", Rude)
    yield Rude
    trackers.unregister("rude")


@pytest.mark.parametrize("call", ["begin", "log", "table", "end"])
@pytest.mark.parametrize(
    "error",
    [SystemExit(3), GeneratorExit(), MemoryError(), Mute(), ValueError("\ud800\x1b[31m\n" + "y" * 10**5)],
    ids=lambda error: type(error).__name__,
)
def test_none_ends_the_run_however_it_fails(play, rude, tmp_path, call, error):
    rude.error = error
    warned = play(tmp_path / "run", names=[f"rude(fails_at={call})"], rounds=1, stages=["generate", "attempt", "label"])
    (message,) = (message for message in warned if "tracker" in message)
    assert type(error).__name__ in message
    assert len(message.encode("utf-8")) < 600
    assert message.isprintable()
    assert RunFolder.open(tmp_path / "run").state["phase"] == "done"


def test_the_run_can_still_be_stopped_while_a_tracker_is_told(play, rude, tmp_path):
    rude.error = KeyboardInterrupt()
    with pytest.raises((KeyboardInterrupt, Interrupted)):
        play(tmp_path / "run", names=["rude(fails_at=log)"], rounds=1, stages=SHORT)


def test_what_one_does_to_its_values_the_next_does_not_see(play, rude, tmp_path):
    play(tmp_path / "run", names=["memory"], rounds=1, stages=SHORT)
    alone, Memory.runs = [(name, *what) for name, *what in Memory.runs if name != "begin"], []
    play(tmp_path / "other", names=["rude", "memory"], rounds=1, stages=SHORT)
    assert [(name, *what) for name, *what in Memory.runs if name != "begin"] == alone
    assert of("begin")[0][0].settings["questions.count"] == 12


def test_a_folder_that_takes_no_name_of_the_run_costs_only_the_trackers(play, tmp_path):
    (tmp_path / "run" / NAMED).mkdir(parents=True)
    warned = play(tmp_path / "run", rounds=1, stages=SHORT)
    assert len([message for message in warned if "without trackers" in message]) == 1
    assert Memory.runs == []


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"id": "../../etc"}', '{"id": 7}', "\x00"])
def test_a_name_that_was_damaged_is_made_anew(tmp_path, content):
    (tmp_path / NAMED).write_text(content)
    made = run_id(tmp_path)
    assert len(made) == 12
    assert run_id(tmp_path) == made


@pytest.mark.parametrize(
    ("names", "error", "message"),
    [
        (["tensorbord"], UnknownNameError, "Did you mean 'tensorboard'"),
        (["memory", "memory(label=x)"], ConfigError, "twice"),
        (["tensorboard(api_key=1)"], ConfigError, "api_key"),
        (["builtins:dict"], PluginError, "A tracker has begin, end, log, table"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_written(play, tmp_path, names, error, message):
    with pytest.raises(error, match=message):
        play(tmp_path / "run", names=names)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", ["tensorboard", "wandb", "trackio", "mlflow"])
def test_one_that_is_not_installed_is_refused_with_the_remedy(play, tmp_path, monkeypatch, name):
    monkeypatch.setitem(__import__("sys").modules, name, None)
    with pytest.raises(MissingExtraError, match=r"pip install 'selfplay-gym\[\w+\]'") as found:
        play(tmp_path / "run", names=[name])
    assert "\n" not in str(found.value)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('["tensorboard","wandb(mode=offline, project=x)"]', ("tensorboard", "wandb(mode=offline, project=x)")),
        ("tensorboard, wandb(mode=offline, project=x)", ("tensorboard", "wandb(mode=offline, project=x)")),
        ("tensorboard", ("tensorboard",)),
        ("[]", ()),
    ],
)
def test_they_are_written_as_every_list_of_plug_ins(text, expected):
    assert compose(assignments=[f"trackers={text}"]).trackers == expected


NUMBERS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats() | st.text(max_size=5)
NAMES = st.text(min_size=1, max_size=9)
ROWS = st.dictionaries(NAMES, NUMBERS | st.lists(NUMBERS, max_size=20) | st.dictionaries(NAMES, NUMBERS, max_size=3))


@given(ROWS)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_row_gives_finite_numbers_with_names_that_can_be_written(row):
    found = numbers({**row, "round": 3, "phase": "label"})
    assert all(isinstance(value, int | float) and math.isfinite(value) for value in found.values())
    assert all(name and not set(name) & set('"\\\n\t<>|?*') for name in found)
    assert found.get("round", 3) == 3


def test_names_of_measures_are_stable():
    row = {
        "round": 1,
        "phase": "evaluate",
        "exam": {"summary": {"accuracy": {"value": 0.5, "low": 0.25}, "agent": "x"}},
    }
    row["exam"]["counts"] = {"correct": [1, 2, 3]}
    assert numbers(row) == {"round": 1, "evaluate/exam/accuracy": 0.5, "evaluate/exam/accuracy/low": 0.25}
    step = {
        "round": 1,
        "phase": "train(solver)",
        "role": "solver",
        "step": 7,
        "loss": 0.5,
        "kl": None,
        "skipped": False,
    }
    assert numbers(step) == {"round": 1, "solver/loss": 0.5, "solver/skipped": 0}
    fed_back = {**step, "phase": "feedback", "part": "labels"}
    assert numbers(fed_back) == {"round": 1, "feedback/labels/loss": 0.5, "feedback/labels/skipped": 0}
    assert numbers({"round": 1, "phase": "label", "histogram": [1, 2]}) == {
        "round": 1,
        "label/histogram/0": 1,
        "label/histogram/1": 2,
    }
    assert numbers({"round": 1, "phase": "train(tester)", "passed_over": "tester"}) == {}


@given(st.integers(0, 200))
@settings(deadline=None)
def test_a_table_holds_at_most_fifty_different_questions_from_first_to_last(count):
    labels = [
        {"index": index, "label": None, "solve_rate": 0.0, "kept": False, "matches": [False]} for index in range(count)
    ]
    rows = completions(1, labels, {}, {})
    indices = [row[1] for row in rows]
    assert len(rows) == min(50, count)
    assert indices == sorted(set(indices))
    assert all(row[COLUMNS.index("reward")] is None for row in rows), "without an attempt there is no reward"


def test_texts_of_models_are_cut_and_made_valid():
    labels = [{"index": 0, "label": "\ud800", "solve_rate": 1.0, "kept": True, "matches": [True]}]
    (row,) = completions(1, labels, {0: "x" * 10**6}, {0: ["\x00\x1b[31m| <script>"]})
    assert row == [1, 0, "x" * 500, "?", 1.0, True, "[31m| <script>", 1.0]
