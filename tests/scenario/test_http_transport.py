# SPDX-License-Identifier: MIT
"""The HTTP transport, against tests/unit/http-host: endpoints of every kind,
asked with good, bad and unfinished requests."""

import base64
import contextlib
import http.client
import os
import queue
import re
import resource
import socket
import subprocess
import threading

import pytest

from client import BUILD, PATIENCE, Server, wait_for

GET = b"GET %s HTTP/1.1\r\nHost: h\r\n%s\r\n"
LAST = b"Connection: close\r\n"


class Host(Server):
    """http-host in place of the program; everything else as there."""

    def __init__(self, *args, name, **options):
        os.makedirs(f"{BUILD}/tests/output", exist_ok=True)
        self.log_path = f"{BUILD}/tests/output/{name}.log"
        self.stopped = False
        self.lines = queue.Queue()
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [f"{BUILD}/tests/unit/http-host", *args], stdout=subprocess.PIPE,
                stdin=subprocess.DEVNULL, stderr=log, text=True, **options)
        threading.Thread(target=self._read_stdout, daemon=True).start()
        self.url = self._await_listener()
        self.host, port = self.url.removeprefix("http://").rsplit(":", 1)
        self.port = int(port)


@pytest.fixture
def host(request):
    hosts = []

    def start(*args, **options):
        name = "http-host-" + re.sub(r"\W+", "-", request.node.name)[:80]
        hosts.append(Host(*(args or ("1",)), name=name, **options))
        return hosts[-1]

    yield start
    with contextlib.ExitStack() as stack:
        for each in hosts:
            stack.callback(each.stop)


@pytest.fixture(scope="module")
def one():
    server = Host("2", name="http-host")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def strange():
    server = Host("1", "strangers", name="http-host-strangers")
    yield server
    server.stop()


def head_of(raw):
    return raw.split(b"\r\n\r\n")[0].decode("latin-1")


def status_of(raw):
    assert raw.startswith(b"HTTP/1.1 "), raw[:200]
    return int(raw[9:12])


# Who answers, and on which thread ------------------------------------------

@pytest.mark.parametrize("run", ["inline", "serial", "concurrent"])
def test_each_run_kind_answers(one, run):
    response = one.get(f"/{run}/you")

    assert (response.status, response.text) == (200, "Hello, you")
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"


def test_deferred_answer(one):
    with one.connect() as tcp:
        tcp.sendall(GET % (b"/later", LAST))
        wait_for(lambda: one.get("/waiting").text == "1")
        one.get("/release")
        answer = b"".join(iter(lambda: tcp.recv(65536), b""))

    assert status_of(answer) == 200
    assert answer.endswith(b"released")


def test_keep_alive(one):
    connection = http.client.HTTPConnection(one.host, one.port, timeout=PATIENCE)
    for run in ["inline", "serial", "concurrent", "inline"] * 5:
        connection.request("GET", f"/{run}/again")
        assert connection.getresponse().read() == b"Hello, again"
    tcp = connection.sock
    connection.request("GET", "/nothing")
    assert connection.getresponse().read()
    assert connection.sock is tcp, "an error closed the connection"


def test_pipelined_answers_come_in_order(one):
    runs = ["serial", "inline", "concurrent"] * 20
    requests = [GET % (f"/{run}/{i}.".encode(), b"") for i, run in enumerate(runs)]
    requests.append(GET % (b"/inline/end.", LAST))

    answers = one.exchange(b"".join(requests))

    assert re.findall(rb"Hello, (\w+)\.", answers) == [
        *(str(i).encode() for i in range(len(runs))), b"end"]


def test_a_head_that_comes_byte_by_byte(one):
    with one.connect() as tcp:
        tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in GET % (b"/inline/slow", LAST):
            tcp.send(bytes([byte]))
        assert b"Hello, slow" in b"".join(iter(lambda: tcp.recv(65536), b""))


def test_two_hundred_at_once(one, size):
    sockets = [one.connect() for _ in range(size(200, 2000))]
    for tcp in sockets:
        tcp.sendall(GET % (b"/serial/many", LAST))
    for tcp in sockets:
        with tcp:
            assert b"".join(iter(lambda: tcp.recv(65536), b"")).endswith(b"many")


