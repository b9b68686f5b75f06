# SPDX-License-Identifier: MIT
"""The admin plane: who reaches it, and what can be seen there."""

import contextlib
import json
import os
import socket
import stat
import subprocess
import sys

import pytest

from admin import Admin
from client import BUILD, CLOSE, PATIENCE, TEXT, Refused, Server, wait_for


@pytest.fixture
def admin(serve, fulcra, tmp_path):
    return Admin(serve("--admin", f"{tmp_path}/a"), f"{tmp_path}/a", fulcra)


@pytest.fixture(scope="module")
def shared(can_serve, fulcra, tmp_path_factory):
    """One for all that is refused."""
    folder = tmp_path_factory.mktemp("shared")
    server = Server("--admin", f"{folder}/a", "--monitor", "127.0.0.1:0",
                    name="test_admin-shared", folder=folder)
    yield Admin(server, f"{folder}/a", fulcra)
    server.stop()


# The socket -----------------------------------------------------------------

def test_it_is_the_owners_alone(admin):
    assert stat.S_IMODE(os.stat(admin.path).st_mode) == 0o600


def test_it_never_was_anybody_elses(serve, tmp_path):
    """Whatever the umask: the mode is right before there is a name."""
    before = os.umask(0)
    try:
        serve("--admin", f"{tmp_path}/a")
    finally:
        os.umask(before)
    assert stat.S_IMODE(os.stat(tmp_path / "a").st_mode) == 0o600


def test_it_goes_with_the_server(admin):
    admin.server.stop()

    assert not os.path.exists(admin.path)


def test_one_of_a_dead_server_is_replaced(serve, fulcra, tmp_path):
    first = serve("--admin", f"{tmp_path}/a")
    first.process.kill()
    first.process.wait()
    first.stopped = True
    assert (tmp_path / "a").exists()

    second = Admin(serve("--admin", f"{tmp_path}/a"), tmp_path / "a", fulcra)
    assert second.get("/server")["pid"] == second.server.process.pid


def test_one_of_a_live_server_is_not(admin, fulcra):
    result = fulcra("serve", "--playground", "--listen", "127.0.0.1:0",
                    "--admin", admin.path)

    assert result.returncode == 1
    assert admin.path in result.stderr and "is running there" in result.stderr
    assert admin.get("/server")["pid"] == admin.server.process.pid


def test_many_at_once_agree_on_one(fulcra, serve, tmp_path):
    """The socket of a dead server is there, and several want its place."""
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(f"{tmp_path}/a")
    dead.close()
    command = [f"{os.environ['FULCRA_BUILDDIR']}/fulcra", "serve", "--playground",
               "--listen", "127.0.0.1:0", "--admin", f"{tmp_path}/a"]
    servers = [subprocess.Popen(command, stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL, text=True)
               for _ in range(6)]
    try:
        up = [server for server in servers
              if server.stdout.readline().startswith("listening on")]
        assert len(up) == 1
        answer = Admin(None, f"{tmp_path}/a", fulcra).get("/server")
        assert answer["pid"] == up[0].pid
    finally:
        for server in servers:
            server.terminate()
            server.wait(PATIENCE)
            server.stdout.close()


@pytest.mark.parametrize("name,says", [
    ("file", "no socket"),
    ("nowhere/a", "folder"),
    ("x" * 120, "107 bytes"),
])
def test_a_place_that_cannot_be(fulcra, tmp_path, name, says):
    (tmp_path / "file").write_text("mine")
    result = fulcra("serve", "--playground", "--listen", "127.0.0.1:0",
                    "--admin", f"{tmp_path}/{name}")

    assert result.returncode == 1
    assert str(tmp_path) in result.stderr and says in result.stderr
    assert (tmp_path / "file").read_text() == "mine"


def test_by_default_it_is_in_the_runtime_folder(serve, fulcra, tmp_path):
    env = {"XDG_RUNTIME_DIR": str(tmp_path)}
    first = serve(env=env)
    assert (tmp_path / "fulcra.sock").is_socket()
    second = serve(env=env)
    second.wait_log("info no admin plane: .*is running there")

    result = fulcra("stat", "--json", env={**os.environ, **env})
    assert result.returncode == 0, result.stderr
    first.stop()
    assert not (tmp_path / "fulcra.sock").exists()


def test_off_is_none(serve, tmp_path):
    serve("--admin", "off", env={"XDG_RUNTIME_DIR": str(tmp_path)})

    assert list(tmp_path.glob("*.sock")) == []


