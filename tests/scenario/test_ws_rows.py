# SPDX-License-Identifier: MIT
"""Messages that wait for a serial endpoint run in a row: one at a time all the
same, in order, and whatever happens between two of them counts."""

import signal

import pytest

from client import CLOSE, TEXT, frame, wait_for
from ws_host import ws_host  # noqa: F401: a fixture


@pytest.fixture
def host(ws_host):
    return ws_host("timeout=60000")


def pile(host, socket, name, *messages):
    """Sends them while a message before them is at the gate; they are a row when
    that has passed."""
    before = host.stats()["messages_in"]
    socket.send(TEXT, b"gate")
    host.wait_events(name, "SINK gate 1")
    socket.tcp.sendall(b"".join(frame(TEXT, message) for message in messages))
    host.wait_stat("messages_in", before + 1 + len(messages))


def pass_gate(host, socket):
    host.get("/open/1")
    assert socket.receive() == (TEXT, b"gate")


def sinks(*texts, generation=1):
    return [f"SINK {text} {generation}" for text in texts]


def test_what_happens_in_a_row(host):
    """Deferred, failed and waiting ones have their time, and no other meanwhile."""
    with host.socket("/row/all") as socket, host.socket("/row/other") as other:
        pile(host, socket, "all", b"a", b"defer", b"b", b"fail", b"c", b"ask", b"d")
        pass_gate(host, socket)
        assert socket.receive() == (TEXT, b"a")
        other.send(TEXT, b"meanwhile")
        assert other.receive() == (TEXT, b"meanwhile")
        assert host.events("all") == [*sinks("gate", "a", "defer"), "SINK deferred"]
        assert host.get("/release").text == "1"
        assert [socket.receive()[1] for _ in range(3)] == [b"released", b"b", b"c"]
        other.send(TEXT, b"again")  # the domain was given up
        assert other.receive() == (TEXT, b"again")
        assert host.events("all")[-1] == "SINK ask 1"
        host.get("/open/1")
        assert [socket.receive()[1] for _ in range(2)] == [b"ask", b"d"]
        assert host.stats()["sinks_failed"] == 1
        socket.close(), other.close()
    host.wait_events("all", *sinks("gate", "a", "defer"), "SINK deferred",
                     *sinks("b", "fail", "c", "ask", "d"), "DELETE 1000  gone")


def test_one_that_fails_may_close(ws_host):
    host = ws_host("error=1")
    with host.socket("/row/fails") as socket:
        pile(host, socket, "fails", b"a", b"fail", b"b")
        pass_gate(host, socket)
        assert socket.receive() == (TEXT, b"a")
        assert socket.receive_close()[0] == 1011
    host.wait_events("fails", *sinks("gate", "a", "fail"), "DELETE 1011 failed gone")


def test_the_server_closes_in_the_middle(host):
    with host.socket("/row/leave") as socket:
        pile(host, socket, "leave", b"a", b"leave", b"b", b"c")
        pass_gate(host, socket)
        assert socket.receive() == (TEXT, b"a")
        assert socket.receive_close() == (4002, "left")
    host.wait_events("leave", *sinks("gate", "a", "leave"), "DELETE 4002 left gone")


@pytest.mark.parametrize("how", ["close", "half", "reset"])
def test_the_client_closes_in_the_middle(host, how):
    """What it had sent is handled before its DELETE."""
    with host.socket("/row/client") as socket:
        pile(host, socket, "client", b"a", b"gate", b"b")
        pass_gate(host, socket)
        assert socket.receive() == (TEXT, b"a")
        host.wait_events("client", *sinks("gate", "a", "gate"))
        if how == "close":
            socket.send(CLOSE, b"\x10\xe1enough")
        elif how == "half":
            socket.tcp.shutdown(1)
        else:
            socket.tcp.close()
        host.get("/open/1")
        if how != "reset":
            assert [socket.receive()[1] for _ in range(2)] == [b"gate", b"b"]
        status = "4321 enough" if how == "close" else "1006 "
        host.wait_events("client", *sinks("gate", "a", "gate", "b"), f"DELETE {status} gone")


def test_one_that_is_late(ws_host):
    """1011; what is behind it is not begun, and DELETE waits for its return."""
    host = ws_host("timeout=3000")
    with host.socket("/row/late") as socket:
        pile(host, socket, "late", b"a", b"gate", b"b")
        pass_gate(host, socket)
        assert socket.receive() == (TEXT, b"a")
        assert socket.receive_close()[0] == 1011
        assert host.events("late") == sinks("gate", "a", "gate")
        host.get("/open/1")
    host.wait_events("late", *sinks("gate", "a", "gate"), "DELETE 1011 timed out gone")