# Clients that leave, servers that stop -------------------------------------

def test_vanished_clients_cancel_what_they_asked(host):
    server = host()
    for _ in range(4):
        sockets = [server.connect() for _ in range(50)]
        for tcp in sockets:
            tcp.sendall(GET % (b"/later", b""))
        wait_for(lambda: server.get("/waiting").text == "50")
        for tcp in sockets:
            tcp.close()
        wait_for(lambda: server.get("/waiting").text == "0")
    server.get("/release")
    server.stop()


def test_reset_while_suspended(host):
    server = host()
    for _ in range(20):
        with server.connect() as tcp:
            tcp.sendall(GET % (b"/later", b""))
            wait_for(lambda: server.get("/waiting").text == "1")
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        wait_for(lambda: server.get("/waiting").text == "0")


def test_stop_while_suspended(host):
    server = host("2")
    sockets = [server.connect() for _ in range(100)]
    for tcp in sockets:
        tcp.sendall(GET % (b"/later", b""))
    wait_for(lambda: server.get("/waiting").text == "100")

    server.stop()

    for tcp in sockets:
        with tcp:
            assert status_of(b"".join(iter(lambda: tcp.recv(65536), b""))) == 503


def test_what_was_asked_is_answered_before_the_end(host):
    server = host()
    with server.connect() as kept, server.connect() as tcp:
        kept.sendall(GET % (b"/inline/x", b""))
        assert b"Hello" in kept.recv(65536)
        tcp.sendall(GET % (b"/later", b""))
        wait_for(lambda: server.get("/waiting").text == "1")
        server.process.terminate()
        wait_for(lambda: refuses(server))
        kept.sendall(GET % (b"/release", b""))
        assert b"Connection: close" in kept.recv(65536)
        assert b"".join(iter(lambda: tcp.recv(65536), b"")).endswith(b"released")


def refuses(server):
    try:
        server.connect().close()
    except ConnectionRefusedError:
        return True


def test_stop_with_unfinished_requests(host):
    server = host()
    sockets = [server.connect() for _ in range(3)]
    sockets[1].sendall(b"GET /inl")
    sockets[2].sendall(b"PUT /thing/1 HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nab")
    server.get("/inline/x")
    server.stop()
    for tcp in sockets:
        tcp.close()


def test_running_out_of_descriptors_is_survived(host):
    few = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
    server = host("1", preexec_fn=few)
    sockets = [server.connect() for _ in range(60)]
    server.wait_log("accepting no connections")
    for tcp in sockets:
        tcp.close()
    assert server.get("/inline/after").text == "Hello, after"


# Limits --------------------------------------------------------------------

def limited(**limits):
    return {"env": {**os.environ, **{f"HTTP_HOST_{k}": str(v) for k, v in limits.items()}}}


@pytest.mark.parametrize("begun", [b"", b"GET /inl", (GET % (b"/inline/x", b""))[:-2],
                                   b"POST /body HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nab"])
def test_silent_connections_are_closed(host, begun):
    with host("1", **limited(SECONDS=1)).connect() as tcp:
        tcp.sendall(begun)
        b"".join(iter(lambda: tcp.recv(65536), b""))


def trickle(tcp, data):
    """Byte after byte until the server has had enough."""
    tcp.settimeout(0.02)
    for byte in data:
        try:
            tcp.send(bytes([byte]))
            if tcp.recv(1) == b"":
                return True
        except TimeoutError:
            continue
        except OSError:
            return True
    return False


@pytest.mark.parametrize("begun, rest", [
    (b"GET /", b"x"),
    (b"GET /inline/x HTTP/1.1\r\nHost: h\r\nX: ", b"y"),
    (b"POST /body HTTP/1.1\r\nHost: h\r\nContent-Length: 9999\r\n\r\n", b"z"),
])
def test_slow_requests_are_cut_off(host, begun, rest):
    server = host("1", **limited(REQUEST_SECONDS=1))
    with server.connect() as tcp:
        tcp.sendall(begun)
        assert trickle(tcp, rest * 1000)
    with server.connect() as tcp:
        tcp.sendall(GET % (b"/later", b""))
        wait_for(lambda: server.get("/waiting").text == "1")
        with server.connect() as other:
            assert trickle(other, b"x" * 1000), "the time has passed for both"
        server.get("/release")
        assert b"released" in tcp.recv(65536), "but this request had come"


