"""A reward for challengers."""

from selfplay_gym.core.records import Reward


class BriefReward:
    """Rewards short questions that the solver answers differently from time to time: 4p(1-p) plus brevity.

    Args:
        weight: of the brevity of a question, which is 1 for no letters and 0 for `longest` of them.
        longest: letters.
    """

    def __init__(self, weight=0.5, longest=100):
        self.weight, self.longest = weight, longest

    def __call__(self, questions, judgements, attempts):
        return [self._reward(*one) for one in zip(questions, judgements, strict=True)]

    def _reward(self, question, judgement):
        if question is None or judgement is None or not judgement.valid:
            return Reward(0.0, {})
        p = judgement.solve_rate
        terms = {"variance": 4 * p * (1 - p), "brevity": self.weight * max(0.0, 1 - len(question.text) / self.longest)}
        return Reward(sum(terms.values()), terms)
