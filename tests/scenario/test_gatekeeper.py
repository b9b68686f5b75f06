# SPDX-License-Identifier: MIT
"""The gatekeeper: one definition for pages and sockets, every verb."""

import re
import time

import pytest

from client import TEXT, Refused, Server, wait_for
from parts import module
from visitor import COUNTS, PAGES, Client, session, tell, visitor

USER = {"identifier": "session:/user", "verb": "EXISTS"}
RULES = [
    {"grammar": "res:/visitor/do/login.{name}", "allow": True},
    {"grammar": "res:/visitor/do/never", "allow": False},
    {"grammar": ["res:/visitor/{rest*}", "ws:/visitor/{rest*}"], "allow": USER,
     "refuse": {"page": "/visitor/do/login.alice", "status": 401}},
]
ASIDE = [{"id": "counts", "grammar": "res:/visitor/counts"},
         {"id": "may", "grammar": "active:may+how@{how}+verb@{verb}?+identifier@{identifier}?+id@{id}?",
          "private": True}]


def guard(rules, space=PAGES, **keys):
    return {"gatekeeper": {"rules": rules, "space": space, **keys}}


@pytest.fixture(scope="module")
def site(can_serve, tmp_path_factory):
    top = tmp_path_factory.mktemp("gatekeeper")
    folder = visitor(top / "visitor", [*ASIDE, session([guard(RULES)])])
    server = Server("--loops", "2", name="gatekeeper", folder=top, modules=[folder])
    yield server
    server.stop()


@pytest.fixture
def client(site):
    return Client(site)


def counts(site):
    return [int(n) for n in site.get("/visitor/counts").text.split()]


# --- one definition for pages and sockets ---

def test_a_page_leads_to_the_login(client):
    for accept in (None, "text/html,*/*;q=0.8", "*/*", "text/html"):
        answer = client.get("/visitor/do/get.user", {"Accept": accept} if accept else {})
        assert answer.status == 303
        assert answer.headers["Location"] == "/visitor/do/login.alice"
        assert answer.headers["Cache-Control"] == "no-store"
    assert client.request("HEAD", "/visitor/do/get.user").status == 303
    assert client.cookies == {}

    client.get("/visitor/do/login.alice")
    answer = client.do("get user")
    assert (answer.status, answer.text) == (200, "alice")
    assert client.do("get user", "later").text == "alice"


@pytest.mark.parametrize("headers", [
    {"Accept": "application/json"}, {"Accept": "image/png"},
    {"Accept": "*/*", "Sec-Fetch-Mode": "cors"},
    {"Accept": "text/html", "Sec-Fetch-Mode": "no-cors"}])
def test_what_is_no_page_is_refused(client, headers):
    answer = client.get("/visitor/do/get.user", headers)

    assert (answer.status, answer.text) == (401, "401 Unauthorized\n")
    assert answer.headers["Location"] is None


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_every_verb(client, method):
    assert client.request(method, "/visitor/form", "get user").status == 401
    client.do("login alice")
    assert client.request(method, "/visitor/form", "get user").status in (200, 204)


def test_an_anonymous_handshake_reaches_nobody(site, client):
    before = counts(site)
    for _ in range(3):
        with pytest.raises(Refused) as refusal:
            client.socket()
        assert refusal.value.status == 401
    assert counts(site) == before

    client.do("login alice")
    with client.socket() as socket:
        assert tell(socket, "get user") == "alice"
        assert counts(site) == [before[0] + 1, before[1] + 1, before[2]]
        start = time.monotonic()
        client.do("logout")
        assert socket.receive_close() == (4001, "session ended")
        assert time.monotonic() - start < 1
    with pytest.raises(Refused):
        client.socket()


def test_never_and_otherwise(client):
    client.do("login alice")

    assert client.do("never").status == 403
    assert client.do("get user").status == 200


# --- the identifier that is judged is the one that is asked for ---

