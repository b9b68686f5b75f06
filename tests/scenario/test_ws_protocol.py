# SPDX-License-Identifier: MIT
"""RFC 6455, section by section, frame by frame."""

import struct

import pytest

from client import BINARY, CLOSE, CONTINUATION, PING, PONG, SANITIZED, TEXT, frame
from ws_host import host, ws_host  # noqa: F401: fixtures

MIB = 1 << 20


@pytest.fixture
def socket(host):
    with host.socket("/echo/inline") as socket:
        yield socket


def closes_with(socket, code):
    assert socket.receive_close()[0] == code
    with pytest.raises((EOFError, ConnectionResetError)):
        socket.receive()


# 5.1, 5.2: framing

def test_unmasked(socket):
    socket.send(TEXT, b"hi", mask=None)
    closes_with(socket, 1002)


@pytest.mark.parametrize("reserved", range(1, 8))
def test_reserved_bits(socket, reserved):
    socket.send(TEXT, b"hi", reserved=reserved)
    closes_with(socket, 1002)


@pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
def test_reserved_opcodes(socket, opcode):
    socket.send(opcode, b"")
    closes_with(socket, 1002)


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65534, 65535, 65536])
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_lengths(socket, opcode, length):
    socket.send(opcode, b"*" * length)
    assert socket.receive_frame() == (True, 0, opcode, b"*" * length)


@pytest.mark.parametrize("length, width", [(5, 16), (125, 16), (5, 64), (126, 64), (65535, 64)])
def test_lengths_not_in_shortest_form(socket, length, width):
    socket.send(TEXT, b"*" * length, width=width)
    closes_with(socket, 1002)


def test_top_bit_of_length(socket):
    socket.send(BINARY, b"", length=1 << 63, width=64)
    closes_with(socket, 1002)


def test_zero_mask(socket):
    socket.send(TEXT, b"plain", mask=b"\0\0\0\0")
    assert socket.receive() == (TEXT, b"plain")


# 5.4: fragmentation

def test_fragments_with_control_frames_between(socket):
    socket.send(TEXT, b"one ", final=False)
    socket.send(PING, b"there?")
    socket.send(CONTINUATION, b"", final=False)
    socket.send(CONTINUATION, b"two")
    assert socket.receive() == (PONG, b"there?")
    assert socket.receive() == (TEXT, b"one two")


@pytest.mark.parametrize("frames", [
    [(CONTINUATION, True)], [(CONTINUATION, False)],
    [(TEXT, False), (TEXT, True)], [(TEXT, False), (BINARY, False)],
])
def test_fragments_out_of_place(socket, frames):
    for opcode, final in frames:
        socket.send(opcode, b"x", final=final)
    closes_with(socket, 1002)


def test_many_fragments(ws_host):
    """4 MiB in 65,536 fragments pass, and cost no more than twice that."""
    host = ws_host(f"message={4 * MIB}", f"outbound={16 * MIB}")
    before = host.rss()
    with host.socket("/echo/inline", timeout=120) as socket:
        part = b"0123456789abcdef" * 4
        data = frame(BINARY, part, final=False)
        data += frame(CONTINUATION, part, final=False) * 65534
        socket.tcp.sendall(data + frame(CONTINUATION, part))
        assert socket.receive() == (BINARY, part * 65536)
        # the message, the frame of its echo, and as much again while it grew
        if not SANITIZED:
            assert host.rss() - before < 4 * 4 * MIB
        socket.close()


def test_long_messages_leave_in_fragments(ws_host):
    host = ws_host(f"message={4 * MIB}")
    with host.socket("/echo/inline") as socket:
        socket.send(BINARY, b"x" * (3 * MIB))
        sizes = []
        final = False
        while not final:
            final, _, opcode, payload = socket.receive_frame()
            assert opcode == (CONTINUATION if sizes else BINARY)
            sizes.append(len(payload))
        assert sizes == [MIB, MIB, MIB]
        socket.close()


# 5.5: control frames

@pytest.mark.parametrize("opcode", [CLOSE, PING, PONG])
def test_control_frames_are_short_and_whole(host, opcode):
    for options in ({"payload": b"\x03\xe8" + b"x" * 124}, {"payload": b"", "final": False}):
        with host.socket("/echo/inline") as socket:
            socket.send(opcode, **options)
            closes_with(socket, 1002)


def test_pings_are_answered_in_order(socket):
    for i in range(10):
        socket.send(PING, b"%d" % i)
    assert [socket.receive() for _ in range(10)] == [(PONG, b"%d" % i) for i in range(10)]


