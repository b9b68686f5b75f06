# SPDX-License-Identifier: MIT
"""Files below a module's folder: what is served, as what, and what never is."""

import json
import os

import pytest

from client import Server

SECRET = "the secret outside"

FILES = {
    "index.html": "<title>index</title>",
    "style.css": "body {}",
    "code.js": "1",
    "data.json": "{}",
    "pic.svg": "<svg/>",
    "pic.png": "\x89PNG",
    "mod.wasm": "x",
    "plain.txt": "plain",
    "strange.xyz": "?",
    "no-extension": "?",
    "UPPER.HTML": "upper",
    "two words.txt": "two words",
    "gr\u00fc\u00df.txt": "gr\u00fc\u00df",
    "a+b@c%41.txt": "signs",
    "empty.txt": "",
    "big.txt": "x" * 5000,
    "sub/index.html": "<title>sub</title>",
    "sub/deep/file.txt": "deep",
    "bare/file.txt": "no index here",
    ".hidden": SECRET,
    ".git/config": SECRET,
    "sub/.htaccess": SECRET,
}


@pytest.fixture(scope="module")
def site(can_serve, tmp_path_factory):
    """A server of one module, and the folder that holds its files."""
    top = tmp_path_factory.mktemp("site")
    www = top / "m" / "www"
    for name, text in FILES.items():
        path = www / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    (top / "m" / "secret.txt").write_text(SECRET)
    (top / "secret.txt").write_text(SECRET)
    (www / "link-out.txt").symlink_to(top / "secret.txt")
    (www / "link-up").symlink_to("..")
    (www / "link-root").symlink_to("/")
    (www / "link-in.txt").symlink_to("plain.txt")
    os.mkfifo(www / "fifo.txt")
    (top / "m" / "module.json").write_text(json.dumps({
        "uri": "urn:test:files", "version": "1.0.0",
        "spaces": [{"uri": "urn:test:files", "public": True, "attach": "front",
                    "endpoints": [
                        {"fileset": {"grammar": "res:/f/{path*}", "root": "www",
                                     "maxSize": "4KiB"}},
                        {"fileset": {"grammar": "res:/other/{path*}",
                                     "root": "www/sub", "index": "file.txt"}}]}]}))
    server = Server(name="fileset", folder=top, modules=[top / "m"])
    server.www = www
    yield server
    server.stop()


TYPES = {
    "index.html": "text/html", "style.css": "text/css",
    "code.js": "text/javascript", "data.json": "application/json",
    "pic.svg": "image/svg+xml", "pic.png": "image/png",
    "mod.wasm": "application/wasm", "plain.txt": "text/plain",
    "strange.xyz": "application/octet-stream",
    "no-extension": "application/octet-stream", "UPPER.HTML": "text/html",
}


@pytest.mark.parametrize("name", TYPES)
def test_media_types(site, name):
    answer = site.get(f"/f/{name}")

    assert answer.status == 200
    assert answer.body == FILES[name].encode()
    media, _, charset = answer.headers["Content-Type"].partition(";")
    assert media == TYPES[name]
    if media.startswith("text/"):
        assert charset.strip().lower() == "charset=utf-8"


@pytest.mark.parametrize("path,name", [
    ("/f/two%20words.txt", "two words.txt"),
    ("/f/gr%C3%BC%C3%9F.txt", "gr\u00fc\u00df.txt"),
    ("/f/a+b@c%2541.txt", "a+b@c%41.txt"),
    ("/f/a%2Bb%40c%2541.txt", "a+b@c%41.txt"),
    ("/f/sub/deep/file.txt", "sub/deep/file.txt"),
    ("/f/./sub/../plain.txt", "plain.txt"),
    ("/f/empty.txt", "empty.txt"),
    ("/other/deep/file.txt", "sub/deep/file.txt"),
])
def test_names(site, path, name):
    answer = site.get(path)

    assert answer.status == 200
    assert answer.text == FILES[name]


@pytest.mark.parametrize("path,name", [
    ("/f/", "index.html"), ("/f/sub/", "sub/index.html"),
    ("/other/deep/", "sub/deep/file.txt"),
])
def test_index(site, path, name):
    answer = site.get(path)

    assert answer.status == 200
    assert answer.text == FILES[name]


def test_folder_without_index_is_not_listed(site):
    answer = site.get("/f/bare/")

    assert answer.status == 404
    assert "file.txt" not in answer.text


@pytest.mark.parametrize("path,location", [
    ("/f", "/f/"), ("/f/sub", "/f/sub/"), ("/f/sub/deep", "/f/sub/deep/"),
])
def test_folder_without_its_slash_is_redirected(site, path, location):
    from urllib.parse import urljoin
    answer = site.get(path)

    assert answer.status == 308
    assert urljoin(path, answer.headers["Location"]) == location


def test_etag(site):
    first = site.get("/f/plain.txt")
    etag = first.headers["ETag"]

    assert etag.startswith('"') and etag.endswith('"')
    assert first.headers["Cache-Control"] == "no-cache"
    again = site.get("/f/plain.txt", {"If-None-Match": etag})
    assert again.status == 304
    assert again.body == b""
    assert again.headers["ETag"] == etag
    assert site.get("/f/plain.txt", {"If-None-Match": '"x"'}).status == 200
    assert site.get("/f/plain.txt", {"If-None-Match": f'"x", W/{etag}'}).status == 304


