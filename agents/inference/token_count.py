"""How many tokens a model has read, written and learnt. `LLMAgent.sample` and the trainers add to it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class TokenCount:
    """Tokens since the count was last taken.

    Attributes:
        read: of prompts; each prompt of a call once, however many completions it gets.
        sampled: of completions, as drawn.
        trained: of completions that an update went over, once per epoch.
        taken: sampled ones that were taken already, for whoever only watches: with `sampled`, all there ever were.
    """

    read: int = 0
    sampled: int = 0
    trained: int = 0
    taken: int = field(default=0, compare=False)

    def take(self) -> TokenCount:
        """What was counted, and begin again at 0."""
        taken = TokenCount(self.read, self.sampled, self.trained)
        self.taken += self.sampled
        self.read = self.sampled = self.trained = 0
        return taken
