"""Judging a file: order, errors, resuming after a cut, several workers."""

import json
import os
import signal
import subprocess
import sys

import pytest

from selfplay_gym.cli import main
from selfplay_gym.core.errors import ConfigError, RunError
from selfplay_gym.core.protocols import BaseVerifier
from selfplay_gym.core.records import Judgement, Verdict
from selfplay_gym.envs.sources.file import read_questions
from selfplay_gym.selfplay.commands.verify import verify_file


def write(path, rows):
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


@pytest.fixture
def source(tmp_path):
    rows = [
        {"question": f"q{n}", "reference": str(n), "attempts": [f"\\boxed{{{n}.0}}", "\\boxed{-1}"]} for n in range(150)
    ]
    rows[3] = "{not json"
    rows[4] = {"question": "no attempts"}
    rows[5] = {"question": "one", "reference": 7, "attempts": "\\boxed{7}"}
    return write(tmp_path / "in.jsonl", rows)


def test_one_record_per_line_in_order_with_reasons(source, tmp_path):
    summary = verify_file(source, tmp_path / "out" / "verdicts.jsonl")
    records = [json.loads(line) for line in (tmp_path / "out" / "verdicts.jsonl").read_text().splitlines()]
    assert [record["line"] for record in records] == list(range(1, 151))
    assert [v["outcome"] for v in records[0]["verdicts"]] == ["correct", "wrong"]
    assert records[0]["verdicts"][0]["reason"]
    assert records[0]["solve_rate"] == 0.5
    assert "error" in records[3]
    assert "attempts" in records[4]["error"]
    assert records[5]["label"] == "7"
    assert (summary.lines, summary.errors, summary.resumed) == (150, 2, 0)
    assert summary.outcomes == {"correct": 148, "wrong": 147, "undecided": 0}


@pytest.mark.parametrize("cut", [0, 1, 700, 20_000])
def test_resumes_where_it_was_cut(source, tmp_path, cut):
    whole, target = tmp_path / "whole.jsonl", tmp_path / "cut.jsonl"
    complete = verify_file(source, whole)
    target.write_bytes(whole.read_bytes()[:cut])
    resumed = verify_file(source, target)
    assert target.read_bytes() == whole.read_bytes()
    assert (resumed.outcomes, resumed.errors) == (complete.outcomes, complete.errors)
    assert resumed.resumed == whole.read_bytes()[:cut].count(b"\n")


def test_several_workers_write_the_same(source, tmp_path):
    verify_file(source, tmp_path / "one.jsonl")
    verify_file(source, tmp_path / "two.jsonl", workers=2)
    assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "two.jsonl").read_bytes()


def test_vote_needs_no_reference(tmp_path):
    source = write(tmp_path / "in.jsonl", [{"question": "q", "attempts": ["\\boxed{1/2}", "0.5", "\\boxed{3}"]}])
    verify_file(source, tmp_path / "out.jsonl", verifier={"name": "majority", "min_share": 0.5})
    record = json.loads((tmp_path / "out.jsonl").read_text())
    assert (record["label"], record["label_source"], record["valid"]) == ("0.5", "vote", True)


def test_refuses_what_cannot_work(source, tmp_path):
    with pytest.raises(ConfigError, match="no such file"):
        verify_file(tmp_path / "absent.jsonl", tmp_path / "out.jsonl")
    with pytest.raises(ConfigError, match="same file"):
        verify_file(source, source)
    with pytest.raises(ConfigError, match="workers"):
        verify_file(source, tmp_path / "out.jsonl", workers=0)
    write(tmp_path / "other.jsonl", [{"line": 1, "question": "another", "verdicts": []}])
    with pytest.raises(RunError, match="another target"):
        verify_file(source, tmp_path / "other.jsonl")
    verify_file(source, tmp_path / "other.jsonl", resume=False)


# --- modes, policies, exit code, damaged lines ---


def run(*arguments):
    return main(["verify", *map(str, arguments)])


def outcomes_in(target):
    records = [json.loads(line) for line in target.read_text().splitlines()]
    return [[v["outcome"] for v in record["verdicts"]] if "verdicts" in record else "error" for record in records]


