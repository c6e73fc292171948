"""A challenger that follows the solver, in whole runs: what it is asked and earns, and that a stopped run goes on."""

import json
from collections import Counter
from dataclasses import replace
from itertools import cycle
from types import SimpleNamespace

import pytest

from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.records import Question, Request
from selfplay_gym.core.registries import register_reward, rewards
from selfplay_gym.selfplay.ablate import VARIANTS
from selfplay_gym.selfplay.hooks import Hook
from selfplay_gym.selfplay.report.summary_data import read_run_summary
from selfplay_gym.selfplay.run.question_log import question_row
from selfplay_gym.selfplay.run.questions.conditions import challenger_rule, draw_of, step_requests, unsolved
from selfplay_gym.selfplay.run.run import Interrupted, SelfPlay
from selfplay_gym.selfplay.run.stage import make_stages
from selfplay_gym.selfplay.run.train import make_run, train
from selfplay_gym.selfplay.settings.files import stored_config, to_toml
from selfplay_gym.selfplay.settings.presets import preset
from selfplay_gym.selfplay.storage.run_folder import LOGS, RunFolder

CONFIG = preset("debug").replace(
    {
        "rounds": 3,
        "questions.count": 12,
        "exam": {"questions": 8, "samples": 1},
        "roles.*.max_new_tokens": 40,
        "roles.challenger.steps": 2,
        "roles.solver.steps": 1,
        "stages": ["train(challenger)", "generate", "attempt", "label", "train(solver)"],
    }
)
ALL = {
    "roles.challenger.condition": "unsolved(near=0, far=1)",
    "roles.challenger.every": 2,
    "roles.challenger.reward": 'r-zero(archive={"weight": 1, "from_round": 2})',
    "questions": {
        "sources": {"challenger": 0.5, "procedural": 0.5},
        "curriculum": 'bandit(kinds=["arithmetic", "equation"], bins=2)',
        "keep_band": [0.5, 0.75],
    },
}
"""Everything at once that looks back at earlier rounds."""
LEVEL = {
    "rounds": 2,
    "roles.challenger.condition": "level(curriculum=true)",
    "roles.challenger.groups": 8,
    "questions.curriculum": "bandit(bins=4)",
}


