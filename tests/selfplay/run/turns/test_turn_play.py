"""Runs on a turn game, with the embedded model: what they learn, what they log, and that a kill changes nothing."""

import json
import re

import pytest

from selfplay_gym.agents.training.baselines import RoleBaseline
from selfplay_gym.core.errors import ConfigError, RunError, UnknownNameError
from selfplay_gym.selfplay.diagnose.measure import diagnose
from selfplay_gym.selfplay.hooks import Hook
from selfplay_gym.selfplay.report.summary import print_summary
from selfplay_gym.selfplay.report.write import write_report
from selfplay_gym.selfplay.run.provenance import describe_environment
from selfplay_gym.selfplay.run.stage import Interrupted
from selfplay_gym.selfplay.run.train import make_run
from selfplay_gym.selfplay.run.turns import exams
from selfplay_gym.selfplay.settings.compose import compose
from selfplay_gym.selfplay.settings.config import RunConfig
from selfplay_gym.selfplay.settings.files import stored_config, to_toml
from selfplay_gym.selfplay.storage.run_folder import RunFolder

SMALL = (
    "stages=train(player),evaluate,gate",
    "rounds=2",
    "roles.player.steps=2",
    "roles.player.groups=6",
    "roles.player.grpo.max_new_tokens=3",
    "exam.questions=4",
    "exam.opponents=random-legal",
    "storage.save_every=2",
    "live.on=false",
)


@pytest.fixture(autouse=True)
def small_exams(monkeypatch):
    monkeypatch.setattr(exams, "SAMPLES", 2)


def small(env="SelfPlayKuhn-v0", *more):
    return compose("tiny", env=env, seed=3, assignments=[*SMALL, *more])


class Kill(Hook):
    """Ends the process, as far as a run can tell, after so many steps."""

    class Killed(Exception):
        pass

    def __init__(self, after):
        self.left = after

    def after_step(self, run, step):
        self.left -= 1
        if self.left == 0:
            raise self.Killed


def play(config, path, *, kills=(), stops=()):
    RunFolder.create(path, to_toml(config), describe_environment())
    for left in [*kills, None]:
        hooks = [] if left is None else [Kill(left)]
        polls = iter(stops)
        stop = lambda polls=polls: next(polls, False)  # noqa: E731
        try:
            make_run(config, RunFolder.resume(path), stop=stop, further=hooks).run()
        except (Kill.Killed, Interrupted):
            continue
    if stops:
        make_run(config, RunFolder.resume(path)).run()
    return RunFolder.open(path)


def logs(folder):
    return {name: list(folder.rows(name)) for name in ("metrics", "trajectories", "guard")}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exams, "SAMPLES", 2)
        return play(small(), tmp_path_factory.mktemp("turns") / "run")


def test_a_run_trains_examines_and_logs_whole_episodes(undisturbed):
    rows = list(undisturbed.rows("metrics"))
    steps = [row for row in rows if row.get("role") == "player"]
    assert [(row["round"], row["step"]) for row in steps] == [(1, 0), (1, 1), (2, 0), (2, 1)]
    assert all(row["updates"] == 1 and row["episodes"] == 6 for row in steps)
    assert all(row["reward_by_player"]["player_0"] == -row["reward_by_player"]["player_1"] for row in steps)
    held = [row for row in rows if "turn_exam" in row]
    assert [row["round"] for row in held] == [0, 1, 2]
    assert set(held[-1]["turn_exam"]) == {"exploitability", "random-legal"}
    assert held[-1]["score"] == -held[-1]["turn_exam"]["exploitability"]["exact"]
    episodes = list(undisturbed.rows("trajectories"))
    assert len(episodes) == 4 * 4
    assert all(row["turns"] and row["reason"] for row in episodes)


def test_the_baseline_of_each_seat_is_that_of_the_paper(undisturbed):
    """A run's baselines are those of `RoleBaseline` over all rewards in order, and are kept with its state."""
    found = undisturbed.state["baselines"]
    assert set(found) <= {"kuhn player_0", "kuhn player_1"}
    means = [row["reward_by_player"]["player_0"] for row in undisturbed.rows("metrics") if "reward_by_player" in row]
    assert means == [-2.0] * 4  # an untrained player makes no legal move
    expected = RoleBaseline()
    for _ in range(4 * 6):
        expected.advantages(_tensor([-2.0]), ["kuhn player_0"])
    assert found["kuhn player_0"] == pytest.approx(expected.state_dict()["kuhn player_0"])


def _tensor(values):
    import torch

    return torch.tensor(values, dtype=torch.float64)


