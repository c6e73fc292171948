"""Tiny learns games of several turns: a warm-up on legal moves, then self-play, with and without a baseline per seat.

    python benchmarks/turn_games_training.py --root RUNS --game kuhn --arm rae --seed 0     one cell
    python benchmarks/turn_games_training.py --root RUNS --game tic-tac-toe --seed 0 --warm-up     its warm-up alone
    python benchmarks/turn_games_training.py --root RUNS --seed 0 --best 1000    its best round as well, in new games
    python benchmarks/turn_games_training.py --root RUNS --page docs/turn-games    the tables of all cells there are

A cell that was stopped (Ctrl-C, SIGTERM, kill) goes on where it was committed last; one that is over is not played
again. Each cell has a warm-up of its own, whose end is the base of the cell, which exams call "base". With `torchrun
--standalone --nproc_per_node 2` in front, two processes share a cell whose warm-up is over.

    rae        the defaults of `selfplay-gym train --env …`, advantages against a running mean per seat (SPIRAL)
    none       the same, and advantages are the rewards
    latest     as rae, against the player as it was when the round began
    league     as rae, against snapshots of itself as well, picked by how hard they are (PFSP)
    teacher    as rae, and the other seat is the strongest scripted player, instead of self-play

Seeds 10 to 12 are for choosing settings, 0 to 2 for reporting.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import fmean
from typing import Any

from selfplay_gym.agents.load import load_agent
from selfplay_gym.core.registries import env_id, make_turn_game
from selfplay_gym.core.seeding import integer_seed
from selfplay_gym.selfplay.bench.resolve_agent import resolve_agent
from selfplay_gym.selfplay.pages.tables import markdown_table
from selfplay_gym.selfplay.run.stage import DONE, Interrupted
from selfplay_gym.selfplay.run.train import train
from selfplay_gym.selfplay.run.turns.exams import against
from selfplay_gym.selfplay.run.turns.run import BASE
from selfplay_gym.selfplay.settings.compose import compose
from selfplay_gym.selfplay.settings.files import stored_config
from selfplay_gym.selfplay.settings.turn_games import PLAYER, SKIPS, WARM_UP, WARM_UPS, turn_game_of
from selfplay_gym.selfplay.storage.run_folder import RunFolder
from selfplay_gym.selfplay.terminal import Terminal

ARMS: Mapping[str, tuple[str, ...]] = {
    "rae": (),
    "none": ("roles.player.baseline=none",),
    "latest": ("roles.player.opponents=latest", "roles.player.kl_reference=round"),
    "league": ("roles.player.opponents=league(pfsp)",),
    "teacher": (),
}
TEACHERS = {"kuhn": "kuhn-equilibrium", "tic-tac-toe": "tic-tac-toe-perfect", "negotiation": "negotiator"}
GAMES = tuple(TEACHERS)
BEST = "best.json"
"""What the best round of a cell got in new games."""
KUHN = {"exploitability": "exact", "of the mean of rounds": "mean_of_rounds", "of sampled moves": "sampled"}


def main() -> int:
    args = _arguments()
    if args.page is not None:
        write_page(args.root, args.page)
        return 0
    try:
        base = warmed(args.root, args.game, args.arm, args.seed)
        if not args.warm_up:
            folder = learnt(args.root, args.game, args.arm, args.seed, base, args.set)
            if args.best:
                found = best_round(folder, args.best)
                (folder.path.parent / BEST).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    except Interrupted as stop:
        print("stopped; the same command goes on", file=sys.stderr)
        return stop.code
    return 0


def warmed(root: Path, game: str, arm: str, seed: int) -> Path:
    """The checkpoint at the end of a cell's warm-up."""
    shown = WARM_UPS.get(game, WARM_UP)
    folder = played(cell(root, game, arm, seed) / "warm-up", game, seed, ["rounds=1", f"stages={shown}"])
    return Path(folder.path, "checkpoints", folder.state["checkpoints"]["player"])


