"""Writes docs/commands.md from the command line itself: `make settings`.

`tests/test_documents.py` fails when the page is out of date. `--print` prints it.
"""

# mypy: ignore-errors
# As for examples: it imports the installed package, which mypy does not look for when it reads the checkout.

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from selfplay_gym.cli import app

PAGE = Path(__file__).with_name("commands.md")
HEAD = """# Commands

Every command of `selfplay-gym` and every option, as `selfplay-gym COMMAND --help` says them. Whatever goes wrong is one
line and exit code 2; an interrupt ends with 130, SIGTERM with 143. This page is made by `make settings`.

| command | what it does |
|---|---|
"""


def page() -> str:
    """The whole page: a table of commands, then each with its options."""
    names = sorted(app.commands)
    lines = [f"| [`{name}`](#selfplay-gym-{name}) | {_short(app.commands[name])} |" for name in names]
    return HEAD + "\n".join(lines) + "\n" + "".join(_command(app.commands[name], name) for name in names)


def _short(command: click.Command) -> str:
    return _safe(command.get_short_help_str(200))


def _command(command: click.Command, name: str) -> str:
    context = click.Context(command, info_name=f"selfplay-gym {name}")
    usage = " ".join(command.collect_usage_pieces(context))
    told = "\n\n".join(" ".join(part.split()) for part in inspect.cleandoc(command.help or "").split("\n\n"))
    rows = [row for parameter in command.get_params(context) for row in _rows(parameter, context)]
    return (
        "\n".join([f"\n## selfplay-gym {name}\n", f"`selfplay-gym {name} {usage}`\n", _safe(told), *_table(rows)])
        + "\n"
    )


def _table(rows: list[tuple[str, ...]]) -> Iterator[str]:
    if rows:
        yield "\n| option | default | what |\n|---|---|---|"
        yield from ("| " + " | ".join(cell.replace("|", r"\|") for cell in row) + " |" for row in rows)


def _rows(parameter: click.Parameter, context: click.Context) -> Iterator[tuple[str, ...]]:
    record = parameter.get_help_record(context)
    if record is None or parameter.name == "help":
        return
    default = parameter.get_default(context)
    shown = isinstance(default, bool | str | int | float | Path) and default is not False and str(default)
    yield f"`{record[0]}`", f"`{default}`" if shown else "", _safe(record[1])


SETTING = re.compile(r"(--set (?:'[^']+'|[^\s,;]+[^\s,;.]))")


def _safe(text: str) -> str:
    """Help texts as Markdown: settings as code, and elsewhere no sign that means something there."""
    parts = SETTING.split(text)
    parts[1::2] = [f"`{setting}`" for setting in parts[1::2]]
    parts[::2] = [re.sub(r"([*<[])", r"\\\1", prose) for prose in parts[::2]]
    return "".join(parts)


if __name__ == "__main__":
    if sys.argv[1:] == ["--print"]:
        print(page(), end="")
    else:
        PAGE.write_text(page(), encoding="utf-8")
