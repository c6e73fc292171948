"""What `selfplay-gym bench` does: load, examine with a progress bar, print the table, write the files."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...core.errors import ConfigError
from ..exams.contamination import training_texts
from ..exams.suites import load_suites
from ..pages import finite
from .agents import load_contestant, load_contestants
from .page import to_html
from .pairs import PairResult, play_pair
from .policies import PolicyReport, bench_policies
from .run import BenchReport, BenchSettings, run_bench
from .table import percent, to_csv, to_json, to_markdown, to_terminal

if TYPE_CHECKING:
    from rich.console import Console

FORMATS: dict[str, Callable[[BenchReport], str]] = {
    "md": to_markdown,
    "csv": to_csv,
    "json": to_json,
    "html": to_html,
}


def bench_any(
    agents: Sequence[str],
    *,
    suite: str = "mixed",
    samples: int = 8,
    limit: int | None = None,
    seed: int = 0,
    out: Path | None = None,
    cache: Path | None = None,
    run: Path | None = None,
    prompt: str | None = None,
    console: Console | None = None,
) -> None:
    """What the command line calls: agents on suites, pairs (`A+B`), or policies (`suite` is `env:ID`).

    Args:
        limit: questions per suite, proposals per pair, or episodes per policy; `None` for the usual number.
    """
    if suite.startswith("env:"):
        identity, episodes = suite.removeprefix("env:"), limit or 100
        bench_teachers(agents, environment=identity, episodes=episodes, seed=seed, out=out, console=console)
    elif any("+" in agent for agent in agents):
        bench_pairs(agents, proposals=limit or 128, seed=seed, out=out, console=console)
    else:
        settings = BenchSettings(samples=samples, seed=seed)
        bench(
            agents,
            suite=suite,
            settings=settings,
            limit=limit,
            out=out,
            cache=cache,
            run=run,
            prompt=prompt,
            console=console,
        )


def bench(
    agents: Sequence[str],
    *,
    suite: str = "mixed",
    settings: BenchSettings | None = None,
    limit: int | None = None,
    out: Path | None = None,
    cache: Path | None = None,
    run: Path | None = None,
    prompt: str | None = None,
    provenance: dict[str, Any] | None = None,
    console: Console | None = None,
) -> BenchReport:
    """Benchmark agents by name and show the result.

    Args:
        agents: names as in `bench.agents`; the first is the baseline.
        suite: comma-separated names as in `exams.suites`.
        limit: at most so many questions per suite.
        out: folder for `bench.md`, `.csv`, `.json` and `.html`; or one file with one of these endings.
        cache: where answers are recorded for resuming; `None` records nothing.
        run: a run folder whose training questions are looked for among the exam's.
        prompt: see `bench.agents.load_contestant`.
        console: where to print; `None` is the terminal.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    if not agents:
        raise ConfigError("name at least one agent, as in: selfplay-gym bench tiny oracle --suite mixed")
    targets = _targets(out)
    settings = settings or BenchSettings()
    suites = load_suites(suite, limit=limit)
    training = None if run is None else training_texts(run)
    contestants = load_contestants(list(agents), prompt=prompt)
    console = console or Console()
    bars = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*bars, console=Console(stderr=True), transient=True) as shown:
        tasks: dict[tuple[str, str], Any] = {}

        def progress(agent: str, name: str, done: int, total: int) -> None:
            task = tasks.get((agent, name))
            if task is None:
                task = tasks[agent, name] = shown.add_task(f"{agent} · {name}", total=total)
            shown.update(task, completed=done)

        report = run_bench(
            contestants,
            suites,
            settings,
            cache=cache,
            training=training,
            provenance=provenance,
            progress=progress,
        )
    console.print(to_terminal(report, console.width))
    for path, render in targets:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(render(report), encoding="utf-8")
        console.print(f"wrote {path}", soft_wrap=True, highlight=False)
    return report


