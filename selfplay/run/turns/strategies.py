"""The strategy of a model in Kuhn poker: measured from its moves, or exact from its probabilities; means of several.

A mean of strategies is one over plays, not over behaviour: whoever draws a strategy before each game acts at an
information set as those do that get there. So behaviour is weighted by the player's own chance to reach the set
(Kuhn 1953), as the average policies of fictitious play and of regret minimisation are. Later ones weigh more, round t
as much as t: the linear averaging of CFR+ (Tammelin, arXiv 1407.5042), which soon forgets how play began.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ....core.turns import read_move
from ....core.turns.kuhn import information_sets
from ....envs.turns.kuhn import prompts

if TYPE_CHECKING:
    from ....agents.models.llm import LLMAgent

Chances = dict[str, dict[str, float]]
"""The probability of each legal move in all twelve information sets."""


def sampled_strategy(agent: LLMAgent, samples: int, seed: int) -> tuple[Chances, float]:
    """The shares of legal moves among `samples` at each information set, and the share of moves that were illegal.

    Where no move is legal, all are taken as equally likely.
    """
    names, texts = list(prompts()), list(prompts().values())
    answers = agent.act(texts, n=samples, seed=seed)
    found, illegal = {}, 0
    for name, group in zip(names, answers, strict=True):
        moves = information_sets()[name]
        counts = Counter((read_move(text) or "").lower() for text in group)
        legal = sum(counts[move] for move in moves)
        illegal += samples - legal
        found[name] = {move: counts[move] / legal if legal else 1 / len(moves) for move in moves}
    return found, illegal / (samples * len(names))


def exact_strategy(agent: LLMAgent) -> tuple[Chances, float]:
    """The same from the model's probabilities of each legal move, written as a word alone; and what is left over, the
    mean probability of anything else."""
    import torch

    from ....agents.inference.logprobs import completion_logps
    from ....agents.training.batch import padded_rows

    sets, asked = information_sets(), prompts()
    pairs = [(name, move) for name in asked for move in sets[name]]
    heads = [agent.prompt_ids(asked[name]) for name, _ in pairs]
    tails = [agent.text_ids(move) for _, move in pairs]
    rows = padded_rows(heads, tails, agent.tokenizer.eos_token_id)
    with torch.no_grad(), agent.active():
        logps = completion_logps(agent.model, agent.decoder, *rows, temperature=agent.settings.temperature or 1.0)
    chances = logps.double().sum(1).exp().tolist()
    found: Chances = {}
    for (name, move), chance in zip(pairs, chances, strict=True):
        found.setdefault(name, {})[move] = chance
    mass = {name: sum(moves.values()) for name, moves in found.items()}
    normed = {
        name: {move: chance / mass[name] if mass[name] else 1 / len(moves) for move, chance in moves.items()}
        for name, moves in found.items()
    }
    return normed, 1.0 - sum(mass.values()) / len(mass)


def mean_strategy(strategies: Sequence[Chances]) -> Chances:
    """The strategy of whoever draws one of several before each game, the t-th of T with chance 2t / (T² + T)."""
    found: Chances = {}
    drawn = range(1, len(strategies) + 1)
    for name, moves in information_sets().items():
        weights = [chance * _reach(one, name) for chance, one in zip(drawn, strategies, strict=True)]
        total = sum(weights)
        shares = [weight / total if total else 1 / len(strategies) for weight in weights]
        found[name] = {
            move: sum(share * one[name][move] for share, one in zip(shares, strategies, strict=True)) for move in moves
        }
    return found


def _reach(strategy: Mapping[str, Mapping[str, float]], name: str) -> float:
    """The chance that a player's own moves lead to an information set, given that everybody else's do."""
    card, *history = name.split()
    chance = 1.0
    for at in range(len(history) % 2, len(history), 2):  # the player's own moves before
        chance *= strategy[" ".join((card, *history[:at]))][history[at]]
    return chance
