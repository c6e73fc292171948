"""Questions written for other tools: which, whole or not at all, and never over anything else."""

import ast
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from selfplay_gym.cli import main
from selfplay_gym.core.errors import ConfigError, PluginError, UnknownNameError
from selfplay_gym.core.held_out import is_held_out
from selfplay_gym.core.records import Question
from selfplay_gym.envs.game.domains import identity_of
from selfplay_gym.interop.export import MANIFEST, SPLITS, export, formats
from selfplay_gym.interop.question_sets import question_set
from selfplay_gym.interop.rows import Graded
from selfplay_gym.selfplay.exams.questions import exam_and_validation
from selfplay_gym.selfplay.exams.suites import load_suite
from selfplay_gym.selfplay.run.question_log import question_row
from selfplay_gym.selfplay.settings.files import to_toml
from selfplay_gym.selfplay.settings.presets import preset
from selfplay_gym.selfplay.storage.run_folder import RunFolder


class Texts:
    """A format that writes the texts, or fails under way."""

    splits = ("train", "held_out")

    def __init__(self, fails: bool = False) -> None:
        self.fails = fails

    def write(self, questions, folder: Path) -> str:
        for split, found in questions.splits.items():
            (folder / f"{split}.txt").write_text("\n".join(one.question.text for one in found))
            if self.fails:
                raise OSError("disk full")
        return "cat {folder}/train.txt"


@pytest.fixture(autouse=True)
def _texts():
    formats.register("texts", Texts)
    yield
    formats.unregister("texts")


def asked(questions):
    return [one.question for one in questions]


def make_run(path, rounds):
    """A run that has labelled questions: per round a list of (question text, label or `None` where it was not kept)."""
    config = preset("debug")
    folder = RunFolder.create(path, to_toml(config), {})
    for number, rows in enumerate(rounds, 1):
        here = {"round": number, "phase": "label"}
        for index, (text, label) in enumerate(rows):
            at = {**here, "index": index}
            question = question_row(Question(text, "999", author="challenger"))
            folder.log("questions", [{**at, **question, "dropped": None}])
            folder.log("attempts", [{**at, "attempts": ["1", "2"]}])
            judged = {"label": label, "valid": label is not None, "kept": label is not None, "solve_rate": 0.5}
            folder.log("labels", [{**at, **judged, "matches": [False, True], "answers": ["1", "2"]}])
        folder.commit({"round": number, "phase": "label"})
    return config


def test_a_suite_gives_the_questions_that_a_benchmark_asks():
    for name in ("mixed", "math"):
        suite = load_suite(name, limit=30)
        found = question_set(name, ("held_out",), limit=30).splits["held_out"]
        assert asked(found) == list(suite.questions)
        assert {one.verifier for one in found} == {suite.verifier}


def test_several_suites_keep_their_own_verifiers():
    found = question_set("mixed, deduction, rg:leg_counting", ("held_out",), limit=3)
    assert [one.verifier for one in found.splits["held_out"]] == ["sympy"] * 3 + ["code"] * 3 + ["rg:leg_counting"] * 3
    assert found.name == "mixed_deduction_rg_leg_counting" or found.name.isidentifier()


def test_training_questions_differ_and_none_belongs_to_the_exam():
    found = question_set("math", limit=60, seed=4).splits
    keys = {split: {identity_of(question) for question in asked(rows)} for split, rows in found.items()}
    assert {split: len(rows) for split, rows in keys.items()} == {"train": 60, "held_out": 60}
    assert not any(map(is_held_out, keys["train"]))
    assert all(map(is_held_out, keys["held_out"]))
    assert question_set("math", limit=60, seed=4).splits == found != question_set("math", limit=60, seed=5).splits


def test_levels_are_those_asked_for():
    found = question_set("arithmetic", limit=6, levels=(0.25, 0.75)).splits
    assert [question.level for question in asked(found["train"])] == [0.25, 0.75] * 3
    assert sorted({question.level for question in asked(found["held_out"])}) == [0.25, 0.75]


