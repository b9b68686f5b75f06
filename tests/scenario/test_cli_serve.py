# SPDX-License-Identifier: MIT
"""Starting, stopping, and what is said meanwhile."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import threading
import urllib.request

import pytest

from client import BUILD, CLOSE, PATIENCE, TEXT, Refused

LINE = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (error|warning|info|debug) .+"


def module(folder, **definition):
    """A module without code in folder: files in www/ at /NAME/."""
    name = folder.name
    (folder / "www").mkdir(parents=True, exist_ok=True)
    (folder / "www" / "index.html").write_text(f"<title>{name}</title>")
    (folder / "module.json").write_text(json.dumps({
        "uri": f"urn:test:{name}", "version": "1.0.0",
        "spaces": [{"uri": f"urn:test:{name}", "public": True, "attach": "front",
                    "endpoints": [{"fileset": {
                        "grammar": f"res:/{name}/{{path*}}", "root": "www"}}]}],
        **definition}))
    return folder


def test_every_log_line_has_its_form(serve):
    server = serve()
    server.get("/nothing-here")
    server.stop()

    lines = server.log().splitlines()
    assert lines
    for line in lines:
        assert re.fullmatch(LINE, line), line


def test_the_log_says_versions_and_limits(serve):
    server = serve()

    server.wait_log(r"info fulcra \d+\.\d+\.\d+: \d+ modules, \d+ loops, \d+ descriptors")


def test_descriptor_limit_is_raised(serve):
    server = serve()

    with open(f"/proc/{server.process.pid}/limits") as file:
        soft, hard = re.search(r"Max open files +(\d+) +(\d+)", file.read()).groups()
    assert soft == hard


def test_log_level(serve):
    server = serve("--log-level", "error")
    server.stop()

    assert server.log() == ""


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it(serve, sig):
    server = serve()
    server.stop(sig)

    assert server.log().splitlines()[-1].endswith(" info stopped")


def test_sockets_are_closed_with_1001(serve):
    server = serve()
    with server.socket("/demo/echo") as client:
        server.process.send_signal(signal.SIGTERM)
        assert client.receive_close()[0] == 1001
        client.send(CLOSE, (1001).to_bytes(2, "big"))
    assert server.process.wait(PATIENCE) == 0


def test_a_second_signal_ends_it_at_once(serve):
    server = serve("--set", "websocket.stopTimeout=1h",
                   "--set", "websocket.closeTimeout=1h")
    with server.socket("/demo/echo"):  # that never answers the Close
        server.process.send_signal(signal.SIGTERM)
        server.wait_log("SIGTERM: stopping")
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(PATIENCE) == -signal.SIGTERM
    server.stopped = True


def test_stop_under_load(serve, size):
    """Requests that are read while the last ones are answered are refused."""
    def load(server, begun):
        request = b"GET /demo/hello/ HTTP/1.1\r\nHost: x\r\n\r\n"
        with contextlib.suppress(OSError), server.connect() as tcp:
            tcp.sendall(request)
            tcp.recv(65536)
            begun.wait()
            while not server.stopped or tcp.recv(65536):
                tcp.sendall(request)

    for _ in range(size(5, 50)):
        server = serve("--loops", "2")
        begun = threading.Barrier(17)
        threads = [threading.Thread(target=load, args=[server, begun])
                   for _ in range(16)]
        for thread in threads:
            thread.start()
        begun.wait()
        server.stop()
        for thread in threads:
            thread.join()


def test_port_0_picks_one(serve):
    server = serve(listen=["127.0.0.1:0", "localhost:0"])

    assert all(int(url.rsplit(":", 1)[1]) > 0 for url in server.urls)
    assert server.urls[1].startswith("http://localhost:")


def test_ipv6(serve):
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 here")
    assert serve(listen=["[::1]:0"]).url.startswith("http://[::1]:")


def test_port_in_use(fulcra):
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        result = fulcra("serve", "--playground", "--listen", address)

    assert result.returncode == 1
    assert result.stdout == ""
    assert address in result.stderr
    assert re.search(r"--listen 127\.0\.0\.1:\d+", result.stderr), "what to type instead"


def test_nowhere_to_listen(fulcra, tmp_path):
    path = tmp_path / "fulcra.json"
    path.write_text('{"listen": []}')
    result = fulcra("serve", "--config", str(path))

    assert result.returncode == 1
    assert f"{path}:1:12: " in result.stderr


def test_an_address_that_is_not_ours(fulcra):
    result = fulcra("serve", "--playground", "--listen", "192.0.2.1:0")

    assert result.returncode == 1
    assert "192.0.2.1" in result.stderr


@contextlib.contextmanager
def started(*args, **environment):
    """The process of `fulcra serve`, with nothing added to what is given."""
    process = subprocess.Popen(
        [f"{BUILD}/fulcra", "serve", *args], env={**os.environ, **environment},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.stdout.close()
        process.stderr.close()


def test_environment_says_where_to_listen():
    with started("--playground", FULCRA_LISTEN="127.0.0.1:0") as process:
        line = process.stdout.readline()
    assert re.fullmatch(r"listening on http://127\.0\.0\.1:[1-9]\d*\n", line)


def test_configuration_file(tmp_path):
    module(tmp_path / "a")
    path = tmp_path / "fulcra.json"
    path.write_text(json.dumps(
        {"listen": "127.0.0.1:0", "modules": "a", "loops": 1}))
    with started("--config", str(path)) as process:
        url = process.stdout.readline().split()[-1]
        with urllib.request.urlopen(f"{url}/a/") as answer:
            assert answer.read() == b"<title>a</title>"
        assert "1 modules, 1 loops" in process.stderr.readline()


def test_nothing_to_serve_is_said():
    with started("--listen", "127.0.0.1:0") as process:
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert "nothing to serve" in process.stderr.read()


def test_a_playground_for_everybody_is_warned_of(serve):
    server = serve(listen=["0.0.0.0:0"])
    server.wait_log(r"warning a playground on 0\.0\.0\.0:0")


@pytest.mark.parametrize("policy,origin,refused", [
    ("same", "https://example.org", True),
    ("https://example.org", "https://example.org", False),
    ("https://example.org", "http://example.org", True),
    ("https://a.example,https://b.example", "https://b.example", False),
    ("any", "https://example.org", False),
])
def test_whose_pages_may_open_sockets(serve, policy, origin, refused):
    server = serve("--set", f"http.origin={policy}")
    if refused:
        with pytest.raises(Refused) as error:
            server.socket("/demo/echo", {"Origin": origin})
        assert error.value.status == 403
        server.wait_log("example.org")
    else:
        server.socket("/demo/echo", {"Origin": origin}).close()


def test_limits_are_settings(serve):
    server = serve("--set", "websocket.maxMessage=100B", "--set", "http.maxBody=10B")
    with server.socket("/demo/echo") as client:
        client.send(TEXT, b"x" * 101)
        assert client.receive_close()[0] == 1009
    assert server.request("PUT", "/demo/hello/you", body="x" * 11).status == 413


def test_a_folder_of_modules(serve, tmp_path):
    for name in "ab":
        module(tmp_path / "all" / name)
    server = serve(modules=[tmp_path / "all"])

    for name in "ab":
        assert server.get(f"/{name}/").text == f"<title>{name}</title>"


@pytest.mark.parametrize("definition,says", [
    ('{"uri": 5}', r"module\.json:1:9: "),
    ('{', r"module\.json:1:2: "),
])
def test_a_wrong_definition_stops_the_start(fulcra, tmp_path, definition, says):
    folder = module(tmp_path / "bad")
    (folder / "module.json").write_text(definition)
    result = fulcra("serve", "--listen", "127.0.0.1:0", "--modules", str(folder))

    assert result.returncode == 1
    assert result.stdout == ""
    assert re.search(says, result.stderr), result.stderr

    result = fulcra("check", str(folder))
    assert result.returncode == 1
    assert re.search(says, result.stderr), result.stderr


def test_check_of_a_folder_of_modules_names_each(fulcra, tmp_path):
    for name in "abc":
        module(tmp_path / name)
    (tmp_path / "b" / "module.json").write_text("{}")
    result = fulcra("check", str(tmp_path))

    assert result.returncode == 1
    assert result.stdout == f"{tmp_path}/a: fine\n{tmp_path}/c: fine\n"
    assert f"{tmp_path}/b/module.json:1:1: " in result.stderr


def test_missing_module_folder(fulcra):
    result = fulcra("serve", "--listen", "127.0.0.1:0", "--modules", "/nonexistent")

    assert result.returncode == 1
    assert "/nonexistent" in result.stderr


def test_check_finds_all_that_comes_with_the_server_fine(fulcra):
    result = fulcra("check", "--playground")

    assert result.returncode == 0, result.stderr


def test_a_message_cannot_make_log_lines(serve):
    server = serve()
    path = "/x%0d%0a2026-01-01T00:00:00.000Z%20info%20forged%1b[31m%e2%80%a8"
    server.get(path)
    with server.connect() as tcp:
        tcp.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nOrigin: http://a\x1b[2J\r\n\r\n")
        tcp.recv(1000)
    with pytest.raises(Refused):
        server.socket("/demo/echo", {"Origin": "http://foreign.example"})
    server.stop()

    for line in server.log().splitlines():
        assert re.fullmatch(LINE, line), line
        assert "\x1b" not in line and "\u2028" not in line
        assert not line.startswith("2026-01-01T00:00:00.000Z")


def test_a_reader_of_standard_output_may_go_away():
    with started("--playground", "--listen", "127.0.0.1:0") as process:
        url = process.stdout.readline().split()[-1]
        process.stdout.close()
        with urllib.request.urlopen(f"{url}/demo/hello/you") as answer:
            assert answer.status == 200
