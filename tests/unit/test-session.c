/* SPDX-License-Identifier: MIT */
/*
 * Sessions and the store in memory: ids, ends, limits, time, sockets
 */
#include "spaces/session_store.h"

#include <fulcra-host/socket.h>
#include <fulcra/error.h>
#include <string.h>

static int64_t clock_us;

static int64_t
now(void)
{
    return clock_us;
}

/* --- a socket that only notes how it was closed --- */

typedef struct {
    FulcraSocket base;
    unsigned code;
    void (*closed)(void);
} Socket;

static bool
socket_disconnect(
        FulcraSocket *socket, unsigned code, const char *reason, GError **error)
{
    Socket *self = (Socket *)socket;

    g_assert_cmpstr(reason, ==, "session ended");
    self->code = code;
    if (self->closed != NULL)
        self->closed();
    return true;
}

static void
socket_free(FulcraSocket *socket)
{
    g_assert_not_reached(); /* they live on the stack */
}

static Socket
socket_new(void)
{
    static const FulcraSocketOps ops = { .disconnect = socket_disconnect,
        .free = socket_free };
    Socket self = { .code = 0 };

    fulcra_host_socket_init(&self.base, &ops);
    return self;
}

/* --- what tests begin with --- */

typedef struct {
    FulcraSessionStore *store;
} Fixture;

static void
set_up(Fixture *self, const void *data)
{
    FulcraSessionLimits limits = {
        .idle_us = 100,
        .absolute_us = 1000,
        .max_sessions = 3,
        .values = { "session", "a session", 2, 100 },
        .now = now,
    };

    clock_us = 1000000;
    self->store = fulcra__session_store_new(&limits);
}

static void
tear_down(Fixture *self, const void *data)
{
    self->store->ops->free(self->store);
}

static FulcraSession *
make(Fixture *self)
{
    g_autoptr(GError) error = NULL;
    FulcraSession *session = self->store->ops->make(self->store, &error);

    g_assert_no_error(error);
    return session;
}

static FulcraSession *
renew(Fixture *self, FulcraSession *session, const char *user)
{
    g_autoptr(GError) error = NULL;
    FulcraSession *fresh =
            self->store->ops->renew(self->store, session, user, &error);

    g_assert_no_error(error);
    return fresh;
}

static void
found(FulcraSession *session, void *into)
{
    *(FulcraSession **)into = session;
}

static FulcraSession *
find(Fixture *self, const char *id)
{
    FulcraSession *session = (void *)1;

    self->store->ops->find(self->store, id, found, &session);
    g_assert_true(session != (void *)1); /* it was told, at once */
    return session;
}

static void
put(FulcraSession *session, const char *key, const char *text)
{
    g_autoptr(FulcraRepresentation) value =
            fulcra_representation_new_text(text);
    g_autoptr(GError) error = NULL;

    fulcra__session_put(session, key, value, &error);
    g_assert_no_error(error);
}

static void
assert_value(FulcraSession *session, const char *key, const char *text)
{
    g_autoptr(FulcraRepresentation) value = fulcra__session_find(session, key);

    g_assert_cmpstr(
            value == NULL ? NULL : fulcra_representation_get_text(value), ==,
            text);
}

/* --- ids --- */

static void
test_ids(void)
{
    g_autoptr(GHashTable) seen =
            g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    unsigned bits[256] = { 0 }, different = 0;

    for (int i = 0; i < 10000; i++) {
        char id[FULCRA_SESSION_ID_LENGTH + 1];

        g_assert_true(fulcra__session_make_id(id, NULL));
        g_assert_cmpuint(strlen(id), ==, FULCRA_SESSION_ID_LENGTH);
        for (const char *c = id; *c != '\0'; c++) {
            g_assert_true(g_ascii_isalnum(*c) || *c == '-' || *c == '_');
            bits[(unsigned char)*c]++;
        }
        g_assert_true(g_hash_table_add(seen, g_strdup(id)));
    }
    for (size_t i = 0; i < G_N_ELEMENTS(bits); i++)
        different += bits[i] > 0;
    g_assert_cmpuint(different, ==, 64);
}

