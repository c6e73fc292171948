"""Training and held-out questions are disjoint by construction: a hash of the question decides where it may be used.

Whoever draws exam questions keeps those that are held out; whoever draws, writes or trains on questions drops them. No
list has to be kept, no two runs disagree, and a question a challenger invents is covered as well.

What is hashed is the *identity* of a question, which wording does not change ("What is 1+2?", "Compute 1+2."). The
domain knows it: `domain.identity(question)`; `envs.game.domains.held_out(question)` asks both.
"""

from __future__ import annotations

import hashlib

HELD_OUT_SHARE = 0.125
"""One question in eight belongs to the exam."""


def is_held_out(identity: str) -> bool:
    """Whether the question of this identity belongs to the exam."""
    return place(identity) < HELD_OUT_SHARE


def place(text: str) -> float:
    """A number in [0, 1) that follows from the text, spread evenly over different texts."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=4).digest()
    return int.from_bytes(digest, "little") / 2**32
