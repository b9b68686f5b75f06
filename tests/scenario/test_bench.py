# SPDX-License-Identifier: MIT
"""The benchmarks run, for a moment each, and say what they should. Never a speed."""

import json
import math
import os
import subprocess
import sys

import pytest

BUILD = os.environ["FULCRA_BUILDDIR"]
BENCH = f"{os.environ['FULCRA_SRCDIR']}/tests/bench"
GROUPS = ["echo", "serial", "fanout", "publish", "idle", "churn", "loops", "kernel"]


def run(program, *args):
    return subprocess.run([sys.executable, "-B", f"{BENCH}/{program}", *args],
                          capture_output=True, text=True, timeout=300)


def check_figures(line):
    assert set(line) == {"row", "contestant", "round", "values", "figures"}
    assert line["values"]
    for value in line["values"].values():
        assert math.isfinite(value)
    figures = line["figures"]
    if line["contestant"] == "kernel":
        assert figures["ns"] > 0 and figures["n"] > 0
        return
    assert figures["failed"] == figures["lost"] == figures["bad"] == 0
    if figures["mode"] != "idle":
        assert figures["n"] > 0 and figures["server_us_per"] > 0


@pytest.mark.parametrize("group", GROUPS)
def test_runs(can_serve, tmp_path, group):
    path = f"{tmp_path}/figures.json"
    result = run("bench", "--brief", "--output", path, group)
    assert result.returncode == 0, result.stderr

    with open(path) as file:
        meta, *lines = [json.loads(line) for line in file]
    assert meta["meta"]["processor"] and meta["meta"]["version"]
    assert lines
    skipped = [line for line in lines if "skipped" in line]
    for line in lines:
        if line not in skipped:
            check_figures(line)
    if skipped:
        pytest.skip(skipped[0]["skipped"])

    compared = run("compare", path, path)
    assert compared.returncode == 0, compared.stderr
    assert compared.stdout.count("\n") > 2


def test_says_what_there_is():
    result = run("bench", "nothing")
    assert result.returncode == 2
    assert "echo-64" in result.stderr and "kernel" in result.stderr
