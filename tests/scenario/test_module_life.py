# SPDX-License-Identifier: MIT
"""Modules that are replaced, or cannot be, while sockets are open."""

import itertools
import json
import os
import re
import resource
import shutil
import subprocess
import threading
import time

import pytest

from admin import Admin
from client import BUILD, SANITIZED, TEXT, Refused, wait_for
from life import Life, code, number, put


@pytest.fixture
def life(tmp_path):
    return Life(tmp_path)


@pytest.fixture
def server(serve, life):
    return serve("--watch", str(life.watched), config={})


def say(socket, text, answer):
    socket.send(TEXT, text.encode())
    assert socket.receive() == (TEXT, answer.encode())


# Changes that are taken

def test_the_same_socket_talks_to_the_next_generation(life, server):
    with server.socket("/life/talk") as socket:
        say(socket, "a", "1 a")
        life.write("2")
        life.await_replaced(server)
        say(socket, "b", "2 b")
        life.define(version="1.1.0")
        assert "was 1.0.0, generation 3" in life.await_replaced(server)
        say(socket, "c", "2 c")
        socket.close()


def test_a_module_comes_and_goes(life, serve, tmp_path):
    aside = tmp_path / "aside"
    shutil.move(life.folder, aside)
    server = serve("--watch", str(life.watched), config={})
    assert server.get("/life/number").status == 404
    shutil.copytree(aside, life.folder)
    server.wait_log("module urn:test:life 1.0.0: loaded by the watched folder, generation 1")
    assert number(server) == 1
    with server.socket("/life/talk") as socket:
        say(socket, "a", "1 a")
        life.remove()
        assert socket.receive_close() == (1012, "no longer served")
    assert "ended: 1 socket on ws:/life/talk" in life.await_unloaded(server)
    assert server.get("/life/number").status == 404
    with pytest.raises(Refused) as refused:
        server.socket("/life/talk")
    assert refused.value.status == 404


def test_a_path_that_is_gone_closes_its_sockets_and_no_others(life, server):
    with server.socket("/life/talk") as talk, server.socket("/life/work") as work:
        say(talk, "a", "1 a")
        say(work, "a", "1 a")
        life.define(version="1.0.1", paths=["work"])
        assert work_goes_on(life, server, work)
        assert talk.receive_close() == (1012, "no longer served")
        say(work, "c", "1 c")
        work.close()


def work_goes_on(life, server, work):
    line = life.await_replaced(server)
    say(work, "b", "1 b")
    return "ended: 1 socket on ws:/life/talk" in line


def test_the_file_may_be_overwritten_while_it_is_mapped(life, server):
    with server.socket("/life/talk") as socket:
        say(socket, "a", "1 a")
        with open(life.folder / "life.so", "r+b") as file:  # the same file
            file.write(code("2"))
        life.await_replaced(server)
        say(socket, "b", "2 b")
        with open(life.folder / "life.so", "wb"):  # and now an empty one
            life.await_failure(server, "life.so: not a shared object")
        say(socket, "c", "2 c")
        socket.close()


def test_a_definition_alone_is_enough(serve, tmp_path):
    folder = tmp_path / "d" / "plain"
    folder.mkdir(parents=True)

    def write(text):
        put(folder / "module.json", json.dumps({
            "uri": "urn:test:plain", "version": "1.0.0",
            "spaces": [{"uri": "urn:test:plain", "public": True, "attach": "front",
                        "endpoints": [{"literal": {"grammar": "res:/plain", "text": text}}]}],
        }).encode())

    write("one")
    server = serve("--watch", str(tmp_path / "d"), config={})
    assert server.get("/plain").text == "one"
    write("two")
    wait_for(lambda: server.get("/plain").text == "two", what="the new text")


# Changes that are refused: each says why, and what served before goes on

def elf_is_none(data):
    return b"#!/bin/sh\nexit 1\n"


def other_abi(data):
    """The descriptor of a module that was built for ABI 7."""
    at = data.index((0x46756c63).to_bytes(4, "little") + (1).to_bytes(4, "little"))
    return data[:at + 4] + (7).to_bytes(4, "little") + data[at + 8:]


def no_symbol(data):
    return data.replace(b"fulcra_module_add_endpoint\0", b"fulcra_module_add_endpoinx\0")


@pytest.mark.parametrize("change, said", [
    (elf_is_none, "life.so: not a shared object; make one with cc -shared -fPIC"),
    (other_abi, "built for module ABI 7, this program has ABI 1; build it again: make -B -C "),
    (no_symbol, "undefined symbol: fulcra_module_add_endpoinx"),
], ids=["not-an-elf-file", "other-abi", "unresolved-symbol"])
def test_a_file_that_does_not_fit(life, server, change, said):
    with server.socket("/life/talk") as socket:
        say(socket, "a", "1 a")
        put(life.folder / "life.so", change(code("2")))
        life.await_failure(server, said)
        assert goes_on(life, server, socket)