def test_a_change_is_seen_at_once(site):
    path = site.www / "changing.txt"
    path.write_text("one")
    os.utime(path, (1e9, 1e9))  # long ago: may be kept in memory
    first = site.get("/f/changing.txt")
    assert site.get("/f/changing.txt").text == "one"
    path.write_text("two")

    answer = site.get("/f/changing.txt", {"If-None-Match": first.headers["ETag"]})
    assert (answer.status, answer.text) == (200, "two")
    path.unlink()
    assert site.get("/f/changing.txt").status == 404


def test_head(site):
    answer = site.request("HEAD", "/f/plain.txt")

    assert answer.status == 200
    assert answer.headers["Content-Length"] == str(len(FILES["plain.txt"]))
    assert answer.body == b""


def test_too_large(site):
    answer = site.get("/f/big.txt")

    assert answer.status in (413, 500, 503)
    assert "xxxx" not in answer.text


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_nothing_can_be_changed(site, method):
    assert site.request(method, "/f/plain.txt", body="x").status in (404, 405)
    assert (site.www / "plain.txt").read_text() == "plain"


NEVER = [
    "/f/../secret.txt", "/f/%2e%2e/secret.txt", "/f/%2E%2E%2Fsecret.txt",
    "/f/..%2fsecret.txt", "/f/%252e%252e/secret.txt", "/f/%252e%252e%252fsecret.txt",
    "/f/..;/secret.txt", "/f/...//secret.txt", "/f/....//secret.txt",
    "/f//secret.txt", "/f//etc/passwd", "/f/%2fetc%2fpasswd",
    "/f/..\\secret.txt", "/f/..%5csecret.txt", "/f/%5c..%5csecret.txt",
    "/f/%c0%ae%c0%ae/secret.txt", "/f/%c0%ae%c0%ae%c0%afsecret.txt",
    "/f/%e0%80%ae%e0%80%ae/secret.txt", "/f/%uff0e%uff0e/secret.txt",
    "/f/plain.txt%00.html", "/f/%00", "/f/..%00/secret.txt",
    "/f/sub/../../secret.txt", "/f/sub/%2e%2e/%2e%2e/secret.txt",
    "/f/link-out.txt", "/f/link-in.txt", "/f/link-up/secret.txt",
    "/f/link-root/etc/passwd", "/f/link-up/",
    "/f/.hidden", "/f/%2ehidden", "/f/.git/config", "/f/sub/.htaccess",
    "/f/sub//.htaccess", "/f/fifo.txt", "/f/plain.txt/", "/f/plain.txt/x",
    "/f/plain%0a.txt", "/f/nothing", "/f/" + "a" * 300, "/f/" + "a/" * 500,
    "/f/+path@../secret.txt", "/f/plain.txt+path@../secret.txt",
]


@pytest.mark.parametrize("path", NEVER, ids=range(len(NEVER)))
def test_never_served(site, path):
    """Sent as it is: a client's library would tidy it up."""
    head, _, body = site.exchange(
        f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
    ).partition(b"\r\n\r\n")

    assert head.split(b" ")[1] in (b"400", b"404"), head
    assert SECRET.encode() not in body
    assert b"root:" not in body


def test_many_files_at_once(site):
    import concurrent.futures
    for i in range(50):
        (site.www / f"n{i}.txt").write_text(str(i))
        os.utime(site.www / f"n{i}.txt", (1e9, 1e9))

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        numbers = [i % 50 for i in range(400)]
        texts = pool.map(lambda i: site.get(f"/f/n{i}.txt").text, numbers)
        assert list(texts) == [str(i) for i in numbers]


WRONG = [
    ({"grammar": "res:/x/{path*}"}, "root"),
    ({"root": "www"}, "grammar"),
    ({"grammar": "res:/x/{path*}", "root": "nowhere"}, "nowhere"),
    ({"grammar": "res:/x/{path*}", "root": ".."}, "out of"),
    ({"grammar": "res:/x/{path*}", "root": "/etc"}, "/etc"),
    ({"grammar": "res:/x/{path*", "root": "www"}, "brace"),
    ({"grammar": "res:/x/{path*}", "root": "www", "index": "a/b"}, "a/b"),
    ({"grammar": "res:/x/{path*}", "root": "www", "indx": "a"}, "index"),
    ({"grammar": "res:/x/{path*}", "root": "www", "maxSize": "lots"}, "maxSize|lots"),
]


@pytest.mark.parametrize("fileset,says", WRONG, ids=range(len(WRONG)))
def test_wrong_definitions(fulcra, tmp_path, fileset, says):
    import re
    (tmp_path / "www").mkdir()
    definition = {"uri": "urn:test:x", "version": "1.0.0", "spaces": [
        {"uri": "urn:test:x", "endpoints": [{"fileset": fileset}]}]}
    (tmp_path / "module.json").write_text(json.dumps(definition, indent=1))
    result = fulcra("check", str(tmp_path))

    assert result.returncode == 1
    assert re.search(rf"module\.json:\d+:\d+: .*({says})", result.stderr), result.stderr
