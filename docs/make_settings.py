"""Writes the tables of docs/settings.md from the source of the settings: `make settings`.

Only what stands between the two marks of the page is replaced; `tests/test_documents.py` fails when it is out of date.
`--print` reads a page from standard input and prints it with its tables made anew.
"""

# mypy: ignore-errors
# As for examples: it imports the installed package, which mypy does not look for when it reads the checkout.

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from selfplay_gym.core import registries
from selfplay_gym.selfplay.commands.list_names import names_of
from selfplay_gym.selfplay.settings.describe import Setting, settings
from selfplay_gym.selfplay.settings.presets import PRESETS
from selfplay_gym.selfplay.settings.tree import flatten
from selfplay_gym.selfplay.settings.turn_games import turn_settings

PAGE = Path(__file__).with_name("settings.md")
TURNS = (
    "What `train --env` begins with under the preset `tiny` if the player starts as `tiny` and nobody names stages. "
    "Else there is no warm-up, and nothing is skipped. `selfplay-gym list settings.roles.player` lists the settings."
)
BEGIN, END = "<!-- made by `make settings`: begin -->", "<!-- made by `make settings`: end -->"


def page(text: str) -> str:
    """The page with its tables made anew."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{tables()}\n\n{END}{after}"


def tables() -> str:
    """All settings, part by part; then presets, stages and sources."""
    blocks = [
        f"### {part}\n\n" + _table(("setting", "type", "default", "what"), map(_row, rows))
        for part, rows in groupby(_merged(), lambda setting: _part(setting.path))
    ]
    presets = ((f"`{name}`", preset.about, _changes(preset.changes)) for name, preset in PRESETS.items())
    blocks.append("## Presets\n\n" + _table(("preset", "what", "what it changes of the defaults"), presets))
    named = [game for game in registries.turn_games.names() if not game.endswith(":")]
    games = [(f"`{game}`", _changes(turn_settings(game))) for game in named]
    games.append(("any other", _changes(turn_settings(""))))
    blocks.append("## Turn games\n\n" + TURNS + "\n\n" + _table(("game", "what it changes of the defaults"), games))
    for kind in ("stages", "sources"):
        rows = ((f"`{name}`", about) for name, about in names_of(kind))
        blocks.append(f"## {kind.capitalize()}\n\n" + _table((kind[:-1], "what"), rows))
        if kind == "stages":
            blocks.append(_table(("stage", "option", "default", "what"), _stage_options()))
    return "\n\n".join(blocks)


def _stage_options() -> Iterator[tuple[str, ...]]:
    """The options of every stage, as its constructor has them and its docstring explains them."""
    for name in registries.stages.names():
        factory = registries.stages.factory(name)
        meanings = _meanings(inspect.getdoc(factory) or "")
        for option in inspect.signature(factory).parameters.values():
            if isinstance(factory, type) and factory.__init__ is object.__init__:
                continue
            default = "to be given" if option.default is option.empty else f"`{_written(option.default)}`"
            yield f"`{name}`", f"`{option.name}`", default, meanings.get(option.name, "")


def _meanings(docstring: str) -> dict[str, str]:
    """What the section "Args" of a docstring says of each argument."""
    section = re.search(r"^Args:\n((?:    .*\n?|\n)*)", docstring, re.M)
    found = re.findall(r"^    ([\w, ]+): ((?:.*)(?:\n {8,}.*)*)", section[1] if section else "", re.M)
    return {name: " ".join(text.split()) for names, text in found for name in names.split(", ")}


def _merged() -> Iterator[Setting]:
    """Every setting once: the rows of the table of roles as one, with the defaults of each where they differ."""
    by_path = {setting.path: setting for setting in settings()}
    names = list(dict.fromkeys(path.split(".")[1] for path in by_path if path.startswith("roles.")))
    for path, setting in by_path.items():
        if not path.startswith("roles."):
            yield setting
            continue
        _, name, rest = path.split(".", 2)
        if name == names[0]:
            defaults = {one: by_path[f"roles.{one}.{rest}"].default for one in names}
            same = len({_written(default) for default in defaults.values()}) == 1
            yield setting._replace(path=f"roles.*.{rest}", default=setting.default if same else defaults)


def _part(path: str) -> str:
    return path.rpartition(".")[0] or "The run"


def _row(setting: Setting) -> tuple[str, ...]:
    default = setting.default
    if setting.path.startswith("roles.") and isinstance(default, dict):
        shown = ", ".join(f"{name}: `{_written(value)}`" for name, value in default.items())
    else:
        shown = f"`{_written(default)}`"
    return f"`{setting.path}`", setting.type, shown, setting.about


def _changes(changes: Any) -> str:
    found = flatten(changes)
    return ", ".join(f"`{path}={_written(value)}`" for path, value in found) or "nothing"


def _written(value: Any) -> str:
    """A value as TOML has it, on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {_written(one)}" for name, one in value.items()) + "}"
    return "none" if value is None else json.dumps(value, ensure_ascii=False)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines)


if __name__ == "__main__":
    if sys.argv[1:] == ["--print"]:
        print(page(sys.stdin.read()), end="")
    else:
        PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
