"""What may stand where on the command line: agents, suites, presets, settings with their values, and runs.

They import what they need when they are called, and never torch.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from click.shell_completion import CompletionItem

Complete = Callable[[str], list[CompletionItem[str]]]
"""What was typed of a word → the words it can become."""
MOST = 500
"""Candidates at most: a folder may hold any number of files."""


def _beginning(names: Iterable[str], typed: str, about: str = "") -> list[CompletionItem[str]]:
    """The names that begin as typed; one with a colon at its end goes on."""
    found = (name for name in names if name.startswith(typed))
    return [CompletionItem(name, help=about or None, open=name.endswith((":", "=", "/", "."))) for name in found]


def registered(kind: str, *more: str) -> Complete:
    """The names of a kind of `selfplay-gym list`, and further ones."""

    def complete(typed: str) -> list[CompletionItem[str]]:
        return _beginning(sorted({*more, *names(kind)}), typed)

    return complete


def fixed(*choices: str) -> Complete:
    """These names."""

    def complete(typed: str) -> list[CompletionItem[str]]:
        return _beginning(choices, typed)

    return complete


def names(kind: str) -> list[str]:
    """The names of a kind, without their descriptions."""
    from ...core.registries import ALL

    if kind in ALL:
        return ALL[kind].names()
    if kind == "presets":
        from ..settings.presets import PRESETS

        return list(PRESETS)
    if kind == "envs":
        import gymnasium as gym

        return sorted(name for name, spec in gym.registry.items() if "selfplay_gym" in str(spec.entry_point))
    if kind == "suites":
        from ..exams.suites import describe_suites

        return sorted({*names("generators"), *names("domains"), *(name for name, _ in describe_suites())})
    if kind == "variants":
        from ..ablate.rows import VARIANTS

        return list(VARIANTS)
    return []


def players(typed: str) -> list[CompletionItem[str]]:
    """Those who can play: agents, and the person at the keyboard."""
    return [*_beginning(["me"], typed), *agents(typed)]


def pairs(typed: str) -> list[CompletionItem[str]]:
    """Agents, alone or as CHALLENGER+SOLVER."""
    return _after_last("+", typed, agents)


def agents(typed: str) -> list[CompletionItem[str]]:
    """Agents by name, and folders with a model in them."""
    from ..bench.resolve_agent import MODELS

    found = _beginning(sorted({*names("agents"), *MODELS}), typed)
    return [*found, *_folders(typed, _is_model)] if typed else found


def suites(typed: str) -> list[CompletionItem[str]]:
    """Suites, several with commas between them."""
    return _after_last(",", typed, lambda last: _beginning(names("suites"), last))


def runs(typed: str) -> list[CompletionItem[str]]:
    """Run folders, here and in `runs`, and folders on the way to others."""
    near = [] if "/" in typed or not Path("runs").is_dir() else _folders("runs/", _is_run, only=True)
    return [*(item for item in near if item.value.startswith(typed)), *_folders(typed, _is_run)][:MOST]


def kinds(typed: str) -> list[CompletionItem[str]]:
    """What `list` lists, and the parts of the settings."""
    from ..commands.list_names import KINDS, SETTINGS

    parts = {f"{SETTINGS}.{'.'.join(path.split('.')[:depth])}" for path in _paths() for depth in range(1, 4)}
    return _beginning([*KINDS, SETTINGS, *(sorted(parts) if typed.startswith(f"{SETTINGS}.") else ())], typed)


def settings(typed: str) -> list[CompletionItem[str]]:
    """PATH=, step by step from dot to dot, and then the values that are known for this setting."""
    path, equals, _ = typed.partition("=")
    if equals:
        return _beginning((f"{path}={one}" for one in values(path)), typed)
    paths = _paths()
    if path.startswith("roles.*"):
        paths = sorted({re.sub(r"^roles\.\w+", "roles.*", one) for one in paths if one.startswith("roles.")})
    begun = [one for one in paths if one.startswith(path)]
    steps = {path + re.match(r"[^.]*\.?", one[len(path) :])[0] for one in begun}  # type: ignore[index]
    if len(steps) == 1 and len(begun) > 1:  # one way to go: show where it leads
        (only,) = steps
        steps = {only + re.match(r"[^.]*\.?", one[len(only) :])[0] for one in begun}  # type: ignore[index]
    return _beginning(sorted(step if step.endswith(".") else f"{step}=" for step in steps), typed)


def values(path: str) -> list[str]:
    """The values a setting can have, as far as they are names; numbers and free text give its default alone."""
    from ..settings import describe

    wanted = path.replace("roles.*.", "roles.solver.")
    found = next((one for one in describe.settings() if one.path == wanted), None)
    if found is None:
        return []
    if "switch" in found.type:
        return ["true", "false"]
    if literals := re.findall(r"'([^']*)'", found.type):
        return literals
    known = _named(path.rpartition(".")[2] if path.startswith("roles.") else path)
    default = found.default
    return known or ([str(default)] if isinstance(default, str | int | float) else [])


def _named(setting: str) -> list[str]:
    """The names that a setting takes: below "roles" by its last word, else by its path."""
    from ...agents.model_names import SHIPPED
    from ...agents.roles.sharing_kinds import WEIGHT_SHARING
    from ..settings.parts import GUARD_MODES

    kind = {
        "env": "envs",
        "update": "updates",
        "opponents": "opponents",
        "baseline": "baselines",
        "condition": "conditions",
        "reward": "rewards",
        "policy": "policies",
        "questions.generator": "generators",
        "questions.curriculum": "curricula",
        "labels.source": "verifiers",
        "compute.sampler": "samplers",
        "compute.workers": "workers",
        "trackers": "trackers",
        "exam.suites": "suites",
        "evaluation.suites": "suites",
    }.get(setting)
    fixed = {
        "labels.source": ["vote"],
        "reward": ["label"],
        "model": [*SHIPPED, "smollm2"],
        "weight_sharing": list(WEIGHT_SHARING),
        "guard.mode": list(GUARD_MODES),
        "template": ["plain", "r-zero"],
    }.get(setting, [])
    return [*fixed, *(names(kind) if kind else [])]


def _paths() -> list[str]:
    from ..settings import describe

    return [setting.path for setting in describe.settings()]


def _after_last(
    mark: str, typed: str, complete: Callable[[str], list[CompletionItem[str]]]
) -> list[CompletionItem[str]]:
    """Candidates for what follows the last mark, with what stands before it."""
    before, found, last = typed.rpartition(mark)
    return [
        CompletionItem(before + found + item.value, type=item.type, help=item.help, open=item.open)
        for item in complete(last)
    ]


def _folders(typed: str, wanted: Callable[[Path], bool], *, only: bool = False) -> list[CompletionItem[str]]:
    """The folders that continue a path: those that are wanted as words, others (unless `only`) as a way further."""
    above, slash, begun = typed.rpartition("/")
    found = []
    for name in _subfolders(Path(os.path.expanduser(above + slash) or "."), begun):
        path = Path(os.path.expanduser(above + slash), name)
        if wanted(path):
            found.append(CompletionItem(f"{above}{slash}{name}"))
        elif not only:
            found.append(CompletionItem(f"{above}{slash}{name}/", open=True))
    return found


def _subfolders(folder: Path, begun: str) -> Iterator[str]:
    """The names of at most `MOST` folders in a folder; hidden ones only when their dot was typed."""
    try:
        entries = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir())
    except OSError:
        return
    visible = [name for name in entries if name.startswith(begun) and (begun.startswith(".") or name[0] != ".")]
    yield from (name for name in visible[:MOST] if name.isprintable())


def _is_run(folder: Path) -> bool:
    return (folder / "config.toml").is_file()


def _is_model(folder: Path) -> bool:
    return any((folder / name).is_file() for name in ("config.json", "role.json"))
