# SPDX-License-Identifier: MIT
"""The protocol of demos/board/README.md; above all: computed once."""

import contextlib
import json

import pytest

from client import TEXT, Refused, wait_for

PATH = "/demo/board"
VIEWS = ["all", "top", "stock/GEAR"]


def stats(site):
    return site.get(f"{PATH}/stats").json()


def put(site, path, text):
    assert site.request("PUT", f"{PATH}/{path}", text.encode()).status == 204


def hear(socket):
    opcode, payload = socket.receive()
    assert opcode == TEXT
    return json.loads(payload)


@pytest.fixture
def site(serve):
    return serve("--playground")


@pytest.fixture
def sockets(site):
    """sockets(n): so many, in turn on each view, which have their first value."""
    with contextlib.ExitStack() as stack:
        def open_them(count, query=""):
            made = [stack.enter_context(site.socket(f"{PATH}/{VIEWS[i % 3]}{query}"))
                    for i in range(count)]
            for socket in made:
                hear(socket)
            return made
        yield open_them


def test_views(site):
    prices = site.get(f"{PATH}/all").json()
    top = site.get(f"{PATH}/top").json()

    assert list(prices) == sorted(prices) and len(prices) == 20
    assert list(top.items()) == sorted(prices.items(), key=lambda one: -one[1])[:10]
    for symbol, cents in prices.items():
        assert site.get(f"{PATH}/stock/{symbol}").json() == cents
    assert stats(site) == {"computed": 1, "sockets": 0, "shared": True}
    assert site.get(f"{PATH}/stock/NONE").status == 404
    assert site.request("PUT", f"{PATH}/stock/NONE", b"1").status == 400
    for text in [b"", b"0", b"-1", b"1.5", b"cheap", b"99999999", b"9" * 1000]:
        assert site.request("PUT", f"{PATH}/stock/GEAR", text).status == 400, text


def test_one_change_is_one_computation_for_all(site, sockets, size):
    opened = sockets(size(99, 999))
    before = stats(site)
    assert before["computed"] == 1 and before["sockets"] == len(opened)

    put(site, "stock/GEAR", "9000000")
    for i, socket in enumerate(opened):
        message = hear(socket)
        assert (message if i % 3 == 2 else message["GEAR"]) == 9000000
    assert stats(site)["computed"] == 2


def test_what_has_not_changed_is_not_sent(site, sockets):
    everything, top, gear = sockets(3)
    put(site, "stock/AXLE", "1")  # not of the ten dearest
    assert hear(everything)["AXLE"] == 1
    put(site, "stock/GEAR", "9000001")
    assert hear(everything)["GEAR"] == hear(top)["GEAR"] == hear(gear) == 9000001


def test_each_for_itself(site, sockets):
    opened = sockets(30)
    put(site, "sharing", "off")
    wait_for(lambda: stats(site)["computed"] >= 31)
    assert stats(site)["shared"] is False

    put(site, "sharing", "on")
    put(site, "stock/GEAR", "9000002")
    for i, socket in enumerate(opened):
        message = hear(socket)
        assert (message if i % 3 == 2 else message["GEAR"]) == 9000002
    before = stats(site)["computed"]
    put(site, "stock/GEAR", "9000003")
    for socket in opened:
        hear(socket)
    assert stats(site)["computed"] == before + 1


def test_stats_are_followed(site):
    with site.socket(f"{PATH}/stats") as socket:
        assert hear(socket) == {"computed": 0, "sockets": 0, "shared": True}
        with site.socket(f"{PATH}/top"):
            wait_for(lambda: hear(socket) == {"computed": 1, "sockets": 1, "shared": True})
        wait_for(lambda: hear(socket)["sockets"] == 0)


@pytest.mark.parametrize("path", ["none", "stock/gear", "stock/GEARS", "all/x", "source"])
def test_other_views_are_refused(site, path):
    with pytest.raises(Refused) as refusal:
        site.socket(f"{PATH}/{path}")
    assert refusal.value.status == 404


def test_a_page_sees_how_its_message_was_made(site, sockets):
    """An evaluation is shared, and yet shown to each page that follows."""
    _, top, _ = sockets(3, "?strip=one-12345678")
    with site.socket(f"{PATH}/top?strip=two-12345678") as other:
        hear(other)
        put(site, "stock/GEAR", "9000004")
        assert hear(top)["GEAR"] == hear(other)["GEAR"] == 9000004

        for tag in ["one-12345678", "two-12345678"]:
            tree = wait_for(lambda tag=tag: made(site, tag))
            assert [record["depth"] for record in tree] == [0, 1, 2, 3]
            assert tree[3]["identifier"] == "active:boardPrices"
            assert tree[3]["cache"] in ("kept", "shared")
            assert tree[2]["identifier"] == "active:boardTopTen+operand@active:boardPrices"
            assert tree[2]["cache"] == "kept"
            assert tree[2]["explanation"] == (
                "for all; until a cut of board:prices; before: the key board:prices was cut")
            assert all(record["start_us"] >= 0 for record in tree)


def made(site, tag):
    """The evaluation of the top ten after a cut, which is one tree."""
    records = json.loads(site.get(f"/playground/strip/{tag}").text)["records"]
    for i, record in enumerate(records):
        if record["identifier"] == "res:/demo/board/top" and \
                "was cut" in record.get("explanation", ""):
            return records[i:i + 4]
    return None
