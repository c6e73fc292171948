"""Where the answer stands in an attempt: found here, compared elsewhere. Standard library only, linear time.

Two modes, meant to be reported side by side, because the gap between them is a property of the model:

    strict    only what stands in a balanced `\\boxed{…}` or `\\fbox{…}`
    lenient   that, unless an explicit "Answer: …" comes after it; else a box that was cut off or misspelt; else what
              follows `####`; else `<answer>…</answer>` or `"answer": …`; else what follows "the answer is", in a
              dozen languages; else, in prose, the last formula, expression or number; else, if short, the text itself

A thought (`<think>…</think>`) is no part of the answer, nor is what follows the end of the turn. What the attempt
denies, asks or takes back is not an answer. No answer is `None`, never the string "None".
"""

from .answer import (
    Found,
    Mode,
    Unfinished,
    boxed_answer,
    check_mode,
    extract_answer,
    find_answer,
    find_marked,
    plain_box,
)
from .boxes import Box, answer_boxes, find_boxes, last_boxed
from .denial import contradicts_itself, refuses
from .prose import last_value as last_number
from .reply import TAIL, final_reply
from .tidy import tidy

__all__ = [
    "TAIL",
    "Box",
    "Found",
    "Mode",
    "Unfinished",
    "answer_boxes",
    "boxed_answer",
    "check_mode",
    "contradicts_itself",
    "extract_answer",
    "final_reply",
    "find_answer",
    "find_boxes",
    "find_marked",
    "last_boxed",
    "last_number",
    "plain_box",
    "refuses",
    "tidy",
]
