"""Run folders with something to review, for tests of the review pages."""

import json

QUESTION = r"A rectangle has sides $a = \frac{3}{4}$ and $b = \sqrt{8}$. What is $a^2 + b^2$?"
LABEL = r"\frac{137}{16}"
ATTEMPTS = [
    r"We have $$a^2 + b^2 = \frac{9}{16} + 8.$$ So it is \boxed{\frac{137}{16}}.",
    r"Roughly \boxed{9.5}",
    r"\boxed{\frac{137}{16}}",
    "no idea",
]
ANSWERS = [LABEL, "9.5", LABEL, None]


def row(item, **changes):
    """One item of the queue."""
    kind, round_, index, *attempts = item.split("/")
    shown = [int(one) for one in attempts[0].split("-")] if attempts else range(kind == "label" and len(ATTEMPTS))
    return {
        "round": int(round_),
        "phase": "label",
        "id": item,
        "kind": kind,
        "index": int(index),
        "gate": "label: low-margin",
        "reason": "2 of 4 attempts came to 137/16, and 1 to 9.5",
        "question": QUESTION,
        "label": LABEL,
        "label_source": "checked",
        "solve_rate": 0.5,
        "votes": {LABEL: 2, "9.5": 1},
        "attempts": [
            {"number": one, "text": ATTEMPTS[one], "answer": ANSWERS[one], "right": ANSWERS[one] == LABEL}
            for one in shown
        ],
        **changes,
    }


ITEMS = ("label/3/0", "label/3/1", "question/3/2", "pair/3/1/0-1", "attempt/3/1/2")


def make_run(path, rows=None):
    """A run that has queued some items and waits."""
    path.mkdir(parents=True)
    (path / "config.toml").write_text("seed = 0\n", encoding="utf-8")
    (path / "reviews.jsonl").touch()
    lines = [json.dumps(one) + "\n" for one in (map(row, ITEMS) if rows is None else rows)]
    (path / "queue.jsonl").write_text("".join(lines), encoding="utf-8")
    return path


def decisions(path):
    """What was decided, oldest first."""
    return [json.loads(line) for line in (path / "reviews.jsonl").read_bytes().splitlines()]
