# SPDX-License-Identifier: MIT
"""From the upgrade request to the 101 or the refusal (RFC 6455 section 4)."""

import base64
import hashlib
import re
import threading

import pytest

from client import BINARY, CLOSE, PING, PONG, TEXT, Refused, frame, wait_for
from ws_host import host, ws_host  # noqa: F401: fixtures


def header(head, name):
    found = re.search(rf"^{name}: (.*?)\r?$", head, re.M | re.I)
    return found and found[1]


def refusal(host, path, headers={}):
    with pytest.raises(Refused) as refused:
        host.socket(path, headers)
    return refused.value


def test_accept_key(host):
    key = "dGhlIHNhbXBsZSBub25jZQ=="
    socket = host.socket("/echo/inline", {"Sec-WebSocket-Key": key})
    expected = base64.b64encode(hashlib.sha1(
        (key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
    assert header(socket.head, "Sec-WebSocket-Accept") == expected
    assert header(socket.head, "Upgrade").lower() == "websocket"
    assert header(socket.head, "Connection").lower() == "upgrade"
    socket.close()


@pytest.mark.parametrize("headers", [
    {"Upgrade": "WebSocket", "Connection": "keep-alive, Upgrade"},
    {"Upgrade": "WEBSOCKET", "Connection": "upgrade"},
])
def test_headers_in_other_forms(host, headers):
    host.socket("/echo/inline", headers).close()


@pytest.mark.parametrize("headers, status", [
    ({"Sec-WebSocket-Version": "8"}, 426),
    ({"Sec-WebSocket-Version": None}, 426),
    ({"Sec-WebSocket-Key": None}, 400),
    ({"Sec-WebSocket-Key": "short"}, 400),
])
def test_bad_handshakes(host, headers, status):
    answer = refusal(host, "/echo/inline", headers)
    assert answer.status == status
    if status == 426:
        assert header(answer.head, "Sec-WebSocket-Version") == "13"


def test_nobody_answers(host):
    assert refusal(host, "/nothing").status == 404


@pytest.mark.parametrize("code", [400, 401, 403, 404, 429, 503])
def test_new_refuses(host, code):
    answer = refusal(host, f"/code/{code}")
    assert answer.status == code
    assert header(answer.head, "X-Reason") == "refused"


def test_the_refusal_has_a_body(host):
    raw = host.exchange(
        b"GET /code/403 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\n"
        b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", timeout=60)
    assert b" 403 " in raw and b"this is why" in raw
    assert b"never seen" not in raw


# As FULCRA_ERROR_TABLE counts.
@pytest.mark.parametrize("error, status", [
    (0, 404), (1, 400), (2, 403), (3, 404), (4, 503), (5, 503), (6, 413), (7, 410), (10, 500)])
def test_errors_of_new(host, error, status):
    assert refusal(host, f"/error/{error}").status == status


def test_new_that_fails_gets_no_delete(host):
    before = host.stats()["deletes"]
    refusal(host, "/code/403")
    refusal(host, "/error/2")
    assert host.stats()["deletes"] == before


def test_foreign_origin(host):
    assert refusal(host, "/echo/inline", {"Origin": "http://evil.example"}).status == 403
    assert refusal(host, "/echo/inline", {"Origin": "null"}).status == 403
    assert "evil.example" in host.log()
    host.socket("/echo/inline", {"Origin": f"http://{host.host}:{host.port}"}).close()


def test_messages_of_new_arrive_first(host):
    socket = host.socket("/log/first")
    assert [socket.receive() for _ in range(2)] == [(TEXT, b"welcome"), (TEXT, b"again")]
    socket.send(TEXT, b"x")
    assert socket.receive() == (TEXT, b"x")
    socket.close()
    host.wait_events("first", "NEW", "SINK x", "DELETE 1000  gone")


def test_bytes_behind_the_head(host):
    """Frames may come before the 101 has gone out."""
    with host.connect() as tcp:
        tcp.sendall(b"GET /sleep/50/early HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"
                    b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
                    + frame(TEXT, b"one") + frame(TEXT, b"two")[:5])
        wait_for(lambda: "NEW" in host.events("early"))
        tcp.sendall(frame(TEXT, b"two")[5:])
        got = b""
        while b"two" not in got:
            got += tcp.recv(4096)
    body = got.split(b"\r\n\r\n", 1)[1]
    assert body == b"\x81\x05first\x81\x03one\x81\x03two"
    host.wait_events("early", "NEW", "SINK one", "SINK two", "DELETE 1006  gone")


def test_client_leaves_during_new(host):
    """NEW succeeds, nobody is there: no message is processed, one DELETE."""
    tcp = host.connect()
    tcp.sendall(b"GET /sleep/300/left HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"
                b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" + frame(TEXT, b"x"))
    tcp.close()
    host.wait_events("left", "NEW", "DELETE 1006  gone")


def test_disconnect_during_new(host):
    socket = host.socket("/leave/now")
    assert socket.receive() == (TEXT, b"bye")
    assert socket.receive_close() == (4002, "left")
    host.wait_events("now", "NEW", "DELETE 4002 left gone")


def test_new_that_takes_too_long(ws_host):
    host = ws_host("handshake=100")
    assert refusal(host, "/sleep/400/late").status == 503


def test_socket_id_of_the_application(host):
    with host.socket("/id/chosen") as socket:
        assert header(socket.head, "X-Socket") == "named"
        assert refusal(host, "/id/chosen").status == 503
        host.wait_log("live socket")
        assert host.get("/find/chosen").text == "sent"
        assert socket.receive() == (TEXT, b"found you")
        socket.close()
    wait_for(lambda: host.get("/find/chosen").text == "nobody")
    host.socket("/id/chosen").close()


def test_ids_that_cannot_be(host):
    assert refusal(host, "/id/" + "x" * 200).status == 500
    assert refusal(host, "/id/a%0ab").status in (400, 500)


def test_subprotocol(host):
    offer = {"Sec-WebSocket-Protocol": "a, b , c"}
    socket = host.socket("/protocol/b", offer)
    assert header(socket.head, "Sec-WebSocket-Protocol") == "b"
    assert socket.receive() == (TEXT, b"a, b , c")
    socket.close()
    assert refusal(host, "/protocol/z", offer).status == 500
    socket = host.socket("/echo/inline", offer)
    assert header(socket.head, "Sec-WebSocket-Protocol") is None
    socket.close()


def test_path_is_data(host):
    """What looks like an argument reaches the grammar as plain text."""
    host.socket("/log/a%2Bb%40c+socketid@other").close()
    wait_for(lambda: "a+b@c+socketid@other DELETE 1000" in host.get("/events").text)


def test_too_many_sockets(ws_host):
    host = ws_host("sockets=2")
    one, two = host.socket("/echo/inline"), host.socket("/echo/inline")
    assert refusal(host, "/echo/inline").status == 503
    one.close()
    host.wait_stat("sockets", 1)
    wait_for(lambda: can_open(host))
    two.close()


def can_open(host):
    try:
        host.socket("/echo/inline").close()
    except Refused:
        return False
    return True


def test_many_new_at_once(host, size):
    """Handshakes that wait on workers do not get lost."""
    def open_one():
        try:
            socket = host.socket("/sleep/5/many", timeout=60)
            opened.append(socket.receive())
            socket.close()
        except OSError as error:
            opened.append(error)

    opened = []
    threads = [threading.Thread(target=open_one) for _ in range(size(60, 300))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert opened == [(TEXT, b"first")] * len(threads)