static void
test_find(Fixture *self, const void *data)
{
    g_autoptr(FulcraSession) one = make(self), two = make(self);

    g_assert_true(find(self, fulcra__session_get_id(one)) == one);
    g_assert_true(find(self, fulcra__session_get_id(two)) == two);
    g_assert_null(find(self, ""));
    g_assert_null(find(self, "AAAAAAAAAAAAAAAAAAAAAAAA"));
    g_assert_cmpuint(fulcra__session_get_identity(one), !=,
            fulcra__session_get_identity(two));
    g_assert_cmpuint(
            fulcra__session_get_identity(one), >, FULCRA_SESSION_NOBODY);
}

/* --- logging in --- */

static void
test_renew(Fixture *self, const void *data)
{
    g_autoptr(FulcraSession) before = make(self);
    Socket socket = socket_new();

    put(before, "cart", "3");
    g_assert_true(fulcra__session_add_socket(before, &socket.base));
    g_autofree char *token = fulcra__session_get_csrf(before, NULL);
    g_autoptr(FulcraSession) fresh = renew(self, before, "alice");

    g_assert_cmpstr(fulcra__session_get_user(fresh), ==, "alice");
    assert_value(fresh, "cart", "3");
    g_assert_null(find(self, fulcra__session_get_id(before)));
    g_assert_true(find(self, fulcra__session_get_id(fresh)) == fresh);
    g_assert_cmpuint(socket.code, ==, FULCRA_CLOSE_SESSION_ENDED);
    g_assert_true(fulcra_refs_unique(&socket.base.refs));
    g_assert_cmpuint(fulcra__session_get_identity(before), !=,
            fulcra__session_get_identity(fresh));

    /* What began before the login sees and changes nothing of what follows. */
    g_autoptr(FulcraRepresentation) value = fulcra_representation_new_text("4");
    g_autoptr(GError) error = NULL;
    assert_value(before, "cart", NULL);
    g_assert_false(fulcra__session_put(before, "cart", value, &error));
    g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_GONE);
    g_assert_false(fulcra__session_check_csrf(before, token));
    g_assert_false(fulcra__session_check_csrf(fresh, token));
    g_assert_false(fulcra__session_add_socket(before, &socket.base));
    g_assert_null(self->store->ops->renew(self->store, before, "eve", NULL));
    assert_value(fresh, "cart", "3");

    /* Again as the same user keeps the values, as another one does not. */
    g_autoptr(FulcraSession) same = renew(self, fresh, "alice");
    assert_value(same, "cart", "3");
    g_autoptr(FulcraSession) other = renew(self, same, "bob");
    assert_value(other, "cart", NULL);
    g_assert_true(fulcra__session_has_ended(same));
}

/* --- the token of forms --- */

static void
test_csrf(Fixture *self, const void *data)
{
    g_autoptr(FulcraSession) session = make(self);
    g_autoptr(FulcraSession) other = make(self);

    g_assert_false(fulcra__session_check_csrf(session, ""));
    g_autofree char *token = fulcra__session_get_csrf(session, NULL);
    g_autofree char *again = fulcra__session_get_csrf(session, NULL);
    g_autofree char *others = fulcra__session_get_csrf(other, NULL);
    g_assert_cmpstr(token, ==, again);
    g_assert_cmpstr(token, !=, others);
    g_assert_cmpstr(token, !=, fulcra__session_get_id(session));
    g_assert_true(fulcra__session_check_csrf(session, token));
    g_assert_false(fulcra__session_check_csrf(session, others));
    g_assert_false(fulcra__session_check_csrf(session, ""));
    for (size_t i = 0; i < strlen(token); i++) {
        g_autofree char *wrong = g_strdup(token);

        wrong[i] ^= 1;
        g_assert_false(fulcra__session_check_csrf(session, wrong));
        wrong[i] = '\0';
        g_assert_false(fulcra__session_check_csrf(session, wrong));
    }
}

/* --- time --- */

static void
test_idle(Fixture *self, const void *data)
{
    g_autoptr(FulcraSession) used = make(self), unused = make(self);

    clock_us += 60;
    self->store->ops->touch(self->store, used);
    clock_us += 39;
    self->store->ops->sweep(self->store);
    g_assert_false(fulcra__session_has_ended(unused));
    clock_us += 1;
    g_assert_null(find(self, fulcra__session_get_id(unused)));
    g_assert_nonnull(find(self, fulcra__session_get_id(used)));
    self->store->ops->sweep(self->store);
    g_assert_true(fulcra__session_has_ended(unused));
    g_assert_false(fulcra__session_has_ended(used));
}

