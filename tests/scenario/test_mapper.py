# SPDX-License-Identifier: MIT
"""Mappers, and the declared requests that they make."""

import json
import os
import re

import pytest

from parts import ask, literal, module, problems, refusal, request, show

BUILD = os.environ["FULCRA_BUILDDIR"]


def mapper(*map, **keys):
    return {"mapper": {"map": list(map), **keys}}


def to(grammar, request, **more):
    return {"grammar": grammar, "request": request, **more}


# --- patterns ---------------------------------------------------------------


def test_alias_mount_and_rewrite(fulcra, tmp_path):
    folder = module(tmp_path / "m", [
        mapper(to("res:/home", "res:/files/index"),
               to("res:/mounted/{rest*}", "res:/files/{rest*}"),
               to("res:/{year:[0-9]{4}}/{name}", "res:/files/{name}-{year}")),
        literal("res:/files/index", "the index"),
        show("res:/files/{x*}")])

    assert ask(fulcra, folder, "res:/home") == "the index"
    assert ask(fulcra, folder, "res:/mounted/a/b") == "SOURCE\nx=a/b"
    assert ask(fulcra, folder, "res:/mounted/") == "SOURCE\nx="
    assert ask(fulcra, folder, "res:/2024/report") == "SOURCE\nx=report-2024"
    assert "prefix differs" in refusal(fulcra, folder, "res:/24/report")


def test_opaque(fulcra, tmp_path):
    """What is inside is reached through the map alone."""
    folder = module(tmp_path / "m", [
        mapper(to("res:/in", "res:/inner"), space=[literal("res:/inner", "found")])])

    assert ask(fulcra, folder, "res:/in") == "found"
    assert "mapper (res:/in): " in refusal(fulcra, folder, "res:/inner")


def test_inside_before_outside(fulcra, tmp_path):
    folder = module(tmp_path / "m", [
        literal("res:/a", "outer a"), literal("res:/b", "outer b"),
        mapper(to("res:/map/{x}", "res:/{x}"), space=[literal("res:/a", "inner a")])])

    assert ask(fulcra, folder, "res:/map/a") == "inner a"
    assert ask(fulcra, folder, "res:/map/b") == "outer b"


def test_order_and_verbs(fulcra, tmp_path):
    """The first entry that takes identifier and verb wins."""
    folder = module(tmp_path / "m", [
        mapper(to("res:/x/{x}", "res:/sunk/{x}", verbs=["SINK", "NEW"]),
               to("res:/x/{x}", "res:/sourced/{x}", verbs="SOURCE"),
               to("res:/x/{x}", "res:/never/{x}", verbs="SOURCE")),
        show("res:/sunk/{x}"), show("res:/sourced/{x}"),
        literal("res:/never/{x}", "never")])

    assert ask(fulcra, folder, "res:/x/1") == "SOURCE\nx=1"
    assert ask(fulcra, folder, "res:/x/1", "--verb", "SINK", "--primary", "p") == \
        "SINK\nx=1\nprimary p"
    assert "does not answer DELETE" in refusal(
        fulcra, folder, "res:/x/1", "--verb", "DELETE")


def test_verbs_pass_unless_one_is_declared(fulcra, tmp_path):
    folder = module(tmp_path / "m", [
        mapper(to("res:/same", "res:/end"),
               to("res:/read", {"identifier": "res:/end", "verb": "SOURCE"})),
        show("res:/end")])

    assert ask(fulcra, folder, "res:/same", "--verb", "EXISTS") == "true"
    assert ask(fulcra, folder, "res:/same", "--verb", "DELETE") == "DELETE"
    assert ask(fulcra, folder, "res:/read", "--verb", "SINK", "--primary", "p") == \
        "SOURCE"


def test_protected_and_private(fulcra, tmp_path):
    folder = module(tmp_path / "m", [
        mapper(to("res:/way", "res:/guarded"),
               to("res:/guarded", "res:/end", protected=True),
               to("res:/hidden", "res:/end", private=True)),
        literal("res:/end", "reached")])

    assert ask(fulcra, folder, "res:/way") == "reached"
    assert "res:/guarded" not in \
        refusal(fulcra, folder, "res:/guarded").split("\n", 1)[1]
    assert "mapper: private" in refusal(fulcra, folder, "res:/hidden")


def test_headers_of_the_answer(serve, tmp_path):
    server = serve(modules=[module(tmp_path / "m", [
        mapper(to("res:/made", "res:/end", headers={
            "httpResponse:/code": "201", "httpResponse:/header/X-Made": "yes"})),
        literal("res:/end", "fine")])])
    answer = server.get("/made")

    assert (answer.status, answer.text) == (201, "fine")
    assert answer.headers["X-Made"] == "yes"
    assert "X-Made" not in server.get("/end").headers


