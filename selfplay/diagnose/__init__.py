"""What happened inside a run: labels, difficulty, forgetting, diversity, reasoning; commands and users come in."""

from .measure import Diagnosis, diagnose

__all__ = ["Diagnosis", "diagnose"]