static void
test_absolute(Fixture *self, const void *data)
{
    g_autoptr(FulcraSession) session = make(self);
    Socket socket = socket_new();

    fulcra__session_add_socket(session, &socket.base);
    for (int i = 0; i < 99; i++) {
        clock_us += 10;
        self->store->ops->touch(self->store, session);
        self->store->ops->sweep(self->store);
    }
    g_assert_cmpuint(socket.code, ==, 0);
    clock_us += 10;
    self->store->ops->touch(self->store, session);
    g_assert_null(find(self, fulcra__session_get_id(session)));
    self->store->ops->sweep(self->store);
    g_assert_cmpuint(socket.code, ==, FULCRA_CLOSE_SESSION_ENDED);
}

/* --- number --- */

static void
count(FulcraSession *session, void *n)
{
    ++*(unsigned *)n;
}

static unsigned
count_all(Fixture *self)
{
    unsigned n = 0;

    self->store->ops->foreach (self->store, count, &n);
    return n;
}

static void
test_limit(Fixture *self, const void *data)
{
    g_autoptr(FulcraSession) guest = make(self);
    g_autoptr(FulcraSession) alice = renew(self, guest, "alice");
    g_autoptr(FulcraSession) first = make(self), second = make(self);

    g_assert_cmpuint(count_all(self), ==, 3);
    clock_us += 1;
    self->store->ops->touch(self->store, first);
    fulcra__session_unref(make(self));
    g_assert_cmpuint(count_all(self), ==, 3);
    g_assert_true(fulcra__session_has_ended(second));
    g_assert_false(fulcra__session_has_ended(first));

    /* Guests go first, however many come. */
    for (int i = 0; i < 10; i++)
        fulcra__session_unref(make(self));
    g_assert_false(fulcra__session_has_ended(alice));
    g_assert_cmpuint(count_all(self), ==, 3);

    /* Those with a user only among themselves. */
    for (int i = 0; i < 3; i++) {
        g_autoptr(FulcraSession) next = make(self);
        fulcra__session_unref(renew(self, next, "bob"));
    }
    g_assert_true(fulcra__session_has_ended(alice));
    g_assert_cmpuint(count_all(self), ==, 3);
}

/* --- what closing a socket may lead to --- */

static FulcraSessionStore *reentered;

static void
come_back(void)
{
    unsigned n = 0;

    reentered->ops->foreach (reentered, count, &n);
    reentered->ops->sweep(reentered);
}

static void
test_nothing_is_locked_while_sockets_close(Fixture *self, const void *data)
{
    Socket socket = socket_new();

    socket.closed = come_back;
    reentered = self->store;
    for (int how = 0; how < 4; how++) {
        g_autoptr(FulcraSession) session = make(self);

        socket.code = 0;
        g_assert_true(fulcra__session_add_socket(session, &socket.base));
        if (how == 0)
            self->store->ops->end(self->store, session);
        else if (how == 1)
            fulcra__session_unref(renew(self, session, "alice"));
        else if (how == 2)
            for (int i = 0; i < 3; i++)
                fulcra__session_unref(make(self));
        clock_us += how == 3 ? 100 : 0;
        self->store->ops->sweep(self->store);
        g_assert_cmpuint(socket.code, ==, FULCRA_CLOSE_SESSION_ENDED);
    }
}

static void
test_sockets_that_closed(Fixture *self, const void *data)
{
    g_autoptr(FulcraSession) session = make(self);
    Socket gone = socket_new(), open = socket_new();

    fulcra__session_remove_socket(session, &gone.base);
    fulcra__session_add_socket(session, &gone.base);
    fulcra__session_add_socket(session, &gone.base);
    fulcra__session_add_socket(session, &open.base);
    fulcra__session_remove_socket(session, &gone.base);
    g_assert_true(fulcra_refs_unique(&gone.base.refs));
    fulcra__session_end(session);
    fulcra__session_end(session);
    g_assert_cmpuint(gone.code, ==, 0);
    g_assert_cmpuint(open.code, ==, FULCRA_CLOSE_SESSION_ENDED);
}

#define TEST(name, function)                                                   \
    g_test_add(name, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/session/ids", test_ids);
    TEST("/session/find", test_find);
    TEST("/session/renew", test_renew);
    TEST("/session/csrf", test_csrf);
    TEST("/session/idle", test_idle);
    TEST("/session/absolute", test_absolute);
    TEST("/session/limit", test_limit);
    TEST("/session/reentrance", test_nothing_is_locked_while_sockets_close);
    TEST("/session/closed-sockets", test_sockets_that_closed);
    return g_test_run();
}
