"""Public conformance checks for plug-in authors: `check_verifier`, `check_curriculum`, `check_agent`."""

from .core.conformance import check_agent, check_curriculum, check_verifier

__all__ = ["check_agent", "check_curriculum", "check_verifier"]
