/* SPDX-License-Identifier: MIT */

/*
 * session_layer.c - what a request, and the overlay, know of sessions
 */

#include "spaces/session_layer.h"
#include "spaces/session_users.h"

#include <fulcra/identifier.h>

/* --- the overlay's --- */

/* By key, those in use; none is held by it. */
static pthread_mutex_t shared_lock = PTHREAD_MUTEX_INITIALIZER;
static GHashTable *shared;

FulcraSessions *
fulcra__sessions_share(FulcraSessions *self)
{
    pthread_mutex_lock(&shared_lock);
    if (shared == NULL)
        shared = g_hash_table_new(g_str_hash, g_str_equal);
    FulcraSessions *there = g_hash_table_lookup(shared, self->key);
    bool in_use = there != NULL && fulcra_refs_take_if_alive(&there->refs);
    if (!in_use)
        g_hash_table_replace(shared, self->key, self);
    pthread_mutex_unlock(&shared_lock);
    if (!in_use)
        return self;
    fulcra__sessions_unref(self);
    return there;
}

static void
leave_shared(FulcraSessions *self)
{
    pthread_mutex_lock(&shared_lock);
    if (shared != NULL && g_hash_table_lookup(shared, self->key) == self)
        g_hash_table_remove(shared, self->key);
    pthread_mutex_unlock(&shared_lock);
}

FulcraSessions *
fulcra__sessions_ref(FulcraSessions *self)
{
    fulcra_refs_take(&self->refs);
    return self;
}

void
fulcra__sessions_unref(void *sessions)
{
    FulcraSessions *self = sessions;

    if (self == NULL || !fulcra_refs_drop(&self->refs))
        return;
    leave_shared(self);
    self->store->ops->free(self->store);
    g_hash_table_unref(self->bindings);
    pthread_mutex_destroy(&self->lock);
    fulcra_identifier_unref(self->cookie_identifier);
    g_free(self->key);
    g_free(self->cookie);
    g_free(self->path);
    g_free(self);
}

bool
fulcra__sessions_bind(
        FulcraSessions *self, FulcraSocket *socket, FulcraSession *session)
{
    if (!fulcra__session_add_socket(session, socket))
        return false;
    pthread_mutex_lock(&self->lock);
    g_hash_table_replace(self->bindings, fulcra_socket_ref(socket),
            fulcra__session_ref(session));
    pthread_mutex_unlock(&self->lock);
    return true;
}

void
fulcra__sessions_unbind(FulcraSessions *self, FulcraSocket *socket)
{
    void *held = NULL, *session = NULL;

    pthread_mutex_lock(&self->lock);
    bool bound = g_hash_table_steal_extended(
            self->bindings, socket, &held, &session);
    pthread_mutex_unlock(&self->lock);
    if (!bound)
        return;
    fulcra__session_remove_socket(session, socket);
    fulcra__session_unref(session);
    fulcra_socket_unref(held);
}

FulcraSession *
fulcra__sessions_find_bound(FulcraSessions *self, FulcraSocket *socket)
{
    pthread_mutex_lock(&self->lock);
    FulcraSession *session = g_hash_table_lookup(self->bindings, socket);
    if (session != NULL)
        fulcra__session_ref(session);
    pthread_mutex_unlock(&self->lock);
    return session;
}

/* --- all overlays' --- */

/* (transfer full) (nullable) */
static char *
find_user(FulcraSessions *self, FulcraSocket *socket)
{
    g_autoptr(FulcraSession) session =
            fulcra__sessions_find_bound(self, socket);

    if (session == NULL || fulcra__session_has_ended(session))
        return NULL;
    return g_strdup(fulcra__session_get_user(session));
}

/* One that is being released waits for the lock before it is gone. */
char *
fulcra_session_find_user(FulcraSocket *socket)
{
    GHashTableIter iter;
    void *sessions;
    char *user = NULL;

    pthread_mutex_lock(&shared_lock);
    if (shared != NULL) {
        g_hash_table_iter_init(&iter, shared);
        while (user == NULL && g_hash_table_iter_next(&iter, NULL, &sessions))
            user = find_user(sessions, socket);
    }
    pthread_mutex_unlock(&shared_lock);
    return user;
}

/* --- the request's --- */

FulcraSessionLayer *
fulcra__session_layer_new(
        FulcraSessions *sessions, FulcraContext *parent, FulcraSession *came)
{
    FulcraSessionLayer *self = g_new0(FulcraSessionLayer, 1);

    fulcra_host_context_init(
            &self->context, fulcra__session_layer_class(), parent);
    self->sessions = sessions;
    pthread_mutex_init(&self->lock, NULL);
    if (came != NULL) {
        self->came = fulcra__session_ref(came);
        self->session = fulcra__session_ref(came);
    }
    return self;
}

FulcraSession *
fulcra__session_layer_get(FulcraSessionLayer *self)
{
    pthread_mutex_lock(&self->lock);
    FulcraSession *session =
            self->session == NULL ? NULL : fulcra__session_ref(self->session);
    pthread_mutex_unlock(&self->lock);
    return session;
}

/* The name and the path were checked when the definition was read; the id is
 * ours: there is nothing in it that could break the header. */
char *
fulcra__session_layer_get_cookie(FulcraSessionLayer *self)
{
    const FulcraSessions *sessions = self->sessions;
    g_autoptr(FulcraSession) now = fulcra__session_layer_get(self);
    bool leaves = now == NULL && self->came != NULL;

    if (self->why_not != NULL || now == self->came ||
            (now != NULL && fulcra__session_has_ended(now)))
        return NULL;
    return g_strdup_printf("%s=%s; Path=%s%s; HttpOnly; SameSite=Lax",
            sessions->cookie, leaves ? "" : fulcra__session_get_id(now),
            sessions->path, leaves ? "; Max-Age=0" : "");
}
