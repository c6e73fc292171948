"""A curriculum that climbs."""

from selfplay_gym.core.records import TaskSpec


class StaircaseCurriculum:
    """One step up when a question was solved often enough, one step down when it was not.

    Args:
        start: the first level.
        step: how far a step goes.
        target: the solve rate from which on it goes up.
    """

    def __init__(self, start=0.0, step=0.1, target=0.5):
        self.level, self.step, self.target = start, step, target

    def sample(self, rng):
        return TaskSpec(self.level)

    def observe(self, spec, solve_rate):
        change = self.step if solve_rate >= self.target else -self.step
        self.level = min(1.0, max(0.0, self.level + change))

    def state_dict(self):
        return {"level": self.level}

    def load_state_dict(self, state):
        self.level = float(state["level"])
