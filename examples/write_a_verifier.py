"""A verifier of your own in ten lines: write it, check it, play with it.

python examples/write_a_verifier.py [--questions 3] [--seed 0]
"""

import argparse

import gymnasium as gym

import selfplay_gym
from selfplay_gym.core.extraction import extract_answer
from selfplay_gym.core.protocols import BaseVerifier
from selfplay_gym.core.records import Judgement, Verdict
from selfplay_gym.testing import check_verifier


@selfplay_gym.register_verifier("same-parity")
class SameParityVerifier(BaseVerifier):
    """Right if the answer is odd or even as the reference is: a lenient teacher."""

    def judge(self, question, attempts):
        wanted = parity(question.reference)
        answers = [extract_answer(attempt) for attempt in attempts]
        verdicts = [
            Verdict.undecided("the reference is no integer", answer)
            if wanted is None
            else Verdict.correct(answer, "same parity")
            if parity(answer) == wanted
            else Verdict.wrong(answer, "other parity")
            for answer in answers
        ]
        return Judgement.of(verdicts, label=question.reference, label_source="reference")


def parity(text):
    """0 or 1, `None` for what is no integer."""
    digits = (text or "").lstrip("-")
    return int(digits[-1]) % 2 if digits.isascii() and digits.isdigit() else None


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    # "values" is skipped: this teacher accepts -42 for 42, and means to.
    passed = check_verifier(SameParityVerifier(), right=r"\boxed{42}", wrong=r"\boxed{41}", skip=["values"])
    print(f"conforms: {len(passed)} checks")

    env = gym.make("SelfPlayMath-v0", verifier="same-parity")
    agent = selfplay_gym.make_agent("noisy", accuracy=0.5)
    for n in range(options.questions):
        question, _ = env.reset(seed=options.seed + n)
        _, reward, _, _, info = env.step(agent.act([question], seed=options.seed + n)[0][0])
        print(f"{question}  {info['verdict'].answer}  {info['verdict'].reason}  reward {reward:.0f}")
    env.close()
