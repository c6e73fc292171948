"""The guard: watches each role while it trains, lowers learning rates, and goes back to the best checkpoint."""

from .monitor import Cause, Guard, guard_events, guard_measures
from .thresholds import GuardLimits

__all__ = ["Cause", "Guard", "GuardLimits", "guard_events", "guard_measures"]
