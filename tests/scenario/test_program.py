# SPDX-License-Identifier: MIT
"""The command line: exit 0 is fine, 1 failed or refused, 2 wrong usage."""

import os
import re

BUILD = os.environ["FULCRA_BUILDDIR"]


def test_version(fulcra):
    result = fulcra("version")

    assert result.returncode == 0
    assert re.match(r"fulcra \d+\.\d+\.\d+\b", result.stdout)


def test_no_command_is_wrong_usage(fulcra):
    result = fulcra()

    assert result.returncode == 2
    assert "usage" in result.stderr.lower()


def test_unknown_command_is_wrong_usage(fulcra):
    assert fulcra("swerve").returncode == 2


def test_program_is_elf():
    with open(f"{BUILD}/fulcra", "rb") as file:
        assert file.read(4) == b"\x7fELF"
