# SPDX-License-Identifier: MIT
"""What is published to a topic reaches every socket of every loop, in order."""

import collections
import threading

import pytest

from client import SANITIZED, TEXT, wait_for
from ws_host import ws_host  # noqa: F401: a fixture

KIB, MIB = 1 << 10, 1 << 20


def texts(socket, n):
    """The next n messages."""
    messages = [socket.receive() for _ in range(n)]
    assert all(opcode == TEXT for opcode, _ in messages)
    return [payload.decode() for _, payload in messages]


def number(message):
    return int(message.split(".")[0])


@pytest.mark.parametrize("run", ["inline", "serial", "concurrent"])
def test_one_order_for_all_and_each_thread_in_its_own(ws_host, size, run):
    """Many publishers on two loops. What a publisher sends to its own socket
    stands where it was sent, between what it published before and after."""
    host = ws_host(loops=2)
    n, each = 6, size(100, 1000)
    sockets = [host.socket(f"/audience/{run}/room") for _ in range(n)]

    def publish(who, socket):
        for i in range(each):
            socket.send(TEXT, f"{who}-{i}".encode())

    heard = [[] for _ in sockets]

    def hear(socket, mine):
        mine.extend(texts(socket, 2 * n * each + each))

    threads = [threading.Thread(target=publish, args=pair) for pair in enumerate(sockets)]
    threads += [threading.Thread(target=hear, args=pair) for pair in zip(sockets, heard)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    order = [message for message in heard[0] if not message.endswith(".b")]
    for who, mine in enumerate(heard):
        assert [message for message in mine if not message.endswith(".b")] == order
        own = [message for message in mine if message.startswith(f"{who}-")]
        assert own == [f"{who}-{i}.{part}" for i in range(each) for part in "abc"]
    for socket in sockets:
        socket.close()


@pytest.mark.parametrize("run", ["inline", "concurrent"])
def test_who_comes_hears_all_that_follows(ws_host, size, run):
    """Sockets join and leave while messages are published: no gap, no repeat."""
    host = ws_host(loops=2)
    stop = threading.Event()

    def publish():
        while not stop.is_set():
            assert host.get("/announce/5/20").text == "5"

    publishers = [threading.Thread(target=publish) for _ in range(2)]
    for thread in publishers:
        thread.start()
    try:
        for _ in range(size(60, 600)):
            with host.socket(f"/audience/{run}/numbers") as socket:
                heard = [number(message) for message in texts(socket, 20)]
                socket.close()
            # two publishers number their messages before they publish them
            assert sorted(heard)[0] + 19 <= sorted(heard)[-1] + 10
            assert len(set(heard)) == 20
    finally:
        stop.set()
        for thread in publishers:
            thread.join()


def test_no_gap_with_one_publisher(ws_host, size):
    host = ws_host(loops=2)
    stop = threading.Event()

    def publish():
        while not stop.is_set():
            host.get("/announce/50/20")

    publisher = threading.Thread(target=publish)
    publisher.start()
    try:
        for _ in range(size(60, 600)):
            with host.socket("/audience/concurrent/numbers") as socket:
                heard = [number(message) for message in texts(socket, 60)]
            assert heard == list(range(heard[0], heard[0] + 60))
    finally:
        stop.set()
        publisher.join()


def test_thousands_are_served_in_slices(ws_host, size):
    """More than one turn serves; each has everything in order."""
    host = ws_host(loops=2)
    n, messages = size(2500, 6000), 8
    sockets = [host.socket("/audience/inline/numbers", timeout=60) for _ in range(n)]
    with host.socket("/echo/inline") as other:
        for _ in range(messages // 2):
            host.get("/announce/2/100")
        other.send(TEXT, b"x")
        assert other.receive() == (TEXT, b"x")
    expected = list(range(messages))
    for socket in sockets:
        assert [number(message) for message in texts(socket, messages)] == expected
    stats = host.stats()
    assert stats["published"] == messages and stats["delivered"] == n * messages
    assert stats["messages_dropped"] == 0
    for socket in sockets:
        socket.tcp.close()


def test_frames_that_wait_are_shared(ws_host):
    """A hundred who do not read owe 4 MiB each; it is there once."""
    host = ws_host(f"outbound={16 * MIB}", f"outbound-total={32 * MIB}")
    lazy = [host.socket("/audience/inline/numbers", timeout=60) for _ in range(100)]
    before = host.rss()
    for _ in range(16):
        host.get(f"/announce/4/{64 * KIB}")
    assert host.rss() - before < 64 * MIB
    assert host.stats()["closed_overloaded"] == 0
    for socket in lazy[::10]:
        heard = [number(message) for message in texts(socket, 64)]
        assert heard == list(range(64))
    for socket in lazy:
        socket.tcp.close()
    host.wait_stat("sockets", 0)


def test_who_leaves_hears_no_more(ws_host):
    host = ws_host()
    with host.socket("/audience/serial/numbers") as one, \
            host.socket("/audience/serial/numbers") as other:
        host.get("/announce/1/20")
        assert number(texts(one, 1)[0]) == number(texts(other, 1)[0]) == 0
        one.send(TEXT, b"leave")
        assert texts(one, 1) == ["left"]
        host.get("/announce/3/20")
        assert [number(message) for message in texts(other, 3)] == [1, 2, 3]
        one.send(TEXT, b"still here")
        assert texts(one, 1) == ["still here.b"]
        assert texts(other, 2) == ["still here.a", "still here.c"]
        one.close()
        other.close()


def test_subscribing_twice_is_once(ws_host):
    """The endpoint subscribes its socket twice."""
    host = ws_host()
    with host.socket("/audience/inline/numbers") as socket:
        host.get("/announce/2/20")
        assert [number(message) for message in texts(socket, 2)] == [0, 1]
        assert host.stats()["delivered"] == 2
        socket.close()


@pytest.mark.parametrize("policy, slow", [("close", 0), ("skip", 1), ("latest", 2)])
def test_a_publisher_faster_than_the_loop(ws_host, policy, slow):
    """What a publisher hands over without a pause stays within the budget."""
    host = ws_host(f"slow={slow}", f"outbound={64 * MIB}", f"outbound-total={4 * MIB}")
    sockets = [host.socket("/audience/inline/numbers", timeout=60) for _ in range(20)]
    before = host.rss()
    host.get(f"/announce/50000/{4 * KIB}")  # 200 MiB
    if not SANITIZED:  # whose allocators keep what was freed
        assert host.rss() - before < 64 * MIB
    stats = host.stats()
    assert stats["messages_dropped"] > 0 and stats["closed_overloaded"] > 0
    for socket in sockets:
        socket.tcp.close()
    host.wait_stat("sockets", 0)
    with host.socket("/audience/inline/numbers") as socket:
        host.get("/announce/1/20")
        assert number(texts(socket, 1)[0]) == 50000
        socket.close()


@pytest.mark.parametrize("policy, slow", [("close", 0), ("skip", 1), ("latest", 2)])
def test_slow_subscriber(ws_host, policy, slow):
    """One does not read; the others get everything."""
    host = ws_host(f"slow={slow}", f"outbound={256 * KIB}", "closing=60000", loops=2)
    n, each = 400, 64 * KIB
    lazy = host.socket("/audience/inline/numbers", timeout=60)
    others = [host.socket("/audience/inline/numbers", timeout=60) for _ in range(6)]
    got = collections.Counter()

    def hear(which, socket):
        for i in range(n):
            assert number(texts(socket, 1)[0]) == i
            got[which] += 1

    threads = [threading.Thread(target=hear, args=pair) for pair in enumerate(others)]
    for thread in threads:
        thread.start()
    for i in range(n // 2):  # two at a time: the others can keep up
        assert host.get(f"/announce/2/{each}").text == "2"
        wait_for(lambda: all(got[which] == 2 * i + 2 for which in range(6)))
    for thread in threads:
        thread.join()
    assert host.stats()["messages_dropped"] > 0

    if policy == "close":
        while (received := lazy.receive_frame())[2] == TEXT:
            pass
        assert received[3][:2] == b"\x0f\xa8"  # 4008
        assert host.stats()["closed_too_slow"] == 1
    else:
        seen = []
        while not seen or len(seen[-1]) == each:
            if len(seen) == 1:
                host.get("/announce/1/20")
            seen += texts(lazy, 1)
        numbers = [number(message) for message in seen]
        assert numbers == sorted(set(numbers)) and len(numbers) < n
        assert numbers[-1] == n
        if policy == "latest":
            assert n - 1 in numbers
    for socket in [lazy, *others]:
        socket.tcp.close()
