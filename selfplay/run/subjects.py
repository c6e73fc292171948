"""What a run is about: the domain, who labels, who grades, and which settings suit it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...core.errors import ConfigError, UnknownNameError
from ...core.protocols import Verifier
from ...core.registries import make_verifier
from .labels import ComputedReference


@dataclass(frozen=True, slots=True)
class Subject:
    """One environment id, for training.

    Attributes:
        domain: name of the rules in `envs.domains`.
        labels: name of a label source → the verifier behind it. All but "vote" know the answer.
        grader: verifier of exams.
        settings: what `train --env` sets besides the id.
    """

    domain: str
    labels: Mapping[str, str]
    grader: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    def labeller(self, source: str) -> Verifier:
        """The verifier that labels questions.

        Raises:
            ConfigError: this subject has no such source of labels.
        """
        if source not in self.labels:
            raise ConfigError(f"labels of {self.domain} are one of {', '.join(self.labels)}; got {source!r}")
        verifier = make_verifier(self.labels[source])
        computed = self.domain == "math" and source != "vote"
        return ComputedReference(verifier) if computed else verifier

    def payer(self, reward: str, source: str, seed: int) -> Verifier:
        """The verifier a solver is paid by; `seed` is for the coins of the "random" control."""
        if reward == "random":
            return make_verifier("random", seed=seed)
        if reward == "format":
            return make_verifier("format")
        return make_verifier("code" if source == "executor" else "sympy")


SUBJECTS: dict[str, Subject] = {
    "SelfPlayMath-v0": Subject("math", {"vote": "majority", "sympy": "sympy", "oracle": "exact"}, "sympy"),
    "SelfPlayCode-v0": Subject(
        "code",
        {"vote": "majority", "executor": "code", "oracle": "exact"},
        "code",
        {"challenger": "procedural", "labels": "executor", "generator": "deduction:short"},
    ),
}


def find_subject(env: str) -> Subject:
    """The subject of an environment id."""
    if env not in SUBJECTS:
        raise UnknownNameError("training environment", env, SUBJECTS)
    return SUBJECTS[env]
