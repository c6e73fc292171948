"""A question perturbed: the new text by one of the ways, and what is known of its answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from ....core.errors import ConfigError, PluginError
from ....core.perturbed import INJECTED, PERTURBATION
from ....core.protocols import Rng
from ....core.records import Question, Rewritten
from ....core.registries import domains, make_perturbation, perturbations
from ..domains import find_domain, folded, given_answer

Item = TypeVar("Item")
AUTHOR = "adversarial"
KINDS = ("reworded", "irrelevant", "renamed", "permuted", "format", "injected", "changed")
"""The built-in perturbations."""


def checked_kinds(kinds: str | Sequence[str]) -> tuple[str, ...]:
    """Names of perturbations: one, or several in a list.

    Raises:
        ConfigError: no name, one twice, or one that nobody registered.
    """
    listed = [kinds] if isinstance(kinds, str) else [*kinds]
    if not listed or len(set(listed)) < len(listed):
        there = ", ".join(perturbations.names())
        raise ConfigError(f"kinds takes different perturbations, such as [injected, changed]; got {kinds!r}; {there}")
    for kind in listed:
        make_perturbation(kind)
    return tuple(listed)


def perturb(kind: str, question: Question, rng: Rng) -> Question | None:
    """A question perturbed in one way; `None` where that does not apply to it, or it is perturbed already.

    Its reference is the known answer, or what was computed anew; its author is "adversarial" then. Where nobody knows
    the answer, the claim of its author and the author stay as they are: a perturbation makes no claim known. Nothing is
    injected there: what is to be said instead could be right, and those who obey could outvote those who do not.

    Args:
        kind: a registered perturbation, with options as `name(key=value)`; `meta` names it so.

    Raises:
        UnknownNameError: no such perturbation.
        PluginError: it gave something else, or changed an answer that it says it keeps.
    """
    if PERTURBATION in question.meta:
        return None
    perturbation = make_perturbation(kind)
    domain = find_domain(question.domain) if domains.knows(question.domain) else None
    given = given_answer(question)
    known = given if domain is None else domain.known_answer(question)
    doubted = not perturbation.keeps and (given or "").strip()  # what is computed anew must agree with what is given
    asked = question if known is None or doubted else replace(question, reference=known)
    rewritten: object = perturbation.rewrite(asked, rng)
    if rewritten is None:
        return None
    if isinstance(rewritten, Rewritten) and rewritten.injected is not None and not (known or "").strip():
        return None
    if not isinstance(rewritten, Rewritten) or (rewritten.reference is None) is not perturbation.keeps:
        wanted = "Rewritten without a reference" if perturbation.keeps else "Rewritten with its new reference, or None"
        raise PluginError(f"the perturbation {kind!r} gave {rewritten!r:.80}, expected {wanted}")
    identity = folded(question) if domain is None else domain.identity(question)
    kept = {"kind": kind, "of": identity, "keeps": perturbation.keeps}
    if rewritten.injected is not None:
        kept[INJECTED] = rewritten.injected
    reference = asked.reference if rewritten.reference is None else rewritten.reference
    author = question.author if known is None else AUTHOR
    meta = {**question.meta, PERTURBATION: kept}
    return replace(question, text=rewritten.text, reference=reference, author=author, meta=meta)


def chosen(items: Sequence[Item], rng: Rng) -> Item:
    """One of at least one, all equally likely."""
    return items[int(rng.random() * len(items))]
