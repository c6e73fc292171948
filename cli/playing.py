"""Commands that play: train, warmup, play."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .app import app
from .options import COUNT, PATH, SAMPLES, console, seed_option


@app.command(short_help="Let a challenger and a solver teach each other.")
@click.option("--preset", default="tiny", help="Where the settings start: see selfplay-gym list presets.")
@click.option("--config", "file", type=PATH, help="A TOML file of settings over the preset.")
@click.option("--env", help="What is played: SelfPlayMath-v0 (default); list envs.")
@click.option("--seed", type=click.IntRange(min=0), help="Root of all randomness; 0 if nobody says otherwise.")
@click.option("--run-dir", type=PATH, default=Path("runs/tiny"), help="Where the run is written.")
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
    from ..selfplay.commands.train import train_run

    given = context.get_parameter_source("preset") is not click.core.ParameterSource.DEFAULT
    return train_run(preset if given else None, **options)


@app.command(short_help="Make a shipped base model again.")
@click.option("--preset", default="tiny", help="The base of which preset: tiny, frontier or smollm2.")
@click.option("--output", type=PATH, help="Folder for the model; left out: runs/PRESET-base.")
@seed_option
@click.option("--steps", type=COUNT, help="Optimiser steps; left out: those of the shipped weights.")
@click.option("--device", default="cpu", help="Where it is trained, such as cuda.")
def warmup(preset: str, output: Path | None, seed: int, steps: int | None, device: str) -> None:
    """Make a shipped base model again: supervised stage 1 on a generated corpus, then its exam and model card."""
    from ..selfplay.warmup.train_base import train_base

    train_base(preset, output or Path(f"runs/{preset}-base"), seed=seed, steps=steps, device=device, console=console())


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
    from ..selfplay.commands.play import play_rounds

    play_rounds(**options, console=console())
