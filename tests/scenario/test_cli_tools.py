# SPDX-License-Identifier: MIT
"""What is made from the table of commands, and doctor."""

import json
import os
import re
import shutil
import socket
import subprocess

import pytest

from admin import Admin
from shells import Bash, Zsh

SOURCE = os.environ["FULCRA_SRCDIR"]


def commands(fulcra):
    return [line[2:].split("  ")[0] for line in fulcra("--help").stdout.splitlines()
            if line.startswith("  ")]


# The manual -----------------------------------------------------------------

def test_the_manual_is_that_of_this_program(fulcra):
    with open(f"{SOURCE}/doc/man/fulcra.1.scd") as file:
        assert file.read() == fulcra("manual").stdout, \
            "fulcra manual > doc/man/fulcra.1.scd"


def test_the_manual_has_every_command_and_option(fulcra):
    text = fulcra("manual").stdout
    for command in commands(fulcra):
        assert f"\n## fulcra {command}" in text
        for option in re.findall(r"^  --([\w-]+)", fulcra(*command.split(), "--help").stdout,
                                 re.M):
            assert option == "help" or f"*--{option}*" in text
    for status in "0123":
        assert f"\n*{status}*\n" in text


def test_scdoc_takes_it(fulcra):
    if not shutil.which("scdoc"):
        pytest.skip("no scdoc")
    result = subprocess.run(["scdoc"], input=fulcra("manual").stdout,
                            capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert '.TH "fulcra" "1"' in result.stdout


# Completions ----------------------------------------------------------------

@pytest.fixture(scope="module", params=[Bash, Zsh], ids=["bash", "zsh"])
def shell(request, fulcra, tmp_path_factory):
    """shell(env): that shell with its completions."""
    name = request.param.__name__.lower()
    if not shutil.which(name):
        pytest.skip(f"no {name}; ./bootstrap check installs it")
    script = fulcra("completions", name).stdout
    started = []

    def start(env={}):
        started.append(request.param(tmp_path_factory.mktemp(name), script, env))
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.fixture(scope="module")
def complete(shell):
    """complete(words...): what is offered for the last of them."""
    return shell().complete


def test_commands_are_completed(fulcra, complete):
    offered = complete("")
    for command in commands(fulcra):
        assert command.split()[0] in offered
    assert complete("ser") == ["serve"]
    assert complete("module", "") == ["list", "info", "load", "reload", "unload"]
    assert complete("space", "t") == ["tree"]


def test_every_option_is_completed(fulcra, complete):
    for command in commands(fulcra):
        options = re.findall(r"^  (--[\w-]+)", fulcra(*command.split(), "--help").stdout, re.M)
        assert sorted(complete(*command.split(), "--")) == sorted(options), command


def test_values_are_completed(complete, tmp_path):
    assert complete("serve", "--log-level", "") == ["error", "warning", "info", "debug"]
    assert complete("completions", "z") == ["zsh"]
    (tmp_path / "fulcra.json").touch()
    assert complete("serve", "--config", f"{tmp_path}/fu") == [f"{tmp_path}/fulcra.json"]
    assert complete("module", "load", f"{tmp_path}/fu") == [f"{tmp_path}/fulcra.json"]
    assert complete("socket", "close", "--code", "") == []


def test_modules_of_the_server_are_completed(serve, shell, tmp_path):
    serve("--admin", f"{tmp_path}/a")
    assert shell({"FULCRA_ADMIN": f"{tmp_path}/a"}).complete("module", "reload", "gro") == \
        ["grouptherapy"]


def test_zsh_takes_its_completions(fulcra, tmp_path):
    text = fulcra("completions", "zsh").stdout
    assert text.startswith("#compdef fulcra\n")
    for command in commands(fulcra):
        assert f"\n    '{command}')\n" in text
    if not shutil.which("zsh"):
        pytest.skip("no zsh; ./bootstrap check installs it")
    (tmp_path / "_fulcra").write_text(text)
    subprocess.run(["zsh", "-n", f"{tmp_path}/_fulcra"], check=True)


# Doctor ---------------------------------------------------------------------

def findings(result):
    report = json.loads(result.stdout)
    return report["worst"], [(one["grade"], one["check"], one["message"])
                             for one in report["checks"]]


def test_doctor_of_a_server_in_order(serve, fulcra, tmp_path):
    folder = tmp_path / "modules"
    folder.mkdir(mode=0o755)
    admin = Admin(serve("--admin", f"{tmp_path}/a"), tmp_path / "a", fulcra)
    result = admin("doctor", "--json", "--modules", str(folder),
                   "--set", "websocket.maxSockets=100")

    assert result.returncode == 0, result.stdout
    worst, found = findings(result)
    assert worst in ("fine", "warning")
    assert ("fine", "modules", str(folder)) in found
    assert any(check == "version" and grade == "fine" for grade, check, _ in found)
    assert any("ready" == message for _, _, message in found)
    assert any(grade == "warning" and "playground" in message for grade, _, message in found)
    text = admin("doctor").stdout
    assert re.search(r"^fine +server +ready$", text, re.M)


def test_doctor_names_what_is_wrong(serve, fulcra, tmp_path):
    folder = tmp_path / "open"
    folder.mkdir()
    os.chmod(folder, 0o777)
    admin = Admin(serve("--admin", f"{tmp_path}/a"), tmp_path / "a", fulcra)
    os.chmod(tmp_path / "a", 0o666)
    result = admin("doctor", "--json", "--modules", str(folder), "--modules", "/nowhere",
                   "--set", "websocket.maxSockets=16000000")

    assert result.returncode == 1
    worst, found = findings(result)
    assert worst == "wrong"
    for grade, check, says in [
            ("wrong", "modules", "written by everybody"),
            ("wrong", "modules", "/nowhere: No such file"),
            ("wrong", "socket", "mode 0666, and 0600 would be right"),
            ("warning", "descriptors", "LimitNOFILE")]:
        assert any((one, two) == (grade, check) and says in message
                   for one, two, message in found), (says, found)


def test_doctor_names_a_change_that_failed(serve, fulcra, tmp_path):
    folder = tmp_path / "shop"
    folder.mkdir()
    definition = {"uri": "urn:test:shop", "version": "1.0.0", "spaces": []}
    (folder / "module.json").write_text(json.dumps(definition))
    admin = Admin(serve("--admin", f"{tmp_path}/a", modules=[folder]), tmp_path / "a", fulcra)
    (folder / "module.json").write_text("{")
    assert admin("module", "reload", "shop").returncode == 1

    _, found = findings(admin("doctor", "--json"))
    assert any(check == "modules" and "urn:test:shop: a change failed at" in message
               for _, check, message in found)


def test_doctor_without_a_server(fulcra, tmp_path):
    result = fulcra("doctor", "--socket", f"{tmp_path}/none")
    assert result.returncode == 0
    assert f"no server answers at {tmp_path}/none" in result.stdout

    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(f"{tmp_path}/dead")
    result = fulcra("doctor", "--socket", f"{tmp_path}/dead")
    assert result.returncode == 1 and "Connection refused" in result.stdout


# A request of a running server ----------------------------------------------

def test_a_live_request(serve, fulcra, tmp_path):
    admin = Admin(serve("--admin", f"{tmp_path}/a"), tmp_path / "a", fulcra)

    assert admin.text("request", "/demo/hello/you") == "Hello, you\n"
    result = admin("request", "res:/demo/hello/you", "--trace")
    assert re.search(r"^SOURCE res:/demo/hello/you  [\d.]+ us  by hello", result.stderr, re.M)
    assert admin.json("request", "res:/demo/hello/you")["text"] == "Hello, you"

    result = admin("request", "res:/nowhere")
    assert result.returncode == 1 and result.stdout == ""
    assert "nothing answers SOURCE res:/nowhere\nspace urn:fulcra:front" in result.stderr
    result = admin("request", "res:/nowhere", "--json")
    assert result.returncode == 1
    assert json.loads(result.stdout)["error"] == "unresolved"
    assert admin("request", "res:/x", "--verb", "FOO").returncode == 1

    result = fulcra("request", "--live", "/demo/hello/you",
                    env={**os.environ, "FULCRA_ADMIN": f"{tmp_path}/a"})
    assert result.stdout == "Hello, you\n"
