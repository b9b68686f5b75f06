# SPDX-License-Identifier: MIT
"""Ten thousand sockets: what is computed once, and what comes in order."""

import json
import os
import subprocess

import pytest

from admin import Admin
from client import BUILD, PATIENCE

CROWD = f"{BUILD}/stage/tests/modules/crowd"


class Listeners:
    """Sockets that only read: tests/bench/load."""

    def __init__(self, server, path, n):
        self.process = subprocess.Popen(
            [f"{BUILD}/tests/bench/load", "-P", str(server.port), "-u", path,
             "-c", str(n), "-t", "3600", "-w", "0", "listen"],
            stdout=subprocess.PIPE, text=True)

    def wait_everywhere(self):
        """The next message that has come to all."""
        line = self.process.stdout.readline()
        assert line, "load has ended"
        return json.loads(line)["everywhere"]

    def end(self):
        self.process.terminate()
        out, _ = self.process.communicate(timeout=PATIENCE)
        assert self.process.returncode == 0, out
        return json.loads(out.splitlines()[-1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


@pytest.mark.parametrize("loops", [1, 2])
def test_a_slow_resource_is_evaluated_once_for_all(serve, fulcra, size, tmp_path, loops):
    n = size(500, 10_000)
    path = tmp_path / "admin"
    server = serve("--loops", str(loops), "--admin", path, modules=[CROWD])
    admin = Admin(server, path, fulcra)

    def count():
        return int(server.get("/crowd/count").text)

    with Listeners(server, "/crowd", n) as listeners:
        assert listeners.wait_everywhere() == "0"
        assert count() == 1  # all at once, and one of them asked
        frames = admin.stat("frames")

        assert server.get("/crowd/change/20").text == "changed"
        news = [listeners.wait_everywhere()]
        if news[-1] != "20":
            news.append(listeners.wait_everywhere())
        # One more, by which whatever was still to come has come.
        assert server.get("/crowd/change/1").text == "changed"
        assert listeners.wait_everywhere() == "21"
        figures = listeners.end()

    assert news[-1] == "20"
    evaluated = 1 + len(news) + 1
    assert evaluated in (3, 4)
    assert count() == evaluated
    assert figures["counts"] == [n] * evaluated
    assert figures["least"] == figures["most"] == evaluated
    # One message, one frame, however many sockets it leaves by.
    assert admin.stat("frames") == frames + evaluated - 1


def cpu_ms(server, thread):
    """What the thread of that name has run."""
    for task in os.listdir(f"/proc/{server.process.pid}/task"):
        folder = f"/proc/{server.process.pid}/task/{task}"
        with open(f"{folder}/comm") as comm, open(f"{folder}/schedstat") as stat:
            if comm.read().strip() == thread:
                return int(stat.read().split()[0]) / 1e6
    raise AssertionError(f"no thread {thread}")


def test_two_loops_every_subscriber_gets_every_message_in_order(serve, size):
    server = serve("--loops", "2", "--playground")
    before = [cpu_ms(server, f"loop-{i}") for i in range(2)]
    # load checks the numbers of messages on each socket, and waits for the last.
    figures = server.load("fanout", "-u", "/topic/scale", "-U", "/topic/scale",
                          "-c", size(200, 10_000), "-W", 16, "-t", size(1, 10))
    assert figures["published"] > 16
    assert figures["bad"] == figures["lost"] == 0
    for i in range(2):
        assert cpu_ms(server, f"loop-{i}") > before[i]
