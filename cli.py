"""The `selfplay-gym` command: parse, build, call one function.

Every command is one function below; the work happens in `selfplay/`. Whatever goes wrong is one line and exit code 2;
an interrupt ends with exit code 130, SIGTERM with 143, and a run then says how it goes on.
"""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from .selfplay.commands.door import CommandGroup, leave
from .selfplay.completion.shells import SHELLS, script

if TYPE_CHECKING:
    from rich.console import Console

COUNT = click.IntRange(1, 1_000_000)
"""How often something is done: more would never end."""
SAMPLES = click.IntRange(1, 10_000)
"""How many answers to one question: they are drawn at once."""

seed_option = click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Root of all randomness."
)


@click.group(
    cls=CommandGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100, "show_default": True},
)
@click.version_option(package_name="selfplay-gym", prog_name="selfplay-gym")
def app() -> None:
    """Language models teach themselves by playing challenger against solver."""


@app.command(short_help="Let a challenger and a solver teach each other.")
@click.option("--preset", default="tiny", help="Where the settings start: see selfplay-gym list presets.")
@click.option("--config", "file", type=click.Path(path_type=Path), help="A TOML file of settings over the preset.")
@click.option("--env", help="What is played: SelfPlayMath-v0 (default), SelfPlayCode-v0, or a domain of your own.")
@click.option("--seed", type=click.IntRange(min=0), help="Root of all randomness; 0 if nobody says otherwise.")
@click.option("--run-dir", type=click.Path(path_type=Path), default=Path("runs/tiny"), help="Where the run is written.")
@click.option("--resume", is_flag=True, help="Continue the run in --run-dir, with its own settings; rounds may grow.")
@click.option("--set", "settings", multiple=True, metavar="PATH=VALUE", help="Change one setting; may be repeated.")
@click.option("--watch", "watching", is_flag=True, help="Show the run in a browser meanwhile: see selfplay-gym watch.")
@click.pass_context
def train(context: click.Context, /, preset: str, **options: Any) -> int:
    """Let a challenger and a solver teach each other; ends with a table and a report.

    Settings are a tree: --set roles.solver.steps=20, --set 'roles.*.grpo.learning_rate=2e-4', --set rounds=8. The last
    one wins: preset, then what the environment asks for, then --config, then --env and --seed, then --set. All of them,
    with defaults: selfplay-gym list settings. A run keeps its own as config.toml, which starts the same run again.

    Ctrl-C or SIGTERM saves and says how to continue.
    """
    from .selfplay.commands.train import train_run

    given = context.get_parameter_source("preset") is not click.core.ParameterSource.DEFAULT
    return train_run(preset if given else None, **options)


@app.command(short_help="Make a shipped base model again.")
@click.option("--preset", default="tiny", help="The base of which preset: tiny, frontier or smollm2.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder for the model; left out: runs/PRESET-base.")
@seed_option
@click.option("--steps", type=COUNT, help="Optimiser steps; left out: those of the shipped weights.")
@click.option("--device", default="cpu", help="Where it is trained, such as cuda.")
def warmup(preset: str, output: Path | None, seed: int, steps: int | None, device: str) -> None:
    """Make a shipped base model again: supervised stage 1 on a generated corpus, then its exam and model card."""
    from .selfplay.warmup.train_base import train_base

    train_base(preset, output or Path(f"runs/{preset}-base"), seed=seed, steps=steps, device=device, console=_console())


@app.command(short_help="Watch rounds of the game, or play a role yourself.")
@click.option("--env", default="SelfPlayMath-v0", help="What is played: SelfPlayMath-v0 or SelfPlayCode-v0.")
@click.option("--solver", default="tiny", help="Who answers: an agent, or 'me'.")
@click.option("--challenger", default="generator", help="Who asks: an agent, or 'me'.")
@click.option("--attempts", type=SAMPLES, default=8, help="Attempts per question.")
@click.option("--rounds", type=COUNT, help="Rounds; left out: 1 to watch, 5 to play, 6 in the hot seat.")
@click.option("--verifier", default="majority", help="Who judges.")
@click.option("--reward", default="r-zero", help="Challenger reward preset.")
@click.option("--hot-seat", "two_people", is_flag=True, help="Two people ask each other in turns.")
@seed_option
def play(**options: Any) -> None:
    """Watch rounds of the game, or play a role yourself (--solver me, --challenger me).

    Who answers is right by the computed answer, where there is one, else by the claimed one. Who asks earns what a
    challenger would. In the hot seat a right answer is a point, and so is a claim that holds and was not found.
    """
    from .selfplay.commands.play import play_rounds

    play_rounds(**options, console=_console())


