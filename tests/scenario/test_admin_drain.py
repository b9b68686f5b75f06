# SPDX-License-Identifier: MIT
"""Draining, and following the log meanwhile."""

import contextlib
import json
import os
import subprocess
import time

import pytest

from admin import Admin
from client import BUILD, CLOSE, PATIENCE, Refused, wait_for
from life import Life


@pytest.fixture
def admin(serve, fulcra, tmp_path):
    server = serve("--admin", f"{tmp_path}/a", "--monitor", "127.0.0.1:0")
    return Admin(server, f"{tmp_path}/a", fulcra)


@contextlib.contextmanager
def command(admin, *args):
    process = subprocess.Popen(
        [f"{BUILD}/fulcra", *args, "--socket", admin.path],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


# Draining -------------------------------------------------------------------

def test_sockets_are_closed_with_1012_over_the_time(admin):
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(admin.server.socket("/demo/echo"))
                   for _ in range(12)]
        wait_for(lambda: admin.get("/server")["sockets"] == 12)
        begun = time.monotonic()
        with command(admin, "drain", "--over", "3s") as drain:
            ends = []
            for client in reversed(clients):  # the newest first
                assert client.receive_close() == (1012, "server restarts")
                client.send(CLOSE, (1012).to_bytes(2, "big"))
                ends.append(time.monotonic() - begun)
            assert drain.wait(PATIENCE) == 0
            lines = drain.stdout.read().splitlines()

    assert ends[-1] - ends[0] > 1, "not all at once"
    assert lines[-1] == "the server has stopped"
    assert admin.server.process.wait(PATIENCE) == 0
    admin.server.wait_log("drained; 0 sockets are left")


def test_meanwhile_nobody_new_is_let_in(admin):
    with admin.server.socket("/demo/echo") as client:
        assert admin.request("GET", "/health/ready").status == 200
        answer = admin.request("PUT", "/drain?over=20s")
        assert answer.json() == {"over_ms": 20000, "sockets": 1}

        ready = admin.request("GET", "/health/ready")
        assert (ready.status, ready.text) == (503, "draining\n")
        assert admin.request("GET", "/health/live").status == 200
        assert admin.get("/server")["state"] == "draining"
        assert "\nfulcra_ready 0\n" in admin.request("GET", "/metrics").text
        with pytest.raises(Refused) as refused:
            admin.server.socket("/demo/echo")
        assert refused.value.status == 503
        assert "Retry-After: " in refused.value.head
        assert admin.server.get("/demo/hello/you").status == 200, "HTTP goes on"
        client.close()
    assert admin.server.process.wait(PATIENCE) == 0, "the last one has gone"


def test_their_deletes_run(serve, fulcra, tmp_path):
    admin = Admin(serve("--admin", f"{tmp_path}/a"), tmp_path / "a", fulcra)
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(admin.server.socket("/demo/grouptherapy"))
                   for _ in range(5)]
        watcher = stack.enter_context(admin.server.socket("/demo/echo"))
        wait_for(lambda: admin.stat("news") == 6)
        for one in admin.get("/sockets")["sockets"]:
            if one["path"] == "/demo/echo":
                last = one["id"]
        admin.text("drain", "--over", "1s", "--no-wait")
        for client in clients:
            while client.receive()[0] != CLOSE:
                pass
            client.send(CLOSE, (1012).to_bytes(2, "big"))
        assert wait_for(lambda: admin.stat("deletes") >= 5), last
        assert watcher.receive_close()[0] == 1012
        watcher.send(CLOSE, (1012).to_bytes(2, "big"))
    assert admin.server.process.wait(PATIENCE) == 0


def test_a_client_that_does_not_go_is_not_waited_for_for_ever(serve, fulcra, tmp_path):
    admin = Admin(serve("--admin", f"{tmp_path}/a", "--set", "websocket.closeTimeout=200ms"),
                  tmp_path / "a", fulcra)
    with admin.server.socket("/demo/echo"):  # never answers the Close
        admin.text("drain", "--over", "0s")
    assert admin.server.process.wait(PATIENCE) == 0


@pytest.mark.parametrize("over", ["soon", "-1s", "25h"])
def test_a_wrong_time_drains_nothing(admin, over):
    result = admin("drain", f"--over={over}")

    assert result.returncode == 1 and "over: " in result.stderr
    assert admin.get("/server")["state"] == "ready"


