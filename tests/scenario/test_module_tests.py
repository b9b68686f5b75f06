# SPDX-License-Identifier: MIT
"""Tests that come with a module: fulcra check --run."""

import json
import os
import re
from pathlib import Path

import pytest

BUILD = os.environ["FULCRA_BUILDDIR"]
PROBE = f"{BUILD}/stage/tests/modules/probe"
MODULES = sorted(path.parent for path in Path(f"{BUILD}/stage").glob("*/*/tests.json"))


@pytest.mark.parametrize("folder", MODULES, ids=[path.name for path in MODULES])
def test_what_comes_with_the_server(fulcra, folder):
    result = fulcra("check", "--run", "--playground", str(folder))

    assert result.returncode == 0, result.stdout + result.stderr
    assert "\nok 1 - " in result.stdout
    assert not re.search("^not ok", result.stdout, re.M)


def test_there_are_some():
    assert {"template", "json", "hello", "ticker"} <= {path.name for path in MODULES}


# A module and its tests, written here ---------------------------------------

@pytest.fixture
def run(fulcra, tmp_path):
    """run(suite): the exit status, the lines of TAP, all of the output."""
    folder = tmp_path / "m"
    (folder / "www").mkdir(parents=True)
    (folder / "www" / "text.txt").write_text("line one\nline two\n")
    (folder / "www" / "data.json").write_text('{"a": [1, 2.5, {"b": null}], "c": "x"}')
    (folder / "www" / "empty.txt").write_text("")
    (folder / "module.json").write_text(json.dumps({
        "uri": "urn:test:m", "version": "1.0.0",
        "spaces": [{"uri": "urn:test:m", "public": True, "attach": "front",
                    "endpoints": [
                        {"fileset": {"grammar": "res:/f/{path*}", "root": "www"}},
                        {"fileset": {"grammar": "res:/hidden/{path*}", "root": "www"},
                         "private": True},
                        {"literal": {"grammar": "res:/kept", "text": "kept"}},
                        {"throttle": {"concurrency": 1, "space": [
                            {"literal": {"grammar": "res:/behind", "text": "x"}}]}},
                        ]}]}))

    def go(suite, *args):
        text = suite if isinstance(suite, str) else json.dumps(suite, indent=1)
        (folder / "tests.json").write_text(text)
        result = fulcra("check", "--run", "--modules", PROBE, *args, str(folder))
        lines = [line for line in result.stdout.splitlines() if "ok " in line[:7]]
        return result.returncode, lines, result.stdout + result.stderr
    go.folder = folder
    return go


def case(identifier, name="it", /, verb=None, **rest):
    request = {"identifier": identifier}
    if verb:
        request["verb"] = verb
    expect = rest.pop("expect", None)
    one = {"name": name, "request": {**request, **rest}}
    return {**one, "expect": expect} if expect is not None else one


HOLDS = {
    "answer": ("res:/f/text.txt", {"answer": "line one\nline two\n"}),
    "empty": ("res:/f/empty.txt", {"answer": ""}),
    "matches": ("res:/f/text.txt", {"matches": "^line two$"}),
    "json": ("res:/f/data.json", {"json": {"c": "x", "a": [1.0, 2.5, {"b": None}]}}),
    "type": ("res:/f/text.txt", {"type": "text/plain"}),
    "headers": ("res:/f/text.txt", {
        "headers": {"httpresponse:/header/cache-control": "no-cache"}}),
    "expiry": ("res:/f/text.txt", {"expiry": "always"}),
    "scope": ("data:,x", {"scope": "public"}),
    "kept": ("active:chain+operand@res:/kept+step@text/plain",
             {"kept": True, "scope": "public"}),
    "not kept": ("res:/f/text.txt", {"kept": False, "scope": "public"}),
    "private": ("res:/behind", {"scope": "private", "kept": False}),
    "error": ("res:/f/none", {"error": "not-found"}),
    "message": ("res:/f/none", {"message": "no file 'n[o]ne'"}),
    "both": ("res:/f/none", {"error": "not-found", "message": "none"}),
    "unresolved": ("res:/hidden/text.txt", {"error": "unresolved"}),
    "time": ("res:/f/text.txt", {"maxTime": "20s"}),
    "nothing": ("res:/f/text.txt", None),
}


@pytest.mark.parametrize("identifier,expect", HOLDS.values(), ids=HOLDS.keys())
def test_holds(run, identifier, expect):
    status, lines, output = run({"tests": [case(identifier, expect=expect)]})

    assert (status, lines) == (0, ["ok 1 - it"]), output
    assert output.rstrip().endswith("\n1..1")