def learnt(root: Path, game: str, arm: str, seed: int, base: Path, more: list[str]) -> RunFolder:
    """A cell, played to its end."""
    own = [f"roles.player.opponents={TEACHERS[game]}"] if arm == "teacher" else list(ARMS[arm])
    settings = [f"roles.player.model={base}", "storage.keep=1", *own, *more]
    return played(cell(root, game, arm, seed) / "run", game, seed, settings)


def played(path: Path, game: str, seed: int, settings: list[str]) -> RunFolder:
    """A run, begun or gone on with, to its end."""
    if (path / "config.toml").exists():
        folder = RunFolder.open(path)
        return folder if folder.state.get("phase") == DONE else train({}, path, resume=True, console=Terminal())
    config = compose("tiny", env=env_id(game), seed=seed, assignments=[*settings, "live.on=false"])
    config = config.replace({"roles.player.skips": SKIPS.get(game, ())})
    return train(config, path, console=Terminal())


def best_round(folder: RunFolder, games: int) -> dict[str, Any]:
    """The player of the round that the exams found best, in games that no exam had."""
    best, config = folder.state["best"], stored_config(folder)
    row, game = config.roles[PLAYER], make_turn_game(turn_game_of(config.env) or config.env)
    player = load_agent(folder.path / "checkpoints" / best["checkpoints"][PLAYER], max_new_tokens=row.max_new_tokens)
    player = player.with_settings(temperature=row.grpo.temperature, merge=True)
    ways = {"sampled": player, "greedy": player.with_settings(temperature=0.0)}
    exam = {
        name: {
            way: against(game, one, resolve_agent(name), games, integer_seed(config.seed, "best round", name, way))
            for way, one in ways.items()
        }
        for name in config.exam.opponents
        if name != BASE
    }
    return {"round": best["round"], "games": games, "exam": exam}


def cell(root: Path, game: str, arm: str, seed: int) -> Path:
    return root / game / f"{arm}-{seed}"


def results(root: Path) -> Iterator[dict[str, Any]]:
    """One row per cell that has trained: its exams, and what it cost."""
    for path in sorted(root.glob("*/*-*/run/config.toml")):
        game, name = path.parts[-4], path.parts[-3]
        arm, _, seed = name.rpartition("-")
        folder = RunFolder.open(path.parent)
        exams = [(row["round"], row["turn_exam"]) for row in folder.rows("metrics") if "turn_exam" in row]
        episodes = [row["episodes"] for row in folder.rows("metrics") if "episodes" in row]
        warm = RunFolder.open(path.parents[1] / "warm-up")
        seconds = {
            part: round(sum(row["cpu_s"] for row in of.rows("timings") if row["phase"] != "evaluate"), 1)
            for part, of in (("warm_up", warm), ("training", folder))
        }
        yield {
            "game": game,
            "arm": arm,
            "seed": int(seed),
            "finished": folder.state.get("phase") == DONE,
            "rounds": folder.state["round"],
            "episodes": sum(episodes),
            "cpu_s": seconds,
            "exams": [{"round": number, **_short(exam)} for number, exam in exams],
            **({"best": json.loads((path.parents[1] / BEST).read_text())} if (path.parents[1] / BEST).exists() else {}),
        }


def _short(exam: Mapping[str, Any]) -> dict[str, Any]:
    """An exam without its strategy."""
    kept = dict(exam)
    if "exploitability" in kept:
        kept["exploitability"] = {k: v for k, v in kept["exploitability"].items() if k != "strategy"}
    return kept


def write_page(root: Path, page: Path) -> None:
    """All cells as JSON, and as tables in Markdown, one per game; cells that only the page has so far stay on it."""
    found = list(results(root))
    if not found:
        raise SystemExit(f"no cell in {root} has trained yet; nothing is written")
    known = page.with_suffix(".json")
    before = json.loads(known.read_text(encoding="utf-8")) if known.exists() else []
    cells = {(row["game"], row["arm"], row["seed"]): row for row in [*before, *found]}
    rows = [cells[key] for key in sorted(cells)]
    page.with_suffix(".json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    parts = [
        "# Tiny on games of several turns\n",
        "Made by `python benchmarks/turn_games_training.py`; a line per cell, the exam after the last round, and in "
        "front of it that of the base, after its warm-up on legal moves. Intervals are of 95 %.\n",
    ]
    for game in dict.fromkeys(row["game"] for row in rows):
        parts += [f"## {game}\n", *_table([row for row in rows if row["game"] == game])]
    page.with_suffix(".md").write_text("\n".join(parts), encoding="utf-8")