def goes_on(life, server, socket):
    """The old version still serves, and the next good one is taken."""
    say(socket, "b", "1 b")
    assert number(server) == 1
    life.write("4")
    life.await_replaced(server)
    say(socket, "c", "4 c")
    socket.close()
    return True


@pytest.mark.parametrize("words, said", [
    ("3 crash-constructor", "its constructors "),
    ("3 exit-constructor", "its constructors end the process, with status 3"),
    ("3 crash-load", "life.so: its load function crashes: signal 6 (Aborted), "
                     "in a child process that loaded it first"),
    ("3 exit-load", "its load function ends the process, with status "),
    ("3 fail-load", "its load function failed: no licence"),
    ("3 fail-start", "it does not start: the database does not answer"),
])
def test_code_that_fails(life, server, words, said):
    with server.socket("/life/talk") as socket:
        say(socket, "a", "1 a")
        life.write(words)
        life.await_failure(server, said)
        assert goes_on(life, server, socket)


@pytest.mark.parametrize("words, said", [
    ("3 hang-constructor", "its constructors hang"),
    ("3 hang-load", "its load function hangs"),
    ("3 hang-start", "it does not start: not ready within 1000 ms"),
])
def test_code_that_hangs(life, serve, words, said):
    server = serve("--watch", str(life.watched), "--set", "loader.startTimeout=1s",
                   "--set", "loader.probeTimeout=3s", config={})
    with server.socket("/life/talk") as socket:
        say(socket, "a", "1 a")
        life.write(words)
        life.await_failure(server, said)
        assert goes_on(life, server, socket)


@pytest.mark.parametrize("words, said", [
    ("3 crash-constructor", "its constructors "),
    ("3 crash-load", "its load function crashes: signal 6 (Aborted)"),
])
@pytest.mark.parametrize("command", ["check", "serve"])
def test_code_that_crashes_at_the_start(life, fulcra, command, words, said):
    """Of several modules it is named, and the program ends as it wants to."""
    folders = [f"{BUILD}/stage/demos/hello", str(life.folder)]
    if command == "serve":
        folders = ["--listen", "127.0.0.1:0", *(word for folder in folders
                                                for word in ("--modules", folder))]
    life.write(words)
    result = fulcra(command, *folders)
    assert result.returncode == 1, result
    assert re.search(rf"life/module\.json:1:\d+: life\.so: {re.escape(said)}", result.stderr)
    assert "hello.so" not in result.stderr


@pytest.mark.parametrize("text, said", [
    ("{", "module.json:1:2: "),
    ("{\"uri\":\"urn:test:life\",\"version\":\"1\"}", "is not a version"),
    (json.dumps({"uri": "urn:test:life", "version": "1.0.0", "spaces": [],
                 "requires": {"urn:test:none": "*"}}),
     "module \"urn:test:none\" is required and not there"),
    (json.dumps({"uri": "urn:test:life", "version": "1.0.0", "spaces": [],
                 "requires": {"urn:test:life": "*"}}),
     "modules require one another in a circle"),
], ids=["not-json", "invalid", "absent", "circle"])
def test_a_definition_that_is_wrong(life, server, text, said):
    with server.socket("/life/talk") as socket:
        say(socket, "a", "1 a")
        put(life.folder / "module.json", text.encode())
        life.await_failure(server, said)
        life.define(version="1.2.0")
        life.await_replaced(server)
        assert goes_on(life, server, socket)


