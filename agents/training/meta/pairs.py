"""Tasks of a language model: batches of prompts and completions, with the cross-entropy of the completions as loss."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor

from ...inference.devices import input_device
from ...inference.logprobs import completion_logps
from ...inference.token_count import TokenCount
from ...models.llm import LLMAgent
from ..batch import rows_of_pairs
from ..objectives import cross_entropy
from .inner_loop import Task

Pairs = Sequence[tuple[str, str]]


def task_of_pairs(agent: LLMAgent, batch: Callable[[int], Pairs], counted: TokenCount | None = None) -> Task:
    """A task whose loss is the mean cross-entropy per completion token, in nats; call it while the agent is active.

    Args:
        batch: number of a batch → its (prompt, completion) pairs, of which there is at least one.
        counted: where the tokens are added; `None` where they are no training.
    """

    def loss(number: int) -> Tensor:
        rows = rows_of_pairs(agent, batch(number), input_device(agent.model))
        logp = completion_logps(agent.model, agent.decoder, rows.prompts, rows.row_prompt, rows.tokens, rows.lengths)
        if counted is not None:
            counted.trained += int(rows.tokens_total)
        return cross_entropy(logp * rows.mask, rows.tokens_total)  # (R, T)

    return loss