@app.command(short_help="Held-out accuracy of an agent.")
@click.argument("agent", default="tiny")
@click.option("--questions", type=COUNT, default=512, help="Held-out questions.")
@click.option("--samples", type=SAMPLES, default=8, help="Samples per question.")
@click.option("--generator", default="mixed", help="Generator of the questions.")
@click.option("--verifier", help="Grader; left out: that of the domain of the questions.")
@seed_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def exam(agent: str, **options: Any) -> None:
    """Held-out accuracy of AGENT (tiny, a model folder, or a scripted agent): greedy, sampled pass@k, majority@k,
    with 95 % intervals."""
    from .selfplay.commands.exam import hold_exam

    hold_exam(agent, **options, console=_console())


@app.command("list", short_help="What is registered.")
@click.argument("kind", required=False)
def list_names(kind: str | None) -> None:
    """What there is: all of it, or one KIND: verifiers, curricula, agents, generators, rewards, domains, sources,
    stages, envs, settings, presets, suites. `list settings.roles` shows a part of the settings."""
    from .selfplay.commands.list_names import print_names

    print_names(kind, _console())


@app.command(short_help="A run as one HTML page.")
@click.argument("run_dir", type=click.Path(path_type=Path))
def report(run_dir: Path) -> None:
    """Write the run in RUN_DIR as one HTML page with plots."""
    from .selfplay.report.write import write_report
    from .selfplay.storage.run_folder import RunFolder

    run, console = RunFolder.open(run_dir), _console()
    if run.note:
        console.print(f"note: {run.note}", soft_wrap=True)
    console.print(f"Report: {write_report(run)}", soft_wrap=True)


@app.command(short_help="Compare agents on suites of questions.")
@click.argument("agents", nargs=-1, required=True)
@click.option("--suite", default="mixed", help="Comma-separated suites, or env:SelfPlayTeacher-v0 for policies.")
@click.option("--samples", type=SAMPLES, default=8, help="Samples per question.")
@click.option("--limit", type=COUNT, help="At most this many questions per suite.")
@seed_option
@click.option("--out", type=click.Path(path_type=Path), help="Folder for .md, .csv, .json and .html, or one such file.")
@click.option(
    "--cache", type=click.Path(path_type=Path), default=Path("runs/bench"), help="Where answers are recorded."
)
@click.option("--run", type=click.Path(path_type=Path), help="Look for this run's training questions, too.")
@click.option("--prompt", help="How agents are asked; {question} stands for the question.")
def bench(agents: tuple[str, ...], **options: Any) -> None:
    """Compare AGENTS: avg@k, greedy, pass@k, majority@k with intervals, each paired with the first agent.

    An agent is tiny, a model folder, a scripted agent, openai:MODEL@URL, or a pair CHALLENGER+SOLVER. Answers are
    recorded, so an interrupted benchmark goes on where it stopped. Who can take part, in which suites, and what the
    columns mean: docs/bench.md.
    """
    from .selfplay.commands.bench import bench_any

    bench_any(agents, **options, console=_console())


@app.command(short_help="Look into a run: labels, difficulty, diversity, cross-play.")
@click.argument("run_dir", type=click.Path(path_type=Path))
@click.option("--play/--no-play", default=True, help="Ask the models too: frozen base, cross-play.")
@click.option("--consistency", is_flag=True, help="Teach a second head on the labels: does it find the wrong ones?")
@click.option("--proposals", type=COUNT, default=64, help="Questions per pair in cross-play.")
@seed_option
def diagnose(run_dir: Path, **options: Any) -> None:
    """Look into the run in RUN_DIR: label and reward accuracy, difficulty, diversity, forgetting, cross-play."""
    from .selfplay.commands.diagnose import diagnose_run

    diagnose_run(run_dir, **options, console=_console())


