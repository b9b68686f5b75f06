# SPDX-License-Identifier: MIT
"""The overlay that lets only the newest request wait."""

import threading

import pytest

from client import TEXT
from held import ask, inside, module, release, wait_inside, wrong


def start(serve, tmp_path, **keys):
    return serve("--loops", "1", modules=[module(tmp_path / "m", {"latest": keys})])


def test_a_newer_request_takes_the_place(serve, tmp_path):
    server = start(serve, tmp_path)
    first, second, third = (ask(server, "/held/x") for _ in range(3))

    status, body = second.answer()
    assert (status, inside(server)) == (503, ["SOURCE x"])
    release(server)
    wait_inside(server, "SOURCE x")
    release(server)
    assert (first.answer()[0], third.answer()[0]) == (200, 200)


def test_why_is_said_where_it_may_be(serve, tmp_path):
    server = serve("--loops", "1", config={"playground": True}, modules=[
        module(tmp_path / "m", {"latest": {}})])
    first, second, third = (ask(server, "/held/x") for _ in range(3))

    assert "a newer request took its place" in second.answer()[1]
    release(server), release(server)
    assert (first.answer()[0], third.answer()[0]) == (200, 200)


def test_only_like_competes_with_like(serve, tmp_path):
    server = start(serve, tmp_path)
    asked = [ask(server, "/held/x"), ask(server, "/held/x", "PUT", "one"),
             ask(server, "/held/y"), ask(server, "/held/x", "PUT", "two"),
             ask(server, "/held/x")]

    assert inside(server) == ["SOURCE x", "SINK x one", "SOURCE y"]
    while inside(server):
        release(server)
    assert [one.answer()[0] for one in asked] == [200, 204, 200, 204, 200]


def test_a_key_says_who_competes(serve, tmp_path):
    server = start(serve, tmp_path, key="httpRequest:/header/x-who")
    one, two = {"X-Who": "one"}, {"X-Who": "two"}
    asked = [ask(server, "/held/a", headers=one), ask(server, "/held/b", headers=one),
             ask(server, "/held/c", headers=two), ask(server, "/held/d", headers=one)]

    assert asked[1].answer()[0] == 503
    while inside(server):
        release(server)
    assert [asked[i].answer()[0] for i in (0, 2, 3)] == [200] * 3


def test_sockets_of_a_path_compete_with_messages_only(serve, tmp_path):
    """Opening and closing passes; of the messages the newest one waits."""
    server = start(serve, tmp_path)
    sockets = []
    for name in "abcd":
        sockets.append(server.socket("/plain/room"))
        sockets[-1].send(TEXT, b"hello")
        assert sockets[-1].receive() == (TEXT, b"hello")
    for socket in sockets:
        socket.close()


def test_messages_that_wait(serve, tmp_path):
    server = start(serve, tmp_path)
    sockets = []
    for _ in range(3):
        thread = threading.Thread(
            target=lambda: sockets.append(server.socket("/held/room")))
        thread.start()
        wait_inside(server, "NEW room")
        release(server)
        thread.join()
    for number, socket in enumerate(sockets):
        socket.send(TEXT, b"%d" % number)
        inside(server), inside(server)

    assert inside(server) == ["SINK room 0"]
    server.wait_log("SINK ws:/held/room.* failed: a newer request took its place")
    release(server)
    wait_inside(server, "SINK room 2")
    release(server)
    for socket in sockets:
        socket.tcp.close()
    wait_inside(server, *["DELETE room"] * 3)
    while inside(server):
        release(server)


@pytest.mark.parametrize("keys,says", [
    ({"key": "nonsense"}, "nonsense"),
    ({"key": 1}, '"key"'),
    ({"queue": 2}, "unknown key"),
])
def test_wrong_definitions(fulcra, tmp_path, keys, says):
    assert says in wrong(fulcra, tmp_path / "m", {"latest": keys})
