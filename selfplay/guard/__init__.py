"""The guard: watches each role while it trains, and asks the run to lower learning rates or go back to its best.

`controller.GuardController` is the hook that a run takes; `report` reads what it wrote down.
"""

from .monitor import Cause, Guard, guard_events, guard_measures
from .thresholds import GuardThresholds

__all__ = ["Cause", "Guard", "GuardThresholds", "guard_events", "guard_measures"]
