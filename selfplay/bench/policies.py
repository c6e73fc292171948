"""Benchmark of policies on the numeric environments, where an agent is not asked for text but for an action.

    random               any action
    band, linear, fixed  a curriculum as teacher of `SelfPlayTeacher-v0`
    sb3:FILE.zip         a stable-baselines3 policy, deterministic; `sb3:dqn:FILE.zip` for another algorithm than PPO
    LABEL=NAME           any of these under another name

Every policy plays the same episodes (equal environment seeds), so they are compared episode by episode.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ...core.errors import ConfigError, MissingExtraError, UnknownNameError
from ...core.options import parse_named
from ...core.protocols import Curriculum
from ...core.records import TaskSpec
from ...core.registries import curricula, make_curriculum
from ...core.seeding import integer_seed, python_stream, stream
from ...envs.game.domains import OWN_GAME
from ...envs.views.teacher import TeacherEnv
from ..pages.figures import SOLVER, plot_row, rows_by_name, rows_size
from ..pages.headline import SIGNIFICANT, Headline
from ..pages.tables import markdown_table
from ..pages.wording import counted, short_name
from ..stats import Estimate
from .result_table import ResultTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LABEL = re.compile(r"([\w.\-]+)=(?=\S)")


class Policy(Protocol):
    """Chooses actions of one episode at a time."""

    def restart(self, env: Any, seed: int) -> None:
        """A new episode of `env` begins."""
        ...

    def choose(self, observation: Any) -> Any:
        """The next action."""
        ...

    def observe(self, info: dict[str, Any]) -> None:
        """What came of it."""
        ...


class RandomPolicy:
    """Any action, uniformly."""

    def restart(self, env: Any, seed: int) -> None:
        self.space = env.action_space
        self.space.seed(integer_seed(seed, "random policy") % 2**31)

    def choose(self, observation: Any) -> Any:
        return self.space.sample()

    def observe(self, info: dict[str, Any]) -> None:
        """Learns nothing."""


class CurriculumPolicy:
    """A curriculum as a teacher: its level becomes the nearest action, the measured solve rate its observation."""

    def __init__(self, name: str) -> None:
        self.name = name

    def restart(self, env: Any, seed: int) -> None:
        if not isinstance(env, TeacherEnv):
            raise ConfigError(f"the curriculum {self.name!r} chooses levels; it can only play SelfPlayTeacher-v0")
        self.curriculum: Curriculum = make_curriculum(self.name)
        self.levels, self.rng = env.levels, python_stream(seed, "curriculum policy")
        self.spec = TaskSpec(0.0)

    def choose(self, observation: Any) -> int:
        self.spec = self.curriculum.sample(self.rng)
        return min(int(self.spec.level * self.levels), self.levels - 1)

    def observe(self, info: dict[str, Any]) -> None:
        self.curriculum.observe(self.spec, float(info["solve_rate"]))


class SB3Policy:
    """A trained stable-baselines3 model, acting deterministically."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def restart(self, env: Any, seed: int) -> None:
        self.state, self.first = None, True

    def choose(self, observation: Any) -> Any:
        start = np.array([self.first])
        action, self.state = self.model.predict(observation, state=self.state, episode_start=start, deterministic=True)
        self.first = False
        return action

    def observe(self, info: dict[str, Any]) -> None:
        """Does not learn any more."""


@dataclass(frozen=True, slots=True)
class PolicyComparison:
    """`policy` − `baseline`, paired over episodes; `p_value` of a sign-flip permutation test."""

    baseline: str
    policy: str
    difference: Estimate
    p_value: float


@dataclass(frozen=True)
class PolicyReport:
    """Mean reward per step of every policy; `str()` is a table.

    Attributes:
        rewards: per policy, the mean reward per step of each episode.
        comparisons: every policy against the first one.
    """

    environment: str
    seed: int
    rewards: dict[str, np.ndarray[Any, Any]]
    comparisons: tuple[PolicyComparison, ...]

    def score(self, policy: str) -> Estimate:
        """Mean reward per step with a 95 % t interval over episodes."""
        return _mean_with_interval(self.rewards[policy])

    def rows(self) -> tuple[list[str], list[list[str]]]:
        """Header and cells."""
        against = {c.policy: c for c in self.comparisons}
        cells = []
        for name, values in self.rewards.items():
            score, versus = self.score(name), against.get(name)
            row = [name, str(len(values)), f"{score.value:.3f} [{score.low:.3f}, {score.high:.3f}]"]
            if versus is None:
                row += ["–", "–"]
            else:
                d = versus.difference
                row += [f"{d.value:+.3f} [{d.low:+.3f}, {d.high:+.3f}]", f"{versus.p_value:.2g}"]
            cells.append(row)
        first = next(iter(self.rewards))
        return ["policy", "episodes", "mean reward per step", f"against {first}", "p"], cells

    def table(self) -> ResultTable:
        """Table, JSON and figure of the scores."""

        def draw(axes: Axes) -> None:
            for row, name in enumerate(self.rewards):
                plot_row(axes, row, self.score(name), SOLVER)
            rows_by_name(axes, list(self.rewards), "policies")
            axes.set(title="Reward", xlabel="mean reward per step, with 95 % intervals")
            axes.set_xlim(left=min(0.0, axes.get_xlim()[0]))

        title, size = f"{self.environment}, equal episodes", rows_size(len(self.rewards))
        return ResultTable(title, self.headline(), *self.rows(), [], self.as_dict(), draw, size)

    def headline(self) -> Headline:
        """Which policy earns most, and whether that is more than the first one earns."""
        first, *_ = self.rewards
        best = max(self.rewards, key=lambda name: self.score(name).value)
        text = f"{short_name(best)} earns {self.score(best).value:.3f} per step"
        against = next((c for c in self.comparisons if c.policy == best), None)
        if against is None:
            others = "" if len(self.rewards) == 1 else ", the most"
            return Headline("open", f"{text} over {counted(len(self.rewards[best]), 'episode')}{others}.")
        clear = against.difference.low > 0 and against.p_value < SIGNIFICANT
        d = against.difference
        detail = f"Paired by episode: {d.value:+.3f}, 95 % interval [{d.low:+.3f}, {d.high:+.3f}], "
        detail += f"p = {against.p_value:.2g}."
        then = "more than" if clear else "which may be no more than that of"
        sentence = f"{text}, {then} {short_name(first)} with {self.score(first).value:.3f}."
        return Headline("better" if clear else "open", sentence, detail)

    def as_dict(self) -> dict[str, Any]:
        return {
            "environment": self.environment,
            "seed": self.seed,
            "policies": {
                name: {"score": self.score(name).as_dict(), "episodes": values.tolist()}
                for name, values in self.rewards.items()
            },
            "comparisons": [
                {
                    "baseline": c.baseline,
                    "policy": c.policy,
                    "difference": c.difference.as_dict(),
                    "p_value": c.p_value,
                }
                for c in self.comparisons
            ],
        }

    def __str__(self) -> str:
        return "\n".join(markdown_table(*self.rows()))


