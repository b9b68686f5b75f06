# SPDX-License-Identifier: MIT
"""The kind "messages": JSON messages of a socket become requests."""

import asyncio
import json

import pytest
import websockets

from client import PATIENCE, Server
from parts import module, problems, refusal

SHOW = {"id": "show", "grammar": [
    "active:show+n@{}?+title@{}?+x@{}?+operand@{}?", "active:gone+status@{}?"], "private": True}
MESSAGES = {
    "grammar": "ws:/talk/{x}",
    "types": {
        "name": {"fields": {"n": {"max": 4, "trim": True}, "title": {"min": 0, "max": 3}},
                 "request": {"identifier": "active:show+n@{n}+title@{title}+x@{x}",
                             "verb": "NEW"}},
        "text": {"fields": {"text": {"min": 2, "max": 60000, "refuse": "short",
                                     "help": "say more"}},
                 "request": "active:show", "primary": "text"},
        "whole": {"request": "active:show"},
        "quiet": {"request": {"identifier": "wsResponse:/message", "verb": "SINK",
                              "primary": {"text": "quiet"}}},
        "nobody": {"request": "active:nobody"},
        "fail": {"fields": {"x2": {"max": 20}},
                 "request": {"identifier": "active:fail+x@{x2}", "verb": "SOURCE"}},
        "later": {"request": {"identifier": "active:later", "verb": "SOURCE"}}}}
ENTRIES = [
    {"messages": MESSAGES},
    {"messages": {"grammar": "ws:/method", "by": "method", "types": {
        "a": {"request": "active:show"}, "b": {"request": "active:show"}}}},
    {"messages": {"grammar": "ws:/closed", "types": {}, "open": "active:nobody"}},
    {"messages": {"grammar": "ws:/open", "types": {}, "open": "active:show"}},
    {"id": "later", "grammar": "active:later", "private": True},
    {"id": "fail", "grammar": "active:fail+x@{x}", "private": True},
    SHOW]


@pytest.fixture(scope="module")
def site(can_serve, tmp_path_factory):
    top = tmp_path_factory.mktemp("messages")
    server = Server(name="messages", folder=top, modules=[module(top / "m", ENTRIES)])
    yield server
    server.stop()


async def ask(socket, message):
    await socket.send(message if isinstance(message, (str, bytes)) else json.dumps(message))
    return await asyncio.wait_for(socket.recv(), PATIENCE)


async def code(socket, message):
    answer = json.loads(await ask(socket, message))
    assert set(answer) == {"type", "code", "message"} and answer["type"] == "error"
    return answer["code"], answer["message"]


async def test_a_message_becomes_a_request(site):
    async with websockets.connect(site.ws("/talk/room")) as socket:
        assert await ask(socket, {"type": "name", "n": " Ann\t", "title": "Dr", "more": 1}) == (
            'NEW\ntitle=Dr\nn=Ann\nx=room\nprimary '
            '{"type": "name", "n": " Ann\\t", "title": "Dr", "more": 1}\n')
        assert await ask(socket, '{"type":"whole"}') == 'SINK\nprimary {"type":"whole"}\n'
        assert await ask(socket, {"type": "later"}) == "SOURCE\n"


async def test_an_answer_is_sent_and_none_is_not(site):
    async with websockets.connect(site.ws("/talk/room")) as socket:
        assert await ask(socket, {"type": "quiet"}) == "quiet"
        assert await ask(socket, {"type": "quiet"}) == "quiet"


async def test_what_is_written_is_data(site):
    async with websockets.connect(site.ws("/talk/room")) as socket:
        for text in ["a+x", "a@b", "%41", "é/ß"]:
            answer = await ask(socket, {"type": "name", "n": text, "title": "+@%"})
            assert answer.startswith(f"NEW\ntitle=+@%\nn={text}\nx=room\n")
        for text in ["res:/secret", "x" * 60_000, '"\\\n']:
            assert await ask(socket, {"type": "text", "text": text}) == (
                f"SINK\nprimary {text}\n")


