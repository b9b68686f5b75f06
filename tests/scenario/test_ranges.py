# SPDX-License-Identifier: MIT
"""Parts of answers, conditions, and compressed forms."""

import gzip
import json
import os
import re

import pytest

from client import BUILD, Server

READER = f"{BUILD}/stage/tests/modules/reader"
TEXT = "0123456789" * 10
STYLE = "body { color: black }\n" * 50
THEN = "Sat, 01 Jan 2000 00:00:00 GMT"
BROTLI = b"what a client that knows br would unpack"


@pytest.fixture(scope="module")
def site(can_serve, tmp_path_factory):
    top = tmp_path_factory.mktemp("ranges")
    www = top / "m" / "www"
    www.mkdir(parents=True)
    (www / "text.txt").write_text(TEXT)
    (www / "empty.txt").write_text("")
    (www / "style.css").write_text(STYLE)
    (www / "style.css.gz").write_bytes(gzip.compress(STYLE.encode()))
    (www / "style.css.br").write_bytes(BROTLI)
    (www / "data.json").write_text('{"a": 1}')
    (www / "data.json.gz").write_bytes(gzip.compress(b'{"a": 1}'))
    (www / "stale.js").write_text("new")
    (www / "stale.js.gz").write_bytes(gzip.compress(b"old"))
    (www / "only.txt.gz").write_bytes(gzip.compress(b"only"))
    (www / "folder.txt").write_text("plain")
    (www / "folder.txt.gz").mkdir()
    (www / "link.txt").write_text("plain")
    (www / "link.txt.gz").symlink_to("only.txt.gz")
    for path in www.iterdir():
        if not path.is_symlink():
            os.utime(path, (946684800, 946684800))
    os.utime(www / "stale.js", (1e9, 1e9))
    (top / "m" / "module.json").write_text(json.dumps({
        "uri": "urn:test:ranges", "version": "1.0.0",
        "spaces": [{"uri": "urn:test:ranges", "public": True, "attach": "front",
                    "endpoints": [
                        {"fileset": {"grammar": "res:/f/{path*}", "root": "www"}},
                        {"fileset": {"grammar": "res:/plain/{path*}", "root": "www",
                                     "compressed": False}},
                        {"cors": {"origins": ["https://a.example"], "space": [
                            {"fileset": {"grammar": "res:/cors/{path*}",
                                         "root": "www"}}]}}]}]}))
    server = Server(name="ranges", folder=top, modules=[top / "m", READER])
    server.www = www
    yield server
    server.stop()


# Parts ---------------------------------------------------------------------

@pytest.mark.parametrize("field,part,range_", [
    ("bytes=0-0", TEXT[:1], "0-0"),
    ("bytes=10-19", TEXT[10:20], "10-19"),
    ("bytes=95-", TEXT[95:], "95-99"),
    ("bytes=-7", TEXT[-7:], "93-99"),
    ("bytes=0-", TEXT, "0-99"),
    ("bytes=90-1000", TEXT[90:], "90-99"),
    ("bytes=-1000", TEXT, "0-99"),
])
def test_a_part(site, field, part, range_):
    answer = site.get("/f/text.txt", {"Range": field})

    assert (answer.status, answer.text) == (206, part)
    assert answer.headers["Content-Range"] == f"bytes {range_}/100"
    assert answer.headers["Content-Length"] == str(len(part))
    assert answer.headers["Content-Type"].startswith("text/plain")
    whole = site.get("/f/text.txt")
    assert answer.headers["ETag"] == whole.headers["ETag"]
    assert answer.headers["Last-Modified"] == whole.headers["Last-Modified"]
    assert whole.headers["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize("field", [
    "bytes=0-1,5-6", "bytes=5-2", "bytes=a-b", "bytes=", "items=0-1", "0-1", "bytes=1",
])
def test_the_whole_where_the_field_cannot_be_answered(site, field):
    answer = site.get("/f/text.txt", {"Range": field})

    assert (answer.status, answer.text) == (200, TEXT)
    assert "Content-Range" not in answer.headers


