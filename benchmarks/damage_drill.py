"""Damage in a run folder, file by file: is every one named, and then repaired from an older state, or refused?

    python benchmarks/damage_drill.py [--most 1000] [--seed 0]

A run of the preset `debug` with the real tiny model is played to its end, and once more to the middle of its second
round. A copy of the half one is damaged in one place and resumed in this process. Kinds: a digit flipped, the tail
zeroed, cut in half, removed, garbage in place, a folder in place, a link to a file elsewhere; for `state.json` also
values that no run would write, with and without a checksum that fits.

    repaired   the run says what was wrong, goes on, and ends equal to the whole one: logs and weights
    refused    one line that names the file; nothing in the folder has changed
    SILENT     neither; what must never be. So are a file elsewhere that changed, and any other exception

Left out: `report.html` and pages for people, which are made of the rest, and `run.lock`, which says who writes; these
only as links.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from selfplay_gym.core.errors import RunError
from selfplay_gym.core.seeding import python_stream
from selfplay_gym.selfplay.storage.files import CHECKSUM, write_json, write_sealed
from selfplay_gym.selfplay.storage.run_folder import LOGS, RunFolder

SETTINGS = {
    "questions.count": 16,
    "roles.*.max_new_tokens": 32,
    "roles.challenger.groups": 2,
    "roles.solver.groups": 4,
    "roles.*.steps": 2,
    "exam": {"questions": 4, "samples": 1},
    "guard": {"mode": "on", "questions": 4},
}
DERIVED = {"report.html", "run.lock", "README.md"}
STATES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "nothing": lambda state: {},
    "a list": lambda state: [state],
    "no logs": lambda state: {name: value for name, value in state.items() if name != "logs"},
    "a round of text": lambda state: {**state, "round": "3"},
    "a negative step": lambda state: {**state, "step": -1},
    "round 10**9": lambda state: {**state, "round": 10**9},
    "a stage nobody has": lambda state: {**state, "phase": "win"},
    "a log elsewhere": lambda state: {**state, "logs": {**state["logs"], "../elsewhere/precious": 4}},
    "a log that is longer": lambda state: {**state, "logs": {**state["logs"], "metrics": 2**40}},
    "a log that is shorter": lambda state: {**state, "logs": {**state["logs"], "metrics": 40}},
    "a checkpoint elsewhere": lambda state: {**state, "checkpoints": {"solver": "../../elsewhere"}},
    "a checkpoint of nobody": lambda state: {**state, "checkpoints": {"judge": "judge-01-001"}},
    "a best of text": lambda state: {**state, "best": {"round": "x"}},
    "a guard of text": lambda state: {**state, "hooks": {"guard": {"rule": {"best": "x"}}}},
    "a curriculum of text": lambda state: {**state, "curriculum": {"level": "high"}},
    "a rate of text": lambda state: {**state, "rate_scale": "fast"},
    "other settings": lambda state: {**state, "settings": ["0" * 64]},
}
"""States that no run writes, by what is wrong with them."""


@dataclass(frozen=True)
class Damage:
    """One place, and what is done to it; `file` is relative to the run folder."""

    file: str
    kind: str


@dataclass(frozen=True)
class Outcome:
    """What came of it: "repaired", "refused" or "SILENT", and what was said."""

    damage: Damage
    verdict: str
    said: str


def damages(run: Path) -> list[Damage]:
    """Everything that is tried on a run folder."""
    found = []
    files = sorted(path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file())
    for file in files:
        derived = Path(file).name in DERIVED
        kinds = ["link"] if derived else ["remove", "garbage", "folder", "link"]
        content = (run / file).read_bytes()
        if content and not derived:
            kinds += ["zero", "cut"]
        if any(48 <= byte < 58 for byte in content) and not derived:
            kinds.append("flip")
        found += [Damage(file, kind) for kind in kinds]
    found += [Damage("state.json", f"state: {name}, {seal}") for name in STATES for seal in ("unsealed", "sealed")]
    found += [Damage("state.json", kind) for kind in ("nan", "nested", "without its checksum")]
    found += [Damage("checkpoints", kind) for kind in ("remove", "link")]
    return found


def inflict(run: Path, damage: Damage, elsewhere: Path) -> None:
    """Do it; `elsewhere` is where links lead."""
    path, kind = run / damage.file, damage.kind
    if kind.startswith("state: "):
        name, _, seal = kind.removeprefix("state: ").rpartition(", ")
        state = STATES[name](_state(path))
        sealed = seal == "sealed" and isinstance(state, dict)
        (write_sealed if sealed else write_json)(path, state) if isinstance(state, dict) else path.write_text(
            json.dumps(state)
        )
    elif kind == "nan":
        path.write_text(path.read_text().replace('"rate_scale": 1.0', '"rate_scale": NaN'))
    elif kind == "nested":
        path.write_text("[" * 200_000)
    elif kind == "without its checksum":
        write_json(path, {n: v for n, v in _state(path).items() if n != "log_sha256"})
    elif kind == "remove":
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    elif kind == "garbage":
        path.write_bytes(bytes(range(256)) * 4)
    elif kind == "folder":
        path.unlink()
        path.mkdir()
    elif kind == "link":
        target = elsewhere / path.name
        shutil.move(path, target)
        path.symlink_to(target)
    else:
        path.write_bytes(_changed(path.read_bytes(), kind))


def _state(path: Path) -> dict[str, Any]:
    return {name: value for name, value in json.loads(path.read_text()).items() if name != CHECKSUM}


def _changed(content: bytes, kind: str) -> bytes:
    if kind == "cut":
        return content[: len(content) // 2]
    if kind == "zero":
        return content[:-64] + bytes(min(64, len(content)))
    digits = [place for place, byte in enumerate(content) if 48 <= byte < 58]
    place = digits[len(digits) // 2]
    return content[:place] + bytes([48 + (content[place] - 47) % 10]) + content[place + 1 :]


def fingerprint(folder: Path) -> dict[str, str]:
    """Checksum of every file below a folder; links are named, not followed."""
    return {
        path.relative_to(folder).as_posix(): "link" if path.is_symlink() else sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def drill(half: Path, whole: dict[str, Any], damage: Damage, room: Path, resume: Callable[[Path], object]) -> Outcome:
    """Damage a copy of the half run, resume it, and look.

    Args:
        whole: what `result` gives for the run that was left alone.
        resume: plays a folder to its end.
    """
    run, elsewhere = room / "run", room / "elsewhere"
    for folder in (run, elsewhere):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(half, run, symlinks=True)
    elsewhere.mkdir()
    (elsewhere / "precious.jsonl").write_text('{"precious": 1}\n')
    inflict(run, damage, elsewhere)
    precious, before = fingerprint(elsewhere), fingerprint(run)
    try:
        resume(run)
        refused = None
    except RunError as error:
        refused = str(error)
    except Exception as error:  # noqa: BLE001 - anything else is what is looked for
        return Outcome(damage, "SILENT", f"{type(error).__name__}: {error}")
    if fingerprint(elsewhere) != precious:
        return Outcome(damage, "SILENT", "a file elsewhere was changed")
    if refused is not None:
        name = damage.file.rpartition("/")[2]
        untouched = {n: s for n, s in fingerprint(run).items() if n != "run.lock"}
        same = untouched == {n: s for n, s in before.items() if n != "run.lock"}
        named = any(word in refused for word in (name, "stands at", "config.toml is not as"))
        sound = same and named and "\n" not in refused
        return Outcome(damage, "refused" if sound else "SILENT", refused)
    said = [row["why"] for row in RunFolder.open(run).rows("guard") if row.get("event") == "damage"]
    if Path(damage.file).name in DERIVED:
        return Outcome(damage, "repaired", "it is made anew")
    equal = result(run) == whole
    if equal and damage.kind == "garbage" and not said and not (half / damage.file).stat().st_size:
        return Outcome(damage, "repaired", "what lies behind the last commit was cut off, as after a kill")
    return Outcome(damage, "repaired" if said and equal else "SILENT", f"{said}, {'equal' if equal else 'DIFFERENT'}")


def result(run: Path) -> dict[str, Any]:
    """What a run must reproduce: logs but the clock's, without the damage they tell, and the weights it ends with."""
    folder = RunFolder.open(run)
    found: dict[str, Any] = {
        name: [row for row in folder.rows(name) if row.get("event") != "damage"] for name in LOGS if name != "timings"
    }
    for name in folder.state["checkpoints"].values():
        files = fingerprint(run / "checkpoints" / name)
        found[name] = {file: sum_ for file, sum_ in files.items() if file != "snapshot.json"}
    return found


