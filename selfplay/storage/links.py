"""The links `best` and `last` of a run: each names a checkpoint of whoever answers, and leads nowhere else.

They are relative, so that a folder can be moved or copied. A folder may come from a stranger, too: a link is followed
only to what lies in the same folder.
"""

from __future__ import annotations

import os
from pathlib import Path

from ...core.errors import ConfigError
from .checkpoint import MANIFEST
from .files import remove

BEST, LAST = "best", "last"
CHECKPOINTS = "checkpoints"
STATE = "state.json"


def point(folder: Path, name: str, checkpoint: str | None) -> None:
    """Have the link `name` of a run lead to a checkpoint, or take it away where that is `None`.

    Replaced in one step: who follows it meanwhile finds the old checkpoint or the new one. What stands there and is no
    link belongs to somebody else and stays. A file system without links has none.
    """
    link, target = folder / name, f"{CHECKPOINTS}/{checkpoint}"
    if not link.is_symlink() and link.exists():
        return
    if checkpoint is None:
        link.unlink(missing_ok=True)
    elif not (link.is_symlink() and os.readlink(link) == target):
        draft = folder / f"{name}.draft"
        remove(draft)
        if _can_link(draft, target):
            os.replace(draft, link)


def followed(path: Path) -> Path:
    """Where a model lies: the link of a run is followed to its checkpoint, and any other path is itself.

    Raises:
        ConfigError: the link leads out of its folder, or nowhere.
    """
    if not os.path.islink(path) or not ((path.parent / STATE).exists() or (path / MANIFEST).exists()):
        return path  # of somebody's own making: where models lie is their business
    target, home = os.readlink(path), os.path.realpath(path.parent)
    if os.path.isabs(target) or not Path(os.path.realpath(path)).is_relative_to(home):
        raise ConfigError(f"{path} is a link to {target!r}, which is not in its folder: name the checkpoint itself")
    if not path.is_dir():
        raise ConfigError(f"{path} is a link to {target!r}, and there is no such folder")
    return path.parent / target


def _can_link(link: Path, target: str) -> bool:
    try:
        link.symlink_to(target, target_is_directory=True)
    except (OSError, NotImplementedError):  # not there, or not allowed to this user
        return False
    return True