DIFFERS = {
    "answer": ("res:/f/text.txt", {"answer": "line"},
               r'"answer"', r'the answer is "line one\\nline two\\n", not "line"'),
    "matches": ("res:/f/text.txt", {"matches": "^two$"}, '"matches"', "does not match"),
    "json": ("res:/f/data.json", {"json": {"a": [1, 2, {"b": None}], "c": "x"}},
             '"json"', r"at \$\.a\[1\]: 2\.5, not 2$"),
    "json less": ("res:/f/data.json", {"json": {"c": "x"}}, '"json"',
                  r"at \$\.a: nothing was expected there"),
    "json more": ("res:/f/data.json", {"json": {"c": "x", "d": 1}}, '"json"',
                  r"at \$\.d: nothing$"),
    "json length": ("res:/f/data.json", {"json": {"a": [1], "c": "x"}}, '"json"',
                    r"at \$\.a: 3 elements, not 1$"),
    "no json": ("res:/f/text.txt", {"json": 1}, '"json"', "the answer is no JSON"),
    "type": ("res:/f/text.txt", {"type": "text/html"}, '"type"',
             'is "text/plain", not "text/html"'),
    "headers": ("res:/f/text.txt", {"headers": {"X": "1"}}, '"X"', 'no header "X"'),
    "header": ("res:/f/text.txt", {
        "headers": {"httpResponse:/header/Cache-Control": "x"}},
        '"httpResponse:', 'is "no-cache", not "x"'),
    "expiry": ("res:/f/text.txt", {"expiry": "never"}, '"expiry"',
               'the expiry is "always", not "never"'),
    "scope": ("res:/behind", {"scope": "public"}, '"scope"',
              'the scope is "private", not "public"'),
    "kept": ("res:/behind", {"kept": True}, '"kept"',
             "the answer is not kept: an overlay decides anew each time"),
    "not kept": ("res:/kept", {"kept": False}, '"kept"', "the answer is kept"),
    "error": ("res:/f/none", {"error": "forbidden"}, '"error"',
              r'the error is "not-found" \(no file \'none\'\), not "forbidden"'),
    "message": ("res:/f/none", {"message": "gone"}, '"message"', "does not match"),
    "no error": ("res:/f/text.txt", {"error": "not-found"}, '"error"',
                 "it did not fail: it answered text/plain"),
    "failure": ("res:/f/none", {"answer": "x"}, '"identifier"',
                "it failed: not-found: no file 'none'"),
    "unresolved": ("res:/nowhere", None, '"identifier"', "it failed: unresolved"),
}


@pytest.mark.parametrize("identifier,expect,key,says", DIFFERS.values(), ids=DIFFERS.keys())
def test_differs(run, identifier, expect, key, says):
    """The line of the expectation is named; of a failure, that of the request."""
    status, lines, output = run({"tests": [case(identifier, expect=expect)]})

    assert (status, lines) == (1, ["not ok 1 - it"])
    found = re.search(rf"^# \S*tests\.json:(\d+):\d+: .*{says}", output, re.M)
    assert found, output
    text = (run.folder / "tests.json").read_text().splitlines()
    at = int(found[1])
    assert key in text[at - 1] or key in text[at], (at, text)


def test_all_that_differs_is_said(run):
    status, _, output = run({"tests": [case("res:/f/text.txt", expect={
        "answer": "x", "type": "y", "expiry": "at"})]})

    assert status == 1
    assert len(re.findall(r"^# \S*tests\.json:", output, re.M)) == 3


def test_order_state_arguments_and_private_entries(run):
    """The probe has a value that can be set; its tests see what they did."""
    status, lines, output = run({
        "setup": [{"identifier": "res:/probe/value", "verb": "SINK", "primary": "one"}],
        "tests": [
            case("res:/probe/value", "after the setup", expect={"answer": "one"}),
            case("res:/probe/value", "set", verb="SINK", primary="two",
                 expect={"type": "none"}),
            case("res:/probe/value", "was set", expect={"answer": "two"}),
            case("res:/probe/value", "converted", type="text/x-loud",
                 expect={"answer": "TWO", "type": "text/x-loud"}),
            case("res:/probe/hidden", "private", expect={"error": "unresolved"}),
            case("res:/probe/hidden", "seen from within", space="urn:fulcra:test:probe",
                 expect={"answer": "two"}),
            case("active:json+path@a[0]", "an argument by reference",
                 arguments={"operand": "res:/f/data.json"}, expect={"answer": "1"}),
            case("active:json+path@a", "an argument by value",
                 arguments={"operand": {"json": {"a": "b"}}}, expect={"answer": "b"}),
            case("active:json+path@a", "a text by value",
                 arguments={"operand": {"text": '{"a": "c"}'}}, expect={"answer": "c"}),
            case("res:/probe/hidden", "deleted", verb="DELETE",
                 space="urn:fulcra:test:probe", expect={"answer": "true"}),
        ],
        "teardown": [{"identifier": "res:/probe/value", "verb": "SINK", "primary": "x"}]},
        "--playground")

    assert status == 0, output
    assert [line.split(" - ")[1] for line in lines] == [
        "after the setup", "set", "was set", "converted", "private", "seen from within",
        "an argument by reference", "an argument by value", "a text by value", "deleted"]


