# SPDX-License-Identifier: MIT
"""The test module visitor, under a definition of the test's own, and a client
that keeps cookies as a browser does."""

import json
import re
import shutil

from client import BUILD, TEXT, Refused


def visitor(folder, endpoints, **space):
    """A module's folder: visitor.so with these entries in its space."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(f"{BUILD}/stage/tests/modules/visitor/visitor.so", folder)
    (folder / "module.json").write_text(json.dumps({
        "uri": "urn:test:visitor", "version": "1.0.0", "library": "visitor.so",
        "spaces": [{"uri": "urn:test:visitor", "public": True, "attach": "front",
                    "endpoints": endpoints, **space}]}, indent=1))
    return folder


PAGES = [
    {"id": "page", "grammar": "res:/visitor/do/{command}"},
    {"id": "form", "grammar": "res:/visitor/form"},
    {"id": "later", "grammar": "res:/visitor/later/{command}"},
    {"id": "socket", "grammar": "ws:/visitor/socket"},
]
COUNTS = {"id": "counts", "grammar": "res:/visitor/counts"}


def session(space=PAGES, **keys):
    return {"session": {"cookie": "visitor", "path": "/visitor", **keys,
                        "space": space}}


class Client:
    """One browser: what it asks with, and the cookies it has."""

    def __init__(self, server):
        self.server, self.cookies, self.set = server, {}, []

    def headers(self, more={}):
        cookie = "; ".join(f"{n}={v}" for n, v in self.cookies.items())
        return {**({"Cookie": cookie} if cookie else {}), **more}

    def take(self, lines):
        self.set = list(lines)
        for line in self.set:
            name, _, value = line.partition(";")[0].partition("=")
            if "max-age=0" in line.lower():
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value

    def request(self, method, path, body=None, headers={}):
        answer = self.server.request(method, path, body, self.headers(headers))
        self.take(answer.headers.get_all("Set-Cookie") or [])
        return answer

    def get(self, path, headers={}):
        return self.request("GET", path, headers=headers)

    def do(self, command, how="do"):
        """The answer to a command of the module visitor."""
        return self.get(f"/visitor/{how}/" + command.replace(" ", "."))

    def post(self, path, fields, headers={}):
        from urllib.parse import urlencode
        return self.request("POST", path, urlencode(fields), {
            "Content-Type": "application/x-www-form-urlencoded", **headers})

    def socket(self, path="/visitor/socket", command=None, headers={}):
        more = {"WS-Command": command} if command else {}
        try:
            socket = self.server.socket(path, self.headers({**more, **headers}))
        except Refused as refusal:
            self.take(re.findall(r"(?mi)^set-cookie: *(.*?)\r?$", refusal.head))
            raise
        self.take(re.findall(r"(?mi)^set-cookie: *(.*?)\r?$", socket.head))
        return socket


def tell(socket, command):
    """What the socket of the module visitor answers to a command."""
    socket.send(TEXT, command.encode())
    opcode, payload = socket.receive()
    assert opcode == TEXT, (opcode, payload)
    return payload.decode()
