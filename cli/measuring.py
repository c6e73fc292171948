"""Commands that measure agents and methods: exam, bench, leaderboard, ablate, league, verify."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .app import app
from .options import COUNT, PATH, SAMPLES, console, seed_option


@app.command(short_help="Held-out accuracy of an agent.")
@click.argument("agent", default="tiny")
@click.option("--questions", type=COUNT, default=512, help="Held-out questions.")
@click.option("--samples", type=SAMPLES, default=8, help="Samples per question.")
@click.option("--generator", default="mixed", help="Generator of the questions.")
@click.option("--verifier", help="Grader; left out: that of the domain of the questions.")
@seed_option
@click.option("--workers", default="1", help="Who grades: a number of processes, or 'ray(8)', who also sample.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def exam(agent: str, **options: Any) -> None:
    """Held-out accuracy of AGENT (tiny, a model folder, or a scripted agent): greedy, sampled pass@k, majority@k,
    with 95 % intervals."""
    from ..selfplay.commands.exam import hold_exam

    hold_exam(agent, **options, console=console())


@app.command(short_help="Compare agents on suites of questions.")
@click.argument("agents", nargs=-1, required=True)
@click.option("--suite", default="mixed", help="Comma-separated suites, or env:SelfPlayTeacher-v0 for policies.")
@click.option("--samples", type=SAMPLES, default=8, help="Samples per question.")
@click.option("--limit", type=COUNT, help="At most this many questions per suite.")
@seed_option
@click.option("--out", type=PATH, help="Folder for .md, .csv, .json and .html, or one such file.")
@click.option("--cache", type=PATH, default=Path("runs/bench"), help="Where answers are recorded.")
@click.option("--run", type=PATH, help="Look for this run's training questions, too.")
@click.option("--prompt", help="How agents are asked; {question} stands for the question.")
@click.option("--workers", default="1", help="Who grades: a number of processes, or 'ray(8)', who also sample.")
def bench(agents: tuple[str, ...], **options: Any) -> None:
    """Compare AGENTS: avg@k, greedy, pass@k, majority@k with intervals, each paired with the first agent.

    An agent is tiny, a model folder, a scripted agent, openai:MODEL@URL, or a pair CHALLENGER+SOLVER. Answers are
    recorded, so an interrupted benchmark goes on where it stopped. Who can take part, in which suites, and what the
    columns mean: docs/bench.md.
    """
    from ..selfplay.commands.bench import bench_any

    bench_any(agents, **options, console=console())


@app.command(short_help="Add benchmark results to a board.")
@click.argument("results", type=PATH)
@click.option("--board", type=PATH, default=Path("leaderboard.jsonl"), help="The board's data.")
def leaderboard(results: Path, board: Path) -> None:
    """Add RESULTS (the .json of a benchmark) to a board and write its page beside it."""
    from ..selfplay.bench.leaderboard import submit
    from ..selfplay.pages.wording import counted

    click.echo(f"{counted(len(submit(results, board)), 'result')} in {board.with_suffix('.md')}")


@app.command(short_help="Which part of the method does the work?")
@click.option("--preset", default="tiny", help="What the variants change: see `list presets`.")
@click.option("--seeds", type=COUNT, default=3, help="Seeds 0, 1, … of every variant.")
@click.option(
    "--variant",
    "variants",
    multiple=True,
    help="Only this, or several as 'A + B'; repeatable; an unknown one lists all.",
)
@click.option("--set", "settings", multiple=True, metavar="PATH=VALUE", help="Change a setting of all; repeatable.")
@click.option("--baseline", default="full", help="Which variant the others are compared with.")
@click.option("--folder", type=PATH, default=Path("runs/ablation"), help="Where the runs are kept.")
@click.option("--out", type=PATH, help="The Markdown file; left out: inside the folder.")
def ablate(preset: str, variants: tuple[str, ...], **options: Any) -> None:
    """Change one thing at a time: controls, rewards, labels, over several seeds, paired with the full method.

    What is finished in the folder is not run again, so an interrupted ablation goes on where it stopped.
    """
    from ..selfplay.commands.ablate import run_ablation

    run_ablation(preset, variants=variants or None, **options, console=console())


@app.command(short_help="Let many players meet, and rate them.")
@click.argument("folder", type=PATH)
@click.option("--challenger", "challengers", multiple=True, metavar="NAME", help="Who asks; may be repeated.")
@click.option("--solver", "solvers", multiple=True, metavar="NAME", help="Who answers; may be repeated.")
@click.option("--player", "both", multiple=True, metavar="NAME", help="Who plays a turn game; may be repeated.")
@click.option("--run", "runs", multiple=True, type=PATH, help="A run whose snapshots join.")
@click.option("--join", default="every", help="Which snapshots: every(rounds=2), better(games=64).")
@click.option("--retire", multiple=True, metavar="NAME", help="Who plays no more.")
@click.option("--matches", type=click.IntRange(0, 1_000_000), default=200, help="Matches in all.")
@click.option("--game", help="A domain (math, the default), or a turn game such as kuhn.")
@click.option("--labels", help="Who knows the answers: known (default), or checked(agent=NAME).")
@click.option("--games", type=SAMPLES, help="Games of a match; 16 by default.")
@click.option("--matchmaking", help="uniform, latest, pfsp(hard), pfsp(var), or 0.8*pfsp + 0.2*latest.")
@click.option("--keep", type=click.IntRange(0, 10_000), help="Snapshots per pool that go on playing; 0: all.")
@click.option("--workers", default="1", help="Who plays: a number of processes, or 'ray(8)'.")
@click.option("--seed", type=click.IntRange(min=0), help="Root of all randomness; 0 by default.")
def league(
    folder: Path, challengers: tuple[str, ...], solvers: tuple[str, ...], both: tuple[str, ...], **options: Any
) -> None:
    """Let challengers and solvers meet in the league of FOLDER, and rate them: a table, a page, JSON.

    A player is tiny, a model folder, a scripted agent, openai:MODEL@URL, LABEL=NAME, or a snapshot of a --run. Called
    again, a league goes on to as many --matches, with whoever joins. What counts as a game: docs/league.md.
    """
    from ..selfplay.commands.league import hold_league

    pools = {"challenger": challengers, "solver": solvers, "player": both}
    players = [(pool, name) for pool, names in pools.items() for name in names]
    own = ("game", "labels", "games", "matchmaking", "keep", "seed")
    settings = {name: options.pop(name) for name in own}
    hold_league(folder, players=players, settings=settings, **options, console=console())


@app.command(short_help="Check answers in a file.")
@click.argument("source", type=PATH)
@click.argument("target", type=PATH)
@click.option("--verifier", default="sympy", help="Who judges, as in sympy or 'majority(min_share=0.5)'.")
@click.option("--extract", type=click.Choice(["strict", "lenient"]), help="Where answers are looked for: boxes only?")
@click.option("--policy", multiple=True, metavar="KEY=VALUE", help="What counts as equal; may be repeated.")
@click.option("--workers", default="1", help="Who judges: a number of processes, or 'ray(8)'.")
@click.option("--resume/--restart", default=True, help="Keep the complete lines TARGET holds already.")
def verify(
    source: Path, target: Path, verifier: str, extract: str | None, policy: tuple[str, ...], **options: Any
) -> int:
    """Judge every line of SOURCE (JSON: question, reference, attempts); verdicts with reasons go to TARGET.

    Exit code 0 if every line was judged, 1 if some could not be read, 2 for wrong input. Policies: docs/verifiers.md.
    """
    from ..selfplay.commands.verify import UNREADABLE, check_target, verifier_options, verify_file
    from ..selfplay.pages.wording import counted
    from ..selfplay.storage.files import make_folder
    from ..selfplay.storage.lock import hold

    check_target(source, target)
    make_folder(target.parent)
    judge = verifier_options(verifier, extract, policy)
    with hold(target.parent, f"{target.name}.lock", lasting=False):
        summary = verify_file(source, target, judge, **options, console=console(stderr=True))
    counts = ", ".join(f"{count} {outcome}" for outcome, count in summary.outcomes.items())
    why = f", for the reasons that {target} gives" if summary.errors else ""
    click.echo(
        f"{counted(summary.lines, 'line')}, {counted(summary.attempts, 'attempt')}: {counts}; "
        f"{counted(summary.errors, 'line')} could not be read{why}"
    )
    return UNREADABLE if summary.errors else 0
