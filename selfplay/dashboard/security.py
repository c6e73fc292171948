"""Who may talk to the dashboard: the holder of the token, from a page of its own, under a name of this machine.

    Host      a name of this machine, else a page elsewhere could reach us under a name of its own (DNS rebinding)
    Origin    the same server, wherever a browser names one, and always where something is written
    token     once in the query, then in a cookie that no script and no other site can use

Every answer, errors and static files included, carries the same headers: nothing is loaded from anywhere else, and no
script or style stands inside a page.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import secrets
import socket
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
HOST = re.compile(r"(?:\[(?P<address>[0-9a-f:.]+)\]|(?P<name>[^\s:/?#@\[\]\\]+))(?::(?P<port>[0-9]{1,5}))?")
"""A name or an address, and perhaps a port: nothing before it or behind it."""
LAST_PORT = 65_535
SCHEMES = ("http", "https")
"""How a page of ours may have been loaded; the second one behind a proxy."""
READING = ("GET", "HEAD")
LOCAL = ("127.0.0.1", "localhost", "::1")
EVERYWHERE = ("0.0.0.0", "::")


def new_token() -> str:
    """A secret for one start of the dashboard."""
    return secrets.token_urlsafe(24)


def host_names(host: str) -> frozenset[str]:
    """The names under which a server that is bound to `host` may be addressed, in lower case.

    Bound to every interface, that is also the name of the machine; addresses in figures are `Gate`'s to allow.
    """
    own = (socket.gethostname(), socket.getfqdn()) if host in EVERYWHERE else ()
    return frozenset(name.lower() for name in (*LOCAL, host, *own))


class Gate:
    """Lets requests through to `app` that come from the holder of the token, and puts the headers on every answer.

    Args:
        token: the secret; compared in constant time.
        host: what the server is bound to.
    """

    def __init__(self, app: ASGIApp, *, token: str, host: str = LOCAL[0]) -> None:
        self.app = app
        self.cookie = f"selfplay_gym_{hashlib.sha256(_bytes(token)).hexdigest()[:12]}"
        self._token, self._names, self._any_address = _bytes(token), host_names(host), host in EVERYWHERE

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] == "websocket":  # there are none here
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        try:
            answer = self._refusal(scope) or self._entry(scope) or self.app
        except ValueError:  # more parameters than anybody has, or a header that is no text
            answer = PlainTextResponse("That request cannot be understood.", 400)
        await answer(scope, receive, _with_headers(send))

    def _refusal(self, scope: Scope) -> Response | None:
        """The answer to a request that comes under a wrong name or from another page; `None` if it may go on."""
        headers = Headers(scope=scope)
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        if len(hosts) != 1 or not self._is_ours(hosts[0]):
            return PlainTextResponse("This server does not answer to that name.", 421)
        own = {f"{scheme}://{hosts[0].lower()}" for scheme in SCHEMES}
        same = all(origin.lower() in own for origin in origins)
        if not same or len(origins) > 1 or (scope["method"] not in READING and not origins):
            return PlainTextResponse("That page may not ask this server.", 403)
        return None

    def _is_ours(self, host: str) -> bool:
        parts = HOST.fullmatch(host.lower())
        if parts is None or int(parts["port"] or 0) > LAST_PORT:
            return False
        name = parts["address"] or parts["name"]
        if name in self._names:
            return True
        try:
            ipaddress.ip_address(name)  # a name that is an address cannot be pointed elsewhere
        except ValueError:
            return False
        return self._any_address

    def _entry(self, scope: Scope) -> Response | None:
        """The answer to a request with the token, or with nothing; `None` if it has the cookie."""
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = [value for name, value in query if name == "token"]
        if given and scope["method"] in READING:
            if not self._is_token(given[0]):
                return _no_token()
            rest = urlencode([pair for pair in query if pair[0] != "token"])
            path = "/" + scope["path"].lstrip("/")  # "//elsewhere" would lead away
            answer = RedirectResponse(path + (f"?{rest}" if rest else ""), 303, {"Cache-Control": "no-store"})
            answer.set_cookie(self.cookie, given[0], httponly=True, samesite="strict", path="/")
            return answer
        cookies: dict[str, str] = {}
        for header in Headers(scope=scope).getlist("cookie"):
            cookies |= cookie_parser(header)
        return None if self._is_token(cookies.get(self.cookie, "")) else _no_token()

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(_bytes(given), self._token)


def _no_token() -> Response:
    return PlainTextResponse("Open the address that selfplay-gym watch printed; it holds a token.", 403)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _with_headers(send: Send) -> Send:
    async def answer(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
            headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return answer


def shown_url(host: str, port: int, token: str) -> str:
    """The address to open, with the token."""
    name = LOCAL[0] if host in EVERYWHERE else host
    return f"http://{f'[{name}]' if ':' in name else name}:{port}/?{urlencode({'token': token})}"