@app.command(short_help="Which part of the method does the work?")
@click.option("--preset", default="tiny", help="What the variants change: tiny, frontier, debug or r-zero.")
@click.option("--seeds", type=COUNT, default=3, help="Seeds 0, 1, … of every variant.")
@click.option(
    "--variant", "variants", multiple=True, help="Only this variant, or several as in 'A + B'; may be repeated."
)
@click.option("--set", "settings", multiple=True, metavar="PATH=VALUE", help="Change a setting of all; repeatable.")
@click.option("--baseline", default="full", help="Which variant the others are compared with.")
@click.option(
    "--folder", type=click.Path(path_type=Path), default=Path("runs/ablation"), help="Where the runs are kept."
)
@click.option("--out", type=click.Path(path_type=Path), help="The Markdown file; left out: inside the folder.")
def ablate(preset: str, variants: tuple[str, ...], **options: Any) -> None:
    """Change one thing at a time: controls, rewards, labels, over several seeds, paired with the full method.

    What is finished in the folder is not run again, so an interrupted ablation goes on where it stopped.
    """
    from .selfplay.commands.ablate import run_ablation

    run_ablation(preset, variants=variants or None, **options, console=_console())


@app.command(short_help="Let many players meet, and rate them.")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--challenger", "challengers", multiple=True, metavar="NAME", help="Who asks; may be repeated.")
@click.option("--solver", "solvers", multiple=True, metavar="NAME", help="Who answers; may be repeated.")
@click.option("--player", "both", multiple=True, metavar="NAME", help="Who plays a turn game; may be repeated.")
@click.option("--run", "runs", multiple=True, type=click.Path(path_type=Path), help="A run whose snapshots join.")
@click.option("--join", default="every", help="Which snapshots: every(rounds=2), better(games=64).")
@click.option("--retire", multiple=True, metavar="NAME", help="Who plays no more.")
@click.option("--matches", type=click.IntRange(0, 1_000_000), default=200, help="Matches in all.")
@click.option("--game", help="A domain (math, the default), or a turn game such as kuhn.")
@click.option("--labels", help="Who knows the answers: known (default), or checked(agent=NAME).")
@click.option("--games", type=SAMPLES, help="Games of a match; 16 by default.")
@click.option("--matchmaking", help="uniform, latest, pfsp(hard), pfsp(var), or 0.8*pfsp + 0.2*latest.")
@click.option("--keep", type=click.IntRange(0, 10_000), help="Snapshots per pool that go on playing; 0: all.")
@click.option("--seed", type=click.IntRange(min=0), help="Root of all randomness; 0 by default.")
def league(
    folder: Path, challengers: tuple[str, ...], solvers: tuple[str, ...], both: tuple[str, ...], **options: Any
) -> None:
    """Let challengers and solvers meet in the league of FOLDER, and rate them: a table, a page, JSON.

    A player is tiny, a model folder, a scripted agent, openai:MODEL@URL, LABEL=NAME, or a snapshot of a --run. Called
    again, a league goes on to as many --matches, with whoever joins. What counts as a game: docs/league.md.
    """
    from .selfplay.commands.league import hold_league

    pools = {"challenger": challengers, "solver": solvers, "player": both}
    players = [(pool, name) for pool, names in pools.items() for name in names]
    own = ("game", "labels", "games", "matchmaking", "keep", "seed")
    settings = {name: options.pop(name) for name in own}
    hold_league(folder, players=players, settings=settings, **options, console=_console())


@app.command(short_help="Add benchmark results to a board.")
@click.argument("results", type=click.Path(path_type=Path))
@click.option("--board", type=click.Path(path_type=Path), default=Path("leaderboard.jsonl"), help="The board's data.")
def leaderboard(results: Path, board: Path) -> None:
    """Add RESULTS (the .json of a benchmark) to a board and write its page beside it."""
    from .selfplay.bench.leaderboard import submit
    from .selfplay.pages.wording import counted

    click.echo(f"{counted(len(submit(results, board)), 'result')} in {board.with_suffix('.md')}")


