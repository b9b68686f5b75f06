# SPDX-License-Identifier: MIT
"""A new configuration, taken while sockets are open."""

import json
import re
import signal
import socket

import pytest

from admin import Admin
from client import PATIENCE, TEXT, Refused, wait_for


class Configured(Admin):
    """A server with a file that can be written again."""

    def __init__(self, serve, fulcra, folder, **config):
        self.file = folder / "fulcra.json"
        self.config = {"listen": "127.0.0.1:0", "playground": True, **config}
        self.write()
        server = serve("--config", str(self.file), "--admin", f"{folder}/a",
                       playground=False, listen=())
        super().__init__(server, folder / "a", fulcra)

    def write(self, **changes):
        self.config.update(changes)
        self.file.write_text(json.dumps(self.config))

    def urls(self):
        return self.get("/server")["listeners"]


@pytest.fixture
def configured(serve, fulcra, tmp_path):
    return lambda **config: Configured(serve, fulcra, tmp_path, **config)


def port_of(url):
    return int(url.rsplit(":", 1)[1])


def reaches(port):
    try:
        socket.create_connection(("127.0.0.1", port), PATIENCE).close()
    except ConnectionRefusedError:
        return False
    return True


def test_limits_change_and_no_socket_closes(configured):
    admin = configured()
    with admin.server.socket("/demo/echo") as client:
        client.send(TEXT, b"x" * 1000)
        assert client.receive() == (TEXT, b"x" * 1000)

        admin.write(websocket={"maxMessage": "100B"}, http={"maxBody": "10B"})
        report = admin.json("reload")
        assert {one["name"]: (one["before"], one["after"]) for one in report["changed"]} == {
            "websocket.maxMessage": ("64KiB", "100B"), "http.maxBody": ("1MiB", "10B")}
        assert report["restart"] == []

        client.send(TEXT, b"x" * 100)
        assert client.receive() == (TEXT, b"x" * 100), "it is still open"
        client.send(TEXT, b"x" * 101)
        assert client.receive_close()[0] == 1009, "the new limit is its limit, too"
    assert admin.server.request("PUT", "/demo/hello/x", body="x" * 11).status == 413
    settings = {one["name"]: one for one in admin.get("/settings")["settings"]}
    assert settings["websocket.maxMessage"]["value"] == "100B"
    assert re.fullmatch(r".*fulcra\.json:1:\d+",
                        settings["websocket.maxMessage"]["origin"])


def test_how_many_sockets_there_may_be(configured):
    admin = configured()
    with admin.server.socket("/demo/echo"):
        admin.write(websocket={"maxSockets": 1})
        admin.text("reload")
        with pytest.raises(Refused) as refused:
            admin.server.socket("/demo/echo")
        assert refused.value.status == 503
        admin.write(websocket={"maxSockets": 2})
        admin.text("reload")
        admin.server.socket("/demo/echo").close()


def test_listeners_come_and_go(configured):
    admin = configured(listen=["127.0.0.1:0"])
    first = admin.server.port
    with admin.server.socket("/demo/echo") as client:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            free = probe.getsockname()[1]
        admin.write(listen=["127.0.0.1:0", f"127.0.0.1:{free}"])
        admin.text("reload")
        assert [port_of(url) for url in admin.urls()] == [first, free]
        assert reaches(first) and reaches(free)

        admin.write(listen=[f"127.0.0.1:{free}"])
        admin.text("reload")
        assert [port_of(url) for url in admin.urls()] == [free]
        assert not reaches(first) and reaches(free)
        client.send(TEXT, b"still here")
        assert client.receive() == (TEXT, b"still here")
        client.close()


def test_a_listener_that_cannot_be_leaves_all_as_it_was(configured):
    admin = configured()
    before = admin.urls()
    with socket.create_server(("127.0.0.1", 0)) as other:
        admin.write(listen=[f"127.0.0.1:{other.getsockname()[1]}"],
                    monitor="127.0.0.1:0", websocket={"maxMessage": "1KiB"})
        result = admin("reload")

    assert result.returncode == 1
    assert "nothing has changed: cannot listen on 127.0.0.1:" in result.stderr
    assert admin.urls() == before and reaches(admin.server.port)
    settings = {one["name"]: one["value"] for one in admin.get("/settings")["settings"]}
    assert settings["websocket.maxMessage"] == "64KiB" and settings["monitor"] == []


@pytest.mark.parametrize("text,says", [
    ('{', r"fulcra\.json:1:2: "),
    ('{"websocket": {"maxMesage": "1KiB"}}', r"did you mean"),
    ('{"websocket": {"maxMessage": "much"}}', r"fulcra\.json:1:\d+: "),
    ('{"listen": "here"}', r"fulcra\.json:1:\d+: "),
])
def test_a_wrong_one_changes_nothing_and_says_why(configured, text, says):
    admin = configured(websocket={"maxMessage": "2KiB"})
    admin.file.write_text(text)
    result = admin("reload")

    assert result.returncode == 1
    assert "nothing has changed: " in result.stderr and re.search(says, result.stderr)
    settings = {one["name"]: one["value"] for one in admin.get("/settings")["settings"]}
    assert settings["websocket.maxMessage"] == "2KiB"
    admin.server.wait_log(r"warning admin: reload, by uid \d+ pid \d+: nothing has changed")


