# SPDX-License-Identifier: MIT
"""The password module: hashes, and logins that are slowed down."""

import json
import threading
from urllib.parse import urlencode

import pytest

from client import BUILD, Server, wait_for

LOGIN = f"{BUILD}/stage/tests/modules/login"
PASSWORD = f"{BUILD}/stage/modules/password"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}

# Made elsewhere, of "wonderland": yescrypt, SHA-512.
KNOWN = ["$y$j75$abcdefghijk.$RIALIIs8px6DV6BZfnqvyj/TqiHtkNkwZKNEw/UF3m9",
         "$6$rounds=1000$ycg.W1apAFVwYTQ3$kOYH9VrEWBYKNYyQcFZqqorY1qQaHQY.B2TslEGl"
         "SMSdmzVHq0VEsJvR7Ozrv/yVNi2JspdvU3R9yarLQMbop/"]


def start(folder, name, **settings):
    return Server(modules=[PASSWORD, LOGIN], folder=folder, name=name, config={
        "settings": {"urn:fulcra:module:password": {"cost": 1, **settings}}})


@pytest.fixture(scope="module")
def one(can_serve, tmp_path_factory):
    server = start(tmp_path_factory.mktemp("one"), "test_password")
    yield server
    server.stop()


@pytest.fixture
def throttled(can_serve, tmp_path, request):
    servers = []

    def begin(**settings):
        servers.append(start(tmp_path, f"test_password-{request.node.name}", **settings))
        return servers[-1]

    yield begin
    for server in servers:
        server.stop()


def hash_of(server, password):
    if isinstance(password, str):
        password = password.encode()
    return server.request("POST", "/login/hash", password, {"Content-Type": "text/plain"})


def verify(server, password, **hashed):
    return server.request("POST", "/login/verify",
                          urlencode({"password": password, **hashed}), FORM)


def login(server, user, password):
    return server.request("POST", "/login",
                          urlencode({"user": user, "password": password}), FORM)


def statistics(server):
    return server.get("/login/statistics").json()


# Hashes --------------------------------------------------------------------

def test_hashes_verify(one):
    first, second = (hash_of(one, "s\u00e9same").text for _ in range(2))

    assert first.startswith("$y$") and second.startswith("$y$")
    assert first != second, "each has a salt of its own"
    assert verify(one, "s\u00e9same", hash=first).text == "true"
    assert verify(one, "sesame", hash=first).text == "false"
    assert verify(one, "", hash=first).text == "false"


@pytest.mark.parametrize("known", KNOWN)
def test_hashes_that_others_made(one, known):
    assert verify(one, "wonderland", hash=known).text == "true"
    assert verify(one, "Wonderland", hash=known).text == "false"


@pytest.mark.parametrize("hashed", [
    {}, {"hash": ""}, {"hash": "*"}, {"hash": "!$y$j75$abcdefghijk.$x"},
    {"hash": "wonderland"}, {"hash": "wo"}, {"hash": "$y$"}, {"hash": "$nothing$x"},
    {"hash": "$6$rounds=1$"},
])
def test_without_a_user_a_hash_is_computed_all_the_same(one, hashed):
    before = statistics(one)
    assert verify(one, "wonderland", **hashed).text == "false"
    after = statistics(one)

    assert after["hashed"] == before["hashed"] + 1


def test_users_and_no_users_cost_one_hash_each(one):
    counts = []
    for user in ["alice", "nobody"]:
        before = statistics(one)["hashed"]
        assert login(one, user, "wrong").status == 401
        counts.append(statistics(one)["hashed"] - before)

    assert counts == [1, 1]


def test_limits(one):
    longest = 511 * "x"
    assert verify(one, longest, hash=hash_of(one, longest).text).text == "true"
    assert hash_of(one, longest + "x").status == 413
    assert verify(one, longest + "x", hash=KNOWN[0]).status == 413
    assert hash_of(one, b"won\0derland").status == 400
    assert verify(one, "x", hash=384 * "x").status == 413


def test_a_password_in_an_identifier_is_refused(fulcra):
    result = fulcra("request", "--modules", PASSWORD,
                    "active:passwordHash+password@wonderland")

    assert result.returncode == 1
    assert "by value" in result.stderr


