"""What a notebook shows of a page of ours, and of a dashboard that runs beside it."""

from __future__ import annotations

import shlex
import subprocess
import sys
from html import escape
from pathlib import Path

from ...core.errors import RunError
from ..commands.watch import check_watching

HEIGHT = 640
"""Pixels of a page in a notebook."""
PACKAGE = __name__.partition(".")[0]


class Page:
    """A page that stands alone, shown in a frame: nothing in it can reach the notebook around it.

    Args:
        html: the whole page.
        path: where it lies as a file; `None` if nowhere.
        height: pixels.
    """

    def __init__(self, html: str, path: Path | None = None, height: int = HEIGHT) -> None:
        self.html, self.path, self.height = html, path, height

    def __repr__(self) -> str:
        return f"Page({str(self.path) if self.path else f'{len(self.html):,} characters'})"

    def _repr_html_(self) -> str:
        style = f"width:100%;height:{self.height}px;border:1px solid rgba(128,128,128,.45);border-radius:6px"
        return f'<iframe sandbox="" srcdoc="{escape(self.html, quote=True)}" style="{style}"></iframe>'


class Watching:
    """A dashboard in a process of its own; ends with `stop`, at the end of a `with`, or with this process.

    Its pages refuse to be shown inside others, so a notebook shows the address to open.

    Attributes:
        url: the address, with its token: who has it can look.
    """

    def __init__(self, path: Path) -> None:
        check_watching()
        command = [sys.executable, "-m", f"{PACKAGE}.cli", "watch", str(path), "--port", "0"]
        self._server = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        assert self._server.stdout is not None
        self.url = self._server.stdout.readline().strip()
        if not self.url.startswith("http"):
            self.stop()
            raise RunError(
                f"the dashboard of {path} did not start: look at selfplay-gym watch {shlex.quote(str(path))}"
            )

    def stop(self) -> None:
        """End the dashboard, and no run."""
        self._server.terminate()
        self._server.wait()
        if self._server.stdout is not None:
            self._server.stdout.close()

    def __enter__(self) -> Watching:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"Watching({self.url})"

    def _repr_html_(self) -> str:
        return f'<a href="{escape(self.url, quote=True)}" target="_blank" rel="noopener">{escape(self.url)}</a>'