def outcome(path):
    folder = RunFolder.open(path)
    weights = {
        role: (path / "checkpoints" / name / "model.safetensors").read_bytes()
        for role, name in folder.state["checkpoints"].items()
    }
    logs = {name: list(folder.rows(name)) for name in LOGS if name != "timings"}
    return logs, weights, folder.state["curriculum"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The two runs, left alone."""
    path = tmp_path_factory.mktemp("conditions")
    return {name: train(CONFIG.replace(change), path / name) for name, change in {"all": ALL, "level": LEVEL}.items()}


def opened(folder):
    """The run of a folder, as it stands after its end."""
    config = stored_config(folder)
    return SelfPlay(config, folder, make_stages(config.stages))


@pytest.mark.slow
def test_a_run_that_was_stopped_goes_on_to_the_same_end(runs, tmp_path):
    config, path = CONFIG.replace(LEVEL), tmp_path / "run"
    folder = RunFolder.vacant(path)
    run = make_run(config, folder, stop=lambda: (run.round, run.phase) == (2, "generate"))
    folder.begin(to_toml(config), {})
    with pytest.raises(Interrupted):
        run.run()
    train(config, path, resume=True)
    assert outcome(path) == outcome(runs["level"].path)


def test_a_crash_in_the_middle_is_invisible_after_resume(runs, tmp_path):
    class Crash(Hook):
        name = "crash"

        def after_step(self, run, step):
            if (run.round, step.role, step.number) == (3, "challenger", 1):
                raise KeyboardInterrupt

    config, path = CONFIG.replace(ALL), tmp_path / "run"
    folder = RunFolder.vacant(path)
    run = make_run(config, folder)
    run.hooks = [*run.hooks, Crash()]
    folder.begin(to_toml(config), {})
    with pytest.raises(KeyboardInterrupt):
        run.run()
    train(config, path, resume=True)
    assert outcome(path) == outcome(runs["all"].path)


def test_a_role_that_trains_in_every_second_round_is_passed_over_between(runs):
    rows = list(runs["all"].rows("metrics"))
    assert sorted({row["round"] for row in rows if row.get("role") == "challenger"}) == [1, 3]
    assert sorted({row["round"] for row in rows if row.get("role") == "solver"}) == [1, 2, 3]
    assert [row for row in rows if "passed_over" in row] == [
        {"round": 2, "phase": "train(challenger)", "passed_over": "challenger"}
    ]
    assert read_run_summary(runs["all"]).resting == ["The challenger trains once in 2 rounds, in the first of them."]
    assert read_run_summary(runs["level"]).resting == []


def test_a_level_is_asked_logged_rewarded_and_observed(runs):
    questions = [row for row in runs["level"].rows("questions") if row.get("author") == "challenger"]
    assert questions
    assert all(0 <= row["level"] <= 1 and 0 <= row["meta"]["spec"]["meta"]["arm"] < 4 for row in questions)
    steps = [row for row in runs["level"].rows("metrics") if row.get("role") == "challenger"]
    assert all(0 <= row["asked_gap"] <= 1 and "asked_rate" in row["reward_terms"] for row in steps)
    assert sum(value > 0 for value in runs["level"].state["curriculum"]["values"]) >= 2


def test_an_unsolved_question_is_shown_from_the_second_round_on(runs):
    rows = list(runs["all"].rows("questions"))
    first = {row["text"] for row in rows if row["round"] == 1}
    shown = [(row["round"], row["meta"]["near"]) for row in rows if "near" in row.get("meta", {})]
    assert {number for number, _ in shown} <= {2, 3}
    assert any(number == 2 for number, _ in shown)
    assert all(near in first for number, near in shown if number == 2)
    assert all(row["asked_gap"] is None for row in runs["all"].rows("metrics") if row.get("role") == "challenger")


def test_only_questions_of_the_last_rounds_that_were_not_solved_are_shown(runs):
    run = opened(runs["all"])
    run.round = 3
    labels = {(row["round"], row["index"]): row for row in runs["all"].rows("labels")}
    texts = {row["text"]: labels.get((row["round"], row["index"])) for row in runs["all"].rows("questions")}
    found = unsolved(run)
    assert found
    for question in found:
        row = texts[question.text]
        assert row["round"] in (1, 2)
        assert row["solve_rate"] < 0.5 or not row["valid"]
    run.round = 1
    assert unsolved(run) == []
    run.round = 9
    assert unsolved(run) == []


def test_an_easy_question_that_nobody_asked_again_is_not_unsolved():
    shown = [
        (1.0, False, {"agrees": None}, False),  # outside the band, so its label was not checked
        (0.6, False, {"agrees": False}, True),
        (0.6, True, {"agrees": True}, False),
        (0.0, False, {"agrees": None}, True),
        (0.6, False, None, True),  # a vote that gave no label
        (0.6, True, None, False),
    ]
    columns = ("solve_rate", "valid", "check")
    logs = {
        "labels": [{**dict(zip(columns, row, strict=False)), "round": 1, "index": i} for i, row in enumerate(shown)],
        "questions": [{**question_row(Question(str(i))), "round": 1, "index": i} for i in range(len(shown))],
    }
    run = SimpleNamespace(
        round=2,
        config=SimpleNamespace(questions=SimpleNamespace(keep_band=(0.5, 0.9))),
        folder=SimpleNamespace(rows_from_end=lambda log: logs[log][::-1]),
    )
    assert [question.text for question in unsolved(run)] == [str(i) for i, row in enumerate(shown) if row[3]]


def test_the_archive_holds_what_was_asked_in_earlier_rounds_from_its_first_round_on(runs):
    run = opened(runs["all"])
    asked = Counter(row["text"] for row in runs["all"].rows("questions") if row["round"] == 1 and not row["dropped"])
    run.round = 2
    assert Counter(run.past.sample()) == asked
    assert run.past.sample() == run.past.sample()
    assert challenger_rule(run).rule.archive.texts == run.past.sample()
    run.round = 1
    assert challenger_rule(run).rule.archive.texts == ()
    steps = [row for row in runs["all"].rows("metrics") if row.get("role") == "challenger"]
    assert {row["round"] for row in steps if "archive" in row["reward_terms"]} == {3}


def test_requests_of_a_step_are_a_function_of_round_and_step(runs):
    run = opened(runs["level"])
    draw = draw_of(run)
    first = step_requests(run, draw, 0)
    assert first == step_requests(run, draw_of(run), 0) != step_requests(run, draw, 1)
    assert len(first) == 8
    assert all(isinstance(request, Request) for request in first)


def test_the_bandit_observes_kinds_that_went_through_files(runs):
    rows = [row for row in runs["all"].rows("questions") if row.get("source") == "procedural"]
    kinds = ["arithmetic", "equation"]
    assert {row["meta"]["spec"]["kind"] for row in rows} == {row["author"] for row in rows} == set(kinds)
    assert all(
        row["meta"]["spec"]["meta"]["arm"] == 2 * kinds.index(row["author"]) + int(2 * row["level"]) for row in rows
    )
    assert json.loads(json.dumps(runs["all"].state["curriculum"])) == runs["all"].state["curriculum"]
    assert any(runs["all"].state["curriculum"]["values"])


def test_only_a_label_that_was_refuted_is_observed_as_never_solved(tmp_path):
    """One that was not asked about again, since it lies outside the band, is as easy or hard as it was."""
    checks = [{"agrees": True}, {"agrees": False}, {"agrees": None}, None]

    class Seen:
        def __init__(self, inner):
            self.inner, self.rates = inner, []

        def observe(self, spec, rate):
            self.rates.append(rate)
            self.inner.observe(spec, rate)

        def __getattr__(self, name):
            return getattr(self.inner, name)

    config = CONFIG.replace(
        {"rounds": 1, "stages": ["generate", "attempt", "label"], "questions.sources": {"procedural": 1.0}}
    )
    folder = RunFolder.vacant(tmp_path / "run")
    run = make_run(config, folder)
    judge = run.game.judge

    def doubtful(questions, groups):
        judged = zip(judge(questions, groups), cycle(checks))
        return [
            replace(one, valid=bool(check and check["agrees"]), evidence={**one.evidence, "check": check})
            for one, check in judged
        ]

    run.game.judge, run.curriculum = doubtful, Seen(run.curriculum)
    folder.begin(to_toml(config), {})
    run.run()
    rows = list(folder.rows("labels"))
    refuted = [row["check"] == {"agrees": False} for row in rows]
    expected = [0.0 if no else row["solve_rate"] for no, row in zip(refuted, rows, strict=True)]
    assert run.curriculum.rates == expected
    assert any(row["solve_rate"] > 0 for no, row in zip(refuted, rows, strict=True) if no)
    assert any(row["solve_rate"] > 0 for row in rows if not row["valid"] and (row["check"] or {}).get("agrees") is None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"roles.challenger.condition": "levels"}, "level"),
        ({"roles.challenger.condition": "level(low=2)"}, "0 < low"),
        ({"roles.solver.condition": "level"}, "roles.solver.condition is for the challenger"),
        ({"roles.challenger.every": 0}, "every must be >= 1"),
        ({"roles.challenger.condition": "level", "roles.challenger.reward": "conditions-test-rule"}, "has none"),
    ],
)
def test_settings_that_cannot_work_are_refused_before_anything_is_written(tmp_path, change, message):
    register_reward("conditions-test-rule", lambda: lambda questions, judgements, attempts: [])
    try:
        with pytest.raises(ConfigError, match=message):
            train(CONFIG.replace(change), tmp_path / "run")
    finally:
        rewards.unregister("conditions-test-rule")
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bandit", "condition-level", "condition-unsolved", "every-2", "archive"])
def test_the_rows_of_the_ablation_play(name, tmp_path):
    change = VARIANTS[name]
    config = CONFIG.replace({"rounds": 2, "roles.challenger.steps": 1})
    config = config.replace(change(config) if callable(change) else change)
    folder = train(config, tmp_path / "run")
    assert folder.state["phase"] == "done"
    assert to_toml(config) == folder.config
