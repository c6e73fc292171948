"""docs/metrics.md: every name a run writes is explained there, and nothing else."""

import dataclasses
import json
import re
from pathlib import Path

import pytest

import selfplay_gym
from selfplay_gym import register_stage
from selfplay_gym.agents.training.config import StepMetrics
from selfplay_gym.selfplay.exams.result import ExamResult
from selfplay_gym.selfplay.reviews.decisions import Decision
from selfplay_gym.selfplay.run.train import train
from selfplay_gym.selfplay.settings.compose import compose, suited
from selfplay_gym.selfplay.settings.presets import preset
from selfplay_gym.selfplay.storage.run_folder import LOGS

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"
BY_DATA = {
    *("by_kind", "by_source", "label_sources", "by_level", "by_length", "by_role", "pass", "majority", "votes"),
    *("turn_exam", "reward_by_player", "rewards"),
    *("suites", "meta", "reward_terms", "robustness", "policy", "codes", "by_updates", "by_outcome", "by_decision"),
    *("members", "league"),
}
"""Their keys are data: kinds, sources, levels, lengths, roles, sizes, suites, a question's meta, reward terms,
perturbations, hazards, numbers of updates, outcomes, decisions; opponents, seats, information sets; members of a
coalition."""
ITS_OWN = {"evidence", "strategy"}
"""What is in there is nobody's but the verifier's, or the game's."""


def names_in(value):
    """All keys of nested objects, but those that are data."""
    if not isinstance(value, dict):
        return set()
    names = set()
    for name, inner in value.items():
        names.add(name)
        if name in ITS_OWN:
            continue
        for below in inner.values() if name in BY_DATA else [inner]:
            names |= names_in(below)
    return names


def logged(folder):
    evaluations = map(json.loads, map(Path.read_text, folder.path.glob("evaluations/*.json")))
    rows = [*(row for log in LOGS for row in folder.rows(log)), *({**one, "cross_play": []} for one in evaluations)]
    return {name for row in rows for name in names_in(row)}


@pytest.fixture(scope="module")
def documented():
    return set(re.findall(r"^\| `(\w+)` \|", PAGE.read_text(encoding="utf-8"), re.M))


@register_stage("metrics-test-review")
class Review:
    """A rule that gives every label in another writing, and a person who prefers an answer."""

    name = "metrics-test-review"

    def run(self, run):
        kept = [row for row in run.rows("labels") if row["kept"]]
        run.log("reviews", [{"index": row["index"], "decision": "edit", "after": f"{row['label']}.0"} for row in kept])
        pair = Decision(f"pair/{run.round}/0/0-1", "prefer", "anna", 0.0, "key", before="1", after=1)
        run.log("reviews", [pair.row()])


MIXED = {
    "questions.sources": {"challenger": 1.0, "procedural": 1.0},
    "exam": {"suites": ["arithmetic"], "pass_k": 3},
    "gates": [{"at": "label", "least": 2}],
    "stages": [
        *("generate", "attempt", "label", "review(wait=false)", "metrics-test-review"),
        *("train(solver)", "evaluate", "gate"),
    ],
}
"""What a run can log besides: several sources, further suites, pass@k, reviews."""
VALIDATED = {
    "questions.sources": {"procedural": 1.0},
    "stages": ["generate", "attempt", "label", "sft(validator, steps=1, batch=4)"],
    "labels": {"source": "validated", "attempts": 4},
    "roles.validator": {"max_new_tokens": 8},
    "roles.*": {"model": "tiny"},
    "roles.solver.max_new_tokens": 72,
}
"""Votes that somebody confirms; with a model whose attempts hold answers."""

FULL = {"every_games": 1, "suites": ["arithmetic"], "questions": 2, "samples": 1, "proposals": 2}
"""Full evaluations, which have files of their own."""

DECOMPOSED = {
    "questions.sources": {"procedural": 1.0},
    "questions.generator": "chains(longest=10)",
    "questions.count": 60,
    "stages": ["generate", "attempt", "label"],
    "labels.source": "decomposed(least=0.25)",
    "roles.*": {"model": "frontier"},
    "roles.solver.max_new_tokens": 72,
}
"""Solutions put together from parts; with a model that answers some."""

COALITION = {
    "questions.sources": {"procedural": 1.0},
    "stages": ["generate", "attempt", "label"],
    "labels.source": "coalition(members=[solver, oracle])",
}
"""Labels by votes of several."""

TESTED = {
    "rounds": 2,
    "questions.keep_band": [0.0, 1.0],
    "schedule.warm_up.stages": ["warm_up(tester, steps=40, batch=8)"],
    "roles.tester": {"steps": 1, "groups": 2, "samples": 2, "max_new_tokens": 12},
}
"""A tester that was shown what a test is."""

PERTURBED = {
    "questions.sources": {"adversarial(kinds=[injected])": 1.0},
    "stages": ["generate", "robustness(kinds=[changed])"],
}
"""Questions with an instruction in them, and what they cost in the exam."""

SIZES = "steps=1, inner=1, batch=2, questions=2, updates=[0, 1]"
ADAPTED = {
    "questions.sources": {"procedural": 1.0},
    "stages": [f'adapt(families=["equation", "arithmetic"], held_out=composed, {SIZES})'],
}
"""Meta-learning of the solver, and how fast it learns what it has not seen."""


