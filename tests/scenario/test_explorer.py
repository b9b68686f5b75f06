# SPDX-License-Identifier: MIT
"""The explorer: who gets in, and what others do not get."""

import re
import shutil

import pytest

from client import BUILD, Refused, Server


class Explorer:
    def __init__(self, server):
        line = server.lines.get(timeout=30)
        found = re.fullmatch(r"explorer on (http://(127\.0\.0\.1):(\d+))/enter\?token=([0-9a-f]{32})", line)
        assert found, line
        self.server, self.url, self.token = server, found[1], found[4]
        self.host, self.port = found[2], int(found[3])
        self.cookie = {"Cookie": f"fulcra_explorer={self.token}"}

    # As those of client.Server, for this listener.
    request, get, connect, socket = Server.request, Server.get, Server.connect, Server.socket


@pytest.fixture(scope="module")
def explorer(server):
    return Explorer(server)


def test_the_address_that_is_printed_opens_it(explorer):
    answer = explorer.get(f"/enter?token={explorer.token}")

    assert answer.status == 303
    assert answer.headers["Location"] == "/"
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(f"fulcra_explorer={explorer.token};")
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
    page = explorer.get("/", headers=explorer.cookie)
    assert page.status == 200 and "<title>Explorer" in page.text
    assert explorer.get("/fulcra.js", headers=explorer.cookie).status == 200


def test_the_token_is_in_no_log(explorer):
    explorer.get(f"/enter?token={explorer.token}")

    assert explorer.token not in explorer.server.log()


@pytest.mark.parametrize("path", ["/", "/api/", "/api/stats", "/app.js", "/fulcra.js"])
def test_without_it_nothing_is_shown(explorer, path):
    for headers in {}, {"Cookie": "fulcra_explorer=" + "0" * 32}, {"Cookie": "fulcra_explorer="}:
        answer = explorer.get(path, headers=headers)
        assert answer.status == 403
        assert "stats" not in answer.text


@pytest.mark.parametrize("token", ["", "0", "0" * 32, "0" * 64, "%00"])
def test_a_wrong_token_makes_no_cookie(explorer, token):
    answer = explorer.get(f"/enter?token={token}")

    assert answer.status == 403
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("headers", [
    {"Host": "evil.example:80"},
    {"Host": "evil.example"},
    {"Host": "127.0.0.1.evil.example:1"},
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
])
def test_another_page_cannot_speak_for_the_user(explorer, headers):
    """With the cookie, as a browser would send it after rebinding a name."""
    for path in "/api/stats", f"/enter?token={explorer.token}":
        answer = explorer.get(path, headers={**explorer.cookie, **headers})
        assert answer.status == 403
        assert "Set-Cookie" not in answer.headers
    answer = explorer.request("PUT", "/api/traces", headers={**explorer.cookie, **headers})
    assert answer.status == 403
    with pytest.raises(Refused) as refused:
        explorer.socket("/live/stats", headers={**explorer.cookie, **headers})
    assert refused.value.status == 403


def test_what_it_asks_for_is_what_the_command_asks_for(explorer):
    answer = explorer.get("/api/server", headers=explorer.cookie).json()
    assert answer["pid"] == explorer.server.process.pid
    changed = explorer.request("PUT", "/api/traces?failed=true", headers=explorer.cookie)
    assert changed.json()["tracing"] is True


def test_what_changes_is_pushed(explorer):
    import json
    with explorer.socket("/live/sockets?path=/demo/echo", headers=explorer.cookie) as live:
        assert json.loads(live.receive()[1])["matching"] == 0
        with explorer.server.socket("/demo/echo"):
            assert json.loads(live.receive()[1])["matching"] == 1
        assert json.loads(live.receive()[1])["matching"] == 0


def test_without_the_cookie_nothing_is_pushed(explorer):
    with pytest.raises(Refused) as refused:
        explorer.socket("/live/stats")
    assert refused.value.status == 403


@pytest.mark.parametrize("path", [
    "/api/stats", "/stats", "/live/stats", "/admin:/stats", "/admin/stats",
    "//api/stats", "/x/../api/stats", "/%61pi/stats", "/explorer/admitted",
])
def test_nothing_of_it_is_on_public_listeners(explorer, path):
    host = f"{explorer.host}:{explorer.port}"
    for headers in explorer.cookie, {**explorer.cookie, "Host": host}:
        answer = explorer.server.get(path, headers=headers)
        assert answer.status in (400, 404)
        assert "cache_hits" not in answer.text
    with pytest.raises(Refused) as refused:
        explorer.server.socket(path, headers=explorer.cookie)
    assert refused.value.status in (400, 404)


def test_there_is_none_unasked(serve, tmp_path):
    server = serve(playground=False, config={})
    server.stop()

    assert server.lines.get(timeout=30) is None


def test_off(serve):
    server = serve("--explorer", "off")
    server.stop()

    assert server.lines.get(timeout=30) is None


def test_beside_modules_of_ones_own(serve):
    explorer = Explorer(serve("--explorer", "127.0.0.1:0", playground=False, config={}))

    assert explorer.get("/", headers=explorer.cookie).status == 200


@pytest.mark.parametrize("names", [["explorer"], ["client", "explorer"]], ids="-".join)
@pytest.mark.parametrize("how", ["modules", "watch"])
def test_from_a_folder_of_ones_own(serve, tmp_path, names, how):
    """Whoever works on it gives a copy, which takes the place of ours."""
    words = []
    for name in names:
        shutil.copytree(f"{BUILD}/stage/modules/{name}", tmp_path / name)
        words += [f"--{how}", str(tmp_path / name)]
    page = tmp_path / "explorer/www/index.html"
    page.write_text(page.read_text().replace("<title>", "<title>My own "))
    explorer = Explorer(serve("--explorer", "127.0.0.1:0", *words, playground=False, config={}))

    assert "<title>My own Explorer" in explorer.get("/", headers=explorer.cookie).text
    assert explorer.get("/fulcra.js", headers=explorer.cookie).status == 200


def test_from_the_folder_that_it_has_anyway(serve):
    explorer = Explorer(serve("--explorer", "127.0.0.1:0", playground=False, config={},
                              modules=[f"{BUILD}/stage/modules"]))

    assert explorer.get("/", headers=explorer.cookie).status == 200


@pytest.mark.parametrize("address", ["0.0.0.0:0", "192.0.2.1:80", "here", "127.0.0.1"])
def test_it_is_on_loopback_alone(fulcra, address):
    result = fulcra("serve", "--explorer", address)

    assert result.returncode == 2
    assert "an ADDRESS:PORT of loopback, auto or off" in result.stderr