def test_the_command_takes_the_mode_and_policies(tmp_path):
    rows = [{"question": "q", "reference": "5 m", "attempts": ["The answer is 5 m.", "\\boxed{5}", "\\boxed{5 cm}"]}]
    source = write(tmp_path / "in.jsonl", rows)
    judged = {}
    for name, options in {
        "default": (),
        "strict": ("--extract", "strict"),
        "ignored": ("--policy", "units=ignored"),
        "required": ("--policy", "units=required", "--policy", "percent=value", "--extract", "lenient"),
        "named": ("--verifier", "sympy(units=ignored)", "--extract", "strict"),
        "vote": ("--verifier", "majority(min_share=0.5)", "--extract", "strict"),
    }.items():
        assert run(source, tmp_path / f"{name}.jsonl", *options) == 0
        judged[name] = outcomes_in(tmp_path / f"{name}.jsonl")[0]
    assert judged["default"] == ["correct", "correct", "wrong"]
    assert judged["strict"] == ["wrong", "correct", "wrong"]
    assert judged["ignored"] == ["correct", "correct", "correct"]
    assert judged["required"] == ["correct", "wrong", "wrong"]
    assert judged["named"] == ["wrong", "correct", "correct"]
    assert judged["vote"] == ["wrong", "correct", "correct"]  # in a group, 5 is what 5 cm says


@pytest.mark.parametrize(
    "options",
    [
        ("--policy", "units"),
        ("--policy", "unit=ignored"),
        ("--policy", "units=sometimes"),
        ("--extract", "loose"),
        ("--verifier", "sympi"),
        ("--verifier", "format", "--policy", "units=ignored"),
    ],
)
def test_wrong_options_are_one_line_and_exit_code_2(tmp_path, capsys, options):
    source = write(tmp_path / "in.jsonl", [{"question": "q", "reference": "5", "attempts": ["5"]}])
    assert run(source, tmp_path / "out.jsonl", *options) == 2
    assert capsys.readouterr().err.startswith("error: ")
    assert not (tmp_path / "out.jsonl").exists()


def test_the_exit_code_says_that_lines_could_not_be_read(tmp_path, capsys):
    good = {"question": "q", "reference": "5", "attempts": ["5"]}
    source = write(
        tmp_path / "in.jsonl", [good, "{not json", "[" * 200_000, '{"a":' * 50_000, good, "[]", "null", "1" * 5000]
    )
    assert run(source, tmp_path / "out.jsonl") == 1
    assert "6 lines could not be read" in capsys.readouterr().out
    assert outcomes_in(tmp_path / "out.jsonl") == [["correct"], *["error"] * 3, ["correct"], *["error"] * 3]
    assert run(source, tmp_path / "out.jsonl") == 1  # also if an earlier run had met them
    assert run(write(tmp_path / "good.jsonl", [good]), tmp_path / "good.out.jsonl") == 0


def test_a_byte_order_mark_is_no_part_of_the_first_line(tmp_path):
    row = json.dumps({"question": "q", "reference": "5", "attempts": ["5"]})
    (tmp_path / "in.jsonl").write_bytes(b"\xef\xbb\xbf" + row.encode() + b"\r\n" + row.encode())
    assert run(tmp_path / "in.jsonl", tmp_path / "out.jsonl") == 0
    assert outcomes_in(tmp_path / "out.jsonl") == [["correct"], ["correct"]]
    assert verify_file(tmp_path / "in.jsonl", tmp_path / "out.jsonl").resumed == 2


def test_a_verifier_that_fails_on_a_line_costs_that_line(source, tmp_path):
    class Picky(BaseVerifier):
        def judge(self, question, attempts):
            if question.text == "q7":
                raise ValueError("no sevens")
            return Judgement.of([Verdict.correct("x")] * len(attempts), label="x", label_source="oracle")

    summary = verify_file(source, tmp_path / "out.jsonl", Picky())
    records = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [record["line"] for record in records if "error" in record] == [4, 5, 8]
    assert "no sevens" in records[7]["error"]
    assert (summary.errors, summary.outcomes["correct"]) == (3, 2 * 147 - 1)


