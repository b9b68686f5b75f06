# SPDX-License-Identifier: MIT
"""The overlay that lets pages of other origins read answers."""

import pytest

from client import TEXT
from held import ask, module, release, wait_inside, wrong

HERE, THERE = "https://a.example", "https://b.example"


def start(serve, tmp_path, *outer, origins=HERE, policy="same", **keys):
    return serve(config={"http": {"origin": policy}}, modules=[
        module(tmp_path / "m", *outer, {"cors": {"origins": origins, **keys}})])


def preflight(server, path="/plain/x", origin=HERE, method="PUT", headers=None):
    more = {"Access-Control-Request-Headers": headers} if headers else {}
    return server.request("OPTIONS", path, headers={
        "Origin": origin, "Access-Control-Request-Method": method, **more})


def cors_headers(response):
    return {name.lower().removeprefix("access-control-"): value
            for name, value in response.headers.items()
            if name.lower().startswith("access-control-")}


def test_an_admitted_origin(serve, tmp_path):
    server = start(serve, tmp_path, expose=["X-One", "X-Two"])
    response = server.get("/plain/x", {"Origin": HERE})

    assert response.text == "plain"
    assert cors_headers(response) == {
        "allow-origin": HERE, "expose-headers": "X-One, X-Two"}
    assert response.headers["Vary"] == "Origin"


@pytest.mark.parametrize("origin", [
    THERE, "http://a.example", HERE + ":8443", "https://a.example.evil.example",
    "https://x.a.example", "null", "HTTPS://A.EXAMPLE", ""])
def test_another_origin_may_ask_but_not_read(serve, tmp_path, origin):
    server = start(serve, tmp_path)
    response = server.get("/plain/x", {"Origin": origin})

    assert (response.status, response.text) == (200, "plain")
    assert cors_headers(response) == {}
    assert response.headers["Vary"] == "Origin"


def test_no_origin(serve, tmp_path):
    response = start(serve, tmp_path).get("/plain/x")

    assert cors_headers(response) == {}
    assert response.headers["Vary"] == "Origin"


def test_any_origin(serve, tmp_path):
    response = start(serve, tmp_path, origins="*").get("/plain/x", {"Origin": THERE})

    assert cors_headers(response) == {"allow-origin": "*"}
    assert "Vary" not in response.headers


def test_one_policy(serve, tmp_path):
    """What the application says by itself gives way; its Vary is kept."""
    server = start(serve, tmp_path)

    response = server.get("/plain/own", {"Origin": HERE})
    assert response.headers.get_all("Access-Control-Allow-Origin") == [HERE]
    assert response.headers["Vary"] == "Origin, Accept"
    response = server.get("/plain/own", {"Origin": THERE})
    assert cors_headers(response) == {}


def test_failures_can_be_read_too(serve, tmp_path):
    response = start(serve, tmp_path).get("/plain/forbidden", {"Origin": HERE})

    assert response.status == 403
    assert cors_headers(response) == {"allow-origin": HERE}


def test_a_late_answer(serve, tmp_path):
    server = start(serve, tmp_path, credentials=True)
    asked = ask(server, "/held/x", headers={"Origin": HERE})
    wait_inside(server, "SOURCE x")
    release(server)

    assert asked.answer() == (200, "SOURCE x")
    assert f"Access-Control-Allow-Origin: {HERE}\r\n" in asked.head
    assert "Access-Control-Allow-Credentials: true\r\n" in asked.head


# Preflights ----------------------------------------------------------------

@pytest.mark.parametrize("path", ["/plain/x", "/worker/x", "/held/x"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_preflight(serve, tmp_path, path, method):
    """Answered without asking what is behind: what is held would not answer."""
    server = start(serve, tmp_path, methods=["GET", "PUT"], headers="X-Token",
                   credentials=True, maxAge="1h")
    response = preflight(server, path, method=method, headers="x-token")

    assert (response.status, response.body) == (204, b"")
    assert cors_headers(response) == {
        "allow-origin": HERE, "allow-credentials": "true",
        "allow-methods": "GET, PUT", "allow-headers": "X-Token", "max-age": "3600"}
    assert response.headers["Vary"] == (
        "Origin, Access-Control-Request-Method, Access-Control-Request-Headers")


def test_preflight_of_another_origin(serve, tmp_path):
    response = preflight(start(serve, tmp_path), origin=THERE)

    assert (response.status, cors_headers(response)) == (403, {})
    assert response.headers["Vary"] == "Origin"


def test_preflight_of_what_is_not_there(serve, tmp_path):
    server = start(serve, tmp_path)

    assert preflight(server, "/nothing").status == 404
    response = preflight(server, method="PATCH")
    assert (response.status, cors_headers(response)) == (204, {})


def test_plain_options_stay_as_they_are(serve, tmp_path):
    server = start(serve, tmp_path)
    response = server.request("OPTIONS", "/plain/x", headers={"Origin": HERE})

    assert response.status == 204
    assert response.headers["Allow"] == "GET, HEAD, POST, PUT, DELETE, OPTIONS"


def test_a_preflight_runs_nothing(serve, tmp_path):
    """Without the overlay as well: it only looks up."""
    server = serve(modules=[module(tmp_path / "m", {"throttle": {"concurrency": 1}})])

    for method in ("GET", "PUT", "DELETE", "POST"):
        response = preflight(server, "/held/x", method=method)
        assert (response.status, cors_headers(response)) == (204, {})
        assert response.headers["Allow"] == "GET, HEAD, POST, PUT, DELETE, OPTIONS"
    assert server.get("/inside").text == ""


# The server's own check comes first ----------------------------------------

def test_unsafe_methods_need_the_servers_consent(serve, tmp_path):
    server = start(serve, tmp_path, origins=[HERE, THERE])
    assert server.request("PUT", "/plain/x", "new", {"Origin": HERE}).status == 403


def test_unsafe_methods_with_the_servers_consent(serve, tmp_path):
    server = start(serve, tmp_path, policy=[HERE])
    response = server.request("PUT", "/plain/x", "new", {"Origin": HERE})

    assert (response.status, cors_headers(response)) == (204, {"allow-origin": HERE})
    assert server.request("PUT", "/plain/x", "new", {"Origin": THERE}).status == 403


def test_websockets_pass(serve, tmp_path):
    server = start(serve, tmp_path, policy=[THERE])
    with server.socket("/plain/room", {"Origin": THERE}) as socket:
        assert "Access-Control" not in socket.head
        socket.send(TEXT, b"hello")
        assert socket.receive() == (TEXT, b"hello")


# Definitions ---------------------------------------------------------------

@pytest.mark.parametrize("keys,says", [
    ({}, '"origins"'),
    ({"origins": []}, "empty list"),
    ({"origins": "*", "credentials": True}, "every page"),
    ({"origins": HERE, "credentials": True, "headers": ["*"]}, "one by one"),
    ({"origins": [HERE, "https://b.example/"]}, "without a slash"),
    ({"origins": "b.example"}, "scheme://host"),
    ({"origins": "https://b.example:443"}, "scheme's own"),
    ({"origins": "https://*.com"}, "single label"),
    ({"origins": "null"}, "sandboxed"),
    ({"origins": HERE, "methods": "GET, PUT"}, "not the name"),
    ({"origins": HERE, "headers": ["X-A\r\nX-B: c"]}, "not the name"),
    ({"origins": HERE, "maxAge": 5}, "maxAge"),
    ({"origin": HERE}, '"origins"'),
])
def test_wrong_definitions(fulcra, tmp_path, keys, says):
    text = wrong(fulcra, tmp_path / "m", {"cors": keys})
    assert says in text, text