@pytest.mark.parametrize("kills", [(1, 2), pytest.param((3,), marks=pytest.mark.slow)])
def test_a_killed_run_ends_as_one_left_alone(undisturbed, tmp_path, kills):
    again = play(small(), tmp_path / "run", kills=kills)
    assert logs(again) == logs(undisturbed)
    assert again.state["checkpoints"] == undisturbed.state["checkpoints"]
    assert again.state["baselines"] == undisturbed.state["baselines"]
    for folder in ("player-01-002", "player-02-002"):
        one, other = (f.path / "checkpoints" / folder / "model.safetensors" for f in (again, undisturbed))
        assert one.read_bytes() == other.read_bytes()


def test_values_of_positions_and_openings_survive_a_kill(tmp_path):
    chosen = ("roles.player.baseline=positions", "roles.player.openings=8")
    one, other = (
        play(small("SelfPlayTicTacToe-v0", *chosen), tmp_path / name, kills=kills)
        for name, kills in (("whole", ()), ("killed", (3,)))
    )
    assert logs(one) == logs(other)
    assert one.state["baselines"] == other.state["baselines"]
    assert len(one.state["baselines"]) > 6
    begun = [row["turns"][0]["prompt"] for row in one.rows("trajectories")]
    assert len(set(begun)) > 1


def test_a_step_in_which_others_end_every_game_trains_nothing(tmp_path):
    """Against tiny, which makes no legal move, a player that is the second of one game has none to make."""
    chosen = ("roles.player.opponents=tiny", "roles.player.groups=1", "roles.player.steps=3", "rounds=1")
    rows = play(small("SelfPlayKuhn-v0", *chosen), tmp_path / "run").rows("metrics")
    steps = [row for row in rows if row.get("role") == "player"]
    assert [row["rows_trained"] for row in steps] == [1, 0, 1]
    assert [row["illegal_share"] for row in steps] == [1.0, 0.0, 1.0]


@pytest.mark.parametrize(
    ("env", "pattern", "said"),
    [
        ("SelfPlayKuhn-v0", "Kuhn.*|Your.*|Moves.*|Legal.*|Answer.*", "one and the same prompt"),
        ("SelfPlayTicTacToe-v0", r"([\w ,.]+)*\\boxed\{\d", "one repetition inside another"),
        ("SelfPlayKuhn-v0", "((", "roles.player.skips must be regular expressions"),
    ],
)
def test_what_skips_too_much_or_has_no_end_is_refused(env, pattern, said, tmp_path):
    config = small(env).replace({"roles.player.skips": [pattern]})
    with pytest.raises(ConfigError, match=re.escape(said)):
        play(config, tmp_path / "run")


def test_openings_are_counted():
    with pytest.raises(ConfigError, match=r"roles.player.openings must be >= 0, got -1"):
        small("SelfPlayTicTacToe-v0", "roles.player.openings=-1")


def test_a_run_that_is_stopped_between_steps_ends_as_one_left_alone(undisturbed, tmp_path):
    stops = [False] * 8 + [True] * 4
    assert logs(play(small(), tmp_path / "run", stops=stops)) == logs(undisturbed)


def test_a_run_has_a_table_and_a_page(undisturbed, capsys):
    from rich.console import Console

    print_summary(undisturbed, Console(width=80))
    assert "exploitability" in capsys.readouterr().out
    assert "random-legal" in write_report(undisturbed).read_text()


def test_settings_of_a_turn_game_are_stored_and_read_back(undisturbed):
    config = stored_config(undisturbed)
    assert list(config.roles) == ["player"]
    assert config == small().replace({})
    assert RunConfig.from_dict(json.loads(json.dumps(config.as_dict()))) == config


@pytest.mark.parametrize(
    "env", ["SelfPlayTicTacToe-v0", pytest.param("SelfPlayNegotiation-v0", marks=pytest.mark.slow)]
)
def test_other_games_run_as_well(env, tmp_path):
    more = ["rounds=1", "roles.player.opponents=random-legal", "exam.opponents=base,random-legal", "exam.greedy=true"]
    folder = play(small(env, *more), tmp_path / "run")
    held = [row["turn_exam"] for row in folder.rows("metrics") if "turn_exam" in row]
    assert set(held[-1]) == {"base", "random-legal"}
    assert set(held[-1]["base"]) == {"sampled", "greedy"}
    assert held[-1]["base"]["sampled"]["games"] == 4


