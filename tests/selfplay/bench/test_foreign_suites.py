"""Scripted agents on questions that they do not read: the report says so, and for how many."""

import json

import pytest

from selfplay_gym.selfplay.bench.agents import load_contestants
from selfplay_gym.selfplay.bench.run import BenchSettings, run_bench
from selfplay_gym.selfplay.exams.result import ExamResult
from selfplay_gym.selfplay.exams.suites import load_suites

KNOWN, FOREIGN = "could not be read and counted as not correct", "are guesses, whatever its skill"


@pytest.fixture
def own(tmp_path):
    rows = [
        {"question": "What is the capital of France?", "answer": "Paris"},
        {"question": "What is 2+3?", "answer": "5"},
    ]
    (tmp_path / "own.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return f"jsonl:{tmp_path / 'own.jsonl'}"


@pytest.mark.parametrize(
    ("agent", "suite", "said"),
    [
        ("oracle", "knights", f"4 of 4 questions {KNOWN}"),
        ("oracle", "deduction", f"4 of 4 questions {KNOWN}"),
        ("oracle", "own", f"1 of 2 questions {KNOWN}"),
        (
            "noisy(accuracy=0.9)",
            "knights",
            f"4 of 4 questions are of a kind that it does not read: the answers {FOREIGN}",
        ),
        ("coder(accuracy=1.0)", "arithmetic", "4 of 4 questions are of a kind"),
        ("oracle", "mixed", None),
        ("noisy(accuracy=0.9)", "mixed", None),
        ("random", "knights", None),
    ],
)
def test_what_an_agent_does_not_know_is_said(agent, suite, said, own):
    suites = load_suites(own if suite == "own" else suite, limit=4)
    report = run_bench(load_contestants([agent]), suites, BenchSettings(samples=2))
    notes = [note for note in report.warnings() if "could not be read" in note or "guesses" in note]
    assert len(notes) == (said is not None)
    assert all(said in note for note in notes)
    exam = report.entries[0].exam
    assert ExamResult.from_dict(json.loads(json.dumps(exam.as_dict()))) == exam


def test_the_oracle_says_why_once(own):
    (exam,) = (entry.exam for entry in run_bench(load_contestants(["oracle"]), load_suites("knights", limit=4)).entries)
    (note,) = (note for note in exam.warnings() if KNOWN in note)
    assert note.count("it computes the sums, equations and composed questions") == 1
    assert exam.accuracy.value == 0.0
