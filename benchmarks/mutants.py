"""How many faulty programs do 64 generated inputs find, and do they point at the fault?

    python benchmarks/mutants.py [--seed 0] [--inputs 64] [--mutants 20] [--json FILE]

50 reference functions (`data/reference_functions.py`), 20 mutants each. The test generator knows two or three example
inputs of a function and its text, never a mutant. A mutant that survives is searched for with `--search` further
inputs from another stream; if these do not find it either, it counts as equivalent and is left out.

Reported: kill rate; whether every reference passes its own tests in a second run; where a killed mutant raises or its
function prints, how often the located line is the mutated one.
"""

from __future__ import annotations

import argparse
import ast
import json
import time
from pathlib import Path

from selfplay_gym.core.seeding import python_stream
from selfplay_gym.verifiers.programs.execution import SandboxExecutor, behaviour, prints
from selfplay_gym.verifiers.programs.fault_localisation import locate_fault
from selfplay_gym.verifiers.programs.input_generation import generate_inputs
from selfplay_gym.verifiers.programs.mutants import Mutant, mutants, normalised
from selfplay_gym.verifiers.programs.test_suites import Test, failed, failures, minimise, shortest_failing, subsample

FUNCTIONS = Path(__file__).parent / "data" / "reference_functions.py"


def load() -> dict[str, tuple[str, list[tuple]]]:
    """Name → (normalised source, example inputs)."""
    tree = ast.parse(FUNCTIONS.read_text())
    sources = {node.name: ast.unparse(node) for node in tree.body if isinstance(node, ast.FunctionDef)}
    examples = ast.literal_eval(next(node.value for node in tree.body if isinstance(node, ast.Assign)))
    return {name: (normalised(source) or "", examples[name]) for name, source in sources.items()}


def make_tests(
    executor: SandboxExecutor, name: str, source: str, examples: list[tuple], count: int, path: tuple
) -> tuple:
    """`count` tests from inputs on which the reference has a value, and whether printing counts."""
    for factor in (1, 3):  # as the verifier does: more inputs where many lie outside the domain
        inputs = generate_inputs(examples, python_stream(*path), count=factor * count, programs=[source])
        results = executor.call(source, name, [i.arguments for i in inputs], patience=3)
        with_output = prints(results)
        seen = behaviour(results, with_output)
        rows = zip(inputs, results, seen, strict=True)
        tests = [Test(i.arguments, r.value, s, i.source) for i, r, s in rows if not failed(s)]
        if len(tests) >= count:
            break
    return subsample(tests, count), with_output


def kills(executor: SandboxExecutor, name: str, mutant: Mutant, tests: list[Test], with_output: bool) -> tuple:
    """Behaviour of a mutant and the tests it fails."""
    seen = behaviour(executor.call(mutant.source, name, [t.arguments for t in tests]), with_output)
    return seen, failures(tests, seen)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--inputs", type=int, default=64)
    parser.add_argument("--mutants", type=int, default=20)
    parser.add_argument(
        "--search", type=int, default=1000, help="further inputs before a survivor is called equivalent"
    )
    parser.add_argument("--only", nargs="*", help="names of functions")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    executor = SandboxExecutor(wall_s=0.6, cpu_s=0.5)
    started = time.perf_counter()
    rows = []
    for name, (source, examples) in load().items():
        if not options.only or name in options.only:
            rows.append(measure(executor, name, source, examples, options))
    summary = summarise(rows)
    summary |= {"seed": options.seed, "inputs": options.inputs, "wall_s": round(time.perf_counter() - started, 1)}
    print(json.dumps(summary, indent=1))
    if options.json:
        options.json.write_text(json.dumps({"summary": summary, "functions": rows}, indent=1))


def measure(executor: SandboxExecutor, name: str, source: str, examples: list[tuple], options) -> dict:
    """One function: its tests, its mutants, who is killed, and where the fault is located."""
    rng = python_stream(options.seed, "mutants", name)
    path = (options.seed, "mutants", "inputs", name)
    tests, with_output = make_tests(executor, name, source, examples, options.inputs, path)
    again = behaviour(executor.call(source, name, [t.arguments for t in tests]), with_output)
    row = {"name": name, "tests": len(tests), "accepted": not failures(tests, again), "killed": 0, "survived": []}
    row |= {"equivalent": [], "localised": 0, "local": 0, "elsewhere": []}
    wide: list[Test] | None = None
    behaviours = []
    candidates = mutants(source, limit=3 * options.mutants, rng=rng)
    for mutant in sorted(candidates, key=lambda _: rng.random()):
        if row["killed"] + len(row["survived"]) == options.mutants:
            break
        seen, failing = kills(executor, name, mutant, tests, with_output)
        if not failing:
            if wide is None:
                other = (options.seed, "mutants", "search", name)
                wide = make_tests(executor, name, source, examples, options.search, other)[0]
            hidden = kills(executor, name, mutant, wide, with_output)[1]
            where = row["survived" if hidden else "equivalent"]
            where.append(f"{mutant.line}: {mutant.before} -> {mutant.after}")
            continue
        row["killed"] += 1
        behaviours.append(seen)
        fault = locate_fault(executor, mutant.source, name, tests, seen, shortest_failing(tests, seen), with_output)
        if fault.how in ("raised", "printed"):
            row["localised"] += 1
            row["local"] += fault.line == mutant.line
            if fault.line != mutant.line:
                row["elsewhere"].append(f"{mutant.line}: {mutant.before} -> {mutant.after} | {fault.sentence()}")
    row["minimal"] = len(minimise(tests, behaviours))
    killed = f"killed {row['killed']:3}  survived {len(row['survived'])}  equivalent {len(row['equivalent']):2}"
    located = f"located {row['local']}/{row['localised']}"
    print(f"{name:20} tests {row['tests']:3}  {killed}  minimal suite {row['minimal']:2}  {located}", flush=True)
    return row


def summarise(rows: list[dict]) -> dict:
    """Totals over all functions."""
    killed, survived = sum(r["killed"] for r in rows), sum(len(r["survived"]) for r in rows)
    local, localised = sum(r["local"] for r in rows), sum(r["localised"] for r in rows)
    return {
        "functions": len(rows),
        "references_accepted": sum(r["accepted"] for r in rows),
        "mutants": killed + survived,
        "killed": killed,
        "kill_rate": round(killed / max(1, killed + survived), 4),
        "equivalent_removed": sum(len(r["equivalent"]) for r in rows),
        "survivors": [f"{r['name']} {s}" for r in rows for s in r["survived"]],
        "kills_that_raise_or_print": localised,
        "line_is_the_mutated_one": round(local / max(1, localised), 3),
        "mean_minimal_suite": round(sum(r["minimal"] for r in rows) / max(1, len(rows)), 1),
    }


if __name__ == "__main__":
    main()
