# SPDX-License-Identifier: MIT
"""modules/topics: rooms, publishing, what is known of a topic, limits."""

import asyncio
import contextlib
import json
import shutil
import subprocess
import textwrap

import pytest
import websockets

from client import BINARY, BUILD, PATIENCE, TEXT, Refused, wait_for


def connect(server, name="room", **options):
    return websockets.connect(server.ws(f"/topic/{name}"), max_size=None, **options)


async def receive(socket):
    return await asyncio.wait_for(socket.recv(), PATIENCE)


# Rooms ----------------------------------------------------------------------

async def test_everyone_in_the_room_hears_it_the_speaker_too(server):
    async with connect(server) as one, connect(server) as other, connect(server, "else") as third:
        for message in ["hello", "", "é\u2028", b"", b"\x00\xff", "x" * 60000]:
            await one.send(message)
            assert await receive(one) == await receive(other) == message
        await third.send("mine")
        assert await receive(third) == "mine"


async def test_one_order_for_all_on_two_loops(serve, size):
    server = serve("--loops", "2")
    n, each = 8, size(50, 500)
    async with contextlib.AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(connect(server, max_queue=None))
                   for _ in range(n)]

        async def talk(who, socket):
            for i in range(each):
                await socket.send(f"{who} {i}")

        async def listen(socket):
            return [await receive(socket) for _ in range(n * each)]

        talking = asyncio.gather(*(talk(*pair) for pair in enumerate(sockets)))
        heard = await asyncio.gather(*(listen(socket) for socket in sockets))
        await talking
    assert all(mine == heard[0] for mine in heard)
    for who in range(n):
        mine = [message for message in heard[0] if message.startswith(f"{who} ")]
        assert mine == [f"{who} {i}" for i in range(each)]


async def test_who_leaves_hears_no_more_and_the_room_forgets(server):
    async with connect(server, "leaving") as one:
        async with connect(server, "leaving"):
            pass
        await one.send("alone")
        assert await receive(one) == "alone"


def test_a_room_is_for_sockets(server):
    assert server.request("DELETE", "/topic/room").status in (404, 405)


@pytest.mark.parametrize("name", ["x" * 65, "a%20b", "*", "stock*", "a+b", "%C3%A9"])
def test_names(server, name):
    with pytest.raises(Refused) as refused:
        server.socket(f"/topic/{name}")
    assert refused.value.status == 400
    answer = server.request("POST", f"/topic/{name}", "x")
    assert answer.status == 400 and "no wildcards" in answer.text


def test_levels_of_a_name(server):
    assert server.request("POST", "/topic/" + "a." * 7 + "b", "x").status == 201
    answer = server.request("POST", "/topic/" + "a." * 8 + "b", "x")
    assert answer.status == 400 and "9 levels: topics have up to 8" in answer.text


# Publishing by HTTP ----------------------------------------------------------

@pytest.mark.parametrize("body, opcode", [
    (b"hello", TEXT), ('{"a":"é"}'.encode(), TEXT), (b"a=b&c=d", TEXT), (b"nul \x00", TEXT),
    (b"\xff\xfe", BINARY), (b"\xc3", BINARY)])
@pytest.mark.parametrize("kind", [
    "text/plain", "application/json", "application/x-www-form-urlencoded",
    "application/octet-stream", "image/png", None])
def test_the_raw_body_is_the_message(server, body, opcode, kind):
    with server.socket("/topic/posted") as socket:
        headers = {} if kind is None else {"Content-Type": kind}
        assert server.request("POST", "/topic/posted", body, headers).status == 201
        assert socket.receive() == (opcode, body)
        answer = server.get("/topic/posted")
        assert answer.status == 200 and answer.body == body


def test_a_foreign_origin_publishes_nothing(server):
    with server.socket("/topic/origin") as socket:
        answer = server.request("POST", "/topic/origin", "evil", {"Origin": "http://evil.example"})
        assert answer.status == 403
        assert server.request("POST", "/topic/origin", "good", {"Origin": server.url}).status == 201
        assert socket.receive() == (TEXT, b"good")


def test_no_message_and_one_that_is_too_large(server):
    assert server.request("POST", "/topic/posted", b"").status == 400
    assert server.request("POST", "/topic/posted", b"x" * 65536).status == 201
    assert server.request("POST", "/topic/posted", b"x" * 65537).status == 413


def test_nothing_was_published_yet(server):
    assert server.get("/topic/silent").status == 404


# The resource ------------------------------------------------------------------

