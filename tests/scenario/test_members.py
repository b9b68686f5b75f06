# SPDX-License-Identifier: MIT
"""The demo members: a login, a page, a chat, and the end of a session."""

import json
import re
import time

import pytest

from admin import Admin
from client import CLOSE, PATIENCE, TEXT, Refused, wait_for
from visitor import Client

USERS = {"alice": "wonderland", "bob": "builder"}
PAGE, LOGIN, LOGOUT = "/demo/members/", "/demo/members/login", "/demo/members/logout"
ROOM = "/demo/members/room"


def token(page):
    found = re.findall(r'<input type="hidden" name="csrf" value="([^"]+)">', page)
    assert len(set(found)) == 1, page
    return found[0]


class Member(Client):
    def log_in(self, user, password=None):
        form = self.get(LOGIN)
        return self.post(LOGIN, {"user": user, "password": password or USERS[user],
                                 "csrf": token(form.text)})

    def log_out(self):
        return self.post(LOGOUT, {"csrf": token(self.get(PAGE).text)})


@pytest.fixture
def member(server):
    return Member(server)


def receive(socket, type):
    """The next message of that type."""
    while True:
        opcode, payload = socket.receive()
        assert opcode == TEXT, (opcode, payload)
        message = json.loads(payload)
        if message["type"] == type:
            return message


# --- without a login ---

def test_the_page_leads_to_the_form(member):
    answer = member.get(PAGE)
    assert answer.status == 303
    assert answer.headers["Location"] == LOGIN
    assert member.cookies == {}

    form = member.get(LOGIN)
    assert form.status == 200
    assert form.headers["Content-Type"] == "text/html; charset=utf-8"
    assert 'method="post" action="/demo/members/login"' in form.text
    assert re.search(r'<input type="text"[^>]* name="user"', form.text)
    assert re.search(r'<input type="password"[^>]* name="password"', form.text)
    assert len(member.cookies) == len(member.set) == 1
    attributes = member.set[0].split("; ")[1:]
    assert sorted(attributes) == ["HttpOnly", "Path=/demo/members", "SameSite=Lax"]
    assert "no-store" in form.headers["Cache-Control"]
    assert "{{" not in form.text

    again = member.get(LOGIN)
    assert token(again.text) == token(form.text)
    assert member.set == []


def test_without_its_slash(member):
    from urllib.parse import urljoin
    answer = member.get("/demo/members")

    assert answer.status in (301, 302, 303, 308)
    assert urljoin("/demo/members", answer.headers["Location"]) in (PAGE, LOGIN)


def test_anonymous_sockets(member):
    with pytest.raises(Refused) as refusal:
        member.socket(ROOM)
    assert refusal.value.status == 401

    member.get(LOGIN)  # a session without a user is no login
    with pytest.raises(Refused) as refusal:
        member.socket(ROOM)
    assert refusal.value.status == 401
    with pytest.raises(Refused) as refusal:
        member.socket(ROOM, headers={"Origin": "http://evil.example"})
    assert refusal.value.status == 403


@pytest.mark.parametrize("path", [
    "room", "template/login.html", "template/members.html", "x", "members.c",
    "source/login.c/../../template/login.html", "./", "login/../"])
def test_nothing_else_is_public(member, path):
    assert member.get(PAGE + path).status in (303, 404)
    answer = member.get(PAGE + path, {"Accept": "application/json"})
    assert answer.status in (401, 404)


# --- logging in ---

@pytest.mark.parametrize("user", USERS)
def test_login(member, user):
    member.get(LOGIN)
    before = dict(member.cookies)
    answer = member.log_in(user)

    assert answer.status == 303
    assert answer.headers["Location"] == PAGE
    assert len(member.set) == 1
    assert member.cookies.keys() == before.keys()
    assert member.cookies != before
    page = member.get(PAGE)
    assert page.status == 200
    assert user in page.text
    assert 'method="post" action="/demo/members/logout"' in page.text
    assert token(page.text)
    assert member.set == []
    assert "no-store" in page.headers["Cache-Control"]
    assert member.get(LOGIN).status == 303

    old = Member(member.server)
    old.cookies = before
    assert old.get(PAGE).status == 303


