"""Settings as TOML: read from a file of the user's, and written into the run folder with paths that stay right."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import tomli_w

from ...agents.model_names import PACKAGED, SHIPPED
from ...core.errors import ConfigError, RunError
from ..storage.files import read_given
from ..storage.links import followed
from ..storage.run_folder import CONFIG, RunFolder
from .config import RunConfig

NO_PATHS = (*SHIPPED, *PACKAGED)
"""Names of models that are no path, whatever lies in the present folder."""


def read_toml(path: Path) -> dict[str, Any]:
    """The settings in a file, as a tree.

    Raises:
        ConfigError: the file is missing, no text, or not TOML; says where.
    """
    try:
        return tomllib.loads(read_given(path))
    except OSError as error:
        raise ConfigError(f"cannot read the settings in {path}: {error.strerror or error}") from None
    except ConfigError as error:
        raise ConfigError(f"cannot read the settings in {path}: {error}") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"{path} is not TOML that can be read: {error}") from None
    except ValueError as error:  # a number with thousands of digits
        raise ConfigError(f"{path} holds a value that cannot be used: {error}") from None


def absolute_paths(config: RunConfig) -> RunConfig:
    """The same with the models and files that settings name by a path of here, so that a run goes on from anywhere."""
    models = {
        f"roles.{name}.model": str(followed(Path(role.model)).absolute())  # a link would lead elsewhere tomorrow
        for name, role in config.roles.items()
        if role.model not in NO_PATHS and Path(role.model).exists()
    }
    suites = tuple(_absolute_suite(name) for name in config.exam.suites)
    return config.replace({**models, **({"exam.suites": suites} if suites else {})})


def _absolute_suite(name: str) -> str:
    """A suite of a user's own file, `jsonl:FILE`, or of a data set in a folder."""
    form, colon, rest = name.partition(":")
    return f"{form}:{Path(rest).absolute()}" if colon and Path(rest).exists() else name


def to_toml(config: RunConfig) -> str:
    """All settings; reading them gives an equal `RunConfig`.

    Raises:
        ConfigError: a setting is a live object.
    """
    return tomli_w.dumps(config.as_dict())


def stored_config(folder: RunFolder) -> RunConfig:
    """The settings a run was started with.

    Raises:
        RunError: they were written by another version, or are damaged.
    """
    try:
        return RunConfig.from_dict(tomllib.loads(folder.config))
    except (ValueError, RecursionError) as error:  # ConfigError is a ValueError
        raise RunError(f"{folder.path / CONFIG} cannot be used: {error}") from None
