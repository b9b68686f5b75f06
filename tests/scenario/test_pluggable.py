# SPDX-License-Identifier: MIT
"""Overlays whose work is done by requests: pluggable, errors, chains."""

import os
import re

import pytest

import held
from client import Refused
from parts import ask, literal, module, problems, show

BUILD = os.environ["FULCRA_BUILDDIR"]

HELPERS = [{"id": "allow", "grammar": "active:allow+identifier@{}+verb@{}"},
           {"id": "wrap", "grammar": "active:wrap+response@{}+with@{}?+identifier@{}?+verb@{}?"},
           show("active:show+*")]
INSIDE = [literal("res:/open", "open"), literal("res:/secret", "secret"),
          literal("res:/moved", "moved"), literal("res:/broken", "broken"),
          show("res:/show/{x}"), {"id": "fail", "grammar": "res:/fail/{x}"},
          {"id": "later", "grammar": "res:/later/{x}"}]


def pluggable(**keys):
    return {"pluggable": {**keys, "space": INSIDE}}


# --- pluggable --------------------------------------------------------------


def test_pre(serve, tmp_path):
    server = serve(modules=[module(tmp_path / "m", [
        *HELPERS, pluggable(pre="active:allow")])])

    assert server.get("/open").text == "open"
    assert server.get("/later/1").text == "SOURCE\nx=1\n"
    assert server.get("/secret").status == 403
    assert (server.get("/moved").status, server.get("/moved").text) == (307, "elsewhere")
    assert server.get("/broken").status == 410  # what pre failed with


def test_pre_is_told_what_is_asked(serve, tmp_path):
    """Texts of the request, wherever a slot is written, and the primary."""
    server = serve(modules=[module(tmp_path / "m", [
        *HELPERS,
        {"pluggable": {"pre": {"identifier": "active:show", "primary": True, "arguments": {
            "title": {"slot": "verb"}, "x": {"slot": "identifier"}}},
            "post": {"identifier": "active:show", "arguments": {"operand": {"slot": "response"}}},
            "space": INSIDE}}])])

    assert server.get("/show/a").text == "SOURCE\noperand->SOURCE\nx=a\n\n"


def test_post(serve, tmp_path):
    server = serve(modules=[module(tmp_path / "m", [
        *HELPERS, pluggable(post="active:wrap")])])

    assert server.get("/open").text == "(open)"
    assert server.get("/later/1").text == "(SOURCE\nx=1\n)"
    assert server.get("/fail/gone").status == 410


def test_exception(serve, tmp_path):
    server = serve(modules=[module(tmp_path / "m", [
        *HELPERS, pluggable(pre="active:allow", exception={
            "identifier": "active:show", "arguments": {
                "id": {"slot": "id"}, "message": {"slot": "message"}}})])])
    failed = server.get("/fail/overloaded")

    assert failed.status == 503
    assert failed.text == "SOURCE\nid=overloaded\nmessage=as it was asked for\n"
    assert "id=forbidden" in server.get("/secret").text
    assert "id=gone" in server.get("/broken").text
    assert server.get("/open").text == "open"


def test_a_failing_exception_handler(serve, tmp_path):
    """The first error is the answer, the second is in the log."""
    server = serve(modules=[module(tmp_path / "m", [
        *HELPERS, pluggable(exception="res:/nowhere")])])

    assert server.get("/fail/gone").status == 410
    server.wait_log(r"warning .*in place of the error 'as it was asked for' fails: "
                    r"nothing answers SOURCE res:/nowhere")


def test_sockets(serve, tmp_path):
    """Refused before the 101; let through; DELETE is never refused."""
    server = serve(modules=[module(tmp_path / "n", [
        *HELPERS, {"pluggable": {"pre": "active:allow",
                                 "space": [{"import": "urn:fulcra:demo:echo"},
                                           {"mapper": {"map": [
                                               {"grammar": "ws:/secret", "request": "ws:/demo/echo"},
                                               {"grammar": "ws:/open", "request": "ws:/demo/echo"}]}}]}}]),
        f"{BUILD}/stage/demos/echo"])

    with pytest.raises(Refused) as refused:
        server.socket("/secret")
    assert refused.value.status == 403
    with server.socket("/open") as socket:
        socket.send(1, b"hello")
        assert socket.receive() == (1, b"hello")
        socket.close()


