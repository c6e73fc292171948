"""A league on disk: who meets whom, who joins and leaves, and that killed anywhere it comes to the same end."""

import os
import random
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from selfplay_gym.core.errors import ConfigError, RunError
from selfplay_gym.core.registries import make_agent
from selfplay_gym.selfplay.league.folder import MATCHES, STATE, LeagueFolder, Settings
from selfplay_gym.selfplay.league.play import League
from selfplay_gym.selfplay.league.players import Cache, Player, load_player, new_player
from selfplay_gym.selfplay.league.rules.joining import make_joining
from selfplay_gym.selfplay.league.snapshots import join_run
from selfplay_gym.selfplay.league.standings import standings
from selfplay_gym.selfplay.league.tally import Tally
from selfplay_gym.selfplay.storage.files import read_sealed, write_sealed

SOLVERS = ("oracle", "random", "mid=noisy(accuracy=0.5)")
CHALLENGERS = ("generator", "easy=generator(high=0.3)")


def begun(path, **settings):
    league = League(LeagueFolder.begin(path, Settings(games=4, **settings)))
    league.join([new_player(spec, "solver") for spec in SOLVERS])
    league.join([new_player(spec, "challenger") for spec in CHALLENGERS])
    return league


def content(path):
    return {file.name: file.read_bytes() for file in sorted(path.iterdir()) if file.is_file()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A league of 24 matches that nobody disturbed; read it, do not write it."""
    path = tmp_path_factory.mktemp("league") / "whole"
    begun(path).play(24)
    return path


def test_a_league_does_not_begin_in_the_folder_of_a_run(tmp_path):
    (tmp_path / "config.toml").write_text("")
    with pytest.raises(RunError, match="a league wants its own folder; --run"):
        LeagueFolder.begin(tmp_path, Settings())
    assert [file.name for file in tmp_path.iterdir()] == ["config.toml"]


def test_all_play_about_equally_often_and_only_across(whole):
    rows = list(LeagueFolder.open(whole).rows())
    assert [row["match"] for row in rows] == list(range(24))
    assert all(row["players"][0].startswith("solver/") for row in rows)
    assert all(row["players"][1].startswith("challenger/") for row in rows)
    counts = Counter(key for row in rows for key in row["players"])
    assert min(counts.values()) >= 6
    assert all(len(row["outcomes"]) == 4 for row in rows)


def test_a_league_goes_on_to_the_same_end(whole, tmp_path):
    begun(tmp_path / "l").play(5)
    for until in (5, 6, 17, 24):
        folder = LeagueFolder.open(tmp_path / "l")
        folder.go_on()
        League(folder).play(until)
    assert content(tmp_path / "l") == content(whole)


class PowerCut(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("seed", range(3))
def test_cut_off_within_any_write_a_league_comes_to_the_same_end(whole, tmp_path, monkeypatch, seed):
    from selfplay_gym.selfplay.league import folder as writing
    from selfplay_gym.selfplay.storage import log

    rng, path, cuts = random.Random(seed), tmp_path / "l", 0
    honest_state, honest_sync = writing.write_sealed, os.fsync

    def state(*arguments):
        if rng.random() < 0.2:
            raise PowerCut
        honest_state(*arguments)
        if rng.random() < 0.2:
            raise PowerCut

    def sync(descriptor):
        honest_sync(descriptor)
        if rng.random() < 0.1:
            raise PowerCut

    while True:
        monkeypatch.setattr(writing, "write_sealed", state)
        monkeypatch.setattr(log.os, "fsync", sync)
        try:
            if LeagueFolder.exists(path):
                folder = LeagueFolder.open(path)
                folder.go_on()
            else:
                folder = LeagueFolder.begin(path, Settings(games=4))
            league = League(folder)
            league.join([new_player(spec, "solver") for spec in SOLVERS])
            league.join([new_player(spec, "challenger") for spec in CHALLENGERS])
            league.play(24)
            break
        except PowerCut:
            cuts += 1
        finally:
            monkeypatch.undo()
    assert cuts >= 5
    kept = {name: data for name, data in content(path).items() if not name.endswith(".draft")}
    assert kept == content(whole)


DRILL = """
import os, random, signal, sys, time
from pathlib import Path
from rich.console import Console
from selfplay_gym.selfplay.commands.league import hold_league

solvers, challengers, alone, killed = (word.split("|") for word in sys.argv[1:])
players = [*(("solver", name) for name in solvers), *(("challenger", name) for name in challengers)]

def begin(path):
    child = os.fork()
    if not child:
        hold_league(path, players=players, matches=120, settings={"games": 2}, console=Console(quiet=True))
        os._exit(0)
    return child

def matches(path):
    log = path / "matches.jsonl"
    return log.read_bytes().count(10) if log.exists() else 0

assert os.waitpid(begin(Path(alone[0])), 0)[1] == 0
rng, path = random.Random(1), Path(killed[0])
for _ in range(10):
    target, child = matches(path) + rng.randint(1, 9), begin(path)
    while matches(path) < target:
        time.sleep(0.001)  # between two looks at the log
    os.kill(child, signal.SIGKILL)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
print(matches(path))
assert os.waitpid(begin(path), 0)[1] == 0
"""
"""Forks a league, kills it ten times with signal 9 a few matches further on, and lets it come to its end."""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_killed_ten_times_a_league_ends_as_one_left_alone(tmp_path):
    names = ["|".join(SOLVERS), "|".join(CHALLENGERS)]
    command = [sys.executable, "-c", DRILL, *names, str(tmp_path / "alone"), str(tmp_path / "killed")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert 10 <= int(done.stdout) < 120
    assert content(tmp_path / "killed") == content(tmp_path / "alone")


def test_the_standings_do_not_depend_on_the_order_of_matches(whole, tmp_path):
    folder = LeagueFolder.open(whole)
    rows = list(folder.rows())
    first = standings(folder, draws=20)
    random.Random(2).shuffle(rows)
    other = LeagueFolder.begin(tmp_path / "l", folder.settings)
    other.players = folder.players
    for number, row in enumerate(rows):
        other.commit({**row, "match": number})
    assert standings(other, draws=20) == first


def test_newcomers_catch_up_and_those_who_left_play_no_more(whole, tmp_path):
    shutil.copytree(whole, tmp_path / "l")
    folder = LeagueFolder.open(tmp_path / "l")
    folder.go_on()
    league = League(folder)
    league.retire("random")
    (late,) = league.join([new_player("late=noisy(accuracy=0.9)", "solver")])
    assert late.joined == 24
    league.play(40)
    rows = list(folder.rows())[24:]
    assert all("solver/random" not in row["players"] for row in rows)
    assert Tally(folder.rows()).matches["solver/late"] >= 6
    assert next(one for one in folder.players if one.name == "random").left == 24


def snapshots(count, pool="solver"):
    return [
        Player(f"run@{i}", pool, f"noisy(accuracy={0.3 + 0.1 * i:.1f})", "same", line="run", round=i)
        for i in range(count)
    ]


def lenient(player):
    return make_agent(player.spec)


def test_old_snapshots_are_pruned_and_never_the_best(tmp_path):
    league = League(LeagueFolder.begin(tmp_path / "l", Settings(games=16, keep=2)), load=lenient)
    league.join([*snapshots(5), Player("generator", "challenger", "generator", "")])
    league.play(24)
    stay = {player.name for player in league.active("solver")}
    assert len(stay) == 2
    best = max(standings(league.folder, draws=1).of_pool("solver"), key=lambda one: one.rating.value)
    assert best.player.name in stay
    assert all(
        player.left is not None
        for player in league.folder.players
        if player.name.startswith("run") and player.name not in stay
    )


def test_snapshots_join_if_they_are_better_and_nobody_asks_twice(tmp_path):
    league = League(LeagueFolder.begin(tmp_path / "l", Settings(games=4)), load=lenient)
    league.join([Player("generator", "challenger", "generator", "")])
    shown = snapshots(5)
    weaker = Player("run@5", "solver", "random", "same", line="run", round=5)
    joined = join_run(league, [*shown, weaker], make_joining("better(games=256)"))
    assert [player.round for player in joined] == [0, 1, 2, 3, 4]
    assert league.folder.passed == {"solver/run@5": ""}

    class Never:
        def joins(self, round, duel):
            raise AssertionError("asked twice")

    assert join_run(league, [*shown, weaker], Never()) == []


def test_where_nobody_could_be_met_nothing_is_noted_and_it_is_asked_again_later(tmp_path):
    league = League(LeagueFolder.begin(tmp_path / "l", Settings(game="kuhn", games=4)), load=lenient)
    base, later = (
        Player(f"run@{i}", "player", spec, "same", line="run", round=i)
        for i, spec in enumerate(("echo", "kuhn-equilibrium"))
    )
    better = make_joining("better(games=64)")
    assert [one.name for one in join_run(league, [base, later], better)] == ["run@0"]
    assert join_run(league, [base, later], better) == []
    assert LeagueFolder.open(tmp_path / "l").passed == {}
    league.join([Player("random-legal", "player", "random-legal", "")])
    assert [one.name for one in join_run(league, [base, later], better)] == ["run@1"]


def test_another_rule_looks_again_at_what_one_passed_over(tmp_path):
    league = League(LeagueFolder.begin(tmp_path / "l", Settings(games=4)), load=lenient)
    league.join([Player("generator", "challenger", "generator", "")])
    shown = [*snapshots(2), Player("run@2", "solver", "random", "same", line="run", round=2)]

    def joined(rule):
        return [one.round for one in join_run(league, shown, make_joining(rule), rule)]

    assert joined("better(games=256)") == [0, 1]
    assert LeagueFolder.open(tmp_path / "l").passed == {"solver/run@2": "better(games=256)"}
    assert joined("better(games=256)") == []
    assert joined("every") == [2]
    assert LeagueFolder.open(tmp_path / "l").passed == {}


def test_a_league_of_old_that_kept_no_rule_is_read(whole, tmp_path):
    shutil.copytree(whole, tmp_path / "l")
    state = read_sealed(tmp_path / "l" / STATE)
    write_sealed(tmp_path / "l" / STATE, {**state, "passed": ["solver/run@3"]})
    assert LeagueFolder.open(tmp_path / "l").passed == {"solver/run@3": ""}


def test_who_left_can_come_back_and_retiring_too_many_changes_nothing(whole, tmp_path):
    shutil.copytree(whole, tmp_path / "l")
    folder = LeagueFolder.open(tmp_path / "l")
    folder.go_on()
    league = League(folder)
    before = content(tmp_path / "l")
    with pytest.raises(ConfigError, match="a solver is needed"):
        league.retire("oracle", "random", "mid", goes_on=True)
    with pytest.raises(ConfigError, match="nobody is called 'x'"):
        league.retire("oracle", "x")
    assert content(tmp_path / "l") == before
    league.retire("oracle", "random")
    assert [one.name for one in league.active("solver")] == ["mid"]
    league.readmit([new_player("random", "solver"), new_player("mid=noisy(accuracy=0.5)", "solver")])
    assert [one.name for one in LeagueFolder.open(tmp_path / "l").players if one.left is not None] == ["oracle"]
    league.play(28)
    assert any("solver/random" in row["players"] for row in list(folder.rows())[24:])


def test_matches_without_a_state_are_named_with_the_remedy(whole, tmp_path):
    shutil.copytree(whole, tmp_path / "l")
    (tmp_path / "l" / STATE).unlink()
    before = content(tmp_path / "l")
    with pytest.raises(
        RunError, match=r"league\.json is missing: put that back from a copy, or begin another"
    ) as error:
        LeagueFolder.begin(tmp_path / "l", Settings())
    assert "--run-dir" not in str(error.value)
    assert content(tmp_path / "l") == before


@pytest.mark.parametrize(
    ("pools", "says"),
    [({}, "a solver is needed"), ({"solver": ["oracle"]}, "a challenger is needed")],
)
def test_a_side_without_players_is_named(tmp_path, pools, says):
    league = League(LeagueFolder.begin(tmp_path / "l", Settings()))
    league.join([new_player(spec, pool) for pool, specs in pools.items() for spec in specs])
    with pytest.raises(ConfigError, match=says):
        league.play(1)


def test_one_player_is_too_few_for_a_turn_game(tmp_path):
    league = League(LeagueFolder.begin(tmp_path / "l", Settings(game="kuhn")))
    league.join([new_player("random-legal", "player")])
    with pytest.raises(ConfigError, match="two players are needed"):
        league.play(1)


def test_a_turn_game_is_a_league_of_one_pool(tmp_path):
    league = League(LeagueFolder.begin(tmp_path / "l", Settings(game="tic-tac-toe", games=6)))
    league.join([new_player(name, "player") for name in ("tic-tac-toe-perfect", "random-legal", "echo")])
    league.play(12)
    order = [one.player.name for one in standings(league.folder, draws=20).table]
    assert order == ["tic-tac-toe-perfect", "random-legal", "echo"]


def test_names_are_unique_in_a_pool_and_free_across(tmp_path):
    league = League(LeagueFolder.begin(tmp_path / "l", Settings()))
    league.join([new_player("a=oracle", "solver"), new_player("a=generator", "challenger")])
    assert league.join([new_player("a=oracle", "solver")]) == []
    with pytest.raises(ConfigError, match="better=random"):
        league.join([Player("a", "solver", "random", "")])
    with pytest.raises(ConfigError, match="not by a player"):
        league.join([new_player("oracle", "player")])
    with pytest.raises(ConfigError, match="nobody is called 'b'"):
        league.retire("b")


def test_a_player_that_changed_or_went_away_is_named(tmp_path, untrained_model):
    model = tmp_path / "model"
    shutil.copytree(untrained_model, model)
    player = new_player(str(model), "solver")
    assert load_player(player) is not None
    (model / "note.txt").write_text("another model")
    with pytest.raises(ConfigError, match=r"is not who joined.*--retire 'model'"):
        load_player(player)
    shutil.rmtree(model)
    with pytest.raises(ConfigError, match=r"'model' cannot be loaded.*--retire 'model'"):
        load_player(player)


def damaged(whole, tmp_path, change):
    shutil.copytree(whole, tmp_path / "l")
    change(tmp_path / "l")
    return tmp_path / "l"


DAMAGE = {
    "line": (lambda path: replace_in(path / MATCHES, b'"outcomes"', b'"outcomez"'), "not as the run wrote it"),
    "short": (lambda path: (path / MATCHES).write_bytes((path / MATCHES).read_bytes()[:-9]), "had written"),
    "gone": (lambda path: (path / MATCHES).unlink(), "is missing"),
    "state": (lambda path: replace_in(path / STATE, b'"matches": 24', b'"matches": 25'), "checksum"),
    "no state": (lambda path: (path / STATE).write_text("{}"), "does not hold a league"),
    "json": (lambda path: (path / STATE).write_text("{"), "not valid JSON"),
}


def gone_on(path):
    folder = LeagueFolder.open(path)
    folder.go_on()
    return list(folder.rows())


def replace_in(file: Path, old, new):
    data = file.read_bytes()
    assert old in data
    file.write_bytes(data.replace(old, new, 1))


@pytest.mark.parametrize("kind", DAMAGE)
def test_damage_is_named_in_one_line_and_nothing_is_touched(whole, tmp_path, kind):
    change, says = DAMAGE[kind]
    path = damaged(whole, tmp_path, change)
    before = content(path)
    with pytest.raises(RunError, match=says) as error:
        gone_on(path)
    assert "\n" not in str(error.value)
    assert content(path) == before


@pytest.mark.parametrize(
    "change",
    [
        {"players": ["solver/oracle", "challenger/nobody"]},
        {"outcomes": "wq"},
        {"match": 7},
        {"players": "ab"},
        {"outcomes": 3},
    ],
)
def test_a_line_that_is_no_match_is_named(tmp_path, change):
    folder = begun(tmp_path / "l").folder
    folder.commit({"match": 0, "players": ["solver/oracle", "challenger/easy"], "outcomes": "w", **change})
    with pytest.raises(RunError, match=r"line 1 of .* is no match"):
        list(LeagueFolder.open(tmp_path / "l").rows())


def test_agents_are_loaded_once_within_a_bound():
    class Weights:
        def __init__(self, size):
            self.size = size

        def parameters(self):
            return [self]

        def numel(self):
            return self.size

        def element_size(self):
            return 1

    class Model:
        def __init__(self, size):
            self.model = Weights(size)

    loaded = []

    def make(key):
        loaded.append(key)
        return Model(40)

    cache = Cache(make, most=100)
    assert cache.get("a") is cache.get("a")
    cache.get("b"), cache.get("a"), cache.get("c")
    assert loaded == ["a", "b", "c"]
    cache.get("a"), cache.get("b")
    assert loaded == ["a", "b", "c", "b"], "the one not asked for longest had gone"
    huge = Cache(lambda key: Model(1000), most=100)
    assert huge.get("x") is huge.get("x")
