# SPDX-License-Identifier: MIT
"""What the lints share: where files are, how tools run, TAP."""

import os
import pathlib
import subprocess

SOURCE = pathlib.Path(os.environ["FULCRA_SRCDIR"])
BUILD = pathlib.Path(os.environ["FULCRA_BUILDDIR"])
FOLDERS = ["kernel", "transports", "spaces", "program", "modules", "demos", "tests"]


def sources(*patterns):
    """Our C files and headers, relative to the source tree."""
    for folder in FOLDERS:
        for pattern in patterns or ("*.c", "*.h"):
            for path in sorted((SOURCE / folder).rglob(pattern)):
                if "node_modules" not in path.parts:
                    yield path.relative_to(SOURCE)


def run(*command, **options):
    return subprocess.run([str(word) for word in command], capture_output=True,
                          text=True, **options)


def pkg_config(*words):
    return run("pkg-config", *words).stdout.split()


class Tap:
    def __init__(self):
        self.count = 0

    def check(self, name, complaints):
        """One test: it passes if there is nothing to complain about."""
        self.count += 1
        print(f"{'not ' if complaints else ''}ok {self.count} {name}")
        for complaint in complaints:
            for line in str(complaint).splitlines():
                print(f"# {line}")

    def skip(self, name, why):
        self.count += 1
        print(f"ok {self.count} {name} # SKIP {why}")

    def end(self):
        print(f"1..{self.count}")
