"""Processes of this machine as workers: killed ones are replaced, errors arrive, nobody is left behind."""

import os
import signal
import time
from multiprocessing import active_children

import pytest

from selfplay_gym.agents.workers.processes import Processes
from selfplay_gym.core.errors import ConfigError, UnknownNameError


@pytest.fixture(scope="module")
def workers(squares):
    made = Processes(2)
    yield made
    made.close()
    assert not [child for child in active_children() if child.name.startswith("worker")]


def test_order_and_state(workers, squares, tmp_path):
    log = tmp_path / "log"
    assert list(workers.map(squares(log), range(-9, -3))) == [n * n for n in range(-9, -3)]
    assert list(workers.map(squares(log), [])) == []
    done = [line.split() for line in log.read_text().splitlines()]
    assert sorted(int(number) for _, number, _ in done) == list(range(-9, -3))
    assert max(int(count) for _, _, count in done) > 1  # the function lives on between chunks


def test_killed_workers_are_replaced_and_their_chunks_done_again(workers, squares, tmp_path):
    log, killed, results = tmp_path / "log", set(), []
    for square in workers.map(squares(log), range(100, 140)):
        results.append(square)
        last = int(log.read_text().split("\n")[-2].split()[0])
        if len(killed) < 2 and last not in killed:
            os.kill(last, signal.SIGKILL)
            killed.add(last)
    assert results == [n * n for n in range(100, 140)]
    assert len(killed) == 2


def test_a_worker_killed_between_two_calls_is_replaced(workers, squares, tmp_path):
    log = tmp_path / "log"
    list(workers.map(squares(log), range(20, 28)))
    gone = {int(line.split()[0]) for line in log.read_text().splitlines()}
    for pid in gone:
        os.kill(pid, signal.SIGKILL)
    time_out = time.monotonic() + 20
    while any(child.pid in gone and child.is_alive() for child in active_children()):
        assert time.monotonic() < time_out
    assert list(workers.map(squares(log), [3, 4])) == [9, 16]


def test_errors_are_those_of_the_function(workers, squares, tmp_path):
    with pytest.raises(UnknownNameError, match="unknown number '-1'"):
        list(workers.map(squares(tmp_path / "log"), [1, 2, -1]))
    with pytest.raises(RuntimeError, match="Unsendable"):
        list(workers.map(squares(tmp_path / "log"), [-2]))


@pytest.mark.parametrize("number", [0, -1, 1025, True])
def test_how_many(number):
    with pytest.raises(ConfigError, match=r"1\.\.1024"):
        Processes(number)
