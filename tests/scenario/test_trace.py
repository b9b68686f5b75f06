# SPDX-License-Identifier: MIT
"""Traces: what requests do in a running server."""

import os
import re
import signal
import subprocess
import time

import pytest

from admin import Admin
from client import BUILD, SANITIZED, TEXT, wait_for


@pytest.fixture
def admin(serve, fulcra, tmp_path):
    return Admin(serve("--admin", f"{tmp_path}/a"), f"{tmp_path}/a", fulcra)


def trees(admin, query="", count=1):
    """At least so many: a tree ends a moment after it was answered."""
    def look():
        found = admin.get(f"/traces{query}")["trees"]
        return found if len(found) >= count else None
    return wait_for(look, what=f"{count} trees")


def start(admin, query=""):
    answer = admin.request("PUT", f"/traces{query}")
    assert answer.status == 200, answer.text
    assert answer.json()["tracing"] is True


def end(admin, query=""):
    answer = admin.request("DELETE", f"/traces{query}")
    assert answer.json()["tracing"] is False


def test_nothing_is_traced_unasked(admin):
    admin.server.get("/demo/hello/you")

    answer = admin.get("/traces")
    assert answer["tracing"] is False
    assert answer["trees"] == []
    assert answer["max_bytes"] == 4 << 20


def test_a_tree(admin):
    start(admin, "?match=^res:/template/")
    admin.server.get("/demo/hello/you")
    admin.server.get("/template/greet/you")

    tree, = trees(admin)
    root, setting = tree["requests"]
    assert (root["depth"], root["verb"], root["identifier"]) == \
        (0, "SOURCE", "res:/template/greet/you")
    assert root["endpoint"] == "greet"
    assert root["space"] == "urn:fulcra:module:template"
    assert (setting["depth"], setting["identifier"]) == (1, "setting:/greeting")
    assert setting["us"] <= root["us"] == tree["us"]
    assert root["thread"]


def test_failures_alone(admin):
    start(admin, "?failed=true")
    admin.server.get("/demo/hello/you")
    admin.server.get("/nobody/here")

    tree, = trees(admin)
    assert tree["requests"][0]["identifier"] == "res:/nobody/here"
    assert "res:/nobody/here" in tree["error"]


def test_one_socket(admin):
    with admin.server.socket("/demo/echo") as one, admin.server.socket("/demo/echo") as other:
        first, second = (entry["id"] for entry in admin.get("/sockets")["sockets"])
        start(admin, f"?socket={first}")
        for socket in one, other:
            socket.send(TEXT, b"hello")
            assert socket.receive()[1] == b"hello"

        tree, = trees(admin)
        assert f"socketid@{first}" in tree["requests"][0]["identifier"]
        assert second not in str(tree)


def test_stop_and_forget(admin):
    start(admin)
    admin.server.get("/demo/hello/you")
    assert len(trees(admin)) == 1
    end(admin)
    admin.server.get("/demo/hello/me")
    assert len(trees(admin)) == 1
    end(admin, "?forget=true")
    assert admin.get("/traces")["trees"] == []


def test_what_is_new(admin):
    start(admin, "?match=^res:/demo/hello/")
    for name in "abc":
        admin.server.get(f"/demo/hello/{name}")

    assert [tree["number"] for tree in trees(admin, count=3)] == [1, 2, 3]
    assert [tree["number"] for tree in trees(admin, "?after=2")] == [3]
    assert [tree["number"] for tree in trees(admin, "?limit=1")] == [3]


def test_memory_is_bounded(admin):
    """More traffic than the ring has room for, with sockets and failures."""
    start(admin)
    with admin.server.socket("/demo/echo") as socket:
        for _ in range(200):
            for _ in range(100):
                socket.send(TEXT, b"x" * 50)
            for _ in range(100):
                socket.receive()
    answer = admin.get("/traces?limit=1")
    assert answer["bytes"] <= answer["max_bytes"]
    assert answer["trees"][0]["number"] > 20000


