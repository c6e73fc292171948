"""What `selfplay-gym bench` does: load, examine with a progress bar, print the table, write the files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...agents.workers.named import workers_of
from ...core.errors import ConfigError
from ..bench.agents import load_contestant, load_contestants
from ..bench.page import to_html
from ..bench.pairs import PairResult, pair_table, play_pair
from ..bench.policies import PolicyReport, bench_policies
from ..bench.record import record
from ..bench.result_table import FORMATS, ResultTable, targets, write
from ..bench.run import BenchReport, BenchSettings, Progress, run_bench
from ..bench.table import to_csv, to_json, to_markdown, to_terminal
from ..exams.contamination import training_texts
from ..exams.suites import load_suites
from ..progress import counting
from ..run.by_workers import by_workers, sampled_by_workers

if TYPE_CHECKING:
    from rich.console import Console

REPORT_FORMATS: dict[str, Callable[[BenchReport], str]] = {
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
    workers: str = "1",
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
        bench_pairs(
            agents,
            proposals=limit or 128,
            votes_of=samples,
            template=prompt,
            seed=seed,
            out=out,
            cache=cache,
            console=console,
        )
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
            workers=workers,
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
    workers: str = "1",
    provenance: dict[str, Any] | None = None,
    console: Console | None = None,
) -> BenchReport:
    """Benchmark agents by name and show the result.

    Args:
        agents: names as in `bench.agents`; the first is the baseline.
        suite: comma-separated names as in `exams.suites`.
        limit: at most this many questions per suite.
        out: folder for `bench.md`, `.csv`, `.json` and `.html`; or one file with one of these endings.
        cache: where answers are recorded for resuming; `None` records nothing.
        run: a run folder whose training questions are looked for among the exam's, besides those of the runs the
            agents are checkpoints of.
        prompt: see `bench.agents.load_contestant`.
        workers: who grades: a number of processes, or "ray(8)", who also sample from models.
        console: where to print; `None` is the terminal.
    """
    from ..terminal import Terminal

    if not agents:
        raise ConfigError("name at least one agent, as in: selfplay-gym bench tiny oracle --suite mixed")
    files = targets(out, REPORT_FORMATS)
    settings = settings or BenchSettings()
    with counting(Terminal(stderr=True), "questions") as count:
        suites = load_suites(suite, limit=limit, progress=count)
    contestants = load_contestants(list(agents), prompt=prompt)
    runs = {found.resolve() for found in (run, *(c.run for c in contestants)) if found is not None}
    training = [text for found in sorted(runs) for text in training_texts(found)] if runs else None
    console = console or Terminal()
    with _bars() as progress, closing(workers_of(workers)) as helping:
        report = run_bench(
            [replace(one, agent=sampled_by_workers(one.agent, helping)) for one in contestants],
            suites,
            settings,
            cache=cache,
            training=training,
            provenance=provenance,
            progress=progress,
            done_by=partial(by_workers, workers=helping),
        )
    console.print(to_terminal(report, console.width))
    write(report, files, console)
    return report


@contextmanager
def _bars() -> Iterator[Progress]:
    """A progress bar per agent and suite, on the terminal's error stream."""
    from rich.progress import Progress as Bars

    from ..progress import bar_columns
    from ..terminal import Terminal

    console = Terminal(stderr=True)
    with Bars(*bar_columns(), console=console, transient=True, disable=not console.is_terminal) as bars:
        tasks: dict[tuple[str, str], Any] = {}

        def progress(agent: str, suite: str, done: int, total: int) -> None:
            task = tasks.get((agent, suite))
            if task is None:
                task = tasks[agent, suite] = bars.add_task(f"{agent} · {suite}", total=total)
            bars.update(task, completed=done)

        yield progress


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
        environment: a Gymnasium id, with options as in "SelfPlayTokens-v0(split=held_out)".
        out: as for `bench`.
    """
    files = targets(out, FORMATS)
    report = bench_policies(policies, environment, episodes=episodes, seed=seed)
    _show(report.table(), files, console)
    return report


def bench_pairs(
    pairs: Sequence[str],
    *,
    proposals: int = 128,
    votes_of: int = 8,
    seed: int = 0,
    template: str | None = None,
    out: Path | None = None,
    cache: Path | None = None,
    console: Console | None = None,
) -> list[PairResult]:
    """Let challenger and solver of every pair "CHALLENGER+SOLVER" play, labels by vote; see `bench.pairs`.

    Args:
        votes_of: answers per vote; each question gets two votes, which are compared, and the vote of both is the label.
        template: words of the roles, "plain" or "r-zero"; `None`: "r-zero" as soon as one agent follows instructions.
        out, cache: as for `bench`.
    """
    files = targets(out, FORMATS)
    results = []
    for pair in pairs:
        challenger, plus, solver = pair.partition("+")
        if not plus or not solver:
            raise ConfigError(f"a pair is written CHALLENGER+SOLVER, got {pair!r}")
        both = load_contestant(challenger), load_contestant(solver)
        asking, answering = (record(one.agent, one.identity, cache) for one in both)
        results.append(
            play_pair(
                asking,
                answering,
                proposals=proposals,
                attempts=2 * votes_of,
                template=template or ("plain" if all(one.bare for one in both) else "r-zero"),
                seed=seed,
                names=(both[0].name, both[1].name),
            )
        )
    _show(pair_table(results, seed), files, console)
    return results


def _show(
    table: ResultTable, files: Sequence[tuple[Path, Callable[[ResultTable], str]]], console: Console | None
) -> None:
    from ..terminal import Terminal

    console = console or Terminal()
    table.show(console)
    write(table, files, console)
