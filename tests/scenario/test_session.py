# SPDX-License-Identifier: MIT
"""Sessions from outside: cookies, values, logins, ends, and their sockets."""

import concurrent.futures
import re
import time

import pytest

from client import CLOSE, TEXT, Refused, Server, wait_for
from visitor import COUNTS, PAGES, Client, session, tell, visitor


@pytest.fixture(scope="module")
def site(can_serve, tmp_path_factory):
    top = tmp_path_factory.mktemp("session")
    folder = visitor(top / "visitor", [COUNTS, session(keys=4, size="1KiB")])
    server = Server("--loops", "2", name="session", folder=top, modules=[folder])
    yield server
    server.stop()


@pytest.fixture
def client(site):
    return Client(site)


# --- the cookie ---

def test_a_visitor_gets_no_cookie(client):
    assert client.do("get name").status == 404
    assert client.do("has user").text == "false"
    assert client.do("drop name").text == "false"
    assert client.set == [] and client.cookies == {}


@pytest.mark.parametrize("how", ["do", "later"])
def test_the_first_write_sets_the_cookie(client, how):
    answer = client.do("set name Ann", how)

    assert answer.status == 204
    assert len(client.set) == 1
    value, *attributes = client.set[0].split("; ")
    assert re.fullmatch(r"visitor=[A-Za-z0-9_-]{24}", value)
    assert sorted(attributes) == ["HttpOnly", "Path=/visitor", "SameSite=Lax"]
    assert answer.headers["Cache-Control"] == "private, no-store"

    assert client.do("get name", how).text == "Ann"
    assert client.set == []  # once is enough


def test_sessions_are_apart(site):
    ann, bob = Client(site), Client(site)
    ann.do("set name Ann")
    bob.do("set name Bob")

    assert ann.cookies != bob.cookies
    assert (ann.do("get name").text, bob.do("get name").text) == ("Ann", "Bob")
    assert Client(site).do("get name").status == 404


def test_values(client):
    client.do("set a 1")
    client.do("set b 2")

    assert client.do("get a").text == "1"
    assert client.do("has a").text == "true"
    assert client.do("drop a").status == 200
    assert client.do("has a").text == "false"
    assert client.do("get a").status == 404
    assert client.do("get b").text == "2"


def test_values_are_bounded(client):
    for name in "abcd":
        assert client.do(f"set {name} 1").status == 204
    assert client.do("set e 1").status == 413
    assert client.do("set a 2").status == 204
    assert client.request("POST", "/visitor/form", "set a " + "x" * 2000).status == 413
    assert client.do("get a").text == "2"
    with client.socket() as socket:
        assert "a session keeps at most 4 values" in tell(socket, "set e 1")
        assert "a session keeps at most 1024 bytes" in tell(socket, "set a " + "x" * 2000)


@pytest.mark.parametrize("command", [
    "get id", "has id", "set id x", "drop id", "set user admin", "drop user",
    "get login", "get logout", "set csrf x", "drop csrf"])
def test_reserved(client, command):
    client.do("set name Ann")

    assert client.do(command).status == 403


def test_the_cookie_cannot_be_read_anywhere(client):
    client.do("set name Ann")
    secret = client.cookies["visitor"]

    for command in ("get id", "get csrf", "get user", "get name"):
        assert secret not in client.do(command).text


FORGED = ["A" * 24, "x", "", "A" * 5000, "../../etc/passwd", "'; DROP", "%00",
          "a=b", '"' + "A" * 24 + '"', "\u00e9".encode().decode("latin-1") * 12]


@pytest.mark.parametrize("value", FORGED, ids=range(len(FORGED)))
def test_a_cookie_from_elsewhere_is_never_adopted(client, value):
    client.cookies["visitor"] = value
    assert client.do("get name").status == 404
    assert client.set == []

    client.do("set name Ann")
    assert client.cookies["visitor"] != value
    assert len(client.cookies["visitor"]) == 24


def test_two_cookies_of_that_name(client):
    client.do("set name Ann")
    mine = client.cookies["visitor"]

    cookie = {"Cookie": f"visitor={mine}; visitor={'B' * 24}"}
    assert client.server.get("/visitor/do/get.name", cookie).text == "Ann"


@pytest.mark.parametrize("secure,flagged", [(True, True), (False, False), ("auto", False)])
def test_secure(serve, tmp_path, secure, flagged):
    server = serve(modules=[visitor(tmp_path / "v", [session(secure=secure)])])
    client = Client(server)
    client.get("/visitor/do/set.name.Ann", {"X-Forwarded-Proto": "https"})

    assert ("Secure" in client.set[0].split("; ")) == flagged


