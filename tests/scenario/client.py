# SPDX-License-Identifier: MIT
"""A server to test, and clients that can misbehave.

    server = serve()                                  # the playground
    server = serve("--loops", "2", modules=[folder])  # these modules only
    server.get("/demo/hello/you").text
    server.exchange(b"GARBAGE\\r\\n\\r\\n")            # raw bytes, raw answer
    with server.socket("/demo/echo") as socket:       # a WebSocket, frame by frame
        socket.send(TEXT, b"hello")
        assert socket.receive() == (TEXT, b"hello")

For well-behaved WebSockets use Debian's websockets: `async def test_x(serve)`
and `websockets.connect(server.ws("/demo/echo"))`.
"""

import base64
import contextlib
import http.client
import json
import os
import queue
import re
import signal
import socket
import struct
import subprocess
import threading
import time

BUILD = os.environ["FULCRA_BUILDDIR"]
SANITIZED = os.environ.get("FULCRA_SANITIZERS", "no") != "no"
VALGRIND = os.environ.get("FULCRA_VALGRIND", "").split()
PATIENCE = 120 if VALGRIND else 60 if SANITIZED else 20

REPORTS = re.compile(
    r"(ERROR|WARNING): \w*Sanitizer|runtime error: |^==\d+== .*(lost|Invalid)", re.M)

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


class Response:
    def __init__(self, raw):
        self.status, self.reason, self.headers = raw.status, raw.reason, raw.headers
        self.body = raw.read()

    @property
    def text(self):
        return self.body.decode()

    def json(self):
        return json.loads(self.body)


