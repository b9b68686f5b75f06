# SPDX-License-Identifier: MIT
"""What HTML forms send: fields, files, and what nobody's browser would."""

import threading

import pytest

from client import BUILD, TEXT, Refused

FORMS = f"{BUILD}/stage/tests/modules/forms"
URLENCODED = {"Content-Type": "application/x-www-form-urlencoded"}
MULTIPART = {"Content-Type": "multipart/form-data; boundary=B"}
LAST = b"--B--\r\n"


@pytest.fixture(scope="module")
def forms(can_serve, tmp_path_factory):
    from client import Server
    server = Server(modules=[FORMS], name="test_forms", playground=True,
                    folder=tmp_path_factory.mktemp("forms"))
    yield server
    server.stop()


def part(name, content, filename=None, head=b""):
    line = b'Content-Disposition: form-data; name="%s"' % name.encode()
    if filename is not None:
        line += b'; filename="%s"' % filename.encode()
    content = content if isinstance(content, bytes) else content.encode()
    return b"--B\r\n%s\r\n%s\r\n%s\r\n" % (line, head, content)


def ask(server, what, body, headers=MULTIPART, how="about"):
    return server.request("POST", f"/forms/{how}/{what}", body, headers)


# Fields --------------------------------------------------------------------

@pytest.mark.parametrize("how", ["about", "later"])
def test_urlencoded(forms, how):
    response = ask(forms, "body/form", "user=al%C3%AFce&note=a+b&note=c%26d",
                   URLENCODED, how)

    assert response.json() == {"user": "al\u00efce", "note": ["a b", "c&d"]}


@pytest.mark.parametrize("how", ["about", "later"])
def test_multipart(forms, how):
    body = part("user", "al\u00efce") + part("note", "a\r\nb") + part("note", "") + LAST

    assert ask(forms, "body/form", body, how=how).json() == {
        "user": "al\u00efce", "note": ["a\r\nb", ""]}


@pytest.mark.parametrize("body,headers", [
    (b"b=form&c=1&c=2", URLENCODED),
    (part("b", "form") + part("c", "1") + part("c", "2") + LAST, MULTIPART),
])
def test_params_are_those_of_query_and_form(forms, body, headers):
    def get(what):
        return ask(forms, what, body, headers)

    assert get("params?a=query&b=query&b=again").json() == {
        "a": "query", "b": "form", "c": ["1", "2"]}
    assert get("param/a?a=query&b=query").text == "query"
    assert get("param/b?a=query&b=query").text == "form"
    assert get("param/c").text == "1", "the first"
    assert get("param/d").status == 404


def test_params_without_a_form(forms):
    assert forms.get("/forms/about/params?a=1&a=2").json() == {"a": ["1", "2"]}
    json = ask(forms, "params?a=1", b'{"a": 2}', {"Content-Type": "application/json"})
    assert json.json() == {"a": "1"}


def test_a_form_without_fields(forms):
    assert ask(forms, "body/form", b"", URLENCODED).json() == {}
    assert ask(forms, "body/form", LAST).json() == {}


def test_a_body_that_is_no_form(forms):
    response = ask(forms, "body/form", b"{}", {"Content-Type": "application/json"})

    assert response.status == 400
    assert "neither" in response.text
    assert forms.get("/forms/about/body/form").status == 404


def test_params_of_a_handshake(forms):
    with forms.socket("/forms/params?a=1&b=2&a=3") as socket:
        opcode, payload = socket.receive()

    assert (opcode, payload) == (TEXT, b'{"a":["1","3"],"b":"2"}')
    with pytest.raises(Refused) as refused:
        forms.socket("/forms/body/form")
    assert refused.value.status == 404


# Files ---------------------------------------------------------------------

def test_uploads(forms):
    content = bytes(range(256)) * 100
    body = (part("text", "x")
            + part("f", content, "a.png", b"Content-Type: image/png\r\n")
            + part("f", "plain", "b.txt") + LAST)
    response = ask(forms, "upload/f", body)

    assert response.headers["Content-Type"] == "image/png"
    assert response.body == content
    assert ask(forms, "upload/f/1", body).text == "plain"
    assert ask(forms, "upload/f/2", body).status == 404
    assert ask(forms, "upload/text", body).status == 404
    assert ask(forms, "body/form", body).json() == {"text": "x"}
    assert ask(forms, "uploads", body).json() == [
        {"name": "f", "filename": "a.png", "type": "image/png", "size": 25600},
        {"name": "f", "filename": "b.txt", "type": "text/plain", "size": 5}]


def test_a_field_in_which_no_file_was_chosen(forms):
    body = part("f", "", "", b"Content-Type: application/octet-stream\r\n") + LAST

    assert ask(forms, "uploads", body).json() == []