@pytest.mark.parametrize("path", [
    "/visitor/do/../do/get.user", "/visitor/./do/get.user",
    "/visitor/%64o/get.user", "/visitor/do/get%2euser", "/x/../visitor/do/get.user",
    "/visitor/do/login.alice/../get.user", "/visitor/do/%6cogin.a/../get.user",
    "//visitor/do/get.user", "/visitor//do/get.user", "/VISITOR/do/get.user",
    "/visitor/do/get.user+command@login.alice", "/visitor/do/get.user%2bcommand@x",
    "/visitor/do/get.user/", "/visitor/do/get.user;login", "/visitor/do/get.user%00",
    "/visitor/do/login.alice%2f..%2fget.user", "/visitor/do\\get.user",
    "/visitor/do/%252e%252e/do/get.user"])
def test_no_way_around(site, path):
    answer = site.exchange(f"GET {path} HTTP/1.1\r\nHost: {site.host}:{site.port}\r\n"
                           "Connection: close\r\n\r\n".encode())

    assert answer.split(b" ")[1] in (b"303", b"400", b"401", b"403", b"404"), answer
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"there is no such value" not in body


# --- what is guarded stays shared, and what is personal stays so ---

@pytest.fixture
def costly(serve, tmp_path):
    space = [*PAGES, {"id": "shared", "grammar": "res:/visitor/shared"},
             {"id": "personal", "grammar": "res:/visitor/personal"}]
    return serve(modules=[visitor(tmp_path / "v", [session([guard(RULES, space)])])])


def test_what_is_guarded_is_made_once(costly):
    alice, bob, eve = Client(costly), Client(costly), Client(costly)
    alice.do("login alice")
    bob.do("login alice")

    answers = [client.get("/visitor/shared").text for client in (alice, bob, alice)]
    assert answers == ["shared, made 1"] * 3
    assert eve.get("/visitor/shared", {"Accept": "text/plain"}).status == 401
    alice.do("logout")
    assert alice.get("/visitor/shared", {"Accept": "text/plain"}).status == 401
    assert bob.get("/visitor/shared").text == "shared, made 1"


def test_what_is_personal_is_made_for_each(costly):
    alice, bob = Client(costly), Client(costly)
    alice.do("login alice")
    bob.do("login alice")
    page = lambda client: client.get("/visitor/personal").text

    assert page(alice) == page(alice) == "alice, cart false, made 1"
    assert page(bob) == page(bob) == "alice, cart false, made 2"
    alice.do("set cart 1")
    assert page(alice) == page(alice) == "alice, cart true, made 3"
    assert page(bob) == "alice, cart false, made 2"
    alice.do("drop cart")
    assert page(alice) == page(alice) == "alice, cart false, made 4"
    alice.do("set other 1")
    assert page(alice) == "alice, cart false, made 4"
    alice.do("login alice")  # another session
    assert page(alice) == "alice, cart false, made 5"
    assert page(bob) == "alice, cart false, made 2"


# --- what decides ---

@pytest.fixture(scope="module")
def asking(can_serve, tmp_path_factory):
    """A gatekeeper without a session, which asks an endpoint on a worker."""
    top = tmp_path_factory.mktemp("asking")
    rules = [
        {"grammar": "res:/visitor/do/get.a", "allow": "active:may+how@secret+identifier@{identifier}"},
        {"grammar": "res:/visitor/do/get.secret", "allow": "active:may+how@secret+identifier@{identifier}"},
        {"grammar": "res:/visitor/do/fail", "allow": "active:may+how@fail"},
        {"grammar": "res:/visitor/do/maybe", "allow": "active:may+how@maybe"},
        {"grammar": "res:/visitor/do/nobody", "allow": "active:nobody"},
        {"grammar": ["res:/visitor/do/mine.{id}", "res:/visitor/do/{id}.mine"],
         "allow": {"identifier": "active:may", "arguments": {
             "how": {"text": "mine"}, "id": {"slot": "id"}}}},
        {"grammar": "res:/visitor/do/inside", "allow": "res:/visitor/inside"},
        {"grammar": "res:/visitor/do/itself", "allow": "res:/visitor/do/itself"},
        {"grammar": "res:/visitor/form", "verbs": "NEW", "allow": "active:may+how@read+verb@{verb}"},
        {"grammar": "res:/visitor/form", "verbs": ["SINK"], "allow": True},
        {"grammar": "res:/visitor/do/{n:(a+)+}!", "allow": True},
        {"grammar": "res:/visitor/later/{rest*}", "allow": "active:may+how@read+verb@{verb}"},
        {"grammar": "ws:/visitor/socket", "verbs": "NEW", "allow": "active:may+how@all+identifier@{identifier}"},
    ]
    inside = [*PAGES, {"id": "may", "grammar": "res:/visitor/{how:inside}"}]
    folder = visitor(top / "visitor", [*ASIDE, guard(rules, inside)])
    server = Server(name="gatekeeper-asking", folder=top, modules=[folder])
    yield server
    server.stop()