def bench_policies(specs: Sequence[str], environment: str, *, episodes: int = 100, seed: int = 0) -> PolicyReport:
    """Let every policy play the same episodes of a Gymnasium environment.

    Args:
        environment: an id, optionally with the environment's options: "SelfPlayTokens-v0(split=held_out)".

    Raises:
        ConfigError: no policies, fewer than two episodes, an unknown name, or a model that cannot be loaded.
    """
    import gymnasium as gym

    if not specs or episodes < 2:
        raise ConfigError(f"name at least one policy and two episodes, got {list(specs)} and {episodes}")
    identity, _, options = parse_named(environment)
    try:
        env = gym.make(identity, **options)
    except (gym.error.Error, ModuleNotFoundError) as error:
        if isinstance(error, ModuleNotFoundError) and error.name is not None:  # Gymnasium's own has no name
            raise
        known = not isinstance(error, gym.error.UnregisteredEnv | ModuleNotFoundError)
        remedy = "" if known else f" {OWN_GAME} What stands before a colon is imported, as in env:my_module:MyGame-v0."
        raise ConfigError(f"no environment {environment!r}: {error}{remedy}") from None
    rewards: dict[str, np.ndarray[Any, Any]] = {}
    for spec in specs:
        name, policy = load_policy(spec)
        rewards[name] = np.array([play(env, policy, integer_seed(seed, "episode", i)) for i in range(episodes)])
    env.close()
    first, *others = rewards
    comparisons = tuple(_compare(first, name, rewards[first], rewards[name], seed) for name in others)
    return PolicyReport(environment, seed, rewards, comparisons)


def play(env: Any, policy: Policy, seed: int) -> float:
    """Mean reward per step of one episode."""
    observation, _ = env.reset(seed=seed % 2**31)
    policy.restart(env.unwrapped, seed)
    total, steps, over = 0.0, 0, False
    while not over:
        observation, reward, terminated, truncated, info = env.step(policy.choose(observation))
        policy.observe(info)
        total, steps, over = total + float(reward), steps + 1, terminated or truncated
    return total / steps


def load_policy(spec: str) -> tuple[str, Policy]:
    """Name in the tables, and the policy."""
    found = _LABEL.match(spec)
    name = spec[found.end() :] if found else spec
    label = found[1] if found else name
    if name == "random":
        return label, RandomPolicy()
    if name in curricula.names():
        return label, CurriculumPolicy(name)
    if name.startswith("sb3:"):
        return label, SB3Policy(_load_sb3(name.removeprefix("sb3:")))
    raise UnknownNameError("policy", name, ["random", "sb3:FILE.zip", *curricula.names()])


def _load_sb3(source: str) -> Any:
    try:
        import stable_baselines3
    except ImportError:
        raise MissingExtraError("stable_baselines3", "sb3", "a stable-baselines3 policy") from None
    algorithm, colon, path = source.rpartition(":")
    kind = getattr(stable_baselines3, (algorithm if colon else "ppo").upper(), None)
    if kind is None:
        raise ConfigError(f"stable-baselines3 has no algorithm {algorithm!r}; write sb3:FILE.zip or sb3:dqn:FILE.zip")
    try:
        return kind.load(path, device="cpu")
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(f"{path!r} is not a saved {kind.__name__} model: {error}") from None


def _mean_with_interval(values: np.ndarray[Any, Any]) -> Estimate:
    from scipy.stats import t

    mean = float(values.mean())
    half = float(t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)))
    return Estimate(mean, mean - half, mean + half)


def _compare(
    baseline: str, name: str, before: np.ndarray[Any, Any], after: np.ndarray[Any, Any], seed: int
) -> PolicyComparison:
    from scipy.stats import permutation_test

    difference = after - before
    test = permutation_test(
        (difference,), np.mean, permutation_type="samples", n_resamples=9999, rng=stream(seed, "policies", name)
    )
    return PolicyComparison(baseline, name, _mean_with_interval(difference), float(test.pvalue))
