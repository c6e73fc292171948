"""`labels.source = "decomposed"` in a run: who is asked, what the logs hold, and what then is learnt."""

from types import SimpleNamespace

import pytest

from selfplay_gym import Question, make_domain
from selfplay_gym.core.math_language import answer, read
from selfplay_gym.envs.game.engine import Preparing
from selfplay_gym.selfplay.ablate.rows import VARIANTS
from selfplay_gym.selfplay.run import round_log
from selfplay_gym.selfplay.run.labels import label_verifier, labeller_of, make_labeller
from selfplay_gym.selfplay.run.questions.replay import replayable
from selfplay_gym.selfplay.run.refusals import Refusals
from selfplay_gym.selfplay.run.train import train
from selfplay_gym.selfplay.settings.config import RunConfig
from selfplay_gym.selfplay.storage.run_folder import RunFolder

DECOMPOSED = {"labels.source": "decomposed", "questions.keep_band": [0.0, 0.9]}


def a_run(changes):
    """As much of a run as a labeller looks at; the solver writes down with which seeds it is asked."""
    seeds = []

    def attempt(prompts, seed, n):
        seeds.append(seed)
        return [[rf"{prompt[8:-1]}={answer(prompt)}. \boxed{{{answer(prompt)}}}"] * n for prompt in prompts]

    here = {"round": 1, "phase": "label", "step": 0, "attempt": attempt}
    run = SimpleNamespace(config=RunConfig().replace(changes), domain=make_domain("math"), roles={}, **here)
    run.refusals = Refusals(run.config.roles, lambda: here, {})
    return run, seeds


def test_the_runs_solver_is_asked_and_its_options_are_the_verifiers():
    run, seeds = a_run(DECOMPOSED)
    long, short = labeller_of(run).judge_many(
        [Question("What is 3+4-5+6?"), Question("What is 3+4?")], [["hm"], [r"\boxed{7}"]]
    )
    assert (long.valid, long.solve_rate, long.label) == (True, 0.0, "8")
    assert short.evidence["check"]["why"] == "outside the band"  # everybody solves it
    assert len(set(seeds)) == len(seeds) == 3  # one call for each step, one for all claims
    run, seeds = a_run({**DECOMPOSED, "labels.source": "decomposed(reach=2, least=1.0, attempts=2)"})
    labeller_of(run).judge(Question("What is 3+4-5+6-7+8-9?"), ["hm"])
    assert len(seeds) > 2


def test_programs_are_labelled_and_graded_as_under_checked_labels():
    code = make_domain("code")
    assert isinstance(make_labeller(code, {"name": "decomposed", "agent": "noisy"}), Preparing)
    kinds = [type(label_verifier(code, "label", source)(0).verifier) for source in ("checked", "decomposed", "vote")]
    assert kinds[0] is kinds[1] is not kinds[2]


SMALL = {
    **VARIANTS["recipe: decomposed"],
    "rounds": 2,
    "labels.attempts": 3,
    "questions.keep_band": [0.0, 1.0],
    "storage.save_every": 1,
    "questions": {"count": 80, "generator": "chains(longest=10)", "sources": {"challenger": 1.0, "procedural": 7.0}},
    "roles.*": {"model": "frontier", "max_new_tokens": 72},
    "roles.challenger": {"steps": 1, "groups": 2, "samples": 4},
    "roles.solver": {"steps": 1, "update": "rft(batch=8)", "replay": 0.5, "replay_easy": False},
    "exam.questions": 4,
    "guard.questions": 4,
    "stages": ["train(challenger)", "generate", "attempt", "label", "train(solver)"],
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    path = tmp_path_factory.mktemp("decomposed") / "run"
    train(SMALL, path)
    return path


def joined(rows):
    return [row for row in rows if "solution" in row]


def test_a_run_logs_solutions_of_what_it_labelled_by_parts(finished, logged):
    found = logged(finished)
    texts = {(row["round"], row["index"]): row["text"] for row in found["questions"]}
    assert joined(found["labels"])
    for row in found["labels"]:
        by_parts = row["check"]["way"] == "parts"
        assert ("solution" in row) is (by_parts and row["check"]["agrees"])
        if by_parts:
            assert read(texts[row["round"], row["index"]]).operations > 2
            assert row["valid"] is row["check"]["agrees"]
    for row in joined(found["labels"]):
        assert row["solution"].endswith(rf"\boxed{{{row['label']}}}")
        assert len(row["parts"]) >= 4
        assert all(text.startswith("What is ") and worked for text, worked in row["parts"])


def test_what_the_pool_judged_keeps_its_solution(finished, logged):
    found = logged(finished)
    pool = [row["judgement"]["evidence"].get("solution") for row in found["pool"]]
    pooled = {(row["round"], row["index"]) for row in found["questions"] if "pool" in row}
    again = [row["solution"] for row in joined(found["labels"]) if (row["round"], row["index"]) in pooled]
    assert set(again) <= set(pool)


def test_solutions_are_learnt_in_their_round_and_replayed_later_unless_a_label_was_edited(finished):
    folder = RunFolder.open(finished)

    def rows(name, number=1):
        return [row for row in folder.rows(name) if row["round"] == number]

    kept = {row["index"]: row["solution"] for row in joined(rows("labels")) if row["kept"]}
    assert kept
    assert sorted(one.solution for one in round_log.solved(rows) if one.solution) == sorted(kept.values())
    config = RunConfig().replace(SMALL)
    second = SimpleNamespace(folder=folder, round=2, config=config, rows=lambda name: rows(name, 2))
    second.kept = list
    assert {one.solution for one in replayable(second, easy=False)} >= set(kept.values())
    assert all(len(one.parts) >= 4 for one in round_log.solved(rows) if one.solution)
    edit = [{"index": index, "decision": "edit", "after": "77"} for index in kept]
    edited = round_log.solved(lambda name: edit if name == "reviews" else rows(name))
    changed = [one for one in edited if one.question.reference == "77"]
    assert [(one.solution, one.parts) for one in changed] == [(None, ())] * len(kept)


def test_a_crash_before_the_labels_is_invisible_after_resume(finished, tmp_path, logged, power_cut):
    with power_cut(5):
        train(SMALL, tmp_path / "run")
    train({}, tmp_path / "run", resume=True)
    assert logged(tmp_path / "run") == logged(finished)