# --- declared requests ------------------------------------------------------


def test_slots_are_data(serve, tmp_path):
    """What a client writes adds no argument and is no reference."""
    server = serve(modules=[module(tmp_path / "m", [
        mapper(to("res:/say/{t*}", "active:show+title@{t}")),
        show("active:show+title@{}+operand@{}?"),
        literal("res:/secret", "revealed")])])

    for path, title in [("res:/secret", "res:/secret"), ("a%2Boperand%40b", "a+operand@b"),
                        ("%257Bx%257D", "%7Bx%7D"), ("a/b", "a/b")]:
        assert server.get(f"/say/{path}").text == f"SOURCE\ntitle={title}\n"


def test_arguments(fulcra, tmp_path):
    """By reference, literal, by value, nested, from a slot, repeated."""
    folder = module(tmp_path / "m", [
        mapper(to("res:/all/{s}", {
            "identifier": "active:show", "headers": {"X-Part": "head"},
            "arguments": {
                "operand": "res:/stock/{s}",
                "title": {"text": "a + b"},
                "message": {"text": "by value", "type": "text/plain"},
                "stack": {"request": {"identifier": "active:inner",
                                      "arguments": {"operand": "res:/stock/{s}"}}},
                "id": {"slot": "s"},
                "n": [{"text": "1"}, {"text": "2"}]}})),
        literal("res:/stock/{s}", "in stock"),
        show("active:show+*"), {"id": "later", "grammar": "active:inner+operand@{}"}])

    assert ask(fulcra, folder, "res:/all/acme") == "\n".join([
        "SOURCE", "operand->in stock", "title=a + b", "n=1", "n=2", "id=acme",
        "message->by value", "stack->SOURCE", "operand->in stock", "",
        "X-Part: head"])


def test_nested_requests_are_lazy(serve, tmp_path):
    counted = {"request": "res:/counted"}
    server = serve(modules=[module(tmp_path / "m", [
        mapper(to("res:/unused", {"identifier": "active:show", "arguments": {"extra": counted}}),
               to("res:/used", {"identifier": "active:show", "arguments": {"operand": counted}})),
        show("active:show+*"), {"id": "counted", "grammar": "res:/counted"},
        {"id": "asked", "grammar": "res:/asked"}])])

    server.get("/unused")
    assert server.get("/asked").text == "0"
    assert "operand->1" in server.get("/used").text
    assert server.get("/asked").text == "1"


def test_arguments_pass_on_in_the_callers_scope(fulcra, tmp_path):
    """A library maps active:outer to active:inner; its caller passes a resource
    that only the caller knows."""
    library = {"uri": "urn:test:library", "endpoints": [
        mapper(to("active:outer+operand@{}+title@{}?", {
            "identifier": "active:inner",
            "arguments": {"operand": {"slot": "operand"}, "title": {"slot": "title"}}})),
        show("active:inner+operand@{}?+title@{}?")]}
    caller = {"uri": "urn:test:caller", "public": True, "attach": "front", "endpoints": [
        mapper(to("res:/go", "active:outer+operand@res:/mine+title@t"),
               to("res:/bare", {"identifier": "active:outer", "arguments": {
                   "operand": {"request": "res:/mine"}}}),
               space=[literal("res:/mine", "known to the caller"),
                      {"import": "urn:test:library"}])]}
    folder = module(tmp_path / "m", [], more=[library, caller])

    assert ask(fulcra, folder, "res:/go") == \
        "SOURCE\noperand->known to the caller\ntitle=t"
    assert ask(fulcra, folder, "res:/bare") == "SOURCE\noperand->known to the caller"


def test_varargs(fulcra, tmp_path):
    folder = module(tmp_path / "m", [
        mapper(to("active:all+*", {"identifier": "active:show", "varargs": True,
                                   "arguments": {"title": {"text": "mine"}}}),
               to("active:none+*", "active:show")),
        show("active:show+*"), literal("res:/a", "A")])

    assert ask(fulcra, folder, "active:all+operand@res:/a+title@theirs+n@1+n@2") == \
        "SOURCE\noperand->A\ntitle=mine\nn=1\nn=2"
    assert ask(fulcra, folder, "active:none+n@1") == "SOURCE"