@pytest.mark.parametrize("path,status", [
    ("do/get.a", 404),  # passes: there is no such scheme
    ("do/get.secret", 403), ("do/fail", 403), ("do/maybe", 403), ("do/nobody", 403),
    ("do/mine.7", 200), ("do/mine.8", 403), ("do/7.mine", 200), ("do/8.mine", 403),
    ("do/mine.7+id@7", 403), ("do/mine.8+id@7", 403), ("do/inside", 200), ("do/itself", 403), ("do/other", 403), ("later/has.x", 404)])
def test_decisions(asking, path, status):
    assert asking.get(f"/visitor/{path}").status == status


@pytest.mark.parametrize("name,why", [
    ("fail", "the database is down"), ("maybe", "not 'true' or 'false'"),
    ("nobody", "nothing answers SOURCE active:nobody")])
def test_what_fails_is_logged(asking, name, why):
    asking.get(f"/visitor/do/{name}")

    assert asking.wait_log(re.escape(why))


def test_verbs(asking):
    assert asking.request("POST", "/visitor/form", "x").status == 403
    assert asking.request("PUT", "/visitor/form", "x").status == 200


def test_a_pattern_that_takes_too_long_refuses(asking):
    assert asking.get("/visitor/do/aaa!").status == 200
    start = time.monotonic()
    assert asking.get("/visitor/do/" + "a" * 2000 + "x").status == 403
    assert time.monotonic() - start < 2


def test_an_open_socket_that_may_no_longer_pass(asking):
    """NEW passes, its messages do not; DELETE does."""
    before = counts(asking)
    with asking.socket("/visitor/socket") as socket:
        socket.send(TEXT, b"has a")
        assert socket.receive_close() == (4003, "forbidden")
    asking.wait_log("does not let SINK")
    wait_for(lambda: counts(asking)[2] != before[2], what="DELETE")
    assert counts(asking) == [before[0] + 1, before[1], before[2] + 1]


def test_an_endpoint_that_asks_gets_an_error(serve, tmp_path):
    """Not a text that it would take for the answer."""
    guarded = guard([{"grammar": "res:/visitor/do/{c}", "allow": False,
                      "refuse": {"status": 401}}],
                    [{"id": "page", "grammar": "res:/visitor/do/{command}"}])
    server = serve(modules=[visitor(tmp_path / "v", [
        {"id": "later", "grammar": "res:/visitor/later/{command}"}, guarded])])

    assert server.get("/visitor/later/x").status == 403
    assert server.get("/visitor/do/x").status == 401


@pytest.mark.parametrize("otherwise,status", [("allow", 200), ("refuse", 403), (None, 403)])
def test_otherwise(serve, tmp_path, otherwise, status):
    keys = {"otherwise": otherwise} if otherwise else {}
    server = serve(modules=[visitor(tmp_path / "v", [guard([], **keys)])])

    assert server.get("/visitor/do/x").status == status


def test_from_the_command_line(fulcra, tmp_path):
    folder = visitor(tmp_path / "v", [guard([])])
    result = fulcra("request", "--modules", str(folder), "res:/visitor/do/x")

    assert result.returncode != 0
    assert "the gatekeeper does not let SOURCE res:/visitor/do/x pass" in result.stderr


# --- definitions ---

