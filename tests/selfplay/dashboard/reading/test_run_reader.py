"""Where a run stands, from what it left behind; and its live feed, through the writer of the feed."""

import json
import os
import time

import msgspec
import pytest

from selfplay_gym.selfplay.dashboard.reading.live import LiveTally
from selfplay_gym.selfplay.dashboard.reading.log_reader import AT_ONCE, LogReader
from selfplay_gym.selfplay.dashboard.reading.rows import Live, Timing
from selfplay_gym.selfplay.dashboard.reading.run_reader import RunReader
from selfplay_gym.selfplay.dashboard.reading.run_state import ALIVE_S
from selfplay_gym.selfplay.dashboard.reading.tallies import TimingTally
from selfplay_gym.selfplay.dashboard.views.now import now
from selfplay_gym.selfplay.dashboard.views.standing import seconds_left, standing_of
from selfplay_gym.selfplay.live.bounded_log import BoundedLog
from selfplay_gym.selfplay.reviews.decisions import Decision, ReviewLog
from selfplay_gym.selfplay.storage.lock import hold

STAGES = 'rounds = 4\nstages = ["generate", "label"]\n'


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "config.toml").write_text(STAGES, encoding="utf-8")
    return tmp_path


def read(folder, after_s=0.0):
    """The reader of a run, so many seconds after the last thing was written."""
    last = max((path.stat().st_mtime for path in folder.glob("*.jsonl")), default=0.0)
    reader = RunReader(folder, clock=lambda: last + after_s)
    reader.begin()
    return reader


def timings(folder, *rows):
    with (folder / "timings.jsonl").open("a", encoding="utf-8") as log:
        for number, phase, seconds in rows:
            log.write(json.dumps({"round": number, "phase": phase, "seconds": seconds}) + "\n")


def state(folder, number, phase):
    (folder / "state.json").write_text(json.dumps({"round": number, "phase": phase}), encoding="utf-8")


@pytest.mark.parametrize(("after_s", "status"), [(ALIVE_S - 1, "running"), (ALIVE_S + 1, "stopped")])
def test_a_run_goes_on_as_long_as_it_writes(folder, after_s, status):
    timings(folder, (1, "generate", 1.0))
    assert read(folder, after_s).status == status


def test_a_run_that_holds_its_folder_goes_on_though_it_is_silent(folder):
    timings(folder, (1, "generate", 1.0))
    with hold(folder):
        assert read(folder, 10_000).status == "running"
    assert read(folder, 10_000).status == "stopped"


def test_the_number_of_another_process_in_an_old_lock_means_nothing(folder):
    timings(folder, (1, "generate", 1.0))
    (folder / "run.lock").write_text(f"{os.getpid()}\n", encoding="utf-8")
    assert read(folder, 10_000).status == "stopped"


def test_a_run_is_finished_when_its_state_says_so_and_ended_when_the_feed_does(folder):
    feed = BoundedLog(folder / "live.jsonl")
    feed.add([{"time": 1.0, "kind": "end", "round": 1, "phase": "label", "reason": "stopped"}])
    feed.close()
    assert read(folder).status == "ended"
    assert "(stopped)" in standing_of(read(folder)).text
    state(folder, 4, "done")
    assert read(folder).status == "finished"
    assert standing_of(read(folder)).text == "after round 4 of 4"


