"""Judges answers: against a reference, by vote, by rules, by running code, or by a chain of these; built by name.

Importing this package only registers names; the modules are loaded when a verifier is built. `equal` and `Policy`, the
answer checker without the verifier around it, are loaded when first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core.registries import register_policy, register_verifier

if TYPE_CHECKING:
    from .answers.equal import equal
    from .answers.policy import Policy

__all__ = ["Policy", "equal"]

register_verifier("exact", "selfplay_gym.verifiers.references.exact:ExactVerifier")
register_verifier("format", "selfplay_gym.verifiers.references.controls:FormatVerifier")
register_verifier("random", "selfplay_gym.verifiers.references.controls:RandomVerifier")
register_verifier("sympy", "selfplay_gym.verifiers.references.equivalence:SympyVerifier")
register_verifier("majority", "selfplay_gym.verifiers.ensembles.majority:MajorityVerifier")
register_verifier("path-consistency", "selfplay_gym.verifiers.ensembles.agreement:PathConsistencyVerifier")
register_verifier("negative", "selfplay_gym.verifiers.ensembles.agreement:NegativeVerifier")
register_verifier("validated", "selfplay_gym.verifiers.ensembles.validated:ValidatedVerifier")
register_verifier("checked", "selfplay_gym.verifiers.ensembles.checked:CheckedVerifier")
register_verifier("decomposed", "selfplay_gym.verifiers.ensembles.decomposed:DecomposedVerifier")
register_verifier("coalition", "selfplay_gym.verifiers.ensembles.coalition:CoalitionVerifier")
register_verifier("numeric", "selfplay_gym.verifiers.references.numeric:NumericVerifier")
register_verifier("cascade", "selfplay_gym.verifiers.ensembles.compound:CascadeVerifier")
register_verifier("weighted", "selfplay_gym.verifiers.ensembles.compound:WeightedVerifier")
register_verifier("self-answer", "selfplay_gym.verifiers.ensembles.compound:SelfAnswerVerifier")
register_verifier("judge", "selfplay_gym.verifiers.ensembles.llm_judge:LLMJudgeVerifier")
register_verifier("rg:", "selfplay_gym.verifiers.references.reasoning_gym:ReasoningGymVerifier")
register_verifier("code", "selfplay_gym.verifiers.programs.verifier:CodeVerifier")
register_verifier("unit-tests", "selfplay_gym.verifiers.programs.tester.verifier:UnitTestVerifier")

register_policy("rules", "selfplay_gym.verifiers.output_policy.rules:RulePolicy")
register_policy("none", "selfplay_gym.verifiers.output_policy.rules:NoPolicy")


def __getattr__(name: str) -> Any:
    if name == "equal":
        from .answers.equal import equal

        return equal
    if name == "Policy":
        from .answers.policy import Policy

        return Policy
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
