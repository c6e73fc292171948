"""A second head on the base that writes: it reads a question with an answer and scores how likely the answer is right.

The first head is the model's own; the correctness head is a small network on the last hidden state after the answer,
trained with binary cross-entropy on labels (of a vote, or of a verifier). Detached, it leaves the base as it is;
jointly, the base learns to represent correctness too. Its confidence in a pair is usable as the weight of a vote
(`with_confidence`), or as a gate on questions whose best answer it scores low.

A confidence learnt from votes can be no better than the votes: it recognises answers like those that won.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...core.errors import ConfigError, RunError
from ...core.options.paths import path_of
from ...core.records import Question
from ...core.seeding import integer_seed
from ..inference.packing import pack
from .llm import LLMAgent

WEIGHTS, SHAPE = "correctness_head.safetensors", "correctness_head.json"
PAIRS_AT_ONCE = 256


class HeadNetwork(nn.Module):
    """States (N, width) → logits (N,), 0 before training: one hidden layer, or none if `hidden` is 0.

    States are standardised by the means and deviations of the first training data.
    """

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("deviation", torch.ones(width))
        self.inner = nn.Linear(width, hidden) if hidden else None
        self.outer = nn.Linear(hidden or width, 1)
        nn.init.zeros_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)

    def forward(self, states: Tensor) -> Tensor:
        x = (states - self.get_buffer("mean")) / self.get_buffer("deviation")
        x = x if self.inner is None else F.silu(self.inner(x))
        logits: Tensor = self.outer(x)[:, 0]
        return logits

    def standardise(self, states: Tensor) -> None:
        """Take means and deviations from `states` (N, width)."""
        self.get_buffer("mean").copy_(states.mean(0))
        self.get_buffer("deviation").copy_(states.std(0, correction=0).clamp(min=1e-6))


class CorrectnessHead:
    """The correctness head beside an agent's own.

    Args:
        agent: whose base is shared.
        hidden: width of the head's hidden layer; 0 for a linear one.
        seed: fixes its initial weights and the order of training.

    Attributes:
        trained: pairs seen in training; a head that saw none gives 0.5 for everything.
    """

    def __init__(self, agent: LLMAgent, *, hidden: int = 64, seed: int = 0) -> None:
        if hidden < 0:
            raise ConfigError(f"hidden must be >= 0, got {hidden!r}")
        self.agent, self.hidden, self.seed, self.trained = agent, hidden, seed, 0
        self.width = int(agent.model.config.get_text_config().hidden_size)
        with torch.random.fork_rng(devices=[]):
            # Both streams of this file keep their first names, so that results repeat.
            torch.default_generator.manual_seed(integer_seed(seed, "validator"))
            self.network = HeadNetwork(self.width, hidden).to(self._device)

    def correctness(self, questions: Sequence[str], answers: Sequence[str]) -> list[float]:
        """P(answer i is right for question i) in [0, 1], for prompts as the agent reads them and its completions."""
        with torch.no_grad():
            return [float(p) for p in torch.sigmoid(self.network(self.states(questions, answers)))]

    def states(self, questions: Sequence[str], answers: Sequence[str], *, gradients: bool = False) -> Tensor:
        """(N, width) float32: the last hidden state after question and answer, through the base with `gradients`."""
        if len(questions) != len(answers):
            raise ConfigError(f"one answer per question: got {len(questions)} questions and {len(answers)} answers")
        found = [torch.zeros(0, self.width, device=self._device)]
        with self.agent.active(), torch.set_grad_enabled(gradients):
            for start in range(0, len(questions), PAIRS_AT_ONCE):
                part = slice(start, start + PAIRS_AT_ONCE)
                found.append(self._states(questions[part], answers[part]).float())
        return torch.cat(found)

    def loss(
        self,
        questions: Sequence[str],
        answers: Sequence[str],
        labels: Sequence[float],
        *,
        detach: bool = True,
    ) -> Tensor:
        """Binary cross-entropy against `labels` in [0, 1], a scalar to be added to any other loss.

        Args:
            detach: only the head learns; otherwise the base does as well.
        """
        logits = self.network(self.states(questions, answers, gradients=not detach))
        return F.binary_cross_entropy_with_logits(logits, logits.new_tensor([float(label) for label in labels]))

    def fit(
        self,
        questions: Sequence[str],
        answers: Sequence[str],
        labels: Sequence[float | None],
        *,
        steps: int = 200,
        batch: int = 64,
        learning_rate: float = 1e-2,
        weight_decay: float = 1e-2,
        joint: bool = False,
        base_learning_rate: float = 1e-5,
    ) -> list[float]:
        """Train on labelled pairs and return the loss of every step.

        Args:
            labels: 1 or 0, anything between for uncertain ones, `None` for undecided ones, which are left out.
            joint: train what is trainable of the base too, at `base_learning_rate`.

        Raises:
            ConfigError: no labels, or labels outside [0, 1].
        """
        known = [i for i, label in enumerate(labels) if label is not None]
        targets = torch.tensor([float(labels[i] or 0.0) for i in known], device=self._device)
        if not known or not bool(((targets >= 0) & (targets <= 1)).all()):
            raise ConfigError(f"labels must be in [0, 1] and some not None, got {list(labels)[:8]}")
        asked, given = [questions[i] for i in known], [answers[i] for i in known]
        states = self.states(asked, given)
        if not self.trained:
            self.network.standardise(states)
        groups = [{"params": list(self.network.parameters()), "lr": learning_rate, "weight_decay": weight_decay}]
        with self.agent.active():
            base = [p for p in self.agent.model.parameters() if p.requires_grad] if joint else []
        groups += [{"params": base, "lr": base_learning_rate, "weight_decay": 0.0}] if base else []
        optimiser = torch.optim.AdamW(groups)
        generator = torch.Generator().manual_seed(integer_seed(self.seed, "validator order", self.trained))
        losses = []
        for _ in range(steps):
            rows = torch.randperm(len(known), generator=generator)[:batch].tolist()
            if joint:
                states_now = self.states([asked[i] for i in rows], [given[i] for i in rows], gradients=True)
            else:
                states_now = states[rows]
            loss = F.binary_cross_entropy_with_logits(self.network(states_now), targets[rows])
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            losses.append(float(loss.detach()))
        optimiser.zero_grad(set_to_none=True)
        self.trained += len(known)
        return losses

    def with_confidence(
        self,
        questions: Sequence[Question],
        groups: Sequence[Sequence[str]],
        *,
        key: str = "confidence",
        ask: Callable[[Question], str] = lambda question: question.text,
    ) -> list[Question]:
        """The questions with one weight per attempt in `meta[key]`: what `MajorityVerifier(weights=key)` counts.

        Args:
            ask: the prompt under which the attempts were made.
        """
        pairs = [(ask(q), attempt) for q, attempts in zip(questions, groups, strict=True) for attempt in attempts]
        scores = iter(self.correctness([text for text, _ in pairs], [attempt for _, attempt in pairs]))
        return [
            replace(question, meta={**question.meta, key: [next(scores) for _ in attempts]})
            for question, attempts in zip(questions, groups, strict=True)
        ]

    def save_pretrained(self, folder: str | Path) -> None:
        """Write the head beside the model's files; the model itself is saved by its agent."""
        from safetensors.torch import save_file

        folder = path_of("folder", folder, "models/mine")
        folder.mkdir(parents=True, exist_ok=True)
        state = {name: value.contiguous() for name, value in self.network.state_dict().items()}
        save_file(state, str(folder / WEIGHTS))
        shape = {"width": self.width, "hidden": self.hidden, "seed": self.seed, "trained": self.trained}
        (folder / SHAPE).write_text(json.dumps(shape) + "\n", encoding="utf-8")

    @classmethod
    def from_pretrained(cls, folder: str | Path, agent: LLMAgent) -> CorrectnessHead:
        """The head in `folder` on the agent it was trained with.

        Raises:
            RunError: no head there, or one for a model of another width.
        """
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        folder = Path(folder)
        try:
            shape = json.loads((folder / SHAPE).read_text(encoding="utf-8"))
            head = cls(agent, hidden=shape["hidden"], seed=shape["seed"])
            head.network.load_state_dict(load_file(str(folder / WEIGHTS)))
            head.trained = int(shape["trained"])
        except (OSError, ValueError, KeyError, RuntimeError, TypeError, SafetensorError) as error:
            raise RunError(f"no correctness head for this model in {folder}: {error}") from None
        return head

    @property
    def _device(self) -> torch.device:
        device: torch.device = self.agent.model.get_input_embeddings().weight.device
        return device

    def _states(self, questions: Sequence[str], answers: Sequence[str]) -> Tensor:
        """Questions are computed once each, where the packed model runs."""
        agent = self.agent
        prompts: dict[tuple[int, ...], int] = {}
        owner = [prompts.setdefault(tuple(agent.prompt_ids(question)), len(prompts)) for question in questions]
        ends = agent.stop_ids[0]
        rows = [[*agent.text_ids(answer), ends] for answer in answers]
        heads = [list(ids) for ids in prompts]
        if agent.decoder is None:
            return self._hf_states([[*heads[p], *row] for p, row in zip(owner, rows, strict=True)])
        # The last token of a packed row is predicted but not read: one more, of no meaning, lets the end be read.
        lengths = torch.tensor([len(row) + 1 for row in rows], device=self._device)
        tokens = torch.zeros(len(rows), int(lengths.max()), dtype=torch.int64, device=self._device)
        for i, row in enumerate(rows):
            tokens[i, : len(row)] = torch.tensor(row)
        packed = pack(heads, torch.tensor(owner, device=self._device), tokens, lengths)
        states = agent.decoder.hidden(packed)
        return states[torch.cumsum(lengths, 0) - 1]

    def _hf_states(self, sequences: list[list[int]]) -> Tensor:
        lengths = torch.tensor([len(ids) for ids in sequences], device=self._device)
        ids = torch.zeros(len(sequences), int(lengths.max()), dtype=torch.int64, device=self._device)
        for i, sequence in enumerate(sequences):
            ids[i, : len(sequence)] = torch.tensor(sequence)
        mask = (torch.arange(ids.shape[1], device=self._device) < lengths[:, None]).long()
        out: Any = self.agent.model(
            ids, attention_mask=mask, output_hidden_states=True, use_cache=False, logits_to_keep=1
        )
        last: Tensor = out.hidden_states[-1][torch.arange(len(ids), device=self._device), lengths - 1]
        return last
