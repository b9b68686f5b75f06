# SPDX-License-Identifier: MIT
"""The overlay that lets so many requests in at a time."""

import json
import re
import threading

import pytest

from client import TEXT, Refused, wait_for
from held import Asked, ask, inside, module, release, wait_inside, wrong


def throttle(**keys):
    return {"throttle": {"concurrency": 1, **keys}}


def test_so_many_inside_the_others_in_order(serve, tmp_path):
    server = serve("--loops", "1", modules=[
        module(tmp_path / "m", throttle(concurrency=2))])
    asked = [ask(server, f"/held/{name}") for name in "abcde"]

    assert inside(server) == ["SOURCE a", "SOURCE b"]
    assert release(server) == "SOURCE a"
    assert asked[0].answer() == (200, "SOURCE a")
    wait_inside(server, "SOURCE b", "SOURCE c")
    release(server)
    wait_inside(server, "SOURCE c", "SOURCE d")
    release(server)
    wait_inside(server, "SOURCE d", "SOURCE e")
    release(server), release(server)
    assert [one.answer() for one in asked[1:]] == [
        (200, f"SOURCE {name}") for name in "bcde"]


def test_beyond_the_queue_503(serve, tmp_path):
    server = serve("--loops", "1", modules=[module(tmp_path / "m", throttle(queue=1))])
    first, second = ask(server, "/held/first"), ask(server, "/held/second")
    refused = server.get("/plain/x")

    assert (refused.status, refused.headers["Retry-After"]) == (503, "2")
    release(server)
    assert first.answer() == (200, "SOURCE first")
    wait_inside(server, "SOURCE second")
    release(server)
    assert second.answer() == (200, "SOURCE second")
    assert server.get("/plain/x").text == "plain"


def test_who_went_away_leaves_the_queue(serve, tmp_path):
    server = serve("--loops", "1", modules=[module(tmp_path / "m", throttle(queue=2))])
    first = ask(server, "/held/first")
    gone = [ask(server, "/held/gone") for _ in range(2)]
    assert server.get("/plain/x").status == 503
    for one in gone:
        one.go_away()
    second = ask(server, "/plain/second")

    release(server)
    assert first.answer()[0] == 200
    assert second.answer() == (200, "plain")
    assert inside(server) == []


def test_deadlines_hold_in_the_queue(serve, tmp_path):
    server = serve("--loops", "1", config={"kernel": {"timeout": "300ms"}}, modules=[
        module(tmp_path / "m", throttle())])
    first, second = ask(server, "/held/first"), ask(server, "/held/second")

    assert (first.answer()[0], second.answer()[0]) == (504, 504)
    assert server.get("/plain/x").text == "plain"


def test_a_long_queue_of_short_requests(serve, tmp_path):
    """Whoever leaves lets the next in: a loop, not a deep stack."""
    server = serve(modules=[module(tmp_path / "m", throttle())])
    first = ask(server, "/held/first")
    wait_inside(server, "SOURCE first")
    queued = [Asked(server, "GET", f"/{kind}/{n}") for n in range(150)
              for kind in ("plain", "worker")]
    release(server)

    assert first.answer()[0] == 200
    assert {one.answer() for one in queued} == {(200, "plain")}


def test_a_socket_that_may_not_come_in_gets_503(serve, tmp_path):
    server = serve(modules=[module(tmp_path / "m", throttle(queue=0))])
    first = ask(server, "/held/first")
    wait_inside(server, "SOURCE first")

    with pytest.raises(Refused) as refused:
        server.socket("/plain/room")
    assert refused.value.status == 503
    assert "Retry-After" in refused.value.head
    release(server)
    first.answer()
    with server.socket("/plain/room") as socket:
        socket.send(TEXT, b"hello")
        assert socket.receive() == (TEXT, b"hello")


@pytest.mark.parametrize("reject", ["fail", "close"])
def test_a_message_that_is_refused(serve, tmp_path, reject):
    server = serve(modules=[
        module(tmp_path / "m", throttle(queue=0, onReject=reject))])
    with server.socket("/plain/room") as socket:
        first = ask(server, "/held/first")
        wait_inside(server, "SOURCE first")
        socket.send(TEXT, b"lost")
        server.wait_log("SINK ws:/plain/room.* failed: too many")
        if reject == "close":
            assert socket.receive_close() == (1013, "overloaded")
        else:
            release(server)
            assert first.answer()[0] == 200
            socket.send(TEXT, b"kept")
            assert socket.receive() == (TEXT, b"kept")


