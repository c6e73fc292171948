"""The command line takes the names of an installed package: list, exam, bench, verify."""

import json

SENTENCES = {
    "verifiers": "Right if the first letters of the answer are those of the reference, in any case.",
    "rewards": "Rewards short questions that the solver answers differently from time to time",
    "generators": "Asks for the truth of a random formula; the level is its length.",
    "curricula": "One step up when a question was solved often enough",
    "agents": "Answers a formula right with a known probability",
    "sources": "Laws of logic with formulas put in, at the levels that the curriculum asks for.",
    "stages": "Waits for a person's decisions on the labelled questions of a round",
    "domains": "The truth of small formulas",
    "envs": "One role of the game",
    "suites": "Asks for the truth of a random formula",
}


def test_each_is_listed_with_its_sentence(command, names):
    every = command("list")
    for kind, sentence in SENTENCES.items():
        lines = [line.strip() for line in command("list", kind).splitlines()] if kind in ("stages", "suites") else []
        lines = lines or [line.strip() for line in every.splitlines()]
        name = {**names, "envs": "SelfPlayLogic-v0", "suites": "formulas"}[kind]
        assert any(line.startswith(f"{name} ") and sentence in line for line in lines), (kind, every)


def test_exam_and_bench_of_plug_ins(command, tmp_path):
    sizes = ("--questions", "16", "--samples", "2")
    grader = ("--generator", "formulas(longest=7)", "--verifier", "first-letters(letters=1)")
    held = json.loads(command("exam", "logician(accuracy=1.0)", *grader, *sizes, "--json"))
    assert held["accuracy"]["value"] == 1.0, held
    assert (held["generator"], held["verifier"]) == ("formulas(longest=7)", "first-letters(letters=1)")
    agents = ("logician(accuracy=1.0)", "oracle")
    out = tmp_path / "bench.json"
    options = ("--limit", "16", "--samples", "2", "--cache", str(tmp_path / "cache"), "--out", str(out))
    for suite in ("formulas", "logic"):
        command("bench", *agents, "--suite", suite, *options)
        report = json.loads(out.read_text())
        assert [(one["name"], one["verifier"]) for one in report["suites"]] == [(suite, "first-letters(letters=1)")]
        scores = {one["agent"]: one["accuracy"]["value"] for one in (entry["summary"] for entry in report["entries"])}
        assert scores == {"logician(accuracy=1.0)": 1.0, "oracle": 0.0}  # the oracle reads mathematics


def test_verify_with_a_plug_in(command, tmp_path):
    line = {"question": "What is not true?", "reference": "false", "attempts": [r"\boxed{F}", r"\boxed{T}", "false"]}
    (tmp_path / "in.jsonl").write_text(json.dumps(line) + "\n")
    files = (str(tmp_path / "in.jsonl"), str(tmp_path / "out.jsonl"))
    command("verify", *files, "--verifier", "first-letters(letters=1)", "--workers", "2")
    (judged,) = [json.loads(row) for row in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [verdict["outcome"] for verdict in judged["verdicts"]] == ["correct", "wrong", "wrong"]
    assert judged["evidence"] == {"letters": 1}
