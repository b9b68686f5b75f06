# SPDX-License-Identifier: MIT
"""Spaces of definitions: literals, limiters, imports, entries that nest."""

import json
import re

import pytest

from parts import ask, literal, module, problems, refusal, show


# --- literals ---------------------------------------------------------------


def test_literals(serve, tmp_path):
    server = serve(modules=[module(tmp_path / "m", [
        literal("res:/motd", "hello"),
        {"literal": {"grammar": ["res:/page", "res:/page/{rest*}"], "type": "text/html",
                     "text": "<b>fat</b>"}},
        {"literal": {"grammar": "res:/data", "json": {"a": [1, None, "ü"]}}}], code=False)])

    assert server.get("/motd").text == "hello"
    assert server.get("/motd").headers["Content-Type"].startswith("text/plain")
    assert server.get("/page/any/where").text == "<b>fat</b>"
    assert server.get("/page").headers["Content-Type"].startswith("text/html")
    assert json.loads(server.get("/data").text) == {"a": [1, None, "ü"]}
    assert server.get("/data").headers["Content-Type"].startswith("application/json")
    assert server.request("PUT", "/motd", body=b"x").status == 405


# --- imports ----------------------------------------------------------------


def library(*entries, uri="urn:test:library", **keys):
    return {"uri": uri, "endpoints": list(entries), **keys}


PRIVATE = [literal("res:/shown", "shown"), literal("res:/hidden", "hidden", private=True)]


def test_private_entries(fulcra, tmp_path):
    """Hidden from who imports, there for those inside."""
    folder = module(tmp_path / "m", [{"import": "urn:test:library"}], more=[library(
        *PRIVATE, {"mapper": {"map": [{"grammar": "res:/way", "request": "res:/hidden"}]}})])

    assert ask(fulcra, folder, "res:/shown") == "shown"
    assert ask(fulcra, folder, "res:/way") == "hidden"
    assert "literal: private" in refusal(fulcra, folder, "res:/hidden")


def test_private_filter_off(fulcra, tmp_path):
    folder = module(tmp_path / "m", [{"import": "urn:test:library"}],
                    more=[library(*PRIVATE, **{"private-filter": False})])

    assert ask(fulcra, folder, "res:/hidden") == "hidden"


def test_private_import(fulcra, tmp_path):
    """Two imports away it is not seen; one away it is."""
    far = library(literal("res:/far", "far"), uri="urn:test:far")
    near = library({"import": "urn:test:far", "private": True},
                   {"mapper": {"map": [{"grammar": "res:/near", "request": "res:/far"}]}})
    folder = module(tmp_path / "m", [{"import": "urn:test:library"}], more=[near, far])

    assert ask(fulcra, folder, "res:/near") == "far"
    assert "urn:test:far: private" in refusal(fulcra, folder, "res:/far")


def test_dynamic_imports(fulcra, tmp_path):
    """Every public space that says so is pulled in, whoever declares it."""
    host = module(tmp_path / "a", [{"mapper": {
        "map": [{"grammar": "res:/tool/{x}", "request": "res:/{x}"}],
        "space": [{"import": {"attach": "tool"}}]}}], code=False)
    one = module(tmp_path / "b", [literal("res:/saw", "a saw")], uri="urn:test:b",
                 code=False, attach="tool")
    two = module(tmp_path / "c", [literal("res:/saw", "shadowed"), literal("res:/axe", "an axe")],
                 uri="urn:test:c", code=False, attach="tool")
    other = module(tmp_path / "d", [literal("res:/cow", "a cow")], uri="urn:test:d",
                   code=False, attach="animal")
    everyone = [host, one, two, other]

    assert ask(fulcra, everyone, "res:/tool/saw") == "a saw"
    assert ask(fulcra, everyone, "res:/tool/axe") == "an axe"
    said = refusal(fulcra, everyone, "res:/tool/cow")
    assert "import urn:fulcra:attached:tool" in said
    assert "urn:test:d" not in said
    assert "nothing answers SOURCE res:/saw" in refusal(fulcra, everyone, "res:/saw")
    assert "nothing answers" in refusal(fulcra, host, "res:/tool/saw")


# --- limiters ---------------------------------------------------------------


