# SPDX-License-Identifier: MIT
"""NEW, one SINK at a time, DELETE last and exactly once."""

import json
import os
import signal
import socket as sockets
import struct
import subprocess
import sys

import pytest

from client import BINARY, CLOSE, PATIENCE, PING, PONG, TEXT, frame, wait_for
from ws_host import host, ws_host  # noqa: F401: fixtures


@pytest.mark.parametrize("kind", ["inline", "serial", "concurrent"])
def test_order(ws_host, size, kind):
    """Numbered messages, sent without waiting by many sockets, come back so."""
    host = ws_host(f"outbound={64 << 20}", loops=2)
    n, many = size(500, 10000), size(20, 100)
    opened = [host.socket(f"/echo/{kind}", timeout=120) for _ in range(many)]
    step = 100
    for at in range(0, n, step):
        data = b"".join(frame(TEXT, b"%d" % i) for i in range(at, at + step))
        for socket in opened:
            socket.tcp.sendall(data)
    for socket in opened:
        for i in range(n):
            assert socket.receive() == (TEXT, b"%d" % i)
    for socket in opened:
        socket.close()
    host.wait_stat("deletes", many)
    assert host.stats()["messages_in"] == n * many


def test_a_deferred_request_holds_the_turn(host):
    with host.socket("/defer/held") as socket:
        socket.send(TEXT, b"one")
        socket.send(TEXT, b"two")
        wait_for(lambda: "SINK deferred" in host.events("held"))
        socket.send(PING, b"")  # the socket itself is alive
        assert socket.receive() == (PONG, b"")
        assert host.events("held") == ["SINK deferred"]
        assert host.get("/release").text == "1"
        assert socket.receive() == (TEXT, b"released")
        wait_for(lambda: len(host.events("held")) == 2)
        assert host.get("/release").text == "1"
        assert socket.receive() == (TEXT, b"released")
        socket.close()
    wait_for(lambda: host.events("held")[-1] == "DELETE 1000  gone")


def test_sockets_do_not_wait_for_each_other(host):
    with host.socket("/defer/slow") as slow, host.socket("/echo/inline") as quick:
        slow.send(TEXT, b"x")
        wait_for(lambda: host.events("slow"))
        quick.send(TEXT, b"y")
        assert quick.receive() == (TEXT, b"y")
        host.get("/release")
        assert slow.receive() == (TEXT, b"released")
        slow.close()


def test_delete_waits_for_the_turn(host):
    with host.socket("/defer/waits") as socket:
        socket.send(TEXT, b"x")
        wait_for(lambda: host.events("waits"))
    with host.socket("/echo/inline") as other:  # a round trip of the same server
        other.send(TEXT, b"y")
        other.receive()
    assert host.events("waits") == ["SINK deferred"]
    host.get("/release")
    host.wait_events("waits", "SINK deferred", "DELETE 1006  gone")


def test_code_that_does_not_return_in_time(ws_host):
    """It keeps the turn: 1011, no other SINK meanwhile, DELETE after it."""
    host = ws_host("timeout=100")
    with host.socket("/hang/a") as socket:
        socket.send(TEXT, b"one")
        socket.send(TEXT, b"two")
        assert socket.receive_close()[0] == 1011
        assert host.events("a") == ["SINK begins"]
        host.get("/release")
    host.wait_events("a", "SINK begins", "SINK ends", "DELETE 1011 timed out gone")


def test_a_forgotten_answer(ws_host):
    """A deferred request whose time is up gives the turn to the next one."""
    host = ws_host("timeout=100")
    with host.socket("/defer/a") as socket:
        socket.send(TEXT, b"one")
        socket.send(TEXT, b"two")
        wait_for(lambda: host.events("a").count("SINK deferred") == 2)
        socket.send(PING, b"")
        assert socket.receive() == (PONG, b"")
        socket.close()
    wait_for(lambda: host.events("a")[-1:] == ["DELETE 1000  gone"])


def test_a_failing_sink(ws_host):
    host = ws_host()
    with host.socket("/fail/a") as socket:
        socket.send(TEXT, b"x")
        socket.send(PING, b"")
        assert socket.receive() == (PONG, b"")
        assert host.stats()["sinks_failed"] == 1
        host.wait_log("it fails")
        socket.close()
    closing = ws_host("error=1")
    with closing.socket("/fail/a") as socket:
        socket.send(TEXT, b"x")
        assert socket.receive_close()[0] == 1011
    closing.wait_events("a", "DELETE 1011 failed gone")


