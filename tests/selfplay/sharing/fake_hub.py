"""A model hub on this machine that takes what `huggingface_hub` sends: repositories, small files, LFS, Xet, commits.

    with FakeHub() as hub:
        ...                 # a process with hub.environment pushes
        hub.repos["me/name"].files

What goes wrong is chosen: `hub.fail = {"commit": 409}`, and `hub.hang = {"preupload"}` answers only when it is closed,
`hub.strange = {"create": (200, {}, b"<html>")}` answers that, whatever is asked.
Xet's own storage takes chunks in containers that only its clients read, so of such a file the hub knows size and sum.
"""

import base64
import hashlib
import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = "hf_" + "a1B2" * 8
SMALL = 10_000
"""Bytes from which on a file goes by LFS or Xet."""


@dataclass
class Repo:
    kind: str
    private: bool
    files: dict = field(default_factory=dict)  # name → bytes, or ("lfs", sha256, size)
    commits: list = field(default_factory=list)


class FakeHub:
    def __init__(self):
        self.repos, self.uploads, self.requests = {}, {}, []
        self.fail, self.hang, self.strange, self.over = {}, set(), {}, threading.Event()
        self.token = TOKEN

    def __enter__(self):
        hub = self

        class Handler(_Handler):
            pass

        Handler.hub = hub
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    @property
    def environment(self):
        return {"HF_ENDPOINT": self.url, "HF_TOKEN": self.token, "NO_PROXY": "127.0.0.1"}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: FakeHub

    def log_message(self, *_):
        """Nothing is printed."""

    def answer(self, value=None, status=200, headers=()):
        content = value if isinstance(value, bytes) else b"" if value is None else json.dumps(value).encode()
        self.send_response(status)
        for name, one in headers:
            self.send_header(name, one)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def body(self):
        if self.headers.get("Transfer-Encoding", "") == "chunked":
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def do_GET(self):
        self.handle_one("GET")

    def do_POST(self):
        self.handle_one("POST")

    def do_PUT(self):
        self.handle_one("PUT")

    def handle_one(self, method):
        body, path = self.body(), self.path.partition("?")[0]
        self.hub.requests.append((method, path))
        for pattern, name in ROUTES:
            found = re.fullmatch(pattern, path)
            if found:
                if name in self.hub.hang:
                    self.hub.over.wait()
                if name in self.hub.strange:
                    status, headers, content = self.hub.strange[name]
                    self.answer(content, status, headers.items())
                elif name in self.hub.fail:
                    self.answer({"error": f"{name} is told to fail"}, self.hub.fail[name])
                elif name in CHECKED and self.headers.get("Authorization") != f"Bearer {self.hub.token}":
                    self.answer({"error": "Invalid username or password."}, 401)
                else:
                    getattr(self, name)(body, *found.groups())
                return
        self.answer({"error": f"no such page: {method} {path}"}, 404)

    # --- what a hub does ---

    def create(self, body):
        asked = json.loads(body)
        kind = asked.get("type") or "model"
        name = f"{asked.get('organization') or 'me'}/{asked['name']}"
        url = f"{self.hub.url}/{'' if kind == 'model' else kind + 's/'}{name}"
        if name in self.hub.repos:
            self.answer({"error": "You already created this model repo", "url": url}, 409)
            return
        private = asked.get("private") or asked.get("visibility") == "private"
        self.hub.repos[name] = Repo(kind, bool(private))
        self.answer({"url": url, "name": name, "id": name})

    def yaml(self, body):
        self.answer({"errors": [], "warnings": []})

    def info(self, body, kind, name):
        repo = self.hub.repos.get(name)
        if repo is None or f"{repo.kind}s" != kind:
            self.answer({"error": "Repository not found"}, 404)
            return
        self.answer({"id": name, "private": repo.private, "sha": "0" * 40, "siblings": [], "tags": []})

    def preupload(self, body, kind, name):
        files = json.loads(body)["files"]
        modes = [{**one, "uploadMode": "lfs" if one["size"] >= SMALL else "regular"} for one in files]
        found = [{"path": one["path"], "uploadMode": one["uploadMode"], "shouldIgnore": False} for one in modes]
        self.answer({"files": found})

    def lfs_batch(self, body, name):
        objects = json.loads(body)["objects"]
        action = [
            {**one, "actions": {"upload": {"href": f"{self.hub.url}/store/{one['oid']}", "header": {}}}}
            for one in objects
        ]
        self.answer({"transfer": "basic", "objects": action})

    def store(self, body, oid):
        assert hashlib.sha256(body).hexdigest() == oid
        self.hub.uploads[oid] = body
        self.answer()

    def xet_token(self, body, kind, name):
        expires = "4102444800"
        self.answer(
            {"accessToken": "xet", "exp": int(expires), "casUrl": self.hub.url},
            headers=[
                ("X-Xet-Cas-Url", self.hub.url),
                ("X-Xet-Access-Token", "xet"),
                ("X-Xet-Token-Expiration", expires),
            ],
        )

    def xet_known(self, body, digest):
        self.answer({"error": "not known"}, 404)

    def xet_chunks(self, body, digest):
        self.hub.uploads[f"xorb {digest}"] = body
        self.answer({"was_inserted": True})

    def xet_shard(self, body):
        self.hub.uploads["shard"] = body
        self.answer({"result": 1})

    def commit(self, body, kind, name):
        lines = [json.loads(line) for line in body.splitlines()]
        repo = self.hub.repos[name]
        for line in lines[1:]:
            value = line["value"]
            if line["key"] == "file":
                repo.files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                stored = self.hub.uploads.get(value["oid"], ("lfs", value["oid"], value["size"]))
                repo.files[value["path"]] = stored
        repo.commits.append(lines[0]["value"]["summary"])
        self.answer({"success": True, "commitOid": "1" * 40, "commitUrl": f"{self.hub.url}/{name}/commit/{'1' * 40}"})


REPO = r"(models|datasets)/([\w.-]+/[\w.-]+)"
ROUTES = (
    (r"/api/repos/create", "create"),
    (r"/api/validate-yaml", "yaml"),
    (rf"/api/{REPO}/preupload/main", "preupload"),
    (rf"/api/{REPO}/xet-write-token/main", "xet_token"),
    (rf"/api/{REPO}/commit/main", "commit"),
    (rf"/api/{REPO}", "info"),
    (r"/(?:datasets/)?([\w.-]+/[\w.-]+)\.git/info/lfs/objects/batch", "lfs_batch"),
    (r"/store/([0-9a-f]{64})", "store"),
    (r"/(?:v1/)?chunks?/[\w-]+/(\w+)", "xet_known"),
    (r"/(?:v1/)?xorbs?/[\w-]+/(\w+)", "xet_chunks"),
    (r"/(?:v1/)?shards?", "xet_shard"),
)
CHECKED = {"create", "preupload", "xet_token", "commit", "lfs_batch"}