def test_each_module_starts_anew(fulcra, run):
    """What one suite did to the probe the next does not see."""
    suite = {"tests": [
        case("res:/probe/value", "fresh", expect={"matches": "^urn:fulcra:test:probe$"}),
        case("res:/probe/value", "set", verb="SINK", primary="used")]}
    status, lines, output = run(suite, str(run.folder))

    assert status == 0, output
    assert lines == [f"ok {i + 1} - {name}" for i, name in enumerate(["fresh", "set"] * 2)]


def test_a_setup_that_fails(run):
    status, lines, output = run({
        "setup": [{"identifier": "res:/nowhere"}],
        "tests": [case("res:/f/text.txt", "one"), case("res:/f/text.txt", "two")],
        "teardown": [{"identifier": "res:/nowhere/either"}]})

    assert status == 1
    assert lines == ["not ok 1 - setup", "ok 2 - one # SKIP the setup failed",
                     "ok 3 - two # SKIP the setup failed", "not ok 4 - teardown"]
    assert "res:/nowhere" in output


def test_names_cannot_forge_results(run):
    _, lines, _ = run({"tests": [case("res:/nowhere", "a # SKIP b\nok 2 - c")]})

    assert lines == ["not ok 1 - a \\# SKIP b ok 2 - c"]


WRONG = [
    ({}, "no \"tests\""),
    ({"tests": []}, "empty list"),
    ({"tests": [{"request": {"identifier": "res:/x"}}]}, "no \"name\""),
    ({"tests": [{"name": "x"}]}, "no \"request\""),
    ({"tests": [case("res:/x", expect={"anser": "x"})]}, 'did you mean "answer"'),
    ({"tests": [case("res:/x", expect={"answer": 1})]}, '"json" is for other values'),
    ({"tests": [case("res:/x", expect={"error": "notfound"})]}, 'did you mean "not-found"'),
    ({"tests": [case("res:/x", expect={"expiry": "soon"})]}, "dependent, always, never or at"),
    ({"tests": [case("res:/x", expect={"scope": "all"})]}, "public or private"),
    ({"tests": [case("res:/x", expect={"error": "gone", "kept": True})]},
     "what fails has no answer"),
    ({"tests": [case("res:/x", expect={"matches": "("})]}, '"matches": '),
    ({"tests": [case("res:/x", expect={"maxTime": 5})]}, "maxTime"),
    ({"tests": [case("res:/x", expect={"error": "gone", "answer": "x"})]}, "has no answer"),
    ({"tests": [case("res:/x", verb="GET")]}, "SOURCE, SINK"),
    ({"tests": [case("nonsense")]}, 'identifier "nonsense"'),
    ({"tests": [case("res:/x", primary=5)]}, '"primary" must be a text'),
    ({"tests": [case("res:/x", primary={"json": 1, "x": 2})]}, '"primary" must be'),
    ({"tests": [case("res:/x", headers={"a": 1})]}, "must be a text"),
    ({"tests": [case("res:/x", arguments={"a": 1})]}, "an argument must be"),
    ({"tests": [case("res:/x", arguments=[])]}, '"arguments" must be an object'),
    ({"tests": [case("res:/x", arguments={"a": "x"})]}, 'identifier "x"'),
    ({"tests": [case("res:/x", arguments={"a": {"text": "x", "json": 1}})]},
     "an argument must be"),
    ({"tests": [case("res:/x")], "setup": [{}]}, "no \"identifier\""),
    ('{"tests": [], "tests": []}', "twice|second|again"),
    ("{", "tests.json:1:"),
]


@pytest.mark.parametrize("suite,says", WRONG, ids=range(len(WRONG)))
def test_wrong_suites(run, fulcra, suite, says):
    status, lines, output = run(suite)

    assert (status, lines) == (1, ["not ok 1 - reading tests.json"])
    assert re.search(rf"^# \S*tests\.json:\d+:\d+: .*", output, re.M), output
    assert re.search(says, output), output
    checked = fulcra("check", str(run.folder))
    assert checked.returncode == 1
    assert re.search(rf"^\S*tests\.json:\d+:\d+: ", checked.stderr, re.M)


def test_a_module_that_cannot_be_loaded(run):
    (run.folder / "module.json").write_text("{}")
    status, lines, output = run({"tests": [case("res:/x")]})

    assert (status, lines) == (1, ["not ok 1 - loading the module"])
    assert "# " + str(run.folder) in output


def test_a_module_without_tests(fulcra, tmp_path):
    (tmp_path / "module.json").write_text("{}")
    result = fulcra("check", "--run", str(tmp_path))

    assert result.returncode == 0
    assert f"ok 1 - {tmp_path} # SKIP no tests.json\n1..1\n" in result.stdout


@pytest.mark.parametrize("name", ["nowhere", "."])
def test_where_there_is_no_module(fulcra, tmp_path, name):
    result = fulcra("check", "--run", str(tmp_path / name))

    assert result.returncode == 1
    assert result.stdout.endswith("1..1\n")
    assert "not ok 1 - " in result.stdout and "module.json" in result.stdout


def test_it_needs_a_folder(fulcra):
    result = fulcra("check", "--run")

    assert result.returncode == 2
    assert "--run DIR" in result.stderr
