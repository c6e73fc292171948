"""The settings of a run: what they are, what survives a file, and what is refused, with its name."""

import dataclasses
import json
import re
import typing

import pytest

from selfplay_gym.agents.training.config import GRPOConfig
from selfplay_gym.core.errors import ConfigError, UnknownNameError
from selfplay_gym.selfplay.guard.thresholds import GuardThresholds
from selfplay_gym.selfplay.settings import tree
from selfplay_gym.selfplay.settings.config import RunConfig
from selfplay_gym.selfplay.settings.describe import settings
from selfplay_gym.selfplay.settings.files import absolute_paths
from selfplay_gym.selfplay.settings.parts import GuardConfig, LabelsConfig, QuestionsConfig
from selfplay_gym.selfplay.settings.presets import PRESETS, preset
from selfplay_gym.selfplay.settings.role import RoleConfig

PATHS = [path for path, _, _ in tree.paths(RunConfig, rows={"roles": ("challenger", "solver")})]
TYPES = {path: tree.setting_type(RunConfig, path) for path in PATHS}
NUMBERS = [path for path, hint in TYPES.items() if hint is float or float in typing.get_args(hint)]


@pytest.mark.parametrize("name", PRESETS)
def test_presets_survive_json(name):
    config = preset(name)
    assert RunConfig.from_dict(json.loads(json.dumps(config.as_dict()))) == config


def test_the_published_setting_is_what_the_paper_says():
    config = preset("r-zero")
    challenger, solver = config.roles["challenger"], config.roles["solver"]
    assert (config.labels.attempts, config.questions.count, config.rounds) == (10, 8000, 3)
    assert (challenger.samples, solver.samples) == (4, 5)
    assert (challenger.steps, solver.steps) == (5, 15)
    for role in (challenger, solver):
        assert (role.grpo.learning_rate, role.grpo.kl_weight, role.grpo.temperature) == (1e-6, 1e-2, 1.0)


def test_every_setting_of_updates_and_of_the_guard_can_be_reached():
    for role in ("challenger", "solver"):
        assert {f"roles.{role}.grpo.{field.name}" for field in dataclasses.fields(GRPOConfig)} <= set(PATHS)
    assert {f"guard.thresholds.{field.name}" for field in dataclasses.fields(GuardThresholds)} <= set(PATHS)


def test_every_setting_is_described():
    described = list(settings())
    assert [setting.path for setting in described] == PATHS
    assert [setting.path for setting in described if not setting.about.endswith(".")] == []
    assert {setting.path for setting in settings("roles.solver")} == {p for p in PATHS if p.startswith("roles.solver")}


def test_changes_come_by_path_as_a_tree_or_by_keyword():
    base = RunConfig()
    one = base.replace({"roles.solver.grpo.learning_rate": 2e-4, "rounds": 2})
    other = base.replace({"roles": {"solver": {"grpo": {"learning_rate": 2e-4}}}}, rounds=2)
    assert one == other != base
    assert one.roles["solver"].grpo.learning_rate == 2e-4
    assert one.roles["challenger"] == base.roles["challenger"]
    both = base.replace({"roles.*.max_new_tokens": 9, "roles.solver.max_new_tokens": 5})
    assert [role.max_new_tokens for role in both.roles.values()] == [9, 5]


@pytest.mark.parametrize("path", NUMBERS)
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), "3", True])
def test_a_number_is_a_finite_number(path, value):
    with pytest.raises(ConfigError, match=path.replace(".", r"\.")):
        RunConfig().replace({path: value})


@pytest.mark.parametrize("path", [path for path in PATHS if TYPES[path] is int])
@pytest.mark.parametrize("value", [2.5, "3", True, None, -1, [1]])
def test_a_whole_number_is_a_whole_number(path, value):
    with pytest.raises(ConfigError, match=path.replace(".", r"\.")):
        RunConfig().replace({path: value})