def test_primary(fulcra, tmp_path):
    folder = module(tmp_path / "m", [
        mapper(to("res:/with", {"identifier": "res:/end", "primary": True, "verb": "SOURCE"}),
               to("res:/without", {"identifier": "res:/end", "primary": False}),
               to("res:/own", {"identifier": "res:/end", "verb": "SINK",
                               "primary": {"text": "own"}})),
        show("res:/end")])
    sink = ("--verb", "SINK", "--primary", "theirs")

    assert ask(fulcra, folder, "res:/with", *sink) == "SOURCE\nprimary theirs"
    assert ask(fulcra, folder, "res:/without", *sink) == "SINK"
    assert ask(fulcra, folder, "res:/own") == "SINK\nprimary own"


def test_a_deferred_endpoint_behind(serve, tmp_path):
    server = serve(modules=[module(tmp_path / "m", [
        mapper(to("res:/slow/{x}", "res:/later/{x}"),
               space=[{"id": "later", "grammar": "res:/later/{x}"}])])])

    assert server.get("/slow/1").text == "SOURCE\nx=1\n"


def test_sockets(serve, tmp_path):
    """An alias for a socket: NEW, messages and DELETE all arrive, with the
    arguments that the transport gives them."""
    server = serve(modules=[module(tmp_path / "m", [
        mapper(to("ws:/rooms/{x}", "ws:/demo/{x}"))], code=False),
        f"{BUILD}/stage/demos/echo"])

    with server.socket("/rooms/echo") as socket:
        socket.send(1, b"hello")
        assert socket.receive()[1] == b"hello"
        socket.close()
    assert "error" not in server.log()


# --- a map that is a resource -----------------------------------------------


def configured(tmp_path, map, **keys):
    folder = module(tmp_path / "m", [
        {"mapper": {"config": "res:/etc/map.json", "grammar": "res:/c/{rest*}", **keys}},
        {"fileset": {"grammar": "res:/etc/{path*}", "root": "etc"}, "private": True},
        show("res:/show/{x}"), literal("res:/one", "1"), literal("res:/two", "2")])
    (folder / "etc").mkdir()
    (folder / "etc" / "map.json").write_text(
        map if isinstance(map, str) else json.dumps({"map": map}))
    return folder


def test_configuration_is_a_resource(serve, tmp_path):
    folder = configured(tmp_path, [to("res:/c/{x}", "res:/show/{x}", verbs="SOURCE"),
                                   to("res:/c/a/b", "res:/one")])
    server = serve(modules=[folder])

    assert server.get("/c/hello").text == "SOURCE\nx=hello\n"
    assert server.get("/c/a/b").text == "1"
    assert server.request("DELETE", "/c/hello").status == 405
    (folder / "etc" / "map.json").write_text(json.dumps(
        {"map": [to("res:/c/hello", "res:/two")]}))
    assert server.get("/c/hello").text == "2"
    assert server.get("/c/a/b").status == 404


def test_configuration_says_why_not(fulcra, tmp_path):
    folder = configured(tmp_path, [to("res:/c/{x}", "res:/show/{x}")])
    said = refusal(fulcra, folder, "res:/c/a/b")

    assert "the map res:/etc/map.json has nothing for SOURCE res:/c/a/b" in said
    assert "res:/c/{x}: what follows the prefix differs" in said


@pytest.mark.parametrize("map,says", [
    ('{ "map": [\n { "grammar": "res:/c/{x}", "reqest": "res:/one" } ] }',
     r'res:/etc/map.json:2:\d+: unknown key "reqest".*"request"'),
    ('{ "map": [\n { "grammar": "res:/c/{x", "request": "res:/one" } ] }',
     r"res:/etc/map.json:2:\d+: grammar"),
    ('{ "map": [', r"res:/etc/map.json:1:\d+: "),
    ('[]', r"res:/etc/map.json:1:1: this map is a list"),
])
def test_wrong_configurations(fulcra, tmp_path, map, says):
    assert re.search(says, refusal(fulcra, configured(tmp_path, map), "res:/c/a"))


def test_configuration_from_outside_is_refused(serve, tmp_path):
    """A client's body can never say what a mapper does."""
    server = serve(modules=[module(tmp_path / "m", [
        {"mapper": {"config": "httpRequest:/body", "grammar": "res:/c/{rest*}"}},
        literal("res:/one", "1")])])
    map = json.dumps({"map": [to("res:/c/a", "res:/one")]})

    assert server.request("PUT", "/c/a", body=map.encode()).status == 403


# --- wrong definitions ------------------------------------------------------


