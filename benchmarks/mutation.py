"""Do the tests notice faults in the code that labels, rewards and updates stand on? Mutation testing, area by area.

    python benchmarks/mutation.py [AREA | FILE ...] [--sample N] [--seed 0] [--journal FILE] [--json FILE] [--summary]

Which faults: `mutation_operators.py`. Of each file `--sample` mutants are drawn by `--seed`, or all are tried. A mutant
is run against those test files of its area (`AREAS`) in which a test touches its statement: the tests that touch it
first, the quickest at the head, and the first failure ends it. `--journal` makes it resumable: a mutant that was killed
is not tried again while its file is the same, a survivor only if the tests are the same too.

One warm process has imported PyTorch and whatever else the tests need, but nothing of this package. For each mutant it
forks, and the fork imports the package with the mutant's text in place of the file. Nothing on disk is changed.

Reported: mutants, killed, survivors. `data/mutants.toml` lists survivors that were looked at, with the reason why they
may live: `equivalent` ones, which no test could notice, count for nothing.

Needs `pip install -e '.[test,mutation]'`. What it does not show: whether a test fails for the right reason.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import importlib
import importlib.util
import json
import os
import pickle
import random
import resource
import signal
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

import pytest
from mutation_operators import Mutant, mutants

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "selfplay_gym"
KNOWN = Path(__file__).parent / "data" / "mutants.toml"
KILLED = ("killed", "timeout")
LOADING_S = 60
"""CPU seconds until the first test begins, at most."""
MEMORY = 12 * 2**30
"""Bytes of address space that the tests of one mutant may take."""


@dataclass(frozen=True)
class Area:
    """Files that belong together, and the tests that are to hold them: those beside them, not whole runs. Patterns."""

    files: tuple[str, ...]
    tests: tuple[str, ...]


AREAS = {
    "rules": Area(
        (
            "envs/game/askers.py",
            "envs/game/domains.py",
            "envs/game/engine.py",
            "envs/game/proposals.py",
            "envs/game/question_*.py",
            "selfplay/run/labels.py",
        ),
        ("tests/envs/game", "tests/selfplay/run/test_labels*.py"),
    ),
    "rewards": Area(
        ("envs/rewards/*.py", "selfplay/roles/rewards.py"),
        ("tests/envs/rewards", "tests/selfplay/roles/test_rewards*.py"),
    ),
    "teacher": Area(("envs/views/teacher.py",), ("tests/envs/views/test_teacher*.py",)),
    "votes": Area(
        ("verifiers/ensembles/classes.py", "verifiers/ensembles/compound.py", "verifiers/ensembles/majority.py"),
        ("tests/verifiers/ensembles",),
    ),
    "extraction": Area(
        ("core/extraction/*.py",),
        ("tests/core/test_extraction*.py", "tests/core/extraction", "tests/verifiers/references/test_extraction.py"),
    ),
    "grpo": Area(
        (
            "agents/grpo.py",
            "agents/training/baselines.py",
            "agents/training/batch.py",
            "agents/training/config.py",
            "agents/training/dynamic_sampling.py",
            "agents/training/loss_scale.py",
            "agents/training/reward_fn.py",
            "agents/training/trainer.py",
        ),
        ("tests/agents/test_grpo*.py", "tests/agents/training"),
    ),
    "guard": Area(
        ("selfplay/guard/*.py",),
        tuple(
            f"tests/selfplay/guard/test_{name}.py"
            for name in ("controller", "measures", "monitor", "thresholds", "validation*")
        ),
    ),
    "storage": Area(
        ("selfplay/storage/*.py",),
        ("tests/selfplay/storage/test_[!d]*.py",),  # test_damage drills whole runs
    ),
}


def files_of(patterns: Iterable[str], within: str = "*.py") -> list[str]:
    """The files that patterns name, of a folder those `within`."""
    paths: list[Path] = []
    for pattern in patterns:
        for path in sorted(ROOT.glob(pattern)):
            paths += sorted(path.rglob(within)) if path.is_dir() else [path]
    return [path.relative_to(ROOT).as_posix() for path in dict.fromkeys(paths)]


# --- running tests in a fork ---


def forked(work: Callable[[], Any], *, cpu_s: float, wall_s: float, quiet: bool = True) -> tuple[str, Any]:
    """What `work` returned in a process of its own: ("done", value), ("timeout", None) or ("died", None)."""
    with tempfile.TemporaryFile() as answer:
        child = os.fork()
        if child == 0:
            _in_child(work, answer.fileno(), cpu_s, quiet)
        ended, status = _waited(child, wall_s)
        if not ended or (
            os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGPROF, signal.SIGXCPU, signal.SIGKILL)
        ):
            return "timeout", None
        answer.seek(0)
        text = answer.read()
        return ("done", pickle.loads(text)) if text else ("died", None)  # noqa: S301 - our own fork wrote it


def _in_child(work: Callable[[], Any], answer: int, cpu_s: float, quiet: bool) -> None:
    try:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_CPU, (int(cpu_s) + 1, int(cpu_s) + 2))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        if quiet:
            null = os.open(os.devnull, os.O_RDWR)
            for descriptor in (0, 1, 2):
                os.dup2(null, descriptor)
        os.write(answer, pickle.dumps(work()))
    finally:
        os._exit(0)


def _waited(child: int, wall_s: float) -> tuple[bool, int]:
    """Whether the child ended by itself, and its status; nothing it started is left running."""
    until = time.monotonic() + wall_s
    try:
        while time.monotonic() < until:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                return True, status
            time.sleep(0.01)
        return False, 0
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(child, 0)


class Mutated(SourceFileLoader):
    """Loads a module from a text instead of its file."""

    def __init__(self, name: str, path: str, text: str) -> None:
        super().__init__(name, path)
        self.text = text

    def get_code(self, fullname: str) -> Any:
        return compile(self.text, self.path, "exec", dont_inherit=True)


class Exchange:
    """A finder that knows one module."""

    def __init__(self, path: str, text: str) -> None:
        self.path, self.text = path, text
        self.name = f"{PACKAGE}.{path.removesuffix('.py').replace('/', '.')}"

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name != self.name:
            return None
        file = str(ROOT / self.path)
        return importlib.util.spec_from_file_location(name, file, loader=Mutated(name, file, self.text))


class InOrder:
    """Pytest plug-in: plays the tests in the order given, notes which failed, and ends the process where one loops.

    Args:
        cpu_s: of each test, in order, when nothing is wrong.
    """

    def __init__(self, cpu_s: Mapping[str, float]) -> None:
        self.place, self.cpu_s = {name: i for i, name in enumerate(cpu_s)}, cpu_s
        self.failed: str | None = None
        signal.setitimer(signal.ITIMER_PROF, LOADING_S)  # its signal ends the process

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        items.sort(key=lambda item: self.place.get(item.nodeid, len(self.place)))

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        signal.setitimer(signal.ITIMER_PROF, 5 + 10 * self.cpu_s.get(nodeid, 1.0))

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed and self.failed is None:
            self.failed = report.nodeid


def run_tests(files: Sequence[str], plugin: Any) -> int:
    """pytest's exit code; nothing is written."""
    from hypothesis import settings

    settings.register_profile("mutation", database=None, derandomize=True)
    options = ["-q", "-x", "-m", "not slow and not gpu", "-p", "no:cacheprovider", "--hypothesis-profile", "mutation"]
    return int(pytest.main([*options, *files], plugins=[plugin]))