def test_a_suspended_connection_outlives_the_silence(host):
    server = host("1", **limited(SECONDS=1))
    with server.connect() as idle, server.connect() as tcp:
        tcp.sendall(GET % (b"/later", LAST))
        assert idle.recv(1) == b"", "the limit has passed"
        wait_for(lambda: server.get("/waiting").text == "1")
        server.get("/release")
        assert b"".join(iter(lambda: tcp.recv(65536), b"")).endswith(b"released")


def test_an_answer_that_does_not_come(host):
    server = host("1", **limited(EXCHANGE_MS=300))
    for request in [GET % (b"/later", LAST), handshake(b"/hold", Connection=b"Upgrade, close")]:
        assert status_of(server.exchange(request)) == 504
    wait_for(lambda: server.get("/count/gone").text == "1")  # which may be late, too


def test_too_many_connections(host):
    server = host("1", **limited(CONNECTIONS=5))
    sockets = [server.connect() for _ in range(5)]
    answers = [server.connect() for _ in range(3)]
    for tcp in answers:
        with tcp:
            assert status_of(tcp.recv(65536)) == 503
    for tcp in sockets:
        tcp.close()
    wait_for(lambda: server.get("/inline/x").status == 200)


# Paths ---------------------------------------------------------------------

@pytest.mark.parametrize("path, name", [
    ("/inline/a+b@c", "a+b@c"),
    ("/inline/a%2Bb%40c", "a+b@c"),
    ("/inline/x+socketid@other", "x+socketid@other"),
    ("/inline/x%2Bsocketid%40other", "x+socketid@other"),
    ("/inline/100%25", "100%"),
    ("/inline/%252B", "%2B"),
    ("/inline/res:%20active:x+operand@res:", "res: active:x+operand@res:"),
    ("/inline/h%C3%A9", "hé"),
    ("/inline/a/b//c", "a/b//c"),
    ("/inline/a/./b/../c", "a/c"),
    ("/inline/a/%2e%2e/b", "b"),
    ("/inline/a?b+c@d", "a"),
    ("/inline/?q", ""),
    ("/inline/a/.", "a/"),
    ("/elsewhere/../inline/x", "x"),
])
def test_paths_arrive_as_plain_text(one, path, name):
    assert one.get(path).text == f"Hello, {name}"


@pytest.mark.parametrize("path", [
    "/inline/%00", "/inline/a%2Fb", "/inline/a%2fb", "/inline/a%5Cb", "/inline/a\\b",
    "/inline/%0D%0A", "/inline/%7f", "/inline/%", "/inline/%4", "/inline/%zz",
    "/inline/%ff", "/inline/%c0%af", "/..", "/../etc/passwd", "/inline/../../x",
    "/%2e%2e/x", "/inline/..%2f..%2fx", "/inline/a#b",
])
def test_paths_refused(one, path):
    answer = one.exchange(GET % (path.encode(), LAST))

    assert status_of(answer) == 400
    assert b"path" in answer


# Methods and verbs ---------------------------------------------------------

def test_head_has_the_headers_and_no_body(one):
    connection = http.client.HTTPConnection(one.host, one.port, timeout=PATIENCE)
    connection.request("HEAD", "/inline/you")
    response = connection.getresponse()
    assert (response.status, response.headers["Content-Length"]) == (200, "10")
    assert response.read() == b""
    connection.request("GET", "/inline/you")
    assert connection.getresponse().read() == b"Hello, you"


def test_put_is_sink(one):
    assert one.request("PUT", "/thing/1", b"state").status == 204


def test_delete_answers_whether_it_was_there(one):
    assert one.request("DELETE", "/thing/1").status == 204
    assert one.request("DELETE", "/thing/none").status == 404


def test_post_is_new_where_an_endpoint_takes_it(one):
    response = one.request("POST", "/things", b"x")

    assert response.status == 201
    assert response.headers["Location"] == "/thing/a%2Bb"


def test_post_is_source_elsewhere(one):
    response = one.request("POST", "/body", b"a=b",
                           {"Content-Type": "application/x-www-form-urlencoded"})

    assert (response.status, response.text) == (200, "a=b")
    assert response.headers["Content-Type"] == "application/x-www-form-urlencoded"


