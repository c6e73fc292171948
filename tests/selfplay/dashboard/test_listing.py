"""The list of runs: where each stands, its last exam, and when it changed last, however many there are."""

import asyncio
import json
import random
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.testclient import TestClient

from selfplay_gym.selfplay.dashboard import listing as listings
from selfplay_gym.selfplay.dashboard.app import create_app
from selfplay_gym.selfplay.dashboard.channel import Channel
from selfplay_gym.selfplay.dashboard.hub import Hub
from selfplay_gym.selfplay.dashboard.listing import Listing
from selfplay_gym.selfplay.dashboard.reading import glance as glances
from selfplay_gym.selfplay.dashboard.reading.glance import Glance
from selfplay_gym.selfplay.dashboard.reading.run_reader import RunReader
from selfplay_gym.selfplay.dashboard.runs import Library


def add(folder, log, *rows):
    with (folder / f"{log}.jsonl").open("a", encoding="utf-8") as file:
        file.write("".join(json.dumps(row) + "\n" for row in rows))


def exam(number, value):
    rate = {"value": value, "low": value - 0.05, "high": value + 0.05}
    summary = {"questions": 8, "samples": 4, "accuracy": rate, "greedy": None, "majority": {}}
    return {"round": number, "phase": "evaluate", "exam": {"summary": summary}}


def make_run(path, phase="", number=0, ended=None):
    """A run of four rounds that stands somewhere."""
    path.mkdir(parents=True)
    (path / "config.toml").write_text('rounds = 4\nstages = ["label"]\n', encoding="utf-8")
    if phase:
        (path / "state.json").write_text(json.dumps({"round": number, "phase": phase}), encoding="utf-8")
        add(path, "live", {"time": 1.0, "kind": "phase", "round": number, "phase": phase})
    if ended:
        add(path, "live", {"time": 2.0, "kind": "end", "round": number, "phase": phase, "reason": ended})
    return path


def rows_of(listing):
    listing.version([])
    return {row.name: row for row in listing._listed.values()}


def test_every_run_says_where_it_stands(tmp_path):
    for name, told in {
        "going": ("label", 2),
        "over": ("done", 4),
        "broken": ("label", 3, "failed: OSError: disk"),
        "halted": ("label", 3, "stopped"),
        "begins": (),
        "waits": ("review", 1),
    }.items():
        make_run(tmp_path / name, *told)
    item = {"id": "label/1/0", "round": 1, "gate": "label: random", "question": "1+1"}
    add(tmp_path / "waits", "queue", item, {**item, "id": "label/1/1"})
    (tmp_path / "waits" / "reviews.jsonl").touch()
    add(tmp_path / "going", "metrics", exam(0, 0.3), exam(1, 0.613))
    found = rows_of(Listing(Library([tmp_path])))
    assert {name: (row.word, row.where) for name, row in found.items()} == {
        "going": ("Running", "round 2 of 4, label"),
        "over": ("Finished", "after round 4 of 4"),
        "broken": ("Failed", "round 3 of 4, label (failed: OSError: disk)"),
        "halted": ("Stopped", "round 3 of 4, label (stopped)"),
        "begins": ("Starting", "nothing is written yet"),
        "waits": ("Waiting for people", "round 1 of 4, review: 2 items to decide"),
    }
    assert found["going"].exam == ("61.3 [56.3, 66.3]", 1)
    assert [name for name, row in found.items() if row.changed is None] == ["begins"]
    page = opened(tmp_path).get("/").text
    assert "Review 2 items" in page
    assert "exam 61.3 [56.3, 66.3] %" in page
    assert page.count("no exam yet") == 5


def opened(folder):
    client = TestClient(create_app([folder], "token"), base_url="http://127.0.0.1")
    client.get("/?token=token")
    return client