def test_an_error_carries_the_cookie_too(client):
    client.do("set name " + "x" * 300)
    for name in "abc":
        client.do(f"set {name} 1")
    client.cookies.clear()

    # makes the session, and then fails
    answer = client.request("POST", "/visitor/form", "set a " + "x" * 2000)
    assert answer.status == 413
    assert len(client.set) == 1
    client.do("set a 1")
    assert client.set == []


# --- login and logout ---

def test_login_changes_the_id_and_keeps_the_values(client):
    client.do("set cart 3")
    before = client.cookies["visitor"]
    assert client.do("has user").text == "false"

    client.do("login alice")
    assert len(client.set) == 1
    assert client.cookies["visitor"] != before
    assert client.do("get user").text == "alice"
    assert client.do("get cart").text == "3"

    old = Client(client.server)
    old.cookies["visitor"] = before
    assert old.do("get user").status == 404
    assert old.do("get cart").status == 404


def test_login_without_a_session(client):
    client.do("login bob")

    assert len(client.set) == 1
    assert client.do("get user").text == "bob"


def test_another_user_begins_afresh(client):
    client.do("login alice")
    client.do("set cart 3")
    client.do("login alice")
    assert client.do("get cart").text == "3"

    client.do("login bob")
    assert client.do("get user").text == "bob"
    assert client.do("get cart").status == 404


def test_fixation(site):
    """An attacker's session, planted in the victim's browser."""
    attacker, victim = Client(site), Client(site)
    attacker.do("set name Mallory")
    victim.cookies = dict(attacker.cookies)

    victim.do("login alice")
    assert attacker.do("has user").text == "false"
    assert attacker.do("get name").status == 404
    assert victim.do("get user").text == "alice"


def test_logout(client):
    client.do("login alice")
    client.do("set cart 3")
    id = client.cookies["visitor"]

    client.do("logout")
    assert re.fullmatch(r"visitor=; Path=/visitor; Max-Age=0; HttpOnly; SameSite=Lax",
                        client.set[0])
    client.cookies["visitor"] = id
    assert client.do("has user").text == "false"
    assert client.do("get cart").status == 404
    assert client.do("logout").status == 204


@pytest.mark.parametrize("name", [
    "", "x" * 257, "a\r\nSet-Cookie: x=y", "a\nb", "\x7f", "\x1b[0m"])
def test_no_user_of_that_name(client, name):
    answer = client.request("POST", "/visitor/form", f"login {name}".encode())

    assert answer.status == 400
    assert answer.headers["x"] is None
    assert client.do("has user").text == "false"


@pytest.mark.parametrize("header,value", [
    ("redirect", "/x\r\nX-Injected: yes"), ("redirect", "/x\nX-Injected: yes"),
    ("cookie", "a=b\r\nX-Injected: yes"), ("cookie", "a=b\r\n\r\n<script>"),
    ("cookie", "no cookie"), ("header/X-Own", "a\r\nX-Injected: yes"),
    ("header/X-Own\r\nX-Injected", "yes")])
def test_no_header_is_injected(client, header, value):
    answer = client.request("POST", "/visitor/form", f"send {header} {value}".encode())

    assert answer.headers["X-Injected"] is None
    assert "<script>" not in answer.text
    assert not any("\n" in line for line in client.set)


# --- csrf ---

@pytest.fixture(scope="module")
def guarded(can_serve, tmp_path_factory):
    top = tmp_path_factory.mktemp("csrf")
    folder = visitor(top / "visitor", [COUNTS, session(csrf=True)])
    server = Server(name="session-csrf", folder=top, modules=[folder])
    yield server
    server.stop()


def test_csrf_token(guarded):
    client = Client(guarded)
    answer = client.do("get csrf")
    token = answer.text

    assert re.fullmatch(r"[A-Za-z0-9_-]{24}", token)
    assert "no-store" in answer.headers["Cache-Control"]
    assert client.cookies["visitor"] != token
    assert client.do("get csrf").text == token
    client.do("login alice")
    assert client.do("get csrf").text != token


def test_csrf_is_asked_of_what_changes_something(guarded):
    client = Client(guarded)
    token = client.do("get csrf").text
    send = lambda **more: client.request("POST", "/visitor/form", "get csrf", more)

    assert send().status == 403
    assert send(**{"X-CSRF-Token": "A" * 24}).status == 403
    assert send(**{"X-CSRF-Token": ""}).status == 403
    assert send(**{"X-CSRF-Token": token[:-1]}).status == 403
    assert send(**{"X-CSRF-Token": token}).text == token
    assert client.request("PUT", "/visitor/form", "x").status == 403
    assert client.request("PUT", "/visitor/form", "x",
                          {"X-CSRF-Token": token}).status in (200, 204)
    assert client.request("DELETE", "/visitor/do/x").status in (403, 404, 405)
    # POST to what only has SOURCE
    assert client.request("POST", "/visitor/do/get.csrf", "x").status == 403
    assert client.request("POST", "/visitor/do/get.csrf", "x",
                          {"X-CSRF-Token": token}).text == token