TURNS = ["rounds=2", "exam.questions=2", "exam.greedy=true", "exam.opponents=random-legal", "roles.player.steps=1"]
"""A game of several turns."""

REVIEWS = {"at": "label", "on": "disagreement", "least": 8}
REVIEWED = {
    "questions": {"sources": {"procedural": 1.0}, "count": 16, "keep_band": [0.0, 1.0]},
    "labels.attempts": 4,
    "gates": [REVIEWS, {**REVIEWS, "kind": "pair"}],
    "stages": [
        *("generate", "attempt", "label", "simulated_review", "simulated_review(reviewer=anna, error=0.5)"),
        "feedback(steps=1, held_out=0.4)",
    ],
    "roles.*": {"model": "tiny", "max_new_tokens": 32},
}
"""What two reviewers decide; of a model whose attempts hold answers."""

EIGHTS = """
version = 1
[groups.number]
words = ["8", "18", "28"]
[[rules]]
code = "S6"
name = "eights"
steps = ["number"]
window = 1
"""
"""Rules that refuse some sums."""


@pytest.fixture(scope="module")
def real_runs(untrained_model, tmp_path_factory):
    """One short round with a model that knows nothing: as a challenger, under a procedural one, mixed, and of code."""
    small = preset("debug").replace(
        {
            "rounds": 1,
            "roles.*": {"model": str(untrained_model), "max_new_tokens": 6},
            "roles.solver.steps": 1,
            "questions": {"count": 12, "keep_band": [0.0, 1.0]},
            "labels.attempts": 2,
            "exam": {"questions": 8, "samples": 2},
        }
    )
    path = tmp_path_factory.mktemp("runs")
    procedural = {"questions.sources": {"procedural": 1.0}}
    (path / "eights.toml").write_text(EIGHTS, encoding="utf-8")
    refusing = {"name": "rules", "file": str(path / "eights.toml")}
    changes = {
        "refusing": {**procedural, "questions.count": 40, "roles.*.policy": refusing, "stages": ["generate"]},
        "challenger": {},
        "procedural": procedural,
        "mixed": MIXED,
        "validated": VALIDATED,
        "checked": {**procedural, "labels.source": "checked"},
        "decomposed": DECOMPOSED,
        "coalition": COALITION,
        "code": {**suited("SelfPlayCode-v0"), **procedural, **TESTED, "roles.solver.replay": 0.5},
        "perturbed": PERTURBED,
        "met": {"roles.challenger.opponents": "league", "stages": ["train(challenger)"]},
        "supervised": {"roles.challenger.update": "rft", "stages": ["train(challenger)"]},
        "parts": {"schedule": {"exam": {"stages": ["evaluate"], "until": "rounds"}}},
        "evaluated": {"stages": ["evaluate"], "evaluation": FULL},
        "adapted": ADAPTED,
        "reviewed": REVIEWED,
        "talking": {**procedural, "roles.solver.turns": "ask_back", "stages": ["generate", "attempt"]},
    }
    played = {name: train(small.replace(change), path / name) for name, change in changes.items()}
    return {**played, "turns": train(compose("debug", env="SelfPlayKuhn-v0", assignments=TURNS), path / "turns")}


@pytest.fixture(scope="module")
def pooled_run(scripted_run, tmp_path_factory):
    """One with a pool, which a model that knows nothing does not fill."""
    return scripted_run(tmp_path_factory.mktemp("pool") / "run", rounds=1, changes={"questions.pool": True})


@pytest.mark.slow
def test_every_name_a_run_logs_is_explained(documented, real_runs, finished_run, pooled_run):
    for folder in (*real_runs.values(), finished_run, pooled_run):
        assert logged(folder) - documented == set()


@pytest.mark.slow
def test_every_explained_name_is_logged(documented, real_runs, pooled_run):
    missing = documented - set.union(*map(logged, [*real_runs.values(), pooled_run]))
    # a question that could not be read, a role that did not train, what only servers measure (`test_served_run.py`),
    # and what only scripted agents are asked (`test_foreign_suites.py`)
    assert missing == {"unanswered", "guessed", "passed_over", "sampler_gap", "staleness"}


def test_every_field_of_the_records_is_explained(documented):
    for record in (StepMetrics, ExamResult):
        assert {field.name for field in dataclasses.fields(record)} <= documented


@pytest.mark.slow
def test_the_scripted_run_of_these_tests_looks_like_a_real_one(real_runs, finished_run):
    real = logged(real_runs["challenger"]) | logged(real_runs["procedural"])
    assert logged(finished_run) <= real
    assert real - logged(finished_run) <= {"event", "name", "limit", "why", "value"}  # of alarms: it is healthy


def test_two_shares_of_right_labels_have_two_names_everywhere():
    """`label_accuracy` is "asked labels right", `kept_label_accuracy` "kept labels right"."""
    root = Path(selfplay_gym.__file__).parent
    files = [file for ending in ("py", "j2", "js") for file in (root / "selfplay").rglob(f"*.{ending}")]
    unclear = re.compile(
        r"(?<!asked )(?<!kept )(?<!the )labels right|right among kept|least kept right|label acc\.", re.I
    )
    assert [f"{file.name}: {found[0]}" for file in files for found in unclear.finditer(file.read_text("utf-8"))] == []
    heads = re.compile(r"^\|.*\| *(labels right|label acc\.)", re.M)
    assert [page.name for page in (root / "docs").rglob("*.md") if heads.search(page.read_text("utf-8"))] == []