@pytest.mark.parametrize("path", [path for path in PATHS if TYPES[path] is str])
@pytest.mark.parametrize("value", [3, None, True, ["x"], {"a": 1}])
def test_text_is_text(path, value):
    with pytest.raises(ConfigError, match=path.replace(".", r"\.")):
        RunConfig().replace({path: value})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rouns": 3}, "Did you mean 'rounds'"),
        ({"learning_rate": 1e-3}, r"Elsewhere it is roles\.\*\.grpo\.learning_rate"),
        ({"roles.solver.grpo.los_type": "grpo"}, r"Did you mean 'roles\.solver\.grpo\.loss_type'"),
        ({"roles.solver.grpo.loss_type": "drgrpo"}, "Did you mean 'dr_grpo'"),
        ({"guard.thresholds.paitence": 3}, r"Did you mean 'guard\.thresholds\.patience'"),
        ({"roles.slover.steps": 3}, "Did you mean 'solver'"),
        ({"stages": ["train(slover)"]}, "Did you mean 'solver'"),
        ({"guard.mode": "of"}, "Did you mean 'off'"),
        ({"compute.sharding": "fsdp"}, "Did you mean 'fsdp2'"),
    ],
)
def test_a_wrong_name_at_any_depth_is_answered_with_the_nearest(changes, message):
    with pytest.raises(UnknownNameError, match=message):
        RunConfig().replace(changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"questions.keep_band": [0.9, 0.5]}, "keep_band"),
        ({"questions.keep_band": [0.5]}, "keep_band"),
        ({"questions.sources": {}}, "sources"),
        ({"questions.sources": {"challenger": -1.0}}, "sources"),
        ({"questions.sources": {"challenger": "much"}}, "sources"),
        ({"labels.source": ""}, "source"),
        ({"labels.source": {"timeout_s": 2}}, "needs a 'name'"),
        ({"labels.source": {"name": "sympy", "timeout_s": None}}, "leave it out"),
        ({"labels.source": {"name": "sympy", "policy": {"tolerance": [None]}}}, r"policy\.tolerance.*leave it out"),
        ({"labels.source": {"name": "sympy", "timeout_s": float("nan")}}, "leave it out"),
        ({"questions.sources": {"challenger": 1e308, "procedural": 1e308}}, "sources"),
        ({"stages": ["train(role=tester)"]}, "tester"),
        ({"roles.solver.device": ""}, "device must not be empty"),
        ({"guard.thresholds.length_ratio": -1.0}, "length_ratio"),
        ({3: 4}, "have names, got 3"),
        ({"labels": "vote"}, "part with settings of its own"),
        ({"roles.solver": 3}, "part with settings of its own"),
        ({"stages": []}, "at least one stage"),
        ({"rounds": 10**21}, "rounds must be <= 1000000"),
        ({"exam.questions": 100_000_000}, "questions must be <= 1000000"),
        ({"exam.samples": 1_000_000}, "samples must be <= 10000"),
        ({"compute.threads": 99999}, "threads"),
        ({"roles.solver.weight_sharing": "lora", "roles.solver.device": "cuda:1"}, "weight_sharing='copies'"),
        ({"roles.solver.weight_sharing": "lora", "roles.solver.kl_reference": "round"}, "weight_sharing='copies'"),
        ({"roles.solver.kl_decay": 0.0}, r"kl_decay must be in \(0, 1\], got 0.0"),
        ({"roles.solver.rate_decay": 0.0}, r"rate_decay must be in \(0, 1\], got 0.0"),
        ({"roles.solver.rate_decay": 1.1}, r"rate_decay must be in \(0, 1\], got 1.1"),
        ({"guard.thresholds.factor": 1.5}, "factor"),
        (
            {"guard.mode": "on", "stages": ["generate", "attempt", "label", "train(solver)"]},
            "needs the stage 'evaluate'",
        ),
    ],
)
def test_what_cannot_work_is_refused_by_the_part_it_belongs_to(changes, message):
    with pytest.raises(ConfigError, match=message):
        RunConfig().replace(changes)


def test_python_gets_the_same_checks():
    with pytest.raises(ConfigError, match="samples must be a whole number"):
        RoleConfig(samples=2.5)
    with pytest.raises(ConfigError, match="keep_band"):
        QuestionsConfig(keep_band=(0.1,))
    with pytest.raises(ConfigError, match="guard must be a GuardConfig"):
        RunConfig(guard="on")
    with pytest.raises(ConfigError, match=r"roles\.solver must be a RoleConfig"):
        RunConfig(roles={"solver": {"steps": 3}})
    with pytest.raises(ConfigError, match="patience"):
        GuardConfig(thresholds=GuardThresholds(patience=0))


