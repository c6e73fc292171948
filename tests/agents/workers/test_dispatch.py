"""Chunks to workers that may end at any time: order, back-pressure, nothing lost and nothing double."""

import random
from collections import Counter

import pytest

from selfplay_gym.agents.workers.dispatch import AHEAD, MOST_DEATHS, Dispatch, Places, WorkerLost
from selfplay_gym.core.errors import ConfigError, RunError


class Imagined:
    """Workers without processes: what each holds is a list, and a seeded random number decides who is done next.

    Args:
        kills: how many times in all some worker ends instead.
        slow_start: whether a worker must be waited for before it takes chunks.
    """

    def __init__(self, size, depth=2, *, seed=0, kills=0, slow_start=False):
        self.size, self.depth, self.kills, self.slow_start = size, depth, kills, slow_start
        self.random = random.Random(seed)
        self.lines = {place: [] for place in range(size)}
        self.lost, self.starts, self.did, self.most_held = set(), Counter(), Counter(), 0
        self.numbers = iter(range(10**9))

    def start(self, place):
        self.starts[place] += 1
        self.lines[place] = []
        return ("ready", place, next(self.numbers)) if self.slow_start else None

    def stop(self, place):
        self.lines[place] = []

    def submit(self, place, function, chunk):
        assert len(self.lines[place]) < self.depth
        handle = ("chunk", place, next(self.numbers))
        self.lines[place].append((handle, function, chunk))
        self.most_held = max(self.most_held, sum(map(len, self.lines.values())))
        return handle

    def wait(self, handles):
        heads = {line[0][0] for line in self.lines.values() if line}
        possible = [h for h in handles if h[0] == "ready" or h in heads]
        assert possible, "waits for what nobody does"
        return self.random.choice(possible)

    def result(self, handle):
        kind, place, _ = handle
        if self.kills and self.random.random() < 0.1:
            self.kills -= 1
            self.lines[place] = []
            raise WorkerLost
        if kind == "ready":
            return None
        (_, function, chunk) = self.lines[place].pop(0)
        self.did[chunk] += 1
        return function(chunk)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("size", [1, 2, 7])
def test_results_are_in_order_whoever_ends_when(size, seed):
    backend = Imagined(size, seed=seed, kills=20, slow_start=seed % 2 == 1)
    assert list(Dispatch(backend, Places()).run(str, range(401))) == [str(n) for n in range(401)]
    assert backend.kills == 0
    assert set(backend.did) == set(range(401))
    assert sum(backend.starts.values()) == size + 20
    assert not any(backend.lines.values())


def test_without_a_loss_every_chunk_is_done_once():
    backend = Imagined(3)
    list(Dispatch(backend, Places()).run(str, range(50)))
    assert set(backend.did.values()) == {1}


@pytest.mark.parametrize("size", [1, 3])
def test_few_chunks_are_taken_ahead(size):
    backend, taken = Imagined(size), 0

    def chunks():
        nonlocal taken
        for number in range(1, 201):
            taken = number
            yield number

    for given, _ in enumerate(Dispatch(backend, Places()).run(str, chunks())):
        assert taken - given <= AHEAD * size + 1  # the next one is known before it is given to anybody
    assert taken == 200
    assert backend.most_held <= backend.depth * size


def test_a_chunk_that_ends_every_worker_is_named():
    class Poisoned(Imagined):
        def result(self, handle):
            if handle[0] == "chunk" and self.lines[handle[1]][0][2] == 13:
                self.lines[handle[1]] = []
                raise WorkerLost
            return super().result(handle)

    backend, results = Poisoned(2), []
    with pytest.raises(RunError, match=f"chunk 14 ended {MOST_DEATHS + 1} workers"):
        results.extend(Dispatch(backend, Places()).run(str, range(40)))
    assert results == [str(n) for n in range(len(results))]
    assert backend.did[13] == 0
    assert not any(backend.lines.values())


def test_workers_that_never_are_ready_are_given_up():
    class Stillborn(Imagined):
        def result(self, handle):
            raise WorkerLost

    with pytest.raises(RunError, match="before they did anything"):
        list(Dispatch(Stillborn(2, slow_start=True), Places()).run(str, range(3)))


@pytest.mark.parametrize("seed", range(5))
def test_an_error_comes_in_its_turn_and_stops_what_is_on_its_way(seed):
    def function(chunk):
        if chunk in (5, 6):
            raise ConfigError(f"no {chunk}")
        return chunk

    backend, results, places = Imagined(3, seed=seed), [], Places()
    with pytest.raises(ConfigError, match="no 5"):
        results.extend(Dispatch(backend, places).run(function, range(30)))
    assert results == [0, 1, 2, 3, 4]
    assert not any(backend.lines.values())
    assert list(Dispatch(backend, places).run(str, "abc")) == ["a", "b", "c"]


def test_nobody_is_left_working_when_results_are_no_longer_asked_for():
    backend = Imagined(2)
    results = Dispatch(backend, Places()).run(str, range(100))
    assert next(results) == "0"
    results.close()
    assert not any(backend.lines.values())


def test_no_chunks_are_no_results():
    assert list(Dispatch(Imagined(2), Places()).run(str, [])) == []
