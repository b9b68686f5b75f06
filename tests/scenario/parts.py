# SPDX-License-Identifier: MIT
"""Modules put together from declared parts.

    folder = module(tmp_path / "m", [{"mapper": {...}}, ...])
    assert ask(fulcra, folder, "res:/a") == "..."
"""

import json
import os
import shutil

BUILD = os.environ["FULCRA_BUILDDIR"]


def show(*grammars, **more):
    """An entry that answers with the request as it arrived."""
    return {"id": "show", "grammar": list(grammars), **more}


def literal(grammar, text, **more):
    return {"literal": {"grammar": grammar, "text": text}, **more}


def module(folder, entries, uri="urn:test:parts", code=True, more=(), **keys):
    """A module with one space, which the outside reaches; `more` are spaces."""
    folder.mkdir()
    if code:
        shutil.copy(f"{BUILD}/stage/tests/modules/parts/parts.so", folder)
    space = {"uri": uri, "public": True, "attach": "front", **keys}
    (folder / "module.json").write_text(json.dumps({
        "uri": uri, "version": "1.0.0", **({"library": "parts.so"} if code else {}),
        "spaces": [{key: value for key, value in
                    {**space, "endpoints": entries}.items() if value is not None},
                   *more]}, indent=1))
    return folder


def request(fulcra, folders, identifier, *options):
    folders = folders if isinstance(folders, (list, tuple)) else [folders]
    where = [word for folder in folders for word in ("--modules", str(folder))]
    return fulcra("request", *where, *options, identifier)


def ask(fulcra, folders, identifier, *options):
    """What is answered, without the newline at the end."""
    result = request(fulcra, folders, identifier, *options)
    assert result.returncode == 0, result.stderr
    return result.stdout.rstrip("\n")


def refusal(fulcra, folders, identifier, *options):
    """What is said where nothing is answered, the trace included."""
    result = request(fulcra, folders, identifier, *options)
    assert result.returncode != 0, result.stdout
    return result.stderr


def problems(fulcra, folder):
    result = fulcra("check", str(folder))
    assert result.returncode == 1, result.stderr
    return result.stderr