@pytest.mark.parametrize("path,field,size", [
    ("/f/text.txt", "bytes=100-", 100), ("/f/text.txt", "bytes=-0", 100),
    ("/f/text.txt", "bytes=99999999999999999999-", 100), ("/f/empty.txt", "bytes=0-", 0),
])
def test_beyond_the_end(site, path, field, size):
    answer = site.get(path, {"Range": field})

    assert answer.status == 416
    assert answer.headers["Content-Range"] == f"bytes */{size}"
    assert answer.body == b""


def test_head_has_no_parts(site):
    answer = site.request("HEAD", "/f/text.txt", headers={"Range": "bytes=0-1"})

    assert answer.status == 200
    assert answer.headers["Content-Length"] == "100"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.body == b""


def test_if_range(site):
    whole = site.get("/f/text.txt")
    part = {"Range": "bytes=0-1"}

    for valid in whole.headers["ETag"], whole.headers["Last-Modified"]:
        assert site.get("/f/text.txt", {**part, "If-Range": valid}).status == 206
    for stale in '"x"', f'W/{whole.headers["ETag"]}', "Sat, 01 Jan 2000 00:00:01 GMT", "x":
        assert site.get("/f/text.txt", {**part, "If-Range": stale}).status == 200


def test_a_part_of_a_computed_answer(serve):
    server = serve()
    answer = server.get("/demo/hello/World", {"Range": "bytes=0-4"})

    assert (answer.status, answer.text) == (206, "Hello")


# Conditions ----------------------------------------------------------------

def test_last_modified(site):
    answer = site.get("/f/text.txt")
    assert answer.headers["Last-Modified"] == THEN

    for since in THEN, "Saturday, 01-Jan-00 00:00:00 GMT", "Sat Jan  1 00:00:00 2000":
        again = site.get("/f/text.txt", {"If-Modified-Since": since})
        assert (again.status, again.body) == (304, b"")
        assert again.headers["ETag"] == answer.headers["ETag"]
        assert again.headers["Last-Modified"] == THEN
    for since in "Fri, 31 Dec 1999 23:59:59 GMT", "x", "":
        assert site.get("/f/text.txt", {"If-Modified-Since": since}).status == 200
    assert site.get("/f/text.txt", {"If-Modified-Since": THEN,
                                    "If-None-Match": '"x"'}).status == 200
    assert site.request("HEAD", "/f/text.txt", headers={"If-Modified-Since": THEN}).status == 304


def test_a_file_of_the_future_has_no_date(site):
    path = site.www / "future.txt"
    path.write_text("x")
    os.utime(path, (4e9, 4e9))

    assert "Last-Modified" not in site.get("/f/future.txt").headers


def test_preconditions(site):
    etag = site.get("/f/text.txt").headers["ETag"]

    assert site.get("/f/text.txt", {"If-Match": etag}).status == 200
    assert site.get("/f/text.txt", {"If-Match": "*"}).status == 200
    failed = site.get("/f/text.txt", {"If-Match": '"x"'})
    assert (failed.status, failed.body) == (412, b"")
    assert site.get("/f/text.txt", {
        "If-Unmodified-Since": "Fri, 31 Dec 1999 23:59:59 GMT"}).status == 412
    assert site.get("/f/text.txt", {"If-Match": '"x"', "Range": "bytes=0-1"}).status == 412
    assert site.get("/f/text.txt", {"If-None-Match": etag, "Range": "bytes=0-1"}
                    ).status == 304


# Compressed forms ----------------------------------------------------------

