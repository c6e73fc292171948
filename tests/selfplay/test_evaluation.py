import itertools
import json
from dataclasses import replace

import numpy as np
import pytest

from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.held_out import is_held_out
from selfplay_gym.core.math_language import key
from selfplay_gym.core.protocols import BaseVerifier
from selfplay_gym.core.records import Judgement, Question, Verdict
from selfplay_gym.core.registries import make_agent
from selfplay_gym.core.seeding import python_stream, stream
from selfplay_gym.selfplay.bench.record import record
from selfplay_gym.selfplay.evaluation import ExamResult, compare, held_out_questions, pass_at_k, run_exam


class SkilledAgent:
    """Knows the answers and is right with probability `skill`; wrong answers scatter. `greedy_skill` when greedy."""

    name = "skilled"

    def __init__(self, questions, skill, style=r"\boxed{{{}}}"):
        self.answers = {question.text: question.reference for question in questions}
        self.skill, self.style = skill, style

    def act(self, prompts, *, n=1, seed=None):
        rng = python_stream(seed or 0, "skilled")
        return [[self._answer(prompt, rng) for _ in range(n)] for prompt in prompts]

    def _answer(self, prompt, rng):
        right = rng.random() < self.skill
        return self.style.format(self.answers[prompt] if right else f"{1000 + int(rng.random() * 1e6)}")


class GreedyAgent(SkilledAgent):
    """Has a greedy mode that is always right."""

    def with_settings(self, *, temperature):
        assert temperature == 0
        return SkilledAgent([Question(text, answer) for text, answer in self.answers.items()], 1.0)


class FirstAnswerVote(BaseVerifier):
    """Most frequent text between braces wins; ties go to the first."""

    def judge(self, question, attempts):
        answers = [attempt.partition("{")[2].rstrip("}") or None for attempt in attempts]
        given = [answer for answer in answers if answer]
        label = max(given, key=given.count) if given else None
        verdicts = [Verdict.correct(a) if a and a == label else Verdict.wrong(a) for a in answers]
        return Judgement.of(verdicts, label=label, label_source="vote")


QUESTIONS = [Question(f"What is {a}+{b}?", str(a + b), level=a / 19) for a in range(20) for b in range(10)]
EXAM = {"verifier": "exact", "vote": FirstAnswerVote()}


@pytest.mark.parametrize(("n", "c"), [(5, 0), (5, 2), (6, 6), (7, 1)])
def test_pass_at_k_is_the_share_of_subsets_with_a_right_sample(n, c):
    samples = [i < c for i in range(n)]
    for k in range(1, n + 1):
        subsets = list(itertools.combinations(samples, k))
        assert pass_at_k(n, c, k) == pytest.approx(sum(map(any, subsets)) / len(subsets), abs=1e-15)


def test_pass_at_k_is_unbiased_for_a_sampler_of_known_skill():
    rng = stream(0, "pass")
    skills = rng.uniform(0, 1, 4000)
    counts = rng.binomial(16, skills)
    for k in (1, 4, 16):
        estimate = np.mean([pass_at_k(16, int(c), k) for c in counts])
        assert estimate == pytest.approx(np.mean(1 - (1 - skills) ** k), abs=0.01)
    plug_in = np.mean(1 - (1 - counts / 16) ** 4)  # the biased estimator, for contrast
    assert abs(plug_in - np.mean(1 - (1 - skills) ** 4)) > 0.01


def test_pass_at_k_stays_exact_for_large_counts():
    assert pass_at_k(10_000, 1, 64) == pytest.approx(64 / 10_000, rel=1e-12)
    assert pass_at_k(64, 64, 64) == 1.0


@pytest.mark.parametrize(("n", "c", "k"), [(5, 6, 1), (5, -1, 1), (5, 2, 0), (5, 2, 6)])
def test_pass_at_k_refuses_what_cannot_be(n, c, k):
    with pytest.raises(ConfigError):
        pass_at_k(n, c, k)


