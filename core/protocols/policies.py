"""Who looks at what models write before anybody is asked or rewarded: a policy for the texts of a role."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from ..errors import PluginError
from ..records import Ruling


@runtime_checkable
class OutputPolicy(Protocol):
    """Says of a text whether it may be asked, or count as an answer. Must not raise on any text.

    A policy may have `check_many(texts, role, asked) -> list[Ruling]` besides, in place of a call per text; `asked[i]`
    is the question that `texts[i]` answers, and `asked` is () where the texts are questions themselves.
    """

    def check(self, text: str, role: str) -> Ruling:
        """The ruling on one text.

        Args:
            text: all that was written, or a question from elsewhere.
            role: who wrote it: "challenger" for all that asks, "solver", or a further role.
        """
        ...


def rulings(policy: OutputPolicy, texts: Sequence[str], role: str, asked: Sequence[str] = ()) -> list[Ruling]:
    """One ruling per text, in order; see `OutputPolicy`.

    Raises:
        PluginError: the policy lost or invented a ruling.
    """
    many = getattr(policy, "check_many", None)
    found = [policy.check(text, role) for text in texts] if many is None else many(texts, role, asked)
    if not isinstance(found, list | tuple) or any(not isinstance(ruling, Ruling) for ruling in found):
        raise PluginError(f"the policy {type(policy).__name__} must give a Ruling per text, got {found!r:.80}")
    if len(found) != len(texts):
        raise PluginError(f"the policy {type(policy).__name__} ruled on {len(found)} texts of {len(texts)}")
    return list(found)
