"""A source of questions besides the generator."""

from selfplay_gym.core.records import Question
from selfplay_gym.core.seeding import python_stream

from .formulas import value
from .generator import FormulaGenerator

LAWS = {
    "excluded middle": "{a} or not {a}",
    "contradiction": "{a} and not {a}",
    "de morgan": "not ({a} and {b}) or ({a} and {b})",
    "absorption": "{a} or ({a} and {b})",
}


class LawSource:
    """Laws of logic with formulas put in, at the levels that the curriculum asks for.

    Args:
        law: one of them; `None` draws from all.
    """

    follows_curriculum = True

    def __init__(self, law=None):
        self.laws = list(LAWS) if law is None else [law]

    def draw(self, n, draw):
        rng, generator = python_stream(draw.seed, "laws", draw.round), FormulaGenerator()
        questions = []
        for _ in range(n):
            spec = draw.curriculum.sample(rng)
            law = self.laws[int(rng.random() * len(self.laws))]
            a, b = (generator.generate(spec, rng).text[len("What is ") : -1] for _ in range(2))
            formula = LAWS[law].format(a=a, b=b)
            meta = {"kind": law}
            questions.append(Question(f"What is {formula}?", value(formula), "logic", spec.level, "laws", meta))
        return questions
