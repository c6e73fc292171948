"""What is played: the domain, where questions come from, and what challengers are asked for and earn."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from ..records import Judgement, OtherWay, Question, Request, Reward, Rewritten
from .players import Agent, Curriculum, Generator, Rng


@runtime_checkable
class RewardRule(Protocol):
    """What challengers earn with the questions of one batch."""

    def __call__(
        self,
        questions: Sequence[Question | None],
        judgements: Sequence[Judgement | None],
        attempts: Sequence[Sequence[str]],
    ) -> Sequence[Reward]:
        """One `Reward` per question, in order; the whole batch is seen, since repetition is measured within it.

        Args:
            questions: what was asked; `None` for a malformed proposal.
            judgements: one per question; `None` where there was nothing to judge.
            attempts: the solver's texts at each question, in the order of `judgement.verdicts`; () where none was made.
        """
        ...


class GameWords(Protocol):
    """What a question source may know of the rules: how a challenger is addressed, and how its text is read.

    `envs.game.engine.Game` satisfies it.
    """

    def instruct(self, request: Request | None = None, /) -> str:
        """The prompt that every challenger reads, or one that asks for something in particular."""
        ...

    def read(self, texts: Sequence[str], requests: Sequence[Request | None] = (), /) -> Sequence[Any]:
        """Proposals read from `texts` in order, each with `text`, `question` (`None` when malformed) and `reason`;
        questions are marked with the requests they were written on, if any are given."""
        ...


@dataclass(slots=True)
class Draw:
    """What a question source is given for one draw.

    Attributes:
        seed: root of the random streams; name a stream by `(seed, words of your own, round)`.
        round: counts draws from 1; a run's round, or an environment's batch.
        level: the difficulty in [0, 1] that is asked for; `None` leaves it to the source.
        domain: name of what is played, for sources whose questions do not say it themselves.
        game: the rules; `None` where a source is used without a game.
        agents: who plays, by role.
        generator: writes procedural questions.
        curriculum: chooses their levels, and observes how they went.
        condition: what a challenger is asked for; `None` is nothing in particular.
        unsolved: questions of earlier rounds that the solver did not solve, for a condition that shows them.
        earlier: reads the questions that were asked in earlier rounds, each with its solve rate, oldest first.
        failures: reads the perturbed questions of earlier rounds, each with the share of attempts that failed, oldest
            first.
        counts: reads how many questions this source gave in each earlier round; `None` is `n` in every earlier draw.
        league: who of the run's league writes `n` questions: name, agent and number of each; `None` without a league.
        rejected: to be filled with texts that made no question, each with the reason.
    """

    seed: int
    round: int = 1
    level: float | None = None
    domain: str = "math"
    game: GameWords | None = None
    agents: Mapping[str, Agent] = field(default_factory=dict)
    generator: Generator | None = None
    curriculum: Curriculum | None = None
    condition: Condition | None = None
    unsolved: Sequence[Question] = ()
    earlier: Callable[[], Sequence[tuple[Question, float]]] = tuple
    failures: Callable[[], Sequence[tuple[Question, float]]] = tuple
    counts: Callable[[], Sequence[int]] | None = None
    league: Callable[[int], Iterable[tuple[str, Agent, int]]] | None = None
    rejected: list[tuple[str, str]] = field(default_factory=list)

    def counts_before(self, n: int) -> Sequence[int]:
        """How many questions the source gave in each earlier draw, when it is asked for `n` now."""
        return [n] * max(0, self.round - 1) if self.counts is None else self.counts()


@runtime_checkable
class Condition(Protocol):
    """What a challenger is asked for, and how its reward depends on that.

    One that draws from `draw.curriculum` has an attribute `follows_curriculum = True`, as sources that do.
    """

    def requests(self, n: int, draw: Draw, rng: Rng) -> list[Request | None]:
        """`n` requests, one per group of a step or question of a round; `None` asks as ever. All randomness comes from
        `rng`; nothing is changed."""
        ...

    def rewarded(self, rule: RewardRule) -> RewardRule:
        """What questions earn that were written on requests; a `ConfigError` if the rule cannot depend on them."""
        ...


@runtime_checkable
class QuestionSource(Protocol):
    """Where questions come from: a challenger, a generator under a curriculum, a data set, a file, an adversary."""

    def draw(self, n: int, draw: Draw) -> list[Question]:
        """At most `n` questions, `n` >= 0. Equal draws give equal questions.

        Fewer come where texts were malformed (then each stands in `draw.rejected`) or where there are no more. A
        source that gives nothing and rejects nothing is exhausted.

        A `reference` is an answer the source *knows*; what a challenger claims about its own question has the author
        "challenger", and is never taken for known. A class whose references were given with the questions, as by a
        data set, has an attribute `gives_references = True`: in a run they are the labels (`labels.references`).

        A class whose sources draw levels from `draw.curriculum` has an attribute `follows_curriculum = True`: in a run,
        the curriculum then observes how these questions went.

        A source with `asks_again = True` has only questions of earlier rounds: a run with no other source is refused.
        """
        ...


@runtime_checkable
class Perturbation(Protocol):
    """One way to change a question so that its right answer is known to stay, or is computed anew."""

    @property
    def keeps(self) -> bool:
        """Whether the answer to the question is also the right one to what it becomes."""
        ...

    def rewrite(self, question: Question, rng: Rng) -> Rewritten | None:
        """The question changed; `None` where this way does not apply to it. All randomness comes from `rng`.

        Args:
            question: its `reference` is its right answer; `None` where nobody knows it.
        """
        ...


class Words(Protocol):
    """How the players are addressed."""

    @property
    def challenger(self) -> str:
        """The instruction that challengers read."""
        ...

    def ask(self, question: Question) -> str:
        """The prompt that solvers read."""
        ...


@runtime_checkable
class Parts(Protocol):
    """One way to cut a question into smaller ones, each of which starts from the values found before it."""

    def question(self, values: Sequence[str]) -> str | None:
        """The next smaller question; `None` where there is no further one, or a value says nothing to it."""
        ...

    def follows(self, values: Sequence[str], solution: str) -> bool:
        """Whether a solution of the next smaller question works on what that asks, as far as its form tells; true
        where it does not. Its results are not looked at."""
        ...

    def claims(self, solution: str) -> Sequence[tuple[str, str]]:
        """What a solution of a part rests on: questions, each with the answer it must have if every step holds, such as
        the steps asked backward; none where its form says nothing."""
        ...

    def value(self, values: Sequence[str]) -> str | None:
        """The answer to the whole question; `None` as long as parts are missing, and where a value is no answer."""
        ...

    def join(self, solutions: Sequence[str], value: str) -> str:
        """The `solutions` of all parts, in order, as one of the whole question that ends in its answer, `value`."""
        ...


@runtime_checkable
class Domain(Protocol):
    """All that makes a kind of question; `envs.game.domains.GameDomain` fills most of it with defaults."""

    @property
    def matcher(self) -> str:
        """Name of the verifier that holds attempts against a label that nobody but the attempts vouches for."""
        ...

    @property
    def recomputes(self) -> bool:
        """Whether `known_answer` is computed from the question itself, whatever its author claims."""
        ...

    @property
    def name(self) -> str:
        """What `Question.domain` says, and the gym id is made of: "math" is `SelfPlayMath-v0`."""
        ...

    @property
    def templates(self) -> Mapping[str, Words]:
        """How players are addressed, by template name; "plain" is always there."""
        ...

    @property
    def generator(self) -> str:
        """Name of the generator that asks when nobody else does."""
        ...

    @property
    def verifier(self) -> str:
        """Name of the verifier that judges when none is named."""
        ...

    @property
    def solver(self) -> str:
        """Name of the agent that answers when none is named."""
        ...

    @property
    def labels(self) -> Mapping[str, str]:
        """Names of label sources, each with the verifier behind it; "vote" is always there."""
        ...

    @property
    def grader(self) -> str:
        """Name of the verifier that grades exams."""
        ...

    @property
    def settings(self) -> Mapping[str, Any]:
        """What a training run of this domain sets besides its id, as a tree like `RunConfig`."""
        ...

    @property
    def tiny_settings(self) -> Mapping[str, Any]:
        """What it sets besides where the roles start as the embedded `tiny`, which has not seen its forms."""
        ...

    @property
    def roles(self) -> Mapping[str, Any]:
        """Words of further trainable roles (`envs.game.domains.RoleWords`), by role."""
        ...

    @property
    def ask_tester(self) -> Callable[[str, Sequence[str]], str] | None:
        """The solvers' prompt and their answers as the prompt of a tester; `None` where there is no tester."""
        ...

    @property
    def parts(self) -> Callable[[Question, Rng, int | None], Sequence[Parts]] | None:
        """A question, a random stream and the most operations of a part → different ways to cut the question.

        `None` for the operations means two parts of any size. There are at most two ways, and fewer where the question
        is too short for them. They follow from the question alone, never from a known answer. The property is `None`
        where no question has parts.
        """
        ...

    def template(self, name: str) -> Words:
        """The template of that name; an unknown one is a `ConfigError`."""
        ...

    def read(self, text: str, /) -> Question | str:
        """A challenger's text as a question, or the reason why it is malformed. Never raises on any text."""
        ...

    def write(self, question: Question) -> str:
        """A question as a challenger writes it; where `read` cannot read it back, `warm_up` cannot show it."""
        ...

    def identity(self, question: Question) -> str:
        """Equal for two questions that ask the same, whatever their wording; a function of what is asked alone."""
        ...

    def known_answer(self, question: Question) -> str | None:
        """The answer that is computed or was given with a data set; `None` where nobody knows it."""
        ...

    def kind(self, question: Question) -> str:
        """Which kind of question it is, as reports tell kinds apart; "other" where there are none."""
        ...

    def ways(self, question: Question, label: str, rng: Rng, template: str = "plain") -> Sequence[OtherWay]:
        """Other ways to ask a question whose label was voted, the nearest first; () where there is none.

        They follow from question, label and `rng` alone, never from a known answer. `template` may add ways in words.
        """
        ...
