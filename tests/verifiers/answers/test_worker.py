"""The worker behind sympy: deadlines that kill, crashes, threads, asyncio, forks."""

import asyncio
import contextlib
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from selfplay_gym.verifiers.answers.parsing.parse import parse
from selfplay_gym.verifiers.answers.worker import Pool, Worker

EASY = (parse("\\sum_{k=1}^n k"), parse("\\frac{n(n+1)}{2}"))
HARD = (parse("\\int_0^1 \\sin(\\sin(\\sin(x^x)))\\,dx"), parse("\\int_0^1 \\cos(\\tan(x^{x^x}))\\,dx"))


@pytest.fixture(scope="module")
def shared():
    made = Pool(2)
    yield made
    made.close()


@pytest.fixture
def pool(shared):
    """A pool that remembers nothing; its workers may be warm."""
    shared._known.clear()
    shared._late.clear()
    return shared


def test_decides_and_remembers(pool, monkeypatch):
    assert pool.decide([EASY], 10.0) == [True]
    monkeypatch.setattr(pool, "_ask", lambda *_: pytest.fail("asked again"))
    assert pool.decide([EASY[::-1]], 10.0) == [True]


def test_the_deadline_kills_and_the_next_pair_is_decided(pool):
    pool.decide([EASY], 10.0)
    start = time.monotonic()
    assert pool.decide([HARD], 0.2) == [None]
    assert time.monotonic() - start < 3.0
    assert pool.decide([(EASY[0], parse("n"))], 10.0) == [False]


def test_order_is_kept_whatever_fails(pool):
    pairs = [EASY, HARD, (EASY[0], parse("n")), HARD, EASY]
    assert pool.decide(pairs, 0.4)[::2] == [True, False, True]


def test_a_late_pair_costs_no_new_start(pool):
    pool.decide([EASY], 10.0)
    before = [worker.process.pid for worker in pool._workers]
    assert pool.decide([HARD], 0.2) == [None]
    assert pool.decide([(EASY[0], parse("n"))], 10.0) == [False]
    assert [worker.process.pid for worker in pool._workers] == before


def running_in(group):
    """The living processes of a group."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, its_group = stat.read_text().rpartition(")")[2].split()[:3]
            if int(its_group) == group and state not in "ZX":
                found.append(stat.parent.name)
    return found


def kill_workers(pool):
    for worker in pool._workers:
        worker.process.kill()
        worker.process.wait()


def test_a_pair_whose_worker_died_is_asked_once_more(pool):
    pool.decide([EASY], 10.0)
    kill_workers(pool)
    assert pool.decide([(EASY[0], parse("n"))], 10.0) == [False]


def test_a_death_is_not_remembered(pool, monkeypatch):
    asked = Worker.ask

    def dies(worker, a, b, seconds):
        asked(worker, a, b, seconds)
        kill_workers(pool)

    monkeypatch.setattr(Worker, "ask", dies)
    assert pool.decide([HARD], 0.2) == [None]
    monkeypatch.undo()
    assert pool._late == {}
    assert pool.decide([EASY], 10.0) == [True]


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="Linux only")
def test_killing_a_worker_ends_what_it_forked(pool):
    pool.decide([EASY], 10.0)
    group = pool._workers[0].process.pid
    assert len(running_in(group)) == 2
    pool.close()
    while running_in(group):  # a killed process is gone a moment later
        os.sched_yield()


def test_close_leaves_nothing_running():
    made = Pool(1)
    made.decide([EASY], 10.0)
    processes = [worker.process for worker in made._workers]
    made.close()
    assert processes
    assert all(process.poll() is not None for process in processes)


def test_works_in_threads_and_asyncio(pool):
    decisions: list[list[bool | None]] = []
    threads = [threading.Thread(target=lambda: decisions.append(pool.decide([EASY], 10.0))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert decisions == [[True]] * 4

    async def ask() -> list[bool | None]:
        return pool.decide([EASY], 10.0)

    with ThreadPoolExecutor(1) as apart:  # the browser of other tests has a loop in this thread
        assert apart.submit(asyncio.run, ask()).result() == [True]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_starts_its_own(pool):
    pool.decide([EASY], 10.0)
    child = os.fork()
    if child == 0:
        decisions = pool.decide([(EASY[0], parse("n"))], 10.0)
        os._exit(0 if pool.close() is None and decisions == [False] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert pool.decide([(EASY[0], parse("n^3"))], 10.0) == [False]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_forked_while_a_thread_asks_does_not_wait_for_that_thread(pool):
    held, done = threading.Event(), threading.Event()

    def ask():
        with pool._lock:
            held.set()
            done.wait()

    thread = threading.Thread(target=ask)
    thread.start()
    held.wait()
    child = os.fork()
    if child == 0:
        signal.alarm(30)  # a child that waits for the lock is ended, and fails the test
        decisions = pool.decide([EASY], 10.0)
        os._exit(0 if pool.close() is None and decisions == [True] else 1)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    done.set()
    thread.join()
    assert code == 0
