"""The program generator: its printed text, its own interpreter and its question records agree with each other."""

from __future__ import annotations

import ast
import json
import random
import subprocess
import sys

import pytest

from selfplay_gym.core.code_questions import TASKS
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.records import TaskSpec
from selfplay_gym.curricula.generators.program_expressions import ProgramError
from selfplay_gym.curricula.generators.program_grammar import draw_program, draw_short
from selfplay_gym.curricula.generators.programs import (
    AbductionGenerator,
    CodeGenerator,
    DeductionGenerator,
    InductionGenerator,
    ProgramGenerator,
)

LEVELS = [i / 19 for i in range(20)]


def run_in_python(calls: list[tuple[str, str]]) -> list[str]:
    """`repr` of each (source, call) pair, computed by a fresh Python."""
    body = "".join(f"{source}\nprint(repr({call}))\n" for source, call in calls)
    done = subprocess.run(
        [sys.executable, "-I", "-"], input=body, capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.splitlines()


def test_python_agrees_with_the_interpreter_on_every_probe():
    rng = random.Random(5)
    calls, expected = [], []
    for level in LEVELS * 10:
        program, inputs = draw_program(level, rng)
        for arguments in inputs:
            calls.append((program.source(), f"f{arguments!r}"))
            expected.append(repr(program.run(arguments)))
    assert run_in_python(calls) == expected


def test_python_agrees_with_the_short_style():
    rng = random.Random(6)
    questions = [DeductionGenerator("short").generate(TaskSpec(level), rng) for level in LEVELS * 20]
    calls = []
    for question in questions:
        program, _, call = question.text.removesuffix("=?").rpartition(". ")
        calls.append((program, call))
    assert run_in_python(calls) == [q.reference for q in questions]
    assert max(len(q.text) for q in questions) <= 60
    assert all(q.text.isascii() for q in questions)


@pytest.mark.parametrize("task", TASKS)
def test_questions_carry_what_a_verifier_needs(task):
    rng = random.Random(7)
    for level in LEVELS:
        question = CodeGenerator().generate(TaskSpec(level, task), rng)
        meta = json.loads(json.dumps(dict(question.meta)))
        assert (question.domain, meta["task"], question.level) == ("code", task, level)
        assert question.reference
        assert len(meta["inputs"]) == len(meta["outputs"])
        for text in meta["inputs"] + meta["hidden"]:
            assert isinstance(ast.literal_eval(text), tuple)
        assert f"def {meta['function']}(" in meta["program"]
        assert meta["signature"].startswith("f(")
        assert not set(meta["inputs"]) & set(meta["hidden"])


def test_references_are_right_by_task():
    rng = random.Random(8)
    for level in LEVELS:
        deduction = DeductionGenerator().generate(TaskSpec(level), rng)
        assert deduction.reference == deduction.meta["outputs"][0]
        abduction = AbductionGenerator().generate(TaskSpec(level), rng)
        assert abduction.reference == abduction.meta["inputs"][0]
        assert abduction.meta["outputs"][0] in abduction.text
        induction = InductionGenerator().generate(TaskSpec(level), rng)
        assert induction.reference == induction.meta["program"]
        assert induction.meta["program"] not in induction.text


def test_the_answer_is_not_in_the_question():
    rng = random.Random(9)
    for level in LEVELS:
        program = ProgramGenerator().generate(TaskSpec(level), rng)
        assert "def " not in program.text
        abduction = AbductionGenerator().generate(TaskSpec(level), rng)
        assert abduction.meta["inputs"][0] not in abduction.text or level < 0.4  # "(1,)" is also the format's example


def test_values_differ_and_level_lengthens_programs():
    rng = random.Random(10)

    def mean_length(level: float) -> float:
        lengths = []
        for _ in range(100):
            program, inputs = draw_program(level, rng)
            values = [repr(program.run(arguments)) for arguments in inputs]
            assert max(map(values.count, values)) <= 6
            lengths.append(len(program.source()))
        return sum(lengths) / len(lengths)

    lengths = [mean_length(level) for level in (0.1, 0.3, 0.5, 0.7, 0.9)]
    assert lengths[0] < lengths[1] < lengths[3] < lengths[4]
    assert lengths[4] > 3 * lengths[0]


def test_equal_streams_give_equal_questions():
    def draw(seed: int) -> list[str]:
        rng = random.Random(seed)
        return [CodeGenerator().generate(TaskSpec(level), rng).text for level in LEVELS]

    assert draw(1) == draw(1) != draw(2)


def test_many_distinct_questions():
    rng = random.Random(11)
    for style, level, least in (("short", 0.1, 0.6), ("short", 0.4, 0.8), ("full", 0.6, 0.95)):
        texts = {DeductionGenerator(style).generate(TaskSpec(level), rng).text for _ in range(500)}
        assert len(texts) >= least * 500


def test_short_programs_use_few_characters():
    rng = random.Random(12)
    used = set()
    for level in LEVELS * 50:
        program, inputs = draw_short(level, rng)
        used |= set(program.one_line())
        assert all(0 <= a <= 20 for arguments in inputs for a in arguments)
    assert used <= set("f=lambda x,y: 0123456789+-*/%()<>=!ifelsemaxnbs")


def test_interpreter_stops_what_does_not():
    from selfplay_gym.curricula.generators.program_expressions import Binary, Compare, Name, Number
    from selfplay_gym.curricula.generators.program_tree import Give, Grow, Let, Loop, Program

    x = Name("x")
    endless = Loop(Compare("==", x, x), (Let("x", x),))
    with pytest.raises(ProgramError, match="steps"):
        Program("f", (("x", "int"),), "int", (endless, Give(x))).run((1,))
    growing = Loop(Compare("==", Number(1), Number(1)), (Grow("x", "*", Number(9)),))
    with pytest.raises(ProgramError, match="bounds"):
        Program("f", (("x", "int"),), "int", (growing, Give(x))).run((1,))
    with pytest.raises(ProgramError, match="zero"):
        Program("f", (("x", "int"),), "int", (Give(Binary("%", x, Number(0))),)).run((1,))
    with pytest.raises(ProgramError, match="no return"):
        Program("f", (("x", "int"),), "int", (Let("y", x),)).run((1,))


@pytest.mark.parametrize(
    "build",
    [
        lambda: DeductionGenerator("shrt"),
        lambda: InductionGenerator(shown=0),
        lambda: ProgramGenerator(examples=9),
        lambda: CodeGenerator({"induction": 1.0}, style="short"),
        lambda: CodeGenerator({"deduction": 0.0}),
        lambda: CodeGenerator().generate(TaskSpec(0.5, "deductoin"), random.Random(0)),
    ],
)
def test_wrong_options_are_named(build):
    with pytest.raises(ConfigError, match=r"got|tasks"):
        build()
