# SPDX-License-Identifier: MIT
"""Help, wrong usage, exit statuses."""

import pytest

COMMANDS = ["serve", "check", "request", "settings", "version", "module list",
            "module info", "module load", "module reload", "module unload",
            "resolve", "space tree", "socket list", "socket close", "cache stat", "cache list",
            "cache expire", "stat", "top", "log", "reload", "drain", "doctor",
            "completions", "manual"]


def test_help_lists_every_command(fulcra):
    result = fulcra("--help")

    assert result.returncode == 0 and result.stderr == ""
    for command in COMMANDS:
        assert f"\n  {command} " in result.stdout


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_every_command_has_help(fulcra, command, option):
    result = fulcra(*command.split(), option)

    assert result.returncode == 0 and result.stderr == ""
    assert result.stdout.startswith(f"usage: fulcra {command} ")
    assert "--help" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_help_of_serve_has_its_options_and_their_defaults(fulcra):
    text = fulcra("serve", "--help").stdout

    for option in ["--config FILE", "--playground", "--listen ADDRESS:PORT",
                   "--modules DIR", "--loops N", "--workers N", "--admin PATH",
                   "--set NAME=VALUE"]:
        assert f"\n  {option}" in text
    assert "(127.0.0.1:8080)" in text


WRONG = [
    ([], "no command"),
    (["swerve"], "did you mean 'serve'?"),
    (["frobnicate"], "fulcra --help"),
    (["module"], "'module list', 'module info', 'module load'"),
    (["module", "lst"], "no command 'module lst'; 'module list', "),
    (["space", "--json"], "'space tree' would be right"),
    (["resolve"], "IDENTIFIER is missing"),
    (["completions", "fish"], "bash or zsh would be right"),
    (["serve", "--lisen", "x"], "did you mean --listen?"),
    (["serve", "--nothing-like-it"], "no option --nothing-like-it"),
    (["serve", "-v"], "no option -v"),
    (["serve", "--listen"], "--listen needs a value: ADDRESS:PORT"),
    (["serve", "--playground=yes"], "--playground takes no value"),
    (["serve", "extra"], "'extra' is one too many"),
    (["serve", "--loops", "many"], "--loops: 'many' is not a whole number from 0"),
    (["serve", "--loops", "-1"], "--loops: '-1' is not"),
    (["serve", "--loops=257"], "to 256"),
    (["serve", "--listen", "8080"], "ADDRESS:PORT"),
    (["serve", "--listen", "127.0.0.1:65536"], "ADDRESS:PORT"),
    (["serve", "--listen", "::1:8080"], "ADDRESS:PORT"),
    (["serve", "--log-level", "loud"], "one of error, warning, info, debug"),
    (["serve", "--set", "loops"], "NAME=VALUE"),
    (["serve", "--set", "websocket.maxMesage=1KiB"],
     "did you mean 'websocket.maxMessage'?"),
    (["serve", "--set", "websocket.maxMessage=1KB"], "a size from"),
    (["serve", "--set", "websocket.pingInterval=30"], "a time from"),
    (["serve", "--set", "websocket.slow=sleep"], "one of close, skip, latest"),
    (["serve", "--set", "http.origin=example.org"], "an origin such as"),
    (["serve", "--set", "http.origin=https://example.org/"], "an origin such as"),
    (["request"], "IDENTIFIER is missing"),
    (["request", "res:/a", "res:/b"], "'res:/b' is one too many"),
    (["request", "--verb", "GET", "res:/a"], "no verb 'GET'"),
    (["request", "nonsense"], "character 1"),
    (["request", "--loops", "1", "res:/a"], "no option --loops"),
    (["version", "now"], "'now' is one too many"),
]


@pytest.mark.parametrize("arguments,says", WRONG,
                         ids=[" ".join(each[0]) or "nothing" for each in WRONG])
def test_wrong_usage(fulcra, arguments, says):
    result = fulcra(*arguments)

    assert result.returncode == 2
    assert says in result.stderr
    assert result.stderr.count("\n") == 1, "one line says it"
    assert result.stdout == ""


def test_version(fulcra):
    assert fulcra("version").stdout == fulcra("--version").stdout


def test_everything_after_two_dashes_is_an_operand(fulcra):
    result = fulcra("version", "--", "--help")

    assert result.returncode == 2
    assert "'--help' is one too many" in result.stderr