# --- which tests touch which lines ---


@dataclass
class Touched:
    """What one test file does with the files of an area.

    Attributes:
        cpu_s: of each test, coverage included.
        lines: test → file → lines.
        modules: everything that was imported from elsewhere.
    """

    cpu_s: dict[str, float] = field(default_factory=dict)
    lines: dict[str, dict[str, set[int]]] = field(default_factory=dict)
    modules: list[str] = field(default_factory=list)
    code: int = 0


class Tracer:
    """Pytest plug-in: one coverage context a test."""

    def __init__(self, coverage: Any) -> None:
        self.coverage, self.cpu_s = coverage, dict[str, float]()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: Any) -> Any:
        self.coverage.switch_context(item.nodeid)
        started = time.process_time()
        result = yield
        self.cpu_s[item.nodeid] = time.process_time() - started
        return result


def traced(test_file: str, files: Sequence[str]) -> Touched:
    """Play one test file and look at what it touches."""
    import coverage

    measured = coverage.Coverage(data_file=None, include=[str(ROOT / file) for file in files], config_file=False)
    measured.start()
    tracer = Tracer(measured)
    code = run_tests([test_file], tracer)
    measured.stop()
    data, seen = measured.get_data(), Touched(tracer.cpu_s, code=code)
    for file in files:
        for line, tests in data.contexts_by_lineno(str(ROOT / file)).items():
            for test in tests:
                seen.lines.setdefault(test, {}).setdefault(file, set()).add(line)
    seen.modules = [name for name in sys.modules if _from_elsewhere(name)]
    return seen


