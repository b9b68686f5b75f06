# SPDX-License-Identifier: MIT
"""Chains in definitions: f(g(h(x))) under a grammar."""

import re

from parts import ask, literal, module, problems, refusal, request, show

SHOW = show("active:show+operand@{}+n@{}?")
COUNT = [{"id": "counted", "grammar": "res:/counted"}]


def chain(grammar, operand, *steps, **more):
    return {"chain": {"grammar": grammar, "operand": operand,
                      "steps": list(steps), **more}}


def step(request, name=None):
    return {"request": request, **({"name": name} if name else {})}


def test_each_step_is_given_the_one_before(fulcra, tmp_path):
    folder = module(tmp_path / "m", [
        chain("res:/page/{n}", "res:/x/{n}", step("active:show+n@{n}"),
              step("active:show")),
        literal("res:/x/7", "seven"), SHOW])

    assert ask(fulcra, folder, "res:/page/7") == (
        "SOURCE\noperand->SOURCE\noperand->seven\nn=7")
    assert ask(fulcra, folder, "res:/page/7", "--verb", "exists") == "true"


def test_steps_are_lazy_and_kept_by_themselves(fulcra, tmp_path):
    folder = module(tmp_path / "m", [
        chain("res:/one", "res:/x", step("active:show")),
        chain("res:/two", "res:/one", step("active:show+n@1")),
        chain("res:/lazy", "res:/nothing", step("active:deaf+operand@res:/x")),
        literal("res:/x", "x"), literal("active:deaf+operand@{}+", "deaf"), SHOW])

    trace = request(fulcra, folder, "res:/two", "--trace").stderr
    for asked in ("res:/two", "active:show+n@1+operand@res:/one", "res:/one",
                  "active:show+operand@res:/x"):
        line = re.search(rf"SOURCE {re.escape(asked)}  .*", trace)
        assert line and line[0].endswith("cache: kept"), trace
    assert ask(fulcra, folder, "res:/lazy") == "deaf"


def test_a_step_may_be_a_conversion(fulcra, tmp_path):
    folder = module(tmp_path / "m", [
        chain("res:/page", "res:/x", {"type": "json"}, step("active:show")),
        chain("res:/typed", "res:/x", {"type": "text/plain"}),
        {"literal": {"grammar": "res:/x", "json": [1, {"a": 2}]}}, SHOW])

    assert ask(fulcra, folder, "res:/page", "--type", "text/plain").startswith(
        "SOURCE\noperand->")
    assert ask(fulcra, folder, "res:/typed") == '[1,{"a":2}]'


def test_a_step_may_answer_later(fulcra, tmp_path):
    folder = module(tmp_path / "m", [
        chain("res:/page", "res:/x", step("active:later"), step("active:later")),
        literal("res:/x", "x"), {"id": "later", "grammar": "active:later+operand@{}"}])

    assert "operand->" in ask(fulcra, folder, "res:/page")


def test_errors_name_the_step(fulcra, tmp_path):
    folder = module(tmp_path / "m", [
        chain("res:/named", "res:/x", step("active:same"),
              step("active:fail+x@gone", "render"), step("active:same", "after")),
        chain("res:/numbered", "res:/x", step("active:nobody")),
        chain("res:/operand", "res:/nothing", step("active:same", "first")),
        literal("res:/x", "x"),
        {"id": "fail", "grammar": "active:fail+operand@{}+x@{x}"},
        {"mapper": {"map": [{"grammar": "active:same+operand@{operand}",
                             "request": "arg:operand"}]}}])

    assert "fulcra: step 'render': as it was asked for" in refusal(
        fulcra, folder, "res:/named")
    assert "fulcra: step 1: nothing answers" in refusal(fulcra, folder, "res:/numbered")
    assert "fulcra: step 'first': nothing answers SOURCE res:/nothing" in refusal(
        fulcra, folder, "res:/operand")


def test_what_identifiers_do_not_say(fulcra, tmp_path):
    """A step with an argument by value, an operand that was passed: kept all
    the same."""
    style = {"identifier": "active:show", "arguments": {
        "n": {"text": "wide", "type": "text/plain"}}}
    folder = module(tmp_path / "m", [
        chain("active:page+operand@{operand}", "arg:operand", step(style),
              step("active:show+n@2")),
        show("active:show+operand@{}+n@{}?"), literal("res:/x", "x")])
    result = request(fulcra, folder, "active:page+operand@res:/x", "--trace")

    assert result.stdout == (
        "SOURCE\noperand->SOURCE\noperand->x\nn->wide\n\nn=2\n"), result.stderr
    kept = re.findall(r"SOURCE (\S+) .*cache: kept", result.stderr)
    assert kept == ["active:page+operand@res:/x", "active:show+n@2", "active:show",
                    "res:/x"]


def test_no_dependency(fulcra, tmp_path):
    folder = module(tmp_path / "m", [
        chain("res:/page", {"identifier": "res:/counted", "no-dependency": True},
              step({"identifier": "active:show", "arguments": {"n": "res:/x"}})),
        show("active:show+operand@{}+n@{}?"), literal("res:/x", "x"), *COUNT])
    result = request(fulcra, folder, "res:/page", "--trace")

    assert result.stdout == "SOURCE\noperand->1\nn->x\n"
    assert re.search(r"^SOURCE res:/page .*cache: kept$", result.stderr, re.M)


def test_in_a_space_of_its_own(fulcra, tmp_path):
    folder = module(tmp_path / "m", [
        chain("res:/page", "res:/x", step("active:show"), space=[
            literal("res:/x", "inner"), SHOW])])

    assert ask(fulcra, folder, "res:/page") == "SOURCE\noperand->inner"
    refusal(fulcra, folder, "res:/x")


def test_mistakes(fulcra, tmp_path):
    folder = module(tmp_path / "m", [
        chain("res:/a/{n}", "res:/x/{m}", {"name": "nothing"},
              {"request": "active:a", "type": "json"})])
    said = problems(fulcra, folder)

    assert "there is no {m} here; there is {n}" in said
    assert said.count("a step has either a \"request\" or a \"type\"") == 2