def test_no_step_holds_a_thread(serve, tmp_path):
    """pre, what is inside, and post wait until they are told to answer, twenty
    requests at once; one worker is enough."""
    step = {"id": "held", "grammar": ["active:pre+name@{}", "active:post+name@{}+response@{}"]}
    name = {"name": {"slot": "identifier"}}
    server = serve("--workers", "1", modules=[held.definition(tmp_path / "m", [
        {"id": "release", "grammar": "res:/release"},
        {"id": "inside", "grammar": "res:/inside"}, step,
        {"pluggable": {
            "pre": {"identifier": "active:pre", "arguments": name},
            "post": {"identifier": "active:post",
                     "arguments": {**name, "response": {"slot": "response"}}},
            "space": [{"id": "held", "grammar": "res:/in/{name}"}]}}])])
    asked = [held.ask(server, f"/in/{i}") for i in range(20)]

    for label in ["SOURCE res:/in/{}", "SOURCE {}", "SOURCE res:/in/{}"]:
        held.wait_inside(server, *[label.format(i) for i in range(20)])
        for _ in asked:
            held.release(server)
    assert [one.answer()[1] for one in asked] == [f"SOURCE res:/in/{i}" for i in range(20)]


# --- errors -----------------------------------------------------------------


def test_error_pages(serve, tmp_path):
    server = serve(modules=[module(tmp_path / "m", [
        show("active:show+*"), literal("res:/lost", "lost"),
        {"errors": {
            "not-found": "res:/lost",
            "gone": {"identifier": "active:show", "arguments": {"id": {"slot": "id"}}},
            "default": "active:show", "space": INSIDE}}])])

    assert (server.get("/fail/not-found").status, server.get("/fail/not-found").text) == \
        (404, "lost")
    assert (server.get("/fail/gone").status, server.get("/fail/gone").text) == \
        (410, "SOURCE\nid=gone\n")
    other = server.get("/fail/forbidden")
    assert other.status == 403
    assert "id=forbidden\nmessage=as it was asked for\n" in other.text
    assert "identifier=res:/fail/forbidden\nverb=SOURCE\n" in other.text
    assert server.get("/open").text == "open"
    assert server.get("/later/1").text == "SOURCE\nx=1\n"


def test_an_error_page_may_say_its_status(serve, tmp_path):
    server = serve(modules=[module(tmp_path / "m", [
        {"errors": {"default": "res:/fine", "space": INSIDE}},
        {"mapper": {"map": [{"grammar": "res:/fine", "request": "res:/text",
                             "headers": {"httpResponse:/code": "200"}}],
                    "space": [literal("res:/text", "as if nothing had been")]}}])])

    assert server.get("/fail/failed").status == 200
    assert server.get("/fail/failed").text == "as if nothing had been"


def test_errors_without_a_page_stay(serve, tmp_path):
    server = serve(modules=[module(tmp_path / "m", [
        literal("res:/lost", "lost"), {"errors": {"not-found": "res:/lost", "space": INSIDE}}])])

    assert server.get("/fail/overloaded").status == 503


# --- chains -----------------------------------------------------------------


def link(name, **keys):
    return {"name": name, "overlay": {"pluggable": keys or {
        "post": {"identifier": "active:wrap", "arguments": {
            "with": {"text": name}, "response": {"slot": "response"}}}}}}


def chain(**keys):
    return {"overlays": {"chain": [link("a"), link("b"), link("c")], **keys,
                         "space": [show("res:/show/{x}"), literal("res:/open", "open"),
                                   {"id": "later", "grammar": "res:/later/{x}"},
                                   {"mapper": {"map": [
                                       {"grammar": "res:/inside", "request": "res:/open"}]}}]}}