def _from_elsewhere(name: str) -> bool:
    """Whether a module is of some library: not of this package, not a test, nothing that is made at run time."""
    module = sys.modules.get(name)
    file = getattr(module, "__file__", None) or ""
    return "site-packages" in file and not name.startswith((PACKAGE, "tests", "_pytest", "coverage"))


def warm_up(names: Iterable[str]) -> None:
    """Import what the tests will need, once."""
    for name in names:
        if name not in sys.modules:
            with suppress(Exception):
                importlib.import_module(name)
    assert not any(name == PACKAGE or name.startswith(f"{PACKAGE}.") for name in sys.modules), "the package is loaded"
    gc.collect()
    gc.freeze()


class Plan:
    """The tests of one area, and in which order they should look at a mutant."""

    def __init__(self, area: Area) -> None:
        self.tests, files = files_of(area.tests, "test_*.py"), files_of(area.files)
        self.digest = digest(*(read(test) for test in self.tests))
        self.touched: dict[str, Touched] = {}
        for test in self.tests:
            state, touched = forked(lambda test=test: traced(test, files), cpu_s=600, wall_s=1800)
            if state != "done" or touched.code not in (0, 5):
                raise SystemExit(
                    f"{test} fails without any mutant ({state}, pytest's exit code {touched and touched.code})"
                )
            self.touched[test] = touched
            warm_up(touched.modules)

    def order(self, mutant: Mutant) -> tuple[list[str], dict[str, float]]:
        """Test files, and the tests in order with the CPU seconds that each took."""
        wanted = set(range(mutant.lines[0], mutant.lines[1] + 1))
        scored = []
        for file, seen in self.touched.items():
            near = {test for test, lines in seen.lines.items() if lines.get(mutant.path, set()) & wanted} - {""}
            if near or (mutant.at_import and any(mutant.path in lines for lines in seen.lines.values())):
                scored.append(
                    (min((seen.cpu_s[test] for test in near), default=1e6 + sum(seen.cpu_s.values())), file, near)
                )
        files = [file for _, file, _ in sorted(scored)]
        near = set().union(*(tests for _, _, tests in scored))
        cost = {test: s for file in files for test, s in self.touched[file].cpu_s.items()}
        tests = sorted(cost, key=lambda test: (test not in near, files.index(test.split("::")[0]), cost[test]))
        return files, {test: cost[test] for test in tests}


def tried(mutant: Mutant, plan: Plan) -> dict[str, Any]:
    """What became of a mutant: "killed" and by which test, "timeout", "survived", or "untouched" by any test."""
    started, (files, cpu_s) = time.monotonic(), plan.order(mutant)

    def work() -> tuple[int, str | None]:
        sys.meta_path.insert(0, Exchange(mutant.path, mutant.source))
        plugin = InOrder(cpu_s)
        return run_tests(files, plugin), plugin.failed

    outcome, by = "untouched", None
    if files:
        whole = sum(cpu_s.values())
        state, answer = forked(work, cpu_s=120 + 5 * whole, wall_s=300 + 20 * whole)
        code, by = answer or (1, None)
        outcome = "timeout" if state == "timeout" else "survived" if code == 0 else "killed"
    return _row(mutant, outcome, by) | {"wall_s": round(time.monotonic() - started, 2)}


def _row(mutant: Mutant, outcome: str, by: str | None = None) -> dict[str, Any]:
    return {"path": mutant.path, "line": mutant.lines[0], "name": mutant.name, "outcome": outcome, "by": by}


# --- the journal ---


def read(file: str) -> str:
    return (ROOT / file).read_text(encoding="utf-8")


def digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:12]