def test_traces_logs_and_errors_do_not_show_passwords(fulcra, tmp_path, throttled):
    (tmp_path / "m" / "www").mkdir(parents=True)
    (tmp_path / "m" / "www" / "secret.txt").write_text("won4derland")
    (tmp_path / "m" / "module.json").write_text(json.dumps({
        "uri": "urn:test:m", "version": "1.0.0",
        "spaces": [{"uri": "urn:test:m", "public": True, "attach": "front",
                    "endpoints": [{"fileset": {
                        "grammar": "res:/m/{path*}", "root": "www"}}]}]}))
    result = fulcra("request", "--modules", PASSWORD, "--modules", str(tmp_path / "m"),
                    "--trace", "--log-level", "debug",
                    "active:passwordHash+password@res:/m/secret.txt")
    assert result.stdout.startswith("$y$")
    assert "active:passwordHash" in result.stderr and "won4derland" not in result.stderr

    server = throttled()
    assert login(server, "alice", "won4derland").status == 401
    assert "won4derland" not in hash_of(server, 500 * "won4derland").text
    server.stop()
    assert "won4derland" not in server.log()


# Logins --------------------------------------------------------------------

def test_five_failures_of_an_account(throttled):
    server = throttled()

    assert [login(server, "alice", "wrong").status for _ in range(5)] == 5 * [401]
    refused = login(server, "alice", "wonderland")
    assert refused.status == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 12
    assert login(server, "bob", "wrong").status == 401, "others may still try"


def test_a_success_forgives_the_account(throttled):
    server = throttled()

    for _ in range(3):
        assert [login(server, "alice", "wrong").status for _ in range(4)] == 4 * [401]
        assert login(server, "alice", "wonderland").status == 200


def test_unknown_accounts_are_throttled_alike(throttled):
    server = throttled()

    assert [login(server, "nobody", "x").status for _ in range(6)] == 5 * [401] + [429]


def test_failures_of_an_address(throttled):
    server = throttled(addressFailures=3)

    assert [login(server, f"user{i}", "x").status for i in range(4)] == 3 * [401] + [429]
    assert login(server, "alice", "wonderland").status == 429


@pytest.mark.parametrize("failed,asked,allowed", [
    ("192.0.2.1", "192.0.2.1", "false"),
    ("192.0.2.1", "192.0.2.2", "true"),
    ("192.0.2.1", "::ffff:192.0.2.1", "false"),
    ("2001:db8::1", "2001:db8::ffff:2", "false"),
    ("2001:db8::1", "2001:db8:0:1::1", "true"),
    ("somewhere", "somewhere", "false"),
    ("somewhere", "elsewhere", "true"),
    ("192.0.2.1", "", "true"),
])
def test_what_counts_as_one_address(throttled, failed, asked, allowed):
    server = throttled(addressFailures=1)

    assert server.get(f"/login/fail?user=a&from={failed}").status == 200
    assert server.get(f"/login/allowed?user=b&from={asked}").text == allowed


def test_texts_in_identifiers(fulcra):
    def allowed(*arguments):
        return fulcra("request", "--modules", PASSWORD, "+".join(
            ["active:loginAllowed", *arguments])).stdout

    assert allowed("account@alice", "address@192.0.2.1") == "true\n"
    assert allowed("account@alice") == "true\n"
    assert allowed("address@192.0.2.1") == ""


def test_many_at_once_get_no_more_attempts(throttled):
    server = throttled()
    statuses = []

    threads = [threading.Thread(target=lambda: statuses.append(
        login(server, "alice", "wrong").status)) for _ in range(15)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(set(statuses)) == [401, 429]
    assert statuses.count(401) == 5


def test_after_the_wait(throttled):
    server = throttled(accountFailures=2, window="2s")

    assert [login(server, "alice", "x").status for _ in range(3)] == [401, 401, 429]
    wait_for(lambda: login(server, "alice", "wonderland").status == 200)


# Definitions ---------------------------------------------------------------

def test_a_setting_out_of_its_bounds(fulcra, tmp_path):
    config = tmp_path / "fulcra.json"
    config.write_text('{ "settings": { "urn:fulcra:module:password": {\n  "cost": 12 } } }')
    result = fulcra("serve", "--config", str(config), "--modules", PASSWORD,
                    "--listen", "127.0.0.1:0")

    assert result.returncode != 0
    assert f"{config}:2:" in result.stderr and "cost" in result.stderr