AS_NOBODY = """
import os, socket, sys
os.setgroups([]); os.setgid(65534); os.setuid(65534)
client = socket.socket(socket.AF_UNIX)
try:
    client.connect(sys.argv[1])
except PermissionError:
    print("EACCES"); sys.exit()
try:
    client.sendall(b"GET /server HTTP/1.0\\r\\n\\r\\n")
except OSError:
    pass  # it was refused before that
answer = b""
try:
    while data := client.recv(65536):
        answer += data
except OSError:
    pass  # what it was sent is still there
print(answer.decode())
"""


@pytest.fixture
def as_nobody(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root can be somebody else")
    folder = tmp_path
    while folder != folder.parent:  # nobody must get as far as the socket
        if not os.stat(folder).st_mode & 0o001:
            os.chmod(folder, 0o711)
        folder = folder.parent

    def run(path):
        return subprocess.run([sys.executable, "-c", AS_NOBODY, path],
                              capture_output=True, text=True, check=True).stdout
    return run


def test_nobody_cannot_connect(admin, as_nobody):
    assert as_nobody(admin.path) == "EACCES\n"


def test_who_connects_is_logged(serve, fulcra, tmp_path):
    admin = Admin(serve("--admin", f"{tmp_path}/a", "--log-level", "debug"),
                  f"{tmp_path}/a", fulcra)
    admin.get("/server")
    admin.server.wait_log(f"debug uid {os.geteuid()} pid {os.getpid()} connects")


def test_nobody_is_refused_even_with_the_mode_changed(admin, as_nobody):
    os.chmod(admin.path, 0o666)

    assert as_nobody(admin.path).startswith("HTTP/1.1 403 ")
    admin.server.wait_log("warning refused uid 65534 pid [0-9]+ at a UNIX socket")
    assert admin.get("/server")["state"] == "ready"


# Nobody else reaches it -----------------------------------------------------

PATHS = ["/admin:/server", "//admin:/server", "/admin:server", "/admin/server",
         "/server", "/stats", "/../admin:/server", "/%61dmin:/server",
         "/admin%3A/server", "/admin%253A/server", "/res:/admin:/server",
         "/active:transrept+operand@admin:/server", "/demo/hello/+x@admin:/server",
         "/demo/hello/..;/admin:/server", "/metrics", "/health/live", "/health/ready",
         "/urn:fulcra:admin/server", "/server%00", "/server?space=urn:fulcra:admin"]


def telltale(text):
    return '"uptime_ms"' in text or "fulcra_build_info" in text or '"stats"' in text


@pytest.mark.parametrize("path", PATHS)
def test_no_path_leads_there(shared, path):
    server = shared.server
    for host in [f"{server.host}:{server.port}", "admin", "fulcra", "localhost",
                 "urn:fulcra:admin", shared.path]:
        for method in ["GET", "PUT", "DELETE", "POST", "OPTIONS"]:
            answer = server.exchange(
                f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n"
                "Connection: close\r\nContent-Length: 0\r\n\r\n".encode())
            assert not telltale(answer.decode(errors="replace"))
            if method != "OPTIONS" and path != "/demo/hello/+x@admin:/server":
                assert int(answer.split(b" ")[1]) >= 300, (method, host, answer)


@pytest.mark.parametrize("target", ["admin:/server", "http://admin/server",
                                    "admin:80", "*"])
def test_no_form_of_target_leads_there(shared, target):
    answer = shared.server.exchange(f"GET {target} HTTP/1.1\r\nHost: admin\r\n"
                                    "Connection: close\r\n\r\n".encode())

    assert answer.startswith(b"HTTP/1.1 4")
    assert not telltale(answer.decode())


@pytest.mark.parametrize("path", PATHS)
def test_no_websocket_leads_there(shared, path):
    with pytest.raises((Refused, EOFError)):
        shared.server.socket(path)


def test_a_message_is_no_way_either(admin):
    with admin.server.socket("/demo/echo") as client:
        for text in ["admin:/server", "active:cutExpiryKey+id@*"]:
            client.send(TEXT, text.encode())
            assert client.receive() == (TEXT, text.encode())


def spy(folder, *entries):
    """A module that tries to lead clients there."""
    folder.mkdir()
    (folder / "module.json").write_text(json.dumps({
        "uri": "urn:test:spy", "version": "1.0.0",
        "spaces": [{"uri": "urn:test:spy", "public": True, "attach": "front",
                    "endpoints": [*entries, {"mapper": {"map": [
                        {"grammar": "res:/spy/{name}", "request": "admin:/{name}"},
                        {"grammar": "res:/spied/{name}",
                         "request": "monitor:/{name}"}]}}]}]}))
    return folder


def test_a_module_cannot_lead_there(serve, tmp_path):
    server = serve("--admin", f"{tmp_path}/a", "--monitor", "127.0.0.1:0",
                   modules=[spy(tmp_path / "spy")])

    for path in ["/spy/server", "/spy/stats", "/spied/metrics", "/server"]:
        answer = server.get(path)
        assert answer.status == 404, answer.text
        assert not telltale(answer.text)


def test_a_module_cannot_import_it(fulcra, tmp_path):
    folder = spy(tmp_path / "spy", {"import": "urn:fulcra:admin"})
    result = fulcra("serve", "--listen", "127.0.0.1:0", "--admin", f"{tmp_path}/a",
                    "--modules", str(folder))

    assert result.returncode == 1
    assert "urn:fulcra:admin" in result.stderr


def test_nor_does_a_request_of_the_admins_carry_it_in(admin):
    answer = admin.request("PUT", "/request?identifier=admin:/server").json()

    assert answer["error"] == "unresolved"


# What there is --------------------------------------------------------------

def test_the_index_names_all(admin):
    resources = admin.get("/")["resources"]

    for resource in resources:
        assert resource["help"] and resource["path"].startswith("/")
        if resource["method"] == "GET" and "{" not in resource["path"] and not any(
                name.endswith("!") for name in resource["parameters"]):
            admin.get(resource["path"])


def test_the_guide_has_every_resource(admin):
    with open(f"{os.environ['FULCRA_SRCDIR']}/doc/guide/admin-plane.md") as file:
        guide = file.read()
    for resource in admin.get("/")["resources"]:
        assert f"`{resource['method']} {resource['path']}`" in guide, resource


@pytest.mark.parametrize("method,path,status,says", [
    ("GET", "/servr", 404, "did you mean admin:/server?"),
    ("GET", "/resolve", 400, "identifier is missing"),
    ("GET", "/resolve?identifer=res:/x", 400, "did you mean 'identifier'?"),
    ("GET", "/resolve?identifier=res:/x&verb=READ", 400, "SOURCE, SINK, NEW"),
    ("GET", "/resolve?identifier=nonsense", 400, "character"),
    ("GET", "/sockets?limit=many", 400, "limit: 'many' is not a whole number"),
    ("DELETE", "/sockets/x", 404, "no open socket has the id 'x'"),
    ("DELETE", "/cache?key=", 400, "the key is empty"),
])
def test_what_is_wrong_is_said(shared, method, path, status, says):
    answer = shared.request(method, path)

    assert answer.status == status
    assert answer.headers["Content-Type"].startswith("application/json")
    assert set(answer.json()) >= {"error", "message"}
    assert says in answer.json()["message"]


def test_nothing_is_kept_by_those_in_between(admin):
    assert admin.request("GET", "/server").headers["Cache-Control"] == "no-store"


def test_server(admin):
    server = admin.get("/server")

    assert server["state"] == "ready"
    assert server["listeners"] == admin.server.urls
    assert server["modules"] >= 9 and server["uptime_ms"] >= 0


def test_settings_in_force(serve, fulcra, tmp_path):
    admin = Admin(serve("--admin", f"{tmp_path}/a", "--set", "websocket.maxQueue=7"),
                  f"{tmp_path}/a", fulcra)
    settings = {setting["name"]: setting for setting in admin.get("/settings")["settings"]}

    assert settings["websocket.maxQueue"]["value"] == "7"
    assert settings["websocket.maxQueue"]["origin"] == "--set websocket.maxQueue"
    assert settings["listen"]["value"] == ["127.0.0.1:0"]


def test_stat(admin):
    for _ in range(3):
        admin.server.get("/demo/hello/you")
    before = admin.stat("http_requests")
    admin.server.get("/demo/hello/you")

    assert admin.stat("http_requests") >= before + 1
    assert "WebSockets open now" in admin.text("stat", "sockets")
    assert admin("stat", "sockts").returncode == 2
    assert "did you mean 'sockets'?" in admin("stat", "sockts").stderr


def test_space_tree(admin):
    text = admin.text("space", "tree", "hello")
    assert text.startswith("urn:fulcra:demo:hello\n")
    assert "endpoint hello res:/demo/hello/{name} SOURCE" in text

    spaces = admin.json("space", "tree")["spaces"]
    assert [space["uri"] for space in spaces] == sorted(space["uri"] for space in spaces)
    front = next(space for space in spaces if space["uri"] == "urn:fulcra:front")
    assert {"kind": "import", "private": False,
            "uri": "urn:fulcra:demo:echo"} in front["entries"]
    overlay = next(entry for space in spaces for entry in space["entries"]
                   if entry["kind"] == "overlay")
    assert overlay["entries"], "what it wraps is shown"


def test_a_short_name_must_be_clear(admin):
    result = admin("space", "tree", "helo")
    assert result.returncode == 1
    assert "did you mean 'hello'?" in result.stderr

    first, second = (admin.get(f"/spaces?space={name}")["spaces"][0]["uri"]
                     for name in ["demo:hello", "urn:fulcra:demo:hello"])
    assert first == second


def test_resolve_says_who_and_why_not(admin):
    answer = admin.json("resolve", "/demo/hello/you")
    assert answer["answered"] and answer["endpoint"] == "hello"
    steps = answer["steps"]
    assert steps[0] == {"kind": "space", "depth": 0, "name": "urn:fulcra:front",
                        "answers": False}
    assert steps[-1]["name"] == "hello" and steps[-1]["answers"]
    assert all(step.get("reason") for step in steps[:-1] if step["kind"] == "endpoint")

    result = admin("resolve", "/demo/hello/you", "--verb", "SINK")
    assert result.returncode == 1
    assert "hello (res:/demo/hello/{name}): matches, but does not answer SINK" \
        in result.stdout
    assert result.stdout.endswith("\nnothing answers SINK res:/demo/hello/you\n")

    text = admin.text("resolve", "ws:/demo/echo", "--verb", "new", "--in", "echo")
    assert text.startswith("space urn:fulcra:demo:echo\n")
    assert "echo (ws:/demo/echo): answers" in text


def test_request(admin):
    answer = admin.request("PUT", "/request?identifier=/demo/hello/you&trace=true").json()

    assert answer["text"] == "Hello, you" and answer["type"] == "text/plain"
    assert answer["requests"][0]["identifier"] == "res:/demo/hello/you"
    assert admin.request("PUT", "/request?identifier=/none").json()["error"] == "unresolved"


def test_sockets_are_listed_and_closed(admin):
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(admin.server.socket("/demo/echo"))
                   for _ in range(3)]
        sockets = wait_for(lambda: (found := admin.get("/sockets"))["matching"] == 3
                           and found["sockets"])
        assert {one["path"] for one in sockets} == {"/demo/echo"}
        assert all(one["state"] == "open" and one["address"] == "127.0.0.1"
                   for one in sockets)
        assert len(admin.get("/sockets?limit=2")["sockets"]) == 2
        assert admin.get("/sockets?path=/none")["matching"] == 0
        assert "3 in all" in admin.text("socket", "list")

        admin.text("socket", "close", sockets[0]["id"], "--code", "4000",
                   "--reason", "enough")
        closed = admin.server.wait_log(
            rf"info admin: socket close id={sockets[0]['id']} code=4000 "
            r"reason=enough, by uid \d+ pid \d+: done")
        assert closed
        wait_for(lambda: admin.get("/sockets?path=/demo/echo")["matching"] < 3 or
                 [one for one in admin.get("/sockets")["sockets"]
                  if one["state"] == "closing"])
        for one in sockets[1:]:
            admin.text("socket", "close", one["id"], "--code", "4000", "--reason", "enough")
        for client in clients:
            assert client.receive_close() == (4000, "enough")
            client.send(CLOSE, (4000).to_bytes(2, "big"))
    wait_for(lambda: admin.get("/sockets")["matching"] == 0)


