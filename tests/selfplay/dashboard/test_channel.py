"""A page is made once for all who look, and sent as it changes; who comes back gets what was missed."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from selfplay_gym.selfplay.dashboard import channel as channels
from selfplay_gym.selfplay.dashboard import hub as hubs
from selfplay_gym.selfplay.dashboard.channel import Channel, Page
from selfplay_gym.selfplay.dashboard.hub import Hub
from selfplay_gym.selfplay.dashboard.reading.tallies import TimingTally
from selfplay_gym.selfplay.dashboard.runs import RunPlace
from selfplay_gym.selfplay.dashboard.views.parts import Part


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A run with one row, looked at without pause."""
    monkeypatch.setattr(channels, "LEAST_S", 0.0)
    monkeypatch.setattr(hubs, "POLL_S", 0.01)
    append(tmp_path, 1)
    return RunPlace("key", "run", tmp_path)


def append(folder, seconds):
    with (folder / "timings.jsonl").open("a", encoding="utf-8") as log:
        log.write(json.dumps({"round": 1, "phase": "label", "seconds": seconds}) + "\n")


class View:
    """A page of two parts, of which one never changes; counts how often it is made."""

    def __init__(self):
        self.made = 0
        self.page = Page(self.parts, ("timings",))

    def parts(self, readers):
        self.made += 1
        return [Part("still", "x"), Part("sum", str(sum(reader.timings.seconds for reader in readers)))]


