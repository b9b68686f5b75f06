# SPDX-License-Identifier: MIT
"""Requests that time causes."""

import json
import re
import time

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


def test_a_declared_request_inside_an_overlay(serve, tmp_path):
    """Arguments are passed, and what only the inside knows is found."""
    from client import wait_for
    from parts import module as parts
    server = serve(modules=[parts(tmp_path / "m", [
        {"pluggable": {"space": [
            {"mapper": {"map": [{"grammar": "res:/asked", "request": "res:/number"}], "space": [
                {"id": "counted", "grammar": "active:count+operand@{}"},
                {"id": "asked", "grammar": "res:/number"},
                {"timer": {"every": "10ms", "request": {
                    "identifier": "active:count",
                    "arguments": {"operand": {"text": "tick"}}}}}]}}]}}])])

    wait_for(lambda: int(server.get("/asked").text) > 1, what="two ticks")
    assert "timer:" not in server.log()


def test_a_failing_request_is_logged_once(serve, tmp_path):
    server = serve(modules=[module(tmp_path / "m", {
        "every": "10ms", "request": {"identifier": "res:/nowhere"}})])
    server.wait_log(r"warning .*timer: SOURCE res:/nowhere: ")
    server.get("/")
    server.get("/")
    server.stop()

    assert len(re.findall("timer: SOURCE", server.log())) == 1


def test_cron(serve, tmp_path, size):
    """The next minute comes by itself; that is too slow for every day."""
    if not size(False, True):
        pytest.skip("takes a minute")
    server = serve(modules=[module(tmp_path / "m", {
        "cron": "* * * * *", "request": {"identifier": "res:/nowhere"}})])

    server.wait_log(r"warning .*timer: SOURCE res:/nowhere: ", timeout=70)
    assert time.localtime().tm_sec < 5


CRON = {"request": {"identifier": "res:/x"}}


@pytest.mark.parametrize("timer", [
    {"cron": "*/5 * * * *"}, {"cron": "0 9 * * mon-fri", "zone": "UTC"},
    {"cron": "@daily", "zone": "Europe/Berlin"}, {"cron": "0 0 29 feb *"},
])
def test_cron_definitions(fulcra, tmp_path, timer):
    result = fulcra("check", str(module(tmp_path / "m", {**timer, **CRON})))

    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("timer,says", [
    ({**CRON, "cron": "0 0 31 2 *"}, "never comes: .*29 would be right"),
    ({**CRON, "cron": "0 25 * * *"}, 'hour: "25" is not 0 to 23'),
    ({**CRON, "cron": "@fortnightly"}, "@weekly"),
    ({**CRON, "cron": "@daily", "zone": "Europe/Berln"}, "no time zone"),
    ({**CRON, "cron": "@daily", "every": "1s"}, '"cron" beside "every"'),
    ({**CRON, "zone": "UTC", "every": "1s"}, '"zone" beside "every"'),
    ({**CRON, "cron": 5}, "cron"),
    (CRON, '"every" and no "cron"'),
    ({"request": {"identifier": "res:/x"}}, "every"),
    ({"every": "1s"}, "request"),
    ({"every": "1ms", "request": {"identifier": "res:/x"}}, "10ms"),
    ({"every": "1s", "request": {"identifier": "nonsense"}}, "nonsense"),
    ({"every": "1s", "request": {"identifier": "res:/x", "verb": "GET"}}, "GET"),
    ({"every": "1s", "request": {"identifer": "res:/x"}}, "identifier"),
    ({"every": "1s", "request": "active:x+a@{b}"}, "nothing fills slots"),
    ({"every": "1s", "request": {"identifier": "active:x", "arguments": {
        "a": {"request": "res:/y"}}}}, "cannot hold another"),
    ({"every": 1, "request": {"identifier": "res:/x"}}, "every"),
])
def test_wrong_definitions(fulcra, tmp_path, timer, says):
    result = fulcra("check", str(module(tmp_path / "m", timer)))

    assert result.returncode == 1
    assert re.search(rf"module\.json:\d+:\d+: .*{says}", result.stderr), result.stderr


def test_the_place_within_an_expression(fulcra, tmp_path):
    folder = module(tmp_path / "m", {"cron": "0 0 * * mom", **CRON})
    text = (folder / "module.json").read_text().split("\n")
    line = next(i for i, each in enumerate(text) if "mom" in each)
    result = fulcra("check", str(folder))

    assert f"module.json:{line + 1}:{text[line].index('mom') + 1}: " in result.stderr