def test_held_out_questions_are_held_out_distinct_and_spread_over_levels():
    questions = held_out_questions("mixed", 220, seed=3)
    assert all(is_held_out(key(question.text)) for question in questions)
    assert len({key(question.text) for question in questions}) == 220
    assert all(question.reference is not None for question in questions)
    by_level = [sum(question.level == level for question in questions) for level in np.arange(11) / 10]
    assert min(by_level) >= 10
    assert held_out_questions("mixed", 50, seed=3) == questions[:50]
    assert held_out_questions("mixed", 220, seed=4) != questions


def test_a_poor_level_passes_its_quota_on_and_a_poor_generator_says_so():
    questions = held_out_questions("arithmetic", 200, levels=[0.0, 1.0])
    poor = sum(question.level == 0.0 for question in questions)
    assert 5 < poor < 60
    with pytest.raises(ConfigError, match="not 200"):
        held_out_questions("arithmetic", 200, levels=[0.0])


def test_exam_measures_known_skill():
    result = run_exam(SkilledAgent(QUESTIONS, 0.6), QUESTIONS, samples=16, **EXAM)
    assert result.accuracy.low <= 0.6 <= result.accuracy.high
    assert result.pass_at(1).value == pytest.approx(result.accuracy.value)
    assert result.pass_at(8).value > 0.98
    assert result.majority_at(16).value > 0.98  # wrong answers scatter
    assert result.greedy_accuracy is None
    assert list(result.votes) == [2, 4, 8, 16]
    assert sum(result.invalid) == 0
    assert set(result.breakdown("kind")) == {"arithmetic"}
    assert len(result.breakdown("level")) == 20
    assert result.vote_reliability.error > 0.2  # p̂ of 0.6 whose majority is nearly always right: underconfident
    assert result.warnings() == []


def test_exam_is_replayed_by_its_seed():
    agent = SkilledAgent(QUESTIONS, 0.5)
    first, second = (run_exam(agent, QUESTIONS, seed=7, **EXAM) for _ in range(2))
    assert first == second
    assert run_exam(agent, QUESTIONS, seed=8, **EXAM) != first


def test_greedy_is_asked_of_agents_that_have_it():
    agent = GreedyAgent(QUESTIONS, 0.3)
    result = run_exam(agent, QUESTIONS, **EXAM)
    assert result.greedy_accuracy.value == 1.0
    assert result.accuracy.value < 0.5
    assert run_exam(agent, QUESTIONS, greedy=False, **EXAM).greedy_accuracy is None


def test_greedy_repeated_as_samples_is_reported_and_gets_no_pass_at_k():
    class Repeats(SkilledAgent):
        def act(self, prompts, *, n=1, seed=None):
            return [group * n for group in super().act(prompts, n=1, seed=0)]

    result = run_exam(Repeats(QUESTIONS, 0.6), QUESTIONS, samples=8, **EXAM)
    assert not result.samples_vary
    assert "one answer repeated" in result.warnings()[0]
    assert list(result.pass_at_powers()) == [1]
    rounding = replace(result, distinct=[2] * 5 + [1] * (len(QUESTIONS) - 5))  # greedy, but for a tie here and there
    assert "only 2.5 % of the questions differ" in rounding.warnings()[0]
    independent = run_exam(SkilledAgent(QUESTIONS, 0.6), QUESTIONS, samples=8, **EXAM).accuracy
    assert result.accuracy.high - result.accuracy.low > 2 * (independent.high - independent.low)


def test_strict_and_lenient_readings_bracket_the_verifier():
    bare = run_exam(SkilledAgent(QUESTIONS, 0.9, style="the answer is {}"), QUESTIONS, **EXAM)
    assert bare.strict_accuracy.value == 0.0
    assert bare.accuracy.value > 0.8
    assert any("lenient" in note for note in bare.warnings())
    hedging = run_exam(SkilledAgent(QUESTIONS, 0.9, style=r"{} maybe, or \boxed{{-5}}"), QUESTIONS, **EXAM)
    assert hedging.accuracy.value == 0.0
    assert hedging.lenient_accuracy.value > 0.8