def private(server):
    """Bytes that only the server has."""
    with open(f"/proc/{server.process.pid}/smaps_rollup") as file:
        return int(re.search(r"^Anonymous:\s+(\d+) kB", file.read(), re.M)[1]) << 10


TRAFFIC = 24_000_000


def test_memory_does_not_move_beyond_the_ring(serve, fulcra, tmp_path, size):
    """24 MB of traces; in full, over five minutes. Of one module: what other threads
    trace lies in heaps of their own, which is the allocator's room and not the ring's."""
    admin = Admin(serve("--admin", f"{tmp_path}/a", modules=[f"{BUILD}/stage/demos/echo"]),
                  tmp_path / "a", fulcra)
    seconds = size(0, 0 if SANITIZED else 300)
    grown, traced, bytes_each = [], 0, 0
    with admin.server.socket("/demo/echo") as socket:
        def talk():
            for _ in range(100):
                socket.send(TEXT, b"x" * 50)
            for _ in range(100):
                socket.receive()

        for _ in range(100):  # until all else has the memory it needs
            talk()
        admin.get("/traces?limit=1")
        before = private(admin.server)
        start(admin)
        began = time.monotonic()
        while traced * bytes_each < TRAFFIC:
            talk()
            answer = admin.get("/traces?limit=1")
            assert answer["bytes"] <= answer["max_bytes"]
            traced = answer["trees"][0]["number"]
            bytes_each = bytes_each or answer["bytes"] / traced
            grown.append(private(admin.server) - before)
            pause = traced * bytes_each / TRAFFIC * seconds - (time.monotonic() - began)
            time.sleep(max(pause, 0))
    assert answer["bytes"] > 0.9 * answer["max_bytes"], "the ring is full"
    if not SANITIZED:  # which keep what was freed
        assert max(grown) < 1.25 * answer["max_bytes"], max(grown)
        assert max(grown) - min(grown[len(grown) // 2:]) < 1 << 20, "it goes on growing"


def test_a_wrong_pattern(admin):
    answer = admin.request("PUT", "/traces?match=(")

    assert answer.status == 400
    assert "'(' is no regular expression" in answer.json()["message"]


# The command ------------------------------------------------------------------

@pytest.fixture
def follow(admin):
    """fulcra trace ..., running; it traces when this returns."""
    started = []

    def start(*args):
        process = subprocess.Popen(
            [f"{BUILD}/fulcra", "trace", "--socket", admin.path, *args],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(process)
        assert "tracing" in process.stderr.readline()
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_the_command_prints_trees_as_they_end(admin, follow):
    process = follow("res:/template/greet/you", "--count", "2")
    admin.server.get("/template/greet/me")
    admin.server.get("/template/greet/you")
    admin.server.get("/template/greet/you")

    text, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    lines = text.splitlines()
    assert re.match(r"#\d+  20\d\d-\d\d-\d\dT", lines[0])
    assert re.match(r" *\d+ us  SOURCE res:/template/greet/you  by greet in urn:", lines[1])
    assert re.search(r"^ *\d+ us    SOURCE setting:/greeting ", text, re.M)
    assert re.search(r"^ +\((for all|because of setting:/greeting)\b.*\)$", text, re.M)
    assert text.count("SOURCE res:/template/greet/you") == 2
    assert "greet/me" not in text
    assert admin.get("/traces")["tracing"] is False


def test_interrupted_it_stops_tracing(admin, follow):
    process = follow()
    assert admin.get("/traces")["tracing"] is True
    os.kill(process.pid, signal.SIGINT)
    process.communicate(timeout=30)

    assert process.returncode == 0
    assert admin.get("/traces")["tracing"] is False


def test_last(admin):
    start(admin, "?failed=true")
    admin.server.get("/nobody/here")

    trees(admin)
    result = admin("trace", "--last")
    assert result.returncode == 0
    assert "failed: " in result.stdout


@pytest.mark.parametrize("args,says", [
    (["--count", "0"], "--count 0: a whole number from 1 would be right"),
    (["--count", "x"], "--count x: a whole number"),
])
def test_wrong_usage(admin, args, says):
    result = admin("trace", *args)

    assert result.returncode == 2
    assert says in result.stderr
