# SPDX-License-Identifier: MIT
"""Starting and stopping."""

import signal


def test_playground_has_an_index_page(server):
    response = server.get("/")

    assert response.status == 200
    assert "text/html" in response.headers["Content-Type"]


def test_two_listeners(serve):
    server = serve(listen=["127.0.0.1:0", "127.0.0.1:0"])

    assert len(set(server.urls)) == 2


def test_sigint_stops_cleanly(serve):
    serve().stop(signal.SIGINT)


def test_port_in_use_says_which(serve, fulcra):
    server = serve()
    address = f"127.0.0.1:{server.port}"

    result = fulcra("serve", "--playground", "--listen", address)

    assert result.returncode == 1
    assert str(server.port) in result.stderr
    assert "--listen" in result.stderr