def test_a_live_object_plays_but_no_file_can_hold_it():
    config = RunConfig(labels=LabelsConfig(source=object()))
    with pytest.raises(ConfigError, match=r"labels\.source is a live object.*register it"):
        config.as_dict()


def test_a_challenger_that_writes_no_questions_is_not_at_the_table():
    assert RunConfig().players == ("challenger", "solver")
    assert RunConfig().replace({"questions.sources": {"procedural": 1.0}}).players == ("solver",)


def test_whole_parts_of_another_config_can_be_taken_over():
    other = RunConfig().replace({"roles.solver.steps": 3, "questions.count": 5})
    taken = RunConfig().replace(roles=other.roles, questions=other.questions)
    assert (taken.roles, taken.questions) == (other.roles, other.questions)
    with pytest.raises(ConfigError, match="mapping"):
        RunConfig().replace([("rounds", 3)])


def test_options_of_plug_ins_keep_their_own_names():
    source = {"name": "weighted", "members": {"my_package.verifiers:Mine": 1.0, "sympy": 2}}
    config = RunConfig().replace({"labels.source": source})
    assert config.labels.source == source
    assert RunConfig.from_dict(config.as_dict()) == config


def test_what_cannot_be_written_as_utf8_is_refused_before_a_file_is_touched():
    with pytest.raises(ConfigError, match="UTF-8"):
        RunConfig().replace({"roles.*.model": "\udcff"}).as_dict()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"roles.solver.samples": 1}, "roles.solver.samples must be >= 2 where a role learns, got 1"),
        ({"labels.attempts": 1}, "labels.attempts=1 gives no solve rate"),
        ({"labels.attempts": 2, "questions.keep_band": [0.6, 0.9]}, "no question would ever be kept"),
        ({"questions.margin": 0.8, "questions.keep_band": [0.2, 0.7]}, "lower the margin, or widen the band"),
    ],
)
def test_what_could_teach_nothing_is_refused(change, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        RunConfig().replace(change)


@pytest.mark.parametrize(
    "change",
    [
        {"roles.solver": {"samples": 1, "learns": False}},
        {"roles.solver": {"samples": 1, "steps": 0}},
        {"labels.attempts": 1, "questions.keep_band": [0.0, 1.0]},
        {"labels.attempts": 3, "questions.keep_band": [1 / 3, 1 / 3]},
        {"labels.attempts": 10**4},
    ],
)
def test_what_can_teach_is_not(change):
    assert RunConfig().replace(change)


def test_a_run_keeps_paths_that_stay_right_wherever_it_goes_on(tmp_path, monkeypatch):
    (tmp_path / "model").mkdir()
    (tmp_path / "tiny").mkdir()
    (tmp_path / "exam.jsonl").write_text("")
    monkeypatch.chdir(tmp_path)
    given = {"roles.solver.model": "model", "exam.suites": ["jsonl:exam.jsonl", "jsonl:nothing", "mixed"]}
    kept = absolute_paths(RunConfig().replace(given))
    assert kept.roles["solver"].model == str(tmp_path / "model")
    assert kept.roles["challenger"].model == "tiny"
    assert absolute_paths(preset("frontier")) == preset("frontier")
    assert kept.exam.suites == (f"jsonl:{tmp_path / 'exam.jsonl'}", "jsonl:nothing", "mixed")
    assert absolute_paths(kept) == kept


@pytest.mark.parametrize("text", ["[mixed, svamp]", '["mixed", "svamp"]', "mixed,svamp", "['mixed', svamp]"])
def test_a_list_of_texts_needs_no_quotes(text):
    found = tree.parse_assignments(RunConfig, [f"evaluation.suites={text}"])
    assert tuple(found["evaluation.suites"]) == ("mixed", "svamp")


@pytest.mark.parametrize("update", ["rft", "rft(batch=8)", {"name": "dpo", "beta": 0.2}])
def test_what_draws_no_groups_draws_none_again(update):
    RunConfig().replace({"roles.solver.update": update})
    with pytest.raises(ConfigError, match=r"roles\.solver\.dynamic_sampling=2 draws again for update='grpo'"):
        RunConfig().replace({"roles.solver.update": update, "roles.solver.dynamic_sampling": 2})
