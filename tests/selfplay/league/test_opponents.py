"""Roles of a run that train against its league: who is met, who joins, and a resumed run that ends like a whole one."""

import json
from collections import Counter

import pytest

from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.records import Judgement, Verdict
from selfplay_gym.envs.sources.league import OPPONENT
from selfplay_gym.selfplay.league.figures import run_figures
from selfplay_gym.selfplay.league.opponents import RunLeague, judged_record, records_of, shown_name, spread
from selfplay_gym.selfplay.league.progress import cross_play_table, worst_by_round
from selfplay_gym.selfplay.league.ratings.bradley_terry import Record
from selfplay_gym.selfplay.report.write import render_report
from selfplay_gym.selfplay.run.train import train
from selfplay_gym.selfplay.settings.compose import compose
from selfplay_gym.selfplay.settings.presets import preset
from selfplay_gym.selfplay.storage.run_folder import RunFolder

SMALL = preset("debug").replace(
    {
        "rounds": 3,
        "questions.count": 12,
        "questions.sources": {"challenger": 0.5, "league": 0.5},
        "labels.attempts": 3,
        "roles.challenger.steps": 2,
        "roles.challenger.groups": 2,
        "roles.challenger.samples": 3,
        "roles.solver.steps": 1,
        "roles.solver.groups": 3,
        "roles.*.max_new_tokens": 24,
        "roles.challenger.opponents": "league(pfsp(var), own=0.2)",
        "roles.solver.opponents": "league(0.5*uniform + 0.5*latest, keep=1)",
        "exam.questions": 2,
        "exam.samples": 1,
        "guard.questions": 2,
        "storage.keep": 1,
        "storage.save_every": 1,
    }
)


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """A run with leagues on both sides; read it, do not write it."""
    return train(SMALL, tmp_path_factory.mktemp("league") / "run")


def rows_with_games(folder):
    return [row for row in RunFolder.open(folder.path).rows("metrics") if "league" in row]


def test_both_roles_meet_snapshots_of_the_other(played):
    rows = rows_with_games(played)
    steps = [row for row in rows if row.get("role") == "challenger"]
    assert len(steps) == 6
    assert all(sum(games.values()) == 6 * 3 for row in steps for games in row["league"].values())
    met = {name for row in rows for name in row["league"]}
    assert met <= {"solver", "solver@0", "solver@1", "solver@2", "challenger@0", "challenger@1", "challenger@2"}
    assert met & {"solver@1", "solver@2"}
    assert met & {"challenger@1", "challenger@2"}
    assert not any(name.endswith(f"@{row['round']}") for row in rows for name in row["league"])


def test_questions_of_the_league_name_their_writer(played):
    rows = [row for row in RunFolder.open(played.path).rows("questions") if row.get("source") == "league"]
    writers = Counter(row["meta"][OPPONENT] for row in rows if "meta" in row)
    assert writers
    assert all(name.startswith("challenger@") for name in writers)


def test_members_stay_on_disk_and_the_surplus_leaves(played):
    state = RunFolder.open(played.path).state
    assert state["league"]["solver"] == ["solver-01-001", "solver-02-001", "solver-03-001"]
    assert len(state["league"]["challenger"]) == 1
    members = {name for names in state["league"].values() for name in names}
    assert members <= set(state["kept"])
    assert all((played.path / "checkpoints" / name / "manifest.json").exists() for name in members)


@pytest.mark.slow
def test_a_run_cut_off_after_every_commit_ends_as_one_left_alone(played, tmp_path, power_cut, logged):
    path, cuts = tmp_path / "run", 0
    with power_cut(4):
        train(SMALL, path)
    for after in (3, 6, 7):
        with power_cut(after):
            train({}, path, resume=True)
        cuts += 1
    train({}, path, resume=True)
    assert cuts == 3
    assert logged(path) == logged(played.path)
    whole, resumed = (json.loads((folder / "state.json").read_text()) for folder in (played.path, path))
    assert {**whole, "logs": 0, "log_sha256": 0, "checksum": 0} == {
        **resumed,
        "logs": 0,
        "log_sha256": 0,
        "checksum": 0,
    }


def test_the_report_shows_the_league(played, finished_run):
    page = render_report(RunFolder.open(played.path))
    assert 'id="league"' in page
    assert page.count("Worst score of every snapshot") >= 1
    assert not rows_with_games(finished_run)


