"""Who plays and judges: agents, verifiers, and who chooses levels and writes procedural questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from ..records import Judgement, Question, TaskSpec


class Rng(Protocol):
    """A source of randomness. Only `random()` is used, so `random.Random` and `numpy.random.Generator` both serve."""

    def random(self) -> float:
        """A float in [0, 1)."""
        ...


@runtime_checkable
class Verifier(Protocol):
    """Judges attempts at questions. Batch-first, because a vote needs the whole group."""

    def judge(self, question: Question, attempts: Sequence[str]) -> Judgement:
        """Judge all attempts at one question.

        Returns a judgement with `len(verdicts) == len(attempts)`, in order. Must not raise on any text: what cannot
        be decided is `Outcome.UNDECIDED` with a reason.
        """
        ...

    def judge_many(self, questions: Sequence[Question], groups: Sequence[Sequence[str]]) -> list[Judgement]:
        """Judge `groups[i]` against `questions[i]`; same result as calling `judge` one by one, unless what the verifier
        measures on the whole batch decides, and it says so by `measures_batch = True`."""
        ...


class BaseVerifier:
    """Convenience base: write `judge`, get `judge_many`."""

    def judge(self, question: Question, attempts: Sequence[str]) -> Judgement:
        """Judge all `attempts` at one `question`: yours to write. Raises TypeError as long as it is not."""
        raise TypeError(f"{type(self).__name__} must define judge(question, attempts)")

    def judge_many(self, questions: Sequence[Question], groups: Sequence[Sequence[str]]) -> list[Judgement]:
        """One judgement for each of `questions`, in order, by `judge`; `groups` are the attempts at each."""
        return [self.judge(q, attempts) for q, attempts in zip(questions, groups, strict=True)]


@runtime_checkable
class Agent(Protocol):
    """Whoever plays a role: a language model, a script, a person."""

    def act(self, prompts: Sequence[str], *, n: int = 1, seed: int | None = None) -> list[list[str]]:
        """Return `n` sampled completions for every prompt: a list of `len(prompts)` lists of length `n`.

        Args:
            prompts: may be empty; the answer is then an empty list.
            n: completions per prompt, >= 1.
            seed: fixes the randomness: equal prompts, `n` and `seed` give equal completions. `None` draws fresh ones.

        Raises:
            ConfigError: `n` is less than 1 (any `SelfPlayError` or `ValueError` will do): a caller that asks for
                nothing has made a mistake, which an empty list would hide.
        """
        ...


@runtime_checkable
class Reader(Protocol):
    """An agent that cannot read every prompt, as a model with a context cannot.

    `act` answers such a prompt with empty texts, and the others as if it were not there. Whoever asks may look up
    which prompts these were: a question that its solver cannot read is dropped, with the reason.
    """

    def unreadable(self, prompts: Sequence[str]) -> Sequence[str | None]:
        """For each prompt the reason why it cannot be answered, `None` where it can be. Asked after `act`."""
        ...


def unreadable(agent: Agent, prompts: Sequence[str]) -> list[str | None]:
    """What `agent` says of prompts as a `Reader`; an agent that is none reads everything."""
    ask = getattr(agent, "unreadable", None)  # `isinstance` of a protocol would cost more than a scripted answer
    return [None] * len(prompts) if ask is None else list(ask(prompts))


@runtime_checkable
class Curriculum(Protocol):
    """Decides what to ask next from how the last questions went."""

    def sample(self, rng: Rng) -> TaskSpec:
        """Draw the next task."""
        ...

    def observe(self, spec: TaskSpec, solve_rate: float) -> None:
        """Learn that a question drawn for `spec` was solved at `solve_rate` in [0, 1]."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Everything needed to continue, as plain JSON values."""
        ...

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from `state_dict()` of an equally configured curriculum."""
        ...


@runtime_checkable
class Generator(Protocol):
    """Writes questions procedurally, with a computable reference."""

    def generate(self, spec: TaskSpec, rng: Rng) -> Question:
        """Write one question of the level and kind that `spec` asks for; `reference` is always set.

        All randomness comes from `rng`: equal specs and equal states of `rng` give equal questions.
        """
        ...


@runtime_checkable
class CompletionSampler(Protocol):
    """Where a language model's completions come from; `agents.inference.sampling.Sampler` has the whole contract.

    What is registered is a factory that gets the language model as keyword `agent`, and its own options.
    """

    def sample(self, prompt_ids: Sequence[Sequence[int]], *, n: int, settings: Any, seed: int | None) -> Any:
        """Draw `n` completions for every prompt with `settings`; equal arguments and `seed` give equal samples.

        `prompt_ids` are token ids, a row per prompt, of any lengths.
        """
        ...
