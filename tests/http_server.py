"""A small HTTP server in this process, for tests of whatever asks one: what it answers is a function of the test.

def answer(request, body):
    request.reply({"choices": []})

with HttpServer(answer) as server:
    ask(server.url)
assert server.seen[0]["path"] == "/v1/completions"
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class HttpServer(ThreadingHTTPServer):
    """Serves from the beginning of its block to the end.

    Args:
        answer: `answer(request, body)`, called in a thread of its own for each request; `body` is its JSON.

    Attributes:
        seen: the bodies in order, each with the path, the method and the key that came with it.
        closing: set when the block ends; what waits for ever waits for this.
    """

    daemon_threads = True

    def __init__(self, answer):
        super().__init__(("127.0.0.1", 0), Request)
        self.answer, self.seen, self.closing = answer, [], threading.Event()
        self.thread = threading.Thread(target=self.serve_forever, daemon=True)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/v1"

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.closing.set()
        self.shutdown()
        self.server_close()
        self.thread.join()


class Request(BaseHTTPRequestHandler):
    """One request, and how it is answered."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        came = {"path": self.path, "method": self.command, "key": self.headers["Authorization"]}
        self.server.seen.append({**body, **came})
        self.server.answer(self, body)

    do_GET = do_POST

    def head(self, status, length, headers=()):
        """What stands before an answer of so many bytes."""
        self.send_response(status)
        for name, value in {"Content-Length": str(length), **dict(headers)}.items():
            self.send_header(name, value)
        self.end_headers()

    def reply(self, payload, status=200, headers=()):
        """Answer with JSON."""
        text = json.dumps(payload).encode()
        self.head(status, len(text), headers)
        self.wfile.write(text)

    def log_message(self, *_):
        return
