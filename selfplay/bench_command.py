"""What `selfplay-gym bench` does: load, examine with a progress bar, print the table, write the files."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import ConfigError
from .bench import BenchReport, BenchSettings, run_bench
from .bench_agents import load_contestants
from .bench_page import to_html
from .bench_policies import PolicyReport, bench_policies
from .bench_table import to_csv, to_json, to_markdown, to_terminal
from .contamination import training_texts
from .suites import load_suites

if TYPE_CHECKING:
    from rich.console import Console

FORMATS: dict[str, Callable[[BenchReport], str]] = {
    "md": to_markdown,
    "csv": to_csv,
    "json": to_json,
    "html": to_html,
}


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
        agents: names as in `bench_agents`; the first is the baseline.
        suite: comma-separated names as in `suites`.
        limit: at most so many questions per suite.
        out: folder for `bench.md`, `.csv`, `.json` and `.html`; or one file with one of these endings.
        cache: where answers are recorded for resuming; `None` records nothing.
        run: a run folder whose training questions are looked for among the exam's.
        prompt: see `bench_agents.load_contestant`.
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


def _targets(out: Path | None) -> list[tuple[Path, Callable[[BenchReport], str]]]:
    if out is None:
        return []
    ending = out.suffix.removeprefix(".")
    if not ending or out.is_dir():
        return [(out / f"bench.{name}", render) for name, render in FORMATS.items()]
    if ending not in FORMATS:
        raise ConfigError(f"--out is a folder or ends in {', '.join('.' + f for f in FORMATS)}; got {str(out)!r}")
    return [(out, FORMATS[ending])]


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
    from rich.table import Table
    from rich.text import Text

    if out is not None and out.suffix != ".json":
        raise ConfigError(f"--out of an environment's benchmark ends in .json, got {str(out)!r}")
    report = bench_policies(policies, environment, episodes=episodes, seed=seed)
    console = console or Console()
    header, cells = report.rows()
    shown = Table(*header, title=f"{environment}, equal episodes", title_justify="left")
    for row in cells:
        shown.add_row(*map(Text, row))
    console.print(shown)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(report.as_dict(), indent=1) + "\n", encoding="utf-8")
        console.print(f"wrote {out}", soft_wrap=True, highlight=False)
    return report