def test_topics_are_listed_for_the_administrator_alone(admin):
    with admin.server.socket("/topic/listed") as socket:
        socket.send(TEXT, b"one")
        socket.receive()
        listed = {one["key"]: one for one in admin.get("/topics")["topics"]}
        assert listed["topic:listed"]["subscribers"] == 1
        assert listed["topic:listed"]["published"] == 1
        assert listed["topic:listed"]["published_at_ms"] > 0
    wait_for(lambda: {one["key"]: one["subscribers"] for one in
                      admin.get("/topics")["topics"]}["topic:listed"] == 0)
    assert admin.get("/topics?limit=0")["topics"] == []
    assert admin.server.get("/topics").status == 404


@pytest.mark.parametrize("code", ["999", "1005", "5000", "x"])
def test_a_close_code_must_be_one(admin, code):
    with admin.server.socket("/demo/echo"):
        sockets = wait_for(lambda: admin.get("/sockets")["sockets"])
        result = admin("socket", "close", sockets[0]["id"], "--code", code)
        assert result.returncode == 1 and result.stderr.count("\n") == 1
        assert admin.get("/sockets")["matching"] == 1


def test_cutting_a_key(admin):
    before = admin.stat("keys_cut")
    assert admin.text("cache", "expire", "stock:*") == "stock:*: cut\n"

    assert admin.stat("keys_cut") == before + 1
    assert admin.json("cache", "stat")["keys_cut"] == before + 1
    admin.server.wait_log(r"info admin: cache expire key=stock:\*, by uid \d+ pid \d+: done")