@pytest.mark.parametrize(
    "settings", [{"name": "sympy", "extract": "strict"}, {"name": "sympy", "policy": {"units": "ignored"}}, "exact"]
)
def test_a_target_of_other_settings_or_another_reference_is_not_continued(tmp_path, settings):
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text('{"question": "q", "reference": "5", "attempts": ["The answer is 5."]}\n')
    verify_file(source, target)
    written = target.read_text()
    with pytest.raises(RunError, match="--restart"):
        verify_file(source, target, settings)
    source.write_text(source.read_text().replace('"5"', '"6"'))
    with pytest.raises(RunError, match="--restart"):
        verify_file(source, target)
    assert target.read_text() == written
    assert verify_file(source, target, resume=False).outcomes["wrong"] == 1


BUSY = """
import sys, time
from pathlib import Path
from selfplay_gym.core.protocols import BaseVerifier

class Busy(BaseVerifier):
    def judge(self, question, attempts):
        print("judging", flush=True)
        time.sleep(600)

if __name__ == "__main__":
    from selfplay_gym.selfplay.commands.verify import verify_file
    import busy
    verify_file(sys.argv[1], sys.argv[2], busy.Busy(), workers=2)
"""


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is of POSIX")
def test_workers_end_when_the_process_that_started_them_was_killed(source, tmp_path):
    (tmp_path / "busy.py").write_text(BUSY)
    command = [sys.executable, str(tmp_path / "busy.py"), str(source), str(tmp_path / "out.jsonl")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *filter(None, sys.path)])}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as main_process:
        try:
            said = main_process.stdout.readline()
        finally:
            main_process.send_signal(signal.SIGKILL)
        assert b"judging" in said  # of both workers, which may write at the same time
        main_process.communicate(timeout=60)  # ends when the last process that holds these streams has ended


@pytest.mark.parametrize("target", ["pipe", "folder"])
def test_judgements_go_to_a_plain_file(source, tmp_path, target, capsys):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    assert main(["verify", str(source), str(tmp_path / target)]) == 2
    assert "plain file" in capsys.readouterr().err
    assert not (tmp_path / f"{target}.lock").exists()


def test_a_disk_that_fills_up_is_named_and_the_rest_is_written_afterwards(tmp_path):
    lines = [json.dumps({"question": f"q{n}", "reference": "7", "attempts": ["7"]}) for n in range(200)]
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("\n".join(lines) + "\n")
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000)); "
    call = f"from selfplay_gym.cli import main; raise SystemExit(main(['verify', {str(source)!r}, {str(target)!r}]))"
    full = subprocess.run([sys.executable, "-c", limit + call], capture_output=True, text=True)
    assert full.returncode == 2
    assert full.stderr.splitlines()[-1].startswith(
        f"error: cannot write judgements to {str(target)!r}: File too large;"
    )
    assert "Traceback" not in full.stderr
    assert target.stat().st_size == 9000
    assert verify_file(source, target).resumed > 0
    assert len(target.read_text().splitlines()) == 200


SLOW = """
import time
from selfplay_gym.core.protocols import BaseVerifier
from selfplay_gym.core.records import Judgement, Verdict
from selfplay_gym.envs.sources.file import read_questions

class Slow(BaseVerifier):
    def judge(self, question, attempts):
        if question.text == "q9":
            print("q9", flush=True)
            time.sleep(600)
        return Judgement.of([Verdict.correct("x")] * len(attempts), label="x", label_source="oracle")
"""


@pytest.mark.skipif(os.name != "posix", reason="signals are of POSIX")
@pytest.mark.parametrize(
    ("number", "word", "options", "written"),
    [
        (signal.SIGINT, "interrupted", (), {9}),
        (signal.SIGTERM, "terminated", ("--restart",), {9}),
        (signal.SIGTERM, "terminated", ("--workers", "2"), {0, 4, 8}),
    ],
)
def test_what_is_judged_is_written_at_once_and_a_signal_says_how_to_go_on(tmp_path, number, word, options, written):
    (tmp_path / "slow.py").write_text(SLOW)
    lines = [{"question": f"q{n}", "attempts": ["x"]} for n in range(12)]
    source, target = write(tmp_path / "in.jsonl", lines), tmp_path / "out.jsonl"
    command = [sys.executable, "-m", "selfplay_gym.cli", "verify", str(source), str(target), "--verifier", "slow:Slow"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *filter(None, sys.path)])}
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([*command, *options], **streams, env=environment) as judging:
        try:
            assert judging.stdout.readline() == "q9\n"
            judging.send_signal(number)
            _, said = judging.communicate(timeout=60)
        finally:
            judging.kill()
    again = "the same command" + (" without --restart" if "--restart" in options else "")
    done = len(target.read_text().splitlines())
    kept = f"{done} of 12 lines judged in {str(target)!r}; {again} goes on with the rest"
    assert (judging.returncode, said) == (128 + number, f"{word}: {kept}\n")
    assert done in written


