"""How answers are judged: against a reference, by vote, by rules, by running code, or by a chain of these.

Importing this package only registers names; the modules are loaded when a verifier is built.
"""

from ..core.registries import register_verifier

register_verifier("exact", "selfplay_gym.verifiers.exact:ExactVerifier")
register_verifier("format", "selfplay_gym.verifiers.controls:FormatVerifier")
register_verifier("random", "selfplay_gym.verifiers.controls:RandomVerifier")
register_verifier("sympy", "selfplay_gym.verifiers.equivalence:SympyVerifier")
register_verifier("majority", "selfplay_gym.verifiers.majority:MajorityVerifier")
register_verifier("numeric", "selfplay_gym.verifiers.numeric:NumericVerifier")
register_verifier("cascade", "selfplay_gym.verifiers.compound:CascadeVerifier")
register_verifier("weighted", "selfplay_gym.verifiers.compound:WeightedVerifier")
register_verifier("self-answer", "selfplay_gym.verifiers.compound:SelfAnswerVerifier")
register_verifier("judge", "selfplay_gym.verifiers.model_judge:JudgeVerifier")
register_verifier("rg:", "selfplay_gym.verifiers.reasoning:ReasoningGymVerifier")
register_verifier("code", "selfplay_gym.verifiers.program:CodeVerifier")
