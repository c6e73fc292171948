"""`list`: everything registered, with a line on each, without loading what it lists."""

import io
import subprocess
import sys

import pytest
from rich.console import Console

from selfplay_gym.core.errors import UnknownNameError
from selfplay_gym.core.registries import ALL, generators
from selfplay_gym.selfplay.commands.list_names import (
    ANSWER_REWARDS,
    KINDS,
    describe,
    first_sentence,
    names_of,
    print_names,
)
from selfplay_gym.selfplay.roles.answer_rewards import ANSWERING
from selfplay_gym.selfplay.settings.describe import settings


def listed(kind=None):
    console = Console(file=io.StringIO(), width=100)
    print_names(kind, console)
    return console.file.getvalue()


@pytest.mark.parametrize("kind", KINDS)
def test_every_name_is_described(kind):
    rows = dict(names_of(kind))
    assert rows
    for name, about in rows.items():
        assert len(about) > 10, f"{kind} {name} has no description"
        assert "\n" not in about
    text = listed(kind)
    assert all(name in text for name in rows)


def test_all_kinds_are_listed_at_once():
    words = listed().split()
    for kind in ALL:
        assert kind in words
        for name in ALL[kind].names():
            assert (f"{name}…" if name.endswith(":") else name) in words
    for name in ("SelfPlayMath-v0", "tiny", "smollm2", "debug", "builtin", "train", "gate"):
        assert name in words
    assert "selfplay-gym list settings" in " ".join(words)
    assert "roles.solver.steps" not in words


def test_what_others_register_is_listed_too():
    @generators.register("listing-test")
    def factory():
        """Writes nothing at all. Ever."""

    try:
        assert dict(names_of("generators"))["listing-test"] == "Writes nothing at all."
    finally:
        generators.unregister("listing-test")


def test_an_unknown_kind_is_named_with_what_there_is():
    with pytest.raises(UnknownNameError, match="Did you mean 'verifiers'"):
        listed("verifers")
    with pytest.raises(UnknownNameError, match="Did you mean 'settings'"):
        listed("setings")


def test_every_setting_is_listed_with_its_default_and_a_sentence():
    text = listed("settings")
    flat = " ".join(text.split())
    for setting in settings():
        assert f"  {setting.path} = " in text
        assert len(setting.about) > 10
        assert setting.about in flat
    assert "roles.solver.grpo.clip_high = none" in text
    assert "questions.keep_band = [0.25, 0.75]" in text
    headings = [line for line in text.splitlines() if line and not line.startswith(" ")]
    assert headings[:4] == ["run", "schedule", "roles.challenger", "roles.solver"]
    assert len(headings) == len(set(headings))


def test_the_player_of_turn_games_has_settings_and_kinds_may_be_written_with_a_hyphen():
    assert "roles.player.openings = 0" in listed("settings.roles.player")
    assert listed("turn-games") == listed("turn_games")


def test_a_part_of_the_settings_is_listed_by_its_path():
    text = listed("settings.roles.solver")
    assert "roles.solver.steps = 10" in text
    assert "roles.challenger" not in text
    assert listed("settings.rounds").startswith("run\n  rounds = 4\n")


@pytest.mark.parametrize(
    ("path", "meant"), [("role", "roles"), ("guard.modes", "guard.mode"), ("roles.solver.step", "roles.solver.steps")]
)
def test_a_wrong_path_is_named_with_what_is_near(path, meant):
    with pytest.raises(UnknownNameError, match=f"unknown setting .* Did you mean '{meant}'"):
        listed(f"settings.{path}")


def test_brackets_in_a_description_survive():
    assert "[0, 1]" in listed("rewards")


def test_listing_loads_no_model_library():
    code = (
        "import sys; from selfplay_gym.cli import main; main(['list']);"
        "print([m for m in ('torch', 'transformers', 'sympy') if m in sys.modules], file=sys.stderr)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert run.stderr.strip() == "[]"
    assert "majority" in run.stdout


def test_a_target_that_is_not_there_is_listed_without_words():
    assert describe("x", "no_such_module_at_all.sub:thing") == ""
    assert describe("x", "selfplay_gym.core.seeding:no_such_name") == ""


def test_a_description_is_the_first_sentence():
    assert first_sentence("adds 1.5 to\n  it. And more.\n\nDetails.") == "Adds 1.5 to it."
    assert first_sentence("No full stop\n\nDetails.") == "No full stop"
    assert first_sentence("") == ""


def test_the_rewards_of_whoever_answers_are_all_listed():
    assert {name.removeprefix("solver: ") for name in ANSWER_REWARDS} == set(ANSWERING)
    assert "solver: efficiency" in listed("rewards")
