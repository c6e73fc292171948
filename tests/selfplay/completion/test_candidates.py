"""What tab completion offers, asked as a shell asks; nothing of it imports torch."""

import json
import os
import shlex
import string
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfplay_gym.cli import app, main
from selfplay_gym.core.registries import ALL
from selfplay_gym.selfplay.completion.candidates import values
from selfplay_gym.selfplay.completion.parameters import BY_NAME, IN_ONE_COMMAND
from selfplay_gym.selfplay.completion.shells import BREAKS, LINE, SHELLS, Word, split_line
from selfplay_gym.selfplay.settings import describe
from selfplay_gym.selfplay.settings.presets import PRESETS


def offered(line, shell="zsh"):
    """Candidate → kind, for a line up to the cursor."""
    os.environ[LINE], os.environ[BREAKS] = line, " \t\n\"'><=;|&(:"
    answer = SHELLS[shell](app, {}, "selfplay-gym", "_SELFPLAY_GYM_COMPLETE").complete()
    rows = [row.split("\t") for row in answer.splitlines()]
    assert all(len(row) == 3 for row in rows)
    return {value: kind for kind, value, _ in rows}


@pytest.fixture(autouse=True)
def _no_request(monkeypatch, tmp_path):
    monkeypatch.setenv(LINE, "")
    monkeypatch.setenv(BREAKS, "")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def runs(tmp_path):
    """Two runs, one of them with a model, and a folder that is none."""
    for name in ("runs/first", "runs/second run", "elsewhere/third"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "config.toml").touch()
    (tmp_path / "runs/first/checkpoints/solver-01-001").mkdir(parents=True)
    (tmp_path / "runs/first/checkpoints/solver-01-001/config.json").touch()
    return tmp_path


def test_every_command_and_its_options():
    assert set(offered("selfplay-gym ")) == set(app.commands)
    assert {"--preset", "--set", "--resume"} <= set(offered("selfplay-gym train --"))


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("play --verifier ", "verifiers"),
        ("play --reward ", "rewards"),
        ("exam --generator ", "generators"),
        ("exam ", "agents"),
        ("bench oracle ", "agents"),
        ("bench oracle --suite ", "generators"),
        ("verify a b --verifier ", "verifiers"),
    ],
)
def test_all_registered_names_are_offered(line, kind):
    assert set(ALL[kind].names()) <= set(offered(f"selfplay-gym {line}"))


def test_presets_variants_and_environments():
    assert list(offered("selfplay-gym train --preset ")) == sorted(PRESETS)
    assert set(offered("selfplay-gym warmup --preset ")) == {"tiny", "frontier"}
    assert "SelfPlayCode-v0" in offered("selfplay-gym train --env Self")
    assert "untrained challenger" in offered("selfplay-gym ablate --variant un")
    assert "me" in offered("selfplay-gym play --solver ")


def test_settings_step_by_step_to_their_values():
    first = offered("selfplay-gym train --set ")
    assert first["rounds="] == first["roles."] == "open"
    assert set(offered("selfplay-gym train --set roles.")) == {"roles.challenger.", "roles.solver."}
    assert offered("selfplay-gym train --set roles.solver.grpo.loss") == {"roles.solver.grpo.loss_type=": "open"}
    assert "roles.*.grpo.scale=group" in offered("selfplay-gym train --set 'roles.*.grpo.scale=")
    assert set(offered("selfplay-gym train --set roles.solver.learns=")) == {
        "roles.solver.learns=true",
        "roles.solver.learns=false",
    }
    assert "labels.source=sympy" in offered("selfplay-gym train --set labels.source=sy")
    assert offered("selfplay-gym train --set no.such.setting=") == {}


def test_every_setting_can_be_reached_and_offers_only_what_it_takes():
    for setting in describe.settings():
        typed, seen = "", set()
        while f"{setting.path}=" not in seen:
            steps = offered(f"selfplay-gym train --set {typed}")
            longer = [step for step in steps if setting.path.startswith(step.rstrip("="))]
            assert longer, setting.path
            seen, typed = set(steps), max(longer, key=len)
    assert values("guard.mode") == ["on", "watch", "off"]
    assert values("roles.*.weight_sharing") == ["copies", "lora", "prompt", "tokens"]


def test_parts_of_the_settings_can_be_listed():
    assert {"settings", "agents", "envs"} <= set(offered("selfplay-gym list "))
    assert "settings.roles.solver" in offered("selfplay-gym list settings.ro")


