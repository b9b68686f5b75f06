# SPDX-License-Identifier: MIT
"""The overlay that writes a line for what clients ask."""

import json
import os
import re

import pytest

from client import TEXT, Refused, wait_for
from held import ask, module, release, wait_inside, wrong

LINE = re.compile(
    r'127\.0\.0\.1 - (?P<user>\S+) '
    r'\[\d\d/[A-Z][a-z][a-z]/\d{4}:\d\d:\d\d:\d\d \+0000\] '
    r'"(?P<request>[^"]*)" (?P<status>\d+) (?P<bytes>\d+|-) '
    r'"(?P<referer>(?:[^"\\]|\\.)*)" "(?P<agent>(?:[^"\\]|\\.)*)"')


class Log:
    def __init__(self, serve, tmp_path, *inner, **keys):
        self.folder = module(
            tmp_path / "m", {"log": {"file": "access.log", **keys}}, *inner)
        self.path = self.folder / "access.log"
        self.server = serve(modules=[self.folder])

    def lines(self, count):
        """The first lines, as soon as there are so many."""
        def read():
            found = self.path.read_text().splitlines() if self.path.exists() else []
            return len(found) >= count and found
        return wait_for(read, what=f"{count} lines in {self.path}")[:count]

    def matches(self, count):
        found = [LINE.fullmatch(line) for line in self.lines(count)]
        assert all(found), self.lines(count)
        return found

    def requests(self, count):
        return [(m["request"], int(m["status"]), m["bytes"]) for m in self.matches(count)]


def test_combined(serve, tmp_path):
    log = Log(serve, tmp_path)
    log.server.get("/plain/x?a=b%20c", {"Referer": "http://r/", "User-Agent": "test"})
    log.server.get("/plain/forbidden")
    log.server.request("PUT", "/plain/x", "new")
    log.server.get("/inside")  # not behind the log

    first, *_ = log.matches(3)
    assert (first["referer"], first["agent"], first["user"]) == ("http://r/", "test", "-")
    assert log.requests(3) == [
        ("GET /plain/x?a=b%20c HTTP/1.1", 200, "5"),
        ("GET /plain/forbidden HTTP/1.1", 403, "-"),
        ("PUT /plain/x HTTP/1.1", 204, "-")]


def test_nobody_can_forge_a_line(serve, tmp_path):
    log = Log(serve, tmp_path)
    log.server.get('/plain/%22%20200', {
        "User-Agent": 'a" 200 1 "x\\" \xe9\t', "Referer": '" "'})
    log.server.get("/plain/x")

    first, second = log.matches(2)
    assert first["agent"] == r'a\" 200 1 \"x\\\" \xef\xbf\xbd\x09'
    assert first["referer"] == r'\" \"'
    assert second["request"] == "GET /plain/x HTTP/1.1"


def test_a_late_answer_and_one_that_never_came(serve, tmp_path):
    log = Log(serve, tmp_path)
    asked = ask(log.server, "/held/x")
    gone = ask(log.server, "/held/y")
    wait_inside(log.server, "SOURCE x", "SOURCE y")
    release(log.server)
    assert asked.answer()[0] == 200
    gone.go_away()
    log.server.stop()

    assert ("GET /held/x HTTP/1.1", 200, "8") in log.requests(1)


def test_what_a_throttle_refuses(serve, tmp_path):
    log = Log(serve, tmp_path, {"throttle": {"concurrency": 1, "queue": 0}})
    asked = ask(log.server, "/held/x")
    wait_inside(log.server, "SOURCE x")
    assert log.server.get("/plain/x").status == 503
    release(log.server)
    asked.answer()

    assert [request[:2] for request in log.requests(2)] == [
        ("GET /plain/x HTTP/1.1", 503), ("GET /held/x HTTP/1.1", 200)]


def test_a_preflight(serve, tmp_path):
    log = Log(serve, tmp_path, {"cors": {"origins": "https://a.example"}})
    for origin in ("https://a.example", "https://b.example"):
        log.server.request("OPTIONS", "/plain/x", headers={
            "Origin": origin, "Access-Control-Request-Method": "PUT"})

    assert [request[:2] for request in log.requests(2)] == [
        ("OPTIONS /plain/x HTTP/1.1", 204), ("OPTIONS /plain/x HTTP/1.1", 403)]


