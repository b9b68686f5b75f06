# SPDX-License-Identifier: MIT
"""The protocol of demos/grouptherapy/README.md, from a stranger's client."""

import asyncio
import contextlib
import json
import random

import pytest
import websockets

from client import PATIENCE, wait_for

PATH = "/demo/grouptherapy"


class Guest:
    def __init__(self, socket):
        self.socket = socket

    async def send(self, message):
        await self.socket.send(message if isinstance(message, (str, bytes))
                               else json.dumps(message))

    async def receive(self):
        text = await asyncio.wait_for(self.socket.recv(), PATIENCE)
        assert isinstance(text, str)
        return json.loads(text)

    async def ask(self, message):
        await self.send(message)
        return await self.receive()

    async def refused(self, message):
        """The code of the error that comes back."""
        answer = await self.ask(message)
        assert set(answer) == {"type", "code", "message"}, answer
        assert answer["type"] == "error" and answer["message"]
        return answer["code"]

    async def join(self, name):
        return await self.ask({"type": "join", "name": name})

    async def say(self, text):
        await self.send({"type": "say", "text": text})


@contextlib.asynccontextmanager
async def guest(server, name=None):
    async with websockets.connect(server.ws(PATH), max_size=None) as socket:
        one = Guest(socket)
        if name is not None:
            welcome = await one.join(name)
            assert welcome["type"] == "welcome" and welcome["you"] == name
        yield one


def members(server):
    response = server.get(f"{PATH}/members")
    assert response.status == 200
    assert response.headers["Content-Type"].startswith("application/json")
    return sorted(response.json()["members"])


@pytest.fixture
def room(server):
    """The server, with nobody left in the room by the test before."""
    wait_for(lambda: members(server) == [], what="an empty room")
    return server


async def test_join_say_leave(room):
    async with guest(room) as ann, guest(room) as bob:
        welcome = await ann.join("Ann")
        assert set(welcome) == {"type", "you", "members", "recent"}
        assert welcome["members"] == ["Ann"]

        welcome = await bob.join("Bob")
        assert sorted(welcome["members"]) == ["Ann", "Bob"]
        assert await ann.receive() == {"type": "join", "name": "Bob"}
        assert members(room) == ["Ann", "Bob"]

        await bob.say("Is anybody here?")
        said = await ann.receive()
        assert said == await bob.receive()
        assert set(said) == {"type", "from", "text", "at"}
        assert (said["from"], said["text"]) == ("Bob", "Is anybody here?")
        assert said["at"] > 1_600_000_000_000

        await bob.socket.close()
        assert await ann.receive() == {"type": "leave", "name": "Bob"}
        assert members(room) == ["Ann"]


async def test_a_lost_connection_leaves_too(room):
    async with guest(room, "Ann") as ann:
        async with guest(room, "Bob") as bob:
            await ann.receive()
            bob.socket.transport.abort()
            assert await ann.receive() == {"type": "leave", "name": "Bob"}


async def test_everyone_hears_the_same_order(room):
    async with contextlib.AsyncExitStack() as stack:
        everyone = [await stack.enter_async_context(guest(room, f"G{i}"))
                    for i in range(5)]
        await asyncio.gather(*(one.say(f"{i}.{n}")
                               for n in range(20) for i, one in enumerate(everyone)))

        heard = []
        for one in everyone:
            texts = []
            while len(texts) < 100:
                message = await one.receive()
                if message["type"] == "say":
                    texts.append(message["text"])
            heard.append(texts)
        assert all(texts == heard[0] for texts in heard)
        for i in range(5):
            mine = [text for text in heard[0] if text.startswith(f"{i}.")]
            assert mine == [f"{i}.{n}" for n in range(20)]


async def test_a_newcomer_gets_the_last_fifty(room):
    async with guest(room, "Ann") as ann:
        for n in range(60):
            await ann.say(f"number {n}")
        for _ in range(60):
            await ann.receive()
        async with guest(room) as bob:
            recent = (await bob.join("Bob"))["recent"]
        assert [said["text"] for said in recent] == [f"number {n}" for n in range(10, 60)]
        assert all(said["type"] == "say" and said["from"] == "Ann" for said in recent)


async def test_the_setting_recent(serve):
    server = serve("--playground", config={
        "settings": {"urn:fulcra:demo:grouptherapy": {"recent": 2}}})
    async with guest(server, "Ann") as ann:
        for n in range(3):
            await ann.say(str(n))
            await ann.receive()
        async with guest(server) as bob:
            recent = (await bob.join("Bob"))["recent"]
    assert [said["text"] for said in recent] == ["1", "2"]


async def test_who_has_not_joined_hears_nothing(room):
    async with guest(room) as stranger, guest(room, "Ann") as ann:
        await ann.say("secret")
        await ann.receive()
        assert await stranger.refused({"type": "say", "text": "hello"}) == "not-joined"
        assert members(room) == ["Ann"]


async def test_names(room):
    async with guest(room, "Ann") as ann, guest(room) as other:
        for name in ["", "   ", "x" * 33, "é" * 33, None, 5, ["Ann"], {"name": "Ann"}, True]:
            assert await other.refused({"type": "join", "name": name}) == "bad-name"
        assert await other.refused({"type": "join"}) == "bad-name"
        assert await other.refused({"type": "join", "name": "Ann"}) == "name-taken"
        assert await other.refused({"type": "join", "name": " Ann "}) == "name-taken"
        assert await ann.refused({"type": "join", "name": "Anna"}) == "already-joined"

        welcome = await other.join("  " + "é" * 32 + "\t")
        assert welcome["you"] == "é" * 32
    async with guest(room, '<b onclick="x">"\\\u2028'):
        assert members(room) == ['<b onclick="x">"\\\u2028']


