"""Settings as TOML: read from a file of the user's, written into the run folder."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import tomli_w

from ...core.errors import ConfigError, RunError
from ..storage.run_folder import CONFIG, RunFolder
from .config import RunConfig


def read_toml(path: Path) -> dict[str, Any]:
    """The settings in a file, as a tree.

    Raises:
        ConfigError: the file is missing, no text, or not TOML; says where.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))  # editors on Windows write a byte order mark
    except OSError as error:
        raise ConfigError(f"cannot read the settings in {path}: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text: byte {error.start}") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"{path} is not TOML that can be read: {error}") from None
    except ValueError as error:  # a number with thousands of digits
        raise ConfigError(f"{path} holds a value that cannot be used: {error}") from None


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
    except (tomllib.TOMLDecodeError, ConfigError) as error:
        raise RunError(f"{folder.path / CONFIG} cannot be used: {error}") from None
