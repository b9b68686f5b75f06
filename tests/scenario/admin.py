# SPDX-License-Identifier: MIT
"""Asking a server's admin plane, as a command or as HTTP over its socket.

    admin = Admin(serve("--admin", path), path, fulcra)
    admin.get("/server")["state"]            # JSON, by HTTP
    admin("socket", "list")                  # a command: its result
    admin.json("resolve", "/demo/echo")      # a command with --json
"""

import contextlib
import http.client
import json
import socket

from client import PATIENCE, Response


class Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=PATIENCE)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Admin:
    def __init__(self, server, path, fulcra):
        self.server, self.path, self.fulcra = server, str(path), fulcra

    def request(self, method, path, headers={}):
        with contextlib.closing(Connection(self.path)) as connection:
            connection.request(method, path, headers=headers)
            return Response(connection.getresponse())

    def get(self, path):
        answer = self.request("GET", path)
        assert answer.status == 200, answer.text
        return answer.json()

    def stat(self, name):
        return {stat["name"]: stat["value"] for stat in self.get("/stats")["stats"]}[name]

    def __call__(self, *args, **options):
        return self.fulcra(*args, "--socket", self.path, **options)

    def text(self, *args):
        result = self(*args)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def json(self, *args):
        return json.loads(self.text(*args, "--json"))