@pytest.mark.parametrize("seed", range(3))
def test_a_glance_says_what_reading_everything_says(tmp_path, monkeypatch, seed):
    """Logs grow, are cut, and are replaced; only the ends of them are read."""
    monkeypatch.setattr(glances, "LAST_METRICS", 6_000)
    monkeypatch.setattr(glances, "LAST_LIVE", 6_000)
    rng, path = random.Random(seed), make_run(tmp_path / "run", "label", 1)
    glance = Glance(path)
    for number in range(1, 30):
        step = {"round": number, "phase": "train(solver)", "role": "solver", "step": 0, "loss": rng.random()}
        add(path, "metrics", *[step] * rng.randrange(40), exam(number, rng.uniform(0.1, 0.9)))
        add(path, "live", {"time": 1.0, "kind": "phase", "round": number, "phase": rng.choice(["label", "attempt"])})
        add(path, "live", *[{"time": 1.0, "kind": "alarm", "message": '"kind": "phase"' * 9}] * rng.randrange(5))
        if rng.random() < 0.2:
            lines = (path / "metrics.jsonl").read_bytes().splitlines(keepends=True)
            (path / "metrics.jsonl").write_bytes(b"".join(lines[: rng.randrange(1, len(lines))]))
        whole = RunReader(path)
        whole.begin()
        glance.advance()
        (*_, (last, result)) = whole.metrics.exams.items() or [(None, None)]
        assert glance.exam == (None if result is None else (last, result.accuracy))
        assert (glance.live_stage, glance.ended, glance.status) == (whole.live_stage, whole.ended, whole.status)


def test_all_runs_have_their_turn_and_those_that_go_on_every_time(tmp_path, monkeypatch):
    """A clock by which each look takes a second, and there are five for each time."""
    monkeypatch.setattr(listings, "EACH_S", 5.0)
    monkeypatch.setattr(listings, "FIRST_S", 5.0)
    looked = []
    honest = Glance.advance
    monkeypatch.setattr(Glance, "advance", lambda self: (looked.append(self.path.name), honest(self)))
    for number in range(40):
        make_run(tmp_path / f"run-{number}", "label" if number % 20 == 7 else "done", 1)
    listing = Listing(Library([tmp_path]), clock=lambda: float(len(looked)))
    for _ in range(12):
        listing.version([])
    assert set(looked) == {f"run-{number}" for number in range(40)}
    for _ in range(8):
        before = len(looked)
        listing.version([])
        assert {"run-7", "run-27"} <= set(looked[before:])
    counts = [looked.count(f"run-{number}") for number in range(40) if number % 20 != 7]
    assert max(counts) - min(counts) <= 1


def test_a_run_that_cannot_be_read_is_listed_and_read_again(tmp_path, monkeypatch):
    for name in ("bad", "good"):
        make_run(tmp_path / name, "label", 1)
    honest = Glance.advance

    def advance(self):
        if self.path.name == "bad":
            raise OverflowError("too long")
        honest(self)

    listing = Listing(Library([tmp_path]))
    with monkeypatch.context() as patched:
        patched.setattr(Glance, "advance", advance)
        assert {name: row.word for name, row in rows_of(listing).items()} == {
            "bad": "Cannot be read",
            "good": "Running",
        }
    assert {row.word for row in rows_of(listing).values()} == {"Running"}


def test_the_list_follows_runs_that_come_go_on_and_go(tmp_path):
    make_run(tmp_path / "b", "label", 1)
    clock = [0.0]
    library = Library([tmp_path], clock=lambda: clock[0])

    async def told(stream, wanted):
        """Parts and order from the next messages, until the order is as wanted and something was said of all."""
        parts, order = {}, None
        async for message in stream:
            for line in message.decode().splitlines():
                if line.startswith("data: {"):
                    one = json.loads(line.removeprefix("data: "))
                    parts[one["name"]] = one["html"]
                elif line.startswith("data: ["):
                    order = [name for name in json.loads(line.removeprefix("data: ")) if name != "no-runs"]
            if wanted(parts, order):
                return parts, order
        raise AssertionError("the stream has ended")

    async def scene():
        listing = Listing(library)
        listing.tick_s = 0.01
        hub = Hub()
        stream = Channel(hub, listing, []).listen("")
        await told(stream, lambda parts, order: order is not None and len(order) == 1)
        make_run(tmp_path / "a", "label", 3)
        clock[0] += 1_000
        parts, order = await told(stream, lambda parts, order: order is not None and len(order) == 2)
        assert "round 3 of 4" in parts[order[0]]
        add(tmp_path / "b", "metrics", exam(1, 0.5))
        parts, _ = await told(stream, lambda parts, order: bool(parts))
        assert "exam 50.0 [45.0, 55.0] %" in "".join(parts.values())
        shutil.rmtree(tmp_path / "b")
        clock[0] += 1_000
        _, left = await told(stream, lambda parts, order: order is not None)
        assert left == order[:1]
        await stream.aclose()
        hub.close()

    with ThreadPoolExecutor(1) as apart:  # the browser of other tests has a loop in this thread
        apart.submit(asyncio.run, asyncio.wait_for(scene(), 60)).result()
