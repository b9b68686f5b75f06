# SPDX-License-Identifier: MIT
"""The first five minutes of a module's author: begin, build, load, talk, edit,
build, reload, and the same socket answers with the new text."""

import os
import subprocess

import pytest

from admin import Admin
from client import BUILD, TEXT


@pytest.fixture
def shell(serve, fulcra, tmp_path):
    """shell("command"): in a folder of one's own, as typed, with fulcra in the
    PATH and the server's socket where commands look for it."""
    admin = Admin(serve("--admin", f"{tmp_path}/a"), f"{tmp_path}/a", fulcra)
    environment = {name: value for name, value in os.environ.items()
                   if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "CFLAGS")}
    environment.update(PATH=f"{BUILD}:{os.environ['PATH']}", PKG_CONFIG_PATH=BUILD,
                       FULCRA_ADMIN=admin.path)

    def run(command):
        result = subprocess.run(["sh", "-ec", command], cwd=tmp_path, env=environment,
                                capture_output=True, text=True, timeout=120)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    run.server = admin.server
    return run


def test_five_minutes(shell):
    shell("fulcra new-module hello2")
    said = shell("cd hello2 && make && fulcra check --run . && fulcra module load .")
    assert "hello2" in said

    with shell.server.socket("/hello2/chat") as socket:
        socket.send(TEXT, b"Ada")
        assert socket.receive() == (TEXT, b"Hello, Ada!\n")

        shell("cd hello2 && sed -i 's/%s, %s!/%s once more, %s!/' hello2.c && make")
        socket.send(TEXT, b"Ada")
        assert socket.receive() == (TEXT, b"Hello, Ada!\n"), "built is not loaded"

        shell("cd hello2 && fulcra module reload hello2")
        socket.send(TEXT, b"Ada")
        assert socket.receive() == (TEXT, b"Hello once more, Ada!\n")

    listed = shell("fulcra module info hello2")
    assert "urn:fulcra:module:hello2" in listed


def test_what_is_broken_is_refused_and_the_old_one_answers(shell):
    shell("fulcra new-module hello2 && cd hello2 && make && fulcra module load .")
    shell("cd hello2 && cp module.json good.json && sed -i 's/\"chat\"/\"chatter\"/' module.json")
    refused = shell("cd hello2 && ! fulcra module reload hello2 2>&1")
    assert "module.json" in refused or "chatter" in refused
    assert shell.server.get("/hello2/greet/Ada").text == "Hello, Ada!\n"

    shell("cd hello2 && mv good.json module.json && fulcra module reload hello2")
    shell("fulcra module unload hello2")
    assert shell.server.get("/hello2/greet/Ada").status == 404
