"""Programs in the texts of models, found in time linear in the text."""

import random
import re
import time

import pytest

from selfplay_gym.verifiers.programs.code_blocks import MAX_TEXT, _blocks, find_code

REFERENCE = re.compile(r"^[ \t]*(`{3,8}|~{3,8})[ \t]*([\w+-]*)[^\n]*\n(.*?)(?:^[ \t]*\1[ \t]*$|\Z)", re.M | re.S)
"""What a block is; on an unfinished last line its matching takes quadratic time."""
PIECES = [
    "```",
    "```python",
    "~~~",
    "````",
    "\n",
    "\n",
    "\n",
    " ",
    "x=1",
    "def f(x): return x",
    "  ```",
    "``` ",
    "\t",
    "`" * 9,
]


def test_blocks_are_what_the_expression_says():
    rng = random.Random(1)
    for _ in range(5_000):
        text = "".join(rng.choice(PIECES) for _ in range(rng.randrange(1, 16)))
        assert list(_blocks(text)) == [(found[2], found[3]) for found in REFERENCE.finditer(text)], text


@pytest.mark.parametrize(
    "text",
    [
        "```" + " " * 200_000 + "w",
        "```x" * 50_000,
        "```\n" * 60_000,
        "~" * 300_000,
        "def f(x):\n" + " x\n" * 60_000,
        "x = (\n" + "1 +\n" * 60_000,
        "```python\nf = 1\n```\n" * 10_000,
        "a =\n" * 70_000,
        "a" * 300_000,
        "a\n" + "\n" * 300_000,
        "f(" * 100_000,
    ],
)
def test_a_long_text_is_read_quickly(text):
    started = time.process_time()
    find_code(text, "f")
    assert time.process_time() - started < 10


def test_of_a_long_text_the_end_is_read():
    block = "```python\ndef f(x):\n    return 1\n```\n"
    assert find_code(block + "words " * MAX_TEXT, "f") is None
    assert find_code("words " * MAX_TEXT + "\n" + block, "f") == "def f(x):\n    return 1"
