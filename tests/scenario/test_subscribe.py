# SPDX-License-Identifier: MIT
"""Sockets that follow resources."""

import asyncio
import json
import shutil

import pytest
import websockets

from client import BUILD, TEXT, Server, wait_for
from visitor import Client

VALUES = [
    {"id": "value", "grammar": "res:/follow/value/{name}"},
    {"id": "slow", "grammar": "res:/follow/slow/{name}"},
    {"id": "mine", "grammar": "res:/follow/mine/{name}"},
    {"id": "always", "grammar": "res:/follow/always"},
]
ASIDE = [
    {"id": "set", "grammar": "res:/follow/set/{name}/{text}"},
    {"id": "count", "grammar": "res:/follow/count"},
    {"id": "ask", "grammar": "res:/follow/ask/{id}/{name}"},
    {"id": "may", "grammar": "res:/follow/may/{name}", "private": True},
    {"id": "socket", "grammar": "ws:/follow/socket/{name}"},
    {"id": "named", "grammar": "ws:/follow/named/{name}"},
]


def module(folder, entries):
    folder.mkdir(exist_ok=True)
    shutil.copy(f"{BUILD}/stage/tests/modules/follow/follow.so", folder)
    (folder / "module.json").write_text(json.dumps({
        "uri": "urn:test:follow", "version": "1.0.0", "library": "follow.so",
        "spaces": [{"uri": "urn:test:follow", "public": True, "attach": "front",
                    "endpoints": entries}]}, indent=1))
    return folder


@pytest.fixture(scope="module")
def site(can_serve, tmp_path_factory):
    top = tmp_path_factory.mktemp("follow")
    folder = module(top / "follow", [
        *VALUES, *ASIDE,
        {"mapper": {"map": [
            {"grammar": "ws:/declared/{name}", "verbs": ["NEW"], "request": {
                "identifier": "wsResponse:/subscribe", "verb": "SINK",
                "arguments": {"resource": "res:/follow/value/{name}",
                              "onError": {"text": "declared has failed"}}}},
            {"grammar": "ws:/named/{name}", "verbs": ["NEW"], "request": {
                "identifier": "wsResponse:/subscribe+resource@res:/follow/value/fixed",
                "verb": "SINK"}},
        ]}}])
    server = Server("--loops", "2", name="subscribe", folder=top, modules=[folder])
    yield server
    server.stop()


def put(site, name, text):
    assert site.get(f"/follow/set/{name}/{text}").status == 200


def count(site):
    return int(site.get("/follow/count").text)


def say(socket, command):
    socket.send(TEXT, command.encode())


def hear(socket, text):
    assert socket.receive() == (TEXT, text.encode())


# --- how it begins and ends ---

def test_in_new_the_value_comes_right_after_the_101(site):
    put(site, "new", "1")
    with site.socket("/follow/socket/new") as socket:
        hear(socket, "1")
        put(site, "new", "2")
        hear(socket, "2")


def test_in_a_message_the_value_comes_before_the_answer(site):
    put(site, "sink", "1")
    with site.socket("/follow/socket/-") as socket:
        say(socket, "subscribe sink")
        hear(socket, "1")
        hear(socket, "ok")
        put(site, "sink", "2")
        hear(socket, "2")
        say(socket, "subscribe sink")  # once is enough, and no harm
        hear(socket, "ok")
        put(site, "sink", "3")
        hear(socket, "3")
        say(socket, "unsubscribe sink")
        hear(socket, "ok")
        put(site, "sink", "4")
        say(socket, "subscribe sink")
        hear(socket, "4")  # and no word of what was between
        hear(socket, "ok")


def test_what_looks_the_same_is_not_sent_again(site):
    put(site, "same", "1")
    with site.socket("/follow/socket/same") as socket:
        hear(socket, "1")
        put(site, "same", "1")
        put(site, "same", "2")
        hear(socket, "2")


def test_closing_ends_it(site):
    put(site, "closing", "1")
    with site.socket("/follow/socket/closing") as socket:
        hear(socket, "1")
        before = count(site)
        put(site, "closing", "2")
        hear(socket, "2")
        assert count(site) == before + 1
    def is_at_rest():
        before = count(site)
        put(site, "closing", "3")
        put(site, "closing", "4")
        return count(site) == before
    wait_for(is_at_rest, what="nobody evaluates what nobody follows")


def test_from_c_by_the_id_of_a_socket(site):
    put(site, "c", "1")
    put(site, "notice", "sorry")
    with site.socket("/follow/named/bob") as socket:
        assert site.get("/follow/ask/bob/c").text == "yes"
        hear(socket, "1")
        put(site, "c", "2")
        hear(socket, "2")
        put(site, "c", "broken")
        hear(socket, "sorry")  # an identifier was declared for errors
        put(site, "c", "3")
        hear(socket, "3")
        assert site.get("/follow/ask/bob/nowhere").text == "yes"
        hear(socket, "sorry")
        assert site.get("/follow/ask/nobody/c").text == "no"


def test_by_definition_alone(site):
    put(site, "declared", "1")
    put(site, "fixed", "f")
    with site.socket("/declared/declared") as socket, site.socket("/named/x") as other:
        hear(socket, "1")
        hear(other, "f")
        put(site, "declared", "broken")
        hear(socket, "declared has failed")
        put(site, "declared", "2")
        hear(socket, "2")


# --- what is refused ---

def test_a_text_is_no_identifier(site):
    with site.socket("/follow/socket/-") as socket:
        for text in ("res:/follow/value/x", "active:x", "identifier"):
            say(socket, text)
            opcode, answer = socket.receive()
            assert answer.startswith(b"error: ") and b"a text is none" in answer


