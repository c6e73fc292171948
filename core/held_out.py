"""Training and held-out questions are disjoint by construction: a hash of the question decides where it may be used.

Whoever draws exam questions keeps those with `is_held_out(text)`; whoever draws, writes or trains on questions drops
them. No list has to be kept, no two runs disagree, and a question a challenger invents is covered as well.
"""

from __future__ import annotations

import hashlib

from .math_language import key

HELD_OUT_SHARE = 0.125
"""One question in eight belongs to the exam."""


def is_held_out(text: str) -> bool:
    """Whether a question belongs to the exam; wording does not matter ("What is 1+2?", "Compute 1+2.")."""
    digest = hashlib.blake2b(key(text).encode("utf-8", "surrogatepass"), digest_size=4).digest()
    return int.from_bytes(digest, "little") < HELD_OUT_SHARE * 2**32