RULE = {"grammar": "res:/x", "allow": True}
WRONG = [
    ({"rules": [{**RULE, "grammar": "res:/{x"}]}, "res:/{x"),
    ({"rules": [{"grammar": "res:/x"}]}, "allow"),
    ({"rules": [{"allow": True}]}, "grammar"),
    ({"rules": [{**RULE, "allow": 1}]}, '"allow" must be true, false'),
    ({"rules": [{**RULE, "allow": "nonsense"}]}, "nonsense"),
    ({"rules": [{**RULE, "allow": {"identifer": "res:/x"}}]}, 'did you mean "identifier"'),
    ({"rules": [{**RULE, "allow": {"identifier": "res:/x", "verb": "GET"}}]}, "GET"),
    ({"rules": [{**RULE, "verbs": ["SOURCE", "PUT"]}]}, "PUT"),
    ({"rules": [{**RULE, "allow": "active:x+a@{b}"}]}, "b"),
    ({"rules": [{**RULE, "refuse": {"status": 402}}]}, "401 or 403"),
    ({"rules": [{**RULE, "refuse": {"status": 200}}]}, "at least 401"),
    ({"rules": [{**RULE, "refuse": {"page": "http://evil/"}}]}, "not the path of a page"),
    ({"rules": [{**RULE, "refuse": {"page": "//evil"}}]}, "not the path of a page"),
    ({"rules": [{**RULE, "refuse": {"page": "/a\nSet-Cookie: x"}}]}, "not the path|Set-Cookie"),
    ({"otherwise": "maybe"}, "allow or refuse"),
    ({}, "rules"),
]


@pytest.mark.parametrize("keys,says", WRONG, ids=range(len(WRONG)))
def test_wrong_definitions(fulcra, tmp_path, keys, says):
    keeper = {"rules": [], "space": [], **keys}
    if keys == {}:
        del keeper["rules"]
    folder = visitor(tmp_path / "v", [{"gatekeeper": keeper}])
    result = fulcra("check", str(folder))

    assert result.returncode == 1
    pattern = says if "|" in says else re.escape(says)
    assert re.search(rf"(?s)module\.json:\d+:\d+: .*({pattern})", result.stderr), \
        result.stderr


# --- what the outside may keep ---

GUARDED = [{"grammar": "res:/kept/guarded/{rest*}",
            "allow": {"identifier": "httpRequest:/header/Pass", "verb": "EXISTS"},
            "refuse": {"status": 403}}]


@pytest.fixture(scope="module")
def kept(can_serve, tmp_path_factory):
    top = tmp_path_factory.mktemp("kept")
    literals = [{"literal": {"grammar": f"res:/kept/{name}", "text": "text"}}
                for name in ("open", "guarded/page")]
    folder = module(top / "kept", [literals[0], guard(GUARDED, [literals[1]])],
                    uri="urn:test:kept", code=False)
    server = Server(name="kept", folder=top, modules=[folder])
    yield server
    server.stop()


def test_a_proxy_keeps_what_is_open_and_not_what_is_guarded(kept):
    answer = kept.get("/kept/open")
    guarded = kept.get("/kept/guarded/page", {"Pass": "yes"})

    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    assert (guarded.status, guarded.text) == (200, "text")
    assert guarded.headers["Cache-Control"] == "private, max-age=3600"
    again = kept.get("/kept/open", {"If-None-Match": answer.headers["ETag"]})
    assert again.status == 304
    assert again.headers["Cache-Control"] == "public, max-age=3600"


def test_unchanged_is_decided_behind_the_gatekeeper(kept):
    etag = kept.get("/kept/guarded/page", {"Pass": "yes"}).headers["ETag"]

    again = kept.get("/kept/guarded/page", {"Pass": "yes", "If-None-Match": etag})
    assert again.status == 304
    assert again.headers["Cache-Control"] == "private, max-age=3600"
    for value in (etag, "*"):
        answer = kept.get("/kept/guarded/page", {"If-None-Match": value})
        assert answer.status == 403
        assert answer.headers["ETag"] is None
