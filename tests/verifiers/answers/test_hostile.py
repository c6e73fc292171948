"""Hostile answers: quick, small, and nothing is ever executed."""

import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from selfplay_gym import Outcome, Question, make_verifier

ROWS = [json.loads(line) for line in (Path(__file__).parents[2] / "data" / "hostile.jsonl").read_text().splitlines()]
SLACK = 3.0
"""The bound is one second; test machines are shared."""


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
@pytest.mark.parametrize("wrap", ["{}", "so \\boxed{{{}}}", "The answer is ${}$."], ids=["bare", "boxed", "prose"])
def test_returns_at_once_and_never_rewards(row, wrap, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    canary = Path("canary")  # no digit in it that could pass for the reference
    pred = wrap.format(row["pred"].replace("{CANARY}", str(canary)))
    verifier = make_verifier("sympy")
    start = time.monotonic()
    verdict = verifier.judge(Question("", reference=row["reference"]), [pred]).verdicts[0]
    swapped = verifier.judge(Question("", reference=pred), [row["reference"]]).verdicts[0]
    assert time.monotonic() - start < 2 * SLACK
    assert verdict.outcome is not Outcome.CORRECT
    assert swapped.outcome is not Outcome.CORRECT
    assert not canary.exists()


def test_all_together_in_a_fresh_process_stay_small(tmp_path):
    program = f"""
import json, resource, time
from selfplay_gym import Question, make_verifier
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
verifier = make_verifier("sympy")
start = time.process_time()
for line in open({str(Path(__file__).parents[2] / "data" / "hostile.jsonl")!r}):
    row = json.loads(line)
    pred = row["pred"].replace("{{CANARY}}", {str(tmp_path / "c")!r})
    verifier.judge(Question("", reference=row["reference"]), [pred])
print(time.process_time() - start, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60).stdout
    seconds, mebibytes = map(float, out.split())
    assert seconds < 5.0
    assert mebibytes < 200.0
    assert not (tmp_path / "c").exists()


def nested(pattern: str, times: int, core: str = "x") -> str:
    for _ in range(times):
        core = pattern.replace("@", core)
    return core


@pytest.mark.parametrize(
    "answer",
    [
        nested("f(@)", 38), nested("\\sqrt[3]{@}", 38), nested("(@)^2", 38), nested("2^{@}", 38), nested("|@|", 38),
        nested("\\frac{@}{@}", 9), nested("@^@", 9), nested("\\log_{@}{@}", 8), nested("(@)^{(@)}", 7, "2"),
        nested("\\sum_{k=1}^{999} (@)", 3, "k^2"), nested("\\binom{@}{2}", 35), nested("(@)!", 38, "4"),
        "+".join(f"{2999 - i}!" for i in range(300)), "*".join(["3000!"] * 250), "+".join(["2^{39999}"] * 200),
        ",".join(f"\\sqrt{{{i}}}" for i in range(300)), "\\cup".join(f"({i},{i + 1})" for i in range(300)),
        " or ".join(f"x<{i}" for i in range(300)), "x_{" * 300 + "}" * 300, "1:" * 900 + "1", "\\begin{pmatrix}" * 100,
        "8\\text{none}(mod", "9 (apples", "60\\frac{\\text{km}}{", "x\\equiv 1 (mod 5", "5\\pmod", "\\angle",
        "\\overline{",
        ",".join(["|x-1|"] * 100), "|" + "+".join(f"|x_{i}-{i}|" for i in range(60)) + "|", "AB" * 900, "1A" * 900,
        "(" + "km " * 900 + ")", "5 (" + "a-b " * 500 + ")", "three " * 400, "5 and " * 300 + "half",
        ", where " * 200, " " * 3900 + "2",
        "\\forall " * 300, "a,b,c," * 300 + "\\in\\mathbb{Z}", "\\max(" + ",".join(f"x_{i}" for i in range(200)) + ")",
        "\\begin{pmatrix}9&9\\\\9&9\\end{pmatrix}^{999999}", nested("\\text{@}", 30), nested("-@", 1000), "1" * 4000,
    ],
    ids=lambda answer: answer[:24],
)  # fmt: skip
def test_no_construction_multiplies_work(answer):
    verifier = make_verifier("sympy")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    for reference in ("x+\\frac12", "1"):
        question = Question("", reference=reference)
        assert verifier.judge(question, [f"\\boxed{{{answer}}}"]).verdicts[0].outcome is not Outcome.CORRECT
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < SLACK
