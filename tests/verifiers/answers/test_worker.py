"""The worker behind sympy: deadlines that kill, crashes, threads, asyncio, forks."""

import asyncio
import os
import threading
import time

import pytest

from selfplay_gym.verifiers.answers.parsing.parse import parse
from selfplay_gym.verifiers.answers.worker import Pool

EASY = (parse("\\sum_{k=1}^n k"), parse("\\frac{n(n+1)}{2}"))
HARD = (parse("\\int_0^1 \\sin(\\sin(\\sin(x^x)))\\,dx"), parse("\\int_0^1 \\cos(\\tan(x^{x^x}))\\,dx"))


@pytest.fixture
def pool():
    made = Pool(2)
    yield made
    made.close()


def test_decides_and_remembers(pool):
    assert pool.decide([EASY], 10.0) == [True]
    start = time.monotonic()
    assert pool.decide([EASY[::-1]], 10.0) == [True]
    assert time.monotonic() - start < 0.1


def test_the_deadline_kills_and_the_next_pair_is_decided(pool):
    pool.decide([EASY], 10.0)
    start = time.monotonic()
    assert pool.decide([HARD], 0.2) == [None]
    assert time.monotonic() - start < 3.0
    assert pool.decide([(EASY[0], parse("n"))], 10.0) == [False]


def test_order_is_kept_whatever_fails(pool):
    pairs = [EASY, HARD, (EASY[0], parse("n")), HARD, EASY]
    assert pool.decide(pairs, 1.0)[::2] == [True, False, True]


def test_a_crashed_worker_is_replaced(pool):
    pool.decide([EASY], 10.0)
    for worker in pool._workers:
        worker.process.kill()
        worker.process.wait()
    assert pool.decide([(EASY[0], parse("n"))], 10.0) in ([None], [False])
    assert pool.decide([(EASY[0], parse("n^2"))], 10.0) == [False]


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

    assert asyncio.run(ask()) == [True]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_starts_its_own(pool):
    pool.decide([EASY], 10.0)
    child = os.fork()
    if child == 0:
        decisions = pool.decide([(EASY[0], parse("n"))], 10.0)
        pool.close()
        os._exit(0 if decisions == [False] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert pool.decide([(EASY[0], parse("n^3"))], 10.0) == [False]
