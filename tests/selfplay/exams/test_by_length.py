"""The exam by length: equally many questions of every length, and every score per length."""

import io
import json
from collections import Counter
from dataclasses import replace

import pytest
from rich.console import Console

from selfplay_gym.core.math_language import read
from selfplay_gym.core.records import Question
from selfplay_gym.core.registries import make_generator
from selfplay_gym.core.seeding import python_stream
from selfplay_gym.selfplay.bench.agents import load_contestants
from selfplay_gym.selfplay.bench.run import BenchSettings, run_bench
from selfplay_gym.selfplay.bench.table import to_csv, to_markdown
from selfplay_gym.selfplay.commands.exam import hold_exam
from selfplay_gym.selfplay.evaluation import ExamResult, held_out_questions, pass_at_k, run_exam
from selfplay_gym.selfplay.exams.questions import exam_and_validation
from selfplay_gym.selfplay.exams.suites import load_suites
from selfplay_gym.selfplay.stats import mean_rate


class Counts:
    """Right at a chain of n operations with probability 1 − n / 8; always right up to 4 when greedy."""

    name = "counts"

    def __init__(self, greedy=False):
        self.greedy = greedy

    def with_settings(self, *, temperature):
        return Counts(greedy=temperature == 0)

    def act(self, prompts, *, n=1, seed=None):
        rng = python_stream(seed or 0, "counts")
        return [[self._answer(read(prompt), rng) for _ in range(n)] for prompt in prompts]

    def _answer(self, reading, rng):
        right = reading.operations <= 4 if self.greedy else rng.random() > reading.operations / 8
        return rf"\boxed{{{reading.answer if right else 1000 + int(rng.random() * 1e6)}}}"


@pytest.fixture(scope="module")
def result():
    return run_exam(Counts(), held_out_questions("chains(longest=8)", 120), verifier="exact", samples=4)


def lengths_of(questions):
    return Counter(read(question.text).operations for question in questions)


def test_a_generator_that_names_its_levels_is_examined_on_as_many_of_each():
    assert set(lengths_of(held_out_questions("chains", 160)).values()) == {10}
    asked = lengths_of(held_out_questions("chains", 512))
    assert asked[1] == 18  # all there are; the others share what is left
    assert {asked[length] for length in range(2, 17)} == {32, 33}
    assert lengths_of(held_out_questions("chains", 16, levels=[0.0])) == {1: 16}


def test_exam_and_validation_share_no_question_and_both_are_spread():
    exam, validation = exam_and_validation("chains", 160, 32, seed=3)
    assert set(lengths_of(exam).values()) == {10}
    assert set(lengths_of(validation)) == set(range(1, 17))
    assert not {q.text for q in exam} & {q.text for q in validation}
    mixed, others = exam_and_validation("mixed", 40, 10, seed=3)
    held_out = held_out_questions("mixed", 50, 3)
    dealt = python_stream(3, "exam order").sample(held_out, 50)
    assert (mixed, others) == (dealt[10:], dealt[:10])


def test_every_score_per_length_is_that_of_the_questions_of_this_length(result):
    assert result.levels_are_lengths
    for score, rates in {
        "sampled": [count / 4 for count in result.correct],
        "greedy": result.greedy,
        "majority": result.votes[4],
        "pass": [pass_at_k(4, count, 4) for count in result.correct],
    }.items():
        found = result.breakdown("length", score)
        assert list(found) == [str(length) for length in range(1, 9)]
        for length, estimate in found.items():
            own = [float(rate) for rate, of in zip(rates, result.lengths, strict=True) if str(of) == length]
            assert estimate == mean_rate(own)
    greedy = result.breakdown("length", "greedy")
    assert [greedy[str(length)].value for length in range(1, 9)] == [1.0] * 4 + [0.0] * 4
    assert greedy["8"].high > 0.05


def test_it_is_stored_and_read_back_and_older_results_have_no_lengths(result):
    stored = json.loads(json.dumps(result.as_dict()))
    assert ExamResult.from_dict(stored) == result
    assert stored["summary"]["by_length"]["3"]["greedy"]["value"] == 1.0
    assert set(stored["summary"]["by_length"]["3"]) == {"sampled", "greedy", "majority", "pass"}
    del stored["counts"]["lengths"]
    older = ExamResult.from_dict(stored)
    assert (older.breakdown("length"), older.levels_are_lengths) == ({}, False)


def test_scores_that_an_exam_does_not_have_have_no_breakdown(result):
    assert replace(result, greedy=[]).breakdown("length", "greedy") == {}
    assert replace(result, votes={}).breakdown("level", "majority") == {}


def test_levels_of_other_generators_are_no_lengths():
    exam = run_exam(Counts(), held_out_questions("arithmetic", 44), verifier="exact", samples=2)
    assert not exam.levels_are_lengths
    assert set(exam.breakdown("length")) == {"1", "2", "3", "4"}
    unread = run_exam(Counts(), [Question("What is 1+1?", "2", level=0.0)], verifier="exact", samples=1)
    assert not unread.levels_are_lengths


def test_the_command_prints_a_table_by_length():
    console = Console(file=io.StringIO(), width=80)
    asked = {"questions": 64, "samples": 2, "generator": "chains", "verifier": None, "seed": 0}
    result = hold_exam("noisy", **asked, as_json=False, console=console)
    text = console.file.getvalue()
    assert "operations" in text
    assert "level" not in text
    assert "majority@2" in text
    assert "pass@2" in text
    longest = result.breakdown("length")["16"]
    assert f"{100 * longest.value:.0f} [{100 * longest.low:.0f}, {100 * longest.high:.0f}]" in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_benchmark_has_a_table_per_score():
    suites = load_suites("chains,arithmetic", limit=48)
    report = run_bench(load_contestants(["noisy"]), suites, BenchSettings(samples=2))
    text = to_markdown(report)
    assert "**avg@2 per level, per cent**" in text
    for title in ("avg@2", "majority@2", "pass@2"):
        assert f"**{title} per length, per cent**" in text
    assert "greedy per length" not in text  # this agent has no greedy mode
    assert "chains" in to_csv(report)


def test_chains_of_equal_length_have_no_breakdown_by_length():
    exam = run_exam(Counts(), held_out_questions("chains(longest=1)", 10), verifier="exact", samples=1)
    assert not exam.levels_are_lengths
    assert make_generator("chains(longest=1)").levels == (0.5,)