def test_a_run_gives_what_its_solver_trained_on_with_the_labels_and_its_exam(tmp_path):
    rounds = [[("What is 1+1?", "2"), ("What is 2+9?", None)], [("What is 7*6?", "42"), ("Compute 1+1.", "3")]]
    config = make_run(tmp_path / "run one", rounds)
    found = question_set(str(tmp_path / "run one"))
    kept = [(one.question.text, one.question.reference, one.verifier) for one in found.splits["train"]]
    assert kept == [("What is 7*6?", "42", "sympy"), ("Compute 1+1.", "3", "sympy")]  # the last label of a question
    sizes = config.exam.questions, config.guard.questions
    exam, _ = exam_and_validation(config.questions.generator, *sizes, config.seed)
    assert asked(found.splits["held_out"]) == exam
    assert found.name == "run_one"
    assert len(question_set(str(tmp_path / "run one"), ("train",), limit=1).splits["train"]) == 1


@pytest.mark.parametrize(
    ("source", "options", "says"),
    [
        ("mixd", {}, "mixed"),
        ("{tmp}", {}, "no run in"),
        ("{tmp}/nothing", {}, "suite"),
        ("", {}, "suite"),
        ("rg:leg_counting", {"splits": ("train",)}, "held_out"),
        ("rg:leg_counting", {"splits": ("held_out",), "levels": (0.5,)}, "levels go with"),
        ("mixed", {"limit": 0}, "limit must be an integer >= 1"),
        ("mixed", {"levels": (1.5,)}, "1.5"),
        ("mixed", {"splits": ("exam",)}, "exam"),
        ("mixed", {"splits": ()}, "train"),
        ("arithmetic", {"limit": 3, "levels": (float("nan"),)}, "nan"),
    ],
)
def test_a_source_that_has_no_such_questions_says_so(source, options, says, tmp_path):
    with pytest.raises(ConfigError, match=says):
        question_set(source.format(tmp=tmp_path), **options)


def test_a_run_that_has_kept_nothing_or_has_levels_asked_of_it_says_so(tmp_path):
    make_run(tmp_path / "run", [[("What is 1+1?", None)]])
    with pytest.raises(ConfigError, match="kept no questions"):
        question_set(str(tmp_path / "run"), ("train",))
    with pytest.raises(ConfigError, match="levels go with"):
        question_set(str(tmp_path / "run"), levels=(0.5,))


def test_no_folder_of_this_machine_goes_out(tmp_path):
    asked = Question("What is 1+1?", author=f"jsonl:{tmp_path}/mine.jsonl")
    assert Graded(asked, "sympy").row()["author"] == "jsonl:…/mine.jsonl"


@pytest.mark.parametrize("name", ["jsonl:{tmp}/My exam (2).jsonl", "mixed", "arithmetic"])
def test_names_serve_files_and_tasks(name, tmp_path):
    (tmp_path / "My exam (2).jsonl").write_text('{"question": "What is 1+1?", "answer": "2"}\n')
    found = question_set(name.format(tmp=tmp_path), ("held_out",), limit=1)
    assert found.name.isidentifier()
    assert found.name == found.name.lower()


def test_the_folder_holds_the_files_and_says_what_they_are(tmp_path):
    said = export("mixed", "texts", tmp_path / "a" / "out", limit=5)
    assert sorted(path.name for path in (tmp_path / "a" / "out").iterdir()) == [
        "held_out.txt",
        MANIFEST,
        "train.txt",
    ]
    manifest = json.loads((tmp_path / "a" / "out" / MANIFEST).read_text())
    assert manifest == {"format": "texts", "source": "mixed, seed 0", "questions": {"train": 5, "held_out": 5}}
    assert said.splitlines()[1] == f"cat {tmp_path}/a/out/train.txt"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["out"]


def test_an_export_is_replaced_only_when_told(tmp_path):
    out = tmp_path / "out"
    export("mixed", "texts", out, limit=5)
    with pytest.raises(ConfigError, match="--force"):
        export("mixed", "texts", out, limit=2)
    assert json.loads((out / MANIFEST).read_text())["questions"]["train"] == 5
    export("mixed", "texts", out, limit=2, splits=("train",), force=True)
    assert json.loads((out / MANIFEST).read_text())["questions"] == {"train": 2}
    assert not (out / "held_out.txt").exists()


@pytest.mark.parametrize("force", [False, True])
def test_what_is_no_export_is_never_replaced(tmp_path, force):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to(mine)
    for place in ("mine", "file", "link"):
        with pytest.raises(ConfigError, match=r"choose another|must name a folder"):
            export("mixed", "texts", tmp_path / place, limit=2, force=force)
    assert (mine / "thesis.txt").read_text() == "years of work"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "link", "mine"]