async def test_fields_are_checked(site):
    async with websockets.connect(site.ws("/talk/room")) as socket:
        for n in ["", "  ", "12345", "é" * 5, None, 5, ["a"], {}]:
            assert await code(socket, {"type": "name", "n": n, "title": ""}) == (
                "bad-n", "n is a text of 1 to 4 characters")
        assert (await code(socket, {"type": "name"}))[0] == "bad-n"
        assert (await code(socket, {"type": "name", "n": "é", "title": 5}))[0] == "bad-title"
        assert (await code(socket, {"type": "name", "n": "é", "title": "four"}))[0] == "bad-title"
        assert (await ask(socket, {"type": "name", "n": "é" * 4})).startswith("NEW\n")
        assert await code(socket, {"type": "text", "text": "x"}) == ("short", "say more")


async def test_what_is_no_message_is_refused(site):
    async with websockets.connect(site.ws("/talk/room")) as socket:
        for message in ["", "x", "[1]", "null", '{"type":"name"', "[" * 65 + "]" * 65, b"\xff"]:
            assert (await code(socket, message))[0] == "not-json"
        for message in [{}, {"type": 5}, {"type": "NAME"}, {"type": None}]:
            assert (await code(socket, message))[0] == "unknown-type"
    async with websockets.connect(site.ws("/method")) as socket:
        assert await code(socket, {"type": "a"}) == ("unknown-method", "method is one of: a, b")
        assert await ask(socket, '{"method":"a"}') == 'SINK\nprimary {"method":"a"}\n'


async def test_a_failure_is_told_by_its_id_alone(site):
    async with websockets.connect(site.ws("/talk/room")) as socket:
        for message, what in [({"type": "nobody"}, "unresolved"),
                              ({"type": "fail", "x2": "gone"}, "gone"),
                              ({"type": "fail", "x2": "overloaded"}, "overloaded")]:
            assert await code(socket, message) == (what, "this message could not be handled")
        assert await ask(socket, {"type": "quiet"}) == "quiet"


async def test_open_may_refuse(site):
    with pytest.raises(websockets.InvalidStatusCode) as refused:
        await websockets.connect(site.ws("/closed"))
    assert refused.value.status_code == 404
    async with websockets.connect(site.ws("/open")) as socket:
        assert await code(socket, {"type": "a"}) == ("unknown-type", "type is one of: ")


def test_without_a_socket(fulcra, tmp_path):
    folder = module(tmp_path / "m", ENTRIES)
    assert "a message needs a WebSocket" in refusal(
        fulcra, folder, "ws:/talk/room", "--verb", "sink", "--primary", '{"type":"whole"}')


def wrong(fulcra, tmp_path, **keys):
    definition = {"grammar": "ws:/t/{x}", "types": {}, **keys}
    return problems(fulcra, module(tmp_path / "m", [{"messages": definition}]))


@pytest.mark.parametrize("types, why", [
    ({"a": {"request": "active:b", "fields": {"x": {"max": 1}}}},
     "{x} is a slot of the grammar already"),
    ({"a": {"request": "active:b", "fields": {"n": {"min": 2, "max": 1}}}}, "no text would fit"),
    ({"a": {"request": "active:b", "fields": {"n": {}}}}, "max"),
    ({"a": {"request": "active:b", "primary": "n"}}, '"n" is none of the "fields"'),
    ({"a": {"request": "active:b", "fields": {f"f{n}": {"max": 1} for n in range(33)}}},
     "33 fields; the limit is 32"),
    ({f"t{n}": {"request": "active:b"} for n in range(65)}, "65 types; the limit is 64"),
    ({"a": {"request": "active:b+n@{nme}", "fields": {"name": {"max": 1}}}},
     "module.json:16:20: there is no {nme} here; did you mean {name}?"),
    ({"a": {"request": {"identifier": "active:b", "arguments": {"n": {"slot": "y"}}},
            "fields": {"reason": {"max": 1}}}},
     "there is no {y} here; there is {x}, {reason}, {socketid}, {status}"),
])
def test_what_is_wrong_with_a_definition(fulcra, tmp_path, types, why):
    assert why in wrong(fulcra, tmp_path, types=types)