@pytest.mark.parametrize("accept,coding", [
    ("gzip, deflate, br", "br"), ("gzip", "gzip"), ("br;q=0.5, gzip", "gzip"),
    ("br;q=0, gzip;q=0", None), ("identity", None), ("", None), (None, None),
])
def test_the_form_that_is_accepted(site, accept, coding):
    headers = {} if accept is None else {"Accept-Encoding": accept}
    answer = site.exchange(
        "GET /f/style.css HTTP/1.1\r\nHost: x\r\nConnection: close\r\n".encode() +
        b"".join(f"{name}: {value}\r\n".encode() for name, value in headers.items()) +
        b"\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    head = head.decode().lower()

    assert head.startswith("http/1.1 200")
    assert "vary: accept-encoding" in head
    assert "content-type: text/css; charset=utf-8" in head
    found = re.search("content-encoding: (.*)", head)
    assert (found and found[1].strip()) == coding
    assert body == {"br": BROTLI, "gzip": (site.www / "style.css.gz").read_bytes(),
                    None: STYLE.encode()}[coding]


def test_each_form_has_a_tag_of_its_own(site):
    tags = {}
    for accept in "br", "gzip", "identity":
        answer = site.get("/f/style.css", {"Accept-Encoding": accept})
        tags[answer.headers["ETag"]] = accept
        again = site.get("/f/style.css", {"Accept-Encoding": accept,
                                          "If-None-Match": answer.headers["ETag"]})
        assert again.status == 304
        assert again.headers["Vary"] == "Accept-Encoding"
        assert again.headers["ETag"] == answer.headers["ETag"]
    assert len(tags) == 3

    other = next(tag for tag in tags if tags[tag] == "br")
    assert site.get("/f/style.css", {"Accept-Encoding": "gzip",
                                     "If-None-Match": other}).status == 200


def test_a_part_of_a_compressed_form(site):
    answer = site.get("/f/style.css", {"Accept-Encoding": "br", "Range": "bytes=0-3"})

    assert (answer.status, answer.body) == (206, BROTLI[:4])
    assert answer.headers["Content-Encoding"] == "br"
    assert answer.headers["Content-Range"] == f"bytes 0-3/{len(BROTLI)}"


def test_head_of_a_compressed_form(site):
    answer = site.request("HEAD", "/f/style.css", headers={"Accept-Encoding": "br"})

    assert answer.headers["Content-Length"] == str(len(BROTLI))
    assert answer.headers["Content-Encoding"] == "br"


def test_no_choice_no_vary(site):
    answer = site.get("/f/text.txt", {"Accept-Encoding": "gzip, br"})

    assert "Vary" not in answer.headers
    assert "Content-Encoding" not in answer.headers


@pytest.mark.parametrize("path,text", [
    ("/f/stale.js", "new"),  # its sibling is older
    ("/f/folder.txt", "plain"), ("/f/link.txt", "plain"),
    ("/plain/style.css", STYLE),
])
def test_what_is_no_sibling(site, path, text):
    answer = site.get(path, {"Accept-Encoding": "gzip, br"})

    assert (answer.status, answer.text) == (200, text)
    assert "Content-Encoding" not in answer.headers


def test_a_sibling_alone(site):
    assert site.get("/f/only.txt", {"Accept-Encoding": "gzip"}).status == 404
    answer = site.get("/f/only.txt.gz", {"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Type"] == "application/gzip"
    assert "Content-Encoding" not in answer.headers
    assert gzip.decompress(answer.body) == b"only"


def test_a_changed_sibling_is_seen(site):
    path = site.www / "changing.js"
    path.write_text("1")
    sibling = site.www / "changing.js.gz"
    for text in b"one", b"three":
        sibling.write_bytes(gzip.compress(text))
        os.utime(path, (1e9, 1e9))
        os.utime(sibling, (1e9 + len(text), 1e9))
        for _ in range(2):
            answer = site.get("/f/changing.js", {"Accept-Encoding": "gzip"})
            assert gzip.decompress(answer.body) == text
    sibling.unlink()
    assert site.get("/f/changing.js", {"Accept-Encoding": "gzip"}).text == "1"


def test_overlays_leave_the_forms_alone(site):
    """One that adds headers answers with a twin of the file."""
    answer = site.get("/cors/style.css", {"Accept-Encoding": "br",
                                          "Origin": "https://a.example"})

    assert (answer.status, answer.body) == (200, BROTLI)
    assert answer.headers["Access-Control-Allow-Origin"] == "https://a.example"
    assert answer.headers.get_all("Vary") == ["Origin, Accept-Encoding"]
    assert answer.headers["Content-Encoding"] == "br"


def test_endpoints_never_meet_a_compressed_form(site):
    """The reader asks for the file within a request that accepts gzip."""
    accept = {"Accept-Encoding": "gzip"}

    assert site.get("/f/data.json", accept).headers["Content-Encoding"] == "gzip"
    answer = site.get("/read/data.json", accept)
    assert (answer.status, answer.text) == (200, '{"A": 1}')
