# SPDX-License-Identifier: MIT
"""Order under load in every kind of run, and messages full of identifiers."""

import json
import os
import subprocess

import pytest
import websockets

from client import Refused

BUILD = os.environ["FULCRA_BUILDDIR"]
STRESS = f"{BUILD}/stage/tests/modules/stress"


def flood(server, path, connections, messages, mode):
    done = subprocess.run(
        [f"{BUILD}/tests/bench/flood", str(server.port), path,
         str(connections), str(messages), mode],
        capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout)


@pytest.mark.parametrize("kind", ["inline", "serial", "concurrent"])
def test_every_answer_comes_in_order(serve, size, kind):
    server = serve("--loops", "2", modules=[STRESS])
    done = flood(server, f"/stress/{kind}", 100, size(100, 10_000), "order")
    assert done["wrong"] == 0


def test_no_message_becomes_an_identifier(serve, size):
    server = serve("--loops", "2", modules=[STRESS])
    done = flood(server, "/stress/slots", 100, size(100, 10_000), "hostile")
    assert done["wrong"] == 0
    assert server.get("/stress/tripped").text == "0"


PIECES = ["active:tripwire", "res:/tripwire", "+operand@res:/tripwire",
          "+socketid@other", "data:,tripwire", "%2Boperand%40res:/tripwire"]


def test_no_path_becomes_an_identifier(serve):
    server = serve(modules=[STRESS])
    for piece in PIECES:
        assert server.get(f"/{piece}").status in (400, 404)
        assert server.get(f"/stress/store/x{piece.replace('/', '%2F')}").status in (200, 400, 404)
        with pytest.raises(Refused) as refusal:
            server.socket(f"/stress/inline{piece}".replace(" ", "%20"))
        assert refusal.value.status in (400, 404)
    assert server.get("/stress/tripped").text == "0"


async def test_no_close_reason_becomes_an_identifier(serve):
    server = serve(modules=[STRESS])
    for piece in PIECES:
        socket = await websockets.connect(server.ws("/stress/inline"))
        await socket.close(code=4000, reason=piece)
    assert server.get("/stress/tripped").text == "0"


async def test_no_field_of_the_chat_becomes_an_identifier(serve):
    server = serve(playground=True, modules=[STRESS])
    async with websockets.connect(server.ws("/demo/grouptherapy")) as socket:
        for piece in PIECES:
            for message in ({"type": piece}, {"type": "join", "name": piece},
                            {"type": "say", "text": piece}, {piece: piece},
                            {"type": "say", "text": {"type": piece}}):
                await socket.send(json.dumps(message))
                await socket.recv()
    assert server.get("/stress/tripped").text == "0"