def test_post_without_a_body(one):
    assert one.request("POST", "/inline/x").text == "Hello, x"


def test_options(one):
    response = one.request("OPTIONS", "/thing/1")
    assert (response.status, response.headers["Allow"]) == (204, "PUT, DELETE, OPTIONS")
    assert one.request("OPTIONS", "/inline/1").headers["Allow"] == "GET, HEAD, POST, OPTIONS"
    assert one.request("OPTIONS", "/nothing").status == 404
    assert one.request("OPTIONS", "*").status == 204


def test_method_not_allowed(one):
    response = one.request("PUT", "/inline/x", b"y")

    assert response.status == 405
    assert response.headers["Allow"] == "GET, HEAD, POST, OPTIONS"


@pytest.mark.parametrize("method", ["PATCH", "TRACE", "BREW"])
def test_method_not_implemented(one, method):
    assert one.request(method, "/inline/x").status == 501


def test_plain_get_of_a_socket(one):
    response = one.get("/socket")

    assert response.status == 426
    assert response.headers["Upgrade"] == "websocket"


# What is sent --------------------------------------------------------------

@pytest.mark.parametrize("type, content_type, text", [
    ("json", "application/json", '{"a":[1,"<b>"]}'),
    ("strings", "application/json", '["a","b\\""]'),
    ("bool", "text/plain; charset=utf-8", "true"),
    ("int", "text/plain; charset=utf-8", "-7"),
    ("page", "text/html; charset=utf-8", "<p>page"),
    ("empty", "text/plain; charset=utf-8", ""),
])
def test_types(one, type, content_type, text):
    response = one.get(f"/typed/{type}")

    assert (response.status, response.text) == (200, text)
    assert response.headers["Content-Type"] == content_type
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_a_type_that_a_transreptor_can_render(one):
    response = one.get("/typed/price")

    assert (response.status, response.text) == (200, '{"price":3.50}')
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["X-Currency"] == "EUR"


def test_a_type_that_nothing_renders(one):
    response = one.get("/typed/boxed")

    assert response.status == 500
    assert 'type "odd"' in response.text


def test_no_representation_is_204(one):
    assert one.get("/typed/none").status == 204


def test_a_large_answer_to_a_reader_that_leaves(one):
    assert len(one.get("/typed/large").body) == 5000000
    for _ in range(20):
        with one.connect() as tcp:
            tcp.sendall(GET % (b"/typed/large", b""))
            tcp.recv(1)
    assert one.get("/inline/x").status == 200


def test_etag_and_304(one):
    first = one.get("/typed/json")
    tag = first.headers["ETag"]

    assert re.fullmatch(r'"[0-9a-f]+"', tag)
    for value in [tag, f"W/{tag}", f'"other", {tag}', f'"x",W/{tag} , "y"', "*"]:
        again = one.get("/typed/json", {"If-None-Match": value})
        assert (again.status, again.body) == (304, b""), value
        assert again.headers["ETag"] == tag
    for value in ['"other"', tag[:-2] + '"', f'"{tag[1:-1]}x"']:
        assert one.get("/typed/json", {"If-None-Match": value}).status == 200


@pytest.mark.parametrize("which, control", [
    ("dependent", "private, no-cache"),
    ("always", "no-store"),
    ("never", "private, max-age=3600"),
    ("at", r"private, max-age=(59|60)"),
])
def test_cache_control_follows_the_expiry(one, which, control):
    """The host keeps nothing, so it does not know what an answer looked at."""
    assert re.fullmatch(control, one.get(f"/expiry/{which}").headers["Cache-Control"])


# httpRequest:/ -------------------------------------------------------------

