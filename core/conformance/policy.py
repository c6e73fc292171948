"""What every output policy must do."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ..errors import PluginError
from ..protocols import OutputPolicy, rulings
from ..records import Ruling
from .findings import Findings, global_randomness_problems
from .verifier import HOSTILE

NO_CHARACTERS = (f"&#{'1' * 5_000};", f"&#x{'f' * 5_000};", "&amp;" * 1_000 + "#112;")
"""References to no character: Python reads no number of more than 4,300 digits."""
HARMLESS = ("What is 6*7?", r"So it is \boxed{42}.", "")


def check_policy(
    policy: OutputPolicy,
    *,
    harmless: Collection[str] = HARMLESS,
    refused: Collection[str] = (),
    skip: Collection[str] = (),
) -> list[str]:
    """Check an output policy: a ruling per text, the same alone and in a batch, again and again, on any text.

    Args:
        policy: what `make_policy` would give.
        harmless: texts that it must allow.
        refused: texts that it must refuse.
        skip: names of checks that do not apply.

    Raises:
        PluginError: lists every check that failed.
    """
    if not isinstance(policy, OutputPolicy):
        raise PluginError(f"{type(policy).__name__} is not an output policy: it needs check(text, role)")
    found = Findings(f"policy {type(policy).__name__}", skip)
    found.check("harmless", lambda: _wrong(policy, harmless, False))
    found.check("refused", lambda: _wrong(policy, refused, True))
    found.check("hostile texts", lambda: _batch_problems(policy, [*HOSTILE, *NO_CHARACTERS]))
    found.check("batch", lambda: _batch_problems(policy, [*harmless, *refused]))
    found.check("randomness", lambda: global_randomness_problems(lambda: policy.check("What is 6*7?", "solver")))
    return found.report()


def _wrong(policy: OutputPolicy, texts: Collection[str], refused: bool) -> Iterable[str]:
    for text, ruling in zip(texts, rulings(policy, list(texts), "challenger"), strict=True):
        if ruling.refused is not refused:
            yield f"{'allows' if refused else 'refuses'} {text!r:.60}: {ruling}"
        elif refused and not ruling.code:
            yield f"refuses {text!r:.60} without a code"


def _batch_problems(policy: OutputPolicy, texts: Collection[str]) -> Iterable[str]:
    listed = list(texts)
    for role, asked in (("challenger", []), ("solver", ["What is 6*7?"] * len(listed))):
        batch = rulings(policy, listed, role, asked)
        if batch != rulings(policy, listed, role, asked):
            yield f"equal texts of the {role} get other rulings the second time"
    if rulings(policy, [], "solver") != []:
        yield "no texts do not give an empty list"
    alone: list[object] = [policy.check(text, "challenger") for text in listed]
    for text, ruling in zip(listed, alone, strict=True):
        if not isinstance(ruling, Ruling):
            yield f"check of {text!r:.60} gave {ruling!r:.60}, expected a Ruling"
    if alone != rulings(policy, listed, "challenger"):
        yield "texts get other rulings alone than in a batch"