@pytest.mark.parametrize("sent,kept", [
    ("../../etc/passwd", "passwd"), ("C:\\\\x\\\\y.exe", "y.exe"), ("..", "file"),
    ("a\x02b", "ab"), ("\u00e4 \u20ac.pdf", "\u00e4 \u20ac.pdf"),
])
def test_file_names_are_names(forms, sent, kept):
    response = ask(forms, "upload/f", part("f", "x", sent) + LAST, how="filename")

    assert response.text == kept


# What is refused -----------------------------------------------------------

HEAD = b"--B\r\nContent-Disposition: form-data; name=a\r\n"


@pytest.mark.parametrize("status,body,headers", [
    (400, b"", MULTIPART),
    (400, part("a", "b") + LAST, {"Content-Type": "multipart/form-data"}),
    (400, part("a", "b") + LAST,
     {"Content-Type": "multipart/form-data; boundary=" + 71 * "B"}),
    (400, part("a", "b"), MULTIPART),
    (400, b"--B\r\n\r\n" + LAST, MULTIPART),
    (400, part("a", b"b\0c") + LAST, MULTIPART),
    (400, part("a", b"\xff") + LAST, MULTIPART),
    (400, b'--B\r\nContent-Disposition: form-data; name="\xff"\r\n\r\n\r\n' + LAST,
     MULTIPART),
    (400, HEAD + b"Content-Type: multipart/mixed; boundary=C\r\n\r\n--C--\r\n" + LAST,
     MULTIPART),
    (400, HEAD + b"Content-Type: message/rfc822\r\n\r\nA: b\r\n\r\n\r\n" + LAST, MULTIPART),
    (400, b"a=%ff", URLENCODED),
    (400, b"a=\xff", URLENCODED),
    (400, b"a=%00", URLENCODED),
    (400, b"a=b\0", URLENCODED),
    (413, 10000 * part("a", "b") + LAST, MULTIPART),
    (413, HEAD + b"X: " + 100000 * b"x" + b"\r\n\r\n\r\n" + LAST, MULTIPART),
    (413, part("a", 70000 * "x") + LAST, MULTIPART),
    (413, part(300 * "x", "x") + LAST, MULTIPART),
    (413, b"&".join([b"a=b"] * 101), URLENCODED),
    (413, b"a=" + 70000 * b"x", URLENCODED),
], ids=lambda value: str(value)[:40] if isinstance(value, int) else "")
def test_refused_cleanly(forms, status, body, headers):
    for what in ["body/form", "params", "param/a", "uploads", "upload/a"]:
        assert ask(forms, what, body, headers).status == status, what
    assert forms.get("/forms/about/method").text == "GET"


def test_many_at_once(forms):
    """The parser has no state that requests share."""
    failed = []

    def send(number):
        for i in range(20):
            body = part("n", f"{number}.{i}") + part("f", f"{i}" * 1000, "f") + LAST
            if ask(forms, "param/n", body).text != f"{number}.{i}":
                failed.append((number, i))

    threads = [threading.Thread(target=send, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


# Limits that are settings --------------------------------------------------

def test_limits_are_settings(serve):
    server = serve("--set", "http.maxParams=2", "--set", "http.maxParam=4B",
                   "--set", "http.maxParamName=3B", "--set", "http.maxPartHead=64B",
                   "--set", "http.maxHeaders=5", "--set", "http.maxCookies=2",
                   modules=[FORMS])

    assert ask(server, "params", b"a=1234&b=2", URLENCODED).status == 200
    for body in [b"a=1&b=2&c=3", b"a=12345", b"abcd=1"]:
        assert ask(server, "params", body, URLENCODED).status == 413
    assert ask(server, "params", part("a", "1") + LAST).status == 200
    assert ask(server, "params", part("a", "1", head=b"X: " + 20 * b"x" + b"\r\n")
               + LAST).status == 413
    assert server.get("/forms/about/method?a&b").status == 200
    assert server.get("/forms/about/method?a&b&c").status == 400
    assert server.get("/forms/about/method", {"Cookie": "a=1; b=2"}).status == 200
    assert server.get("/forms/about/method", {"Cookie": "a=1; b=2; c=3"}).status == 431
    assert server.get("/forms/about/method", {"A": "1", "B": "2", "C": "3"}).status == 200
    many = server.get("/forms/about/method", {name: "1" for name in "ABCD"})
    assert many.status == 431
    assert "more than 5 header fields" in many.text
    with pytest.raises(Refused) as refused:
        server.socket("/forms/method", {name: "1" for name in "ABCD"})
    assert refused.value.status == 431


def test_too_many_header_fields(forms):
    fields = b"".join(b"X%d: 1\r\n" % i for i in range(150))
    answer = forms.exchange(b"GET /forms/about/method HTTP/1.1\r\nHost: h\r\n"
                            + fields + b"\r\n")

    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b"more than 100 header fields" in answer
    assert forms.get("/forms/about/method").status == 200