def test_csrf_field(guarded):
    client = Client(guarded)
    token = client.do("get csrf").text

    assert client.post("/visitor/form", {"a": "b", "csrf": token}).status == 200
    assert client.post("/visitor/form", {"a": "b"}).status == 403
    assert client.post("/visitor/form", {"csrf": token[::-1]}).status == 403
    assert client.post("/visitor/form", [("csrf", token), ("csrf", "x")]).status == 403
    assert client.post("/visitor/form?csrf=" + token, {"a": "b"}).status == 403


def test_csrf_token_is_of_one_session(guarded):
    ann, bob = Client(guarded), Client(guarded)
    token = ann.do("get csrf").text
    bob.do("get csrf")

    assert bob.post("/visitor/form", {"csrf": token}).status == 403
    assert Client(guarded).post("/visitor/form", {"csrf": token}).status == 403


def test_csrf_of_sockets(guarded):
    """Their origin was checked, and a foreign page cannot send on them."""
    client = Client(guarded)
    client.do("get csrf")
    with client.socket() as socket:
        assert tell(socket, "set a 1") == "done"


# --- sockets ---

def test_a_socket_is_in_the_session(client):
    client.do("login alice")
    with client.socket() as socket:
        assert tell(socket, "get user") == "alice"
        assert tell(socket, "set cart 3") == "done"
        assert client.do("get cart").text == "3"
        client.do("set cart 4")
        assert tell(socket, "get cart") == "4"


def test_a_socket_without_a_session(site, client):
    with client.socket() as socket:
        assert client.set == []
        assert tell(socket, "has user") == "false"
        said = tell(socket, "set a 1")
        assert "an open socket cannot be given a cookie" in said
        said = tell(socket, "login alice")
        assert "an open socket cannot be given a cookie" in said
        assert "no session" in tell(socket, "get csrf")
        assert tell(socket, "has user") == "false"


def test_new_makes_a_session(client):
    """The cookie travels on the 101."""
    with client.socket(command="set a 1") as socket:
        assert len(client.set) == 1
        assert tell(socket, "get a") == "1"
        assert client.do("get a").text == "1"
        client.do("logout")
        assert socket.receive_close() == (4001, "session ended")


def test_new_logs_in(client):
    client.do("set cart 3")
    with client.socket() as before, client.socket(command="login alice") as socket:
        assert len(client.set) == 1
        assert before.receive_close() == (4001, "session ended")
        assert tell(socket, "get user") == "alice"
        assert tell(socket, "get cart") == "3"
        client.do("logout")
        assert socket.receive_close() == (4001, "session ended")


def test_a_refusal_carries_the_cookie(client):
    with pytest.raises(Refused) as refusal:
        client.socket(command="refuse")

    assert refusal.value.status == 418
    assert len(client.set) == 1
    assert client.do("get touched").text == "yes"


@pytest.mark.parametrize("end", ["logout", "login bob"])
def test_sockets_of_a_session_close_with_it(site, client, end):
    client.do("set a 1")
    other = Client(site)
    other.do("set a 1")
    with client.socket() as one, client.socket() as two, other.socket() as third:
        start = time.monotonic()
        client.do(end)
        assert one.receive_close() == (4001, "session ended")
        assert two.receive_close() == (4001, "session ended")
        assert time.monotonic() - start < 1
        assert tell(third, "get a") == "1"


def test_logout_on_a_socket(client):
    client.do("login alice")
    with client.socket() as one, client.socket() as two:
        one.send(TEXT, b"logout")
        assert one.receive_close() == (4001, "session ended")
        assert two.receive_close() == (4001, "session ended")
    assert client.do("has user").text == "false"


def test_a_closed_socket_is_forgotten(site, client):
    client.do("set a 1")
    deletes = lambda: int(site.get("/visitor/counts").text.split()[2])
    before = deletes()
    for _ in range(20):
        client.socket().close()
    wait_for(lambda: deletes() == before + 20)
    with client.socket() as socket:
        client.do("logout")
        assert socket.receive_close() == (4001, "session ended")


def test_many_at_once(site):
    """Sessions are made, logged in and ended side by side."""
    def life(i):
        client = Client(site)
        client.do(f"set n {i}")
        with client.socket() as socket:
            assert tell(socket, "get n") == str(i)
            client.do(f"login user{i}")
            assert socket.receive_close()[0] == 4001
        with client.socket() as socket:
            assert tell(socket, "get user") == f"user{i}"
            assert tell(socket, "get n") == str(i)
            client.do("logout", "later")
            assert socket.receive_close()[0] == 4001
        return client.do("has user").text

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert set(pool.map(life, range(80))) == {"false"}


