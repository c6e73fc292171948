"""What holds on this machine: versions, optional extras, devices, and how well programs can be isolated."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from ...agents.packages import NAME, command_for, declared
from ...verifiers.sandbox import LEVELS, probe
from ...verifiers.sandbox.levels import REMEDIES


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's report."""

    topic: str
    """"versions", "extras", "devices" or "sandbox"."""
    name: str
    state: str
    ok: bool = True
    """False where something is missing that a feature needs."""
    remedy: str = ""
    """How to get what is missing."""

    def __str__(self) -> str:
        mark = "ok" if self.ok else "--"
        remedy = f"   ({self.remedy})" if self.remedy else ""
        return f"{self.topic:9} {mark}  {self.name:22} {self.state}{remedy}"


def doctor(*, devices: bool = True) -> list[Finding]:
    """Look at everything; takes a few seconds, most of them for importing torch (`devices=False` leaves that out)."""
    found = [*_versions(), *_extras()]
    if devices:
        found += _devices()
    return [*found, *_sandbox()]


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _versions() -> Iterator[Finding]:
    yield Finding("versions", "python", f"{platform.python_version()} on {platform.platform()}")
    yield Finding("versions", NAME, _installed(NAME) or "not installed (imported from a folder)")
    for name, extra in declared():
        if extra is None:
            have = _installed(name)
            yield Finding(
                "versions",
                name,
                have or "missing",
                have is not None,
                "" if have else command_for(name.replace("-", "_")),
            )


def _extras() -> Iterator[Finding]:
    needs: dict[str, list[str]] = {}
    for name, extra in declared():
        if extra is not None:
            needs.setdefault(extra, []).append(name)
    for extra, names in sorted(needs.items()):
        missing = [name for name in names if _installed(name) is None]
        state = "complete" if not missing else f"lacks {', '.join(missing)}"
        remedy = f"pip install '{NAME}[{extra}]'" if missing else ""
        yield Finding("extras", extra, state, not missing, remedy)


def _devices() -> Iterator[Finding]:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    yield Finding("devices", "cpu", f"{usable} usable of {os.cpu_count()}, {platform.machine()}{_memory()}")
    try:
        import torch
    except ImportError as error:
        yield Finding("devices", "torch", f"cannot be imported: {error}", False, command_for("torch"))
        return
    yield Finding("devices", "torch", f"{torch.__version__}, {torch.get_num_threads()} threads")
    for index in range(torch.cuda.device_count()):
        facts = torch.cuda.get_device_properties(index)
        yield Finding("devices", f"cuda:{index}", f"{facts.name}, {facts.total_memory / 2**30:.0f} GiB")
    if torch.backends.mps.is_available():
        yield Finding("devices", "mps", "available")


def _memory() -> str:
    try:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # no Unix, or it does not tell
        return ""
    return f", {size / 2**30:.0f} GiB memory"


def _sandbox() -> Iterator[Finding]:
    status = probe()
    safe = status.refusal is None
    yield Finding("sandbox", "isolation", status.level or "none", safe, "" if safe else str(status.refusal))
    for layer in LEVELS["full"]:
        held = layer in status.layers
        reason = status.missing.get(layer, "not reached")
        yield Finding("sandbox", layer, "holds" if held else reason, held, "" if held else REMEDIES.get(layer, ""))
    if "probe" in status.missing:
        yield Finding("sandbox", "probe", status.missing["probe"], False, REMEDIES["probe"])
    elif safe:
        yield Finding("sandbox", "probe", "11 attacks from inside were blocked")
    if sys.platform == "linux" and "landlock" in status.layers:
        yield Finding("sandbox", "landlock abi", str(status.facts.get("landlock_abi")))
