"""The command line: help reads, wrong input is one line and exit code 2, the commands do what they say."""

import json
import os
import signal
import subprocess
import sys

import click
import pytest

from selfplay_gym.cli import app, main

COMMANDS = sorted(app.commands)


@pytest.mark.parametrize("command", [[], *([c] for c in COMMANDS)], ids=["selfplay-gym", *COMMANDS])
def test_every_command_explains_itself(command, capsys):
    assert main([*command, "--help"]) == 0
    shown = capsys.readouterr().out
    assert "Usage: selfplay-gym" in shown
    assert max(map(len, shown.splitlines())) <= 100


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["trian"], "Did you mean 'train'"),
        (["train", "--preset", "tny"], "Did you mean 'tiny'"),
        (["train", "--preset", "", "--run-dir", "{tmp}/run"], "unknown preset ''"),
        (["train", "--env", "SelfPlayMine-v0"], "an entry point in the group 'selfplay_gym.domains'"),
        (["bench", "oracle", "--suite", 'jsonl:"a,b.csv'], 'the quote " is not closed'),
        (["leaderboard", "{tmp}"], "no plain file"),
        (["train", "--set", "rouns=3"], "Did you mean 'rounds'"),
        (["train", "--set", "rounds"], "path=value"),
        (["train", "--seed", "-1"], "-1"),
        (["train", "--resume", "--run-dir", "{tmp}/nothing"], "no run in"),
        (["train", "--set", "roles.solver.grpo.los_type=x"], "Did you mean 'roles.solver.grpo.loss_type'"),
        (["train", "--set", "labels.source=votes"], "Did you mean 'vote'"),
        (["train", "--set", "stages=evaluat"], "Did you mean 'evaluate'"),
        (["train", "--set", "questions.sources={{challengr=1}}"], "Did you mean 'challenger'"),
        (["train", "--set", "roles.challenger.reward=r-zer"], "Did you mean 'r-zero'"),
        (["train", "--set", "roles.solver.reward=lable"], "Did you mean 'label'"),
        (["train", "--config", "{tmp}/nothing.toml"], "cannot read the settings"),
        (["train", "--resume", "--preset", "debug"], "--preset debug is for a new run"),
        (["train", "--set", "roles.*.model={tmp}/nothing", "--run-dir", "{tmp}/run"], "no model at"),
        (["exam", "--samples", "0"], "0"),
        (["exam", "orcale"], "oracle"),
        (["report", "{tmp}"], "no run in"),
        (["list", "verifier"], "verifiers"),
        (["verify", "{tmp}/nothing.jsonl", "{tmp}/out.jsonl"], "no such file"),
        (["bench", "orcale"], "oracle"),
        (["diagnose", "{tmp}"], "no run in"),
        (["ablate", "--variant", "ful"], "Did you mean 'full'"),
        (["play", "--verifier", "majorty"], "Did you mean 'majority'"),
        (["warmup", "--steps", "1", "--device", "nope", "--output", "{tmp}/run"], "device must be one of torch's"),
        (["warmup", "--steps", "1", "--device", "cuda:99", "--output", "{tmp}/run"], "device='cuda:99' cannot be used"),
        (
            ["train", "--preset", "debug", "--set", "compute.device=nope", "--run-dir", "{tmp}/run"],
            "compute.device must",
        ),
        (
            ["train", "--preset", "debug", "--set", "roles.solver.device=nope", "--run-dir", "{tmp}/run"],
            "roles.solver.device must",
        ),
        (["train", "--run-dir", ""], "'--run-dir': an empty path names nothing"),
        (["league", ""], "'FOLDER': an empty path names nothing"),
        (["verify", "-", "{tmp}/out"], "'SOURCE': streams are not read or written here"),
        (["verify", "{tmp}/in", "-"], "'TARGET': streams are not read or written here"),
        (["verify", "{tmp}/in", "/dev/null/x"], "/dev/null cannot be written here"),
        (["train", "--preset", "debug", "--run-dir", "/dev/null/x"], "/dev/null/x cannot be written here"),
        (["push", "{tmp}", "--dry-run", "--timeout", "nan"], "'--timeout': 'nan' is not a number"),
        (["export", "mixed", "--format", "lm-eval", "--out", "{tmp}/x", "--level", "nan"], "'--level': 'nan' is not"),
        (["export", "mixed", "--format", "lm-eval", "--out", "/dev/null/x"], "/dev/null/x cannot be written here"),
        (["export", "", "--format", "lm-eval", "--out", "{tmp}/x"], "got ''"),
        (["bench", "oracle", "--out", "/dev/null/x"], "/dev/null/x cannot be written here"),
        (["ablate", "--out", "/dev/null/x.md"], "/dev/null/x.md cannot be written here"),
        (["exam", ""], "an agent is named, as tiny, oracle or a model's folder are, got ''"),
        (["exam", "noisy" * 1000], "unknown agent 'noisy"),
        (["bench", "oracle", "--suite", "rg:"], "'rg:' is a beginning: a name must follow the colon"),
        (["bench", "oracle", "--suite", "jsonl:"], "'jsonl:' is a beginning: a name must follow the colon"),
        (["bench", "oracle", "--suite", "jsonl:we,ird:x.jsonl"], "in quotes if its name has commas"),
    ],
)
def test_wrong_input_is_one_clear_line_and_exit_code_two(arguments, says, capfd, tmp_path):
    assert main([argument.format(tmp=tmp_path) for argument in arguments]) == 2
    shown = capfd.readouterr()
    assert says in shown.err
    assert shown.err.startswith("error: ")
    assert shown.err.count("\n") == 1
    assert len(shown.err) < 1500
    assert not (tmp_path / "run" / "config.toml").exists(), "a refused run must leave nothing behind"