def test_a_writer_that_fails_leaves_what_was_there(tmp_path):
    out = tmp_path / "out"
    export("mixed", "texts", out, limit=2)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    with pytest.raises(OSError, match="disk full"):
        export("mixed", "texts(fails=true)", out, limit=3, force=True)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_formats_are_found_by_name_and_refuse_what_they_do_not_take(tmp_path):
    with pytest.raises(UnknownNameError, match="Did you mean 'lm-eval'"):
        export("mixed", "lm_eval", tmp_path / "out")
    with pytest.raises(ConfigError, match="template"):
        export("mixed", "lm-eval(template=plane)", tmp_path / "out")
    with pytest.raises(ConfigError, match="max_tokens"):
        export("mixed", "lm-eval(max_tokens=0)", tmp_path / "out")
    with pytest.raises(PluginError, match="lacks"):
        export("mixed", "builtins:dict", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_command_writes_and_says_what_to_do(tmp_path, capsys):
    out = str(tmp_path / "out")
    command = ["export", "math", "--format", "texts", "--out", out, "--limit", "4", "--level", "0.5"]
    assert main([*command, "--split", "both"]) == 0
    said = capsys.readouterr().out
    assert "4 train, 4 held_out" in said
    assert main([*command, "--split", "train"]) == 2
    assert "--force" in capsys.readouterr().err
    assert main([*command, "--split", "train", "--force"]) == 0
    assert not (tmp_path / "out" / "held_out.txt").exists()


def test_an_export_tells_how_far_it_is(tmp_path):
    told = []
    export("mixed", "texts", tmp_path / "out", limit=200, splits=SPLITS, progress=lambda *counted: told.append(counted))
    assert {total for _, total in told} == {200}
    begins = [at for at, (done, _) in enumerate(told) if at and done < told[at - 1][0]]
    assert len(begins) == 1  # two splits
    assert len(told) > 10
    assert told[-1][0] == 200 or told[begins[0] - 1][0] == 200


def test_a_terminal_shows_it_on_the_error_stream(tmp_path):
    """Through a terminal of the system's own, as a person has it."""
    pty = pytest.importorskip("pty")
    here, there = pty.openpty()
    command = ["export", "mixed", "--format", "datasets", "--out", str(tmp_path / "out"), "--limit", "300"]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    done = subprocess.run(
        [sys.executable, "-m", "selfplay_gym.cli", *command], stdout=subprocess.PIPE, stderr=there, env=environment
    )
    os.close(there)
    shown = os.read(here, 1 << 16).decode()
    os.close(here)
    assert done.returncode == 0
    assert "questions of mixed" in shown
    assert "/300" in shown
    assert b"questions of mixed" not in done.stdout


def test_the_command_line_loads_the_bridges_only_for_an_export():
    code = "import sys, selfplay_gym.cli; print([name for name in sys.modules if 'interop' in name])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_question_that_is_asked_twice_is_told(tmp_path):
    rows = [("What is 1+1?", "2"), ("What is 1 + 1?", "3"), ("What is 2+2?", "4"), ("What is 2+2?", "4")]
    file = tmp_path / "twice.jsonl"
    file.write_text("".join(json.dumps({"question": text, "answer": answer}) + "\n" for text, answer in rows))
    said = export(f"jsonl:{file}", "lm-eval", tmp_path / "out").splitlines()
    assert said[1:3] == [
        "! 'What is 1 + 1?' is asked twice, with the answers '2' and '3': the first stays",
        "! 2 questions left out that ask what another one asks",
    ]
    written = [json.loads(line) for line in (tmp_path / "out/held_out.jsonl").read_text().splitlines()]
    assert [row["reference"] for row in written] == ["2", "4"]


def test_the_next_command_can_be_pasted_whatever_the_folder_is_called(tmp_path):
    folder = tmp_path / 'it\'s {a} $b "c"'
    said = export("arithmetic", "lm-eval", folder / "lm", limit=1).splitlines()[-1]
    assert shlex.split(said)[2] == str(folder / "lm")
    pytest.importorskip("pyarrow")
    said = export("arithmetic", "datasets", folder / "ds", limit=1).splitlines()[-1]
    assert ast.literal_eval(said.removeprefix("datasets.load_dataset(").removesuffix(")")) == str(folder / "ds")
