"""What becomes of the answer that a challenger claims, in words: whether it is the label, and whether it holds."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ...core.math_language import answer
from ...core.protocols import Verifier
from ...core.records import Judgement, Outcome, Question
from .players import boxed


@dataclass(frozen=True)
class Claims:
    """Compares answers as the grader of the domain does.

    Attributes:
        grader: the verifier that holds answers against a reference.
    """

    grader: Verifier

    def truth(self, question: Question) -> str | None:
        """The computed answer, where the question can be read by our own grammar."""
        return answer(question.text)

    def same(self, question: Question, one: str, other: str) -> bool | None:
        """Whether two answers to a question are equal; `None` where that cannot be decided."""
        verdict = self.grader.judge(replace(question, reference=one), (boxed(other),)).verdicts[0]
        return None if verdict.outcome is Outcome.UNDECIDED else verdict.outcome is Outcome.CORRECT

    def holds(self, question: Question) -> bool | None:
        """Whether the claimed answer is the computed one; `None` without a claim, or where nothing can be computed."""
        truth = self.truth(question)
        return None if truth is None or question.reference is None else self.same(question, truth, question.reference)

    def right(self, question: Question, attempt: str) -> bool | None:
        """Whether an attempt is right: by the computed answer, else by the claimed one; `None` if undecided."""
        reference = self.truth(question) or question.reference
        if reference is None:
            return None
        verdict = self.grader.judge(replace(question, reference=reference), (attempt,)).verdicts[0]
        return None if verdict.outcome is Outcome.UNDECIDED else verdict.outcome is Outcome.CORRECT

    def about_label(self, judgement: Judgement) -> str:
        """Where the label came from."""
        if judgement.label is None:
            return "none: nothing was agreed on"
        votes = judgement.label_source == "vote"
        source = f"the vote of {len(judgement.verdicts)} answers" if votes else judgement.label_source
        return f"{judgement.label} ({source}{'' if judgement.valid else ', invalid'})"

    def about_claim(self, question: Question, judgement: Judgement | None = None) -> str:
        """The claimed answer, what it was good for, and whether it holds."""
        claim, truth, holds = question.reference, self.truth(question), self.holds(question)
        if claim is None:
            return "nothing"
        said = [f"{claim}."]
        if judgement is not None and judgement.label is not None:
            if judgement.label_source == "reference":
                said.append("It is the label here.")
            else:
                equal = self.same(question, judgement.label, claim)
                word = "agrees" if equal else "cannot be compared" if equal is None else "does not agree"
                said.append(f"It {word} with the label, which is found without it.")
        if truth is not None and holds is not None:
            said.append("Computed, it is right." if holds else f"It is wrong: computed, the answer is {truth}.")
        return " ".join(said)