def test_a_warm_up_shows_legal_moves_and_is_what_the_kl_term_refers_to(tmp_path):
    changes = ["exam.opponents=", "live.on=false", "rounds=3", "roles.player.steps=1", "roles.player.groups=4"]
    changes += ["roles.player.grpo.epochs=1", "roles.player.grpo.minibatches=1"]
    config = compose("debug", env="SelfPlayTicTacToe-v0", assignments=changes)
    assert [name for name, _ in config.stage_lists] == ["schedule.warm_up.stages", "schedule.self_play.stages"]
    folder = play(config, tmp_path / "run")
    rows = list(folder.rows("metrics"))
    (row,) = [row for row in rows if "sft_steps" in row]
    assert row["last_loss"] < row["first_loss"]
    assert next(row["kl"] for row in rows if row.get("role") == "player") == pytest.approx(0.0, abs=1e-4)
    assert folder.state["references"] == {"player": "player-01-000"}


def test_opponents_as_of_the_beginning_of_the_round(tmp_path):
    latest = ("roles.player.opponents=latest", "roles.player.kl_reference=round")
    folder = play(small("SelfPlayKuhn-v0", *latest), tmp_path / "run")
    assert folder.state["references"] == {"player": "player-01-002"}


@pytest.mark.parametrize(
    ("assignment", "said"),
    [
        ("guard.mode=on", "guard.mode='on' goes back by the validation of questions"),
        ("roles.player.replay=0.5", "roles.player.replay=0.5 is for questions and answers"),
        ("roles.player.turns=retry", "roles.player.turns='retry' is for questions and answers"),
        ("roles.player.update=rft", "roles.player.update must be 'grpo'"),
        ("roles.player.baseline=mean", "unknown baseline 'mean'"),
        ("roles.player.baseline=rae(decay=1)", "decay must be in"),
        ("roles.player.baseline=rae(2)", "decay must be in [0, 1), got 2"),
        ("roles.player.baseline=rae(0.9, decay=0.9)", "multiple values for argument 'decay'"),
        ("roles.player.baseline=rae(decay=high)", 'decay must be a number, got "high"'),
        ("roles.player.baseline=none(0.9)", "too many positional arguments"),
        ("roles.player.baseline=positions(trace=2)", "trace must be in [0, 1], got 2"),
        ("roles.player.baseline=positions(decay=1)", "decay must be in [0, 1), got 1"),
        ("roles.player.baseline=positions(1, 2, 3)", "Options it takes: decay, trace"),
        ("roles.player.baseline=positions(decay=true)", "decay must be a number, got true"),
        ("roles.player.opponents=nobody", "nobody"),
        ("roles.player.opponents=oracle", "roles.player.opponents='oracle' cannot play kuhn: its first move was ''"),
        ("roles.player.opponents=tic-tac-toe-perfect", "'tic-tac-toe-perfect' cannot play kuhn"),
        ("exam.opponents=random-legal,nobody", "nobody"),
        ("exam.opponents=base,/no/such/folder", "no model folder at '/no/such/folder'"),
        ("exam.opponents=noisy", "exam.opponents='noisy' cannot play kuhn"),
        ("labels.source=coalition(members=[oracle,tiny,echo])", "for questions and answers: leave it at 'vote'"),
        ("labels.source=sympy", "labels.source='sympy' is for questions and answers: leave it at 'vote'"),
        ("exam.pass_k=8", "exam.pass_k=8 is for questions and answers"),
        ("exam.suites=builtin", "is for questions and answers: leave it at"),
        ("exam.turns=true", "exam.turns=True is for questions and answers"),
        ("roles.player.learns=false", "roles.player.learns=false leaves the stage train(player) nothing to do"),
    ],
)
def test_settings_that_cannot_work_are_refused_before_anything_is_written(assignment, said, tmp_path):
    config = small("SelfPlayKuhn-v0", assignment)
    with pytest.raises(ConfigError, match=re.escape(said)):
        make_run(config, RunFolder.vacant(tmp_path / "run"))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("env", ["SelfPlayTicTacToe-v0", "SelfPlayKuhn-v0", "SelfPlayNegotiation-v0"])
@pytest.mark.parametrize("preset", ["tiny", "debug"])
def test_presets_and_exams_of_a_player_that_stays_are_not_refused(env, preset, tmp_path):
    make_run(compose(preset, env=env), RunFolder.vacant(tmp_path / "run"))
    only = ["stages=evaluate", "roles.player.learns=false", "exam.opponents=random-legal,base"]
    make_run(compose(preset, env=env, assignments=only), RunFolder.vacant(tmp_path / "run"))


