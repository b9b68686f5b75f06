# SPDX-License-Identifier: MIT
"""The servers that are measured, each on a processor of its own."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import tempfile

from rows import BARE, FLOOR, FULCRA

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get("FULCRA_BUILDDIR") or os.path.abspath(f"{HERE}/../../build")
CORES = sorted(os.sched_getaffinity(0))

SERIAL = {
    "uri": "urn:bench:echo",
    "version": "1.0.0",
    "library": "echo.so",
    "spaces": [{
        "uri": "urn:bench:echo",
        "public": True,
        "attach": "front",
        "endpoints": [{"id": "echo", "grammar": "ws:/serial/echo", "run": "serial"}],
    }],
}


def pin(core):
    """What a child runs first: stay on the core of that number, if there are two."""
    if core is None or len(CORES) < 2:
        return None
    return lambda: os.sched_setaffinity(0, {CORES[core]})


@contextlib.contextmanager
def module_folder(row):
    """The demo's echo, in a definition that restricts it to run serially."""
    if not row.serial:
        yield []
        return
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/module.json", "w") as file:
            json.dump(SERIAL, file)
        shutil.copy(f"{BUILD}/stage/demos/echo/echo.so", folder)
        yield ["--modules", folder]


def command(name, loops, more):
    if name in (FLOOR, BARE):
        return [f"{BUILD}/tests/bench/{name}", "0"]
    return [f"{BUILD}/fulcra", "serve", "--playground", "--loops", str(loops),
            "--listen", "127.0.0.1:0", "--log-level", "error", *more]


@contextlib.contextmanager
def server(name, row, before=()):
    """Runs until the end of the block; (pid, port). @before: a command to run it with"""
    loops = row.loops if name == FULCRA else 1
    with module_folder(row) as more:
        process = subprocess.Popen(
            [*before, *command(name, loops, more if name == FULCRA else [])],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE if before else None,
            text=True, preexec_fn=pin(0 if loops == 1 else None))
        try:
            said = process.stdout.readline()
            port = re.search(r"listening on http://127\.0\.0\.1:(\d+)", said)
            if port is None:
                raise RuntimeError(f"{name} does not say where it listens: {said!r}")
            yield process, int(port[1])
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()
    if name == FULCRA and process.returncode != 0:
        raise RuntimeError(f"{name} ended with {process.returncode}")


def load(row, name, process, port, options):
    """One run; its figures. Fails where a connection was lost or an answer wrong."""
    result = subprocess.run(
        [f"{BUILD}/tests/bench/load", "-P", str(port), "-p", str(process.pid),
         *row.paths[name], *row.load[:-1], *options, row.load[-1]],
        capture_output=True, text=True, preexec_fn=pin(1))
    if result.returncode:
        raise RuntimeError(f"{row.name}, {name}: {result.stdout}{result.stderr}")
    return json.loads(result.stdout)