def test_unanswered_and_undecided_samples_are_counted_and_never_score():
    class Silent(SkilledAgent):
        def act(self, prompts, *, n=1, seed=None):
            return [[""] * n for _ in prompts]

    result = run_exam(Silent(QUESTIONS, 1.0), QUESTIONS, **EXAM)
    assert result.accuracy.value == 0.0
    assert result.summary()["invalid_share"] == 1.0
    assert result.majority_at(8).value == 0.0

    class Shrugs(BaseVerifier):
        def judge(self, question, attempts):
            return Judgement.of([Verdict.undecided("?") for _ in attempts], label=None, label_source="reference")

    shrugged = run_exam(SkilledAgent(QUESTIONS, 1.0), QUESTIONS, verifier=Shrugs(), vote=None)
    assert shrugged.accuracy.value == 0.0
    assert shrugged.summary()["undecided_share"] == 1.0


def test_result_survives_json():
    result = run_exam(GreedyAgent(QUESTIONS, 0.4), QUESTIONS, **EXAM)
    stored = json.loads(json.dumps(result.as_dict()))
    assert ExamResult.from_dict(stored) == result
    assert stored["summary"]["accuracy"]["value"] == pytest.approx(result.accuracy.value)


def test_compare_finds_the_better_agent_and_is_paired():
    weak, strong = (run_exam(SkilledAgent(QUESTIONS, skill), QUESTIONS, **EXAM) for skill in (0.5, 0.7))
    result = compare(weak, strong)
    assert result.low <= 20 <= result.high
    assert result.p_value < 1e-4
    assert compare(strong, weak).points == pytest.approx(-result.points)
    assert compare(weak, strong, on="majority").items == len(QUESTIONS)
    with pytest.raises(ConfigError, match="greedy"):
        compare(weak, strong, on="greedy")


def test_compare_refuses_different_exams():
    agent = SkilledAgent(QUESTIONS, 0.5)
    one = run_exam(agent, QUESTIONS[:100], **EXAM)
    with pytest.raises(ConfigError, match="different questions"):
        compare(one, run_exam(agent, QUESTIONS[100:], **EXAM))
    with pytest.raises(ConfigError, match="samples"):
        compare(one, run_exam(agent, QUESTIONS[:100], samples=4, **EXAM))


def test_exam_refuses_questions_without_reference():
    with pytest.raises(ConfigError, match="reference"):
        run_exam(SkilledAgent(QUESTIONS, 1.0), [Question("What is love?")], **EXAM)


def test_progress_reaches_the_end_and_batches_cover_everything():
    seen = []
    result = run_exam(
        SkilledAgent(QUESTIONS, 1.0),
        QUESTIONS,
        batch=64,
        progress=lambda done, total: seen.append((done, total)),
        **EXAM,
    )
    assert seen == [(64, 200), (128, 200), (192, 200), (200, 200)]
    assert len(result.keys) == 200
    assert result.accuracy.value == 1.0


class ShortSighted:
    """Reads prompts of up to 20 characters."""

    name = "short-sighted"

    def act(self, prompts, *, n=1, seed=None):
        found = make_agent("oracle").act(prompts, n=n, seed=seed)
        whys = self.unreadable(prompts)
        return [[""] * n if why else group for why, group in zip(whys, found, strict=True)]

    def unreadable(self, prompts):
        return [f"{len(p)} characters" if len(p) > 20 else None for p in prompts]


def test_a_question_that_cannot_be_read_is_unanswered_with_its_reason():
    questions = [Question("What is 1+2?", "3"), Question("What is 1+2?" + " " * 30, "3")]
    for agent in (ShortSighted(), record(ShortSighted(), "short-sighted", None)):
        result = run_exam(agent, questions, samples=2)
        assert result.unanswered == [None, "42 characters"]
        assert result.correct == [2, 0]
        assert any("question 2: 42 characters" in note for note in result.warnings())
        assert ExamResult.from_dict(result.as_dict()) == result


def test_a_result_says_nothing_of_reading_where_all_could_be_read():
    result = run_exam(make_agent("oracle"), [Question("What is 1+2?", "3")], samples=2)
    assert result.unanswered == []
    assert "unanswered" not in result.as_dict()["counts"]
