"""What happened inside a run of self-play: labels, difficulty, forgetting, diversity, reasoning."""

from .measure import Diagnosis, diagnose

__all__ = ["Diagnosis", "diagnose"]
