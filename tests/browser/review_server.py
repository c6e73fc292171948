"""A dashboard for tests of the review pages: in a thread, or in a process that dies around a decision.

python review_server.py PORT TOKEN FOLDER [before|after]    dies when a decision comes in, or once it is written
"""

import os
import signal
import socket
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

TOKEN = "review-token"


@contextmanager
def served(folder):
    """The address of a dashboard of the runs in a folder."""
    from selfplay_gym.selfplay.dashboard.app import create_app
    from selfplay_gym.selfplay.dashboard.server import Server

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(create_app([folder], TOKEN), None)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def dying(app, when):
    """The application, killed at the first decision: before it is read, or after it was written."""

    async def answer(scope, receive, send):
        decides = scope["type"] == "http" and scope["path"].endswith("/decisions")
        if decides and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)

        async def kill(_):
            os.kill(os.getpid(), signal.SIGKILL)

        await app(scope, receive, kill if decides and when == "after" else send)

    return answer


def main():
    import uvicorn

    from selfplay_gym.selfplay.dashboard.app import create_app

    port, token, folder, *when = sys.argv[1:]
    app = create_app([Path(folder)], token)
    with socket.create_server(("127.0.0.1", int(port))) as listener:
        print("ready", flush=True)
        config = uvicorn.Config(dying(app, when[0]) if when else app, http="h11", ws="none", log_level="critical")
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
