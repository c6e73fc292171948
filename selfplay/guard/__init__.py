"""The guard: watches each role while it trains, lowers learning rates, and goes back to the best checkpoint."""

from .limits import GuardLimits
from .watch import Cause, Guard, guard_events, guard_measures

__all__ = ["Cause", "Guard", "GuardLimits", "guard_events", "guard_measures"]