@pytest.mark.parametrize("item,says", [
    (to("res:/a/{x}", "res:/b/{y}"), r'there is no \{y\} here; there is \{x\}'),
    (to("res:/a/{name}", "res:/b/{nmae}"), r'there is no \{nmae\} here; did you mean \{name\}\?'),
    (to("res:/a/{x*}", "res:/b/{x}"), r'write \{x\*\}'),
    (to("res:/a", "res:/b/{x}"), "nothing fills slots"),
    (to("res:/a", "nonsense"), 'identifier "nonsense"'),
    (to("res:/a", "regex:res:/(?<x>{b})"), "a regex builds no identifier"),
    (to("res:/a{", "res:/b"), 'grammar "res:/a{"'),
    (to("res:/a", {"identifier": "res:/b", "verb": "GET"}), '"verb" cannot be "GET"'),
    (to("res:/a", {"identifer": "res:/b"}), 'did you mean "identifier"'),
    (to("res:/a", {"identifier": "active:b", "arguments": {"x": 3}}), 'argument "x" must be'),
    (to("res:/a", {"identifier": "active:b", "arguments": {"x": {"txt": "a"}}}),
     "an argument is one of"),
    (to("res:/a", {"identifier": "active:b", "arguments": {"x": {"slot": "y"}}}),
     r"there is no \{y\} here"),
    (to("res:/a", {"identifier": "active:b", "arguments": {"a b": "res:/x"}}),
     "an argument cannot be named"),
    (to("res:/a", {"identifier": "active:b", "arguments": {
        "x": {"request": {"identifier": "active:c", "arguments": {"y": {"request": "odd"}}}}}}),
     'identifier "odd"'),
    (to("res:/a", {"identifier": "active:b", "primary": 3}), '"primary" must be'),
    ({"grammar": "res:/a"}, 'has no "request"'),
    (to("ws:/a/{room}", "active:b+x@{rom}"), r"there is no \{rom\} here; did you mean \{room\}\?"),
    (to("ws:/a", "active:b+x@{socketdi}"), r"there is no \{socketdi\} here; did you mean \{socketid\}\?"),
    (to("ws:/a/{room}", "active:b+x@{nothing}"),
     r"there is no \{nothing\} here; there is \{room\}, \{socketid\}, \{status\}, \{reason\}"),
])
def test_wrong_definitions(fulcra, tmp_path, item, says):
    said = problems(fulcra, module(tmp_path / "m", [mapper(item)], code=False))

    assert re.search(rf"module\.json:\d+:\d+: .*{says}", said), said


@pytest.mark.parametrize("item", [
    to("ws:/a/{room}", "active:b+x@{room}+y@{socketid}+z@{status}+r@{reason}"),
    to("ws:/a+socketid@{id}", "active:b+x@{id}"),
    to("ws:/a+*", "active:b+x@{whatever}"),
])
def test_slots_of_a_websocket(fulcra, tmp_path, item):
    folder = module(tmp_path / "m", [mapper(item)], code=False)
    result = fulcra("check", str(folder))

    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("keys,says", [
    ({}, 'either a "map" or a "config"'),
    ({"map": [], "config": "res:/x"}, 'either a "map" or a "config"'),
    ({"config": "res:/x"}, 'no "grammar"'),
    ({"map": [], "grammar": "res:/x"}, 'take this "grammar" out'),
])
def test_wrong_mappers(fulcra, tmp_path, keys, says):
    said = problems(fulcra, module(tmp_path / "m", [{"mapper": keys}], code=False))

    assert re.search(rf"module\.json:\d+:\d+: .*{says}", said), said


# --- what answers depend on -------------------------------------------------


@pytest.mark.parametrize("left_out", [False, True])
def test_no_dependency(fulcra, tmp_path, left_out):
    """What is made of an argument expires with it, unless that is left out."""
    argument = {"request": {"identifier": "res:/counted",
                            "no-dependency": left_out}}
    folder = module(tmp_path / "m", [
        mapper(to("res:/page", {"identifier": "active:show", "arguments": {
            "operand": argument, "title": "res:/title"}})),
        show("active:show+operand@{}?+title@{}?"),
        literal("res:/title", "a title"),
        {"id": "counted", "grammar": "res:/counted"}])
    result = request(fulcra, folder, "res:/page", "--trace")

    assert "operand->1\ntitle->a title\n" in result.stdout
    page = re.search(r"^SOURCE res:/page .*cache: (.*)$", result.stderr, re.M)
    assert page[1] == ("kept" if left_out else
                       "a sub-request's endpoint asked for nothing and stated "
                       "no expiry")
