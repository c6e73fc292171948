"""From keyword arguments to a game that can be played: the rules, the curriculum, who asks, and who plays inside."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.errors import ConfigError
from ...core.options.counts import check_whole
from ...core.protocols import (
    Agent,
    Curriculum,
    Domain,
    Generator,
    OutputPolicy,
    QuestionSource,
    RewardRule,
    Verifier,
    unreadable,
)
from ...core.records import Question, TaskSpec
from ...core.registries import (
    make_agent,
    make_curriculum,
    make_generator,
    make_policy,
    make_reward,
    make_source,
    make_verifier,
)
from ...core.seeding import fresh_seed, python_stream
from ..game.askers import AgentAsker, SourceAsker
from ..game.domains import find_domain
from ..game.engine import Game
from ..game.question_cache import QuestionCache

Named = str | Mapping[str, Any]
ROLES = ("solver", "challenger")
"""The roles that a caller of `gym.make` can take."""
WRITERS = (*ROLES, "tester")
"""The roles whose texts a policy looks at."""


@dataclass(frozen=True, slots=True)
class GameSettings:
    """The keyword arguments that all views share; each part by name, with options (`"band(target=0.6)"`, or
    `{"name": "band", "target": 0.6}`), or live.

    Attributes:
        domain: name of what is played, or the domain itself.
        opponent: who plays the other role. For solvers `None` is the procedural generator, for challengers the
            domain's scripted solver.
        source: where a solver's questions come from, instead of an opponent; `None` is the procedural generator.
        verifier: judges; `None` is the domain's own.
        curriculum: chooses levels.
        generator: writes questions procedurally; `None` is the domain's own.
        attempts: m, how often a question is answered, ≥ 1.
        reward: rewards challengers.
        template: words of the prompts, "plain" or "r-zero".
        split: which questions the environment may ask: "train", "held_out", "any".
        reuse: how often a procedural question is asked on average, see `envs.game.question_cache`.
        policy: looks at all texts of all roles: a refused question is not asked, a refused answer not decided. "none"
            looks at nothing.
    """

    domain: str | Domain = "math"
    opponent: Named | Agent | None = None
    source: Named | QuestionSource | None = None
    verifier: Named | Verifier | None = None
    curriculum: Named | Curriculum = "band"
    generator: Named | Generator | None = None
    attempts: int = 10
    reward: Named | RewardRule = "r-zero"
    template: str = "plain"
    split: str = "train"
    reuse: int = 64
    policy: Named | OutputPolicy = "none"


class GameSetup:
    """Everything that a view needs, and the one random stream of its game.

    Args:
        settings: see there.
        role: which role the caller plays: "solver" or "challenger" (the opponent plays the other one), "all" of them,
            or "teacher", who names the level of each question that the opponent answers.
    """

    def __init__(self, settings: GameSettings, role: str) -> None:
        check_whole("attempts", settings.attempts)
        if settings.source is not None:
            _check_source(settings, role)
        domain = find_domain(settings.domain)
        reward: Any = make_reward(settings.reward)
        self.attempts = settings.attempts
        policy = None if settings.policy == "none" else make_policy(settings.policy)
        policies = {} if policy is None else dict.fromkeys(WRITERS, policy)
        verifier = make_verifier(domain.verifier if settings.verifier is None else settings.verifier)
        self.game = Game(domain, verifier, reward, settings.template, policies)
        self.curriculum = make_curriculum(settings.curriculum)
        # A curriculum built here starts anew with every seed; a live one is the caller's, and keeps what it learnt.
        owned = isinstance(settings.curriculum, str | Mapping)
        self._initial = self.curriculum.state_dict() if owned else None
        generator = make_generator(domain.generator if settings.generator is None else settings.generator)
        allows = self._allows if policies else None
        procedural = QuestionCache(generator, settings.split, settings.reuse, domain, allows)
        self.asker: QuestionCache | AgentAsker | SourceAsker = procedural
        self.opponent: Agent | None = None
        if role in ("challenger", "teacher"):
            self.opponent = make_agent(domain.solver if settings.opponent is None else settings.opponent)
        elif role == "solver" and settings.opponent is not None:
            self.asker = AgentAsker(make_agent(settings.opponent), self.game, procedural)
        if settings.source is not None:
            inside = {} if self.opponent is None else {"solver": self.opponent}
            source = make_source(settings.source)
            self.asker = SourceAsker(source, self.game, procedural, self.curriculum, inside)
        self.rng = random.Random(0)

    def _allows(self, question: Question) -> bool:
        return self.game.refusals([question.text]) == [None]

    def seed(self, root: int) -> None:
        """Start anew: everything that follows is a function of `root` and the moves made."""
        self.rng = python_stream(root, "table")  # another name would ask other questions for the same seed
        self.asker.restart()
        if self._initial is not None:
            self.curriculum.load_state_dict(self._initial)

    def draw(self) -> tuple[TaskSpec | None, Question]:
        """The next question and what was asked for; `None` where its source gives it no level."""
        asker, rng = self.asker, self.rng
        if isinstance(asker, SourceAsker):
            return asker.next(rng)
        spec = self.curriculum.sample(rng)
        return spec, asker.draw(spec, rng)

    def observe(self, spec: TaskSpec | None, solve_rate: float) -> None:
        """Tell the curriculum how a question went, if it is known what was asked for."""
        if spec is not None:
            self.curriculum.observe(spec, solve_rate)

    def answer(self, prompts: list[str]) -> list[list[str]]:
        """The opponent's attempts at each prompt, `attempts` of them."""
        if self.opponent is None:
            raise ConfigError("nobody plays the solver inside this environment")
        return self.opponent.act(prompts, n=self.attempts, seed=self.rng.getrandbits(62))

    def unreadable(self, prompts: list[str]) -> list[str | None]:
        """Why the opponent cannot read each prompt, `None` where it can."""
        return [None] * len(prompts) if self.opponent is None else unreadable(self.opponent, prompts)