def test_the_cache_can_be_looked_into(serve, fulcra, tmp_path):
    admin = Admin(serve("--admin", f"{tmp_path}/a",
                        modules=[f"{BUILD}/stage/tests/modules/follow"]),
                  f"{tmp_path}/a", fulcra)
    assert admin.server.get("/follow/value/x").text == "none"
    assert admin.server.get("/follow/value/y").text == "none"
    listed = admin.json("cache", "list", "--match", "/value/")
    assert listed["matching"] == 2
    x = next(one for one in listed["entries"] if one["identifier"].endswith("/x"))
    assert x["verb"] == "SOURCE" and x["type"] == "text/plain" and x["bytes"] > 0
    assert x["keys"] == ["follow:x"] and not x["expired"] and x["cost_us"] >= 0

    admin.text("cache", "expire", "follow:x")
    entries = {one["identifier"][-1]: one["expired"]
               for one in admin.json("cache", "list", "--match", "/value/")["entries"]}
    assert entries == {"x": True, "y": False}
    assert admin.json("cache", "list", "--match", "no such thing")["matching"] == 0
    text = admin.text("cache", "list", "--limit", "1")
    assert "follow:" in text and text.endswith(" in all\n")


def test_no_server(fulcra, tmp_path):
    result = fulcra("stat", "--socket", f"{tmp_path}/none")

    assert result.returncode == 3
    assert f"no server answers at {tmp_path}/none" in result.stderr


