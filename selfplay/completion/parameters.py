"""Which parameters of the commands are completed how: by their names, which mean the same in every command."""

from __future__ import annotations

from types import MethodType

from click import Context, Group, Parameter
from click.shell_completion import CompletionItem

from . import candidates as known
from .candidates import Complete

BY_NAME: dict[str, Complete] = {
    "agent": known.agents,
    "agents": known.pairs,
    "baseline": known.registered("variants"),
    "challenger": known.players,
    "env": known.registered("envs"),
    "folders": known.runs,
    "generator": known.registered("generators"),
    "kind": known.kinds,
    "preset": known.registered("presets"),
    "reward": known.registered("rewards"),
    "run": known.runs,
    "run_dir": known.runs,
    "settings": known.settings,
    "solver": known.players,
    "suite": known.suites,
    "variants": known.registered("variants"),
    "verifier": known.registered("verifiers"),
}
IN_ONE_COMMAND: dict[tuple[str, str], Complete] = {("warmup", "preset"): known.fixed("tiny", "frontier")}


def attach(group: Group) -> None:
    """Let the parameters of all commands complete as the tables say."""
    for name, command in group.commands.items():
        for parameter in command.params:
            complete = IN_ONE_COMMAND.get((name, parameter.name or "")) or BY_NAME.get(parameter.name or "")
            if complete is not None:
                parameter.shell_complete = _method(parameter, complete)  # type: ignore[method-assign]


def _method(parameter: Parameter, complete: Complete) -> MethodType:
    def shell_complete(self: Parameter, context: Context, incomplete: str) -> list[CompletionItem[str]]:
        return complete(incomplete)

    return MethodType(shell_complete, parameter)
