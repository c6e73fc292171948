"""Which roles write for a source, told by its name alone: a challenger may stand inside another source."""

from __future__ import annotations

from collections.abc import Iterable

from ...core.errors import ConfigError
from ...core.options import parse_named


def writers(sources: Iterable[str]) -> frozenset[str]:
    """The roles that write questions for some sources, `challenger(role=…)` and `adversarial(of=challenger)` included.

    Options that cannot be read name nobody: building the source refuses them.
    """
    found: set[str] = set()
    for source in sources:
        try:
            name, leading, options = parse_named(source)
        except ConfigError:
            continue
        inner = options.get("of", leading[0] if leading else None)
        if name == "challenger":
            found.add(str(options.get("role", leading[0] if leading else name)))
        elif name == "adversarial" and isinstance(inner, str):
            found |= writers([inner])
    return frozenset(found)