async def told(stream):
    """The parts of the next message that has some, and its id."""
    async for message in stream:
        lines = message.decode().split("\n")
        parts = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: {")]
        if parts:
            (seen,) = (line.removeprefix("id: ") for line in lines if line.startswith("id: "))
            return {part["name"]: part["html"] for part in parts}, seen
    raise AssertionError("the stream has ended")


def with_hub(scene):
    """Play a scene of at most a minute with a hub, which is closed afterwards."""
    hub = Hub()

    async def played():
        return await asyncio.wait_for(scene(hub), 60)

    try:
        with ThreadPoolExecutor(1) as apart:  # the browser of other tests has a loop in this thread
            return apart.submit(asyncio.run, played()).result()
    finally:
        hub.close()


def test_a_browser_gets_the_page_and_then_what_changes(place):
    async def scene(hub):
        stream = Channel(hub, View().page, [place]).listen("")
        assert (await told(stream))[0] == {"still": "x", "sum": "1.0"}
        for seconds, total in ((2, "3.0"), (4, "7.0")):
            append(place.path, seconds)
            assert (await told(stream))[0] == {"sum": total}
        await stream.aclose()

    with_hub(scene)


def test_who_has_seen_everything_is_sent_the_next_change_only(place):
    async def scene(hub):
        channel = Channel(hub, View().page, [place])
        first = channel.listen("")
        _, seen = await told(first)
        again = channel.listen(seen)
        await anext(again)  # the stream is open
        append(place.path, 2)
        assert (await told(again))[0] == {"sum": "3.0"}
        await first.aclose()
        await again.aclose()

    with_hub(scene)


def test_who_comes_back_late_is_sent_the_page_as_it_is(place):
    async def scene(hub):
        channel = Channel(hub, View().page, [place])
        first = channel.listen("")
        _, seen = await told(first)
        append(place.path, 2)
        await told(first)
        assert (await told(channel.listen(seen)))[0] == {"still": "x", "sum": "3.0"}
        await first.aclose()

    with_hub(scene)


def test_twenty_browsers_cost_what_one_does(place):
    async def scene(hub):
        view = View()
        channel = Channel(hub, view.page, [place])
        streams = [channel.listen("") for _ in range(20)]
        await asyncio.gather(*(told(stream) for stream in streams))
        before = view.made
        append(place.path, 2)
        found = await asyncio.gather(*(told(stream) for stream in streams))
        assert [parts for parts, _ in found] == [{"sum": "3.0"}] * 20
        assert (before, view.made) == (1, 2)
        assert len(hub._open) == 1

    with_hub(scene)


def test_a_slow_browser_misses_only_what_was_replaced(place):
    async def scene(hub):
        channel = Channel(hub, View().page, [place])
        slow, quick = channel.listen(""), channel.listen("")
        await told(slow)
        await told(quick)
        for seconds in (2, 4, 8):
            append(place.path, seconds)
            await told(quick)
        assert (await told(slow))[0] == {"sum": "15.0"}

    with_hub(scene)


def test_nobody_there_costs_nothing_and_the_next_one_is_served(place):
    async def scene(hub):
        view = View()
        channel = Channel(hub, view.page, [place])
        stream = channel.listen("")
        _, seen = await told(stream)
        await stream.aclose()
        assert channel._task is None
        append(place.path, 2)
        assert (await told(channel.listen(seen)))[0]["sum"] == "3.0"

    with_hub(scene)


def test_a_run_that_was_cut_shows_what_is_left(place):
    async def scene(hub):
        append(place.path, 2)
        stream = Channel(hub, View().page, [place]).listen("")
        assert (await told(stream))[0]["sum"] == "3.0"
        (place.path / "timings.jsonl").write_text('{"seconds": 5}\n', encoding="utf-8")
        assert (await told(stream))[0] == {"sum": "5.0"}

    with_hub(scene)


def test_closing_ends_every_stream(place):
    async def scene(hub):
        stream = Channel(hub, View().page, [place]).listen("")
        await told(stream)
        hub.close()
        assert [message async for message in stream] == []

    with_hub(scene)


def test_who_comes_back_with_another_version_is_sent_the_page_though_nothing_changes(place):
    async def scene(hub):
        channel = Channel(hub, View().page, [place])
        first = channel.listen("")
        _, seen = await told(first)
        await first.aclose()
        for old in ("", "older", "older"):
            stream = channel.listen(old)
            assert await told(stream) == ({"still": "x", "sum": "1.0"}, seen)
            await stream.aclose()

    with_hub(scene)


def test_who_comes_with_another_version_beside_one_that_is_up_to_date_is_sent_the_page(place):
    async def scene(hub):
        channel = Channel(hub, View().page, [place])
        first = channel.listen("")
        _, seen = await told(first)
        await first.aclose()
        waiting = channel.listen(seen)
        await anext(waiting)  # it has everything, so no page has been made for it
        assert (await told(channel.listen("older")))[0] == {"still": "x", "sum": "1.0"}
        await waiting.aclose()

    with_hub(scene)


def test_a_page_that_cannot_be_made_ends_its_streams_and_is_tried_again(place):
    async def scene(hub):
        view = View()

        def broken(readers):
            raise OverflowError("too long")

        channel = Channel(hub, Page(broken, ("timings",)), [place])
        assert [message async for message in channel.listen("")] == [b"retry: 1000\n\n"]
        channel._page = view.page
        assert (await told(channel.listen("")))[0] == {"still": "x", "sum": "1.0"}

    with_hub(scene)


def test_a_run_that_cannot_be_read_does_not_stop_the_others(place, tmp_path):
    other = RunPlace("other", "other", tmp_path / "other")
    other.path.mkdir()
    append(other.path, 1)

    async def scene(hub):
        bad, good = Channel(hub, View().page, [place]).listen(""), Channel(hub, View().page, [other]).listen("")
        await told(bad)
        await told(good)
        reader = hub._open[place.key].reader

        def broken():
            raise OverflowError("too long")

        reader.advance = broken
        append(other.path, 2)
        assert (await told(good))[0] == {"sum": "3.0"}
        append(other.path, 4)
        assert (await told(good))[0] == {"sum": "7.0"}
        assert (reader.status, reader.failed) == ("unreadable", "OverflowError: too long")
        await bad.aclose()
        await good.aclose()

    with_hub(scene)


def test_a_run_that_could_not_be_read_is_read_anew_once_its_files_are_others(place, monkeypatch):
    """Lines of one kind cannot be taken; while they stand there it is not tried without end, and it is without them."""
    tries, honest = [], TimingTally.add

    def add(tally, row):
        if row.seconds == 13:
            tries.append(row)
            raise OverflowError("too long")
        honest(tally, row)

    monkeypatch.setattr(TimingTally, "add", add)

    async def scene(hub):
        stream = Channel(hub, View().page, [place]).listen("")
        await told(stream)
        append(place.path, 13)
        while len(tries) < 2 or hub.reader(place).failed is None:  # once more, since it may have changed meanwhile
            await asyncio.sleep(0.01)
        before = len(tries)
        await asyncio.sleep(0.2)
        assert len(tries) == before == 2
        (place.path / "timings.jsonl").write_text('{"seconds": 5}\n', encoding="utf-8")
        assert (await told(stream))[0] == {"sum": "5.0"}
        assert hub.reader(place).failed is None
        append(place.path, 2)
        assert (await told(stream))[0] == {"sum": "7.0"}
        await stream.aclose()

    with_hub(scene)


def test_it_is_tried_less_and_less_often(place, monkeypatch):
    monkeypatch.setattr(hubs, "LOGGER", SimpleNamespace(exception=lambda *_: None))
    monkeypatch.setattr(hubs, "time", SimpleNamespace(monotonic=lambda: 0.0))
    monkeypatch.setattr(hubs, "POLL_S", 0.5)
    one, rests = hubs.Open(place), []
    for _ in range(2_000):
        Hub._give_up(one, OverflowError("too long"))
        rests.append(one.again)
    assert rests == sorted(rests)
    assert rests[-1] == hubs.LONGEST_REST_S
