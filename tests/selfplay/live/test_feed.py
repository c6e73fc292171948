"""The feed of a run: it shows what was logged, and the run is the same with it, without it, or when it fails."""

import errno
import json
import math
import os
import threading
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.interrupts import Stopped
from selfplay_gym.selfplay.hooks import Hook, Step, Stop
from selfplay_gym.selfplay.live import events, feed
from selfplay_gym.selfplay.live.feed import LiveFeed, Speed
from selfplay_gym.selfplay.progress import Progress
from selfplay_gym.selfplay.run import train as training
from selfplay_gym.selfplay.run.train import Interrupted, train
from selfplay_gym.selfplay.settings.parts import LiveConfig
from selfplay_gym.selfplay.settings.presets import preset
from selfplay_gym.selfplay.storage.run_folder import LOGS

SETTINGS = {"rounds": 2, "questions.count": 12, "questions.keep_band": [0.0, 1.0], "live.resources_s": 0.1}


@pytest.fixture
def play(scripted_roles_of, monkeypatch):
    """`play(path, changes, hook)`: `train` with scripted roles, and its warnings."""

    def played(path, changes=(), hook=None, resume=False):
        honest, warned = make_run, []

        def making(config, folder, progress, stop, further=(), **_):
            return honest(config, folder, progress, stop, scripted_roles_of(), [*further, *([hook] if hook else [])])

        monkeypatch.setattr(training, "make_run", making)
        monkeypatch.setattr(Progress, "warn", lambda _, run, message: warned.append(message))
        config = preset("debug").replace({**SETTINGS, **dict(changes)})
        train({} if resume else config, path, resume=resume)
        return warned

    make_run = training.make_run
    return played


def lines(path, kind=None):
    found = [json.loads(line) for line in (path / "live.jsonl").read_text().splitlines()]
    return [row for row in found if kind in (None, row["kind"])]


def logs(path):
    found = {name: (path / f"{name}.jsonl").read_bytes() for name in LOGS if name != "timings"}
    state = json.loads((path / "state.json").read_text())
    own = ("settings", "logs", "log_sha256", "checksum")  # of the settings, and of clocks
    return {**found, "state": {name: value for name, value in state.items() if name not in own}}


def open_files():
    return len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0


def resource_threads():
    return [thread.name for thread in threading.enumerate() if thread.name == "live resources"]


def test_what_is_shown_is_what_was_logged(play, tmp_path):
    play(tmp_path / "run")
    path = tmp_path / "run"
    rows = {name: [json.loads(line) for line in (path / f"{name}.jsonl").read_text().splitlines()] for name in LOGS}
    shown = [(row["round"], q) for row in lines(path, "questions") for q in row["questions"] if q["index"] is not None]
    assert [(number, q["index"], q["text"], q["dropped"]) for number, q in shown] == [
        (row["round"], row["index"], row["text"], row["dropped"]) for row in rows["questions"]
    ]
    attempts = {(row["round"], row["index"]): row for row in lines(path, "attempts") if row["index"] is not None}
    texts = {(row["round"], row["index"]): row["attempts"] for row in rows["attempts"]}
    assert len(attempts) == len(rows["labels"]) == len(rows["attempts"]) > 0
    for row in rows["labels"]:
        found = attempts[row["round"], row["index"]]
        assert found["votes"] == Counter(answer for answer in row["answers"] if answer is not None)
        assert (found["answers"], found["label"], found["solve_rate"]) == (
            *(row["answers"], row["label"], row["solve_rate"]),
        )
        assert found["attempts"] == texts[row["round"], row["index"]]
    steps = [(row["role"], row["number"], row["measures"]["mean_reward"]) for row in lines(path, "step")]
    assert steps == [(row["role"], row["step"], row["mean_reward"]) for row in rows["metrics"] if "role" in row]
    exams = [row["accuracy"] for row in lines(path, "exam") if row["name"] == "exam"]
    assert exams == [row["exam"]["summary"]["accuracy"]["value"] for row in rows["metrics"] if "exam" in row]
    assert [row["accuracy"] for row in lines(path, "exam") if row["name"] == "validation"] == [
        row["validation_accuracy"] for row in rows["metrics"] if "validation_accuracy" in row
    ]
    assert [row["phase"] for row in lines(path, "phase")] == [row["phase"] for row in rows["timings"]]
    assert [row["measures"]["asked"] for row in lines(path, "labels")] == [
        row["asked"] for row in rows["metrics"] if "asked" in row
    ]
    played = [row for row in lines(path, "attempts") if row["phase"] == "train(challenger)"]
    assert played
    assert all(row["index"] is None and row["solve_rate"] is not None for row in played)
    assert lines(path)[-1]["reason"] == "done"
    assert {*lines(path)[0]} >= {"time", "kind", "round", "phase"}