def test_delete_passes_what_is_inside(serve, tmp_path):
    server = serve(modules=[module(tmp_path / "m", throttle())])
    opened = ask_socket(server, "/held/room")
    wait_inside(server, "NEW room")
    release(server)
    with opened() as socket:
        blocking = ask(server, "/held/first")
        wait_inside(server, "SOURCE first")
        socket.close()
        wait_inside(server, "SOURCE first", "DELETE room")
    release(server), release(server)
    assert blocking.answer()[0] == 200


def ask_socket(server, path):
    """A handshake on its way; call the result for the socket."""
    sockets = []
    thread = threading.Thread(target=lambda: sockets.append(server.socket(path)))
    thread.start()

    def opened():
        thread.join()
        return sockets[0]
    return opened


def test_each_identifier_by_itself(serve, tmp_path):
    server = serve(modules=[module(tmp_path / "m", throttle(per="identifier"))])
    asked = [ask(server, "/held/a")]
    wait_inside(server, "SOURCE a")
    asked.append(ask(server, "/held/b"))
    wait_inside(server, "SOURCE a", "SOURCE b")
    asked.append(ask(server, "/held/a"))
    assert server.get("/plain/x").text == "plain"

    release(server)
    wait_inside(server, "SOURCE b", "SOURCE a")
    release(server), release(server)
    assert [one.answer()[0] for one in asked] == [200] * 3


def test_each_address_by_itself(serve, tmp_path):
    server = serve(modules=[
        module(tmp_path / "m", throttle(per="address", queue=0))])
    first = ask(server, "/held/a")
    wait_inside(server, "SOURCE a")

    assert server.get("/plain/x").status == 503
    release(server)
    assert first.answer()[0] == 200


def test_each_value_of_a_key_by_itself(serve, tmp_path):
    server = serve(modules=[module(tmp_path / "m", throttle(
        key="httpRequest:/header/x-who", queue=0))])
    first = ask(server, "/held/a", headers={"X-Who": "one"})
    wait_inside(server, "SOURCE a")

    assert server.get("/plain/x", {"X-Who": "one"}).status == 503
    assert server.get("/plain/x", {"X-Who": "two"}).status == 200
    assert server.get("/plain/x").status == 200
    release(server)
    assert first.answer()[0] == 200


def test_a_stop_with_a_full_queue(serve, tmp_path):
    server = serve(modules=[module(tmp_path / "m", throttle())])
    asked = [ask(server, f"/held/{n}") for n in range(5)]
    wait_for(lambda: inside(server))
    server.stop()
    assert {one.answer()[0] for one in asked} == {503}


@pytest.mark.parametrize("keys,says", [
    ({}, '"concurrency"'),
    ({"concurrency": 0}, "concurrency.*1"),
    ({"concurrency": 1, "queue": -1}, "queue"),
    ({"concurrency": 1, "per": "user"}, "address"),
    ({"concurrency": 1, "per": "address", "key": "res:/x"}, '"per"'),
    ({"concurrency": 1, "key": "nonsense"}, "nonsense"),
    ({"concurrency": 1, "onReject": "closed"}, "close"),
    ({"concurency": 1}, '"concurrency"'),
])
def test_wrong_definitions(fulcra, tmp_path, keys, says):
    text = wrong(fulcra, tmp_path / "m", {"throttle": keys})
    assert re.search(says, text), text


def test_a_throttle_needs_a_space(fulcra, tmp_path):
    (tmp_path / "module.json").write_text(json.dumps({
        "uri": "urn:test:x", "version": "1.0.0", "spaces": [
            {"uri": "urn:test:x", "endpoints": [{"throttle": {"concurrency": 1}}]}]}))
    result = fulcra("check", str(tmp_path))
    assert (result.returncode, '"space"' in result.stderr) == (1, True), result.stderr