class Server:
    """`fulcra serve`, up when the constructor returns.

    playground: serve all modules and demos of the build tree
    modules:    folders for --modules instead of the playground
    config:     a dict (or text) for --config instead of the playground
    listen:     addresses; a port 0 picks a free one
    announced:  how many listeners there are where listen is empty
    """

    def __init__(self, *args, name="server", folder=None, playground=None,
                 modules=(), config=None, listen=("127.0.0.1:0",), announced=1, env=None):
        command = [*VALGRIND, f"{BUILD}/fulcra", "serve"]
        if playground if playground is not None else not modules and config is None:
            command.append("--playground")
        if config is not None:
            path = f"{folder}/{name}.json"
            with open(path, "w") as file:
                file.write(config if isinstance(config, str) else json.dumps(config))
            command += ["--config", path]
        for module in modules:
            command += ["--modules", str(module)]
        for address in listen:
            command += ["--listen", address]

        os.makedirs(f"{BUILD}/tests/output", exist_ok=True)
        self.log_path = f"{BUILD}/tests/output/{name}.log"
        self.stopped = False
        self.lines = queue.Queue()
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [*command, *args], stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=log, text=True,
                env={**os.environ, **(env or {})})
        threading.Thread(target=self._read_stdout, daemon=True).start()
        self.urls = [self._await_listener() for _ in listen or range(announced)]
        self.url = self.urls[0]
        self.host, port = self.url.removeprefix("http://").rsplit(":", 1)
        self.port = int(port)

    def _read_stdout(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def _await_listener(self):
        try:
            line = self.lines.get(timeout=PATIENCE)
        except queue.Empty:
            line = "silence"
        found = re.fullmatch(r"listening on (http://\S+:\d+)", line or "the end")
        if not found:
            self.process.kill()
            raise AssertionError(
                f"no 'listening on', but {line!r}; standard error:\n{self.log()}")
        return found[1]

    # What it says and how it ends

    def log(self):
        with open(self.log_path, errors="replace") as file:
            return file.read()

    def wait_log(self, pattern, timeout=PATIENCE):
        """The match of pattern in the log, as soon as it is there."""
        return wait_for(lambda: re.search(pattern, self.log()), timeout,
                        f"{pattern!r} in {self.log_path}")

    def rss(self):
        """Resident memory in bytes."""
        with open(f"/proc/{self.process.pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def stop(self, sig=signal.SIGTERM):
        """Stop it, and insist that it ends well."""
        if self.stopped:
            return
        self.stopped = True
        if self.process.poll() is None:
            self.process.send_signal(sig)
        try:
            status = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = "SIGKILL, it did not stop"
        log = self.log()
        assert status == 0, f"the server ended with {status}:\n{log[-4000:]}"
        assert not REPORTS.search(log), f"the server reports:\n{log[-8000:]}"

    def load(self, mode, *options):
        """Thousands of sockets: tests/bench/load; its figures as a dict."""
        result = subprocess.run(
            [f"{BUILD}/tests/bench/load", "-P", str(self.port),
             "-p", str(self.process.pid), *map(str, options), mode],
            capture_output=True, text=True)
        assert result.returncode == 0, result.stdout + result.stderr
        return json.loads(result.stdout)

    # HTTP

    def request(self, method, path, body=None, headers={}, timeout=PATIENCE):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        with contextlib.closing(connection):
            connection.request(method, path, body, headers)
            return Response(connection.getresponse())

    def get(self, path, headers={}, **options):
        return self.request("GET", path, headers=headers, **options)

    def connect(self, timeout=PATIENCE):
        """A connected TCP socket."""
        return socket.create_connection((self.host, self.port), timeout)

    def exchange(self, data, timeout=PATIENCE):
        """Send bytes, return all that comes back until the server closes; a
        request that is in order needs "Connection: close" for that."""
        with self.connect(timeout) as tcp:
            tcp.sendall(data)
            return b"".join(iter(lambda: tcp.recv(65536), b""))

    # WebSockets

    def ws(self, path):
        return f"ws://{self.host}:{self.port}{path}"

    def socket(self, path, headers={}, timeout=PATIENCE):
        return Socket(self, path, headers, timeout)


class Refused(Exception):
    """No 101: .head is the answer's head, .status its code."""

    def __init__(self, head):
        super().__init__(head)
        self.head, self.status = head, int(head.split(" ")[1])


class Socket:
    """A WebSocket client that sends what it is told, valid or not."""

    def __init__(self, server, path, headers={}, timeout=PATIENCE):
        self.tcp = server.connect(timeout)
        self.buffer = b""
        headers = {"Host": f"{server.host}:{server.port}", "Connection": "Upgrade",
                   "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
                   "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
                   **headers}
        lines = [f"GET {path} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in headers.items()
                  if value is not None]
        self.tcp.sendall("\r\n".join([*lines, "", ""]).encode())
        while b"\r\n\r\n" not in self.buffer:
            self._more()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        self.head = head.decode()
        if not self.head.startswith("HTTP/1.1 101 "):
            self.tcp.close()
            raise Refused(self.head)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.tcp.close()

    def _more(self):
        data = self.tcp.recv(65536)
        if not data:
            raise EOFError("the server closed the connection")
        self.buffer += data

    def _take(self, count):
        while len(self.buffer) < count:
            self._more()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def send(self, opcode, payload=b"", **options):
        self.tcp.sendall(frame(opcode, payload, **options))

    def receive_frame(self):
        """(final, reserved bits, opcode, payload) of the next frame."""
        first, second = self._take(2)
        length = second & 0x7f
        if length == 126:
            length, = struct.unpack(">H", self._take(2))
        elif length == 127:
            length, = struct.unpack(">Q", self._take(8))
        assert not second & 0x80, "a server must not mask"
        return bool(first & 0x80), first >> 4 & 7, first & 15, self._take(length)

    def receive(self):
        """(opcode, payload) of the next message or control frame."""
        final, _, opcode, payload = self.receive_frame()
        while not final:
            final, _, _, more = self.receive_frame()
            payload += more
        return opcode, payload

    def receive_close(self):
        """(code, reason) of the Close that comes next; then the end."""
        opcode, payload = self.receive()
        assert opcode == CLOSE, (opcode, payload)
        if not payload:
            return 1005, ""
        return struct.unpack(">H", payload[:2])[0], payload[2:].decode()

    def close(self, code=1000, reason=""):
        """The closing handshake, begun by us."""
        self.send(CLOSE, struct.pack(">H", code) + reason.encode())
        while self.receive()[0] != CLOSE:
            pass
        self.tcp.close()


def frame(opcode, payload=b"", final=True, reserved=0, mask=b"\x11\x22\x33\x44",
          length=None, width=None):
    """The bytes of a frame. mask=None leaves it out; length and width (7, 16 or
    64 bits) override what the payload says, to make what is not allowed."""
    length = len(payload) if length is None else length
    width = width or (7 if length < 126 else 16 if length < 65536 else 64)
    masked = 0x80 if mask else 0
    head = bytes([final << 7 | reserved << 4 | opcode])
    if width == 7:
        head += bytes([masked | length])
    elif width == 16:
        head += bytes([masked | 126]) + struct.pack(">H", length)
    else:
        head += bytes([masked | 127]) + struct.pack(">Q", length)
    if not mask:
        return head + payload
    key = mask * (len(payload) // 4 + 1)
    number = int.from_bytes(payload, "big") ^ int.from_bytes(key[:len(payload)], "big")
    return head + mask + number.to_bytes(len(payload), "big")


def wait_for(probe, timeout=PATIENCE, what="the condition"):
    """What probe() returns, as soon as it is true."""
    end = time.monotonic() + timeout
    while not (result := probe()):
        assert time.monotonic() < end, f"waited {timeout} s in vain for {what}"
        time.sleep(0.01)
    return result