def _check_source(settings: GameSettings, role: str) -> None:
    """Refuse a source where it would be ignored."""
    if role == "solver" and settings.opponent is not None:
        raise ConfigError(
            "opponent and source both ask the solver's questions; give one of them. An agent as a source is "
            "source='agent(name=...)'"
        )
    if role in ("challenger", "all"):
        raise ConfigError(
            "source says where a solver's questions come from, but here the caller writes them; leave source out, or "
            "play role='solver'"
        )


A_QUESTION = 'selfplay_gym.Question("What is 1+2?", reference="3")'
"""How a question is given to `reset`, for messages."""


def check_reset_options(options: Any, known: Sequence[str] = ()) -> None:
    """Refuse options of `reset` that would do nothing.

    Args:
        options: as they were given; `None` and an empty mapping are none.
        known: the keys that this environment reads.

    Raises:
        ConfigError: it is no mapping, or has other keys; names them.
    """
    if options is None:
        return
    if not isinstance(options, Mapping):
        form = f", such as {{'question': {A_QUESTION}}}" if known else ""
        raise ConfigError(f"options of reset are a mapping{form}, or None, got {options!r:.80}")
    unknown = [key for key in options if key not in known]
    if unknown:
        takes = f"it takes {', '.join(map(repr, known))}" if known else "it takes none"
        raise ConfigError(f"this reset has no option {', '.join(f'{key!r:.80}' for key in unknown)}; {takes}")


def given_question(options: Mapping[str, Any] | None) -> Question | None:
    """The question that `reset(options={"question": …})` asks for; `None` where there is none.

    Raises:
        ConfigError: it is no `Question`, or there are other options.
    """
    check_reset_options(options, ("question",))
    if not options:
        return None
    question = options["question"]
    if not isinstance(question, Question):
        raise ConfigError(f"options['question'] must be a Question, such as {A_QUESTION}, got {question!r:.80}")
    return question


def make_settings(options: Mapping[str, Any]) -> GameSettings:
    """Keyword arguments of a view as `GameSettings`.

    Raises:
        ConfigError: no such keyword; lists what there is.
    """
    unknown = sorted(set(options) - set(GameSettings.__dataclass_fields__))
    if unknown:
        known = ", ".join(["role", "render_mode", *GameSettings.__dataclass_fields__])
        raise ConfigError(f"unknown keyword {', '.join(map(repr, unknown))}; an environment takes: {known}")
    return GameSettings(**options)


def whole_seed(seed: Any) -> int:
    """A seed as Python's integer, also of NumPy's.

    Raises:
        ConfigError: it is no whole number, or below 0.
    """
    check_whole("seed", seed, least=0)
    return int(seed)


def one_seed(seed: int | Sequence[int | None] | None, copies: int) -> int | None:
    """The one seed of a vector environment whose copies play one game, from one or from a list with one per copy.

    Raises:
        ConfigError: another number of seeds than of copies, or one that is no whole number.
    """
    if seed is None:
        return None
    if isinstance(seed, np.ndarray):
        seed = seed.tolist()
    if isinstance(seed, str | bytes) or not isinstance(seed, Sequence):
        return whole_seed(seed)
    if len(seed) != copies:
        raise ConfigError(f"a list of seeds has one per copy, {copies}; got {len(seed)}")
    if all(one is None for one in seed):
        return None
    roots = [fresh_seed() if one is None else whole_seed(one) for one in seed]
    return int(np.random.SeedSequence(roots).generate_state(1)[0])


def check_copies(num_envs: int) -> None:
    """Refuse what is no number of copies."""
    check_whole("num_envs", num_envs)


def check_episodes(episodes: int) -> None:
    """Refuse what is no number of episodes."""
    check_whole("episodes", episodes)


def check_role(role: str) -> None:
    """Refuse a role that nobody can take in a view of one role."""
    if role not in ROLES:
        raise ConfigError(f"role must be 'solver' or 'challenger', got {role!r}")
