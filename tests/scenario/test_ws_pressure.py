# SPDX-License-Identifier: MIT
"""Back-pressure both ways, budgets, limits; thousands of sockets."""


import threading
import time

import pytest

from client import BINARY, CLOSE, PATIENCE, SANITIZED, TEXT, frame, wait_for
from ws_host import ws_host  # noqa: F401: a fixture

KIB, MIB = 1 << 10, 1 << 20


def test_a_socket_whose_requests_wait_is_not_read(ws_host):
    host = ws_host("queue=4", "message=1000000", "stop=500")
    with host.socket("/defer/a") as socket, host.socket("/echo/inline") as other:
        socket.tcp.setblocking(False)
        sent, data = 0, frame(BINARY, b"x" * 60000)
        deadline = time.monotonic() + 2 * PATIENCE
        stuck = asked = 0
        while stuck < 50:  # until the system's buffers are full too
            assert time.monotonic() < deadline and sent < 200 * MIB
            try:
                sent += socket.tcp.send(data)
                stuck = 0
            except BlockingIOError:
                stuck += 1
                asked += 1
                other.send(TEXT, b"x")
                assert other.receive() == (TEXT, b"x")
        stats = host.stats()
        assert stats["messages_in"] < 30 + asked
        assert stats["reads_paused"] >= 1
        # once the turn is free the rest is taken
        before = stats["messages_in"]
        for _ in range(10):
            wait_for(lambda: host.get("/release").text != "0")
        wait_for(lambda: host.stats()["messages_in"] > before)


def read_all(socket, n, got):
    try:
        for _ in range(n):
            got.append(socket.receive()[1])
    except (EOFError, OSError) as error:
        got.append(error)