@pytest.mark.parametrize(
    ("verifier", "workers", "lines"),
    [("sympy", 1, 1), ("majority", 1, 1), ("sympy(workers=2)", 1, 8), ("majority", 2, 4), ("sympy", 2, 4)],
)
def test_few_lines_are_judged_between_two_writes(verifier, workers, lines, source, tmp_path, monkeypatch):
    from selfplay_gym.selfplay.commands import verify

    whole, writes = verify._write, []
    monkeypatch.setattr(verify, "_write", lambda out, rest: writes.append(rest.count(b"\n")) or whole(out, rest))
    verify_file(source, tmp_path / "out.jsonl", verifier, workers=workers)
    assert writes[:-1] == [lines] * (len(writes) - 1)
    assert sum(writes) == 150


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('{"question": "q", "reference": NaN, "attempts": ["7"]}', "NaN, Infinity"),
        ('{"question": "q", "reference": 1e999, "attempts": ["7"]}', "NaN, Infinity"),
        ('{"question": "q", "reference": "7", "attempts": ["7"], "attempts": ["8"]}', "'attempts' stands there twice"),
        ('{"question": "q", "reference": "7", "reference": 8, "attempts": ["7"]}', "'reference' stands there twice"),
        ('{"question": "q", "question": "r", "reference": "7", "attempts": []}', "'question' stands there twice"),
    ],
)
def test_a_line_that_says_two_things_or_no_number_is_not_judged(tmp_path, line, why):
    right = {"question": "q", "reference": "7", "attempts": ["7 \ud800"]}
    source = write(tmp_path / "in.jsonl", [right, line])
    summary = verify_file(source, tmp_path / "out.jsonl")
    records = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert (summary.errors, summary.attempts, records[1]["line"]) == (1, 1, 2)
    assert why in records[1]["error"]


HOSTILE = [
    r'"\ud800"',
    r'"a \udfff b"',
    r'"\ud83d\ude00"',
    r'"\\ud800"',
    "NaN",
    "[1e999]",
    '{"a": 1, "a": 2}',
    r'{"\udc00": 1}',
    '"7"',
    "[" * 100_000,
    "1,2",
    "{",
]


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: value[:16])
def test_a_row_is_broken_for_verify_where_it_is_for_a_file_of_questions(tmp_path, value):
    row = f'{{"question": "1+6?", "answer": "7", "meta": {{"x": {value}}}'
    (tmp_path / "q.jsonl").write_text(row + "}", encoding="utf-8")
    source = write(tmp_path / "in.jsonl", [row.replace("answer", "reference") + ', "attempts": ["7"]}'])
    summary = verify_file(source, tmp_path / "out.jsonl")
    try:
        read_questions(tmp_path / "q.jsonl")
    except ConfigError:
        assert summary.errors == 1
    else:
        assert summary.outcomes["correct"] == 1


@pytest.mark.parametrize("field", ["question", "reference"])
def test_half_a_character_is_refused_but_in_an_attempt(tmp_path, field):
    row = {"question": "1+6?", "reference": "7", "attempts": ["\\boxed{7} \ud800"]}
    source = write(tmp_path / "in.jsonl", [row, {**row, field: "7 \ud800"}])
    verify_file(source, tmp_path / "out.jsonl")
    judged, refused = (json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines())
    assert judged["verdicts"][0]["outcome"] == "correct"
    assert "half a surrogate pair" in refused["error"]


def test_a_table_is_told_from_json_lines(tmp_path):
    source = write(tmp_path / "in.jsonl", ["question,reference,attempts", '1+6?,7,"7, or 8"', "plain"])
    assert verify_file(source, tmp_path / "out.jsonl").errors == 3
    errors = [json.loads(line)["error"] for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert ["CSV" in error for error in errors] == [True, False, False]
    assert '"attempts": [' in errors[0]