def test_one_session_in_parallel(client):
    client.do("set a 0")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: Client.do(client, f"set a {i}"), range(100)))
    assert client.do("get a").text.isdigit()


# --- time and number ---

def test_idle(serve, tmp_path):
    idle = 2
    server = serve(modules=[visitor(tmp_path / "v", [session(idle=f"{idle}s")])])
    client = Client(server)
    client.do("login alice")
    with client.socket() as socket:
        for _ in range(6):  # its messages use it
            time.sleep(0.2 * idle)
            start = time.monotonic()
            assert tell(socket, "get user") == "alice"
        assert socket.receive_close() == (4001, "session ended")
        assert idle - 0.1 < time.monotonic() - start < idle + 1.5
    assert client.do("has user").text == "false"


def test_absolute(serve, tmp_path):
    server = serve(modules=[visitor(tmp_path / "v", [session(absolute="1s")])])
    client = Client(server)
    start = time.monotonic()
    client.do("login alice")
    with client.socket() as socket:
        answer = None
        while answer != (CLOSE, b"\x0f\xa1session ended"):
            assert time.monotonic() - start < 2.5
            time.sleep(0.05)  # it is used all the time
            socket.send(TEXT, b"has user")
            answer = socket.receive()
    assert client.do("has user").text == "false"


def test_limit(serve, tmp_path):
    server = serve(modules=[visitor(tmp_path / "v", [session(limit=5)])])
    member, guests = Client(server), [Client(server) for _ in range(6)]
    member.do("login alice")
    guests[0].do("set a 0")
    with guests[0].socket() as socket:
        for i, guest in enumerate(guests):
            guest.do(f"set a {i}")
        assert socket.receive_close() == (4001, "session ended")
    assert guests[0].do("get a").status == 404
    assert guests[5].do("get a").text == "5"
    assert member.do("get user").text == "alice"


def test_two_overlays_are_two_sessions(serve, tmp_path):
    other = [{"id": "page", "grammar": "res:/other/do/{command}"}]
    folder = visitor(tmp_path / "v", [
        session(), session(other, cookie="other", path="/other")])
    client = Client(serve(modules=[folder]))
    client.do("set a 1")

    assert client.get("/other/do/get.a").status == 404
    assert client.get("/other/do/set.a.2").status == 204
    assert sorted(client.cookies) == ["other", "visitor"]
    assert client.do("get a").text == "1"


def test_overlays_that_say_the_same_share_their_sessions(serve, tmp_path):
    other = [{"id": "page", "grammar": "res:/visitor/other/{command}"}]
    folder = visitor(tmp_path / "v", [session(), session(other)])
    client = Client(serve(modules=[folder]))
    client.do("set a 1")

    assert client.get("/visitor/other/get.a").text == "1"
    client.get("/visitor/other/login.bob")
    assert client.do("get user").text == "bob"
    assert len(client.cookies) == 1


def test_without_http(fulcra, tmp_path):
    folder = visitor(tmp_path / "v", [session()])
    run = lambda command: fulcra(
        "request", "--modules", str(folder), f"res:/visitor/do/{command}")

    assert run("has.user").stdout.strip() == "false"
    result = run("set.a.1")
    assert result.returncode != 0
    assert "no HTTP request caused this" in result.stderr


# --- definitions ---

WRONG = [
    ({"cookie": "a b"}, "cannot be the name of a cookie"),
    ({"cookie": "a=b"}, "cannot be the name of a cookie"),
    ({"cookie": "a;b"}, "cannot be the name of a cookie"),
    ({"path": "shop"}, "cannot be the path of a cookie"),
    ({"path": "/a; Domain=x"}, "cannot be the path of a cookie"),
    ({"secure": "yes"}, '"secure" must be true, false or "auto"'),
    ({"idle": "1 hour"}, "idle"),
    ({"idle": "10ms"}, "at least 1000"),
    ({"limit": 0}, "at least 1"),
    ({"kookie": "a"}, 'did you mean "cookie"'),
    ({"space": None}, "space"),
]


@pytest.mark.parametrize("keys,says", WRONG, ids=range(len(WRONG)))
def test_wrong_definitions(fulcra, tmp_path, keys, says):
    definition = {"session": {"cookie": "a", "space": [], **keys}}
    if keys.get("space", 0) is None:
        del definition["session"]["space"]
    folder = visitor(tmp_path / "v", [definition])
    result = fulcra("check", str(folder))

    assert result.returncode == 1
    assert re.search(rf"module\.json:\d+:\d+: .*{re.escape(says)}", result.stderr), \
        result.stderr
