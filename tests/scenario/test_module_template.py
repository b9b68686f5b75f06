# SPDX-License-Identifier: MIT
"""The template: copied, built by itself, and served."""

import os
import shutil
import subprocess

import pytest

BUILD = os.environ["FULCRA_BUILDDIR"]
SOURCE = os.environ["FULCRA_SRCDIR"]


@pytest.fixture
def greeter(tmp_path):
    """What a newcomer does with the README: a copy under another name, built."""
    folder = tmp_path / "greeter"
    shutil.copytree(f"{SOURCE}/modules/template", folder)
    for path in folder.rglob("*"):
        os.chmod(path, 0o755 if path.is_dir() else 0o644)
    os.chmod(folder, 0o755)
    (folder / "template.c").rename(folder / "greeter.c")
    subprocess.run(["sed", "-i", "s/template/greeter/g", "module.json", "tests.json",
                    "greeter.c", "Makefile", "www/index.html"], cwd=folder, check=True)
    environment = {name: value for name, value in os.environ.items()
                   if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "CFLAGS")}
    subprocess.run(["make", f"PKG_CONFIG_PATH={BUILD}"], cwd=folder,
                   env=environment, check=True)
    assert not list(folder.glob("*.new"))
    return folder


def test_copied_module_is_served(serve, fulcra, greeter):
    assert fulcra("check", str(greeter)).returncode == 0

    server = serve(modules=[greeter])
    assert server.get("/greeter/greet/you").text == "Hello, you!\n"
    assert "greet/" in server.get("/greeter/").text


def test_its_tests_pass(greeter):
    result = subprocess.run(["make", "-s", "check", f"FULCRA={BUILD}/fulcra"], cwd=greeter,
                            capture_output=True, text=True)

    assert result.returncode == 0, result.stdout + result.stderr
    assert "ok 1 - a visitor is greeted by name" in result.stdout


def test_setting(serve, greeter):
    server = serve(modules=[greeter], config={
        "settings": {"urn:fulcra:module:greeter": {"greeting": "Servus"}}})

    assert server.get("/greeter/greet/Resi").text == "Servus, Resi!\n"


def test_names_are_data(serve, greeter):
    server = serve(modules=[greeter])

    assert server.get("/greeter/greet/a+b@c%25").text == "Hello, a+b@c%!\n"


@pytest.mark.parametrize("settings,says", [
    ({"urn:fulcra:module:greeter": {"greetin": "x"}}, "greeting"),
    ({"urn:fulcra:module:greeter": {"greeting": 5}}, "greeting"),
])
def test_wrong_settings(fulcra, greeter, tmp_path, settings, says):
    import json
    path = tmp_path / "fulcra.json"
    path.write_text(json.dumps({"settings": settings}))
    result = fulcra("serve", "--config", str(path), "--modules", str(greeter),
                    "--listen", "127.0.0.1:0")

    assert result.returncode == 1
    assert f"{path}:1:" in result.stderr
    assert says in result.stderr
