# SPDX-License-Identifier: MIT
"""Modules loaded, replaced and unloaded by commands."""

import json

import pytest

from admin import Admin
from client import wait_for


def write_module(folder, text, version="1.0.0", **space):
    """A module without code: GET /NAME/ says text."""
    name = folder.name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "module.json").write_text(json.dumps({
        "uri": f"urn:test:{name}", "version": version,
        "spaces": [{"uri": f"urn:test:{name}", "public": True, "attach": "front",
                    "endpoints": [{"literal": {"grammar": f"res:/{name}/",
                                               "text": text}}], **space}]}))
    return folder


@pytest.fixture
def admin(serve, fulcra, tmp_path):
    first = write_module(tmp_path / "first", "one")
    server = serve("--admin", f"{tmp_path}/a", modules=[first])
    return Admin(server, tmp_path / "a", fulcra)


def test_list_and_info(admin, tmp_path):
    assert admin.text("module", "list").splitlines()[1].split()[:4] == \
        ["urn:test:first", "1.0.0", "live", "1"]

    info = admin.json("module", "info", "first")
    assert info["uri"] == "urn:test:first" and info["state"] == "live"
    assert info["folder"] == str(tmp_path / "first")
    assert info["spaces"] == ["urn:test:first"]
    assert [one["state"] for one in info["generations"]] == ["live"]
    assert info == admin.get("/modules/urn:test:first")
    assert admin.get("/modules") == {"modules": [info]}
    assert "generations\n  1  1.0.0  live  loaded 20" in admin.text("module", "info", "first")


def test_load_takes_a_folder_of_the_callers(admin, tmp_path):
    write_module(tmp_path / "second", "two")
    result = admin("module", "load", "second", cwd=tmp_path)

    assert result.stdout == "urn:test:second 1.0.0: loaded, generation 1\n", result.stderr
    assert admin.server.get("/second/").text == "two"
    admin.server.wait_log(r"info module urn:test:second 1.0.0: loaded by uid \d+ pid \d+, "
                          "generation 1")


def test_reload(admin, tmp_path):
    write_module(tmp_path / "first", "changed", "1.1.0")
    assert admin.server.get("/first/").text == "one"

    preview = admin.json("module", "reload", "first", "--preview")
    assert (preview["change"], preview["done"]) == ("replace", False)
    assert admin.server.get("/first/").text == "one", "a preview changes nothing"

    change = admin.json("module", "reload", "first")
    assert change["done"] and change["version"] == "1.1.0" and change["before"] == "1.0.0"
    assert admin.server.get("/first/").text == "changed"
    states = [one["state"] for one in admin.get("/modules/first")["generations"]]
    assert states[0] == "live" and "live" not in states[1:]


def test_unload(admin):
    result = admin("module", "unload", "urn:test:first")

    assert result.stdout == "urn:test:first 1.0.0: unloaded, generation 1\n", result.stderr
    assert admin.server.get("/first/").status == 404


def test_what_fails_leaves_all_as_it_was(admin, tmp_path):
    (tmp_path / "first" / "module.json").write_text('{"uri": 5}')
    result = admin("module", "reload", "first")

    assert result.returncode == 1
    assert f"{tmp_path}/first/module.json:1:9: " in result.stderr
    assert admin.server.get("/first/").text == "one"
    info = admin.get("/modules/first")
    assert info["state"] == "live" and "module.json:1:9" in info["failure"]
    assert info["failed_at"].endswith("Z")
    admin.server.wait_log(r"warning module urn:test:first: change by uid \d+ pid \d+ failed: ")


@pytest.mark.parametrize("args,says", [
    (["reload", "third"], "no module 'third' is loaded"),
    (["unload", "third"], "no module 'third' is loaded"),
    (["info", "third"], "no module 'third' is loaded"),
    (["load", "nowhere"], "nowhere"),
])
def test_what_is_not_there(admin, args, says):
    result = admin("module", *args)

    assert result.returncode == 1
    assert result.stdout == "" and says in result.stderr


def test_a_relative_folder_is_nothing_for_the_server(admin):
    answer = admin.request("PUT", "/modules?folder=first")

    assert answer.status == 400 and "no absolute path" in answer.json()["message"]


def test_a_short_name_must_be_clear(serve, fulcra, tmp_path):
    for author in "a", "b":
        folder = write_module(tmp_path / author / "shop", author)
        definition = json.loads((folder / "module.json").read_text())
        definition["uri"] = definition["spaces"][0]["uri"] = f"urn:{author}:shop"
        (folder / "module.json").write_text(json.dumps(definition))
    admin = Admin(serve("--admin", f"{tmp_path}/s",
                        modules=[tmp_path / "a", tmp_path / "b"]), tmp_path / "s", fulcra)

    result = admin("module", "unload", "shop")
    assert result.returncode == 1
    assert "urn:a:shop" in result.stderr and "urn:b:shop" in result.stderr
    assert admin("module", "unload", "urn:a:shop").returncode == 0


def test_a_socket_stays_open_while_its_module_is_replaced(serve, fulcra, tmp_path):
    admin = Admin(serve("--admin", f"{tmp_path}/a"), tmp_path / "a", fulcra)
    with admin.server.socket("/demo/echo") as client:
        for number in range(3):
            assert admin.json("module", "reload", "echo")["done"]
            client.send(1, b"%d" % number)
            assert client.receive() == (1, b"%d" % number)
        client.close()
    wait_for(lambda: admin.get("/sockets")["matching"] == 0)