PATHS = [(name, one) for name in COMMANDS for one in app.commands[name].params if isinstance(one.type, click.Path)]


@pytest.mark.parametrize(("name", "path"), PATHS, ids=[f"{name} {one.opts[0]}" for name, one in PATHS])
def test_an_empty_path_is_refused_by_name_before_anything_is_done(name, path, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    others = [one for one in app.commands[name].params if isinstance(one, click.Argument) and one is not path]
    given = [path.opts[0], ""] if isinstance(path, click.Option) else [""]
    words = ["x" for one in others if one.required]
    wanted = ["--format", "lm-eval"] if name == "export" else []
    order = [*given, *words] if path.opts[0] == "source" else [*words, *given]
    assert main([name, *order, *wanted]) == 2
    assert "an empty path names nothing; the present folder is '.'" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_paths_are_found():
    assert len(PATHS) > 20


def test_no_command_shows_the_help(capsys):
    assert main([]) == 2
    assert "Commands:" in capsys.readouterr().out


def test_list_shows_every_kind(capsys):
    assert main(["list"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in ("majority", "band", "oracle", "arithmetic", "r-zero", "SelfPlayMath-v0"))


def test_an_exam_of_a_scripted_agent_as_json(capsys):
    assert main(["exam", "oracle", "--questions", "16", "--samples", "2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["accuracy"]["value"] == 1.0


def test_a_debug_run_from_the_command_line_ends_with_table_and_report(capsys, tmp_path):
    small = ["--set", "rounds=1", "--set", "questions.count=16", "--set", "exam.questions=8"]
    assert main(["train", "--preset", "debug", "--run-dir", str(tmp_path / "run"), *small]) == 0
    assert "Report:" in capsys.readouterr().out
    assert (tmp_path / "run" / "report.html").stat().st_size > 10_000
    assert main(["train", "--preset", "debug", "--run-dir", str(tmp_path / "run")]) == 2
    assert "--resume" in capsys.readouterr().err


@pytest.mark.skipif(os.name != "posix", reason="signals as on a terminal")
def test_ctrl_c_and_sigterm_save_and_name_the_command_that_resumes(tmp_path):
    folder = str(tmp_path / "r")
    for number, start, code in ((signal.SIGTERM, ["--preset", "debug"], 143), (signal.SIGINT, ["--resume"], 130)):
        command = [sys.executable, "-m", "selfplay_gym.cli", "train", *start, "--run-dir", folder]
        run = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        for line in run.stdout:
            if "· train(challenger)" in line:
                run.send_signal(number)
                break
        shown, _ = run.communicate(timeout=300)
        assert run.returncode == code
        assert f"train --resume --run-dir {folder}" in shown
    assert main(["train", "--resume", "--run-dir", folder]) == 0
