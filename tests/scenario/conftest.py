# SPDX-License-Identifier: MIT
"""What scenarios share: TAP for the outside, a real server for the inside."""

import asyncio
import contextlib
import inspect
import os
import re
import subprocess

import pytest

from client import Server

BUILD = os.environ["FULCRA_BUILDDIR"]


# TAP, in place of pytest's own reporter ------------------------------------

tap = {"count": 0}


def short_name(nodeid):
    """test_x.py::test_y[a/b] of the same with folders."""
    file, *rest = nodeid.split("::")
    return "::".join([os.path.basename(file), *rest])


def tap_line(ok, report, note=""):
    tap["count"] += 1
    name = short_name(report.nodeid).replace("#", "_")
    print(f"{'' if ok else 'not '}ok {tap['count']} {name}{note}", flush=True)


def pytest_configure(config):
    config.option.tbstyle = "short"
    config.option.verbose = 1  # pytest's own reporter would have set it


def pytest_runtest_logreport(report):
    if report.skipped:
        tap_line(True, report, f" # SKIP {report.longrepr[2].removeprefix('Skipped: ')}")
    elif report.when == "call" or report.failed:
        tap_line(report.passed, report)
        for title, text in report.sections + [("why", report.longreprtext)]:
            if report.failed:
                print(f"# {title}\n" + re.sub("^", "#   ", text, flags=re.M))


def pytest_collectreport(report):
    if report.failed:
        tap_line(False, report)
        print(re.sub("^", "# ", report.longreprtext, flags=re.M))


def pytest_sessionfinish(session, exitstatus):
    print(f"1..{tap['count']}", flush=True)
    if exitstatus in (1, 2) and tap["count"]:
        session.exitstatus = 0  # said above, test by test


# async def tests -----------------------------------------------------------

@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    arguments = {name: pyfuncitem.funcargs[name] for name in names}
    asyncio.run(asyncio.wait_for(pyfuncitem.obj(**arguments), 300))
    return True


# Fixtures ------------------------------------------------------------------

@pytest.fixture(scope="session")
def size():
    """size(few, many): a number that depends on the size of testing."""
    full = os.environ.get("FULCRA_TEST_SIZE") == "full"
    return lambda small, large: large if full else small


@pytest.fixture(scope="session")
def fulcra():
    """fulcra(*args): run the program to its end, as subprocess.run() does."""
    def run(*args, **options):
        options = {"capture_output": True, "text": True, "timeout": 60, **options}
        return subprocess.run([f"{BUILD}/fulcra", *args], **options)
    return run


@pytest.fixture(scope="session")
def can_serve(fulcra):
    if fulcra("serve", "--help").returncode != 0:
        pytest.skip("the program cannot serve yet")


@pytest.fixture
def serve(can_serve, request, tmp_path):
    """serve(*args, ...): start a server for this test; see client.Server."""
    servers = []

    def start(*args, **options):
        name = re.sub(r"\W+", "-", short_name(request.node.nodeid).replace(".py", ""))[:80]
        servers.append(Server(*args, name=f"{name}-{len(servers)}",
                              folder=tmp_path, **options))
        return servers[-1]

    yield start
    with contextlib.ExitStack() as stack:
        for server in servers:
            stack.callback(server.stop)


@pytest.fixture(scope="module")
def server(can_serve, request, tmp_path_factory):
    """One server, as --playground starts it, for all tests of a file."""
    server = Server(name=short_name(request.node.nodeid).replace(".py", ""),
                    folder=tmp_path_factory.mktemp("server"))
    yield server
    server.stop()