def test_a_run_is_the_same_with_and_without_it(play, tmp_path):
    play(tmp_path / "with")
    play(tmp_path / "without", {"live.on": False})
    assert logs(tmp_path / "with") == logs(tmp_path / "without")
    assert not (tmp_path / "without" / "live.jsonl").exists()


def test_nothing_is_left_over(play, tmp_path):
    before = open_files()
    play(tmp_path / "run")
    assert resource_threads() == []
    assert open_files() == before


class AtLabels(Hook):
    """Does something when the second round was labelled."""

    name = "test"

    def __init__(self, action):
        self.action = action

    def after_labels(self, run, measures):
        return self.action() if run.round == 2 else None


def failing():
    raise RuntimeError("a plug-in of somebody's")


def stopping():
    raise Stopped


@pytest.mark.parametrize(
    ("action", "error", "reason"),
    [
        (lambda: Stop("enough"), Interrupted, "stopped: enough"),
        (stopping, Interrupted, "stopped"),
        (failing, RuntimeError, "failed: RuntimeError: a plug-in of somebody's"),
    ],
)
def test_however_it_ends_that_is_said_and_it_is_begun_anew(play, tmp_path, action, error, reason):
    before = open_files()
    with pytest.raises(error):
        play(tmp_path / "run", hook=AtLabels(action))
    assert lines(tmp_path / "run")[-1]["reason"] == reason
    assert (resource_threads(), open_files()) == ([], before)
    play(tmp_path / "run", resume=True)
    assert next(row["round"] for row in lines(tmp_path / "run", "phase")) == 2
    assert lines(tmp_path / "run")[-1]["reason"] == "done"


def test_a_resumed_round_is_shown_with_the_attempts_of_before(play, tmp_path):
    class BeforeLabels(Hook):
        name = "test"

        def before_stage(self, run):
            if (run.round, run.phase) == (1, "label"):
                stopping()

    with pytest.raises(Interrupted):
        play(tmp_path / "run", hook=BeforeLabels())
    play(tmp_path / "run", resume=True)
    first = [row for row in lines(tmp_path / "run", "attempts") if (row["round"], row["phase"]) == (1, "label")]
    assert first
    assert all(len(row["attempts"]) == 4 and row["question"] for row in first)


def test_what_cannot_be_written_ends_the_feed_and_not_the_run(play, tmp_path, monkeypatch):
    play(tmp_path / "sound")
    (tmp_path / "no file" / "live.jsonl").mkdir(parents=True)
    warned = play(tmp_path / "no file")
    assert [message for message in warned if "live.jsonl" in message] == [warned[0]]
    assert logs(tmp_path / "no file") == logs(tmp_path / "sound")
    honest, calls = feed.BoundedLog.add, []

    def full(self, rows):
        calls.append(1)
        if len(calls) > 9:
            raise OSError(errno.ENOSPC, "No space left on device")
        honest(self, rows)

    monkeypatch.setattr(feed.BoundedLog, "add", full)
    warned = play(tmp_path / "full")
    assert len([message for message in warned if "No space left on device" in message]) == 1
    assert len(calls) == 10
    assert len(lines(tmp_path / "full")) >= 9
    assert logs(tmp_path / "full") == logs(tmp_path / "sound")
    assert resource_threads() == []