DEFINITION = {
    "uri": "urn:test:chat", "version": "1.0.0",
    "requires": {"urn:fulcra:module:topics": "*"},
    "spaces": [{"uri": "urn:test:chat", "public": True, "attach": "front", "endpoints": [
        {"mapper": {"map": [
            {"grammar": "ws:/chat/{name}", "request": "active:topicRoom+name@{name}"},
            {"grammar": "ws:/follow/{name}", "verbs": "NEW",
             "request": {"identifier": "wsResponse:/subscribe", "verb": "SINK",
                         "arguments": {"resource": "topic:/{name}"}}},
            {"grammar": "ws:/family/{name}", "verbs": "NEW",
             "request": {"identifier": "wsResponse:/subscribe", "verb": "SINK",
                         "arguments": {"resource": "active:topicFamily+name@{name}"}}},
            {"grammar": "res:/family/{name}",
             "request": {"identifier": "active:topicFamily+name@{name}"}},
            {"grammar": "res:/family/{name}/meta",
             "request": {"identifier": "active:topicFamily+name@{name}", "verb": "META",
                         "type": "application/json"}},
            {"grammar": "ws:/presence/{name}", "verbs": "NEW",
             "request": {"identifier": "wsResponse:/subscribe", "verb": "SINK",
                         "arguments": {"resource": "topic:/{name}/subscribers"}}},
            {"grammar": "res:/known/{name}/meta",
             "request": {"identifier": "topic:/{name}", "verb": "META", "type": "application/json"}},
            {"grammar": "res:/known/{name}/exists",
             "request": {"identifier": "topic:/{name}", "verb": "EXISTS"}},
            {"grammar": "res:/known/{name}/delete",
             "request": {"identifier": "topic:/{name}", "verb": "DELETE"}},
            {"grammar": "res:/known/{name}/say",
             "request": {"identifier": "topic:/{name}", "verb": "SINK",
                         "primary": {"text": "said"}}},
            {"grammar": "res:/known/{name}/sockets",
             "request": {"identifier": "topic:/{name}/subscribers",
                         "type": "application/json"}}]}}]}]}


@pytest.fixture
def chat(serve, tmp_path):
    """chat(settings): topics and rooms under paths of its own, no playground."""
    folder = tmp_path / "chat"
    folder.mkdir()
    (folder / "module.json").write_text(json.dumps(DEFINITION))

    def start(*args, **settings):
        return serve(*args, playground=False, config={
            "modules": [str(folder), f"{BUILD}/stage/modules/topics"],
            "settings": {"urn:fulcra:module:topics": settings}})

    return start


def test_there_is_no_public_room_but_where_one_was_declared(chat):
    server = chat()
    with pytest.raises(Refused):
        server.socket("/topic/room")
    assert server.request("POST", "/topic/room", "x").status == 404
    server.socket("/chat/room").tcp.close()


def test_what_is_known_of_a_topic(chat):
    server = chat()
    assert server.get("/known/a/exists").text == "false"
    assert server.get("/known/a/meta").json() == {"subscribers": 0, "published": 0}
    with server.socket("/chat/a") as one, server.socket("/chat/a") as other:
        assert server.get("/known/a/exists").text == "true"
        assert server.get("/known/a/meta").json()["subscribers"] == 2
        for i in range(3):
            one.send(TEXT, b"%d" % i)
            assert one.receive() == other.receive() == (TEXT, b"%d" % i)
        server.get("/known/a/say")
        assert one.receive() == other.receive() == (TEXT, b"said")
        meta = server.get("/known/a/meta").json()
        assert meta["published"] == 4 and meta["last"] > 1_600_000_000_000

        assert server.get("/known/a/delete").text == "true"
        assert server.get("/known/a/meta").json() == {"subscribers": 2, "published": 0}
        one.send(TEXT, b"on")  # who is subscribed stays so
        assert one.receive() == other.receive() == (TEXT, b"on")
        one.close()
        other.close()
    wait_for(lambda: server.get("/known/a/meta").json()["subscribers"] == 0)
    assert server.get("/known/a/exists").text == "true"
    assert server.get("/known/a/delete").text == "true"
    assert server.get("/known/a/exists").text == "false"
    assert server.get("/known/a/delete").text == "false"


def test_presence(chat):
    server = chat("--loops", "2")
    assert server.get("/known/p/sockets").json() == []
    sockets = [server.socket("/chat/p") for _ in range(5)]
    ids = server.get("/known/p/sockets").json()
    assert len(set(ids)) == 5 and all(len(one) >= 20 for one in ids)
    sockets[0].close()
    wait_for(lambda: len(server.get("/known/p/sockets").json()) == 4)
    assert set(server.get("/known/p/sockets").json()) < set(ids)
    sockets[1].tcp.close()  # without a word
    wait_for(lambda: len(server.get("/known/p/sockets").json()) == 3)
    for socket in sockets[2:]:
        socket.tcp.close()


def test_a_topic_is_followed_as_a_resource(chat):
    """Not its last message, but all that come."""
    server = chat("--loops", "2")
    with server.socket("/chat/f") as speaker:
        speaker.send(TEXT, b"before")
        assert speaker.receive() == (TEXT, b"before")
        with server.socket("/follow/f") as one, server.socket("/follow/f") as other:
            for i in range(100):
                speaker.send(TEXT, b"same")
            for i in range(100):
                assert one.receive() == other.receive() == (TEXT, b"same")
            assert server.get("/known/f/meta").json()["subscribers"] == 3


