"""Turns per CPU second of turn games played out by scripted players, and of TextArena's engine where it is installed.

    python benchmarks/turn_games.py [--games 4000] [--repeats 5]

A turn is all of it: the prompt, the player who reads it and answers, the move, the record of the turn. "Rules alone" is
`prompt`, `legal` and the first legal move, without player and record; in the negotiation listing all offers is most of
it. TextArena's rows play one fixed game of tic-tac-toe through its `get_observation` and `step`, with the usual
wrappers and without ("-raw"); no player reads its prompts, so compare with the rules alone. Every game gets an
environment of its own, because the wrapper keeps the observations of earlier games. TextArena is not needed: install it
elsewhere.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time

from selfplay_gym import make_agent, make_turn_game
from selfplay_gym.envs.turns.play import ask_agents, play_out

PLAYERS = {
    "tic-tac-toe": ("random-legal", "tic-tac-toe-perfect"),
    "kuhn": ("random-legal", "kuhn-equilibrium"),
    "negotiation": ("random-legal", "negotiator"),
}
FULL_BOARD = (0, 1, 2, 4, 3, 5, 7, 6, 8)
"""Cells of a game of nine turns, a draw."""


def played_out(name: str, agent: str, games: int, seed: int) -> float:
    """Turns per CPU second, with the same agent in both places."""
    game, rng = make_turn_game(name), random.Random(seed)
    player = make_agent(agent)
    answer = ask_agents(dict.fromkeys(game.players, player), rng)
    begun = time.process_time()
    episodes = play_out(game, [game.start(rng) for _ in range(games)], answer)
    return sum(len(one.turns) for one in episodes) / (time.process_time() - begun)


def rules_alone(name: str, games: int, seed: int) -> float:
    """Turns per CPU second of `prompt`, `legal` and `move`, one game after the other."""
    game, rng, turns = make_turn_game(name), random.Random(seed), 0
    begun = time.process_time()
    for _ in range(games):
        state = game.start(rng)
        while game.to_move(state) is not None:
            game.prompt(state)
            state = game.move(state, game.legal(state)[0])
            turns += 1
        game.result(state)
    return turns / (time.process_time() - begun)


def textarena_rules(identifier: str, games: int) -> float | None:
    """Turns per CPU second of TextArena's tic-tac-toe; `None` where it is not installed."""
    try:
        import textarena
    except ImportError:
        return None
    turns, begun = 0, time.process_time()
    for seed in range(games):
        env = textarena.make(identifier)
        env.reset(num_players=2, seed=seed)
        over = False
        for cell in FULL_BOARD:
            env.get_observation()
            over, _ = env.step(action=f"[{cell}]")
            turns += 1
        if not over:
            raise RuntimeError("the fixed game did not end, so this is not the game that was meant")
        env.close()
    return turns / (time.process_time() - begun)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--games", type=int, default=4000, help="games of each row")
    parser.add_argument("--repeats", type=int, default=5, help="the median of so many is shown")
    options = parser.parse_args()

    def median(measure: object, *given: object) -> float | None:
        rates = [measure(*given) for _ in range(options.repeats)]  # type: ignore[operator]
        return None if None in rates else statistics.median(rates)

    print("| game | players | turns per CPU second | rules alone |")
    print("|---|---|---|---|")
    for name, agents in PLAYERS.items():
        alone = median(rules_alone, name, options.games, 0)
        for agent in agents:
            print(f"| {name} | {agent} | {median(played_out, name, agent, options.games, 0):,.0f} | {alone:,.0f} |")
    for identifier in ("TicTacToe-v0", "TicTacToe-v0-raw"):
        theirs = median(textarena_rules, identifier, min(options.games, 500))
        print(f"| TextArena's {identifier} | | | {'not installed' if theirs is None else f'{theirs:,.0f}'} |")


if __name__ == "__main__":
    main()