def test_sockets(serve, tmp_path):
    log = Log(serve, tmp_path)
    with log.server.socket("/plain/room") as socket:
        for message in (b"one", b"fail", b"three"):
            socket.send(TEXT, message)
        assert socket.receive() == (TEXT, b"one")
        assert socket.receive() == (TEXT, b"three")
        socket.close(4321, "done")

    assert log.requests(3) == [
        ("GET /plain/room HTTP/1.1", 101, "-"),
        ("MESSAGE /plain/room WebSocket", 403, "-"),
        ("CLOSE /plain/room WebSocket", 4321, "12")]


def test_sockets_in_json(serve, tmp_path):
    log = Log(serve, tmp_path, format="structured")
    with log.server.socket("/plain/room") as socket:
        socket.send(TEXT, b"fail")
        socket.close(4321, 'do"ne')
    opened, failed, closed = map(json.loads, log.lines(3))

    assert (opened["event"], opened["status"]) == ("open", 101)
    assert (failed["event"], failed["error"]) == ("message", "forbidden")
    assert (closed["event"], closed["status"], closed["reason"], closed["messages"],
            closed["bytes"]) == ("close", 4321, 'do"ne', 1, 4)
    assert closed["socket"] == failed["socket"]


def test_a_refused_handshake(serve, tmp_path):
    log = Log(serve, tmp_path, {"throttle": {"concurrency": 1, "queue": 0}})
    asked = ask(log.server, "/held/x")
    wait_inside(log.server, "SOURCE x")
    with pytest.raises(Refused):
        log.server.socket("/plain/room")
    release(log.server)
    asked.answer()

    assert log.requests(1) == [("GET /plain/room HTTP/1.1", 503, "-")]


def test_who_it_was(serve, tmp_path):
    log = Log(serve, tmp_path, user="httpRequest:/header/x-user")
    log.server.get("/plain/x", {"X-User": "al ice"})
    log.server.get("/plain/x")

    assert [match["user"] for match in log.matches(2)] == [r"al\x20ice", "-"]


def test_rotation(serve, tmp_path):
    """Whoever renames the file need not tell anybody."""
    log = Log(serve, tmp_path)
    log.server.get("/plain/one")
    log.lines(1)
    os.rename(log.path, tmp_path / "old")
    log.server.get("/plain/two")

    assert log.requests(1) == [("GET /plain/two HTTP/1.1", 200, "5")]
    assert "/plain/one" in (tmp_path / "old").read_text()


def test_what_is_queued_is_written_before_the_end(serve, tmp_path):
    log = Log(serve, tmp_path)
    for n in range(50):
        log.server.get(f"/plain/{n}")
    log.server.stop()

    assert len(log.path.read_text().splitlines()) == 50


def test_a_file_that_cannot_be_written(serve, tmp_path):
    log = Log(serve, tmp_path)
    log.path.mkdir()
    assert log.server.get("/plain/x").status == 200
    log.server.wait_log("request log .*access.log cannot be written")
    log.path.rmdir()
    log.server.get("/plain/y")

    assert log.requests(1)[0][0] == "GET /plain/y HTTP/1.1"


@pytest.mark.parametrize("format,expected", [
    ("combined", r'info 127\.0\.0\.1 - - \[.*\] "GET /plain/x HTTP/1.1" 200 5'),
    ("structured", r"info event=request host=127\.0\.0\.1 method=GET "
                   r"target=/plain/x status=200 bytes=5 .*access$"),
])
def test_in_the_servers_log(serve, tmp_path, format, expected):
    server = serve(modules=[module(tmp_path / "m", {"log": {"format": format}})])
    server.get("/plain/x")
    wait_for(lambda: re.search(expected, server.log(), re.M), what=server.log())


@pytest.mark.parametrize("keys,says", [
    ({"format": "common"}, "combined"),
    ({"file": "nowhere/access.log"}, "there is no folder"),
    ({"file": "."}, "is a folder"),
    ({"file": 1}, '"file"'),
    ({"user": "nonsense"}, "nonsense"),
    ({"path": "access.log"}, "unknown key"),
])
def test_wrong_definitions(fulcra, tmp_path, keys, says):
    text = wrong(fulcra, tmp_path / "m", {"log": keys})
    assert says in text, text