@pytest.mark.parametrize("keys,asked,answer", [
    ({}, "res:/open", "a(b(c(open)))"),
    ({"default": ["b"]}, "res:/open", "b(open)"),
    ({"default": []}, "res:/open", "open"),
    ({"targets": {"literal": ["c", "a"]}}, "res:/open", "c(a(open))"),
    ({"targets": {"literal": ["c"]}}, "res:/show/1", "a(b(c(SOURCE\nx=1\n)))"),
    ({"targets": {"show": []}}, "res:/show/1", "SOURCE\nx=1"),
    ({"targets": {"later": ["b"]}}, "res:/later/1", "b(SOURCE\nx=1\n)"),
    # of one id, told apart by grammar; the first that matches, before any id
    ({"targets": {"literal": ["c"], "res:/open": ["a"]}}, "res:/open", "a(open)"),
    ({"targets": {"res:/o{rest*}": ["b"], "res:/open": ["a"]}}, "res:/open", "b(open)"),
    ({"targets": {"res:/other": ["b"], "literal": ["c"]}}, "res:/open", "c(open)"),
    # requests among those inside pass none
    ({"targets": {"mapper": ["a"]}}, "res:/inside", "a(open)"),
])
def test_chains(fulcra, tmp_path, keys, asked, answer):
    folder = module(tmp_path / "m", [*HELPERS, chain(**keys)])

    assert ask(fulcra, folder, asked) == answer


def test_chains_in_chains(fulcra, tmp_path):
    outer = {"overlays": {"chain": [link("x"), link("y")], "targets": {"show": ["y"]},
                          "space": [chain(targets={"show": ["b"]})]}}
    folder = module(tmp_path / "m", [*HELPERS, outer])

    assert ask(fulcra, folder, "res:/show/1") == "y(b(SOURCE\nx=1\n))"
    assert ask(fulcra, folder, "res:/open") == "x(y(a(b(c(open)))))"


# --- wrong definitions ------------------------------------------------------


@pytest.mark.parametrize("entry,says", [
    ({"pluggable": {"space": [], "pre": 3}}, '"pre" is a whole number'),
    ({"pluggable": {"pre": "active:x"}}, 'has no "space"'),
    ({"pluggable": {"space": [], "pre": "active:x+a@{response}"}},
     r"there is no \{response\} here"),
    ({"pluggable": {"space": [], "post": "active:x+a@{response}"}},
     r"\{response\} is no text; pass it as an argument"),
    ({"errors": {"space": [], "notfound": "res:/x"}}, 'did you mean "not-found"'),
    ({"errors": {"space": [], "default": "active:x+a@{ide}"}}, r"there is no \{ide\} here"),
    ({"overlays": {"chain": [link("a"), link("a")], "space": []}}, 'two overlays "a"'),
    ({"overlays": {"chain": [link("auth")], "targets": {"x": ["aut"]}, "space": []}},
     'the chain has no "aut"; did you mean auth'),
    ({"overlays": {"chain": [link("a")], "default": "a", "space": []}}, "a list of names"),
    ({"overlays": {"chain": [link("a")], "targets": {"res:/{": ["a"]}, "space": []}},
     r'grammar "res:/\{": character'),
    ({"overlays": {"chain": [{"name": "a", "overlay": {"literal": {
        "grammar": "res:/x", "text": "x"}}}], "space": []}}, "this is no overlay"),
    ({"overlays": {"chain": [link("a", post="active:x", space=[])], "space": []}},
     "an overlay of a chain has no"),
    ({"overlays": {"chain": [{"name": "a", "overlay": {"plugable": {}}}], "space": []}},
     'did you mean "pluggable"'),
])
def test_wrong_definitions(fulcra, tmp_path, entry, says):
    said = problems(fulcra, module(tmp_path / "m", [entry], code=False))

    assert re.search(rf"module\.json:\d+:\d+: .*{says}", said), said
