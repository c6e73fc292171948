"""What `selfplay-gym ablate` does: run or resume the variants, print the table, and write it in four formats."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from ...agents.packages import check_models
from ...core.errors import ConfigError
from ..ablate.page import label_rows, plot, rows, to_html, to_json, to_markdown
from ..ablate.results import Ablation
from ..ablate.rows import FULL
from ..ablate.variants import Train, ablate
from ..pages.figures import svg_file
from ..pages.tables import NARROW
from ..pages.terminal_table import TerminalTable
from ..run.provenance import describe_environment
from ..run.stage import Interrupted
from ..settings.compose import compose
from ..settings.config import RunConfig
from ..storage.files import check_writable
from ..terminal import Terminal


def run_ablation(
    preset: str = "tiny",
    *,
    seeds: int = 3,
    variants: Sequence[str] | None = None,
    settings: Sequence[str] = (),
    baseline: str = FULL,
    folder: Path = Path("runs/ablation"),
    out: Path | None = None,
    console: Console | None = None,
    train: Train | None = None,
) -> Ablation:
    """Ablate a preset.

    Args:
        variants: names from `ablate.VARIANTS`, also joined by " + "; `None` means all.
        settings: `path=value`, changed for every variant.
        baseline: which variant the others are compared with.
        folder: where the runs are kept; what is finished there is not run again.
        out: the Markdown file; a page (`.html`), a plot (`.svg`) and everything (`.json`) go beside it. `None` means
            inside `folder`.
        train: stands in for training in tests.

    Raises:
        MissingExtraError: a light installation trains no language models.
        ConfigError: settings that cannot work, or a seed among them.
        RunError: nothing can be written to `out`.
        SystemExit: a signal stopped a run; with its exit code.
    """
    if train is None:
        check_models("an ablation")
    console = console or Terminal()
    out = out or folder / "ablation.md"
    check_writable(out)

    def say(text: str) -> None:
        console.print(text, highlight=False, soft_wrap=True)

    config = _without_seed(compose(preset, assignments=settings))
    try:
        result = ablate(
            config,
            folder,
            variants=variants,
            seeds=seeds,
            preset=preset,
            baseline=baseline,
            train=train,
            progress=lambda name, seed, done, total: say(f"{done + 1} of {total}: {name}, seed {seed}"),
            left_out=lambda name, why: say(f"left out: {name}: {why}"),
        )
    except Interrupted as stop:
        console.print("Stopped and saved. The same command goes on.", highlight=False)
        raise SystemExit(stop.code) from None
    # nine columns: shorter intervals; the files have them whole
    console.print(TerminalTable(f"preset {preset}", *rows(result), width=min(console.width, NARROW - 1)))
    console.print(TerminalTable("labels", *label_rows(result)))
    _write(result, out, console)
    return result


def _without_seed(config: RunConfig) -> RunConfig:
    """The settings, in which nobody has chosen a seed."""
    if config.seed != RunConfig().seed:
        raise ConfigError(
            f"an ablation plays seeds 0, 1, …: say how many with --seeds, and leave out seed={config.seed}"
        )
    return config


def _write(result: Ablation, out: Path, console: Console) -> None:
    """Markdown with its plot, the HTML page, and everything as JSON."""
    made = sorted({run.commit or "unknown" for one in result.results for run in one.runs})
    known = describe_environment()
    machine = f"{known['system']} with {known['cpus']} CPUs; runs made at commit {', '.join(made)}"
    origin = f"{shlex.join(known['command'])}, {machine}"
    heading = f"# Ablation of preset `{result.preset}`\n\n`{shlex.join(known['command'])}`, {machine}\n\n"
    heading += f"![gain over the base]({out.with_suffix('.svg').name})\n\n"
    out.parent.mkdir(parents=True, exist_ok=True)
    for path, text in (
        (out, heading + to_markdown(result)),
        (out.with_suffix(".json"), to_json(result)),
        (out.with_suffix(".svg"), svg_file(plot(result))),
        (out.with_suffix(".html"), to_html(result, origin)),
    ):
        path.write_text(text, encoding="utf-8")
        console.print(f"wrote {path}", soft_wrap=True, highlight=False)
