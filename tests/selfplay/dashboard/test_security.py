"""Who gets in: every rule of the gate, asked as a browser or an attacker would ask."""

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from selfplay_gym.selfplay.dashboard.app import create_app
from selfplay_gym.selfplay.dashboard.security import CONTENT_POLICY, Gate, new_token, shown_url

TOKEN = "correct-horse-battery-staple"
HOST = "127.0.0.1:8000"


def stored(request):
    return PlainTextResponse("stored")


def broken(request):
    raise ZeroDivisionError("a mistake of ours")


@pytest.fixture
def app(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.toml").write_text("seed = 0\n", encoding="utf-8")
    (tmp_path / "secret.txt").write_text("not for you", encoding="utf-8")
    app = create_app([tmp_path / "run"], TOKEN)
    app.router.routes += [Route("/store", stored, methods=["POST"]), Route("/broken", broken)]
    return app


@pytest.fixture
def outside(app):
    """Somebody without the token."""
    return TestClient(app, base_url=f"http://{HOST}", raise_server_exceptions=False, follow_redirects=False)


@pytest.fixture
def inside(outside):
    """Somebody who opened the printed address."""
    assert outside.get(f"/?token={TOKEN}").status_code == 303
    return outside


ADDRESSES = [
    "/",
    "/run/x",
    "/static/dashboard.css",
    "/static/pages/page.css",
    "/nowhere",
    "/broken",
    "/static/../app.py",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_nothing_is_shown_without_the_token(outside, address):
    assert outside.get(address).status_code == 403


@pytest.mark.parametrize(
    "token", ["", "wrong", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "é", "日本", "%ff%fe", "\x00", "a" * 10_000]
)
def test_a_wrong_token_is_refused(outside, token):
    answer = outside.get("/", params={"token": token})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert (
        outside.get("/", headers={"cookie": f"{cookie_name()}={token}".encode("utf-8", "replace")}).status_code == 403
    )


def cookie_name():
    return Gate(PlainTextResponse("x"), token=TOKEN).cookie


@given(st.text())
def test_no_other_text_is_the_token(token):
    gate = Gate(PlainTextResponse("in"), token=TOKEN)
    answer = TestClient(gate, base_url=f"http://{HOST}", follow_redirects=False).get("/", params={"token": token})
    assert (answer.status_code == 303) == (token == TOKEN)


def test_a_token_of_any_letters_opens():
    gate = Gate(PlainTextResponse("in"), token="schlüssel 日本 &=?")
    client = TestClient(gate, base_url=f"http://{HOST}")
    assert client.get("/", params={"token": "schlüssel 日本"}).status_code == 403


def test_the_token_leaves_the_address_and_comes_back_as_a_cookie(outside):
    answer = outside.get(f"/run/x?token={TOKEN}&a=1&b=")
    assert answer.headers["location"] == "/run/x?a=1&b="
    cookie = answer.headers["set-cookie"].lower()
    assert {"httponly", "samesite=strict", "path=/"} <= set(re.split(r";\s*", cookie))
    assert "max-age" not in cookie
    assert "domain" not in cookie


def test_a_redirect_never_leads_to_another_server(outside):
    answer = outside.get(f"//evil.example/x?token={TOKEN}")
    assert re.match(r"/(?!/)", answer.headers.get("location", "/"))


def test_two_servers_on_one_host_keep_their_cookies_apart():
    first, second = (Gate(PlainTextResponse("in"), token=new_token()) for _ in range(2))
    assert first.cookie != second.cookie
    assert TOKEN not in cookie_name()


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "",
        "[::1",
        "user@evil.example",
        "10.0.0.1",
        "127.0.0.1@evil.example",
        "127.0.0.1/evil",
        "127.0.0.1#evil.com",
        "127.0.0.1?evil.com",
        "x@127.0.0.1",
        "127.0.0.1:abc",
        "127.0.0.1:",
        "127.0.0.1:99999",
        "127.0.0.1:80:80",
        "127.0.0.1 evil.com",
        "[127.0.0.1",
        "[::1]evil.com",
    ],
)
def test_another_name_is_refused_though_the_cookie_is_right(inside, host):
    """DNS rebinding: the page of a stranger reaches us under a name of the stranger's."""
    assert inside.get("/run/x", headers={"host": host}).status_code == 421


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "LOCALHOST", "[::1]:9", "127.0.0.1"])
def test_names_of_this_machine_are_ours(inside, host):
    assert inside.get("/run/x", headers={"host": host}).status_code == 404