def test_limiter(fulcra, tmp_path):
    """It hides what stands behind it, and what is further out as well."""
    inner = library(literal("res:/etc/mine", "mine"),
                    {"limiter": {"grammar": ["res:/etc/{rest*}", "res:/var/{rest*}"]}},
                    literal("res:/etc/late", "late"),
                    {"mapper": {"map": [{"grammar": "res:/get/{x*}", "request": "res:/{x*}"}]}})
    folder = module(tmp_path / "m", [{"import": "urn:test:library"},
                                     literal("res:/etc/outer", "outer"),
                                     literal("res:/usr/outer", "outer")], more=[inner])

    assert ask(fulcra, folder, "res:/etc/mine") == "mine"
    assert ask(fulcra, folder, "res:/get/usr/outer") == "outer"
    for hidden in ["res:/etc/late", "res:/etc/outer", "res:/get/etc/outer"]:
        assert "limiter (res:/etc/{rest*}): goes no further" in \
            refusal(fulcra, folder, hidden)


def test_private_limiter(fulcra, tmp_path):
    """A floor for those inside that leaves importers alone."""
    inner = library({"limiter": {"grammar": "res:/etc/{rest*}"}, "private": True},
                    {"mapper": {"map": [{"grammar": "res:/get/{x*}", "request": "res:/{x*}"}]}})
    folder = module(tmp_path / "m", [{"import": "urn:test:library"},
                                     literal("res:/etc/outer", "outer")], more=[inner])

    assert ask(fulcra, folder, "res:/etc/outer") == "outer"
    assert "goes no further" in refusal(fulcra, folder, "res:/get/etc/outer")


# --- entries that nest ------------------------------------------------------


def test_everything_nests(serve, tmp_path):
    """Imports, files, endpoints of the library and overlays, three deep."""
    folder = module(tmp_path / "m", [
        {"errors": {"default": "res:/sorry", "space": [
            {"pluggable": {"space": [
                {"import": "urn:test:library"},
                {"fileset": {"grammar": "res:/files/{path*}", "root": "www"}},
                {"mapper": {"map": [{"grammar": "res:/m/{x}", "request": "res:/inner/{x}"}],
                            "space": [show("res:/inner/{x}")]}}]}}]}},
        literal("res:/sorry", "sorry")], more=[library(literal("res:/lib", "lib"))])
    (folder / "www").mkdir()
    (folder / "www" / "a.txt").write_text("a file")
    server = serve(modules=[folder])

    assert server.get("/lib").text == "lib"
    assert server.get("/files/a.txt").text == "a file"
    assert (server.get("/files/b.txt").status, server.get("/files/b.txt").text) == (404, "sorry")
    assert server.get("/m/1").text == "SOURCE\nx=1\n"


def test_traces_name_all_that_was_asked(fulcra, tmp_path):
    """Every space and endpoint, those behind overlays too, and why not."""
    folder = module(tmp_path / "m", [
        {"errors": {"space": [literal("res:/a", "a"),
                              {"pluggable": {"space": [show("res:/b/{x}")]}}]}},
        {"errors": {"space": [show("res:/none", verbs=["SINK"])]}},
        {"import": "urn:test:library"}], more=[library(literal("res:/c", "c"))])

    assert refusal(fulcra, folder, "res:/none").splitlines()[1:16] == [
        "space urn:fulcra:front",
        "  import urn:test:parts",
        "    setting: private",
        "    overlay errors: space urn:test:parts#errors",
        "      setting: private",
        "      literal (res:/a): prefix differs",
        "      overlay pluggable: space urn:test:parts#errors#pluggable",
        "        setting: private",
        "        show (res:/b/{x}): prefix differs",
        "    overlay errors: space urn:test:parts#errors.2",
        "      setting: private",
        "      show (res:/none): matches, but does not answer SOURCE",
        "    import urn:test:library",
        "      setting: private",
        "      literal (res:/c): prefix differs"]


# --- wrong definitions ------------------------------------------------------


@pytest.mark.parametrize("entry,says", [
    ({"literal": {"grammar": "res:/a"}}, 'either a "text" or a "json"'),
    ({"literal": {"grammar": "res:/a", "text": "a", "json": 1}}, 'either a "text" or a "json"'),
    ({"literal": {"grammar": "res:/{", "text": "a"}}, 'grammar "res:/{"'),
    ({"limiter": {"grammar": "res:/{"}}, 'grammar "res:/{"'),
    ({"limiter": {}}, 'has no "grammar"'),
    ({"import": {"attach": ""}}, '"attach" is empty'),
    ({"import": 3}, '"import" is a whole number; it must be a text or an object'),
    ({"errors": {"space": [{"import": "urn:test:parts"}]}}, "imports itself"),
    ({"errors": {"space": [{"id": "none", "grammar": "res:/a"}]}}, "needs code"),
    ({"errors": {"space": {}}}, '"space" is an object; it must be a list'),
])
def test_wrong_definitions(fulcra, tmp_path, entry, says):
    said = problems(fulcra, module(tmp_path / "m", [entry], code=False))

    assert re.search(rf"module\.json:\d+:\d+: .*{says}", said), said
