# SPDX-License-Identifier: MIT
"""Requests that time causes."""

import json
import re

import pytest


def module(folder, timer, **endpoints):
    folder.mkdir()
    (folder / "module.json").write_text(json.dumps({
        "uri": "urn:test:timer", "version": "1.0.0",
        "spaces": [{"uri": "urn:test:timer", "endpoints": [{"timer": timer}]}]},
        indent=1))
    return folder


def test_ticks_and_stops(serve):
    """The ticker's prices change without anybody asking for a change."""
    from client import wait_for
    server = serve()
    first = server.get("/demo/ticker/prices").text

    wait_for(lambda: server.get("/demo/ticker/prices").text != first,
             what="another price")
    server.stop()


def test_a_failing_request_is_logged_once(serve, tmp_path):
    server = serve(modules=[module(tmp_path / "m", {
        "every": "10ms", "request": {"identifier": "res:/nowhere"}})])
    server.wait_log(r"warning .*timer: SOURCE res:/nowhere: ")
    server.get("/")
    server.get("/")
    server.stop()

    assert len(re.findall("timer: SOURCE", server.log())) == 1


@pytest.mark.parametrize("timer,says", [
    ({"request": {"identifier": "res:/x"}}, "every"),
    ({"every": "1s"}, "request"),
    ({"every": "1ms", "request": {"identifier": "res:/x"}}, "10ms"),
    ({"every": "1s", "request": {"identifier": "nonsense"}}, "nonsense"),
    ({"every": "1s", "request": {"identifier": "res:/x", "verb": "GET"}}, "GET"),
    ({"every": "1s", "request": {"identifer": "res:/x"}}, "identifier"),
    ({"every": 1, "request": {"identifier": "res:/x"}}, "every"),
])
def test_wrong_definitions(fulcra, tmp_path, timer, says):
    result = fulcra("check", str(module(tmp_path / "m", timer)))

    assert result.returncode == 1
    assert re.search(rf"module\.json:\d+:\d+: .*{says}", result.stderr), result.stderr