class Watch:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self):
        return self.now


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 100)), max_size=60))
@settings(deadline=None, max_examples=30)
def test_at_most_four_counts_a_second(tmp_path_factory, moves):
    path, clock = tmp_path_factory.mktemp("run"), Watch()
    with LiveFeed(path, LiveConfig(resources_s=0), lambda message: None, clock) as live:
        at = []
        for wait, done in moves:
            clock.now += wait
            before = len(lines(path))
            live.count(done, 100)
            at += [clock.now] * (len(lines(path)) - before)
        assert all(later - earlier >= 0.25 for earlier, later in pairwise(at))
        assert bool(at) == bool(moves)
        live.after_stage(None)
    assert not moves or lines(path, "count")[-1]["done"] == moves[-1][1], "the last one is never lost"


@given(st.lists(st.tuples(st.floats(0.1, 30), st.integers(0, 10**6)), min_size=2))
@settings(deadline=None)
def test_speed_is_never_negative_nor_more_than_was_counted(moves):
    speed, now, total = Speed(), 0.0, 0
    for wait, count in moves:
        now, total = now + wait, max(total, count)
        rate = speed.at(now, count)
        assert rate is None or rate >= 0


def test_speed_is_the_mean_of_the_last_seconds():
    speed = Speed()
    rates = [speed.at(2.0 * second, 100 * second) for second in range(20)]
    assert rates[0] is None
    assert rates[1:] == [50.0] * 19
    assert speed.at(50.0, 0) == 0.0, "roles were made again: their count begins at 0"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
)


@given(JSON)
@settings(deadline=None)
def test_anything_can_be_shown(value):
    line = json.dumps(events.shown(value), allow_nan=False)
    assert "\n" not in line


def test_texts_are_cut_and_numbers_finite():
    found = events.shown({"a" * 5000: ["é" * 5000, math.nan, -math.inf, 1.5]})
    assert found == {"a" * 2000: ["é" * 2000, None, None, 1.5]}
    long = events.judged(events.attempted(0, "q" * 9999, ["x" * 9999] * 20), ["y" * 999] * 20, 1.0, "z" * 9999)
    assert [len(long["question"]), len(long["attempts"]), len(long["label"])] == [2000, 8, 2000]
    assert {len(text) for text in long["attempts"]} == {2000}
    assert long["votes"] == {"y" * 200: 20}


def test_a_measure_that_is_no_number_does_not_break_a_line(tmp_path):
    with LiveFeed(tmp_path, LiveConfig(resources_s=0), lambda message: None) as live:
        live.after_step(None, Step("solver", 0, 1, {"loss": math.nan, "terms": {"a": math.inf}}))
    assert lines(tmp_path, "step")[0]["measures"] == {"loss": None, "terms": {"a": None}}


@pytest.mark.parametrize("seconds", [-1, 0.05, math.inf])
def test_an_interval_that_cannot_work_is_refused(seconds):
    with pytest.raises(ConfigError, match="resources_s"):
        LiveConfig(resources_s=seconds)


def test_resources_are_measured_while_the_run_waits(play, tmp_path):
    class Wait(Hook):
        """Goes on once the machine was measured twice."""

        name = "test"

        def after_exam(self, run, validation):
            measured = threading.Event()
            honest = feed.Resources.measure
            seen = []

            def noted(resources):
                seen.append(1)
                if len(seen) == 2:
                    measured.set()
                return honest(resources)

            feed.Resources.measure = noted
            try:
                assert measured.wait(20)
            finally:
                feed.Resources.measure = honest

    play(tmp_path / "run", {"rounds": 1}, hook=Wait())
    found = lines(tmp_path / "run", "resources")
    assert len(found) >= 2
    assert all({"cpu_percent", "memory_mb", "gpu", "tokens_per_s", "run_mb"} <= set(row) for row in found)
    assert found[-1]["tokens_per_s"] >= 0


def test_a_request_for_people_is_no_alarm(tmp_path):
    with LiveFeed(tmp_path, LiveConfig(resources_s=0), lambda message: None) as feed:
        feed.ask(None, 3, "round 1: 3 items to review")
        feed.warn(None, "the loss is not finite")
    rows = [json.loads(line) for line in (tmp_path / "live.jsonl").read_text().splitlines()]
    assert [row["kind"] for row in rows] == ["waiting", "alarm", "end"]
    assert (rows[0]["items"], rows[0]["message"]) == (3, "round 1: 3 items to review")
