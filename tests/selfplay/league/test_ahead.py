"""Matches played ahead by workers: the league is the same to the byte, whether guesses are right or wrong."""

import pytest

from selfplay_gym.agents.workers.processes import Processes
from selfplay_gym.selfplay.league.folder import LeagueFolder, Settings
from selfplay_gym.selfplay.league.play import League
from selfplay_gym.selfplay.league.players import new_player


class FarAhead:
    """Workers in this process that do everything as early as they may: many chunks before the first is asked for."""

    size = 1

    def __init__(self, ahead):
        self.ahead, self.done = ahead, 0

    def map(self, function, chunks):
        waiting = []
        for chunk in chunks:
            waiting.append(function(chunk))
            self.done += 1
            if len(waiting) > self.ahead:
                yield waiting.pop(0)
        yield from waiting

    def close(self):
        pass


def content(path):
    return {file.name: file.read_bytes() for file in sorted(path.iterdir()) if file.is_file()}


def played(path, workers, until=24, **settings):
    league = League(LeagueFolder.begin(path, Settings(games=4, **settings)))
    for pool, specs in {
        "solver": ("oracle", "random", "mid=noisy(accuracy=0.5)"),
        "challenger": ("generator", "easy=generator(high=0.3)"),
    }.items():
        league.join([new_player(spec, pool) for spec in specs])
    here, again = league._here, []
    league._here = lambda match: again.append(match) or here(match)
    league.play(until, workers=workers)
    return content(path), len(again)


@pytest.mark.parametrize("matchmaking", ["uniform", "pfsp(hard)", "pfsp(var)", "0.8*pfsp + 0.2*latest"])
@pytest.mark.parametrize("ahead", [1, 8])
def test_a_league_is_the_same_to_the_byte(tmp_path, matchmaking, ahead):
    alone, _ = played(tmp_path / "alone", None, matchmaking=matchmaking)
    workers = FarAhead(ahead)
    found, again = played(tmp_path / "ahead", workers, matchmaking=matchmaking)
    assert found == alone
    assert workers.done == 24
    assert again == 0 if matchmaking == "uniform" else again < 24


def test_processes_play_it_too(tmp_path):
    workers = Processes(2)
    alone, _ = played(tmp_path / "alone", None, until=8)
    found, _ = played(tmp_path / "ahead", workers, until=8)
    workers.close()
    assert found == alone
