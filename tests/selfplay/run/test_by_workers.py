"""Judging by workers: the same judgements in the same order, and the same run to the byte."""

import pickle

import pytest

from selfplay_gym.agents.workers.processes import Processes
from selfplay_gym.core.records import Outcome, Question
from selfplay_gym.core.registries import make_verifier
from selfplay_gym.envs.game import engine
from selfplay_gym.envs.game.domains import find_domain
from selfplay_gym.selfplay.run.by_workers import QUESTIONS, ByWorkers, by_workers
from selfplay_gym.selfplay.run.labels import KnownReference, make_labeller


@pytest.fixture(scope="module")
def workers():
    made = Processes(2)
    yield made
    made.close()


def asked(count):
    questions = [Question(f"What is {n} + {n}?", reference=str(2 * n)) for n in range(count)]
    groups = [[f"\\boxed{{{2 * n}}}", f"\\boxed{{{n}}}", f"$\\frac{{{4 * n}}}{{2}}$", ""] for n in range(count)]
    return questions, groups


@pytest.mark.parametrize("count", [0, 1, 2, QUESTIONS, 3 * QUESTIONS + 1])
@pytest.mark.parametrize("name", ["sympy", "majority"])
def test_judgements_are_those_of_the_verifier(workers, name, count):
    verifier = make_verifier(name)
    questions, groups = asked(count)
    assert by_workers(verifier, workers).judge_many(questions, groups) == verifier.judge_many(questions, groups)


def test_what_a_domain_knows_is_asked_here(workers):
    labeller = make_labeller(find_domain("math"), "sympy")
    spread = by_workers(labeller, workers)
    assert isinstance(spread, KnownReference)
    assert isinstance(spread.verifier, ByWorkers)
    claimed = Question("What is 3 + 4?", reference="99", author="challenger")
    (judgement, _) = spread.judge_many([claimed, claimed], [["\\boxed{7}", "\\boxed{99}"]] * 2)
    assert [verdict.outcome for verdict in judgement.verdicts] == [Outcome.CORRECT, Outcome.WRONG]


def test_who_judges_tests_still_does(workers):
    verifier = make_verifier(find_domain("code").verifier)
    assert isinstance(by_workers(verifier, workers), engine.TestJudge) == isinstance(verifier, engine.TestJudge)
    assert not isinstance(by_workers(make_verifier("sympy"), workers), engine.TestJudge)


@pytest.mark.parametrize("name", ["sympy", "majority", "exact", "numeric", "code", "unit-tests"])
def test_our_verifiers_can_be_sent(name):
    pickle.loads(pickle.dumps(make_verifier(name)))


@pytest.mark.parametrize("labels", ["sympy", "vote"])
def test_a_run_is_the_same_to_the_byte(scripted_run, tmp_path, labels):
    changes = {"labels.source": labels}
    here = scripted_run(tmp_path / "here", 1, changes=changes)
    spread = scripted_run(tmp_path / "spread", 1, changes={**changes, "compute.workers": "processes(2)"})
    logs = ("questions", "attempts", "labels", "metrics", "guard")
    written = [(folder / f"{log}.jsonl").read_bytes() for folder in (here.path, spread.path) for log in logs]
    assert written[: len(logs)] == written[len(logs) :]
    assert any(written)