@pytest.mark.parametrize("policy, slow", [("close", 0), ("skip", 1), ("latest", 2)])
def test_slow_reader(ws_host, size, policy, slow):
    """One does not read; the others get everything, memory stays bounded."""
    host = ws_host(f"slow={slow}", f"outbound={256 * KIB}", "closing=60000", loops=2)
    n, each, many = 400, 64 * KIB, size(9, 99)
    lazy = host.socket("/topic", timeout=60)
    others = [host.socket("/topic", timeout=60) for _ in range(many)]
    got = [[] for _ in others]
    threads = [threading.Thread(target=read_all, args=(socket, n, mine))
               for socket, mine in zip(others, got)]
    before = host.rss()
    for thread in threads:
        thread.start()
    for _ in range(n // 2):  # two at a time: the others can keep up
        assert host.get(f"/publish/2/{each}").text == "2"
        wait_for(lambda: len({len(mine) for mine in got}) == 1)
    for thread in threads:
        thread.join()
    assert all(len(mine) == n and all(len(m) == each for m in mine) for mine in got)
    assert host.stats()["messages_dropped"] > 0
    if not SANITIZED:  # whose allocators keep what was freed
        assert host.rss() - before < 64 * MIB

    if policy == "close":
        while (received := lazy.receive_frame())[2] == TEXT:
            pass
        assert received[3][:2] == b"\x0f\xa8"  # 4008, however late it reads
        lazy.send(CLOSE, received[3])
        host.wait_stat("sockets", many)
        assert host.stats()["closed_too_slow"] == 1
    else:
        seen = []
        host.get("/publish/1/100")
        while len(message := lazy.receive()[1]) == each:
            seen.append(message)
        assert 0 < len(seen) < n
        assert host.stats()["closed_too_slow"] == 0
    for socket in [lazy, *others]:
        socket.tcp.close()


def test_slow_reader_is_told_why(ws_host):
    host = ws_host(f"outbound={64 * KIB}", "closing=20000")
    with host.socket("/topic", timeout=60) as lazy:
        while host.stats()["closed_too_slow"] == 0:
            host.get(f"/publish/20/{64 * KIB}")
        while (received := lazy.receive_frame())[2] == TEXT:
            pass
        assert received[3][:2] == b"\x0f\xa8"  # 4008


def test_one_large_message_is_no_slow_reader(ws_host):
    host = ws_host(f"outbound={64 * KIB}")
    with host.socket("/topic") as socket:
        host.get(f"/publish/1/{4 * MIB}")
        assert len(socket.receive()[1]) == 4 * MIB
        host.get("/publish/5000/50")  # many in one turn are none either
        for _ in range(5000):
            assert socket.receive()[0] == TEXT
        socket.close()


def test_budget_of_all_sockets(ws_host):
    """Those that owe most are closed with 1013, the others live on."""
    host = ws_host(f"outbound={64 * MIB}", f"outbound-total={8 * MIB}")
    with host.socket("/topic", timeout=60) as lazy, host.socket("/echo/inline") as other:
        while host.stats()["closed_overloaded"] == 0:
            host.get(f"/publish/10/{256 * KIB}")
        other.send(TEXT, b"x")
        assert other.receive() == (TEXT, b"x")
        while (received := lazy.receive_frame())[2] != 8:
            pass
        assert received[3][:2] == b"\x03\xf5"  # 1013


def test_inbound_budget(ws_host):
    host = ws_host(f"inbound-total={4 * MIB}", f"message={64 * MIB}")
    with host.socket("/echo/inline", timeout=60) as greedy, host.socket("/echo/inline") as other:
        try:
            greedy.send(BINARY, b"x" * (16 * MIB))
        except OSError:
            pass
        wait_for(lambda: host.stats()["closed_overloaded"] == 1)
        other.send(TEXT, b"x")
        assert other.receive() == (TEXT, b"x")


def test_rate_of_messages(ws_host):
    host = ws_host("rate=10")
    with host.socket("/echo/inline") as socket:
        socket.tcp.sendall(frame(TEXT, b"x") * 40)
        while (received := socket.receive())[0] == TEXT:
            pass
        assert received[1][:2] == b"\x03\xf0"  # 1008


def test_ten_thousand(ws_host, size):
    """Rounds of connecting, echoing, closing: all DELETEs, no growth."""
    host = ws_host(loops=1)
    n = size(2000, 9000)
    rss = []
    idle = host.load("idle", "-u", "/echo/inline", "-c", n, "-t", "0.2", "-w", "0.1")
    for _ in range(3):
        result = host.load("echo", "-u", "/echo/serial", "-c", n, "-t", "0.5", "-w", "0.3")
        assert result["lost"] == 0 and result["failed"] == 0
        host.wait_stat("sockets", 0)
        rss.append(host.rss())
    stats = host.stats()
    assert stats["news"] == 4 * n
    host.wait_stat("deletes", 4 * n)
    if not SANITIZED:
        assert rss[2] - rss[0] <= max(rss[0] // 20, 2 * MIB)
    print(idle["rss_per_conn"])


def churn(host, path, least, *options):
    """For a while, and longer where the machine is slow."""
    n = 0
    while n < least:
        n += host.load("churn", "-u", path, "-c", 32, "-t", "0.4", "-w", "0.1", *options)["n"]


def test_churn(ws_host):
    host = ws_host(loops=2)
    for options in ([], ["-R"]):
        churn(host, "/echo/inline", 100, *options)
    wait_for(lambda: (s := host.stats())["news"] == s["deletes"] and s["sockets"] == 0)


def test_publishing_while_sockets_come_and_go(ws_host):
    """Sends from workers meet sockets of other loops in every state."""
    host = ws_host(loops=4)
    ended = threading.Event()

    def publish():
        while not ended.is_set():
            host.get("/publish/3/100")

    publishers = [threading.Thread(target=publish) for _ in range(2)]
    for publisher in publishers:
        publisher.start()
    for options in ([], ["-R"]):
        churn(host, "/topic", 50, *options)
    ended.set()
    for publisher in publishers:
        publisher.join()
    wait_for(lambda: (s := host.stats())["news"] == s["deletes"] and s["sockets"] == 0)
