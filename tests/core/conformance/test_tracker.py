"""The kit of trackers finds each fault."""

import random

import numpy as np
import pytest

from selfplay_gym.core.errors import PluginError
from selfplay_gym.testing import check_tracker


class Sound:
    """Remembers nothing."""

    def begin(self, run):
        self.step = run.step

    def log(self, measures, step):
        assert step >= self.step

    def table(self, name, columns, rows, step):
        assert all(len(row) == len(columns) for row in rows)

    def end(self, reason):
        del self.step


class Answering(Sound):
    def log(self, measures, step):
        return measures


class Once(Sound):
    """Cannot be resumed."""

    def begin(self, run):
        assert not run.step
        super().begin(run)


class Picky(Sound):
    def table(self, name, columns, rows, step):
        for row in rows:
            row[1].encode("ascii")


class Seeding(Sound):
    def begin(self, run):
        random.seed(0)
        super().begin(run)


class Drawing(Sound):
    def log(self, measures, step):
        np.random.random()


class Clumsy(Sound):
    """Takes no names that are not ASCII."""

    def log(self, measures, step):
        "".join(measures).encode("ascii")


def test_a_sound_one_passes():
    assert check_tracker(Sound()) == ["new run", "resumed run", "randomness"]
    assert check_tracker(Sound(), skip=["randomness"]) == ["new run", "resumed run"]


@pytest.mark.parametrize(
    ("tracker", "message"),
    [
        (Answering(), "expected nothing"),
        (Once(), "resumed run: raised AssertionError"),
        (Picky(), "new run: raised UnicodeEncodeError"),
        (Clumsy(), "new run: raised UnicodeEncodeError"),
        (Seeding(), "randomness: the global state of `random` was changed"),
        (Drawing(), "randomness: the global state of `numpy.random` was changed"),
        (object(), "needs begin, log, table and end"),
    ],
)
def test_each_fault_is_found(tracker, message):
    with pytest.raises(PluginError, match=message):
        check_tracker(tracker)
