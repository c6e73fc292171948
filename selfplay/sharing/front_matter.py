"""What a hub reads of a card: YAML between two rules at its beginning, for models and for data sets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

RULE = "---"
_BARE = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*")
_WORDS = {"true", "false", "yes", "no", "on", "off", "null", "none", "y", "n"}
"""Words that YAML takes for another value than a text."""


def front_matter(fields: Mapping[str, Any]) -> list[str]:
    """Fields as the lines with which a card begins; values are texts, truths, and tables and lists of them."""
    return [RULE, *_lines(fields), RULE]


def data_set_fields(
    config: str, data_files: Any, types: Mapping[str, Mapping[str, str]], **more: Any
) -> dict[str, Any]:
    """The fields from which the library `datasets` reads where rows lie, and of which type each column is.

    Args:
        config: the name of the rows; the library keeps what it has read by folder and name.
        data_files: a file, or a list of `{"split": …, "path": …}`.
        types: by column, in order: `{"dtype": "string"}`, or `{"list": "string"}`.
        more: fields of the configuration.
    """
    features = [{"name": name, **stated} for name, stated in types.items()]
    return {
        "configs": [{"config_name": config, **more, "data_files": data_files}],
        "dataset_info": {"config_name": config, "features": features},
    }


def _lines(value: Any) -> Iterator[str]:
    if not (value and isinstance(value, Mapping | list)):
        yield _scalar(value)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if inner and isinstance(inner, Mapping | list):
                yield f"{_scalar(key)}:"
                yield from (f"  {line}" for line in _lines(inner))
            else:
                yield f"{_scalar(key)}: {_scalar(inner)}"
    else:
        for inner in value:
            first, *rest = _lines(inner)
            yield f"- {first}"
            yield from (f"  {line}" for line in rest)


def _scalar(value: Any) -> str:
    """A text or a truth, or an empty table or list, as YAML; JSON is YAML too."""
    if isinstance(value, str) and _BARE.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value)
