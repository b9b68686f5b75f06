# SPDX-License-Identifier: MIT
"""fulcra new-module: a module that builds by itself, and is served."""

import asyncio
import os
import subprocess

import pytest
import websockets

BUILD = os.environ["FULCRA_BUILDDIR"]


@pytest.fixture
def greeter(fulcra, tmp_path):
    """What a newcomer does first: a module under a name of its own, built."""
    folder = tmp_path / "greeter"
    made = fulcra("new-module", "greeter", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    assert "cd greeter && make" in made.stdout
    environment = {name: value for name, value in os.environ.items()
                   if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "CFLAGS")}
    subprocess.run(["make", f"PKG_CONFIG_PATH={BUILD}"], cwd=folder,
                   env=environment, check=True)
    assert not list(folder.glob("*.new"))
    return folder


def test_copied_module_is_served(serve, fulcra, greeter):
    assert fulcra("check", str(greeter)).returncode == 0

    server = serve(modules=[greeter])
    assert server.get("/greeter/greet/you").text == "Hello, you!\n"
    assert "<title>Greeter</title>" in server.get("/greeter/").text


def test_its_socket_answers(serve, greeter):
    server = serve(modules=[greeter])

    async def talk():
        async with websockets.connect(server.ws("/greeter/chat")) as socket:
            await socket.send("Ada")
            return await socket.recv()

    assert asyncio.run(talk()) == "Hello, Ada!\n"


def test_nothing_of_the_template_is_left(greeter):
    for path in greeter.rglob("*"):
        assert "template" not in path.name
        if path.is_file() and path.suffix != ".so":
            assert "emplate" not in path.read_text(), path


@pytest.mark.parametrize("name", ["", "Greeter", "1st", "a-b", "../up", "template", "a" * 33])
def test_what_cannot_name_a_module(fulcra, tmp_path, name):
    result = fulcra("new-module", name, cwd=tmp_path)

    assert result.returncode == 2
    assert "cannot name a module" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_exists_is_left_alone(fulcra, tmp_path):
    (tmp_path / "mine").mkdir()
    result = fulcra("new-module", "mine", cwd=tmp_path)

    assert result.returncode == 1
    assert "'mine': File exists" in result.stderr
    assert list((tmp_path / "mine").iterdir()) == []


def test_its_tests_pass(greeter):
    result = subprocess.run(["make", "-s", "check", f"FULCRA={BUILD}/fulcra"], cwd=greeter,
                            capture_output=True, text=True)

    assert result.returncode == 0, result.stdout + result.stderr
    assert "ok 1 - a visitor is greeted by name" in result.stdout


def test_setting(serve, greeter):
    server = serve(modules=[greeter], config={
        "settings": {"urn:fulcra:module:greeter": {"greeting": "Servus"}}})

    assert server.get("/greeter/greet/Resi").text == "Servus, Resi!\n"


def test_names_are_data(serve, greeter):
    server = serve(modules=[greeter])

    assert server.get("/greeter/greet/a+b@c%25").text == "Hello, a+b@c%!\n"


@pytest.mark.parametrize("settings,says", [
    ({"urn:fulcra:module:greeter": {"greetin": "x"}}, "greeting"),
    ({"urn:fulcra:module:greeter": {"greeting": 5}}, "greeting"),
])
def test_wrong_settings(fulcra, greeter, tmp_path, settings, says):
    import json
    path = tmp_path / "fulcra.json"
    path.write_text(json.dumps({"settings": settings}))
    result = fulcra("serve", "--config", str(path), "--modules", str(greeter),
                    "--listen", "127.0.0.1:0")

    assert result.returncode == 1
    assert f"{path}:1:" in result.stderr
    assert says in result.stderr