def sample(found: list[Damage], most: int, seed: int) -> list[Damage]:
    """At most so many, of every kind and every file alike."""
    rng = python_stream(seed, "damage drill")
    return found if len(found) <= most else rng.sample(found, most)


def drills(
    half: Path, whole: Path, room: Path, resume: Callable[[Path], object], *, most: int, seed: int
) -> Iterator[Outcome]:
    """One drill after the other."""
    expected = result(whole)
    for damage in sample(damages(half), most, seed):
        yield drill(half, expected, damage, room, resume)


def main() -> None:
    from selfplay_gym.selfplay.run.run import SelfPlay
    from selfplay_gym.selfplay.run.stage import Interrupted
    from selfplay_gym.selfplay.run.train import make_run, train
    from selfplay_gym.selfplay.settings.files import to_toml
    from selfplay_gym.selfplay.settings.presets import preset

    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--most", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    config = preset("debug").replace(SETTINGS)
    seen, begun = Counter[str](), time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        room = Path(name)
        train(config, room / "whole")
        run: SelfPlay = make_run(
            config, RunFolder.vacant(room / "half"), stop=lambda: (run.round, run.phase) == (2, "label")
        )
        run.folder.begin(to_toml(config), {"command": "damage drill"})
        with suppress(Interrupted):
            run.run()
        for outcome in drills(
            room / "half",
            room / "whole",
            room,
            lambda path: train(config, path, resume=True),
            most=options.most,
            seed=options.seed,
        ):
            seen[outcome.verdict] += 1
            if outcome.verdict == "SILENT":
                print(f"SILENT: {outcome.damage}: {outcome.said}", flush=True)
    print(f"{sum(seen.values())} drills: {dict(seen)}; {(time.monotonic() - begun) / 60:.1f} minutes")
    sys.exit(seen["SILENT"] > 0)


if __name__ == "__main__":
    main()