@pytest.mark.parametrize("user,password", [
    ("alice", "builder"), ("bob", ""), ("eve", "wonderland"),
    ("", ""), ("<b>eve</b>", '"><script>'), ("b\u00f6b", "x" * 2000)])
def test_a_wrong_password(member, user, password):
    answer = member.log_in(user, password or " ")

    assert answer.status in (401, 403)
    assert token(answer.text)
    assert "That is not a name and its password" in answer.text
    assert "<b>eve" not in answer.text and "<script>" not in answer.text
    assert member.get(PAGE).status == 303
    assert member.get(LOGIN).status == 200


def test_fields_that_are_missing(member):
    csrf = token(member.get(LOGIN).text)

    answer = member.post(LOGIN, {"csrf": csrf, "user": "zoe"})
    assert answer.status in (401, 403)
    assert token(answer.text) == csrf
    answer = member.post(LOGIN, {"csrf": csrf})
    assert answer.status in (401, 403)


def test_multipart(member):
    csrf = token(member.get(LOGIN).text)
    fields = {"user": "bob", "password": "builder", "csrf": csrf}
    body = "".join(f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
                   for name, value in fields.items()) + "--x--\r\n"
    answer = member.request("POST", LOGIN, body,
                            {"Content-Type": "multipart/form-data; boundary=x"})

    assert answer.status == 303
    assert "bob" in member.get(PAGE).text


def test_csrf(member):
    fields = {"user": "alice", "password": "wonderland"}
    csrf = token(member.get(LOGIN).text)

    assert member.post(LOGIN, fields).status == 403
    assert member.post(LOGIN, {**fields, "csrf": csrf[::-1]}).status == 403
    assert Member(member.server).post(LOGIN, {**fields, "csrf": csrf}).status == 403
    assert member.get(PAGE).status == 303

    assert member.post(LOGIN, {**fields, "csrf": csrf}).status == 303
    assert member.post(LOGOUT, {}).status == 403
    assert member.post(LOGOUT, {"csrf": csrf}).status == 403  # that of the form before
    assert member.get(LOGOUT).status in (404, 405)
    assert member.get(PAGE).status == 200
    assert member.log_out().status == 303


def test_from_another_site(member):
    form = member.get(LOGIN)
    fields = {"user": "alice", "password": "wonderland", "csrf": token(form.text)}

    answer = member.post(LOGIN, fields, {"Origin": "http://evil.example"})
    assert answer.status == 403
    assert member.get(PAGE).status == 303


def test_guessing_is_slowed_down(serve):
    member = Member(serve())
    answers = [member.log_in("alice", f"guess{i}").status for i in range(6)]

    assert answers == [403] * 5 + [429]
    answer = member.log_in("alice")
    assert answer.status == 429
    assert token(answer.text)


# --- the room ---

def test_the_room(server):
    alice, bob = Member(server), Member(server)
    alice.log_in("alice")
    bob.log_in("bob")
    with alice.socket(ROOM) as a:
        welcome = receive(a, "welcome")
        assert welcome["you"] == "alice"
        assert welcome["members"] == ["alice"]
        with bob.socket(ROOM) as b, alice.socket(ROOM) as second:
            welcome = receive(b, "welcome")
            assert sorted(welcome["members"]) == ["alice", "bob"]
            assert receive(a, "join")["name"] == "bob"
            assert sorted(receive(second, "welcome")["members"]) == ["alice", "bob"]

            b.send(TEXT, json.dumps({"type": "say", "text": "<hi>"}).encode())
            a.send(TEXT, b"hello")
            for socket in (a, b, second):
                said = {receive(socket, "say")["text"], receive(socket, "say")["text"]}
                assert said == {"<hi>", "hello"}
            b.send(TEXT, json.dumps({"type": "say", "from": "alice", "text": "I?"}).encode())
            assert receive(a, "say") | {"at": 0} == {
                "type": "say", "from": "bob", "text": "I?", "at": 0}
            for bad in (b"", b"{}", b'{"text":1}', b"x" * 2001):
                b.send(TEXT, bad)
                receive(b, "error")
        assert receive(a, "leave")["name"] == "bob"


