# SPDX-License-Identifier: MIT
"""A watched folder whose module is replaced by variants of itself.

    life = Life(tmp_path)                  # modules.d/life: variant 1
    server = serve("--watch", life.watched, config={})
    life.write("2 helper")                 # the next build
    life.await_replaced(server)
    life.write("9 crash-constructor")
    life.await_failure(server, "its constructors crash")
"""

import json
import os
import re
import shutil

from client import BUILD, wait_for

BUILT = f"{BUILD}/stage/tests/modules/life"
MARK = b"variant: 1  "
SIZE = 63


def definition(version="1.0.0", paths=("talk", "work"), entries=(), **keys):
    endpoints = [{"id": name, "grammar": f"res:/life/{name}"}
                 for name in ("count", "number", "held", "release", "boxed")]
    endpoints += [{"id": name, "grammar": f"ws:/life/{name}"} for name in paths]
    return {"uri": "urn:test:life", "version": version, "library": "life.so", **keys,
            "spaces": [{"uri": "urn:test:life", "public": True, "attach": "front",
                        "endpoints": [*endpoints, *entries]}]}


def code(words):
    with open(f"{BUILT}/life.so", "rb") as file:
        data = file.read()
    at = data.index(MARK)
    return data[:at] + f"variant: {words}".encode().ljust(SIZE) + data[at + SIZE:]


def put(path, data):
    """Written aside and renamed into place, as build tools do."""
    with open(f"{path}.new", "wb") as file:
        file.write(data)
    os.replace(f"{path}.new", path)


class Life:
    def __init__(self, folder, words="1", **keys):
        self.watched = folder / "modules.d"
        self.folder = self.watched / "life"
        self.folder.mkdir(parents=True)
        self.seen = 0
        self.write(words)
        self.define(**keys)

    def write(self, words):
        put(self.folder / "life.so", code(words))

    def define(self, **keys):
        put(self.folder / "module.json", json.dumps(definition(**keys)).encode())

    def _await(self, server, pattern):
        """What the log says next that fits."""
        compiled = re.compile(pattern, re.S)
        found = wait_for(lambda: compiled.search(server.log(), self.seen),
                         what=f"{pattern!r} in {server.log_path}")
        self.seen = found.end()
        return found

    def await_replaced(self, server):
        return self._await(server, r"module urn:test:life \S+: replaced by the "
                                   r"watched folder[^\n]*")[0]

    def await_unloaded(self, server):
        return self._await(server, r"module urn:test:life \S+: unloaded[^\n]*")[0]

    def await_failure(self, server, said):
        return self._await(server, r"change by the watched folder failed: [^\n]*"
                                   + re.escape(said))[0]

    def remove(self):
        shutil.rmtree(self.folder)


def number(server):
    return int(server.get("/life/number").text)
