"""`labels.source = "checked"` in a run: who is asked another way, what then trains, and what the logs say of it."""

import re

import pytest

from selfplay_gym import Judgement, Question, Verdict, make_domain
from selfplay_gym.agents.inference.token_count import TokenCount
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.records import Ruling
from selfplay_gym.envs.game.engine import Preparing
from selfplay_gym.selfplay.roles.asked_again import AskedAgain
from selfplay_gym.selfplay.run.labels import labeller_of, make_labeller, trains
from selfplay_gym.selfplay.run.metrics import label_measures
from selfplay_gym.selfplay.run.train import train
from selfplay_gym.selfplay.settings.parts import QuestionsConfig

CHECKED = {"labels.source": "checked", "questions.keep_band": [0.5, 0.9]}


class NoSixes:
    """A policy that refuses answers with a 6."""

    def check(self, text, role):
        return Ruling("6" in text, "S1" if "6" in text else "")


def test_what_is_refused_confirms_nothing(a_run):
    run, _, _ = a_run(CHECKED)
    run.refusals.policies["solver"] = NoSixes()
    run.attempt = lambda prompts, seed, n: [boxed(6, 5, 6, 5)[:n] for _ in prompts]
    asked = AskedAgain(run)
    assert asked.act(["What is 3+4-2?"], n=4) == [["", boxed(5)[0], "", boxed(5)[0]]]
    assert asked.act([], n=4) == []


def boxed(*answers):
    return [rf"\boxed{{{one}}}" for one in answers]


QUESTIONS, GROUPS = [Question("What is 3+4-2?")] * 3, [boxed(5, 5, 6), boxed(6, 6, 5), boxed(5, 5)]


def test_the_band_and_the_margin_of_the_run_decide_what_is_checked(a_run):
    run, agent, base = a_run(CHECKED)
    judged = labeller_of(run).judge_many(QUESTIONS, GROUPS)
    assert [one.valid for one in judged] == [True, False, False]
    assert judged[2].evidence["check"]["why"] == "outside the band"
    assert (len(agent.seeds), len(base.seeds)) == (1, 0)
    run, _, _ = a_run({**CHECKED, "questions.margin": 0.5})
    judged = labeller_of(run).judge_many(QUESTIONS, GROUPS)
    assert judged[0].evidence["check"]["why"] == "the margin is too small"


def test_the_untrained_model_may_be_asked(a_run):
    run, agent, base = a_run({**CHECKED, "labels.source": "checked(ask=base, attempts=2)"})
    assert labeller_of(run).judge_many(QUESTIONS, GROUPS)[0].valid
    assert (len(agent.seeds), len(base.seeds)) == (0, 1)
    agent.counted = TokenCount()
    labeller_of(run).judge_many(QUESTIONS, GROUPS)
    assert base.counted is agent.counted  # what labels cost is the solver's


def test_nobody_else_can_be_asked(a_run):
    run, _, _ = a_run({**CHECKED, "labels.source": "checked(ask=teacher)"})
    with pytest.raises(ConfigError, match="teacher"):
        labeller_of(run)


def test_an_option_that_there_is_not_is_refused(a_run):
    run, _, _ = a_run({**CHECKED, "labels.source": "checked(tries=2)"})
    with pytest.raises(ConfigError, match="tries"):
        labeller_of(run)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            "checked(agent=oracle)",
            "labels.source='checked' has its 'agent' from the run: say 'ask=solver' or 'ask=base'",
        ),
        ("checked(ask=base, agent=oracle)", "has its 'agent' from the run"),
        ("checked(band=[0, 1])", "has its 'band' from the run: set questions.keep_band instead"),
        ("checked(margin=0.3)", "set questions.margin instead"),
        ("checked(seed=5)", "set seed instead"),
        ("checked(domain=code)", "set env instead"),
        ("decomposed(template=plain)", "labels.source='decomposed' has its 'template' from the run"),
        ("validated(by=head, band=[0, 1])", "labels.source='validated' has its 'band' from the run"),
        ("validated(by=head, agent=oracle)", "have one validator: by='head' or agent='oracle', not both"),
    ],
)
def test_what_the_run_decides_is_no_option_of_its_labels(a_run, source, said):
    with pytest.raises(ConfigError, match=re.escape(said)):
        labeller_of(a_run({**CHECKED, "labels.source": source})[0])


def test_the_seed_of_a_check_is_named_by_the_place_in_the_run(a_run):
    seeds = []
    for here in ({}, {}, {"round": 2}, {"phase": "train(challenger)"}, {"step": 1}):
        run, agent, _ = a_run(CHECKED, **here)
        AskedAgain(run).act(["What is 1+2?"], n=4, seed=7)
        seeds += agent.seeds
    assert seeds[0] == seeds[1]
    assert len(set(seeds)) == 4