def bench_teachers(
    policies: Sequence[str],
    *,
    environment: str = "SelfPlayTeacher-v0",
    episodes: int = 100,
    seed: int = 0,
    out: Path | None = None,
    console: Console | None = None,
) -> PolicyReport:
    """Benchmark policies of a numeric environment; what `bench --suite env:ID` does.

    Args:
        out: a `.json` file, or `None`.
    """
    from rich.console import Console

    _json_only(out, "policies")
    report = bench_policies(policies, environment, episodes=episodes, seed=seed)
    console = console or Console()
    _show(console, f"{environment}, equal episodes", *report.rows())
    _write_json(console, out, report.as_dict())
    return report


def bench_pairs(
    pairs: Sequence[str],
    *,
    proposals: int = 128,
    attempts: int = 16,
    seed: int = 0,
    template: str = "plain",
    out: Path | None = None,
    console: Console | None = None,
) -> list[PairResult]:
    """Let challenger and solver of every pair "CHALLENGER+SOLVER" play, labels by vote; see `bench.pairs`.

    Args:
        template: words of the seats, "plain" or "r-zero".
        out: a `.json` file, or `None`.
    """
    from rich.console import Console

    _json_only(out, "pairs")
    results = []
    for pair in pairs:
        challenger, plus, solver = pair.partition("+")
        if not plus or not solver:
            raise ConfigError(f"a pair is written CHALLENGER+SOLVER, got {pair!r}")
        seats = load_contestant(challenger), load_contestant(solver)
        results.append(
            play_pair(
                seats[0].agent,
                seats[1].agent,
                proposals=proposals,
                attempts=attempts,
                template=template,
                seed=seed,
                names=(seats[0].name, seats[1].name),
            )
        )
    console = console or Console()
    header = ["challenger", "solver", "well-formed", "readable", "p̂", "pay", "label acc.", "reward acc.", "solver acc."]
    cells = [
        [
            r.challenger,
            r.solver,
            *(f"{100 * share:.0f}" for share in (r.well_formed_share, r.readable_share, r.solve_rate.value)),
            f"{r.uncertainty:.2f}",
            percent(r.label_accuracy),
            f"{100 * r.reward_accuracy:.0f}",
            percent(r.solver_accuracy),
        ]
        for r in results
    ]
    notes = [f"{r.challenger}+{r.solver}: {note}" for r in results for note in r.warnings()]
    _show(console, "Pairs: labels by vote, checked where the answer can be computed; per cent", header, cells, notes)
    _write_json(console, out, {"seed": seed, "pairs": [result.as_dict() for result in results]})
    return results


def _show(console: Console, title: str, header: list[str], cells: list[list[str]], notes: Sequence[str] = ()) -> None:
    from rich.table import Table
    from rich.text import Text

    shown = Table(*header, title=title, title_justify="left")
    for row in cells:
        shown.add_row(*map(Text, row))
    console.print(shown)
    for note in notes:
        console.print(Text(f"! {note}", style="yellow"))


def _json_only(out: Path | None, what: str) -> None:
    if out is not None and out.suffix != ".json":
        raise ConfigError(f"--out of a benchmark of {what} ends in .json, got {str(out)!r}")


def _write_json(console: Console, out: Path | None, value: dict[str, Any]) -> None:
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(finite(value), indent=1) + "\n", encoding="utf-8")
        console.print(f"wrote {out}", soft_wrap=True, highlight=False)


def _targets(out: Path | None) -> list[tuple[Path, Callable[[BenchReport], str]]]:
    if out is None:
        return []
    ending = out.suffix.removeprefix(".")
    if not ending or out.is_dir():
        return [(out / f"bench.{name}", render) for name, render in FORMATS.items()]
    if ending not in FORMATS:
        raise ConfigError(f"--out is a folder or ends in {', '.join('.' + f for f in FORMATS)}; got {str(out)!r}")
    return [(out, FORMATS[ending])]