def test_a_signal_ends_a_drain(admin):
    with admin.server.socket("/demo/echo") as client:
        admin.text("drain", "--over", "1h", "--no-wait")
        admin.server.process.terminate()
        assert client.receive_close()[0] == 1001
        client.send(CLOSE, (1001).to_bytes(2, "big"))
    assert admin.server.process.wait(PATIENCE) == 0


# The log --------------------------------------------------------------------

def test_the_last_lines(admin):
    for number in range(5):
        admin.text("cache", "expire", f"key{number}")

    lines = admin.text("log", "--lines", "2").splitlines()
    assert len(lines) == 2 and "key=key4" in lines[1]
    assert lines[1] in admin.server.log(), "as it was logged"
    log = [json.loads(line) for line in admin.text("log", "--json").splitlines()]
    assert [line["number"] for line in log] == list(range(1, len(log) + 1))
    assert admin.text("log", "--level", "error") == ""
    assert admin("log", "--level", "loud").returncode == 1


def test_following(admin):
    with command(admin, "log", "--follow", "--lines", "1") as first, \
            command(admin, "log", "--follow", "--lines", "1") as second:
        for follower in first, second:
            assert "admin plane at" in follower.stdout.readline()
        for number in range(20):
            admin.text("cache", "expire", f"key{number}")
            for follower in first, second:
                assert f"key=key{number}, by" in follower.stdout.readline()
        admin.server.stop()
        for follower in first, second:
            assert follower.wait(PATIENCE) == 0, follower.stderr.read()
            assert follower.stdout.read().endswith("SIGTERM: stopping\n")


def test_following_to_the_very_end(serve, fulcra, tmp_path):
    """What modules log while the server stops is followed as well."""
    admin = Admin(serve("--admin", f"{tmp_path}/a", modules=[Life(tmp_path).folder]),
                  tmp_path / "a", fulcra)
    with command(admin, "log", "--follow", "--lines", "1") as follower, \
            admin.server.socket("/life/talk") as socket:
        assert "admin plane at" in follower.stdout.readline()
        admin.server.process.terminate()
        assert socket.receive_close()[0] == 1001
        socket.send(CLOSE, (1001).to_bytes(2, "big"))
        assert follower.wait(PATIENCE) == 0, follower.stderr.read()
        followed = follower.stdout.read()
    assert admin.server.process.wait(PATIENCE) == 0
    lines = followed.splitlines()
    assert "SIGTERM: stopping" in lines[0]
    assert any("told in 1 that a socket has gone" in line for line in lines)
    logged = admin.server.log().splitlines()
    assert lines == logged[logged.index(lines[0]):-1]
    assert logged[-1].endswith("info stopped")


def test_the_ring_is_bounded(admin):
    """More lines than it keeps, and longer ones than it would hold of those."""
    key = "k" * 1500
    for number in range(1200):
        admin.request("DELETE", f"/cache?key={key}{number}")
    log = admin.get("/log")

    assert log["last"] >= 1200
    assert sum(len(line["text"]) for line in log["lines"]) <= 512 * 1024
    assert log["lines"][-1]["number"] == log["last"]
    numbers = [line["number"] for line in log["lines"]]
    assert numbers == list(range(numbers[0], log["last"] + 1))


def test_a_line_of_the_log_stays_one(admin):
    admin.request("DELETE", "/cache?key=a%0a2026-01-01T00:00:00.000Z%20info%20forged%1b[2J")

    text = admin.text("log")
    assert "\x1b" not in text
    assert not any(line.startswith("2026-01-01") for line in text.splitlines())


# top ------------------------------------------------------------------------

def test_top_shows_rates(admin):
    with command(admin, "top", "--json", "--interval", "300") as top:
        top.stdout.readline()
        for _ in range(50):
            admin.server.get("/demo/hello/you")
        rates = [json.loads(top.stdout.readline())["http_requests_per_second"]
                 for _ in range(3)]
    assert max(rates) > 10

    text = admin.text("top", "--count", "1", "--interval", "50")
    assert "sockets open" in text and "\x1b" not in text, "no terminal"
    assert admin("top", "--interval", "0").returncode == 2
    assert os.path.exists(admin.path)