def test_a_solver_that_was_exchanged_meanwhile_is_the_one_that_is_asked(a_run, calculator):
    run, _, _ = a_run(CHECKED)
    labeller, after = labeller_of(run), calculator()
    run.attempt = lambda prompts, seed, n: after.act(prompts, n=n, seed=seed)
    labeller.judge_many(QUESTIONS, GROUPS)
    assert len(after.seeds) == 1


def test_outside_a_run_the_agent_is_named(calculator):
    labeller = make_labeller(make_domain("math"), {"name": "checked", "agent": calculator()})
    assert [one.label_source for one in labeller.judge_many(QUESTIONS, GROUPS)] == ["checked"] * 3


def test_programs_are_labelled_by_running_them(calculator):
    assert make_domain("code").labels["checked"] == "code"
    assert make_domain("math").labels["checked"] == "majority"
    labeller = make_labeller(make_domain("code"), {"name": "checked", "agent": calculator()})
    assert isinstance(labeller, Preparing)  # it completes proposals, as the verifier behind it does


@pytest.mark.parametrize(
    ("correct", "wrong", "margin", "valid", "kept"),
    [
        (3, 1, 0.0, True, True),
        (3, 1, 0.0, False, False),
        (3, 1, 0.5, True, True),
        (3, 1, 0.51, True, False),
        (4, 0, 0.0, True, False),
        (7, 3, 0.4, True, True),  # 0.4 as a person writes it
        (4, 4, 0.0, True, True),
    ],
)
def test_what_trains_is_valid_in_the_band_and_clear(correct, wrong, margin, valid, kept):
    verdicts = [Verdict.correct("5")] * correct + [Verdict.wrong("6")] * wrong
    judged = Judgement.of(verdicts, label="5", label_source="vote", valid=valid)
    assert trains(judged, QuestionsConfig(keep_band=(0.5, 0.9), margin=margin)) is kept


@pytest.mark.parametrize("correct", [0, 1])
def test_a_known_answer_trains_whatever_the_attempts_agree_on_unless_a_margin_is_asked_for(correct):
    """An unlearnt solver may be wrong together; the band says whether that is too hard, and 0 is no margin."""
    verdicts = [Verdict.correct("5")] * correct + [Verdict.wrong("6")] * 3
    judged = Judgement.of(verdicts, label="5", label_source="reference")
    assert trains(judged, QuestionsConfig(keep_band=(0.0, 1.0)))
    assert not trains(judged, QuestionsConfig(keep_band=(0.0, 1.0), margin=0.1))


@pytest.mark.parametrize("margin", [-0.1, 1.1])
def test_a_margin_is_a_share(margin):
    with pytest.raises(ConfigError, match="margin"):
        QuestionsConfig(margin=margin)


def row(kind, kept, right, agrees):
    check = None if agrees is None else {"agrees": agrees}
    return {
        "kind": kind,
        "kept": kept,
        "label_right": right,
        "check": check,
        "valid": bool(agrees),
        "solve_rate": 0.6,
        "answers": ["1"],
    }


def test_measures_by_kind():
    rows = [
        row("sum", True, True, True),
        row("sum", True, False, True),
        row("sum", False, True, False),
        row("sum", False, True, None),
        row("equation", False, None, None),
    ]
    found = label_measures([], rows)
    assert (found["checked"], found["disagreement"]) == (3, pytest.approx(1 / 3))
    assert found["by_kind"] == {
        "equation": {"asked": 1, "kept": 0, "kept_label_accuracy": None, "checked": 0, "disagreement": None},
        "sum": {
            "asked": 4,
            "kept": 2,
            "kept_label_accuracy": 0.5,
            "checked": 3,
            "disagreement": pytest.approx(1 / 3),
        },
    }


SMALL = {
    **CHECKED,
    "rounds": 1,
    "labels.attempts": 6,
    "questions.count": 24,
    "storage.save_every": 1,
    "roles.challenger": {"steps": 2, "groups": 2, "samples": 4, "reward": "peak"},
    "roles.solver": {"steps": 1, "groups": 2, "samples": 4},
    "roles.*.max_new_tokens": 40,
    "exam.questions": 4,
    "guard.questions": 4,
    "stages": ["train(challenger)", "generate", "attempt", "label", "train(solver)"],
}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, logged):
    path = tmp_path_factory.mktemp("checked") / "run"
    train(SMALL, path)
    return logged(path)


def test_a_run_keeps_and_logs_what_was_confirmed(undisturbed):
    rows = undisturbed["labels"]
    assert {one["kind"] for one in rows} <= {"sum", "product", "equation", "composed", "other"}
    assert any(one["kept"] for one in rows)
    for one in rows:
        assert one["kept"] is (one["check"]["agrees"] is True)


@pytest.mark.parametrize("commit", [2, 6])  # inside the challenger's training, and before the labels
def test_a_crash_is_invisible_after_resume(undisturbed, tmp_path, logged, power_cut, commit):
    with power_cut(commit):
        train(SMALL, tmp_path / "run")
    train({}, tmp_path / "run", resume=True)
    assert logged(tmp_path / "run") == undisturbed
