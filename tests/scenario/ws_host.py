# SPDX-License-Identifier: MIT
"""tests/unit/ws-host as a server to test: the transport and C endpoints.

    host = ws_host("queue=2", loops=2)
    with host.socket("/log/a") as socket: ...
    host.wait_events("a DELETE 1000  gone")
"""

import os
import queue
import re
import subprocess
import threading

import pytest

from client import BUILD, Server, wait_for


class Host(Server):
    def __init__(self, *limits, name="ws-host", loops=1):
        os.makedirs(f"{BUILD}/tests/output", exist_ok=True)
        self.log_path = f"{BUILD}/tests/output/{name}.log"
        self.stopped = False
        self.lines = queue.Queue()
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [f"{BUILD}/tests/unit/ws-host", str(loops), *limits],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True)
        threading.Thread(target=self._read_stdout, daemon=True).start()
        self.url = self._await_listener()
        self.urls = [self.url]
        self.host, port = self.url.removeprefix("http://").rsplit(":", 1)
        self.port = int(port)

    def stats(self):
        return {name: int(value) for name, value in
                (line.split() for line in self.get("/stats").text.splitlines())}

    def events(self, name):
        """What happened to the sockets of that name, in order."""
        return [line.split(" ", 1)[1].rstrip() for line in self.get("/events").text.splitlines()
                if line.startswith(name + " ")]

    def wait_events(self, name, *expected):
        wait_for(lambda: self.events(name) == list(expected),
                 what=f"{expected}, not {self.events(name)}")

    def wait_stat(self, name, value):
        wait_for(lambda: self.stats()[name] == value,
                 what=f"{name} {value}, not {self.stats()[name]}")


@pytest.fixture
def ws_host(request):
    hosts = []

    def start(*limits, **options):
        name = re.sub(r"\W+", "-", request.node.nodeid.split("/")[-1].replace(".py", ""))
        hosts.append(Host(*limits, name=f"{name}-{len(hosts)}", **options))
        return hosts[-1]

    yield start
    for host in hosts:
        host.stop()


@pytest.fixture(scope="module")
def host(request):
    host = Host(name=request.node.name.split("/")[-1].replace(".py", ""), loops=2)
    yield host
    host.stop()
    final = dict(line.split() for line in host.log().splitlines()
                 if re.fullmatch(r"[a-z_]+ -?\d+", line))
    assert final["news"] == final["deletes"], "every NEW has one DELETE"
    assert final["sockets"] == "0"
