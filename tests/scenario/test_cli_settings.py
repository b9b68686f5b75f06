# SPDX-License-Identifier: MIT
"""fulcra.json, FULCRA_*, options: which goes over which, and what is refused."""

import json
import os
import re

import pytest

SOURCE = os.environ["FULCRA_SRCDIR"]


def values(text):
    """name → (value, origin) from what `fulcra settings` prints."""
    return {name: (value, origin) for name, value, origin
            in re.findall(r"^(\S+) = (.*)  \((.*)\)$", text, re.M)}


@pytest.fixture
def settings(fulcra, tmp_path):
    """settings(*args, file=..., **environment): what `fulcra settings` says."""
    def ask(*args, file=None, **environment):
        if file is not None:
            path = tmp_path / "fulcra.json"
            path.write_text(file if isinstance(file, str) else json.dumps(file))
            args += ("--config", str(path))
        return fulcra("settings", *args, env={**os.environ, **environment})
    return ask


def test_defaults(settings):
    table = values(settings().stdout)

    assert table["listen"] == ("127.0.0.1:8080", "default")
    assert table["websocket.maxMessage"] == ("64KiB", "default")
    assert table["kernel.timeout"] == ("30s", "default")


def test_option_over_environment_over_file_over_default(settings, tmp_path):
    file = {"loops": 2}

    result = values(settings(file=file).stdout)["loops"]
    assert result == ("2", f"{tmp_path}/fulcra.json:1:11")
    result = values(settings(file=file, FULCRA_LOOPS="3").stdout)["loops"]
    assert result == ("3", "FULCRA_LOOPS")
    result = settings("--loops", "4", file=file, FULCRA_LOOPS="3").stdout
    assert values(result)["loops"] == ("4", "--loops")
    result = settings("--loops=4", "--set", "loops=5", file=file).stdout
    assert values(result)["loops"] == ("5", "--set loops")


def test_names_with_dots(settings):
    file = {"websocket": {"maxMessage": "128KiB", "slow": "skip"}}
    table = values(settings("--set", "websocket.maxQueue=3", file=file,
                            FULCRA_WEBSOCKET_PING_INTERVAL="2m").stdout)

    assert table["websocket.maxMessage"][0] == "128KiB"
    assert table["websocket.slow"][0] == "skip"
    assert table["websocket.maxQueue"][0] == "3"
    assert table["websocket.pingInterval"][0] == "2m"


def test_lists_add_up_within_a_layer_and_replace_between(settings):
    file = {"listen": ["127.0.0.1:1", "127.0.0.1:2"]}

    assert values(settings(file=file).stdout)["listen"][0] == "127.0.0.1:1,127.0.0.1:2"
    table = values(settings(FULCRA_LISTEN="127.0.0.1:3, [::1]:4", file=file).stdout)
    assert table["listen"][0] == "127.0.0.1:3,[::1]:4"
    table = values(settings("--listen", "127.0.0.1:5", "--listen", "localhost:6",
                            file=file).stdout)
    assert table["listen"][0] == "127.0.0.1:5,localhost:6"


def test_module_folders_are_relative_to_the_file(settings, tmp_path):
    table = values(settings(file={"modules": ["here", "/there"]}).stdout)

    assert table["modules"][0] == f"{tmp_path}/here,/there"


def test_configuration_file_from_the_environment(settings, tmp_path):
    path = tmp_path / "other.json"
    path.write_text('{"loops": 7}')

    assert values(settings(FULCRA_CONFIG=str(path)).stdout)["loops"][0] == "7"


WRONG = [
    ('{"loops": 2', r":1:12: "),
    ('{\n  "loopz": 2\n}', r":2:3: .*loopz.*loops"),
    ('{"loops": 1, "loops": 2}', r":1:14: "),
    ('{"loops": "2"}', r":1:11: "),
    ('{"loops": 300}', r":1:11: .*256"),
    ('{"websocket": {"maxMessage": 5}}', r":1:30: "),
    ('{"websocket": {\n"maxMessage": "5 apples"}}', r":2:15: "),
    ('{"logLevel": "loud"}', r":1:14: "),
    ('{"listen": ["nowhere"]}', r":1:12: 'nowhere' is not an ADDRESS:PORT"),
    ("{'loops': 2}", r":1:2: "),
    ('// a comment\n{}', r":1:1: "),
    ('[]', r":1:1: "),
    ('', r":1:1: "),
    ("[" * 200000, r"deep"),
]


@pytest.mark.parametrize("text,says", WRONG, ids=range(len(WRONG)))
def test_what_is_wrong_in_the_file_is_said_with_its_place(settings, text, says):
    result = settings(file=text)

    assert result.returncode == 1
    assert result.stdout == ""
    assert re.search(r"fulcra\.json.*" + says, result.stderr), result.stderr


def test_all_mistakes_of_a_file_are_said_at_once(settings):
    result = settings(file='{\n"loops": true,\n"playground": 1,\n"x": 0}')

    assert result.returncode == 1
    for line in "234":
        assert f"fulcra.json:{line}:" in result.stderr


def test_missing_file(fulcra):
    result = fulcra("settings", "--config", "/nonexistent/fulcra.json")

    assert result.returncode == 1
    assert "/nonexistent/fulcra.json" in result.stderr


def test_wrong_value_in_the_environment(settings):
    result = settings(FULCRA_LOOPS="many")

    assert result.returncode == 1
    assert "FULCRA_LOOPS: 'many' is not a whole number" in result.stderr


def test_guide_is_made_from_the_table(fulcra):
    with open(f"{SOURCE}/doc/guide/settings.md") as file:
        assert file.read() == fulcra("settings", "--markdown").stdout, \
            "run: build/fulcra settings --markdown >doc/guide/settings.md"


def test_check_says_whether_a_configuration_is_fine(fulcra, tmp_path):
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text('{"loops": 2}')
    bad.write_text('{"loops": 2000}')

    result = fulcra("check", str(good))
    assert result.returncode == 0
    assert result.stdout == f"{good}: fine\n"
    result = fulcra("check", str(good), str(bad))
    assert result.returncode == 1
    assert f"{bad}:1:11: " in result.stderr