def _table(rows: list[dict[str, Any]]) -> Iterator[str]:
    columns = list(dict.fromkeys(name for row in rows for exam in row["exams"] for name in _values(exam)))
    head = ["arm", "seed", "games", "CPU s (warm-up + training)", *columns]
    lines = []
    for row in rows:
        first, last = _values(row["exams"][0]), _values(row["exams"][-1])
        cells = [f"{first.get(name, '–')} → {last.get(name, '–')}" for name in columns]
        cost = f"{row['cpu_s']['warm_up']:.0f} + {row['cpu_s']['training']:.0f}"
        arm = row["arm"] if row["finished"] else f"{row['arm']} (after {row['rounds']} rounds)"
        lines.append([arm, str(row["seed"]), f"{row['episodes']:,}", cost, *cells])
    yield from markdown_table(head, lines)
    yield ""
    yield from _best([row for row in rows if "best" in row])
    for arm in dict.fromkeys(row["arm"] for row in rows):
        own = [row for row in rows if row["arm"] == arm]
        means = ", ".join(f"{name} {_mean(own, name)}" for name in columns if _mean(own, name))
        if means:
            yield f"Mean of {len(own)} seeds, {arm}: {means}.\n"


def _best(rows: list[dict[str, Any]]) -> Iterator[str]:
    """What the best round of each cell got in new games."""
    if not rows:
        return
    found = [_values(row["best"]["exam"]) for row in rows]
    columns = list(dict.fromkeys(name for one in found for name in one))
    yield "The player of the round whose exam was best, the link `best` of the run, in games that no exam had:\n"
    lines = []
    for row, values in zip(rows, found, strict=True):
        head = [row["arm"], str(row["seed"]), str(row["best"]["round"]), f"{row['best']['games']:,}"]
        lines.append([*head, *(values.get(name, "–") for name in columns)])
    yield from markdown_table(["arm", "seed", "round", "games each", *columns], lines)
    yield ""


def _values(exam: Mapping[str, Any]) -> dict[str, str]:
    """The columns of an exam."""
    found: dict[str, str] = {}
    for name, value in exam.items():
        if name == "exploitability":
            found |= {
                "exploitability": f"{value['exact']:.3f}",
                "of the mean of rounds": f"{value['mean_of_rounds']:.3f}",
            }
            found |= {"of sampled moves": f"{value['sampled']:.3f}"}
        elif isinstance(value, Mapping):
            for way, one in value.items():
                reward = one["reward"]
                found[f"{name}, {way}: reward"] = f"{reward['value']:.2f} [{reward['low']:.2f}, {reward['high']:.2f}]"
                shares = [f"{100 * one[what]['value']:.0f}" for what in ("won", "drawn", "lost")]
                found[f"{name}, {way}: won/drawn/lost, %"] = "/".join(shares)
    return found


def _mean(rows: list[dict[str, Any]], name: str) -> str:
    """The mean over seeds of a column of single numbers after the last round; "" of any other."""
    last = [_values(row["exams"][-1]).get(name, "") for row in rows]
    try:
        return f"{fmean(float(value) for value in last):.3f}"
    except ValueError:
        return ""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--root", type=Path, required=True, help="where the runs are")
    parser.add_argument("--game", choices=GAMES, default="kuhn")
    parser.add_argument("--arm", choices=[*ARMS], default="rae")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--warm-up", action="store_true", help="no more than the warm-up of the cell")
    parser.add_argument("--best", type=int, default=0, metavar="GAMES", help="play its best round so many new games")
    parser.add_argument("--set", action="append", default=[], metavar="PATH=VALUE", help="a setting of the run")
    parser.add_argument("--page", type=Path, help="write PAGE.md and PAGE.json of all cells, and play none")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
