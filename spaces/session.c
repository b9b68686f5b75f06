/* SPDX-License-Identifier: MIT */

/*
 * session.c - one session; see session.h
 *
 * `lock` guards what is below it. It is held over the check for the end and
 * what depends on it, so that a request which began before a login can neither
 * read nor write what comes after.
 */

#include "spaces/session.h"

#include <errno.h>
#include <fulcra-host/sync.h>
#include <fulcra/error.h>
#include <string.h>
#include <sys/random.h>

#define RANDOM_BYTES 18u

struct _FulcraSession {
    FulcraRefs refs;
    uint64_t identity;
    char id[FULCRA_SESSION_ID_LENGTH + 1];
    char *user; /* (nullable) */
    FulcraValuesLimits limits;

    pthread_mutex_t lock;
    bool ended;
    bool has_csrf;
    char csrf[FULCRA_SESSION_ID_LENGTH + 1];
    FulcraValues *values; /* (nullable): made on first use */
    GHashTable *sockets;  /* (nullable): a set, likewise */
};

/* --- what nobody can guess --- */

bool
fulcra__session_make_id(char id[FULCRA_SESSION_ID_LENGTH + 1], GError **error)
{
    uint8_t random[RANDOM_BYTES];
    ssize_t got;

    do
        got = getrandom(random, sizeof random, 0);
    while (got < 0 && errno == EINTR);
    if (got != (ssize_t)sizeof random) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_FAILED,
                "session: no random numbers: %s", g_strerror(errno));
        return false;
    }

    /* 18 bytes are 24 characters, without padding */
    g_autofree char *text = g_base64_encode(random, sizeof random);
    g_strdelimit(text, "+", '-');
    g_strdelimit(text, "/", '_');
    g_strlcpy(id, text, FULCRA_SESSION_ID_LENGTH + 1);
    return true;
}

/* --- life --- */

static void
socket_unref(void *socket)
{
    fulcra_socket_unref(socket);
}

/* Both ends of a session leave these to be dealt with outside of its lock. */
typedef struct {
    GHashTable *sockets;
    FulcraValues *values;
} Leftovers;

static Leftovers
end_locked(FulcraSession *self)
{
    Leftovers left = { g_steal_pointer(&self->sockets),
        g_steal_pointer(&self->values) };

    self->ended = true;
    return left;
}

static void
close_sockets(GHashTable *sockets)
{
    GHashTableIter iter;
    void *socket;

    if (sockets == NULL)
        return;
    g_hash_table_iter_init(&iter, sockets);
    while (g_hash_table_iter_next(&iter, &socket, NULL))
        fulcra_socket_disconnect(
                socket, FULCRA_CLOSE_SESSION_ENDED, "session ended", NULL);
    g_hash_table_unref(sockets);
}

static bool
take_over(FulcraSession *self, FulcraSession *before, GError **error)
{
    Leftovers left = { NULL, NULL };

    pthread_mutex_lock(&before->lock);
    bool live = !before->ended;
    if (live)
        left = end_locked(before);
    pthread_mutex_unlock(&before->lock);
    self->values = left.values;
    close_sockets(left.sockets);
    if (!live)
        g_set_error_literal(error, FULCRA_ERROR, FULCRA_ERROR_GONE,
                "session: it has ended");
    return live;
}

FulcraSession *
fulcra__session_new(const FulcraValuesLimits *limits, const char *user,
        FulcraSession *before, GError **error)
{
    static _Atomic(uint64_t) last;
    g_autoptr(FulcraSession) self = g_new0(FulcraSession, 1);

    fulcra_refs_init(&self->refs);
    pthread_mutex_init(&self->lock, NULL);
    self->identity = FULCRA_SESSION_NOBODY + 1 + atomic_fetch_add(&last, 1);
    self->user = g_strdup(user);
    self->limits = *limits;
    if (!fulcra__session_make_id(self->id, error) ||
            (before != NULL && !take_over(self, before, error)))
        return NULL;
    return g_steal_pointer(&self);
}

FulcraSession *
fulcra__session_ref(FulcraSession *self)
{
    fulcra_refs_take(&self->refs);
    return self;
}

void
fulcra__session_unref(FulcraSession *self)
{
    if (self == NULL || !fulcra_refs_drop(&self->refs))
        return;
    g_clear_pointer(&self->sockets, g_hash_table_unref);
    fulcra_host_values_free(self->values);
    pthread_mutex_destroy(&self->lock);
    g_free(self->user);
    g_free(self);
}