@pytest.mark.parametrize("what, text", [
    ("method", "GET"),
    ("path", "/about/path"),
    ("query", "x=1&y=a+b%21&x=3"),
    ("host", "example.org:99"),
    ("scheme", "http"),
    ("remote-host", "127.0.0.1"),
    ("url", "http://example.org:99/about/url?x=1&y=a+b%21&x=3"),
    ("header/x-one", "1, 2"),
    ("header/X-ONE", "1, 2"),
    ("cookie/a", "b"),
    ("cookie/c", "d e"),
    ("cookie/f", "g"),
    ("cookies", '{"a":"b","c":"d e","f":"g"}'),
    ("param/y", "a b!"),
    ("param/x", "1"),
    ("params", '{"x":["1","3"],"y":"a b!"}'),
])
def test_request_table(one, what, text):
    answer = one.exchange(
        f"GET /about/{what}?x=1&y=a+b%21&x=3 HTTP/1.1\r\nHost: example.org:99\r\n"
        "X-One: 1\r\nx-one: 2\r\nCookie: a=b; c=\"d e\"\r\nCookie: nothing; f=g\r\n"
        "Connection: close\r\n\r\n".encode())

    assert answer.split(b"\r\n\r\n", 1)[1].decode() == text


@pytest.mark.parametrize("what, text", [
    ("header/host", "true"), ("header/nothing", "false"), ("cookie/x", "false"),
    ("param/q", "true"), ("param/z", "false"), ("body", "false"), ("method", "true"),
])
def test_exists(one, what, text):
    assert one.get(f"/has/{what}?q=").text == text


def test_headers_as_json(one):
    assert one.get("/about/headers", {"X-Some": "thing"}).json()["x-some"] == "thing"