@pytest.mark.parametrize("order, close", [
    (b"true", (1000, "")),
    (b'{"code": 4000, "reason": "done"}', (4000, "done")),
    (b'{"reason": "later"}', (1000, "later")),
])
def test_disconnect(host, order, close):
    with host.socket("/say/a") as socket:
        socket.send(TEXT, order)
        assert socket.receive_close() == close


@pytest.mark.parametrize("order", [
    b"false", b"1000", b'{"code": "1000"}', b'{"code": 1005}', b'{"code": 99999}',
    b'{"code": 4000, "reason": "' + b"x" * 124 + b'"}', b"{"])
def test_disconnect_in_words_that_mean_nothing(host, order):
    with host.socket("/say/b") as socket:
        socket.send(TEXT, order)
        opcode, text = socket.receive()
        assert opcode == TEXT and text
        socket.close()


def test_values_of_a_socket(host):
    def ask(text):
        socket.send(TEXT, text)
        return socket.receive()[1].decode()

    with host.socket("/values") as socket, host.socket("/values") as other:
        assert ask(b"get a") == "not-found"
        assert ask(b"exists a") == "false"
        assert ask(b"put a 1") == ""
        assert ask(b"get a") == "1"
        assert ask(b"exists a") == "true"
        assert ask(b"put a two") == ""
        assert ask(b"get a") == "two"
        other.send(TEXT, b"exists a")
        assert other.receive() == (TEXT, b"false")
        assert ask(b"delete a") == "true"
        assert ask(b"delete a") == "false"
        for i in range(64):
            assert ask(b"put k%d v" % i) == ""
        assert ask(b"put k64 v") == "too-large"
        assert ask(b"put k0 other") == ""
        assert ask(b"put k1 " + b"x" * 60000) == ""
        assert ask(b"put k2 " + b"x" * 6000) == "too-large"
        socket.close()
        other.close()


# How sockets end

CLOSINGS = {
    "handshake": lambda socket: socket.close(4321, "enough"),
    "no words": lambda socket: socket.tcp.close(),
    "reset": lambda socket: (socket.tcp.setsockopt(
        sockets.SOL_SOCKET, sockets.SO_LINGER, struct.pack("ii", 1, 0)), socket.tcp.close()),
    "half closed": lambda socket: socket.tcp.shutdown(sockets.SHUT_WR),
    "middle of a frame": lambda socket: (socket.tcp.sendall(frame(TEXT, b"x" * 500)[:300]),
                                         socket.tcp.close()),
    "middle of a head": lambda socket: (socket.tcp.sendall(b"\x81"), socket.tcp.close()),
    "middle of a message": lambda socket: (socket.send(TEXT, b"x", final=False),
                                           socket.tcp.close()),
}


@pytest.mark.parametrize("how", CLOSINGS)
def test_one_delete(host, how):
    name = how.replace(" ", "-")
    with host.socket(f"/log/{name}") as socket:
        socket.receive(), socket.receive()
        CLOSINGS[how](socket)
        status = "4321 enough" if how == "handshake" else "1006 "
        host.wait_events(name, "NEW", f"DELETE {status} gone")


def test_half_closed_client_gets_its_replies(host):
    with host.socket("/echo/concurrent") as socket:
        for i in range(50):
            socket.send(TEXT, b"%d" % i)
        socket.tcp.shutdown(sockets.SHUT_WR)
        assert [socket.receive() for _ in range(50)] == [(TEXT, b"%d" % i) for i in range(50)]
        with pytest.raises(EOFError):
            socket.receive()


KILLED = """
import os, sys
sys.path.insert(0, sys.argv[1])
from client import *
class Where: pass
server = Where()
server.host, server.port = "127.0.0.1", int(sys.argv[2])
server.connect = lambda timeout: socket.create_connection((server.host, server.port), timeout)
opened = [Socket(server, "/echo/serial") for _ in range(int(sys.argv[3]))]
for each in opened:
    each.send(TEXT, b"whole")
    each.tcp.sendall(frame(TEXT, b"x" * 3000)[:2000])
print("ready", flush=True)
sys.stdin.read()
"""