void
fulcra__session_end(FulcraSession *self)
{
    pthread_mutex_lock(&self->lock);
    Leftovers left = end_locked(self);
    pthread_mutex_unlock(&self->lock);
    fulcra_host_values_free(left.values);
    close_sockets(left.sockets);
}

bool
fulcra__session_has_ended(FulcraSession *self)
{
    pthread_mutex_lock(&self->lock);
    bool ended = self->ended;
    pthread_mutex_unlock(&self->lock);
    return ended;
}

/* --- what never changes --- */

const char *
fulcra__session_get_id(const FulcraSession *self)
{
    return self->id;
}

const char *
fulcra__session_get_user(const FulcraSession *self)
{
    return self->user;
}

uint64_t
fulcra__session_get_identity(const FulcraSession *self)
{
    return self->identity;
}

/* --- the token of its forms --- */

static bool
csrf_locked(FulcraSession *self, GError **error)
{
    if (self->ended) {
        g_set_error_literal(error, FULCRA_ERROR, FULCRA_ERROR_GONE,
                "session:/csrf: the session has ended");
        return false;
    }
    if (!self->has_csrf)
        self->has_csrf = fulcra__session_make_id(self->csrf, error);
    return self->has_csrf;
}

char *
fulcra__session_get_csrf(FulcraSession *self, GError **error)
{
    pthread_mutex_lock(&self->lock);
    char *token = csrf_locked(self, error) ? g_strdup(self->csrf) : NULL;
    pthread_mutex_unlock(&self->lock);
    return token;
}

bool
fulcra__session_check_csrf(FulcraSession *self, const char *token)
{
    unsigned differs = 1;

    pthread_mutex_lock(&self->lock);
    if (!self->ended && self->has_csrf &&
            strlen(token) == FULCRA_SESSION_ID_LENGTH) {
        differs = 0;
        for (size_t i = 0; i < FULCRA_SESSION_ID_LENGTH; i++)
            differs |= (unsigned char)token[i] ^ (unsigned char)self->csrf[i];
    }
    pthread_mutex_unlock(&self->lock);
    return differs == 0;
}

/* --- values --- */

static bool
put_locked(FulcraSession *self, const char *key, FulcraRepresentation *value,
        GError **error)
{
    if (self->ended) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_GONE,
                "session:/%s: the session has ended", key);
        return false;
    }
    if (self->values == NULL)
        self->values = fulcra_host_values_new(&self->limits);
    return fulcra_host_values_put(self->values, key, value, error);
}

bool
fulcra__session_put(FulcraSession *self, const char *key,
        FulcraRepresentation *value, GError **error)
{
    pthread_mutex_lock(&self->lock);
    bool put = put_locked(self, key, value, error);
    pthread_mutex_unlock(&self->lock);
    return put;
}

FulcraRepresentation *
fulcra__session_find(FulcraSession *self, const char *key)
{
    FulcraRepresentation *value = NULL;

    pthread_mutex_lock(&self->lock);
    if (self->values != NULL)
        value = fulcra_host_values_find(self->values, key);
    pthread_mutex_unlock(&self->lock);
    return value;
}

bool
fulcra__session_remove(FulcraSession *self, const char *key)
{
    pthread_mutex_lock(&self->lock);
    bool removed = self->values != NULL &&
                   fulcra_host_values_remove(self->values, key);
    pthread_mutex_unlock(&self->lock);
    return removed;
}

/* --- sockets --- */

bool
fulcra__session_add_socket(FulcraSession *self, FulcraSocket *socket)
{
    pthread_mutex_lock(&self->lock);
    bool live = !self->ended;
    if (live && self->sockets == NULL)
        self->sockets = g_hash_table_new_full(NULL, NULL, socket_unref, NULL);
    if (live)
        g_hash_table_add(self->sockets, fulcra_socket_ref(socket));
    pthread_mutex_unlock(&self->lock);
    return live;
}

void
fulcra__session_remove_socket(FulcraSession *self, FulcraSocket *socket)
{
    pthread_mutex_lock(&self->lock);
    if (self->sockets != NULL)
        g_hash_table_remove(self->sockets, socket);
    pthread_mutex_unlock(&self->lock);
}
