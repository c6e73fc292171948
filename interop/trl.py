"""Our games for TRL's `GRPOTrainer` (1.16): a dataset of questions, and reward functions that judge completions.

    dataset(size=512, seed=0)               what the solver reads, with the columns a verifier needs
    reward_function("sympy")                reward by a verifier: "code", "majority" (votes), any other by name
    dataset(size=64, role="challenger")     the challenger's instruction
    challenger_reward(solver=agent)         reward by playing each proposal against a solver

Both kinds of prompt and completion serve: conversations and plain text. An attempt that a verifier leaves undecided
gets `None`, which TRL keeps out of baseline and update. A verifier is batch-first, so completions of one question are
judged together; the challenger's repetition is measured over all that one call hands over. TRL itself is not imported.

`docs/interop_trl.md` says what to watch for.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from ..core.errors import ConfigError, MissingExtraError
from ..core.options.counts import check_whole
from ..core.protocols import Agent, Generator, RewardRule, Verifier, unreadable
from ..core.records import Judgement, Outcome, Question
from ..core.registries import make_agent, make_generator, make_reward, make_verifier
from ..core.seeding import integer_seed, python_stream
from ..envs.game.domains import domain_of
from ..envs.game.engine import Game
from ..envs.game.question_cache import QuestionCache
from ..envs.game.screening import ReadingVerifier
from ..envs.views.setup import check_role
from ..selfplay.run.labels import make_labeller
from .question_sets import different_questions
from .rows import COLUMNS, check_texts, conversation, question_of, row_of, runs, text_of, type_of

__all__ = ["ChallengerReward", "SolverReward", "challenger_reward", "dataset", "reward_function"]

Named = str | Mapping[str, Any]
Turns = str | Sequence[Mapping[str, Any]]


def dataset(
    game: str = "SelfPlayMath-v0",
    *,
    size: int,
    seed: int = 0,
    role: str = "solver",
    generator: Named | Generator | None = None,
    levels: Sequence[float] | None = None,
    kind: str | None = None,
    split: str = "train",
    template: str = "plain",
    chat: bool = True,
    system: str | None = None,
) -> Any:
    """`size` prompts of a game as a `datasets.Dataset`, the same for equal arguments.

    Args:
        game: environment id, "SelfPlayMath-v0" or "SelfPlayCode-v0".
        seed: root of all draws, an integer ≥ 0.
        role: "solver": different procedural questions. "challenger": the same instruction `size` times.
        generator: writes the questions; `None` is the game's own.
        levels: difficulties in [0, 1], taken in turn; `None` draws them evenly.
        kind: the generator's sub-kind, `None` for its own mix.
        split: "train", or "held_out" for an `eval_dataset` that shares no question with it.
        template: the words around a question, "plain" or "r-zero".
        chat: whether prompts are conversations, to which TRL applies the tokenizer's chat template; `False` gives plain
            text, for models without one.
        system: a system turn, only with `chat`.

    Returns:
        columns `prompt`, and for solvers those of `rows.COLUMNS`: the question, its reference, level and so on.

    Raises:
        MissingExtraError: `datasets` is not installed.
        ConfigError: a setting that cannot work, or a generator with fewer different questions than asked for.
    """
    try:
        import datasets
    except ImportError:
        raise MissingExtraError("datasets", "trl", "selfplay_gym.interop.trl.dataset") from None
    check_whole("size", size)
    check_role(role)
    if system is not None and not chat:
        raise ConfigError("system needs chat=True: a plain prompt has no turns")
    check_texts("dataset", {"system": system})
    domain = domain_of(game)
    words = domain.template(template)
    text = datasets.Value("string")
    prompt = datasets.List({"role": text, "content": text}) if chat else text
    features = datasets.Features({"prompt": prompt})
    if role == "challenger":
        rows: list[dict[str, Any]] = [{"prompt": _prompt(words.challenger, chat, system)} for _ in range(size)]
        return datasets.Dataset.from_list(rows, features=features)
    cache = QuestionCache(make_generator(generator or domain.generator), split, 1, domain)
    questions = different_questions(cache, size, python_stream(seed, "interop", "trl"), levels, kind)
    rows = [{"prompt": _prompt(words.ask(question), chat, system), **row_of(question)} for question in questions]
    for number, row in enumerate(rows, start=1):
        check_texts(f"question {number}", row)
    kinds = {name: datasets.Value(type_of(name)) for name in COLUMNS}
    return datasets.Dataset.from_list(rows, features=datasets.Features({**features, **kinds}))


def reward_function(
    verifier: Named | Verifier = "sympy",
    *,
    reference: str = "reference",
    group_size: int | None = None,
    name: str | None = None,
) -> SolverReward:
    """Rewards for completions by a verifier; an entry of `GRPOTrainer(reward_funcs=[...])`.

    Args:
        verifier: by name, with options as a dict, or live.
        reference: the column with the answer, for datasets that are not ours.
        group_size: `num_generations`; `None` takes neighbours with the same row for a group, which is the same unless
            a dataset repeats a question. It matters for votes only.
        name: under which TRL logs the reward; `None` makes it of the verifier's.

    Raises:
        ConfigError: no such verifier, or a group of fewer than one.
    """
    if group_size is not None:
        check_whole("group_size", group_size)
    built: Verifier = make_verifier(verifier)
    return SolverReward(built, reference, group_size, name or f"selfplay_{_called(verifier)}")


def challenger_reward(
    game: str = "SelfPlayMath-v0",
    *,
    solver: Named | Agent,
    attempts: int = 10,
    labels: str = "vote",
    reward: Named | RewardRule = "r-zero",
    template: str = "plain",
    seed: int = 0,
    name: str | None = None,
) -> ChallengerReward:
    """Rewards for a challenger's questions, by playing each against a solver.

    Args:
        game: environment id.
        solver: answers; by name, as a dict, or live, such as an `LLMAgent`.
        attempts: m, answers per question.
        labels: where labels come from, as in `RunConfig.labels.source`.
        reward: the composite, by name, dict or live; see `envs.rewards`.
        template: what the solver reads around a question.
        seed: fixes the solver's attempts, together with the trainer's step.
        name: under which TRL logs the reward.

    Raises:
        ConfigError: no such game, labels, agent or reward, or fewer than one attempt.
    """
    check_whole("attempts", attempts)
    domain = domain_of(game)
    rules = Game(domain, make_labeller(domain, labels), make_reward(reward), template)
    agent: Agent = make_agent(solver)
    return ChallengerReward(rules, agent, attempts, seed, name or "selfplay_challenger")


class SolverReward:
    """A reward function for attempts, as TRL calls it. Build it with `reward_function`, and see `reward_function`.

    Logs, where TRL offers it, under its name: metrics `undecided_share`, `unanswered_share`, columns `answer`, `label`.
    """

    def __init__(self, verifier: Verifier, reference: str, group_size: int | None, name: str) -> None:
        self.verifier, self.reference, self.group_size, self.__name__ = verifier, reference, group_size, name

    def __call__(self, prompts: Sequence[Turns], completions: Sequence[Turns], **columns: Any) -> list[float | None]:
        """One reward in [0, 1] per completion; `None` where nothing was decided, or the question is not valid."""
        judged = self.judge(prompts, completions, **columns)
        verdicts = [verdict for judgement in judged for verdict in judgement.verdicts]
        logs = _Logs(self.__name__, columns)
        logs.metric("undecided_share", [v.outcome is Outcome.UNDECIDED for v in verdicts])
        logs.metric("unanswered_share", [v.answer is None for v in verdicts])
        logs.column("answer", [v.answer for v in verdicts])
        logs.column("label", [j.label for j in judged for _ in j.verdicts])
        return [v.score if judgement.valid else None for judgement in judged for v in judgement.verdicts]

    def judge(self, prompts: Sequence[Turns], completions: Sequence[Turns], **columns: Any) -> list[Judgement]:
        """One judgement per group of equal `prompts`, verdicts in the order of the completions.

        Raises:
            ConfigError: columns of other lengths, or groups cut in two.
        """
        wanted = {*COLUMNS, self.reference}
        given = {name: values for name, values in columns.items() if name in wanted}
        short = [name for name, values in given.items() if len(values) != len(prompts)]
        if short or len(completions) != len(prompts):
            raise ConfigError(f"{len(prompts)} prompts need as many completions and values of {sorted(given)}")
        rows = [dict(zip(given, values, strict=True)) for values in zip(*given.values(), strict=True)]
        asked = [
            question_of(row, text_of(prompt, "user"), self.reference)
            for row, prompt in zip(rows or [{}] * len(prompts), prompts, strict=True)
        ]
        groups = self._groups(asked)
        texts = [text_of(completion, "assistant") for completion in completions]
        return ReadingVerifier(self.verifier).judge_many(
            [asked[group.start] for group in groups], [texts[group.start : group.stop] for group in groups]
        )

    def _groups(self, asked: Sequence[Question]) -> list[range]:
        if self.group_size is None:
            return runs(asked)
        rows = range(len(asked))
        groups = [rows[start : start + self.group_size] for start in rows[:: self.group_size]]
        for group in groups:
            if len(group) != self.group_size or any(asked[i] != asked[group.start] for i in group):
                raise ConfigError(
                    f"completions {group.start} to {group.stop - 1} are not {self.group_size} attempts at one "
                    "question. Set group_size to TRL's num_generations, and per_device_train_batch_size * "
                    "steps_per_generation to a multiple of it, so that every process sees whole groups"
                )
        return groups


class ChallengerReward:
    """A reward function for proposals, as TRL calls it. Build it with `challenger_reward`, and see `challenger_reward`.

    Logs, where TRL offers it, under its name: metrics `solve_rate` (of well-formed questions), `malformed_share`,
    column `label`.
    """

    def __init__(self, game: Game, solver: Agent, attempts: int, seed: int, name: str) -> None:
        self.game, self.solver, self.attempts, self.seed, self.__name__ = game, solver, attempts, seed, name
        self._calls = itertools.count()

    def __call__(self, prompts: Sequence[Turns], completions: Sequence[Turns], **columns: Any) -> list[float | None]:
        """One reward per proposal; the whole batch is one batch of the game, as repetition is measured within it."""
        state = columns.get("trainer_state")
        step = next(self._calls) if state is None else int(state.global_step)
        seed = integer_seed(self.seed, "attempts", step)
        texts = [text_of(completion, "assistant") for completion in completions]
        answers = partial(self.solver.act, n=self.attempts, seed=seed)
        rounds = self.game.play(texts, answers, partial(unreadable, self.solver))
        judgements = [played.judgement for played in rounds]
        logs = _Logs(self.__name__, columns)
        logs.metric("solve_rate", [j.solve_rate for j in judgements if j is not None])
        logs.metric("malformed_share", [j is None for j in judgements])
        logs.column("label", [None if j is None else j.label for j in judgements])
        return [played.reward.value for played in rounds]


def _prompt(text: str, chat: bool, system: str | None) -> Turns:
    if not chat:
        return text
    return conversation(text, system)


def _called(verifier: Named | Verifier) -> str:
    if isinstance(verifier, str):
        return verifier
    return str(verifier["name"]) if isinstance(verifier, Mapping) else type(verifier).__name__


class _Logs:
    """TRL's logs, if the caller offers them; names begin with the reward's, because two rewards share the logs."""

    def __init__(self, name: str, columns: Mapping[str, Any]) -> None:
        self.name, self._metric, self._column = name, columns.get("log_metric"), columns.get("log_extra")

    def metric(self, name: str, values: Sequence[float]) -> None:
        """A mean. Every process must report the same names, so the mean of nothing is reported as 0."""
        if self._metric is not None:
            self._metric(f"{self.name}/{name}", sum(values) / len(values) if values else 0.0)

    def column(self, name: str, values: Sequence[str | None]) -> None:
        """One text per completion."""
        if self._column is not None:
            self._column(f"{self.name}/{name}", ["" if value is None else value for value in values])