def test_form(one):
    response = one.request("POST", "/about/body/form", b"a=1&b=%C3%A9+x&a=2",
                           {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"})

    assert response.json() == {"a": ["1", "2"], "b": "é x"}


@pytest.mark.parametrize("path, status", [
    ("/about/header/nothing", 404),
    ("/about/param/x?x=%zz", 400),
    ("/about/param/x?x=%ff", 400),
    ("/about/body", 404),
    ("/about/nothing", 404),
    pytest.param("/about/params?" + "&".join(f"n{i}=" for i in range(1500)), 400, id="many"),
])
def test_request_table_refuses(one, path, status):
    assert one.get(path).status == status


# httpResponse:/ ------------------------------------------------------------

def test_what_is_too_much_is_counted(host):
    server = host()
    form = {"Content-Type": "application/x-www-form-urlencoded"}

    assert server.get("/about/path", {f"X{i}": "1" for i in range(99)}).status == 431
    assert server.get("/about/path", {"Cookie": "; ".join(
        f"c{i}=" for i in range(101))}).status == 431
    assert server.get("/about/path?" + "&".join("n" * 101)).status == 400
    assert server.request("POST", "/about/params", "a=%ff", form).status == 400
    server.stop()
    assert re.search(r"^http_too_many 3$", server.log(), re.M)
    assert re.search(r"^http_forms_refused 1$", server.log(), re.M)


def test_reply_by_sink(one):
    assert one.request("POST", "/reply/code", b"203").status == 203
    assert one.request("POST", "/reply/header/X-Test", b"v w").headers["X-Test"] == "v w"
    assert one.request("POST", "/reply/cookie", b"a=b; Path=/").headers["Set-Cookie"] == "a=b; Path=/"
    assert one.request("POST", "/reply/body", b"<instead>").text == "<instead>"
    redirect = one.request("POST", "/reply/redirect", b"/there")
    assert (redirect.status, redirect.headers["Location"]) == (302, "/there")


def test_reply_by_headers_of_the_answer(one):
    assert one.get("/stated/code?value=299").status == 299
    assert one.get("/stated/header/ETag?value=%22x%22").headers["ETag"] == '"x"'
    assert one.get("/stated/cookie?value=a%3Db").headers["Set-Cookie"] == "a=b"
    redirect = one.get("/stated/redirect?value=/there")
    assert (redirect.status, redirect.headers["Location"]) == (302, "/there")


@pytest.mark.parametrize("what, value", [
    ("header/X-Test", b"a\r\nSet-Cookie: evil=1"),
    ("header/X-Test", b"a\nb"),
    ("header/X-Test", b"a\x00b"),
    ("header/X-Test%20y", b"a"),
    ("header/X:y", b"a"),
    ("header/Content-Length", b"1"),
    ("header/Transfer-Encoding", b"chunked"),
    ("header/Connection", b"close"),
    ("cookie", b"a=b\r\nX: y"),
    ("cookie", b"nothing"),
    ("redirect", b"/x\r\nSet-Cookie: evil=1"),
    ("code", b"99"),
    ("code", b"200 OK"),
    ("code", b"1000"),
    pytest.param("header/X-Test", b"x" * 10000, id="long"),
])
def test_reply_refuses(one, what, value):
    response = one.request("POST", f"/reply/{what}", value)

    assert response.status == 400
    assert "evil" not in str(response.headers)
    assert "X-Test" not in response.headers


def test_an_answer_cannot_inject_a_header(one):
    response = one.get("/stated/header/X-Test?value=a%0d%0aSet-Cookie:%20evil=1")

    assert (response.status, response.text) == (200, "stated")
    assert "X-Test" not in response.headers
    assert "Set-Cookie" not in response.headers
    one.wait_log("left out: .*line break")


# Bodies --------------------------------------------------------------------

MIB = 1 << 20


def test_the_largest_body(one):
    assert one.request("POST", "/body", b"x" * MIB).body == b"x" * MIB


def test_a_chunked_body(one):
    chunks = b"".join(b"%x\r\n%s\r\n" % (n, b"y" * n) for n in [1, 70000, 33])
    answer = one.exchange(b"POST /body HTTP/1.1\r\nHost: h\r\n"
                          b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")

    assert status_of(answer) == 200
    assert answer.endswith(b"\r\n\r\n" + b"y" * 70034)


def test_a_body_announced_too_large_is_not_read(one):
    answer = one.exchange(b"POST /body HTTP/1.1\r\nHost: h\r\n"
                          b"Content-Length: %d\r\n\r\n" % (MIB + 1))

    assert status_of(answer) == 413


def test_a_chunked_body_too_large(one):
    chunk = b"%x\r\n%s\r\n" % (65536, b"z" * 65536)
    answer = one.exchange(b"POST /body HTTP/1.1\r\nHost: h\r\n"
                          b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 20 + b"0\r\n\r\n")

    assert status_of(answer) == 413


def test_an_endless_chunked_body_is_cut_off(one):
    chunk = b"%x\r\n%s\r\n" % (65536, b"z" * 65536)
    with one.connect() as tcp:
        tcp.sendall(b"POST /body HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
        with pytest.raises(OSError):
            for _ in range(10000):
                tcp.sendall(chunk)


def test_continue(one):
    with one.connect() as tcp:
        tcp.sendall(b"POST /body HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n"
                    b"Expect: 100-continue\r\n\r\n")
        assert tcp.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        tcp.sendall(b"hello")
        assert b"".join(iter(lambda: tcp.recv(65536), b"")).endswith(b"\r\n\r\nhello")


@pytest.mark.parametrize("head, status", [
    (b"POST /body HTTP/1.1\r\nHost: h\r\nContent-Length: 9999999\r\n", 413),
    (b"POST /body HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nOrigin: http://evil\r\n", 403),
    (b"POST /%00 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n", 400),
])
def test_no_continue_for_what_is_refused(one, head, status):
    assert status_of(one.exchange(head + b"Expect: 100-continue\r\n\r\n")) == status


def test_a_connection_that_had_a_body_is_closed(one):
    answer = one.exchange(b"POST /body HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi"
                          + GET % (b"/inline/smuggled", LAST))

    assert answer.endswith(b"\r\n\r\nhi")
    assert b"smuggled" not in answer


def test_a_head_too_large(one):
    answer = one.exchange(GET % (b"/inline/x", b"X: " + b"y" * 100000 + b"\r\n"))

    assert status_of(answer) in (413, 414, 431)


# The guard -----------------------------------------------------------------

@pytest.mark.parametrize("raw", [
    b"GET /inline/x HTTP/1.1\r\n\r\n",
    b"GET /inline/x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET /inline/x HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
    b"GET /inline/x HTTP/1.1\r\nHost: a b\r\n\r\n",
    b"GET /inline/x HTTP/1.1\r\nHost: a/b\r\n\r\n",
    b"GET /inline/x HTTP/1.1\r\nHost: a@b\r\n\r\n",
    b"GET /inline/x HTTP/1.1\r\nHost:\r\n\r\n",
    b"GET http://a/inline/x HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET inline/x HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET * HTTP/1.1\r\nHost: a\r\n\r\n",
    b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"G@T /inline/x HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    b"POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
    b"POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\nx",
    b"POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\nx",
    b"POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\nx",
    b"POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\nx",
    b"POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\nx",
    b"POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
    b"Transfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    b"POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    b"POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    b"POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    b"POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    b"POST /body HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"GET /inline/x HTTP/1.1\r\nHost: a\r\nX y: z\r\n\r\n",
    b"GET /inline/x HTTP/1.1\r\nHost: a\r\nX\x01: z\r\n\r\n",
    b"GET /inline/x HTTP/1.1\r\nHost: a\r\nX: a\x01z\r\n\r\n",
    b"GET /inline/x HTTP/1.1\r\nHost: a\r\nX: a\x7fz\r\n\r\n",
    b"GET /inline/x HTTP/1.1\r\nHost: a\r\nX(y): z\r\n\r\n",
])
def test_malformed_heads_are_refused(one, raw):
    """None reaches an endpoint: a refusal, or no answer at all."""
    with one.connect() as tcp:
        tcp.sendall(raw)
        tcp.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: tcp.recv(65536), b""))

    assert b"Hello" not in answer
    if answer:
        assert 400 <= status_of(answer) < 600, head_of(answer)
        assert b"onnection: close" in answer or b"onnection: Close" in answer


def test_the_guard_sees_every_request_of_a_connection(one):
    answer = one.exchange(GET % (b"/inline/first", b"") +
                          b"GET /inline/second HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" +
                          GET % (b"/inline/third", LAST))

    assert b"Hello, first" in answer
    assert b"400 Bad Request" in answer
    assert b"second" not in answer.split(b"\r\n\r\n")[-1]
    assert b"third" not in answer


# Errors --------------------------------------------------------------------

STATUS = {"unresolved": 404, "bad-argument": 400, "forbidden": 403, "not-found": 404,
          "timeout": 504, "overloaded": 503, "too-large": 413, "gone": 410,
          "cancelled": 503, "module": 500, "failed": 500}


@pytest.mark.parametrize("id", STATUS)
def test_errors_have_a_status(one, id):
    response = one.get(f"/fail/{id}")

    assert response.status == STATUS[id]
    assert f"secret <{id}>" in response.text
    assert ("Retry-After" in response.headers) == (response.status == 503)


@pytest.mark.parametrize("id", STATUS)
def test_strangers_are_told_little(strange, id):
    for accept in ["*/*", "text/html"]:
        response = strange.get(f"/fail/{id}", {"Accept": accept})

        assert response.status == STATUS[id]
        assert "secret" not in response.text
        assert len(response.text) < 80


def test_the_error_page(one):
    response = one.get("/thin/7<script>?q", {"Accept": "text/html,*/*"})

    assert response.status == 404
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "<script>" not in response.text
    assert "res:/thing/{id}" in response.text
    assert 'href="/thing/7%3Cscript%3E"' in response.text
    assert "Did you mean" in response.text
    assert "secret &lt;failed&gt;" in one.get("/fail/failed", {"Accept": "text/html"}).text


def test_did_you_mean_in_text(one):
    assert "Did you mean /inline/x ?" in one.get("/inlin/x").text
    assert "Did you mean" not in one.get("/something/quite/different").text


# Origins -------------------------------------------------------------------

@pytest.mark.parametrize("origin, status", [
    (None, 204), ("http://h.example:80", 204), ("HTTP://H.Example", 204),
    ("http://evil.example", 403), ("https://h.example", 403), ("null", 403),
    ("http://h.example:81", 403), ("http://h.example.evil", 403), ("", 403),
])
def test_unsafe_methods_need_our_origin(one, origin, status):
    headers = {"Host": "h.example"} | ({"Origin": origin} if origin is not None else {})

    assert one.request("PUT", "/thing/1", b"x", headers).status == status
    assert one.get("/inline/x", headers).status == 200


def test_a_refused_origin_is_logged_with_both(one):
    one.request("PUT", "/thing/1", b"", {"Host": "h.example", "Origin": "http://evil.example"})

    one.wait_log(r"refused PUT /thing/1 .*http://evil\.example.*http://h\.example")


# Upgrades ------------------------------------------------------------------

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="


def handshake(path=b"/up", drop=(), **fields):
    head = {b"Host": b"h", b"Connection": b"keep-alive, Upgrade", b"Upgrade": b"WebSocket",
            b"Sec-WebSocket-Version": b"13", b"Sec-WebSocket-Key": KEY}
    head |= {name.replace("_", "-").encode(): value for name, value in fields.items()}
    lines = [b"%s: %s" % item for item in head.items() if item[0].decode() not in drop]
    return b"GET %s HTTP/1.1\r\n%s\r\n\r\n" % (path, b"\r\n".join(lines))


def test_upgrade(one):
    answer = one.exchange(handshake() + b"early birds")

    assert status_of(answer) == 101
    head = head_of(answer)
    assert "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head
    assert re.search("^Upgrade: websocket", head, re.M | re.I)
    assert re.search("^Connection: upgrade", head, re.M | re.I)
    assert "X-Header: yes" in head
    assert "X-Evil" not in head
    assert answer.endswith(b"early 11 early birds")


def test_upgraded_socket_sends_small_messages_at_once(one):
    assert b"at once, early 0" in one.exchange(handshake())


def test_upgrade_behind_another_request(one):
    answer = one.exchange(GET % (b"/serial/first", b"") + handshake())

    assert b"Hello, first" in answer
    assert answer.endswith(b"early 0 ")


def test_upgrade_refused(one):
    answer = one.exchange(handshake(b"/refuse", Connection=b"Upgrade, close"))

    assert status_of(answer) == 429
    assert b"Retry-After: 9" in answer
    assert b"not so fast" in answer


@pytest.mark.parametrize("drop, fields, status", [
    ([], {"Sec_WebSocket_Version": b"8"}, 426),
    (["Sec-WebSocket-Version"], {}, 426),
    (["Sec-WebSocket-Key"], {}, 400),
    ([], {"Sec_WebSocket_Key": b"c2hvcnQ="}, 400),
    ([], {"Sec_WebSocket_Key": b"dGhlIHNhbXBsZSBub25jZR=="}, 400),
    ([], {"Sec_WebSocket_Key": KEY + b", " + KEY}, 400),
    ([], {"Connection": b"keep-alive"}, 400),
    ([], {"Origin": b"http://evil.example"}, 403),
    ([], {"Origin": b"null"}, 403),
    ([], {"Origin": b"http://h"}, 101),
    ([], {"Upgrade": b"h2c, WEBSOCKET"}, 101),
])
def test_handshakes(one, drop, fields, status):
    with one.connect() as tcp:
        tcp.sendall(handshake(drop=drop, **fields))
        answer = tcp.recv(65536)

    assert status_of(answer) == status
    assert (b"Sec-WebSocket-Version: 13" in answer) == (status == 426)


def test_a_handshake_in_http_1_0_is_none(one):
    assert status_of(one.exchange(handshake(
        b"/inline/x", Connection=b"Upgrade, close").replace(b"HTTP/1.1", b"HTTP/1.0"))) == 200


def test_upgrades_in_numbers(host, size):
    server = host("2")
    number = size(300, 3000)
    for _ in range(number // 100):
        sockets = [server.connect() for _ in range(100)]
        for tcp in sockets:
            tcp.sendall(handshake() + b"x")
        for tcp in sockets:
            with tcp:
                assert b"".join(iter(lambda: tcp.recv(65536), b"")).endswith(b"early 1 x")
    assert server.get("/count/upgraded").text == str(number)


def test_upgrade_answered_later(host):
    server = host()
    with server.connect() as tcp:
        tcp.sendall(handshake(b"/hold") + b"e")
        wait_for(lambda: b"early" in server.exchange(handshake(b"/unhold")))
        tcp.settimeout(PATIENCE)
        assert b"".join(iter(lambda: tcp.recv(65536), b"")).endswith(b"early 1 e")


def test_gone_before_the_upgrade(host):
    server = host()
    for _ in range(200):
        with server.connect() as tcp:
            tcp.sendall(handshake(b"/hold"))
    wait_for(lambda: server.get("/count/gone").text == "200")
    assert server.get("/count/upgraded").text == "0"


def test_stop_while_an_upgrade_waits(host):
    server = host()
    with server.connect() as tcp:
        tcp.sendall(handshake(b"/hold"))
        server.get("/inline/x")
        server.stop()
        assert status_of(tcp.recv(65536)) == 503
