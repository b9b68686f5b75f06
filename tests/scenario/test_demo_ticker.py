# SPDX-License-Identifier: MIT
"""The protocol of demos/ticker/README.md; above all: rendered once."""

import asyncio
import contextlib
import json

import websockets

from client import PATIENCE, wait_for

PATH = "/demo/ticker"


async def receive(socket):
    return await asyncio.wait_for(socket.recv(), PATIENCE)


def stats(server):
    return server.get(f"{PATH}/stats").json()


async def test_prices_come_without_asking(server):
    async with websockets.connect(server.ws(PATH)) as socket:
        messages = [json.loads(await receive(socket)) for _ in range(4)]

    for message in messages:
        assert set(message) == {"type", "at", "prices", "stats"}
        assert message["type"] == "prices"
        assert set(message["stats"]) == {"rendered", "sent", "sockets"}
        assert [set(price) for price in message["prices"]] == [
            {"symbol", "cents", "change"}] * 6
        assert all(price["cents"] > 0 for price in message["prices"])
    symbols = [[price["symbol"] for price in message["prices"]] for message in messages]
    assert all(row == symbols[0] for row in symbols)
    assert len({json.dumps(message["prices"]) for message in messages}) == 4
    numbers = [message["stats"]["rendered"] for message in messages]
    assert numbers == list(range(numbers[0], numbers[0] + 4))


async def test_twice_a_second(server):
    """One may be late, so that the next one seems early."""
    async with websockets.connect(server.ws(PATH)) as socket:
        await receive(socket)  # that was sent at once
        at = [json.loads(await receive(socket))["at"] for _ in range(3)]
        while len(at) < 20 and at[-1] - at[-3] < 900:
            at.append(json.loads(await receive(socket))["at"])
    assert 900 <= at[-1] - at[-3] < 1000 * PATIENCE, at


async def test_rendered_once_however_many_sockets(server, size):
    count = size(100, 1000)
    wait_for(lambda: stats(server)["sockets"] == 0, what="no sockets")
    before = stats(server)
    async with contextlib.AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(websockets.connect(server.ws(PATH)))
                   for _ in range(count)]
        wait_for(lambda: stats(server)["sockets"] == count, what=f"{count} sockets")

        full = 0
        seen = {}  # rendered -> the one text that it may have
        per_message = {}
        while full < 3:
            for socket in sockets:
                text = await receive(socket)
                number = json.loads(text)["stats"]["rendered"]
                assert seen.setdefault(number, text) == text
                per_message[number] = per_message.get(number, 0) + 1
            full = sum(got == count for got in per_message.values())
        said = [json.loads(text)["stats"] for text in seen.values()]
    after = stats(server)

    assert max(entry["sockets"] for entry in said) == count
    # Every change was rendered once; every rendering was sent up to count times.
    assert after["rendered"] - before["rendered"] < 2 * len(seen) + 20
    assert after["sent"] - before["sent"] >= 3 * count


async def test_a_newcomer_gets_the_same_representation(server):
    async with websockets.connect(server.ws(PATH)) as first:
        while True:  # until nothing changed between the three
            text = await receive(first)
            answer = server.get(f"{PATH}/prices")
            async with websockets.connect(server.ws(PATH)) as second:
                newcomer = await receive(second)
            if answer.text == newcomer == text:
                break
        assert answer.headers["Content-Type"].startswith("application/json")


async def test_what_a_client_says_is_ignored(server):
    async with websockets.connect(server.ws(PATH)) as socket:
        for message in ["", "hello", '{"type":"prices"}', b"\x00\xff", "active:tick"]:
            await socket.send(message)
        for _ in range(3):
            assert json.loads(await receive(socket))["type"] == "prices"


def test_the_tick_cannot_be_asked_for_from_outside(server):
    for path in ["/active:tick", "/demo/ticker/tick", "/demo/ticker/active:tick"]:
        assert server.get(path).status == 404
        assert server.request("PUT", path, b"x").status in (404, 405)


async def test_sockets_are_forgotten_when_they_close(server):
    async with websockets.connect(server.ws(PATH)) as socket:
        await receive(socket)
        assert stats(server)["sockets"] >= 1
    wait_for(lambda: stats(server)["sockets"] == 0, what="no sockets")