def test_what_nobody_can_know_the_end_of(site):
    with site.socket("/follow/socket/-") as socket:
        say(socket, "subscribe always")
        answer = socket.receive()[1].decode()
        assert "cannot be followed" in answer and "it is always expired" in answer
        say(socket, "subscribe nowhere")
        assert "nothing answers SOURCE res:/nowhere" in socket.receive()[1].decode()
        say(socket, "subscribe fine")  # all is well otherwise
        hear(socket, "none")
        hear(socket, "ok")


def test_as_many_as_it_may(serve, tmp_path):
    server = serve(modules=[module(tmp_path / "m", [*VALUES, *ASIDE])],
                   config={"websocket": {"maxSubscriptions": 2}})
    with server.socket("/follow/socket/-") as socket:
        for name in "ab":
            say(socket, f"subscribe {name}")
            hear(socket, "none")
            hear(socket, "ok")
        say(socket, "subscribe c")
        assert b"a socket may follow 2 things" in socket.receive()[1]
        say(socket, "unsubscribe a")
        hear(socket, "ok")
        say(socket, "subscribe c")
        hear(socket, "none")


# --- errors ---

def test_what_fails_is_said_once_and_recovers(site):
    put(site, "frail", "1")
    with site.socket("/follow/socket/frail") as socket:
        hear(socket, "1")
        put(site, "frail", "broken")
        hear(socket, "frail has failed")
        put(site, "frail", "broken")
        put(site, "frail", "1")
        hear(socket, "1")  # the same as before, but it was thought lost


def test_what_fails_from_the_start(site):
    put(site, "lost", "broken")
    with site.socket("/follow/socket/-") as socket:
        say(socket, "subscribe lost")
        hear(socket, "error: it is broken")
        put(site, "lost", "1")
        say(socket, "subscribe lost")
        hear(socket, "1")
        hear(socket, "ok")


# --- overlays ---

def test_a_gatekeeper_is_asked_again(serve, tmp_path):
    rules = [{"grammar": "res:/follow/value/secret", "allow": "res:/follow/may/pass"},
             {"grammar": "res:/follow/{rest*}", "allow": True}]
    server = serve("--loops", "2", modules=[module(tmp_path / "m", [
        *ASIDE, {"gatekeeper": {"rules": rules, "space": VALUES}}])])
    put(server, "pass", "no")
    put(server, "secret", "1")
    with server.socket("/follow/socket/-") as socket:
        say(socket, "subscribe secret")
        assert socket.receive()[1].startswith(b"error: ")
        put(server, "pass", "yes")
        say(socket, "subscribe secret")
        hear(socket, "1")
        hear(socket, "ok")
        put(server, "secret", "2")
        hear(socket, "2")
        put(server, "pass", "no")
        hear(socket, "secret has failed")
        put(server, "secret", "3")
        put(server, "pass", "yes")  # it has ended
        say(socket, "subscribe other")
        hear(socket, "none")
        hear(socket, "ok")


def test_sessions_are_told_apart_and_shared(serve, tmp_path):
    inside = [*VALUES, *ASIDE, {"id": "login", "grammar": "res:/follow/login/{name}"}]
    server = serve("--loops", "2", modules=[module(tmp_path / "m", [
        {"session": {"cookie": "who", "path": "/", "space": inside}}])])
    put(server, "mine-x", "1")
    sockets = []
    for name in ("ann", "bob"):
        client = Client(server)
        assert client.get(f"/follow/login/{name}").status == 200
        sockets += [(name, client.socket("/follow/socket/mine-x")) for _ in range(2)]
    for name, socket in sockets:
        hear(socket, f"1 of {name}")
    before = count(server)
    put(server, "mine-x", "2")
    for name, socket in sockets:
        hear(socket, f"2 of {name}")
    assert count(server) == before + 2
    for _, socket in sockets:
        socket.close()


# --- modules that are replaced ---

def test_sockets_outlive_the_module(serve, tmp_path):
    """The value of the next generation comes, and so does its gatekeeper."""
    watched = tmp_path / "modules.d"
    watched.mkdir()
    folder = module(watched / "follow", [*VALUES, *ASIDE])
    server = serve("--loops", "2", "--watch", str(watched), config={})
    put(server, "x", "1")
    with server.socket("/follow/socket/x") as socket:
        hear(socket, "1")
        module(folder, [
            {"literal": {"grammar": "res:/follow/value/x", "text": "next"}},
            *VALUES, *ASIDE])
        hear(socket, "next")
        module(folder, [*ASIDE, {"gatekeeper": {
            "rules": [{"grammar": "res:/follow/{rest*}", "allow": False}],
            "space": VALUES}}])
        hear(socket, "x has failed")
        say(socket, "subscribe x")
        assert socket.receive()[1].startswith(b"error: ")


# --- ten hundred of them ---

async def test_a_thousand_sockets_are_one_evaluation(site):
    put(site, "slow-many", "1")
    put(site, "slow-many", "1")
    sockets = []
    for _ in range(10):
        sockets += await asyncio.gather(*[
            websockets.connect(site.ws("/follow/socket/slow-many")) for _ in range(100)])
    assert all(m == "1" for m in await asyncio.gather(*[s.recv() for s in sockets]))
    before = count(site)
    put(site, "slow-many", "2")
    assert all(m == "2" for m in await asyncio.gather(*[s.recv() for s in sockets]))
    assert count(site) == before + 1
    for burst in range(20):
        put(site, "slow-many", f"b{burst}")
    for socket in sockets:
        while await socket.recv() != "b19":
            pass
    assert count(site) <= before + 1 + 20
    await asyncio.gather(*[s.close() for s in sockets])