def test_spaces_are_published_in_the_middle(host):
    """Those that had not begun go where they would go now."""
    with host.socket("/row/next") as socket:
        pile(host, socket, "next", b"a", b"gate", b"b", b"c")
        pass_gate(host, socket)
        host.wait_events("next", *sinks("gate", "a", "gate"))
        host.get("/publish-next")
        host.get("/open/1")
        assert [socket.receive()[1] for _ in range(4)] == [b"a", b"gate", b"b", b"c"]
        socket.close()
    host.wait_events("next", *sinks("gate", "a", "gate"), *sinks("b", "c", generation=2),
                     "DELETE 1000  gone")


def test_nothing_answers_any_more(host):
    with host.socket("/row/gone") as socket:
        pile(host, socket, "gone", b"a", b"gate", b"b", b"c")
        pass_gate(host, socket)
        host.wait_events("gone", *sinks("gate", "a", "gate"))
        host.get("/withdraw")
        host.get("/open/1")
        assert [socket.receive()[1] for _ in range(2)] == [b"a", b"gate"]
        assert socket.receive_close()[0] == 1012
    host.wait_stat("sockets", 0)
    assert host.events("gone") == sinks("gate", "a", "gate")


def test_a_row_is_queued(ws_host):
    """What waits in it counts: the socket is not read beyond the limit."""
    host = ws_host("queue=4")
    with host.socket("/row/full") as socket:
        pile(host, socket, "full", b"gate", *[b"%d" % i for i in range(3)])
        socket.tcp.sendall(b"".join(frame(TEXT, b"%d" % i) for i in range(3, 100)))
        host.get("/open/1")
        assert socket.receive() == (TEXT, b"gate")
        host.wait_events("full", *sinks("gate", "gate"))
        # the one before, one under way, and at most as many as may wait
        assert host.stats()["messages_in"] <= 6
        host.get("/open/1")
        assert socket.receive() == (TEXT, b"gate")
        assert [socket.receive()[1] for _ in range(100)] == [b"%d" % i for i in range(100)]
        assert host.stats()["messages_in"] == 102
        socket.close()


def test_others_are_not_kept_waiting_by_a_slow_row(host):
    with host.socket("/row/slow") as socket, host.socket("/row/quick") as other:
        pile(host, socket, "slow", b"gate", b"b")
        pass_gate(host, socket)
        host.wait_events("slow", *sinks("gate", "gate"))
        n = host.stats()["messages_in"]
        other.send(TEXT, b"x")  # while the second is at the gate
        host.wait_stat("messages_in", n + 1)
        host.get("/open/1")
        assert other.receive() == (TEXT, b"x")
        assert [socket.receive()[1] for _ in range(2)] == [b"gate", b"b"]
        every = [line.split()[:3] for line in host.get("/events").text.splitlines()]
        assert every.index(["quick", "SINK", "x"]) < every.index(["slow", "SINK", "b"])
        socket.close(), other.close()


def test_the_server_stops_in_the_middle(ws_host):
    host = ws_host("stop=60000")
    socket = host.socket("/row/stop")
    pile(host, socket, "stop", b"a", b"gate", b"b")
    pass_gate(host, socket)
    host.wait_events("stop", *sinks("gate", "a", "gate"))
    host.process.send_signal(signal.SIGTERM)  # opens the gate
    assert socket.receive() == (TEXT, b"a")
    wait_for(lambda: socket.receive_frame()[2] == CLOSE)
    socket.send(CLOSE, b"\x03\xe9")
    socket.tcp.close()
    host.stop()
    assert "deletes 1" in host.log().splitlines()


def test_a_flood_lets_others_have_their_answers(ws_host):
    """One socket's messages, read at once, are not all handled in one turn."""
    host = ws_host("inbound-total=100000000")
    n = 4000  # 5 ms each
    with host.socket("/crawl", timeout=60) as flood, host.socket("/crawl", timeout=60) as other:
        flood.tcp.sendall(b"".join(frame(TEXT, b"%d" % i) for i in range(n)))
        assert flood.receive() == (TEXT, b"1")
        other.send(TEXT, b"x")
        assert int(other.receive()[1]) < n / 2
    host.wait_stat("sockets", 0)


def test_a_flood_is_answered_to_the_end(host):
    """In order, by itself: the rest needs no more from the client."""
    n = 5000
    with host.socket("/echo/inline") as flood:
        flood.tcp.sendall(b"".join(frame(TEXT, b"%d" % i) for i in range(n)))
        assert [flood.receive()[1] for _ in range(n)] == [b"%d" % i for i in range(n)]
        flood.tcp.sendall(b"".join(frame(TEXT, b"%d" % i) for i in range(n)) +
                          frame(CLOSE, b"\x10\xe1enough"))
        assert [flood.receive()[1] for _ in range(n)] == [b"%d" % i for i in range(n)]
        assert flood.receive_close() == (4321, "enough")
    assert host.stats()["messages_in"] == 2 * n