# --- logging out ---

def test_logout_closes_the_sockets_of_all_tabs(server):
    alice, bob = Member(server), Member(server)
    alice.log_in("alice")
    bob.log_in("bob")
    other = Member(server)
    other.log_in("alice")  # the same user, another browser
    sockets = [alice.socket(ROOM) for _ in range(3)]
    bobs, others = bob.socket(ROOM), other.socket(ROOM)
    for socket in (*sockets, bobs, others):
        receive(socket, "welcome")

    start = time.monotonic()
    answer = alice.log_out()
    assert answer.status == 303
    assert answer.headers["Location"] == LOGIN
    assert alice.cookies == {}
    for socket in sockets:
        while True:
            opcode, payload = socket.receive()
            if opcode != TEXT:
                break
        assert (opcode, payload) == (8, b"\x0f\xa1session ended")
    assert time.monotonic() - start < 1 + (PATIENCE > 20)
    with pytest.raises(Refused):
        alice.socket(ROOM)
    assert alice.get(PAGE).status == 303

    bobs.send(TEXT, b"still here")
    assert receive(others, "say")["text"] == "still here"
    for socket in (*sockets, bobs, others):
        socket.tcp.close()


def test_an_administrator_sees_whose_a_socket_is(serve, fulcra, tmp_path):
    admin = Admin(serve("--admin", f"{tmp_path}/a"), f"{tmp_path}/a", fulcra)
    alice, bob = Member(admin.server), Member(admin.server)
    alice.log_in("alice")
    bob.log_in("bob")

    def users():
        return sorted((one["path"], one["user"]) for one in admin.json("socket", "list")["sockets"])

    with alice.socket(ROOM) as a, bob.socket(ROOM) as b, \
            admin.server.socket("/demo/echo"):
        receive(a, "welcome")
        receive(b, "welcome")
        assert receive(a, "join")["name"] == "bob"
        assert users() == [("/demo/echo", ""), (ROOM, "alice"), (ROOM, "bob")]
        text = admin.text("socket", "list")
        assert re.search(r"^ID +PATH +USER +ADDRESS ", text)
        assert re.search(rf" {ROOM} +alice +127\.0\.0\.1 ", text)
        assert re.search(r" /demo/echo +127\.0\.0\.1 ", text)
        for cookie in alice.cookies.values():
            assert cookie not in text + json.dumps(admin.get("/sockets"))

        assert alice.log_out().status == 303
        assert a.receive_close() == (4001, "session ended")
        # until the client has answered it is there, and nobody's
        assert "alice" not in [user for _, user in users()]
        a.send(CLOSE, (4001).to_bytes(2, "big"))
        wait_for(lambda: users() == [("/demo/echo", ""), (ROOM, "bob")])


def test_login_again_ends_what_was_before(server):
    """A tab that was opened before, and a second login in the same browser."""
    alice = Member(server)
    alice.log_in("alice")
    with alice.socket(ROOM) as socket:
        receive(socket, "welcome")
        assert alice.log_out().status == 303
        assert alice.log_in("bob").status == 303
        assert "bob" in alice.get(PAGE).text
        with alice.socket(ROOM) as other:
            assert receive(other, "welcome")["you"] == "bob"


def test_its_files(server):
    assert server.get("/demo/members/members.js").status == 200
    for name in ("module.json", "members.c", "login.c", "room.c", "template.c", "README.md"):
        assert server.get(f"/demo/members/source/{name}").status == 200
    assert server.get("/demo/members/source/templates/login.html").status == 404
