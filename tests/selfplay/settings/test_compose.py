"""Settings from preset, environment, file and command line: which one wins, and how each is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfplay_gym.core.errors import ConfigError
from selfplay_gym.selfplay.settings.compose import compose
from selfplay_gym.selfplay.settings.config import RunConfig
from selfplay_gym.selfplay.settings.files import to_toml
from selfplay_gym.selfplay.settings.presets import PRESETS, preset
from selfplay_gym.selfplay.settings.tree import parse_assignments


def written(path, text):
    path.write_text(text)
    return path


def test_later_settings_win(tmp_path):
    file = written(tmp_path / "run.toml", "rounds = 7\nseed = 3\n[roles.solver]\nsteps = 5\n[labels]\nattempts = 6\n")
    config = compose("debug", file=file, assignments=["roles.solver.steps=9"], seed=4)
    assert (config.rounds, config.roles["solver"].steps, config.labels.attempts, config.seed) == (7, 9, 6, 4)
    assert config.questions == preset("debug").questions
    assert config.roles["solver"].groups == preset("debug").roles["solver"].groups


def test_an_environment_brings_what_suits_it_and_the_file_wins_over_it(tmp_path):
    suited = compose(env="SelfPlayCode-v0")
    assert (suited.labels.source, suited.questions.sources) == (
        "executor",
        {"challenger": 0.75, "procedural": 0.25},
    )
    file = written(tmp_path / "run.toml", 'env = "SelfPlayCode-v0"\n[labels]\nsource = "vote"\n')
    config = compose(file=file)
    assert (config.env, config.labels.source, config.questions.generator) == (
        "SelfPlayCode-v0",
        "vote",
        "deduction:short",
    )


def test_all_roles_of_the_code_game_train():
    config = compose(env="SelfPlayCode-v0")
    assert config.players == ("challenger", "solver", "tester")
    parts = [part.stages for part in config.schedule.values()]
    assert {"warm_up(challenger, steps=60)", "warm_up(tester, steps=40)"} <= set(parts[0])
    assert {f"train({role})" for role in config.players} <= set(parts[1])
    full = compose("full", env="SelfPlayCode-v0").schedule
    assert (full["self_play"].stages, full["self_play"].until) == (parts[1], "plateau(rounds=3)")


@pytest.mark.parametrize("path", ["stages=evaluate,gate", "roles.*.model=smollm2"])
def test_whoever_gives_stages_or_another_model_is_not_given_a_warm_up(path):
    config = compose(env="SelfPlayCode-v0", assignments=[path])
    assert (config.schedule, config.players, config.labels.source) == ({}, ("challenger", "solver"), "executor")


def test_a_file_with_a_schedule_has_that_schedule(tmp_path):
    text = 'env = "SelfPlayCode-v0"\n[schedule.own]\nstages = ["evaluate"]\n'
    assert list(compose(file=written(tmp_path / "run.toml", text)).schedule) == ["own"]
    whole = compose(env="SelfPlayCode-v0", assignments=["roles.tester.steps=3", "schedule.self_play.until=plateau"])
    assert compose(file=written(tmp_path / "all.toml", to_toml(whole))) == whole


@pytest.mark.parametrize("name", PRESETS)
def test_a_file_of_all_settings_gives_them_back(name, tmp_path):
    alone = preset(name).roles["solver"].weight_sharing == "copies"
    optional = {"roles.solver.device": "cpu"} if alone else {"labels.source": {"name": "sympy", "timeout_s": 2.5}}
    config = preset(name).replace({"roles.solver.grpo.clip_high": 0.28, **optional})
    assert compose("debug", file=written(tmp_path / "all.toml", to_toml(config))) == config


@given(
    st.fixed_dictionaries(
        {
            "seed": st.integers(0, 2**53),
            "roles.solver.grpo.learning_rate": st.floats(1e-12, 1e3),
            "roles.*.model": st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20),
            "labels.source": st.sampled_from(["vote", "sympy(timeout_s=2)", {"name": "sympy", "timeout_s": 2.5}]),
            "questions.keep_band": st.tuples(st.floats(0, 0.5), st.floats(0.5, 1)).map(list),
            "roles.solver.grpo.clip_high": st.none() | st.floats(0.01, 10),
        }
    )
)
def test_any_settings_survive_a_file(tmp_path_factory, changes):
    config = RunConfig().replace(changes)
    path = tmp_path_factory.mktemp("toml") / "run.toml"
    path.write_text(to_toml(config), encoding="utf-8", newline="")
    assert compose(file=path) == config


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "cannot read the settings"),
        ("rounds = \n", r"is not TOML.*line 1"),
        ("[roles.solver.grpo]\nlos_type = 'grpo'\n", "Did you mean 'roles.solver.grpo.loss_type'"),
        ("rounds = 'three'\n", "rounds must be a whole number, got 'three'"),
        ("rounds = nan\n", "rounds"),
        ("[roles.solver.grpo]\nlearning_rate = inf\n", "roles.solver.grpo.learning_rate must be a finite number"),
        ("roles = 3\n", "part with settings of its own"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path, text, message):
    file = tmp_path / "run.toml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ConfigError, match=message):
        compose(file=file)


def test_a_file_that_is_no_text_is_named(tmp_path):
    (tmp_path / "run.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not UTF-8"):
        compose(file=tmp_path / "run.toml")


def test_single_settings_get_the_type_of_their_field():
    given_ = ["rounds=3", "roles.*.grpo.learning_rate=2e-4", "labels.source=sympy", "roles.solver.learns=false"]
    given_ += ["roles.solver.grpo.clip_high=none", "roles.solver.grpo.kl_weight=.5", "stages=evaluate, gate"]
    given_ += ["questions.sources={challenger=0.8, procedural=0.2}", "questions.keep_band=[0.3, 0.8]"]
    assert parse_assignments(RunConfig, given_) == {
        "rounds": 3,
        "roles.*.grpo.learning_rate": 2e-4,
        "labels.source": "sympy",
        "roles.solver.learns": False,
        "roles.solver.grpo.clip_high": None,
        "roles.solver.grpo.kl_weight": 0.5,
        "stages": ("evaluate", "gate"),
        "questions.sources": {"challenger": 0.8, "procedural": 0.2},
        "questions.keep_band": (0.3, 0.8),
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rounds", "path=value"),
        ("rounds=many", "rounds must be a whole number"),
        ("rounds=2.0", "rounds must be a whole number"),
        ("roles.solver.grpo.learning_rate=fast", "must be a number"),
        ("roles.solver.grpo.gradient_checkpointing=no", "switch"),
        ("labels=sympy", "set one of them: labels.source, labels.attempts"),
        ("roles.solver.steps.more=3", "is a single setting"),
        ("questions.sources.procedural=0.2", "whole tables"),
        ("rounds=3\nseed=4", "rounds must be a whole number"),
        ("rounds=" + "[" * 5000, "nested too deeply"),
        ("rounds=" + "9" * 5000, "rounds must be a whole number"),
    ],
)
def test_what_is_not_a_setting_is_refused(text, message):
    with pytest.raises(ConfigError, match=message):
        compose(assignments=[text])


def test_names_with_options_are_split_at_the_commas_between_them():
    assert parse_assignments(RunConfig, ["stages=evaluate, mine(a=1, b=2),gate"]) == {
        "stages": ("evaluate", "mine(a=1, b=2)", "gate")
    }


def test_a_whole_table_of_roles_may_be_given_at_once():
    assert compose(assignments=["roles={solver={steps=3}}"]).roles["solver"].steps == 3


def test_within_one_layer_a_role_of_its_own_wins_over_all(tmp_path):
    assert compose(assignments=["roles.solver.steps=20", "roles.*.steps=3"]).roles["solver"].steps == 20
    file = written(tmp_path / "run.toml", "[roles.solver]\nsteps = 20\n[roles.'*']\nsteps = 4\n")
    assert [role.steps for role in compose(file=file).roles.values()] == [4, 20]
    assert compose(file=file, assignments=["roles.*.steps=3"]).roles["solver"].steps == 3


def test_a_byte_order_mark_is_read_past(tmp_path):
    (tmp_path / "run.toml").write_bytes(b"\xef\xbb\xbfrounds = 3\n")
    assert compose(file=tmp_path / "run.toml").rounds == 3


def test_what_is_for_all_roles_is_for_new_ones_too(tmp_path):
    file = written(
        tmp_path / "run.toml",
        "stages = ['generate', 'attempt', 'label', 'train(tester)']\n"
        "[roles.tester]\nsteps = 1\n[roles.'*']\nsamples = 3\n",
    )
    roles = compose(file=file).roles
    assert {name: (role.steps, role.samples) for name, role in roles.items()} == {
        "challenger": (5, 3),
        "solver": (10, 3),
        "tester": (1, 3),
    }


@pytest.mark.parametrize(
    "text", ['["peak", "0.5*novelty"]', "[peak, 0.5*novelty]", '{name = "sum", terms = ["peak", "0.5*novelty"]}']
)
def test_a_plug_in_is_given_on_the_command_line_as_in_a_file(text, tmp_path):
    file = tmp_path / "reward.toml"
    file.write_text('[roles.challenger]\nreward = ["peak", "0.5*novelty"]\n')
    given = compose("debug", assignments=[f"roles.challenger.reward={text}"])
    assert given.roles["challenger"].reward == compose("debug", file=file).roles["challenger"].reward


@pytest.mark.parametrize("text", ["[peak", "{name=", '["peak"]\nx = 3', "[" * 5000])
def test_a_list_that_is_none_is_refused(text):
    with pytest.raises(ConfigError, match=r"roles\.challenger\.reward is no list or table"):
        compose("debug", assignments=[f"roles.challenger.reward={text}"])
