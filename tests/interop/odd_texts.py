"""Completions that have broken graders, and a generator of more: what every bridge must reward as `gym.make` does."""

import json
from functools import cache
from pathlib import Path

DATA = Path(__file__).parents[1] / "data"
COLUMNS = {"extraction": "text", "equivalence": "pred", "hostile": "pred", "notation": "pred", "answers_2": "attempt"}
WRAPPERS = (
    r"\boxed{%s}",
    "Let me think.\n%s + 0 = %s\nThe answer is %s.",
    "<think>\\boxed{0}</think>\n\n$$\\boxed{ %s }$$ \u202e\u200b",
    "\\boxed{%s}\ud800 \udfff",
    "\\boxed{\\text{%s}}\x00\x1b[2J",
    "{{%s}} %%s {0} \\boxed{%s}\r\n" + "x" * 3000,
    "\\boxed{" * 400 + "%s" + "}" * 400,
    "%s\uff11\u0663 \\boxed{\\dfrac{%s}{1}}",
    "```python\nprint(%s)\n```",
    "**%s**\n\n\\boxed{%s}\\boxed{%s}",
)


@cache
def stored():
    """Every text of the test data, hostile pages included."""
    texts = []
    for name, column in COLUMNS.items():
        rows = (DATA / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
        texts += [str(json.loads(row)[column]) for row in rows]
    names = {}
    exec((DATA / "hostile_texts.py").read_text(encoding="utf-8"), names)  # noqa: S102 - ours, a table of texts
    return [*texts, *names["HOSTILE"].values(), "", " ", "\n", "None", "nan", "0" * 5000, "9" * 400, "-" * 2000]


def odd_text(answer, rng):
    """One completion; about half of them say `answer`, in ways that a grader may or may not read."""
    if rng.random() < 0.4:
        return rng.choice(stored())
    said = answer if rng.random() < 0.75 else rng.choice(("", "0", f"-{answer}", f"{answer}.0", "1e999", "x", "٣"))
    wrapper = rng.choice(WRAPPERS)
    text = wrapper.replace("%s", said)
    if rng.random() < 0.2:
        cut = rng.randrange(len(text) + 1)
        text = text[:cut] + chr(rng.choice((0, 0x202E, 0xD800, 0x1F600, 0x10FFFF))) + text[cut:]
    return text