async def test_texts(room):
    async with guest(room, "Ann") as ann:
        for text in ["", "x" * 2001, "😀" * 2001, None, 5, [], {}, False]:
            assert await ann.refused({"type": "say", "text": text}) == "bad-text"
        assert await ann.refused({"type": "say"}) == "bad-text"
        for text in ["x" * 2000, "😀" * 2000, ' ', '"\\/\b\f\n\r\t', "</script>\u2028"]:
            assert (await ann.ask({"type": "say", "text": text}))["text"] == text


IDENTIFIERS = ["active:tick", "res:/demo/grouptherapy/members", "wsResponse:/disconnect",
               "httpRequest:/headers", "data:x", "x+operand@res:/secret", "%2B%40%25"]


async def test_identifiers_are_text(room):
    async with guest(room, "Ann") as ann:
        for text in IDENTIFIERS:
            said = await ann.ask({"type": "say", "text": text, text: text})
            assert (said["from"], said["text"]) == ("Ann", text)
            assert await ann.refused({"type": text}) == "unknown-type"
            assert await ann.refused({"request": text}) == "unknown-type"
            async with guest(room, text[:32]):
                assert (await ann.receive())["name"] == text[:32]
            assert await ann.receive() == {"type": "leave", "name": text[:32]}


# Each is refused, and the socket stays open ---------------------------------

def nested(levels, opening="[", closing="]"):
    return opening * levels + closing * levels


HOSTILE = {
    "nothing": ("", "not-json"),
    "blank": (" \n", "not-json"),
    "prose": ("hello", "not-json"),
    "half": ('{"type":"join","name":"Ann', "not-json"),
    "list": ('[{"type":"join","name":"Ann"}]', "not-json"),
    "number": ("17", "not-json"),
    "null": ("null", "not-json"),
    "text": ('"join"', "not-json"),
    "no type": ("{}", "unknown-type"),
    "type of another type": ('{"type":["join"],"name":"Ann"}', "unknown-type"),
    "type null": ('{"type":null}', "unknown-type"),
    "type in capitals": ('{"type":"JOIN","name":"Ann"}', "unknown-type"),
    "server's type": ('{"type":"welcome","you":"Ann"}', "unknown-type"),
    "bomb of lists": (nested(30_000), "not-json"),
    "bomb of objects": ('{"a":' * 10_000 + "1" + "}" * 10_000, "not-json"),
    "open lists": ("[" * 65_000, "not-json"),
    "65 levels": ('{"type":"x","a":' + nested(64) + "}", "not-json"),
    "64 levels": ('{"type":"x","a":' + nested(63) + "}", "unknown-type"),
    "many keys": (json.dumps({str(n): n for n in range(4_000)}), "unknown-type"),
    "one long key": ('{"' + "k" * 60_000 + '":1}', "unknown-type"),
    "great number": ('{"type":' + "9" * 10_000 + "}", "unknown-type"),
    "lone surrogate": ('{"type":"join","name":"\\ud800"}', "not-json"),
    "wrong pair": ('{"type":"join","name":"\\ud800\\ud800"}', "not-json"),
    "invalid UTF-8": (b'{"type":"join","name":"\xff\xfe"}', "not-json"),
    "a NUL": (b'{"type":"join"\x00,"name":"Ann"}', "not-json"),
}


@pytest.mark.parametrize("what", HOSTILE)
async def test_hostile(room, what):
    message, code = HOSTILE[what]
    async with guest(room) as one:
        assert await one.refused(message) == code
        assert (await one.join("Ann"))["you"] == "Ann"


async def test_soup(room, size):
    """Whatever comes, each message has one answer and the room goes on."""
    dice = random.Random(4711)
    seeds = ['{"type":"join","name":"\\u00e9"}', '{"type":"say","text":[1.5e3,null,true]}',
             '{"type":{"type":"say"},"at":-0.0}', '{"a":"\\ud83d\\ude00","type":"x"}']
    async with guest(room) as one:
        for _ in range(size(500, 20_000)):
            text = list(dice.choice(seeds))
            for _ in range(dice.randrange(6)):
                at = dice.randrange(len(text))
                text[at:at + dice.randrange(3)] = dice.choice(
                    ["", "{", "}", "[", "]", '"', "\\", ",", ":", "/*", "'", "9e99",
                     "\\u", "null", "\x00", "\x7f", "é", "😀"])
            answer = await one.ask("".join(text))
            assert answer["type"] in ("error", "welcome", "say"), answer
    async with guest(room, "Zoe"):
        assert "Zoe" in members(room)


async def test_an_escaped_nul_ends_a_name(room):
    async with guest(room) as one:
        assert await one.refused('{"type":"join","name":"\\u0000Ann"}') == "bad-name"


async def test_a_bomb_over_the_limit_closes_with_1009(room):
    async with guest(room) as one:
        await one.send(nested(200_000))
        with pytest.raises(websockets.ConnectionClosed):
            await one.receive()
        assert one.socket.close_code == 1009
