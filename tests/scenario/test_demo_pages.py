# SPDX-License-Identifier: MIT
"""hello, the pages and their sources, over plain HTTP; echo by its paths."""

import os
import pathlib

import pytest

from client import BINARY, TEXT, Refused

SOURCE = pathlib.Path(os.environ["FULCRA_SRCDIR"]) / "demos"
FILES = {
    "hello": ["hello.c", "module.json", "README.md"],
    "echo": ["echo.c", "module.json", "README.md"],
    "grouptherapy": ["grouptherapy.c", "module.json", "README.md"],
    "board": ["board.c", "module.json", "README.md"],
    "ticker": ["ticker.c", "module.json", "README.md"],
}


@pytest.mark.parametrize("segment, name", [
    ("World", "World"),
    ("a+b@c", "a+b@c"),
    ("a%2Bb%40c", "a+b@c"),
    ("50%25", "50%"),
    ("%2541", "%41"),
    ("Ann%20Lee", "Ann Lee"),
    ("J%C3%BCrgen", "Jürgen"),
    ("x+name@res:", "x+name@res:"),
    ("%7Bname%7D", "{name}"),
    ("res:active:tick", "res:active:tick"),
])
def test_hello(server, segment, name):
    response = server.get(f"/demo/hello/{segment}")

    assert response.status == 200
    assert response.text == f"Hello, {name}"
    assert response.headers["Content-Type"].startswith("text/plain")


def test_hello_does_not_listen_to_the_query(server):
    assert server.get("/demo/hello/Ann?name=Bob").text == "Hello, Ann"


@pytest.mark.parametrize("path", [
    "/demo/echo+socketid@other", "/demo/echo%2Bsocketid%40other",
    "/demo/hello/a/b", "/demo/ticker/tick", "/nothing",
])
def test_not_found(server, path):
    assert server.get(path).status == 404


@pytest.mark.parametrize("path", [
    "/demo/echo+socketid@other", "/demo/echo%2Bsocketid%40other"])
def test_a_socket_id_in_a_path_is_text(server, path):
    with pytest.raises(Refused) as refusal:
        server.socket(path)
    assert refusal.value.status == 404


def test_echo(server):
    with server.socket("/demo/echo") as socket:
        for opcode, payload in [(TEXT, "héllo".encode()), (BINARY, bytes(range(256))),
                                (TEXT, b""), (BINARY, b""), (TEXT, b"\x00"),
                                (BINARY, b"x" * 65536), (TEXT, b"y" * 65536)]:
            socket.send(opcode, payload)
            assert socket.receive() == (opcode, payload)
        socket.close()


@pytest.mark.parametrize("path", ["/", *(f"/demo/{name}/" for name in FILES)])
def test_page(server, path):
    response = server.get(path)

    assert response.status == 200
    assert response.headers["Content-Type"].startswith("text/html")
    assert "<script>" not in response.text and " style=" not in response.text


@pytest.mark.parametrize("name", FILES)
def test_without_the_slash(server, name):
    response = server.get(f"/demo/{name}")

    assert response.status == 308
    assert response.headers["Location"].endswith(f"{name}/")


@pytest.mark.parametrize("name", FILES)
def test_sources_are_served_as_they_are(server, name):
    for file in FILES[name]:
        response = server.get(f"/demo/{name}/source/{file}")
        assert response.status == 200
        assert response.body == (SOURCE / name / file).read_bytes()


@pytest.mark.parametrize("name", FILES)
def test_nothing_else_of_the_folder_is(server, name):
    for file in [f"{name}.so", "www/index.html", "", ".", "../hello/hello.c", "%2e%2e/hello/hello.c"]:
        status = server.request("GET", f"/demo/{name}/source/{file}").status
        assert status in (400, 404) or file.startswith("..") and status == 200, (file, status)


def test_media_types(server):
    for path, kind in [("fulcra.css", "text/css"), ("fulcra.svg", "image/svg+xml"),
                       ("page.js", "text/javascript")]:
        response = server.get(f"/demo/common/{path}")
        assert response.status == 200
        assert response.headers["Content-Type"].startswith(kind)


@pytest.mark.parametrize("verb, identifier", [
    ("NEW", "ws:/demo/ticker"), ("SINK", "ws:/demo/grouptherapy"), ("SINK", "ws:/demo/echo")])
def test_asked_without_a_socket(fulcra, verb, identifier):
    result = fulcra("request", "--playground", "--verb", verb,
                    "--primary", '{"type":"join","name":"Ann"}', identifier)

    assert result.returncode == 1
    assert "WebSocket" in result.stderr or "wsResponse:" in result.stderr