def test_a_family_is_followed(chat):
    """What is beneath a name, made before or after, in the order it was said."""
    server = chat("--loops", "2")
    names = ["stock.ACME.bid", "stock.ACME", "stock", "stocks", "stock-ACME", "stock.BOLT"]
    with contextlib.ExitStack() as stack:
        rooms = {name: stack.enter_context(server.socket(f"/chat/{name}")) for name in names}
        stock, other, acme = [stack.enter_context(server.socket(f"/family/{name}"))
                              for name in ("stock", "stock", "stock.ACME")]
        for i in range(60):
            rooms[names[i % 6]].send(TEXT, b"%d" % i)
            assert rooms[names[i % 6]].receive() == (TEXT, b"%d" % i)
        for i in range(60):
            if i % 6 not in (3, 4):
                assert stock.receive() == other.receive() == (TEXT, b"%d" % i)
            if i % 6 < 2:
                assert acme.receive() == (TEXT, b"%d" % i)
        assert server.get("/family/stock/meta").json()["subscribers"] == 2
        assert server.get("/family/stock/meta").json()["published"] == 40
        assert server.get("/known/stock/meta").json()["published"] == 10
        rooms["stock.ACME"].send(TEXT, b"the end")
        assert stock.receive() == other.receive() == acme.receive() == (TEXT, b"the end")


def test_what_is_no_family(chat):
    server = chat(depth=3)
    server.socket("/family/a.b.c").tcp.close()
    for path in ("/family/a.b.c.d", "/chat/a.b.c.d", "/family/a*", "/family/" + "x" * 65):
        with pytest.raises(Refused) as refused:
            server.socket(path)
        assert refused.value.status == 400
    assert server.get("/known/a.b.c.d/say").status == 400
    assert server.get("/family/a").status == 400
    assert server.get("/family/a/meta").json() == {"subscribers": 0, "published": 0}


def test_presence_is_followed_as_a_value(chat):
    server = chat("--loops", "2")
    with server.socket("/presence/p") as watcher:
        assert json.loads(watcher.receive()[1]) == []

        def wait_present(n):
            while len(present := json.loads(watcher.receive()[1])) != n:
                pass
            return present

        with server.socket("/chat/p") as one:
            first = wait_present(1)
            with server.socket("/chat/p") as other:
                assert set(wait_present(2)) > set(first)
                other.close()
            assert wait_present(1) == first
            one.close()
        wait_present(0)


def test_a_topic_that_nobody_uses_gives_room(chat):
    server = chat(topics=3)
    with server.socket("/chat/used") as used:
        for name in ("a", "b", "c", "d"):
            server.get(f"/known/{name}/say")
        assert server.get("/known/a/exists").text == "false"
        assert server.get("/known/d/exists").text == "true"
        others = [server.socket(f"/chat/{name}") for name in ("c", "d")]
        with pytest.raises(Refused) as refused:
            server.socket("/chat/one-more")
        assert refused.value.status == 503
        used.send(TEXT, b"still")
        assert used.receive() == (TEXT, b"still")
        for socket in others:
            socket.close()
    with server.socket("/chat/one-more") as socket:
        socket.send(TEXT, b"now")
        assert socket.receive() == (TEXT, b"now")


def test_the_largest_message(chat):
    server = chat(message="100B")
    with server.socket("/chat/a") as one:
        one.send(TEXT, b"x" * 101)
        one.send(TEXT, b"x" * 100)
        assert one.receive() == (TEXT, b"x" * 100)
        one.close()


def test_what_one_socket_may_follow(serve):
    server = serve("--set", "websocket.maxSubscriptions=1")
    with server.socket("/topic/a") as socket:
        socket.send(TEXT, b"x")
        assert socket.receive() == (TEXT, b"x")


# Other clients ------------------------------------------------------------------

def has_node():
    return shutil.which("node") is not None and subprocess.run(
        ["node", "-e", "require('ws')"], capture_output=True).returncode == 0


@pytest.mark.skipif(not has_node(), reason="no node modules; ./bootstrap check installs them")
async def test_a_client_of_another_library(server):
    script = textwrap.dedent("""
        const WebSocket = require('ws');
        const socket = new WebSocket(process.argv[1]);
        socket.on('open', () => socket.send('from node'));
        let n = 0;
        socket.on('message', (data, binary) => {
          console.log(binary ? 'binary' : 'text', data.toString('hex'));
          if (++n === 3) socket.close();
        });
    """)
    async with connect(server, "node") as socket:
        node = await asyncio.create_subprocess_exec(
            "node", "-e", script, server.ws("/topic/node"), stdout=subprocess.PIPE)
        assert await receive(socket) == "from node"
        await socket.send("é")
        await socket.send(b"\x00\xff")
        out, _ = await asyncio.wait_for(node.communicate(), PATIENCE)
    assert out.decode().splitlines() == [
        "text " + b"from node".hex(), "text c3a9", "binary 00ff"]


@pytest.mark.parametrize("window", [1, 16])
def test_a_thousand_subscribers(serve, window):
    server = serve("--loops", "2")
    figures = server.load("fanout", "-u", "/topic/x", "-U", "/topic/x", "-c", 1000,
                          "-W", window, "-s", 128, "-t", 60, "-n", 100_000, "-w", 0.2)
    assert figures["n"] > 1000 and figures["lost"] == figures["bad"] == 0