def test_it_answers_while_all_workers_are_busy(serve, fulcra, tmp_path):
    """Looking in is for when things go wrong."""
    admin = Admin(serve("--admin", f"{tmp_path}/a", "--workers", "1", "--loops", "1"),
                  f"{tmp_path}/a", fulcra)
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            tcp = stack.enter_context(admin.server.connect())
            tcp.sendall(b"GET /demo/ HTTP/1.1\r\nHost: x\r\n\r\n" * 50)
        assert admin.get("/server")["state"] == "ready"


# Monitoring -----------------------------------------------------------------

def test_metrics_and_health(serve, fulcra, tmp_path):
    server = serve("--admin", f"{tmp_path}/a", "--monitor", "127.0.0.1:0")
    url = server.lines.get(timeout=PATIENCE)
    assert url.startswith("monitor on http://127.0.0.1:")
    server.host, server.port = "127.0.0.1", int(url.rsplit(":", 1)[1])

    metrics = server.get("/metrics")
    assert metrics.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "\n# TYPE fulcra_requests_total counter\nfulcra_requests_total " in metrics.text
    assert "\n# TYPE fulcra_sockets gauge\nfulcra_sockets 0\n" in metrics.text
    assert server.get("/health/live").status == 200
    assert server.get("/health/ready").text == "ready\n"
    for path in ["/", "/server", "/stats", "/sockets", "/spaces", "/request",
                 "/admin:/server", "/cache"]:
        for method in ["GET", "PUT", "DELETE"]:
            answer = server.request(method, path)
            assert answer.status in (404, 405), (method, path, answer.text)
    for name in ["/metrics", "/health/live", "/health/ready"]:
        assert Admin(server, f"{tmp_path}/a", fulcra).request("GET", name).status == 200


def test_metrics_are_as_prometheus_reads_them(serve, fulcra, tmp_path):
    admin = Admin(serve("--admin", f"{tmp_path}/a"), f"{tmp_path}/a", fulcra)
    described, values = {}, {}
    for line in admin.request("GET", "/metrics").text.splitlines():
        if line.startswith("# "):
            _, kind, name, rest = line.split(" ", 3)
            assert rest and (kind, name) not in described
            described[kind, name] = rest
        else:
            name, value = line.split(" ")
            values[name.split("{")[0]] = float(value)
    for name in values:
        assert ("HELP", name) in described
        kind = described["TYPE", name]
        assert kind in ("counter", "gauge")
        assert (kind == "counter") == name.endswith("_total")
    assert len(values) >= len(admin.get("/stats")["stats"])
