"""`selfplay-gym league`: a table, a page and JSON; hostile names stay text, and wrong input is one line."""

import json
import re

import pytest

from selfplay_gym.cli import main
from selfplay_gym.core.registries import agents, make_agent
from selfplay_gym.selfplay.bench.agents import Contestant
from selfplay_gym.selfplay.league import players as loading

FEW = ["--games", "3", "--matches", "6"]


def league(path, *arguments):
    return main(["league", str(path), *arguments])


@pytest.fixture
def begun(tmp_path):
    players = ["--challenger", "generator", "--solver", "oracle", "--solver", "random"]
    assert league(tmp_path / "l", *players, *FEW) == 0
    return tmp_path / "l"


def test_a_league_is_played_and_written(begun, capsys):
    capsys.readouterr()
    assert league(begun, "--matches", "0") == 0
    shown = capsys.readouterr().out
    assert shown.index("oracle") < shown.index("random")
    found = json.loads((begun / "standings.json").read_text())
    assert found["matches"] == 6
    assert found["table"][0]["name"] == "oracle"
    assert sum(row["won"] + row["drawn"] + row["lost"] for row in found["table"]) == 2 * 6 * 3
    page = (begun / "standings.html").read_text()
    assert page.count("<svg") == 2
    assert "<script" not in page
    assert "| oracle | solver |" in (begun / "standings.md").read_text()


def test_called_again_it_goes_on_and_settings_stay(begun, capsys):
    assert league(begun, "--matches", "8", "--solver", "third=noisy(accuracy=0.5)") == 0
    assert json.loads((begun / "standings.json").read_text())["matches"] == 8
    capsys.readouterr()
    assert league(begun, "--games", "4") == 2
    assert "begun with games=3, not 4" in capsys.readouterr().err


def test_a_retirement_that_fails_retires_nobody_and_who_left_comes_back_by_name(begun, capsys):
    assert league(begun, "--retire", "oracle", "--retire", "random", "--matches", "8") == 2
    assert "a solver is needed" in capsys.readouterr().err
    assert league(begun, "--matches", "8") == 0
    assert league(begun, "--retire", "random", "--matches", "10") == 0
    state = (begun / "league.json").read_bytes()
    assert league(begun, "--solver", "random", "--retire", "random", "--matches", "10") == 0
    assert (begun / "league.json").read_bytes() == state  # whoever repeats a command comes to the same
    assert league(begun, "--solver", "random", "--matches", "12") == 0
    assert all(player["left"] is None for player in json.loads((begun / "league.json").read_text())["players"])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--solver", "nobody", "--challenger", "generator"], "unknown agent 'nobody'"),
        (["--solver", "oracle"], "a challenger is needed"),
        (["--player", "oracle", "--challenger", "generator"], "not by a player"),
        (["--solver", "oracle", "--challenger", "generator", "--retire", "x"], "nobody is called 'x'"),
        (["--solver", "oracle", "--challenger", "generator", "--run", "{tmp}"], "no run in"),
        (["--solver", "a=oracle", "--solver", "a=random", "--challenger", "generator"], "a solver 'a' already"),
    ],
)
def test_a_league_that_is_refused_leaves_nothing(tmp_path, capsys, arguments, says):
    assert league(tmp_path / "new", *(word.format(tmp=tmp_path) for word in arguments)) == 2
    assert says in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


HOSTILE = ["<script>alert(1)</script>", "\u202eevil", "a" * 200, "$x$_y", "|", " ", "日本語"]


def test_hostile_names_stay_text(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("selfplay_gym.core.registry._NAME", re.compile(".+"))  # names of models on servers may be any
    names = [name for name in HOSTILE if name.strip()]
    for name in names:
        agents.register(name, make_agent("random"))
    try:
        players = [word for name in names for word in ("--solver", name)]
        assert league(tmp_path / "l", "--challenger", "generator", *players, *FEW) == 0
    finally:
        for name in names:
            agents.unregister(name)
    assert "\u202e" not in capsys.readouterr().out
    page = (tmp_path / "l" / "standings.html").read_text()
    assert "<script" not in page
    assert "\u202e" not in page
    table = (tmp_path / "l" / "standings.md").read_text().splitlines()
    assert len({line.replace("\\|", "").count("|") for line in table if line.startswith("|")}) == 1


def test_without_a_match_everything_is_there_and_says_so(tmp_path, capsys):
    assert league(tmp_path / "l", "--challenger", "generator", "--solver", "oracle", "--matches", "0") == 0
    shown = capsys.readouterr().out
    assert "No match was played yet" in shown
    assert "2 players without a match" in " ".join(shown.split())
    assert league(tmp_path / "empty", "--matches", "0") == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "a solver is needed"),
        (["--solver", "orcale"], "Did you mean 'oracle'"),
        (["--solver", "oracle", "--challenger", "/nowhere/at/all"], "nowhere"),
        (["--game", "mth"], "Did you mean 'math'"),
        (["--matchmaking", "pfps"], "Did you mean 'pfsp'"),
        (["--labels", "checked"], "checked(agent=NAME)"),
        (["--join", "evry"], "Did you mean 'every'"),
        (["--run", "{tmp}/nothing"], "no run in"),
        (["--retire", "nobody"], "nobody is called 'nobody'"),
        (["--solver", "a=oracle", "--solver", "a=random"], "there is a solver 'a' already"),
        (["--player", "oracle"], "not by a player"),
    ],
)
def test_wrong_input_is_one_clear_line(arguments, says, tmp_path, capfd):
    assert league(tmp_path / "l", *(word.format(tmp=tmp_path) for word in arguments)) == 2
    shown = capfd.readouterr()
    assert says in shown.err
    assert shown.err.startswith("error: ")
    assert shown.err.count("\n") == 1


def test_a_file_is_no_league(tmp_path, capfd):
    (tmp_path / "file").write_text("")
    assert league(tmp_path / "file", "--solver", "oracle") == 2
    assert capfd.readouterr().err.count("\n") == 1


def test_snapshots_of_a_run_join_and_have_a_trend(tmp_path, finished_run, monkeypatch):
    def skilled(spec, **_):
        level = 0.2 if "-" not in spec.rpartition("/")[2] else 0.9
        agent = make_agent(spec) if spec in ("oracle", "generator") else make_agent("noisy", accuracy=level)
        return Contestant(spec, agent, spec)

    monkeypatch.setattr(loading, "load_contestant", skilled)
    arguments = ["--challenger", "generator", "--run", str(finished_run.path), "--games", "16", "--matches", "12"]
    assert league(tmp_path / "l", *arguments) == 0
    found = json.loads((tmp_path / "l" / "standings.json").read_text())
    lines = {row["line"] for row in found["trend"]}
    assert any(line.startswith("solver of ") for line in lines)
    assert 0 in {row["round"] for row in found["trend"] if row["line"].startswith("solver")}
    assert "Worst score of every snapshot" in (tmp_path / "l" / "standings.html").read_text()
