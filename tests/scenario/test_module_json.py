# SPDX-License-Identifier: MIT
"""The json module: members of JSON resources."""

import json

import pytest

DOCUMENT = {"a": {"b": [10, {"c": "text"}, True, None, 1.5]}, "x.y": "dotted",
            'q"': 1, "\u00e4": 2, "": {}}


@pytest.fixture
def member(fulcra, tmp_path):
    """member(path, ...): what `fulcra request` says about it."""
    folder = tmp_path / "m"
    (folder / "www").mkdir(parents=True)
    (folder / "www" / "doc.json").write_text(json.dumps(DOCUMENT))
    (folder / "www" / "bad.json").write_text("{'single': 1}x")
    (folder / "module.json").write_text(json.dumps({
        "uri": "urn:test:m", "version": "1.0.0",
        "spaces": [{"uri": "urn:test:m", "public": True, "attach": "front",
                    "endpoints": [{"fileset": {
                        "grammar": "res:/{path*}", "root": "www"}}]}]}))

    def ask(path, *args, operand="res:/doc.json"):
        identifier = f"active:json+operand@{operand}"
        return fulcra("request", "--playground", "--modules", str(folder), *args,
                      identifier if path is None else f"{identifier}+path@{path}")
    return ask


@pytest.mark.parametrize("path,value", [
    ("a.b[0]", "10"), (".a.b[0]", "10"), ("a.b[1].c", "text"), ("a.b[2]", "true"),
    ("a.b[-1]", "1.5"), ('["x.y"]', "dotted"), ('a["b"][0]', "10"),
    ('["q\\""]', "1"), ("\u00e4", "2"),
])
def test_values(member, path, value):
    result = member(path)

    assert (result.returncode, result.stdout) == (0, value + "\n"), result.stderr


@pytest.mark.parametrize("path,value", [
    (None, DOCUMENT), ("", DOCUMENT), ("a", DOCUMENT["a"]),
    ("a.b", DOCUMENT["a"]["b"]), ("a.b[3]", None),
])
def test_objects_arrays_and_null_are_json(member, path, value):
    assert json.loads(member(path).stdout) == value


@pytest.mark.parametrize("path,says", [
    ("a.x", "'a' is an object without 'x'"),
    ("nothing", "the whole is an object without 'nothing'"),
    ("a.b[9]", "'a.b' is an array of 5, without [9]"),
    ("a.b[-6]", "without [-6]"),
    ("a.b.c", "'a.b' is an array, and has no members"),
    ("a[0]", "'a' is an object, and has no index"),
    ("a.b[0].c", "'a.b[0]' is neither an object nor an array"),
])
def test_no_such_member(member, path, says):
    result = member(path)

    assert result.returncode == 1
    assert says in result.stderr
    assert member(path, "--verb", "EXISTS").stdout == "false\n"


def test_exists(member):
    assert member("a.b[0]", "--verb", "EXISTS").stdout == "true\n"


@pytest.mark.parametrize("path,says", [
    ("a..b", "character 3: a name would be right"),
    ("a.", "character 3"),
    ("a[x]", "character 3: an index"),
    ("a[0", "character 3"),
    ('["a', "character 4"),
    ("a[0]b", "character 5: '.' or '[' would be right"),
])
def test_malformed_paths(member, path, says):
    result = member(path)

    assert result.returncode == 1
    assert says in result.stderr


def test_an_operand_that_is_not_json(member):
    result = member("a", operand="res:/bad.json")

    assert result.returncode == 1
    assert "JSON" in result.stderr


def test_deep_nesting_is_refused(member, tmp_path):
    (tmp_path / "m" / "www" / "bomb.json").write_text("[" * 200000)
    result = member("[0]", operand="res:/bomb.json")

    assert result.returncode == 1
    assert "deep" in result.stderr


def test_the_path_must_be_a_text(member):
    result = member("res:/doc.json")

    assert result.returncode == 1