def test_longest_ping(socket):
    socket.send(PING, b"\xff" * 125)
    assert socket.receive() == (PONG, b"\xff" * 125)


def test_unasked_pong(socket):
    socket.send(PONG, b"anyone")
    socket.send(TEXT, b"next")
    assert socket.receive() == (TEXT, b"next")


def test_ping_flood_without_reading(host):
    """Pongs are outside the limits, but not without end."""
    with host.socket("/echo/inline") as socket:
        socket.tcp.sendall(frame(PING, b"x" * 125) * 20000)
        socket.send(TEXT, b"still here")
        pongs = 0
        while (received := socket.receive())[0] == PONG:
            pongs += 1
        assert received == (TEXT, b"still here")
        assert 0 < pongs <= 20000
        socket.close()


# 5.6, 8.1: data

@pytest.mark.parametrize("text", [
    b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc3", b"ab\xe2\x82"])
def test_text_that_is_not_utf8(socket, text):
    socket.send(TEXT, text)
    closes_with(socket, 1007)


def test_bad_text_is_refused_at_once(socket):
    """Without waiting for the rest of the frame."""
    socket.tcp.sendall(frame(TEXT, b"abc\xff" + b"x" * 1000)[:12])
    closes_with(socket, 1007)


def test_utf8_cut_anywhere(socket):
    text = "κόσμε ✓ 𝄞".encode()
    for cut in range(len(text) + 1):
        socket.send(TEXT, text[:cut], final=False)
        socket.send(CONTINUATION, text[cut:])
        assert socket.receive() == (TEXT, text)


def test_bytes_one_by_one(socket):
    for byte in frame(TEXT, "blåbær".encode()) + frame(BINARY, b"\x00" * 130):
        socket.tcp.sendall(bytes([byte]))
    assert socket.receive() == (TEXT, "blåbær".encode())
    assert socket.receive() == (BINARY, b"\x00" * 130)


def test_message_too_large(host):
    for data in (frame(BINARY, b"", length=65537, width=64),
                 frame(TEXT, b"x" * 65536, final=False) + frame(CONTINUATION, b"x")):
        with host.socket("/echo/inline") as socket:
            socket.tcp.sendall(data)
            closes_with(socket, 1009)


def test_replies_precede_the_close(host):
    """What was sent before the violation is answered first."""
    for kind in ("inline", "serial", "concurrent"):
        with host.socket(f"/echo/{kind}") as socket:
            socket.tcp.sendall(frame(TEXT, b"one") + frame(TEXT, b"two") + frame(3, b""))
            assert socket.receive() == (TEXT, b"one")
            assert socket.receive() == (TEXT, b"two")
            closes_with(socket, 1002)


# 7: closing

@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011,
                                  1012, 1013, 1014, 3000, 3999, 4000, 4999])
def test_close_codes_that_may_be_sent(socket, code):
    socket.send(CLOSE, struct.pack(">H", code) + b"because")
    assert socket.receive_close()[0] == code


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999,
                                  5000, 65535])
def test_close_codes_that_may_not(socket, code):
    socket.send(CLOSE, struct.pack(">H", code))
    assert socket.receive_close()[0] == 1002


def test_close_bodies(host):
    for body, code in ((b"", 1005), (b"\x03", 1002), (b"\x03\xe8\xff", 1007),
                       (b"\x03\xe8" + b"x" * 123, 1000)):
        with host.socket("/echo/inline") as socket:
            socket.send(CLOSE, body)
            assert socket.receive_close()[0] == code


def test_nothing_after_close(host):
    with host.socket("/log/after") as socket:
        socket.tcp.sendall(frame(CLOSE, b"\x03\xe8") + frame(TEXT, b"ignored")
                           + frame(PING, b"ignored"))
        socket.receive(), socket.receive()
        closes_with(socket, 1000)
    host.wait_events("after", "NEW", "DELETE 1000  gone")


def test_close_inside_a_message(socket):
    socket.send(TEXT, b"never finished", final=False)
    socket.send(CLOSE, b"\x03\xe8")
    closes_with(socket, 1000)


def test_close_after_pipelined_messages(host):
    """Each is answered before the Close is."""
    with host.socket("/echo/concurrent") as socket:
        socket.tcp.sendall(b"".join(frame(TEXT, b"%d" % i) for i in range(100))
                           + frame(CLOSE, b"\x03\xe8"))
        assert [socket.receive() for _ in range(100)] == [(TEXT, b"%d" % i) for i in range(100)]
        closes_with(socket, 1000)
