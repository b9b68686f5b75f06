# SPDX-License-Identifier: MIT
"""Under a service manager: what it is told, and sockets that it made."""

import contextlib
import os
import re
import shutil
import socket
import subprocess

import pytest

from admin import Admin
from client import BUILD, PATIENCE, wait_for


@pytest.fixture(autouse=True)
def can_notify(can_serve):
    libraries = subprocess.run(["ldd", f"{BUILD}/fulcra"], capture_output=True, text=True)
    if "libsystemd" not in libraries.stdout:
        pytest.skip("built without libsystemd")


@pytest.fixture
def notices(tmp_path):
    """A NOTIFY_SOCKET; notices() is the next message."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"{tmp_path}/notify")
        manager.settimeout(PATIENCE)
        yield lambda: manager.recv(4096).decode()


def test_it_says_when_it_is_ready_reloads_and_stops(serve, fulcra, tmp_path, notices):
    admin = Admin(serve("--admin", f"{tmp_path}/a",
                        env={"NOTIFY_SOCKET": f"{tmp_path}/notify"}),
                  tmp_path / "a", fulcra)
    assert notices() == "READY=1"
    admin.text("reload")
    assert re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=\d+", notices())
    assert notices() == "READY=1"
    admin.server.stop()
    assert notices() == "STOPPING=1"


def test_a_drain_stops_it_too(serve, fulcra, tmp_path, notices):
    admin = Admin(serve("--admin", f"{tmp_path}/a",
                        env={"NOTIFY_SOCKET": f"{tmp_path}/notify"}),
                  tmp_path / "a", fulcra)
    assert notices() == "READY=1"
    admin.text("drain", "--over", "0s")
    assert notices() == "STOPPING=1"
    admin.server.stop()  # the manager's SIGTERM is no second one


def test_the_watchdog_is_fed(serve, tmp_path, notices):
    serve(env={"NOTIFY_SOCKET": f"{tmp_path}/notify", "WATCHDOG_USEC": "200000"})
    assert notices() == "READY=1"
    for _ in range(5):
        assert notices() == "WATCHDOG=1"


def test_without_a_manager_nothing_is_said(serve):
    server = serve(env={"WATCHDOG_USEC": "100000"})
    server.stop()


@contextlib.contextmanager
def handed_over(names, sockets, *args):
    """fulcra serve with sockets as the manager hands them over."""
    script = ('import os, sys; os.environ["LISTEN_PID"] = str(os.getpid()); '
              'os.execv(sys.argv[1], sys.argv[1:])')
    high = [os.dup(one.fileno()) for one in sockets]

    def arrange():
        kept = [os.dup2(fd, 100 + index) for index, fd in enumerate(high)]
        for index, fd in enumerate(kept):
            os.dup2(fd, 3 + index)

    process = subprocess.Popen(
        ["/usr/bin/python3", "-c", script, f"{BUILD}/fulcra", "serve", "--playground",
         *args],
        env={**os.environ, "LISTEN_FDS": str(len(sockets)),
             "LISTEN_FDNAMES": ":".join(names)},
        pass_fds=[3 + index for index in range(len(sockets))], preexec_fn=arrange,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.terminate()
        assert process.wait(PATIENCE) == 0, process.stderr.read()
        process.stdout.close()
        process.stderr.close()
        for fd in high:
            os.close(fd)


def get(port, path):
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as tcp:
        tcp.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        return b"".join(iter(lambda: tcp.recv(65536), b"")).decode()


def test_sockets_that_are_handed_over(fulcra, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as web, \
            socket.create_server(("127.0.0.1", 0)) as monitor, \
            socket.socket(socket.AF_UNIX) as own:
        own.bind(f"{tmp_path}/a")
        own.listen()
        ports = [one.getsockname()[1] for one in (web, monitor)]
        with handed_over(["http", "monitor", "admin"], [web, monitor, own],
                         "--listen", "127.0.0.1:1") as process:
            assert process.stdout.readline() == \
                f"listening on http://127.0.0.1:{ports[0]}\n"
            assert "Hello, you" in get(ports[0], "/demo/hello/you")
            assert " 404 " in get(ports[0], "/metrics").splitlines()[0]
            assert "ready\n" in get(ports[1], "/health/ready")
            assert " 404 " in get(ports[1], "/demo/hello/you").splitlines()[0]
            admin = Admin(None, f"{tmp_path}/a", fulcra)
            assert admin.get("/server")["listeners"] == [f"http://127.0.0.1:{ports[0]}"]
            report = admin.json("reload")
            assert report["changed"] == []
        assert os.path.exists(f"{tmp_path}/a"), "it is the manager's"


def test_what_is_no_listener_is_closed(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as web, \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.bind(("127.0.0.1", 0))
        with handed_over(["http", "odd"], [web, datagrams]) as process:
            assert process.stdout.readline().startswith("listening on")
            fds = f"/proc/{process.pid}/fd"
            wait_for(lambda: not any(
                os.path.exists(f"{fds}/{fd}") and
                os.readlink(f"{fds}/{fd}") == f"socket:[{os.fstat(datagrams.fileno()).st_ino}]"
                for fd in os.listdir(fds)))


def test_the_unit_is_in_order(tmp_path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd-analyze")
    for name in "fulcra.service", "fulcra.socket":
        with open(f"{os.environ['FULCRA_SRCDIR']}/doc/dist/{name}") as file:
            (tmp_path / name).write_text(file.read().replace("/usr/bin/fulcra",
                                                             f"{BUILD}/fulcra"))
    result = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", f"{tmp_path}/fulcra.service",
         f"{tmp_path}/fulcra.socket"], capture_output=True, text=True)
    assert "fulcra.s" not in result.stderr, result.stderr
