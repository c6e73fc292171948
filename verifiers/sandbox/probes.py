"""Canaries: attacks tried from inside a fresh server, so that the level recorded is one that was seen to hold."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator

from .connection import Server
from .limits import Limits
from .protocol.channel import ChannelReader
from .protocol.request import request_for, task_file

_ATTACKS = """
import ctypes, os, resource, signal, socket

def read_outside(): return open(CANARY).read()
def write_outside(): return open(CANARY, "a").write("x")
def list_root_home(): return os.listdir(os.path.dirname(CANARY))
def open_socket(): return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
def fork():
    if os.fork() == 0:
        os._exit(0)
def execute(): os.execv("/bin/true", ["true"])
def signal_parent(): os.kill(os.getppid(), 0)
def limit_parent(): resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE)
def new_namespace(): assert ctypes.CDLL(None).unshare(0x10000000) == 0
def trace_parent(): assert ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0) == 0
def shared_memory(): assert ctypes.CDLL(None).shmget(0, 4096, 0o600) >= 0

def attack(canary):
    global CANARY
    CANARY = canary
    worked = []
    for each in (read_outside, write_outside, list_root_home, open_socket, fork, signal_parent, limit_parent,
                 new_namespace, trace_parent, shared_memory, execute):
        try:
            each()
        except (OSError, AssertionError):
            continue
        worked.append(each.__name__)
    return worked
"""


def failed_probes(server: Server) -> list[str]:
    """Names of the attacks that worked on `server`; empty when it holds."""
    limits = Limits()
    with _canary() as path, contextlib.ExitStack() as files:
        task = {"mode": "calls", "code": _ATTACKS, "function": "attack", "inputs": [[path]], "start": 0, "trace": False}
        work = task_file({**task, "output_kb": 1, "result_kb": 64})
        files.callback(os.close, work)
        channel = ChannelReader(1 << 17)
        files.callback(channel.close)
        nothing = os.open(os.devnull, os.O_RDWR)
        files.callback(os.close, nothing)
        request = request_for(limits, runs=1, channel=channel.size)
        reply = server.run(request, [work, channel.descriptor, nothing, nothing, nothing])
        if reply["trouble"]:
            return [f"nothing, for the jail did not shut ({reply['trouble']})"]
        records = channel.records(1, channel.size)
        if len(records) != 1 or records[0].get("s") != "ok":
            return [f"nothing, for the probe ended early ({records or reply})"]
        return [str(name) for name in records[0]["v"]]


@contextlib.contextmanager
def _canary() -> Iterator[str]:
    """A file any user may read and write, in a folder any user may list."""
    folder = tempfile.mkdtemp(prefix="selfplay-canary-")
    path = os.path.join(folder, "canary")
    try:
        os.chmod(folder, 0o755)
        with open(path, "w") as file:
            file.write("sing")
        os.chmod(path, 0o666)
        yield path
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        os.rmdir(folder)