def load(journal: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """(name of a mutant, digest of its file) → the last row about it."""
    rows = [json.loads(line) for line in journal.read_text().splitlines()] if journal.is_file() else []
    return {(row["name"], row["file_digest"]): row for row in rows}


def known() -> dict[str, dict[str, Any]]:
    """Name → what was found when somebody looked at a survivor."""
    entries = tomllib.loads(KNOWN.read_text()).get("mutant", []) if KNOWN.is_file() else []
    return {f"{entry['at']}: {entry['before']} → {after}": entry for entry in entries for after in entry["after"]}


def try_area(name: str, files: Sequence[str], options: argparse.Namespace) -> list[dict[str, Any]]:
    """A row for each mutant drawn: what the journal knows and still holds, else tried now."""
    area, done, rows = AREAS[name], load(options.journal), []
    tests = digest(*(read(test) for test in files_of(area.tests, "test_*.py")))
    plan: Plan | None = None
    for file in files:
        source = read(file)
        everything = mutants(file, source)
        for entry in sorted({e for e in known() if e.startswith(f"{file} ")} - {m.name for m in everything}):
            print(f"no longer there, to be deleted from {KNOWN.name}: {entry}", flush=True)
        for mutant in drawn(everything, options):
            if mutant.alike:
                rows.append(_row(mutant, "equivalent") | {"area": name})
                continue
            row = done.get((mutant.name, digest(source)))
            holds = row is not None and (row["outcome"] in KILLED or row["tests_digest"] == tests)
            if not holds and not options.summary:
                plan = plan or Plan(area)
                row = tried(mutant, plan) | {"area": name, "file_digest": digest(source), "tests_digest": plan.digest}
                with options.journal.open("a") as journal:
                    journal.write(json.dumps(row, ensure_ascii=False) + "\n")
                if row["outcome"] not in KILLED:
                    print(f"{row['outcome']:9} {file}:{mutant.lines[0]} {mutant.name.split(' ', 1)[1]}", flush=True)
            if row is not None:
                rows.append(row)
    return rows


def drawn(all_of_them: Sequence[Mutant], options: argparse.Namespace) -> list[Mutant]:
    """A sample in the order of the file; a larger one holds every smaller one of the same seed."""
    order = list(range(len(all_of_them)))
    random.Random(f"{options.seed} {all_of_them[0].path if all_of_them else ''}").shuffle(order)
    return [all_of_them[i] for i in sorted(order[: options.sample])]


def summarise(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Counts by area and file, and the survivors with what is known of them."""
    looked_at = known()
    counts: dict[str, Counter[str]] = {}
    survivors = []
    for row in rows:
        entry = looked_at.get(row["name"])
        equivalent = row["outcome"] == "equivalent" or (entry is not None and entry.get("equivalent", False))
        killed = row["outcome"] in KILLED
        kind = "killed" if killed else "equivalent" if equivalent else "survived"
        for key in ("all", row["area"], row["path"]):
            counts.setdefault(key, Counter())[kind] += 1
        if not killed and row["outcome"] != "equivalent":
            reason = entry["reason"] if entry else None
            survivors.append(
                {"name": row["name"], "line": row["line"], "outcome": row["outcome"]} | {"kind": kind, "reason": reason}
            )
    table = {key: dict(found) | {"mutants": found.total(), "rate": rate(found)} for key, found in counts.items()}
    return {"table": table, "survivors": survivors}


def rate(found: Counter[str]) -> float:
    """Killed, of those that could be."""
    return round(found["killed"] / max(1, found["killed"] + found["survived"]), 4)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", help=f"areas ({', '.join(AREAS)}) or files of them; all if left out")
    parser.add_argument("--sample", type=int, help="mutants of each file; all if left out")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--journal", type=Path, default=ROOT / "runs" / "mutation.jsonl")
    parser.add_argument("--json", type=Path, help="where the summary goes")
    parser.add_argument("--summary", action="store_true", help="only what the journal knows")
    options = parser.parse_args()
    os.chdir(ROOT)
    os.environ["OMP_NUM_THREADS"] = "1"
    options.journal.parent.mkdir(parents=True, exist_ok=True)
    places = {name: files_of(area.files) for name, area in AREAS.items()}
    unknown = set(options.what) - set(AREAS) - {file for files in places.values() for file in files}
    if unknown:
        parser.error(f"neither an area nor a file of one: {', '.join(sorted(unknown))}")
    rows: list[dict[str, Any]] = []
    for name, files in places.items():
        rows += try_area(name, [f for f in files if not options.what or {name, f} & set(options.what)], options)
    summary = summarise(rows) | {"sample": options.sample, "seed": options.seed}
    for key, found in summary["table"].items():
        shown = "  ".join(f"{kind} {found.get(kind, 0):5}" for kind in ("mutants", "killed", "equivalent", "survived"))
        print(f"{key:40} {shown}  {100 * found['rate']:5.1f} %")
    if options.json:
        options.json.write_text(json.dumps(summary, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