@pytest.mark.slow
def test_the_player_of_a_turn_game_meets_itself_as_it_was(tmp_path):
    config = compose(preset="debug", env="SelfPlayKuhn-v0").replace(
        {
            "rounds": 4,
            "roles.player.opponents": "league(uniform, own=0, keep=2)",
            "roles.player.steps": 3,
            "exam": {"opponents": [], "every": 9},
        }
    )
    folder = train(config, tmp_path / "run")
    games = [(row["round"], *one) for row in rows_with_games(folder) for one in row["league"].items()]
    assert len(games) == 3 * 3, "the first round is a warm-up, and every other step meets somebody"
    assert {name for _, name, _ in games} <= {f"player@{n}" for n in range(4)}
    assert all(int(name.partition("@")[2]) < number for number, name, _ in games)
    assert {sum(counts.values()) for _, _, counts in games} == {config.roles["player"].groups}
    assert len(RunFolder.open(folder.path).state["league"]["player"]) == 2


def test_scores_by_round_come_from_the_rows():
    rows = [
        {"round": 1, "role": "challenger", "league": {"solver@0": {"won": 3, "drawn": 0, "lost": 1}}},
        {"round": 2, "role": "challenger", "league": {"solver@0": {"won": 1, "drawn": 2, "lost": 1}}},
        {"round": 2, "role": "challenger", "league": {"solver@1": {"won": 0, "drawn": 0, "lost": 4}}},
        {"round": 2, "phase": "label", "league": {"challenger@1": {"won": 5, "drawn": 0, "lost": 0}}},
        {"round": 2, "role": "challenger", "league": {"solver": {"won": 9, "drawn": 0, "lost": 0}}},
        {"round": 3, "role": "solver", "loss": 1.0},
    ]
    records = records_of(rows)
    assert records["solver/round 2", "challenger/@1"] == Record(won=5)
    worst = {(one.line, one.round): (one.score.value, one.against) for one in worst_by_round(records)}
    assert worst == {
        ("challenger", 1): (0.75, "solver/@0"),
        ("challenger", 2): (0.0, "solver/@1"),
        ("solver", 2): (1.0, "challenger/@1"),
    }
    assert cross_play_table(records, "challenger") == (["round", "@0", "@1"], [["1", "75", "–"], ["2", "50", "0"]])
    assert len(run_figures(records)) == 3
    assert run_figures({}) == []


def test_what_cannot_be_asked_is_won_by_the_solver():
    right, wrong, open_ = Verdict.correct("1"), Verdict.wrong("2"), Verdict.undecided("timeout")
    judgement = Judgement.of([right, right, wrong, open_], label="1", label_source="vote")
    assert judged_record(judgement, 4) == Record(2, 1, 1)
    assert judged_record(None, 4) == Record(won=4)
    assert judged_record(Judgement.of([right, wrong], label=None, label_source="vote", valid=False), 2) == Record(won=2)


def test_outcomes_are_spread_evenly_and_counted_right():
    letters = spread(Record(won=6, drawn=2, lost=4))
    assert Counter(letters) == {"w": 6, "d": 2, "l": 4}
    assert "w" in letters[:3]
    assert {"w", "l"} <= set(letters[:4]) & set(letters[-4:])
    assert spread(Record()) == []


@pytest.mark.parametrize(
    ("checkpoint", "name"), [(None, "solver@0"), ("solver-02-010", "solver@2"), ("a-b-113-001", "solver@113")]
)
def test_a_snapshot_is_named_by_its_round(checkpoint, name):
    assert shown_name("solver", checkpoint) == name


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"roles.solver.opponents": "league(pfsp)"}, "source 'league'"),
        ({"questions.sources": {"league": 1.0}}, "source 'league'"),
        ({"questions.sources": {"adversarial(of=league)": 1.0}}, "source 'league'"),
        ({"roles.challenger.opponents": "league", "questions.pool": True}, "questions.pool=false"),
        (
            {"roles.challenger.opponents": "league", "roles.solver.turns": "retry(2)", "questions.pool": False},
            "at once",
        ),
        ({"roles.challenger.opponents": "leage"}, "Did you mean 'league'"),
        ({"roles.challenger.opponents": "random-legal"}, "kind of opponents"),
        ({"roles.challenger.opponents": "league(pfps)"}, "Did you mean 'pfsp'"),
        ({"roles.challenger.opponents": "league(own=2)"}, "own"),
    ],
)
def test_settings_that_cannot_go_together_are_refused(changes, says):
    with pytest.raises(ConfigError, match=says):
        preset("tiny").replace(changes)


def test_without_a_league_there_is_none():
    league = RunLeague(preset("tiny"), {})
    assert league.settings == {}
    assert league.state_dict() == {}