def waiting(folder, phase, live=True):
    """A run of four rounds that waits for people in round 3: two labels, a question and a pair are queued."""
    shown = [{"number": at, "text": "so 2", "answer": "2"} for at in (0, 1)]
    row = {"reason": "", "question": "1+1", "label": "2", "phase": "label", "gate": "label: random"}
    items = ("label/3/0", "label/3/1", "question/3/2", "pair/3/1/0-1", "label/2/0")
    rows = [{**row, "id": one, "kind": one.partition("/")[0], "round": int(one.split("/")[1])} for one in items]
    rows[2]["gate"], rows[3]["attempts"] = "generate: random", shown
    (folder / "queue.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows), encoding="utf-8")
    (folder / "reviews.jsonl").touch()
    timings(folder, (1, "generate", 10.0), (1, "label", 30.0))
    state(folder, 3, phase)
    if live:
        feed, head = BoundedLog(folder / "live.jsonl"), {"time": 1.0, "round": 3, "phase": phase}
        feed.add([{**head, "kind": "phase", "step": 5, "total": 8}, {**head, "kind": "waiting", "items": 4}])
        feed.close()


@pytest.mark.parametrize("live", [True, False])
@pytest.mark.parametrize(("phase", "items"), [("review", 4), ("review(label)", 3), ("review(generate)", 1)])
def test_a_run_that_waits_for_people_says_so_until_they_have_decided(folder, phase, items, live):
    waiting(folder, phase, live)
    standing = standing_of(read(folder))
    assert (standing.status, standing.open_items, standing.left_s) == ("waiting", items, None)
    assert standing.text == f"round 3 of 4, {phase}: {items} item{'s' * (items > 1)} to decide"
    assert [part for part in now(read(folder)) if "Alarms" in part.html and "None." in part.html]
    assert f"Waiting for people: round 3 of 4, {phase}" in "".join(part.html for part in now(read(folder)))
    log, reader = ReviewLog(folder / "reviews.jsonl"), read(folder)
    for item in ("label/3/0", "label/3/1", "question/3/2", "pair/3/1/0-1"):
        before = reader.version(["live"])
        log.add(Decision(item, "reject", "anna", 1.0, f"key-{item}"))
        assert reader.advance()[0] == (reader.version(["live"]) != before)
    assert (read(folder).status, standing_of(reader).open_items) == ("running", 0)


@pytest.mark.parametrize("phase", ["attempt", "simulated_review", "reviewing", "train(review)"])
def test_no_other_stage_waits(folder, phase):
    waiting(folder, phase)
    assert read(folder).status == "running"


def test_a_damaged_queue_is_no_reason_not_to_show_the_run(folder):
    waiting(folder, "review")
    (folder / "queue.jsonl").write_text("{no\n", encoding="utf-8")
    assert read(folder).status == "running"


@pytest.mark.parametrize(
    ("reason", "status"), [("stopped", "ended"), ("stopped: enough", "ended"), ("failed: OSError: x", "failed")]
)
def test_a_run_that_failed_is_told_from_one_that_was_stopped(folder, reason, status):
    waiting(folder, "review")
    with (folder / "live.jsonl").open("a", encoding="utf-8") as feed:
        feed.write(json.dumps({"time": 2.0, "kind": "end", "round": 3, "phase": "review", "reason": reason}) + "\n")
    standing = standing_of(read(folder))
    assert (standing.status, standing.left_s) == (status, None)
    assert standing.text == f"round 3 of 4, review ({reason}): 4 items to decide"


def test_the_time_left_is_that_of_the_stages_left(folder):
    """Four rounds of 10 s and 30 s; in round 2 the second stage begins: 30 s, and two rounds."""
    timings(folder, (1, "generate", 10.0), (1, "label", 30.0), (2, "generate", 10.0))
    state(folder, 2, "label")
    assert seconds_left(read(folder)) == 30 + 2 * 40
    standing = standing_of(read(folder))
    assert (standing.done, standing.total) == (3, 8)


def test_the_time_in_the_present_stage_counts(folder):
    timings(folder, (1, "generate", 10.0), (1, "label", 30.0), (2, "generate", 10.0))
    state(folder, 2, "label")
    feed = BoundedLog(folder / "live.jsonl")
    now = (folder / "timings.jsonl").stat().st_mtime
    feed.add([{"time": now - 12.0, "kind": "phase", "round": 2, "phase": "label", "step": 3, "total": 8}])
    feed.close()
    reader = RunReader(folder, clock=lambda: now)
    reader.begin()
    assert seconds_left(reader) == pytest.approx(110 - 12)
    assert standing_of(reader).text == "round 2 of 4, label"


def test_nothing_is_said_of_the_time_left_before_anything_was_played(folder):
    assert seconds_left(read(folder)) is None


def test_attempts_take_the_place_of_the_question_as_it_was_asked():
    tally = LiveTally()
    here = {"time": 1.0, "round": 1, "phase": "attempt", "index": 3}
    for row in (
        {**here, "kind": "questions", "questions": [{"index": 3, "text": "1+1", "source": "challenger"}]},
        {**here, "kind": "attempts", "question": "1+1", "attempts": ["2"]},
        {**here, "kind": "exam", "questions": 8, "accuracy": 0.5},
    ):
        tally.add(msgspec.convert(row, Live))
    (asked,) = tally.asked.values()
    assert (asked.text, asked.source, asked.attempts) == ("1+1", "challenger", ["2"])
    assert tally.exam is not None


def test_a_feed_that_is_halved_is_read_on(tmp_path):
    feed = BoundedLog(tmp_path / "live.jsonl", most=2_000)
    reader = LogReader(tmp_path / "live.jsonl", Live, LiveTally)
    reader.begin()
    for number in range(200):
        feed.add([{"time": float(number), "kind": "alarm", "message": str(number)}])
        while reader.advance()[1]:
            pass
        assert reader.shown.alarms[-1].message == str(number)
    feed.close()
    assert reader.damaged == 0


def test_the_end_of_a_long_log_is_shown_until_all_of_it_is_read(tmp_path):
    path, line = tmp_path / "timings.jsonl", b'{"round": 1, "phase": "label", "seconds": 1}\n'
    rows = 2 * AT_ONCE // len(line)
    path.write_bytes(line * rows)
    reader = LogReader(path, Timing, TimingTally)
    reader.begin()
    assert 0 < reader.shown.stages < rows
    with path.open("ab") as log:
        log.write(b'{"round": 2, "phase": "new", "seconds": 5}\n')
    reader.advance()
    assert reader.shown.recent[-1].phase == "new"
    while reader.advance()[1]:
        pass
    assert (reader.shown.stages, reader.shown.recent[-1].phase) == (rows + 1, "new")


def test_a_log_that_is_cut_while_its_history_is_read_is_right_in_the_end(tmp_path):
    path, line = tmp_path / "timings.jsonl", b'{"round": 1, "phase": "label", "seconds": 1}\n'
    path.write_bytes(line * (2 * AT_ONCE // len(line)))
    reader = LogReader(path, Timing, TimingTally)
    reader.begin()
    reader.advance()
    path.write_bytes(line * 7)
    while reader.advance()[1]:
        pass
    assert reader.shown.stages == 7


def test_a_run_that_has_written_nothing_is_starting_for_a_minute(tmp_path):
    now = time.time()
    folder = tmp_path / "run"
    reader = RunReader(folder, lambda: now)
    assert reader.status == "starting"  # the folder is not there yet
    folder.mkdir()
    (folder / "config.toml").touch()
    os.utime(folder, (now - 59, now - 59))
    assert reader.status == "starting"
    os.utime(folder, (now - 61, now - 61))
    assert reader.status == "stopped"
    os.utime(folder, (now, now))
    (folder / "metrics.jsonl").touch()
    os.utime(folder / "metrics.jsonl", (now - 61, now - 61))
    assert reader.status == "stopped"  # it has written something, and no more
