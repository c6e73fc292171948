"""How often is the answer of a realistic model output found, and how often is another number taken for it?

    python benchmarks/extraction.py [--outputs 20000] [--seed 0] [--failures 20]

An output is composed of a thought, steps with other numbers, a way to announce the answer, the answer in one of many
notations, and a tail; so the true answer is known, and so is a number that the output discards. Counted per place:
    right      the lenient reading is the true answer
    none       no answer was found (or none that can be compared)
    wrong      something else was taken for the answer
    discarded  of these, the discarded number itself: what must never be rewarded
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from selfplay_gym import Outcome, Question, make_verifier


class Output(NamedTuple):
    """A model output, its true answer, the number it discards, and how it was composed."""

    text: str
    answer: str
    discarded: str
    place: str
    notation: str
    tail: str


def notations(rng: random.Random) -> Iterator[tuple[str, str, str, bool]]:
    """(name, as written, reference, whether it is LaTeX that needs marks of a formula)."""
    n, m, d = rng.randint(2, 97), rng.randint(1, 9), rng.randint(2, 9)
    big = rng.randint(1000, 999_999)
    yield "integer", str(n), str(n), False
    yield "negative", f"-{n}", f"-{n}", False
    yield "minus sign", f"−{n}", f"-{n}", False
    yield "thousands", f"{big:,}", str(big), False
    yield "decimal", f"{n}.{m}5", f"{n}.{m}5", False
    yield "fraction", f"{m}/{m + d}", f"\\frac{{{m}}}{{{m + d}}}", False
    yield "mixed number", f"{n} {m}/{m + d}", f"{n}+\\frac{{{m}}}{{{m + d}}}", False
    yield "money", f"${n}", str(n), False
    yield "money with cents", f"${n}.50", f"{n}.5", False
    yield "dollars", f"{n} dollars", str(n), False
    yield "hours", f"{n} hours", str(n), False
    yield "percent", f"{n}%", f"{n}\\%", False
    yield "degrees", f"{n}°", f"{n}^\\circ", False
    yield "speed", f"{n} km/h", f"{n}\\text{{ km/h}}", False
    yield "area", f"{n} square meters", f"{n}", False
    yield "pi", f"{n}π", f"{n}\\pi", False
    yield "root", f"{d}√{m + 1}", f"{d}\\sqrt{{{m + 1}}}", False
    yield "power", f"{d}^{n}", f"{d}^{{{n}}}", False
    yield "linear", f"{d}x + {m}", f"{d}x+{m}", False
    yield "named", f"x = {n}", str(n), False
    yield "pair", f"({n}, {m})", f"({n},{m})", False
    yield "interval", f"[{m}, {n + 9})", f"[{m},{n + 9})", False
    yield "call", f"{d}*sqrt({m + 1})", f"{d}\\sqrt{{{m + 1}}}", False
    yield "bold", f"**{n}**", str(n), False
    yield "code", f"`{n}`", str(n), False
    yield "formula", f"{n}", str(n), True
    yield "latex fraction", f"\\frac{{{m}}}{{{m + d}}}", f"{m}/{m + d}", True
    yield "latex root", f"{d}\\sqrt{{{m + 1}}}", f"{d}\\sqrt{{{m + 1}}}", True
    yield "latex polynomial", f"x^2 + {d}x - {m}", f"x^2+{d}x-{m}", True
    yield "latex named", f"x = \\frac{{{m}}}{{{d + m}}}", f"{m}/{d + m}", True
    yield "latex degrees", f"{n}^\\circ", f"{n}^\\circ", True
    yield "latex text unit", f"{n}\\text{{ cm}}", f"{n}\\text{{ cm}}", True
    yield "chained", f"{n - 1} + 1 = {n}", str(n), False
    yield "choice", rng.choice("ABCDE"), "", False


BOXES = {
    "box": "So it is \\boxed{{{}}}.",
    "box in a formula": "Therefore $x$ comes to $\\boxed{{{}}}$",
    "box in display": "Thus we have\n\\[\n\\boxed{{{}}}\n\\]",
    "box in bold": "**\\boxed{{{}}}**",
    "fbox": "The result: $\\fbox{{{}}}$",
    "nested box": "\\boxed{{\\boxed{{{}}}}}",
    "box with a cue": "The answer is $\\boxed{{{}}}$.",
    "loose box": "boxed{{{}}}",
}
MARKS = {
    "the answer is": "So the answer is {}.",
    "final answer": "Final Answer: The final answer is {}. I hope it is correct.",
    "bold cue": "**Answer:** {}",
    "bold cue outside": "**Answer**: {}",
    "line": "Answer: {}",
    "lower line": "answer = {}",
    "heading": "### Final Answer\n\n{}",
    "bold heading": "**Final Answer**\n\n{}",
    "hashes": "#### {}",
    "tags": "<answer>{}</answer>",
    "tags on lines": "<answer>\n{}\n</answer>",
    "JSON": '```json\n{{"reasoning": "done in 2 steps", "answer": "{}"}}\n```',
    "table": "| quantity | value |\n|---|---|\n| Answer | {} |",
    "result": "Final result: {}",
    "therefore": "Therefore, the final answer is: {}",
    "ans": "Ans: {}",
    "to the question": "The answer to the question is {}.",
    "should be": "So the answer should be {}.",
    "Chinese": "所以答案是 {}。",
    "Chinese colon": "答案：{}",
    "Chinese final": "因此，最终答案为 {}。",
    "Japanese": "したがって、答えは {} です。",
    "Korean": "따라서 정답은 {} 입니다.",
    "Russian": "Ответ: {}",
    "French": "La réponse est {}.",
    "Spanish": "La respuesta es {}.",
    "Portuguese": "Resposta: {}",
    "German": "Die Antwort lautet {}.",
    "Italian": "La risposta è {}.",
    "Vietnamese": "Đáp án là {}.",
    "Turkish": "Cevap: {}",
    "Polish": "Odpowiedź: {}",
    "Arabic": "الجواب هو {}",
}
PROSE = {
    "total": "Therefore, the total is {}.",
    "so": "So we get {}.",
    "has left": "So she has {} left.",
    "bold": "In total this makes **{}** after 3 days.",
    "is": "Hence the value is {}.",
    "Chinese prose": "所以一共是 {}。",
    "last line": "{}",
}
THOUGHTS = (
    "",
    "",
    "<think>\nMaybe it is \\boxed{{{d}}}? Let me see.\nThe answer is {d}. No.\n</think>\n",
    "Hmm, I first get \\boxed{{{d}}}.\n</think>\n\n",
    "<thinking>The answer is {d}</thinking>\n",
)
STEPS = (
    "",
    "Let us compute step by step.\n",
    "Step 1: 12 * 3 = 36.\nStep 2: 36 + 4 = 40.\n",
    "First I get {d}, but that is wrong.\n",
    "At first sight it could be {d}, which is too large.\n",
    "1. There are 12 of them.\n2. Each costs 3.\n\n",
    "We know that $a = 4$ and $b = 7$, so $a + b = 11$.\n\n",
    "It cannot be {d}.\n",
    "#### Step 1: set up\nThere are 5 boys.\n\n",
    "I must put my answer in \\boxed{{}}.\n",
)
TAILS = {
    "nothing": "",
    "end of turn": "<|im_end|>",
    "end of text": "<|endoftext|>",
    "next turn": "<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nWhat is {d}+1?",
    "sentence token": "</s>",
    "gemma": "<end_of_turn>",
    "line": "\n",
    "hope": "\n\nI hope this helps!",
    "question": "\n\nDo you have any other question?",
    "few-shot": "\n\nQuestion: What comes after {d}?\nAnswer: {d}",
}


def outputs(count: int, seed: int = 0) -> Iterator[Output]:
    """Composed outputs whose answers are known; equal seeds give equal outputs."""
    rng = random.Random(seed)
    places = [(name, form, "box") for name, form in BOXES.items()]
    places += [(name, form, "mark") for name, form in MARKS.items()]
    places += [(name, form, "prose") for name, form in PROSE.items()]
    made = 0
    while made < count:
        name, form, kind = rng.choice(places)
        notation, written, reference, latex = rng.choice(list(notations(rng)))
        if not _fits(name, kind, notation):
            continue
        reference = reference or written
        discarded = str(rng.randint(100, 120))
        if latex and kind != "box":
            written = f"${written}$"
        if name == "JSON":
            written = written.replace("\\", "\\\\")
        if kind == "box":
            written = written.strip("*`").replace("%", "\\%").replace("$", "\\$").replace("°", "^\\circ")
        tail = rng.choice(list(TAILS))
        if kind == "prose" and tail == "few-shot":
            continue  # nothing marks where the answer ended
        thought, steps = rng.choice(THOUGHTS), rng.choice(STEPS)
        if kind == "box" and "boxed" in steps and name == "loose box":
            steps = ""
        pieces = (thought.format(d=discarded), steps.format(d=discarded), form.format(written))
        yield Output("".join(pieces) + TAILS[tail].format(d=discarded), reference, discarded, name, notation, tail)
        made += 1


def _fits(name: str, kind: str, notation: str) -> bool:
    """Whether a person would write that notation there."""
    if notation in ("bold", "code") and (kind == "box" or "bold" in name or name in ("JSON", "bold")):
        return False
    if kind == "prose" and notation in ("choice", "named", "latex named", "chained"):
        return notation == "choice" and name == "last line"
    return not (kind == "box" and notation == "chained")


def outcome(output: Output) -> str:
    """What lenient extraction and comparison make of it."""
    judge = make_verifier("sympy", timeout_s=0)
    verdict = judge.judge(Question("", output.answer), [output.text]).verdicts[0]
    if verdict.outcome is Outcome.CORRECT:
        return "right"
    wrong = judge.judge(Question("", output.discarded), [output.text]).verdicts[0]
    if wrong.outcome is Outcome.CORRECT:
        return "discarded"
    return "none" if verdict.answer is None or verdict.outcome is Outcome.UNDECIDED else "wrong"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--outputs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--failures", type=int, default=0, help="print so many outputs that were not read rightly")
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    missed: Counter[tuple[str, str]] = Counter()
    shown = 0
    for output in outputs(options.outputs, options.seed):
        what = outcome(output)
        counts[what] += 1
        if what == "right":
            continue
        missed["place", output.place] += 1
        missed["notation", output.notation] += 1
        missed["tail", output.tail] += 1
        if shown < options.failures:
            shown += 1
            found = make_verifier("sympy", timeout_s=0).judge(Question("", output.answer), [output.text]).verdicts[0]
            print(f"{what}: {output.text!r}\n    wanted {output.answer!r}, found {found.answer!r} ({found.reason})")
    for what in ("right", "none", "wrong", "discarded"):
        print(f"{what:10} {counts[what]:6} {counts[what] / options.outputs:8.2%}")
    if options.failures:
        for (kind, name), count in missed.most_common(20):
            print(f"    {kind} {name}: {count}")


if __name__ == "__main__":
    main()