@pytest.mark.parametrize("env", ["SelfPlayTicTacToe-v0", "SelfPlayKuhn-v0"])
def test_an_exam_of_one_game_has_no_interval(env, tmp_path, capsys):
    from rich.console import Console

    folder = play(small(env, "rounds=1", "exam.questions=1", "roles.player.steps=1"), tmp_path / "run")
    (*_, last) = [row["turn_exam"] for row in folder.rows("metrics") if "turn_exam" in row]
    one = last["random-legal"]["sampled"]
    assert one["games"] == 1
    assert one["reward"]["value"] in (-2.0, -1.0)  # an untrained player makes no legal move
    assert one["reward"]["low"] is one["reward"]["high"] is None
    print_summary(folder, Console(width=80))
    assert "random-legal" in capsys.readouterr().out
    assert "random-legal" in write_report(folder).read_text()


def test_with_one_game_a_step_the_player_still_has_every_seat(tmp_path):
    """Also where a round is one step, and after a kill."""
    more = ["rounds=4", "roles.player.steps=1", "roles.player.groups=1", "roles.player.opponents=random-legal"]
    config = small("SelfPlayKuhn-v0", *more, "exam.every=9", "roles.player.update=grpo", "roles.player.grpo.epochs=1")
    folder = play(config, tmp_path / "run")
    illegal = [row["turns"][-1]["player"] for row in folder.rows("trajectories")]
    assert illegal == ["player_0", "player_1"] * 2  # an untrained player makes no legal move
    assert logs(play(config, tmp_path / "again", kills=(2,))) == logs(folder)


def test_latest_needs_the_checkpoint_of_the_round(tmp_path):
    config = small("SelfPlayKuhn-v0", "roles.player.opponents=latest", "roles.player.kl_reference=base")
    with pytest.raises(ConfigError, match="kl_reference='round'"):
        make_run(config, RunFolder.vacant(tmp_path / "run"))


def test_presets_and_roles_of_other_games_are_refused():
    with pytest.raises(ConfigError, match="'frontier' is for questions and answers"):
        compose("frontier", env="SelfPlayKuhn-v0")
    with pytest.raises(UnknownNameError, match="solver"):
        compose("tiny", env="SelfPlayKuhn-v0", assignments=["roles.solver.steps=3"])


class Weights(Hook):
    """Notes the weight of the KL term and the learning rate at every step."""

    def __init__(self):
        self.seen = []

    def after_step(self, run, step):
        trainer = run.roles[step.role].trainer
        self.seen.append((run.round, trainer.config.kl_weight, trainer.learning_rate))


def test_kl_weight_and_rate_fall_by_round_and_start_again_in_every_part(tmp_path):
    stages = "stages=['train(player)','evaluate']"
    parts = f"schedule={{one={{{stages},until='rounds(2)'}},two={{{stages}}}}}"
    rate = ("roles.player.grpo.learning_rate=8e-4", "roles.player.rate_decay=0.5")
    plain = ("roles.player.update=grpo", "roles.player.steps=1")
    pull = ("roles.player.grpo.kl_weight=0.4", "roles.player.kl_decay=0.5")
    config = small("SelfPlayKuhn-v0", "rounds=5", *rate, *pull, *plain, parts)
    RunFolder.create(tmp_path / "run", to_toml(config), describe_environment())
    seen = Weights()
    make_run(config, RunFolder.resume(tmp_path / "run"), further=[seen]).run()
    assert seen.seen == [(1, 0.4, 8e-4), (2, 0.2, 4e-4), (3, 0.4, 8e-4), (4, 0.2, 4e-4), (5, 0.1, 2e-4)]


def test_the_page_and_the_cards_speak_of_games(undisturbed):
    page = (undisturbed.path / "README.md").read_text()
    assert "`trajectories.jsonl`" in page
    assert "labels.jsonl" not in page
    assert "selfplay-gym league LEAGUE --game kuhn --player ./" in page
    assert "| round | exploitability | of the mean of rounds | of sampled moves |" in page
    name = undisturbed.state["checkpoints"]["player"]
    card = (undisturbed.path / "checkpoints" / name / "README.md").read_text()
    assert "| steps a round | 2, of 6 games |" in card
    assert "| baseline | rae |" in card
    assert "| measure | base | this model |" in card
    exact = [row["turn_exam"]["exploitability"]["exact"] for row in undisturbed.rows("metrics") if "turn_exam" in row]
    assert f"| exploitability | {exact[0]:.3f} | {exact[-1]:.3f} |" in card
    assert "label" not in card


def test_there_is_nothing_to_diagnose(undisturbed):
    with pytest.raises(RunError, match="a run on a turn game"):
        diagnose(undisturbed.path)