def test_several_suites_and_pairs_of_agents():
    assert {"mixed,chains", "mixed,code"} <= set(offered("selfplay-gym bench tiny --suite mixed,c"))
    assert offered("selfplay-gym bench tiny+ora") == {"tiny+oracle": "plain"}


def test_runs_and_the_folders_on_the_way_to_them(runs):
    found = offered("selfplay-gym report ")
    assert found == {"runs/first": "plain", "runs/second run": "plain", "elsewhere/": "open", "runs/": "open"}
    assert offered("selfplay-gym report elsewhere/") == {"elsewhere/third": "plain"}
    assert offered("selfplay-gym watch runs/se") == {"runs/second run": "plain"}
    assert offered("selfplay-gym report runs/se", "bash") == {r"runs/second\ run": "plain"}
    assert offered("selfplay-gym report 'runs/se", "bash") == {"runs/second run": "plain"}
    assert "runs/first/checkpoints/solver-01-001" in offered("selfplay-gym exam runs/first/checkpoints/so")


def test_files_are_left_to_the_shell():
    assert set(offered("selfplay-gym train --config ").values()) == {"file"}


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("train --set labels.source=sym", "sympy"),
        ("train --set 'labels.source=sym", "labels.source=sympy"),
        ("train --preset=fro", "frontier"),
        ("bench oracle --suite rg", "rg:"),
        ("bench oracle --suite mixed,rg", "mixed,rg:"),
    ],
)
def test_bash_gets_what_stands_behind_its_last_break(line, value):
    assert list(offered(f"selfplay-gym {line}", "bash")) == [value]


def test_zsh_gets_the_whole_word():
    assert list(offered("selfplay-gym train --preset=fro")) == ["--preset=frontier"]


@given(st.text(alphabet=string.printable + "äδ…", max_size=60))
def test_no_line_breaks_it(line):
    for shell in SHELLS:
        offered(f"selfplay-gym {line}", shell)
        offered(f"selfplay-gym train --set {line}", shell)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", ([], Word(""))),
        ("a b", (["a"], Word("b"))),
        ("a b ", (["a", "b"], Word(""))),
        ("a 'b c", (["a"], Word("b c", "'"))),
        ('a "b', (["a"], Word("b", '"'))),
        ("a b\\", (["a"], Word("b"))),
        ("a b\\ ", (["a"], Word("b "))),
        ("a # b", (["a", "#"], Word("b"))),
        ("a 'b c'", (["a"], Word("b c"))),
        ("a '' ", (["a", ""], Word(""))),
        (r"a b'c\'\''d", (["a"], Word(r"bc\'d", "'", 4))),
        (r'a "b\"\c', (["a"], Word(r'b"\c', '"'))),
        ("a --b=c:'d=", (["a"], Word("--b=c:d=", "'", 6))),
        ("a --b=c'd='e", (["a"], Word("--b=cd=e", "", 4))),
        (r"a b\=c", (["a"], Word("b=c"))),
    ],
)
def test_a_line_is_split_up_to_the_cursor(line, words):
    assert split_line(line, "=:") == words


@given(st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=4))
def test_words_in_quotes_are_read_as_they_were(words):
    assert split_line(f"{shlex.join(words)} ") == (words, Word(""))


def test_a_table_names_only_parameters_there_are():
    there = {(name, parameter.name) for name, command in app.commands.items() for parameter in command.params}
    assert set(BY_NAME) <= {parameter for _, parameter in there}
    assert set(IN_ONE_COMMAND) <= there


def test_the_script_is_printed(capsys):
    for shell in SHELLS:
        assert main(["completion", shell]) == 0
        assert f"_SELFPLAY_GYM_COMPLETE={shell}_complete" in capsys.readouterr().out
    assert main(["completion", "fish"]) == 2


def test_completion_imports_no_torch():
    lines = [f"selfplay-gym {rest}" for rest in ("train --set labels.source=", "exam ", "bench --suite ", "report ")]
    code = (
        "import json, os, sys; from selfplay_gym.cli import app; "
        "from selfplay_gym.selfplay.completion.shells import LINE, Bash\n"
        f"for line in {lines}:\n"
        "    os.environ[LINE] = line; Bash(app, {}, 'selfplay-gym', 'X').complete()\n"
        "print(json.dumps([name for name in ('torch', 'transformers', 'sympy', 'scipy') if name in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert json.loads(done.stdout) == []