def test_clients_killed_in_the_middle_of_frames(ws_host, size):
    host = ws_host(loops=2)
    n = size(100, 1000)
    clients = [subprocess.Popen([sys.executable, "-c", KILLED, os.path.dirname(__file__),
                                 str(host.port), str(n)],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
               for _ in range(2)]
    for client in clients:
        assert client.stdout.readline() == "ready\n"
    host.wait_stat("sockets", 2 * n)
    clients[0].send_signal(signal.SIGKILL)
    host.wait_stat("deletes", n)
    assert host.stats()["sockets"] == n
    clients[1].send_signal(signal.SIGKILL)
    host.wait_stat("deletes", 2 * n)
    host.wait_stat("sockets", 0)
    for client in clients:
        client.communicate()


def test_idle_sockets_are_pinged(ws_host):
    host = ws_host("ping=200", f"closing={100 * PATIENCE}")
    with host.socket("/log/idle") as socket:
        socket.receive(), socket.receive()
        opcode, payload = socket.receive()
        assert opcode == PING
        socket.send(PONG, payload)
        assert socket.receive()[0] == PING  # and again; this one stays unanswered
        assert socket.receive_close()[0] == 1001
    host.wait_events("idle", "NEW", "DELETE 1001 no answer to a ping gone")
    assert host.stats()["closed_idle"] == 1


def test_a_close_that_is_not_answered(ws_host):
    host = ws_host("closing=200")
    with host.socket("/leave/mute") as socket:
        assert socket.receive() == (TEXT, b"bye")
        assert socket.receive()[0] == CLOSE
        with pytest.raises((EOFError, ConnectionResetError)):
            socket.receive()
    host.wait_stat("sockets", 0)


def test_a_flood_after_the_end(host):
    """It is reset, long before all was taken."""
    with host.socket("/echo/inline", timeout=60) as socket:
        socket.send(3, b"")
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            for _ in range(1000):
                socket.tcp.sendall(b"x" * 100000)


def test_stop(ws_host):
    """1001 to all, DELETEs run, also for those that wait."""
    host = ws_host("stop=500", loops=2)
    opened = [host.socket("/log/stop") for _ in range(20)]
    held = host.socket("/defer/stop")
    held.send(TEXT, b"x")
    wait_for(lambda: "SINK deferred" in host.events("stop"))
    host.process.send_signal(signal.SIGTERM)
    for socket in opened:
        socket.receive(), socket.receive()
        assert socket.receive_close()[0] == 1001
        socket.send(CLOSE, b"\x03\xe9")
    assert held.receive_close()[0] == 1001
    held.tcp.close()
    host.stop()
    assert "deletes 21" in host.log().splitlines()


def test_spaces_are_published_anew(ws_host):
    """A socket lives on where something still answers; otherwise 1012."""
    host = ws_host()
    with host.socket("/swap/a") as socket:
        socket.receive(), socket.receive()
        for text in (b"1", b"2"):
            socket.send(TEXT, text)
            assert socket.receive() == (TEXT, text)
            host.get("/publish-again")
        host.get("/withdraw")
        socket.send(TEXT, b"3")
        assert socket.receive_close()[0] == 1012
    host.wait_stat("sockets", 0)
    assert host.events("a") == ["NEW", "SINK 1", "SINK 2"]
    assert host.stats()["deletes"] == 1


def test_strip(host):
    """A page sees the requests that its own socket caused."""
    with host.socket("/log/strip?strip=page-12345678") as socket:
        socket.receive(), socket.receive()
        socket.send(TEXT, b"x")
        socket.receive()
        strip = wait_for(lambda: [r for r in strips(host, "page-12345678")
                                  if r["verb"] == "SINK" and r["depth"] == 0])
        assert strip[0]["identifier"].startswith("ws:/log/strip+socketid@")
        assert strip[0]["endpoint"] == "ws:/log/{name}"
        records = strips(host, "page-12345678")
        assert records[0]["verb"] == "NEW" and records[0]["depth"] == 0
        assert records[1]["identifier"] == "wsResponse:/message" and records[1]["depth"] == 1
        since = records[-1]["order"]
        assert strips(host, f"page-12345678?since={since}") == []
        assert strips(host, "somebody-else") == []
        socket.close()
    wait_for(lambda: strips(host, f"page-12345678?since={since}")[0]["verb"] == "DELETE")


def strips(host, tag):
    return json.loads(host.get(f"/playground/strip/{tag}").text)["records"]
