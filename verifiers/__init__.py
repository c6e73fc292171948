"""How answers are judged: against a reference, by vote, by rules, by running code, or by a chain of these.

Importing this package only registers names; the modules are loaded when a verifier is built.
"""

from ..core.registries import register_verifier

register_verifier("exact", "selfplay_gym.verifiers.exact:ExactVerifier")
register_verifier("format", "selfplay_gym.verifiers.controls:FormatVerifier")
register_verifier("random", "selfplay_gym.verifiers.controls:RandomVerifier")
register_verifier("sympy", "selfplay_gym.verifiers.equivalence:SympyVerifier")
register_verifier("majority", "selfplay_gym.verifiers.majority:MajorityVerifier")
register_verifier("code", "selfplay_gym.verifiers.program:CodeVerifier")
