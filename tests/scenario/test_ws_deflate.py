# SPDX-License-Identifier: MIT
"""permessage-deflate (RFC 7692): agreed on, used, abused."""

import json
import zlib

import pytest
import websockets
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

from client import BINARY, CONTINUATION, PING, PONG, TEXT, Refused, wait_for
from test_ws_handshake import header
from test_ws_protocol import closes_with
from ws_host import ws_host  # noqa: F401: fixture

MIB = 1 << 20
OFFER = {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"}


def deflate(data):
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    return (compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]


def inflate(data):
    return zlib.decompressobj(-15).decompress(data + b"\x00\x00\xff\xff")


@pytest.fixture
def host(ws_host):
    return ws_host("deflate=1", "deflate-least=64", "message=65536")


@pytest.fixture
def socket(host):
    with host.socket("/echo/inline", OFFER) as socket:
        yield socket


# What is agreed on

def test_off_unless_wanted(ws_host):
    host = ws_host()
    with host.socket("/echo/inline", OFFER) as socket:
        assert header(socket.head, "Sec-WebSocket-Extensions") is None
        socket.send(TEXT, deflate(b"hello"), reserved=4)
        closes_with(socket, 1002)


def test_answer(host):
    with host.socket("/echo/inline", OFFER) as socket:
        assert header(socket.head, "Sec-WebSocket-Extensions") == (
            "permessage-deflate; server_no_context_takeover; "
            "client_no_context_takeover; server_max_window_bits=12")
    host.wait_stat("sockets_deflate", 1)


def test_window_is_a_setting(ws_host):
    host = ws_host("deflate=1", "deflate-window=9")
    offer = {"Sec-WebSocket-Extensions": "permessage-deflate; server_max_window_bits=9"}
    with host.socket("/echo/inline", offer) as socket:
        assert "server_max_window_bits=9" in header(socket.head, "Sec-WebSocket-Extensions")


@pytest.mark.parametrize("offers", [
    "permessage-deflate; server_max_window_bits=11",
    "permessage-deflate; something",
    "permessage-deflate; client_max_window_bits; client_max_window_bits",
    "x-other",
])
def test_offers_that_are_declined(host, offers):
    with host.socket("/echo/inline", {"Sec-WebSocket-Extensions": offers}) as socket:
        assert header(socket.head, "Sec-WebSocket-Extensions") is None
        socket.send(TEXT, b"*" * 1000)
        assert socket.receive_frame() == (True, 0, TEXT, b"*" * 1000)
        socket.send(TEXT, deflate(b"hello"), reserved=4)
        closes_with(socket, 1002)


def test_second_offer(host):
    offers = "permessage-deflate; server_max_window_bits=9, permessage-deflate"
    with host.socket("/echo/inline", {"Sec-WebSocket-Extensions": offers}) as socket:
        assert header(socket.head, "Sec-WebSocket-Extensions").startswith("permessage-deflate;")


def test_malformed_offer(host):
    with pytest.raises(Refused) as refused:
        host.socket("/echo/inline", {"Sec-WebSocket-Extensions": "permessage-deflate; ="})
    assert refused.value.status == 400
    assert header(refused.value.head, "Sec-WebSocket-Extensions") is None


def test_refusal_agrees_on_nothing(host):
    with pytest.raises(Refused) as refused:
        host.socket("/code/403", OFFER)
    assert refused.value.status == 403
    assert header(refused.value.head, "Sec-WebSocket-Extensions") is None


# Messages

@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_echo(socket, opcode):
    text = b"to be or not to be " * 20
    socket.send(opcode, deflate(text), reserved=4)
    final, reserved, answered, payload = socket.receive_frame()
    assert (final, reserved, answered) == (True, 4, opcode)
    assert inflate(payload) == text and len(payload) < len(text) / 4


def test_plain_messages_are_taken_too(socket):
    socket.send(TEXT, b"+" * 64)
    assert socket.receive_frame()[1] == 4
    socket.send(TEXT, b"+" * 63)
    assert socket.receive_frame() == (True, 0, TEXT, b"+" * 63)


def test_what_does_not_shrink_goes_plain(socket):
    noise = zlib.compress(b"".join(b"%d" % (n * n) for n in range(1000)))
    socket.send(BINARY, noise)
    assert socket.receive_frame() == (True, 0, BINARY, noise)


def test_fragments(socket):
    text = b"in pieces " * 100
    data = deflate(text)
    socket.send(TEXT, data[:1], final=False, reserved=4)
    socket.send(PING, b"between")
    for at in range(1, len(data) - 1):
        socket.send(CONTINUATION, data[at:at + 1], final=False)
    socket.send(CONTINUATION, data[-1:])
    assert socket.receive() == (PONG, b"between")
    assert inflate(socket.receive()[1]) == text


def test_sent_during_new(host):
    with host.socket("/log/deflated", OFFER) as socket:
        assert socket.receive_frame() == (True, 0, TEXT, b"welcome")


def test_one_compression_for_all(host):
    sockets = [host.socket("/topic", OFFER) for _ in range(20)]
    plain = host.socket("/topic")
    before = host.stats()
    host.get("/publish/1/4000")
    frames = [socket.receive_frame() for socket in sockets]
    assert plain.receive_frame()[1] == 0
    assert all(frame == frames[0] for frame in frames)
    assert frames[0][1] == 4 and len(inflate(frames[0][3])) == 4000
    wait_for(lambda: host.stats()["deflate_saved"] - before["deflate_saved"] > 20 * 3900)
    assert host.stats()["deflated"] - before["deflated"] == 1
    for socket in [*sockets, plain]:
        socket.close()


# Abuse

@pytest.mark.parametrize("opcode, options", [
    (PING, {}), (CONTINUATION, {}), (CONTINUATION, {"final": False})])
def test_rsv1_where_it_may_not_be(socket, opcode, options):
    if opcode == CONTINUATION:
        socket.send(TEXT, deflate(b"begin")[:3], final=False, reserved=4)
    socket.send(opcode, b"", reserved=4, **options)
    closes_with(socket, 1002)


@pytest.mark.parametrize("reserved", [1, 2, 3, 5, 6, 7])
def test_other_reserved_bits(socket, reserved):
    socket.send(TEXT, deflate(b"hello"), reserved=reserved)
    closes_with(socket, 1002)


@pytest.mark.parametrize("data", [
    b"", b"\xff\xff\xff", deflate(b"cut somewhere in the middle")[:-8]])
def test_no_deflate_data(host, socket, data):
    socket.send(BINARY, data, reserved=4)
    closes_with(socket, 1007)
    host.wait_stat("inflate_refused", 1)


@pytest.mark.parametrize("text", [b"\xff\xff", "ä".encode()[:1]], ids=["no", "cut"])
def test_text_is_checked_decompressed(socket, text):
    socket.send(TEXT, deflate(text), reserved=4)
    closes_with(socket, 1007)


def test_bomb(host, socket):
    socket.send(BINARY, deflate(bytes(MIB)), reserved=4)
    closes_with(socket, 1009)
    host.wait_stat("inflate_refused", 1)
    assert host.stats()["closed_too_large"] == 1


def test_bomb_over_fragments(host):
    before = host.rss()
    data = deflate(bytes(60 * MIB))
    for _ in range(20):
        with host.socket("/echo/inline", OFFER) as socket:
            socket.send(BINARY, b"", final=False, reserved=4)
            step = len(data) // 50
            try:
                for at in range(0, len(data), step):
                    socket.send(CONTINUATION, data[at:at + step], final=False)
            except (BrokenPipeError, ConnectionResetError):
                continue
            closes_with(socket, 1009)
    host.wait_stat("sockets", 0)
    assert host.stats()["closed_too_large"] == 20
    assert host.rss() - before < 20 * MIB


def test_the_limit_itself(socket):
    socket.send(BINARY, deflate(bytes(65536)), reserved=4)
    assert inflate(socket.receive()[1]) == bytes(65536)
    socket.send(BINARY, deflate(bytes(65537)), reserved=4)
    closes_with(socket, 1009)


# Others' clients

async def test_websockets(host):
    for factory in [ClientPerMessageDeflateFactory(),
                    ClientPerMessageDeflateFactory(server_max_window_bits=12),
                    ClientPerMessageDeflateFactory(client_max_window_bits=9)]:
        async with websockets.connect(host.ws("/echo/inline"), compression=None,
                                      extensions=[factory]) as socket:
            assert [one.name for one in socket.extensions] == ["permessage-deflate"]
            for message in ["", "short", "long " * 1000, "ä" * 30000, bytes(range(256)) * 64]:
                await socket.send(message)
                assert await socket.recv() == message
            await socket.send(iter(["in ", "three ", "pieces" * 100]))
            assert await socket.recv() == "in three " + "pieces" * 100


async def test_settings(serve):
    server = serve("--set", "websocket.compress=true", "--set", "websocket.compressFrom=50B",
                   "--set", "websocket.compressWindow=9")
    with server.socket("/demo/echo", OFFER) as socket:
        assert "server_max_window_bits=9" in header(socket.head, "Sec-WebSocket-Extensions")
        socket.send(TEXT, b"*" * 50)
        assert socket.receive_frame()[1] == 4
    async with websockets.connect(server.ws("/demo/echo")) as socket:
        text = json.dumps([{"n": n} for n in range(1000)])
        await socket.send(text)
        assert await socket.recv() == text