def test_a_file_that_has_gone_changes_nothing(configured):
    admin = configured()
    admin.file.unlink()

    result = admin("reload")
    assert result.returncode == 1 and str(admin.file) in result.stderr


def test_what_needs_a_restart_is_named_and_not_taken(configured):
    admin = configured(loops=1)
    admin.write(loops=2, kernel={"timeout": "5s"}, logLevel="debug")
    report = admin.json("reload")

    assert [one["name"] for one in report["changed"]] == ["logLevel"]
    assert {one["name"]: one["after"] for one in report["restart"]} == {
        "loops": "2", "kernel.timeout": "5s"}
    settings = {one["name"]: one["value"] for one in admin.get("/settings")["settings"]}
    assert settings["loops"] == "1" and settings["kernel.timeout"] == "30s"
    text = admin.text("reload")
    assert text.startswith("nothing changed\n")
    assert "loops = 2, was 1: NOT TAKEN, needs a restart" in text


def test_each_setting_either_changes_or_is_said_not_to(configured):
    """Nothing is taken in part, nothing is forgotten."""
    admin = configured()
    others = {"websocket.slow": "skip", "http.origin": "any", "logLevel": "debug",
              "admin": "off", "http.server": "x", "listen": None, "modules": None,
              "monitor": "127.0.0.1:0", "playground": None}
    names = {}
    for setting in admin.get("/settings")["settings"]:
        name, value = setting["name"], setting["value"]
        if name in others:
            value = others[name]
        elif isinstance(value, list):
            value = None
        elif value in ("true", "false"):
            value = value != "true"
        else:
            digits = re.match(r"\d+", value)
            if not digits:
                continue
            value = f"{int(digits[0]) + 1}{value[digits.end():]}"
            value = int(value) if value.isdigit() else value
        if value is None or name.startswith("admin"):
            continue
        keys = name.split(".")
        target = admin.config
        for key in keys[:-1]:
            target = target.setdefault(key, {})
        target[keys[-1]] = value
        names[name] = value
    admin.write()
    report = admin.json("reload")

    told = {one["name"] for one in report["changed"] + report["restart"]}
    assert told == set(names), told ^ set(names)
    assert {"websocket.maxQueue", "loops", "workers", "kernel.cache",
            "http.idleTimeout"} <= {one["name"] for one in report["restart"]}


def test_monitors_come_and_go(configured):
    admin = configured()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        free = probe.getsockname()[1]
    admin.write(monitor=f"127.0.0.1:{free}")
    admin.text("reload")
    assert reaches(free)
    del admin.config["monitor"]
    admin.write()
    admin.text("reload")
    assert not reaches(free)
    assert admin.get("/server")["state"] == "ready", "the UNIX socket stays"


def test_settings_of_modules_are_taken_when_they_are_reloaded(configured):
    uri = "urn:fulcra:module:template"
    admin = configured(settings={uri: {"greeting": "Hello"}})
    assert admin.server.get("/template/greet/you").text.startswith("Hello")
    admin.write(settings={uri: {"greeting": "Ahoy"}})
    report = admin.json("reload")
    assert report["modules"] == [uri] and report["changed"] == report["restart"] == []
    assert admin.server.get("/template/greet/you").text.startswith("Hello")
    admin.text("module", "reload", "template")
    assert admin.server.get("/template/greet/you").text.startswith("Ahoy")

    admin.write(settings={uri: {"greting": "Ahoy"}})
    admin.text("reload")
    result = admin("module", "reload", "template")
    assert result.returncode == 1 and "greting" in result.stderr
    del admin.config["settings"]
    admin.write()
    assert f"settings of {uri}: taken by" in admin.text("reload")
    admin.text("module", "reload", "template")
    assert "Ahoy" not in admin.server.get("/template/greet/you").text


def test_sighup(configured):
    admin = configured()
    admin.write(logLevel="debug")
    admin.server.process.send_signal(signal.SIGHUP)
    admin.server.wait_log(r"info SIGHUP: logLevel \(debug, was info\)")
    admin.file.write_text("nonsense")
    admin.server.process.send_signal(signal.SIGHUP)
    admin.server.wait_log(r"error SIGHUP: nothing has changed: .*fulcra\.json:1:1")
    assert admin.get("/server")["state"] == "ready"


def test_many_reloads_under_load(configured, size):
    admin = configured()
    with admin.server.socket("/demo/echo") as client:
        for number in range(size(30, 300)):
            admin.write(websocket={"maxMessage": f"{1000 + number}B"},
                        listen=["127.0.0.1:0"] * (1 + number % 3))
            assert admin.request("PUT", "/configuration").status == 200
            client.send(TEXT, b"%d" % number)
            assert client.receive() == (TEXT, b"%d" % number)
        client.close()
    wait_for(lambda: admin.get("/server")["sockets"] == 0)