@app.command(short_help="Decide about questions, labels and answers of a run.")
@click.argument("run_dir", type=click.Path(path_type=Path))
@click.option("--reviewer", help="Who decides; left out: the name you are logged in by.")
@click.option(
    "--export", "tool", type=click.Choice(["label-studio", "argilla"]), help="Write the open items for a tool."
)
@click.option("--out", type=click.Path(path_type=Path), help="The file to --export to.")
@click.option("--import", "answers", type=click.Path(path_type=Path), help="Read the answers that a tool gave.")
def review(run_dir: Path, **options: Any) -> None:
    """Decide with the keyboard about what the gates of the run in RUN_DIR picked; leave and go on whenever you like.

    Works beside the run, which takes decisions over in its stage `review`. What gates are, and what decisions do:
    docs/review.md.
    """
    from .selfplay.commands.review import review_command

    review_command(run_dir, **options, console=_console())


@app.command(short_help="Watch runs in a browser as they go on.")
@click.argument("folders", nargs=-1, required=True, metavar="RUN_OR_FOLDER...", type=click.Path(path_type=Path))
@click.option("--port", type=click.IntRange(0, 65_535), help="0: any; left out: one that belongs to the folders.")
@click.option("--host", default="127.0.0.1", help="Where connections are taken; others than this machine's need care.")
@click.option("--beside", type=int, hidden=True)
def watch(folders: tuple[Path, ...], **options: Any) -> None:
    """Watch runs in a browser as they go on: losses, outputs, labels, resources. Ctrl-C ends it, and no run.

    Reads run folders only: finished, running, killed and copied runs, one or many. Prints the address to open.
    """
    from .selfplay.commands.watch import watch as serve

    serve(folders, **options)


@app.command(short_help="Check answers in a file.")
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--verifier", default="sympy", help="Who judges, as in sympy or 'majority(min_share=0.5)'.")
@click.option("--extract", type=click.Choice(["strict", "lenient"]), help="Where answers are looked for: boxes only?")
@click.option("--policy", multiple=True, metavar="KEY=VALUE", help="What counts as equal; may be repeated.")
@click.option("--workers", type=click.IntRange(1, 1024), default=1, help="Processes that judge.")
@click.option("--resume/--restart", default=True, help="Keep the complete lines TARGET holds already.")
def verify(
    source: Path, target: Path, verifier: str, extract: str | None, policy: tuple[str, ...], **options: Any
) -> int:
    """Judge every line of SOURCE (JSON: question, reference, attempts); verdicts with reasons go to TARGET.

    Exit code 0 if every line was judged, 1 if some could not be read, 2 for wrong input. Policies: docs/verifiers.md.
    """
    from .selfplay.commands.verify import UNREADABLE, check_target, verifier_options, verify_file
    from .selfplay.pages.wording import counted
    from .selfplay.storage.lock import hold

    check_target(source, target)
    target.parent.mkdir(parents=True, exist_ok=True)
    judge = verifier_options(verifier, extract, policy)
    with hold(target.parent, f"{target.name}.lock", lasting=False):
        summary = verify_file(source, target, judge, **options, console=_console(stderr=True))
    counts = ", ".join(f"{count} {outcome}" for outcome, count in summary.outcomes.items())
    click.echo(
        f"{counted(summary.lines, 'line')}, {counted(summary.attempts, 'attempt')}: {counts}; "
        f"{counted(summary.errors, 'line')} could not be read"
    )
    return UNREADABLE if summary.errors else 0


@app.command(short_help="What holds on this machine.")
def doctor() -> None:
    """What holds on this machine: versions, extras, devices, and the layers of the sandbox."""
    from .selfplay.commands.doctor import doctor as look

    for finding in look():
        click.echo(finding)


@app.command(short_help="Tab completion for bash or zsh.")
@click.argument("shell", type=click.Choice(sorted(SHELLS)))
def completion(shell: str) -> None:
    """Print what makes SHELL complete commands, options, agents, suites, presets, settings and runs.

    In ~/.bashrc: eval "$(selfplay-gym completion bash)"; in ~/.zshrc, after compinit, likewise with zsh.
    """
    click.echo(script(app, shell), nl=False)


def _console(**options: Any) -> Console:
    """A terminal; rich is imported where something is shown, not for every `--help`."""
    from .selfplay.terminal import Terminal

    return Terminal(**options)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code; see `selfplay.commands.door`."""
    return leave(lambda: app.main(args=arguments, prog_name="selfplay-gym", standalone_mode=False))


def run() -> NoReturn:
    """The installed command. One that was stopped does not wait until the interpreter has taken torch apart."""
    code = main()
    if code in (130, 143):
        atexit._run_exitfuncs()
        os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    run()