def test_a_file_that_is_being_written_is_left_alone(life, server):
    """A slow builder: longer than the watcher waits, and never at rest."""
    data = code("2")
    with server.socket("/life/talk") as socket, open(life.folder / "life.so", "wb") as file:
        for i in range(50):
            file.write(data[len(data) * i // 50:len(data) * (i + 1) // 50])
            file.flush()
            say(socket, str(i), f"1 {i}")
            time.sleep(0.02)
        assert "failed" not in server.log()
        file.close()
        life.await_replaced(server)
        say(socket, "b", "2 b")
        socket.close()


def test_a_disk_that_is_full(life, server):
    with server.socket("/life/talk") as socket:
        say(socket, "a", "1 a")
        pid = server.process.pid
        before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (12 << 10, before[1]))
        life.write("2")
        life.await_failure(server, "life.so: cannot be copied to ")
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
        assert goes_on(life, server, socket)


# As an administrator asks

@pytest.fixture
def admin(serve, fulcra, life, tmp_path):
    return Admin(serve("--admin", f"{tmp_path}/a", modules=[life.folder]), tmp_path / "a", fulcra)


def test_a_file_that_changes_while_it_is_copied(life, admin):
    """A large one, so that it is long on its way, and a writer that never rests."""
    path, size, stop = life.folder / "life.so", 64 << 20, threading.Event()
    with open(path, "r+b") as file:
        file.truncate(size)

        def write():
            for n in itertools.count():
                if stop.is_set():
                    break
                os.pwrite(file.fileno(), n.to_bytes(8, "little"), size - 8)

        writer = threading.Thread(target=write)
        writer.start()
        try:
            result = admin("module", "reload", "life")
        finally:
            stop.set()
            writer.join()
    assert result.returncode == 1
    assert "life.so: changed while it was copied; load it when it is complete" in result.stderr
    assert number(admin.server) == 1
    life.write("2")
    assert admin("module", "reload", "life").returncode == 0
    assert number(admin.server) == 2


def test_what_unloading_ends_is_named_and_must_be_forced(life, admin):
    definition = json.loads((life.folder / "module.json").read_text())
    definition["spaces"][0]["endpoints"].append(
        {"timer": {"every": "1h", "request": "res:/life/tick"}})
    put(life.folder / "module.json", json.dumps(definition).encode())
    assert admin("module", "reload", "life").returncode == 0
    with admin.server.socket("/life/talk") as socket:
        say(socket, "a", "1 a")
        result = admin("module", "unload", "life")
        assert result.returncode == 1
        assert "1 socket on ws:/life/talk" in result.stderr, result.stderr
        assert "timer every 3600000ms: res:/life/tick" in result.stderr
        say(socket, "b", "1 b")

        preview = admin.json("module", "unload", "life", "--preview")
        assert len(preview["affected"]) == 2 and not preview["done"]
        say(socket, "c", "1 c")

        assert admin("module", "unload", "life", "--force").returncode == 0
        assert socket.receive_close() == (1012, "no longer served")
    admin.server.wait_log("told in 1 that a socket has gone")
    assert admin.server.get("/life/number").status == 404


@pytest.mark.parametrize("words, then, told", [
    ("1 stateless", "2", 1), ("1", "2", 2), ("1", "2 mute", 1)])
def test_a_replacement_that_closes_sockets_must_be_forced(life, admin, words, then, told):
    """Whose state has moved is told where it is now, if anybody is there."""
    life.write(words)
    assert admin("module", "reload", "life").returncode == 0
    with admin.server.socket("/life/talk") as socket:
        say(socket, "a", "1 a")
        life.write(then)
        life.define(version="2.0.0", paths=["work"])
        result = admin("module", "reload", "life")
        assert result.returncode == 1 and "1 socket on ws:/life/talk" in result.stderr
        say(socket, "b", "1 b")
        assert admin("module", "reload", "life", "--force").returncode == 0
        assert socket.receive_close() == (1012, "no longer served")
    admin.server.wait_log(f"told in {told} that a socket has gone")
    assert number(admin.server) == 2


@pytest.mark.parametrize("words, keys, left, then", [
    ("2 thread", {}, "thread 'sleeper'", None),
    ("2 hang-stop", {}, "a call of its code that does not return", None),
    ("2 helper", {}, None, "kept"),
    ("2 helper", {"unmap": True}, None, "unmapped"),
], ids=["thread", "stop", "kept", "unmapped"])
def test_what_a_generation_leaves_behind_is_named(life, admin, words, keys, left, then):
    life.write(words)
    life.define(**keys)
    assert admin("module", "reload", "life").returncode == 0
    life.write("3")
    assert admin("module", "reload", "life").returncode == 0

    def second():
        return admin.get("/modules/life")["generations"][1]

    if left:
        wait_for(lambda: left in second()["left"], what=f"{left!r} is left")
        assert second()["state"] == "retired"
        admin.server.process.kill()  # what hangs goes on for ever
        admin.server.process.wait()
        admin.server.stopped = True
    else:
        wait_for(lambda: second()["state"] == then, what=f"it is {then}")
        assert second()["left"] == []


def test_a_timer_that_a_generation_leaves_behind_is_named(life, serve, fulcra, tmp_path):
    """What it asked for does not come back when the timer stops."""
    stuck = tmp_path / "stuck"
    stuck.touch()
    admin = Admin(serve("--admin", f"{tmp_path}/a", modules=[life.folder],
                        env={"LIFE_STUCK": str(stuck)}), tmp_path / "a", fulcra)
    life.define(entries=[{"id": "stuck", "grammar": "res:/life/stuck"},
                         {"timer": {"every": "10ms", "request": "res:/life/stuck"}}])
    life.write("2 stateless")
    assert admin("module", "reload", "life").returncode == 0
    wait_for(lambda: admin.stat("timer_skipped") > 0, what="a tick that waits for the first")
    life.define()
    life.write("3 stateless")
    assert admin("module", "reload", "life", "--force").returncode == 0

    def second():
        return admin.get("/modules/life")["generations"][1]

    wait_for(lambda: "timer whose request goes on: res:/life/stuck" in second()["left"])
    assert second()["state"] == "retired"
    assert "timer whose request goes on: res:/life/stuck" in admin.text("module", "info", "life")
    stuck.unlink()
    wait_for(lambda: second()["state"] == "kept")
    assert second()["left"] == []


def test_an_answer_that_a_generation_waits_for_is_named(life, serve, fulcra, tmp_path):
    """Its code gave a callback to be told by, which another module has now."""
    admin = Admin(serve("--admin", f"{tmp_path}/a",
                        modules=[life.folder, f"{BUILD}/stage/tests/modules/held"]),
                  tmp_path / "a", fulcra)
    life.define(entries=[{"id": "asks", "grammar": "res:/life/asks"}], unmap=True)
    life.write("2 stateless")
    assert admin("module", "reload", "life").returncode == 0
    for _ in range(2):
        assert admin.server.get("/life/asks").text == "asked"
    life.write("3 stateless")
    assert admin("module", "reload", "life").returncode == 0

    def second():
        return admin.get("/modules/life")["generations"][1]

    wait_for(lambda: "2 answers that its code waits for" in second()["left"])
    assert second()["state"] == "retired"
    assert admin.server.get("/release").text == "SOURCE life"
    wait_for(lambda: "1 answer that its code waits for" in second()["left"])
    assert admin.server.get("/release").text == "SOURCE life"
    wait_for(lambda: second()["state"] == "unmapped")
    assert second()["left"] == []
    assert admin.server.log().count("2 was told at last") == 2


def test_versions_side_by_side(life, admin, tmp_path):
    beside = tmp_path / "beside"
    shutil.copytree(life.folder, beside)
    definition = json.loads((beside / "module.json").read_text())
    definition["version"] = "2.0.0"
    definition["spaces"] = [{"uri": "urn:test:life:v2", "public": True, "attach": "front",
                             "endpoints": [{"id": "number", "grammar": "res:/v2/number"}]}]
    put(beside / "module.json", json.dumps(definition).encode())
    put(beside / "life.so", code("22"))
    assert admin("module", "load", str(beside)).returncode == 0
    assert number(admin.server) == 1
    assert admin.server.get("/v2/number").text == "22"
    result = admin("module", "unload", "life")
    assert result.returncode == 1 and "urn:test:life@2.0.0" in result.stderr
    assert admin("module", "unload", "life@1.0.0").returncode == 0
    assert admin.server.get("/v2/number").text == "22"


# While they all talk

class Numbers:
    """tests/bench/numbers at work."""

    def __init__(self, server, connections, rate, *paths):
        self.process = subprocess.Popen(
            [f"{BUILD}/tests/bench/numbers", "-P", str(server.port), "-c", str(connections),
             "-r", str(rate), *paths],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "open\n", self.process.stderr.read()

    def finish(self):
        out, err = self.process.communicate(timeout=120)
        assert self.process.returncode == 0, err
        return json.loads(out)


def private(server):
    """Bytes that only the server has: heap, stacks, data of what is mapped."""
    with open(f"/proc/{server.process.pid}/smaps_rollup") as file:
        found = re.search(r"^Anonymous:\s+(\d+) kB", file.read(), re.M)
    return int(found[1]) << 10


@pytest.mark.parametrize("words", ["", "stateless"])
def test_nothing_is_lost_while_the_module_is_replaced(life, server, size, words):
    """Every socket sends numbers, and each is answered once and in order by
    whichever generation is there, while one takes the other's place. Where
    state is handed over, the last one has counted all of them."""
    sockets = size(300, 1000 if SANITIZED else 10000)
    changes = size(6, 100)
    life.write(f"2 {words}")
    life.await_replaced(server)
    numbers = Numbers(server, sockets, size(10, 1), "/life/talk", "/life/work")
    for i in range(changes):
        life.write(f"{i + 3} {words}")
        life.await_replaced(server)
    result = numbers.finish()
    assert result["closed"] == result["wrong"] == 0, result
    assert result["answered"] == result["sent"] > sockets, result
    assert result["prefixes"] > changes / 2, result
    if not words:
        assert int(server.get("/life/count").text) == result["answered"]


@pytest.mark.skipif(SANITIZED, reason="sanitizers keep what was freed")
def test_what_a_generation_leaves_is_small(life, serve, size):
    server = serve("--watch", str(life.watched), config={}, env={"MALLOC_ARENA_MAX": "1"})
    changes = size(8, 40)

    def replace(first):
        for i in range(first, first + changes):
            life.write(str(i))
            life.await_replaced(server)
        return private(server)

    before = replace(2)
    after = replace(2 + changes)
    assert after - before <= changes * 32 << 10, (before, after)
