# SPDX-License-Identifier: MIT
"""Files below a module's folder: what is served, as what, and what never is."""

import concurrent.futures
import contextlib
import json
import os
import socket
import stat
import threading
import time

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
    "strange.q9z": "?",
    "page.tex": "\\bye",
    "sub/start.html": "<title>start</title>",
    "docs/guide.en.html": "guide",
    "docs/guide.de.html": "Leitfaden",
    "css/a.css": "a", "css/deep/b.css": "b", "css/deep/deeper/c.css": "c",
    "css/a.css.txt": "not a style",
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
    (www / "link-sub").symlink_to("sub")
    (www / "link-hidden").symlink_to(".hidden")
    (www / "link-self").symlink_to("link-self")
    os.mkfifo(www / "fifo.txt")
    with socket.socket(socket.AF_UNIX) as unix, contextlib.chdir(www):
        unix.bind("socket.txt")  # the path must be short
    with contextlib.suppress(PermissionError):
        os.mknod(www / "device.txt", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    (top / "m" / "module.json").write_text(json.dumps({
        "uri": "urn:test:files", "version": "1.0.0",
        "spaces": [{"uri": "urn:test:files", "public": True, "attach": "front",
                    "endpoints": [
                        {"fileset": {"grammar": "res:/f/{path*}", "root": "www",
                                     "maxSize": "4KiB"}},
                        {"fileset": {"grammar": "res:/other/{path*}",
                                     "root": "www/sub", "index": "file.txt"}},
                        {"fileset": {"grammar": "res:/starts/{path*}", "root": "www",
                                     "index": ["start.html", "index.html"]}},
                        {"fileset": {"glob": "res:/css/**/*.{css,map}", "root": "www"}},
                        {"fileset": {"glob": ["res:/style/*.css", "res:/styles/*/*.css"],
                                     "root": "www/css", "rewrite": "{1}.css"}},
                        {"fileset": {"glob": "res:/q/p?ain.txt", "root": "www",
                                     "rewrite": "p{1}ain.txt"}},
                        {"fileset": {"regex": "res:/lang/(?<lang>[a-z]+)/(?<page>[^/]+)",
                                     "root": "www/docs",
                                     "rewrite": "{page}.{lang}.html"}},
                        {"fileset": {"regex": "res:/v\\d+/(?<path>.+)", "root": "www"}},
                        {"fileset": {"grammar": "res:/any/{a*}", "root": "www",
                                     "rewrite": "sub/{a}"}},
                        {"fileset": {"regex": "res:/slow/(?<path>(a+)+)b",
                                     "root": "www"}}]}]}))
    server = Server(name="fileset", folder=top, modules=[top / "m"])
    server.www = www
    yield server
    server.stop()


TYPES = {
    "index.html": "text/html", "style.css": "text/css",
    "code.js": "text/javascript", "data.json": "application/json",
    "pic.svg": "image/svg+xml", "pic.png": "image/png",
    "mod.wasm": "application/wasm", "plain.txt": "text/plain",
    "strange.q9z": "application/octet-stream",
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


@pytest.mark.parametrize("path,name", [
    ("/starts/", "index.html"), ("/starts/sub/", "sub/start.html"),
])
def test_the_first_index_that_is_there(site, path, name):
    assert site.get(path).text == FILES[name]


def test_media_types_of_the_system(site):
    """Where its database is installed; the fallback is right without."""
    types = ["application/octet-stream"]
    if os.path.exists("/usr/share/mime/globs2"):
        types = ["text/x-tex"]

    assert site.get("/f/page.tex").headers["Content-Type"].partition(";")[0] in types


@pytest.mark.parametrize("path,name", [
    ("/css/a.css", "css/a.css"), ("/css/deep/b.css", "css/deep/b.css"),
    ("/css/deep/deeper/c.css", "css/deep/deeper/c.css"),
    ("/style/a.css", "css/a.css"), ("/styles/deep/b.css", None),
    ("/style/deep/b.css", None), ("/css/a.css.txt", None), ("/css/a.scss", None),
    ("/q/plain.txt", "plain.txt"), ("/q/pain.txt", None), ("/q/p/ain.txt", None),
    ("/lang/en/guide", "docs/guide.en.html"), ("/lang/de/guide", "docs/guide.de.html"),
    ("/lang/fr/guide", None), ("/lang/en/", None), ("/lang/EN/guide", None),
    ("/v2/plain.txt", "plain.txt"), ("/v10/sub/deep/file.txt", "sub/deep/file.txt"),
    ("/vx/plain.txt", None), ("/v1/a+b@c%2541.txt", "a+b@c%41.txt"),
    ("/any/index.html", "sub/index.html"), ("/any/", "sub/index.html"),
    ("/any/deep/file.txt", "sub/deep/file.txt"),
])
def test_choices(site, path, name):
    answer = site.get(path)

    if name is None:
        assert answer.status == 404
    else:
        assert (answer.status, answer.text) == (200, FILES[name])


def test_a_catastrophic_regex_is_refused_and_costs_nothing(site):
    begin = time.monotonic()
    answer = site.get("/slow/" + "a" * 200)

    assert answer.status in (400, 404)
    assert time.monotonic() - begin < 5
    assert site.get("/f/plain.txt").status == 200


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
    "/f/link-root/etc/passwd", "/f/link-up/", "/f/link-sub/index.html", "/f/link-sub/",
    "/f/link-hidden", "/f/link-self", "/f/link-self/x", "/f/socket.txt", "/f/device.txt",
    "/f/.hidden", "/f/%2ehidden", "/f/.git/config", "/f/sub/.htaccess",
    "/f/sub//.htaccess", "/f/fifo.txt", "/f/plain.txt/", "/f/plain.txt/x",
    "/f/plain%0a.txt", "/f/nothing", "/f/" + "a" * 300, "/f/" + "a/" * 500,
    "/f/+path@../secret.txt", "/f/plain.txt+path@../secret.txt",
    "/f/%f0%80%80%ae%f0%80%80%ae/secret.txt", "/f/%c1%9csecret.txt", "/f/%ff%fe",
    "/f/%25%32%65%25%32%65/secret.txt", "/f/%252e%252e%255csecret.txt",
    "/any/../secret.txt", "/any/%2e%2e/%2e%2e/secret.txt", "/any/..%2f..%2fsecret.txt",
    "/any/%252e%252e/%252e%252e/secret.txt", "/any/..\\..\\secret.txt", "/any//etc/passwd",
    "/any/.htaccess", "/v1/../secret.txt", "/v1/.hidden", "/v1/sub/../../secret.txt",
    "/v1/%2fetc/passwd", "/lang/./secret", "/lang/en/..%2f..%2f..%2fsecret",
    "/lang/en/%2e%2e%2fsecret", "/css/../secret.css", "/css/%2e%2e/%2e%2e/x.css",
    "/css/.git/config.css", "/style/..%2f..%2fsecret.css", "/style/.hidden.css",
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
    for i in range(50):
        (site.www / f"n{i}.txt").write_text(str(i))
        os.utime(site.www / f"n{i}.txt", (1e9, 1e9))

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        numbers = [i % 50 for i in range(400)]
        texts = pool.map(lambda i: site.get(f"/f/n{i}.txt").text, numbers)
        assert list(texts) == [str(i) for i in numbers]


def test_renaming_does_not_open_a_way_out(site):
    """Folders become links to the outside, and back, while they are walked."""
    top = site.www.parent.parent
    swapped, aside = site.www / "swapped", top / "aside"
    (top / "outside").mkdir()
    (top / "outside" / "file.txt").write_text(SECRET)
    swapped.mkdir()
    (swapped / "file.txt").write_text("inside")
    stop = threading.Event()

    def swap():
        while not stop.is_set():
            swapped.rename(aside)
            swapped.symlink_to(top / "outside")
            swapped.unlink()
            aside.rename(swapped)

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            texts = [answer.text for answer in pool.map(
                lambda _: site.get("/f/swapped/file.txt"), range(2000))]
    finally:
        stop.set()
        thread.join()
    assert SECRET not in texts
    assert "inside" in texts


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
    ({"grammar": "res:/x/{file}", "root": "www"}, r"has no \{path\}; .*\{path"),
    ({"grammar": "res:/x", "root": "www"}, r"has no \{path\}"),
    ({"grammar": "res:/x/{path*}", "glob": "res:/y/*", "root": "www"},
     '"glob" beside "grammar"'),
    ({"regex": "res:/y/.*", "glob": "res:/y/*", "root": "www"}, '"regex" beside "glob"'),
    ({"glob": "*.css", "root": "www"}, "character 1: a scheme would be right"),
    ({"glob": "res:/a/[ab].css", "root": "www"}, "character 8: .*regex"),
    ({"glob": "res:/a/{b,{c}}", "root": "www"}, "character 11: braces within"),
    ({"glob": "res:/a/{b,c", "root": "www"}, "is missing"),
    ({"glob": ["res:/a/*", "res:/b/}"], "root": "www"}, "character 8"),
    ({"regex": "res:/(a", "root": "www"}, "regex"),
    ({"regex": "res:/(?<a>b)", "root": "www", "rewrite": "{c}"}, r"has no \{c\}; .*rewrite"),
    ({"glob": "res:/*", "root": "www", "rewrite": "{2}"}, r"has no \{2\}"),
    ({"glob": "res:/*", "root": "www", "rewrite": "../{1}"}, "not a name below the root"),
    ({"glob": "res:/*", "root": "www", "rewrite": "/{1}"}, "not a name below the root"),
    ({"glob": "res:/*", "root": "www", "rewrite": "{1}/.git"}, "not a name below"),
    ({"glob": "res:/*", "root": "www", "rewrite": "a{1"}, "character 2: .*NAME"),
    ({"glob": "res:/*", "root": "www", "rewrite": "a}"}, "character 2: .*NAME"),
    ({"grammar": "res:/x/{path*}", "root": "www", "index": ["a", "../b"]}, r"\.\./b"),
    ({"grammar": "res:/x/{path*}", "root": "www", "compressed": "yes"}, "compressed"),
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
