# SPDX-License-Identifier: MIT
"""Overlays in front of endpoints that answer when they are told to.

    server = serve(modules=[module(tmp_path / "m", {"throttle": {...}})])
    one = ask(server, "/held/one")        # does not wait for the answer
    wait_inside(server, "SOURCE one")
    server.get("/release")
    assert one.answer() == (200, "SOURCE one")
"""

import json
import os
import re
import shutil

from client import wait_for

BUILD = os.environ["FULCRA_BUILDDIR"]

ENDPOINTS = [
    {"id": "held", "grammar": ["res:/held/{name}", "ws:/held/{name}"]},
    {"id": "plain", "grammar": ["res:/plain/{name}", "ws:/plain/{name}"]},
    {"id": "worker", "grammar": ["res:/worker/{name}", "ws:/worker/{name}"]},
]


def module(folder, *overlays):
    """A module with the overlays around each other, the outermost first."""
    entries = ENDPOINTS
    for overlay in reversed(overlays):
        (kind, keys), = overlay.items()
        entries = [{kind: {**keys, "space": entries}}]
    return definition(folder, [
        {"id": "release", "grammar": "res:/release"},
        {"id": "inside", "grammar": "res:/inside"}, *entries])


def definition(folder, entries):
    folder.mkdir()
    shutil.copy(f"{BUILD}/stage/tests/modules/held/held.so", folder)
    (folder / "module.json").write_text(json.dumps({
        "uri": "urn:test:held", "version": "1.0.0", "library": "held.so",
        "spaces": [{"uri": "urn:test:held", "public": True, "attach": "front",
                    "endpoints": entries}]}, indent=1))
    return folder


class Asked:
    """A request that is on its way."""

    def __init__(self, server, method, path, body=None, headers={}):
        self.tcp = server.connect()
        lines = [f"{method} {path} HTTP/1.1", f"Host: {server.host}:{server.port}",
                 "Connection: close", *[f"{k}: {v}" for k, v in headers.items()]]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        self.tcp.sendall("\r\n".join([*lines, "", body or ""]).encode())

    def answer(self):
        """(status, body), when it comes."""
        raw = b"".join(iter(lambda: self.tcp.recv(65536), b"")).decode()
        self.head, body = raw.split("\r\n\r\n", 1)
        return int(self.head.split(" ")[1]), body

    def go_away(self):
        self.tcp.close()


def ask(server, path, method="GET", body=None, headers={}):
    """Where the server has one loop, it knows of the request afterwards: its
    turn to look at connections comes before that of the second to follow."""
    asked = Asked(server, method, path, body, headers)
    inside(server), inside(server)
    return asked


def inside(server):
    return server.get("/inside").text.splitlines()


def wait_inside(server, *labels):
    wait_for(lambda: inside(server) == list(labels), what=f"{labels} inside")


def release(server):
    return server.get("/release").text


def wrong(fulcra, folder, *overlays):
    """What `fulcra check` says of it, line and column included."""
    result = fulcra("check", str(module(folder, *overlays)))
    assert result.returncode == 1, result.stdout
    assert re.search(r"module\.json:\d+:\d+: ", result.stderr), result.stderr
    return result.stderr
