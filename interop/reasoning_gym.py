"""Our questions as data sets of reasoning-gym (0.1.25), scored by our verifiers: `selfplay-gym[rg]`.

    import reasoning_gym, selfplay_gym.interop.reasoning_gym

    data = reasoning_gym.create_dataset("selfplay_mixed", low=0.2, high=0.6, seed=0, size=100)
    data.score_answer("13", entry=data[0])

Importing this module registers "selfplay_NAME" for every generator and domain known by then; `register` adds those that
come later. Theirs as ours need nothing of this: the source `open(data=rg:NAME)`, the suite `rg:NAME` and the verifier
`rg:NAME`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from ..core.errors import ConfigError, MissingExtraError, UnknownNameError
from ..core.options.counts import check_level, check_whole
from ..core.records import TaskSpec
from ..core.registries import domains, generators, make_generator
from ..core.seeding import python_stream
from ..envs.game.domains import find_domain
from ..envs.game.question_cache import QuestionCache, check_split
from ..selfplay.exams.suites import grader_of
from .question_sets import check_kind, domain_of_generator
from .rows import Graded, check_template, graded_of, reward_of

try:
    from reasoning_gym.coaching import BaseCurriculum, RangeAttributeDefinition
    from reasoning_gym.factory import DATASETS, ProceduralDataset, register_dataset
except ImportError as error:
    if (error.name or "").partition(".")[0] != "reasoning_gym":
        raise
    raise MissingExtraError("reasoning_gym", "rg", "selfplay_gym.interop.reasoning_gym") from None

__all__ = ["SelfPlayConfig", "SelfPlayCurriculum", "SelfPlayDataset", "register"]

PREFIX = "selfplay_"


@dataclass
class SelfPlayConfig:
    """What a data set asks.

    Attributes:
        low, high: the levels, drawn evenly in between; 0 ≤ low ≤ high ≤ 1.
        kind: the generator's sub-kind; `None` for its own mix.
        template: the words around a question, "plain" or "r-zero".
        split: "train", "held_out" for what belongs to our exams, or "any".
        seed: an integer ≥ 0; equal seeds give equal items, `None` draws one.
        size: how many items, ≥ 1.
    """

    low: float = 0.0
    high: float = 1.0
    kind: str | None = None
    template: str = "plain"
    split: str = "train"
    seed: int | None = None
    size: int = 500

    def __new__(cls, *_: Any, **given: Any) -> SelfPlayConfig:
        """Refuse settings that are not among these, where a data class would raise a `TypeError`."""
        known = [one.name for one in fields(cls)]
        for name in given:
            if name not in known:
                raise UnknownNameError("setting of a data set", name, known, "Levels are from low to high.")
        return super().__new__(cls)

    def validate(self) -> None:
        """What reasoning-gym asks before it makes a data set; what only its generator knows is checked there.

        Raises:
            ConfigError: a value that cannot work; names it.
        """
        check_whole("size", self.size)
        if self.seed is not None:
            check_whole("seed", self.seed, least=0)
        check_level("low", self.low)
        check_level("high", self.high)
        if self.low > self.high:
            raise ConfigError(f"low must not be above high, got low={self.low!r} and high={self.high!r}")
        check_split(self.split)
        check_template(self.template)


class SelfPlayDataset(ProceduralDataset):  # type: ignore[misc]
    """The questions of a generator; the name of the data set is `PREFIX` and that of the generator or domain.

    An item has the question, its reference as answer, and as metadata what reasoning-gym asks for and the row of the
    question, by which it is scored.
    """

    asks = "mixed"
    """The generator or domain."""

    def __init__(self, config: SelfPlayConfig) -> None:
        super().__init__(config=config, seed=config.seed, size=config.size)
        name = find_domain(self.asks).generator if not generators.knows(self.asks) else self.asks
        generator = make_generator(name)
        check_kind(generator, config.kind)
        domain = domain_of_generator(name)
        if domain is not None:
            domain.template(config.template)  # it may have fewer than mathematics
        self._cache = QuestionCache(generator, config.split, 1, domain)

    @property
    def category(self) -> str:
        """Where reasoning-gym lists it."""
        return "selfplay"

    def __getitem__(self, idx: int) -> dict[str, Any]:
        """Item `idx`, whatever was asked for before."""
        config, rng = self.config, python_stream(self.seed, "reasoning-gym", self.asks, idx)
        level = config.low + (config.high - config.low) * rng.random()
        question = self._cache.fresh(TaskSpec(level, config.kind), rng)
        graded = Graded(question, grader_of(question))
        return {
            "question": graded.prompt(config.template),
            "answer": question.reference,
            "metadata": {
                "source_dataset": PREFIX + self.asks,
                "source_index": idx,
                "difficulty": {"level": (config.low, config.high)},
                "row": graded.row(),
            },
        }

    def score_answer(self, answer: str | None, entry: dict[str, Any]) -> float:
        """The reward in [0, 1] that our environment pays for this text, an answer or all that a model wrote.

        `None`, and what the verifier cannot decide, score 0.
        """
        if not isinstance(answer, str):
            return 0.0
        return reward_of(graded_of(entry["metadata"]["row"]).judge(answer))


class SelfPlayCurriculum(BaseCurriculum):  # type: ignore[misc]
    """Levels by tenths for reasoning-gym's own curricula."""

    def __init__(self) -> None:
        super().__init__(SelfPlayCurriculum.__name__, SelfPlayConfig)
        self._define_attributes(
            RangeAttributeDefinition(
                name="level",
                levels=[tenth / 10 for tenth in range(11)],
                default_level=1,
                description="Difficulty of the questions, from 0 to 1",
                lower_field_name="low",
                upper_field_name="high",
            )
        )


def register() -> list[str]:
    """Register every generator and domain that has no data set yet.

    Returns:
        the names of all our data sets.
    """
    names = [name for name in [*generators.names(), *domains.names()] if not name.endswith(":")]
    for name in dict.fromkeys(names):
        if PREFIX + name not in DATASETS:
            kind = type(f"SelfPlay_{name}", (SelfPlayDataset,), {"asks": name, "__module__": __name__})
            globals()[kind.__name__] = kind  # so that it can be pickled
            register_dataset(PREFIX + name, kind, SelfPlayConfig, SelfPlayCurriculum)
    return sorted(PREFIX + name for name in dict.fromkeys(names))


register()
