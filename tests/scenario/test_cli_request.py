# SPDX-License-Identifier: MIT
"""fulcra request: one question, one answer."""

import json
import re


def test_prints_the_representation(fulcra):
    result = fulcra("request", "--playground", "res:/demo/hello/you")

    assert result.returncode == 0
    assert "you" in result.stdout
    assert result.stderr == ""


def test_data(fulcra):
    result = fulcra("request", "data:text/plain,hello")

    assert (result.returncode, result.stdout) == (0, "hello\n")


def test_exists(fulcra):
    result = fulcra("request", "--playground", "--verb", "exists",
                    "res:/demo/index/index.html")

    assert (result.returncode, result.stdout) == (0, "true\n")


def test_type(fulcra):
    result = fulcra("request", "--type", "json", 'data:application/json,{"a":[1]}')

    assert result.returncode == 0
    assert json.loads(result.stdout) == {"a": [1]}


def test_type_that_nothing_converts_to(fulcra):
    result = fulcra("request", "--type", "image/png", "data:,hello")

    assert result.returncode == 1
    assert "image/png" in result.stderr


def test_unresolved_says_why(fulcra):
    result = fulcra("request", "--playground", "res:/demo/hellow/you")

    assert result.returncode == 1
    assert result.stdout == ""
    assert "res:/demo/hellow/you" in result.stderr
    assert "urn:fulcra:demo:hello" in result.stderr, "who was asked"


def test_trace_is_the_tree_with_times(fulcra):
    result = fulcra("request", "--playground", "--trace",
                    "res:/template/greet/you")

    assert result.returncode == 0
    assert result.stdout == "Hello, you!\n"
    lines = result.stderr.splitlines()
    assert re.match(r"SOURCE res:/template/greet/you  \d+\.\d us  by greet", lines[0])
    assert any(re.match(r"  SOURCE setting:/greeting  \d+\.\d us", line)
               for line in lines[1:]), result.stderr


def test_modules(fulcra, tmp_path):
    folder = tmp_path / "m"
    (folder / "www").mkdir(parents=True)
    (folder / "www" / "a.txt").write_text("alpha")
    (folder / "module.json").write_text(json.dumps({
        "uri": "urn:test:m", "version": "1.0.0",
        "spaces": [{"uri": "urn:test:m", "public": True, "attach": "front",
                    "endpoints": [{"fileset": {
                        "grammar": "res:/m/{path*}", "root": "www"}}]}]}))
    result = fulcra("request", "--modules", str(folder), "res:/m/a.txt")

    assert (result.returncode, result.stdout) == (0, "alpha\n")


def test_not_found(fulcra):
    result = fulcra("request", "--playground", "res:/demo/index/nothing.html")

    assert result.returncode == 1
    assert "nothing.html" in result.stderr