def test_a_server_for_everybody_takes_addresses_and_no_foreign_names():
    client = TestClient(Gate(PlainTextResponse("in"), token=TOKEN, host="0.0.0.0"), follow_redirects=False)
    address = f"/?token={TOKEN}"
    assert client.get(address, headers={"host": "192.168.1.7:8000"}).status_code == 303
    assert client.get(address, headers={"host": "evil.example"}).status_code == 421


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "http://evil.example",
        f"http://{HOST}.evil.example",
        "http://127.0.0.1:9999",
        "",
        "file://",
        f"ftp://{HOST}",
        f"//{HOST}",
        HOST,
        f"http://{HOST}/",
        f"http://x@{HOST}",
    ],
)
def test_only_our_own_pages_may_write(inside, origin):
    headers = {} if origin is None else {"origin": origin}
    assert inside.post("/store", headers=headers).status_code == 403


@pytest.mark.parametrize("client", ["inside", "outside"])
@pytest.mark.parametrize("header", ["origin", "host"])
@pytest.mark.parametrize("value", ["http://[", "http://[::1", "[", "http://]", "http://\xff", "\xff[", "::", "[]"])
def test_a_header_of_a_wrong_form_is_refused_with_the_headers(request, client, header, value):
    answer = request.getfixturevalue(client).get("/run/x", headers={header: value.encode("latin-1")})
    assert answer.status_code in (403, 421)
    assert answer.headers["content-security-policy"] == CONTENT_POLICY


def test_our_own_page_may_write(inside):
    assert inside.post("/store", headers={"origin": f"http://{HOST}"}).text == "stored"
    assert inside.post("/store", headers={"origin": f"https://{HOST}"}).text == "stored"  # behind a proxy


def test_a_token_in_the_address_does_not_let_anybody_write(outside):
    assert outside.post(f"/store?token={TOKEN}", headers={"origin": f"http://{HOST}"}).status_code == 403


def test_another_page_may_not_read_either(inside):
    assert inside.get("/run/x", headers={"origin": "http://evil.example"}).status_code == 403


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("client", ["inside", "outside"])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_every_answer_carries_the_headers(request, client, address, method):
    answer = request.getfixturevalue(client).request(method, address)
    assert answer.headers["content-security-policy"] == CONTENT_POLICY
    assert "unsafe" not in CONTENT_POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers.get_list("cache-control")


def test_a_mistake_of_ours_tells_a_stranger_nothing(inside):
    answer = inside.get("/broken")
    assert answer.status_code == 500
    assert "mistake of ours" not in answer.text


@pytest.mark.parametrize(
    "name",
    [
        "..",
        "%2e%2e",
        "..%2f..%2fsecret.txt",
        "../secret.txt",
        "run",
        "a" * 5000,
        "x%00y",
        "%ff",
        "run%2f..%2f..%2fsecret.txt",
        "{run}",
        "~",
    ],
)
@pytest.mark.parametrize("prefix", ["/run/", "/static/", "/static/pages/"])
def test_no_name_leads_out_of_the_run(inside, name, prefix):
    answer = inside.get(prefix + name)
    assert answer.status_code in (404, 405, 303, 307)
    assert "not for you" not in answer.text


def test_websockets_are_not_taken(app):
    from starlette.websockets import WebSocketDisconnect

    client = TestClient(app, base_url=f"http://{HOST}")
    with (
        pytest.raises((WebSocketDisconnect, RuntimeError, AssertionError, EOFError)),
        client.websocket_connect("/run/x"),
    ):
        pass


def test_tokens_are_long_and_fit_an_address():
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(token) >= 32 and set(token) <= set(string.ascii_letters + string.digits + "-_") for token in tokens)


def test_the_address_is_one_that_can_be_opened():
    assert shown_url("127.0.0.1", 80, "t") == "http://127.0.0.1:80/?token=t"
    assert shown_url("::1", 80, "t") == "http://[::1]:80/?token=t"
    assert shown_url("0.0.0.0", 80, "t") == "http://127.0.0.1:80/?token=t"
