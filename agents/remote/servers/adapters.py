"""The adapter of a role on a server: written to a folder and taken over under a new name for each version.

A name says which weights it stands for: the role, a digest of the adapter, and a mark of this process, so that two runs
at one server never share a name. It is new for each version because a server may keep what it computed under a name.
"""

from __future__ import annotations

import logging
import secrets
import shutil
import tempfile
import threading
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ....core.errors import ConfigError
from ...inference.interface.samples import Policy
from ...roles.lora import adapter_state, save_adapter
from ..http_client import ServerError

if TYPE_CHECKING:
    from ...roles.lora import AdapterAgent

log = logging.getLogger(__name__)


class TakesAdapters(Protocol):
    """A server that takes over adapters while it runs.

    Attributes:
        remedy: what to look at where it refuses one.
    """

    remedy: str

    def load(self, name: str, folder: Path) -> None: ...

    def unload(self, name: str) -> None: ...


class AdapterVersions:
    """The versions of one role's adapter: those that training has made, and the one that the server has.

    Args:
        agent: the role; its adapter is looked at, never moved.
        server: takes the adapters over.
        folder: where they are written, which the server reads as well; `None` means a temporary folder of this machine.
    """

    def __init__(self, agent: AdapterAgent, server: TakesAdapters, folder: str | Path | None) -> None:
        self.agent, self.server = agent, server
        self._mark, self._lock = secrets.token_hex(4), threading.Lock()
        self._own = folder is None
        try:
            where = Path(tempfile.mkdtemp(prefix="selfplay-gym-") if folder is None else folder).absolute()
            where.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"adapters cannot be written to {str(folder)!r}: {error}") from None
        self.folder = where
        self._numbers: dict[str, int] = {}  # of every version seen, by name; the newest has the greatest
        self._newest = self._served = ""
        self._left: list[str] = []  # what the server has and need not
        self._loads = 0

    def served(self, max_staleness: int) -> str:
        """The name to ask for now: of a version at most so many behind; it is taken over first if need be.

        Raises:
            ServerError: the server did not take it over.
        """
        with self._lock:
            name = f"{self.agent.role}-{self._digest()}"
            if name != self._newest:
                self._numbers[name] = max(self._numbers.values(), default=0) + 1
                self._newest = name
            lag = self.behind(self._served) if self._served else None
            if lag is None or lag > max_staleness:
                # Whatever comes of it, the server need not have the old one, nor one that it took over in silence.
                self._left += [one for one in (self._served, name) if one]
                self._served = ""
                self._take_over(name)
                self._served = name
                self._left = [one for one in self._left if one != name]
                self._clear()
            return self._served_name

    def policy(self, answered: str) -> Policy | None:
        """Whose answer it is by the name that the server gives; `None` for a stranger's."""
        name = answered.removesuffix(f"-{self._mark}")
        lag = None if name == answered else self.behind(name)
        return None if lag is None else Policy(name, lag)

    def behind(self, name: str) -> int | None:
        """How many versions there were since; `None` for one that never was."""
        return None if name not in self._numbers else self._numbers[self._newest] - self._numbers[name]

    def lost(self, loads: int) -> None:
        """The server does not know the adapter any more, as after a restart: it is taken over again.

        Args:
            loads: `loads` as it was when the answer was asked for; somebody else may have seen to it since.
        """
        with self._lock:
            if loads == self._loads and self._served:
                self._take_over(self._served)

    @property
    def loads(self) -> int:
        """How often the server has taken an adapter over."""
        return self._loads

    def close(self) -> None:
        """Take all adapters from the server, and remove what was written for it."""
        with self._lock:
            self._left += [self._served] if self._served else []
            self._served = ""
            self._clear()
            if self._own:
                shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _served_name(self) -> str:
        return f"{self._served}-{self._mark}"

    def _digest(self) -> str:
        """Which weights the adapter has, in 16 hexadecimal digits."""
        import torch

        found = blake2b(digest_size=8)
        for name, value in sorted(adapter_state(self.agent.model, self.agent.role).items()):
            found.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
            found.update(value.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes())
        return found.hexdigest()

    def _take_over(self, name: str) -> None:
        full = f"{name}-{self._mark}"
        save_adapter(self.agent.model, self.agent.role, self.folder / full)
        try:
            self.server.load(full, self.folder / full)
        except ServerError as error:
            raise ServerError(
                f"the server did not take over the adapter in {self.folder / full}: {error}. If it can "
                f"not, {self.server.remedy}"
            ) from error
        self._loads += 1

    def _clear(self) -> None:
        """Take from the server what it need not have. What it does not give up now is asked for at the next time."""
        left, self._left = self._left, []
        for name in left:
            full = f"{name}-{self._mark}"
            try:
                self.server.unload(full)
            except ServerError as error:
                log.warning("the server keeps an adapter that nobody needs: %s", error)
                self._left.append(name)
                continue
            shutil.rmtree(self.folder / full, ignore_errors=True)
