/* SPDX-License-Identifier: MIT */

/*
 * session_store.c - sessions in memory
 *
 * Three queues say which sessions are next to go, so that neither a sweep nor
 * an eviction looks at all of them: by age, and by use, those without a user
 * and those with one. `lock` guards all. Sessions end outside of it: closing a
 * socket may run its DELETE at once, which comes back here.
 */

#include "spaces/session_store.h"

#include <fulcra-host/stats.h>
#include <fulcra-host/sync.h>
#include <fulcra/error.h>
#include <string.h>

/* A session and its places in the queues. */
typedef struct {
    FulcraSession *session;
    int64_t made_us, used_us;
    GList age, use;
} Kept;

typedef struct {
    FulcraSessionStore base;
    FulcraSessionLimits limits;
    pthread_mutex_t lock;
    GHashTable *ids; /* of Kept, by the id in its session */
    GQueue by_age;
    GQueue by_use[2]; /* without a user, with one */
} MemoryStore;

static int64_t
now_of(const MemoryStore *self)
{
    return self->limits.now != NULL ? self->limits.now()
                                    : g_get_monotonic_time();
}

/* --- under the lock --- */

static GQueue *
queue_of(MemoryStore *self, const Kept *kept)
{
    return &self->by_use[fulcra__session_get_user(kept->session) != NULL];
}

static void
add_locked(MemoryStore *self, FulcraSession *session)
{
    Kept *kept = g_new0(Kept, 1);

    kept->session = fulcra__session_ref(session);
    kept->made_us = kept->used_us = now_of(self);
    kept->age.data = kept->use.data = kept;
    g_hash_table_insert(
            self->ids, (char *)fulcra__session_get_id(session), kept);
    g_queue_push_tail_link(&self->by_age, &kept->age);
    g_queue_push_tail_link(queue_of(self, kept), &kept->use);
    fulcra_host_stats_add(FULCRA_STAT_SESSIONS, 1);
    fulcra_host_stats_add(FULCRA_STAT_SESSIONS_MADE, 1);
}

/* (transfer full) */
static FulcraSession *
remove_locked(MemoryStore *self, Kept *kept)
{
    FulcraSession *session = kept->session;

    g_queue_unlink(&self->by_age, &kept->age);
    g_queue_unlink(queue_of(self, kept), &kept->use);
    g_hash_table_remove(self->ids, fulcra__session_get_id(session));
    g_free(kept);
    fulcra_host_stats_add(FULCRA_STAT_SESSIONS, -1);
    return session;
}

static bool
is_due(const MemoryStore *self, const Kept *kept, int64_t now)
{
    return now - kept->used_us >= self->limits.idle_us ||
           now - kept->made_us >= self->limits.absolute_us;
}

/* The first of @queue, if its time has come. */
static Kept *
head_due(const MemoryStore *self, GQueue *queue, int64_t now)
{
    Kept *kept = g_queue_peek_head(queue);

    return kept != NULL && is_due(self, kept, now) ? kept : NULL;
}

static Kept *
next_due(MemoryStore *self, int64_t now)
{
    Kept *kept = head_due(self, &self->by_age, now);

    for (size_t i = 0; kept == NULL && i < G_N_ELEMENTS(self->by_use); i++)
        kept = head_due(self, &self->by_use[i], now);
    return kept;
}

/* The one to go where there is no room. (nullable) */
static Kept *
next_evicted(MemoryStore *self)
{
    Kept *kept = NULL;

    if (g_hash_table_size(self->ids) < self->limits.max_sessions)
        return NULL;
    for (size_t i = 0; kept == NULL && i < G_N_ELEMENTS(self->by_use); i++)
        kept = g_queue_peek_head(&self->by_use[i]);
    return kept;
}

/* --- the calls --- */

static void
session_finish(void *session)
{
    fulcra__session_end(session);
    fulcra__session_unref(session);
}

static void
memory_end(FulcraSessionStore *store, FulcraSession *session)
{
    MemoryStore *self = (MemoryStore *)store;
    FulcraSession *kept_here = NULL;

    pthread_mutex_lock(&self->lock);
    Kept *kept =
            g_hash_table_lookup(self->ids, fulcra__session_get_id(session));
    if (kept != NULL)
        kept_here = remove_locked(self, kept);
    pthread_mutex_unlock(&self->lock);
    fulcra__session_end(session);
    fulcra__session_unref(kept_here);
}

static void
memory_sweep(FulcraSessionStore *store)
{
    MemoryStore *self = (MemoryStore *)store;
    g_autoptr(GPtrArray) due = g_ptr_array_new_with_free_func(session_finish);
    int64_t now = now_of(self);
    Kept *kept;

    pthread_mutex_lock(&self->lock);
    while ((kept = next_due(self, now)) != NULL)
        g_ptr_array_add(due, remove_locked(self, kept));
    pthread_mutex_unlock(&self->lock);
}

static void
memory_find(FulcraSessionStore *store, const char *id,
        void (*found)(FulcraSession *session, void *user_data), void *user_data)
{
    MemoryStore *self = (MemoryStore *)store;
    g_autoptr(FulcraSession) session = NULL;

    pthread_mutex_lock(&self->lock);
    Kept *kept = g_hash_table_lookup(self->ids, id);
    if (kept != NULL && !is_due(self, kept, now_of(self)))
        session = fulcra__session_ref(kept->session);
    pthread_mutex_unlock(&self->lock);
    found(session, user_data);
}

/* @session: (transfer none) */
static void
keep(MemoryStore *self, FulcraSession *session)
{
    g_autoptr(GPtrArray) evicted =
            g_ptr_array_new_with_free_func(session_finish);
    Kept *kept;

    pthread_mutex_lock(&self->lock);
    while ((kept = next_evicted(self)) != NULL)
        g_ptr_array_add(evicted, remove_locked(self, kept));
    add_locked(self, session);
    pthread_mutex_unlock(&self->lock);
    fulcra_host_stats_add(FULCRA_STAT_SESSIONS_EVICTED, evicted->len);
}

static FulcraSession *
memory_make(FulcraSessionStore *store, GError **error)
{
    MemoryStore *self = (MemoryStore *)store;
    FulcraSession *session =
            fulcra__session_new(&self->limits.values, NULL, NULL, error);

    if (session != NULL)
        keep(self, session);
    return session;
}

static FulcraSession *
memory_renew(FulcraSessionStore *store, FulcraSession *session,
        const char *user, GError **error)
{
    MemoryStore *self = (MemoryStore *)store;
    const char *before = fulcra__session_get_user(session);
    bool same = before == NULL || strcmp(before, user) == 0;
    FulcraSession *fresh = fulcra__session_new(
            &self->limits.values, user, same ? session : NULL, error);

    if (fresh == NULL)
        return NULL;
    memory_end(store, session);
    keep(self, fresh);
    return fresh;
}

static void
memory_touch(FulcraSessionStore *store, FulcraSession *session)
{
    MemoryStore *self = (MemoryStore *)store;

    pthread_mutex_lock(&self->lock);
    Kept *kept =
            g_hash_table_lookup(self->ids, fulcra__session_get_id(session));
    if (kept != NULL) {
        GQueue *queue = queue_of(self, kept);

        kept->used_us = now_of(self);
        g_queue_unlink(queue, &kept->use);
        g_queue_push_tail_link(queue, &kept->use);
    }
    pthread_mutex_unlock(&self->lock);
}

static void
memory_foreach(FulcraSessionStore *store,
        void (*each)(FulcraSession *session, void *user_data), void *user_data)
{
    MemoryStore *self = (MemoryStore *)store;

    pthread_mutex_lock(&self->lock);
    for (GList *at = self->by_age.head; at != NULL; at = at->next)
        each(((Kept *)at->data)->session, user_data);
    pthread_mutex_unlock(&self->lock);
}

static void
memory_free(FulcraSessionStore *store)
{
    MemoryStore *self = (MemoryStore *)store;
    Kept *kept;

    while ((kept = g_queue_peek_head(&self->by_age)) != NULL)
        session_finish(remove_locked(self, kept));
    g_hash_table_unref(self->ids);
    pthread_mutex_destroy(&self->lock);
    g_free(self);
}

FulcraSessionStore *
fulcra__session_store_new(const FulcraSessionLimits *limits)
{
    static const FulcraSessionStoreOps ops = {
        .find = memory_find,
        .make = memory_make,
        .renew = memory_renew,
        .end = memory_end,
        .touch = memory_touch,
        .sweep = memory_sweep,
        .foreach = memory_foreach,
        .free = memory_free,
    };
    MemoryStore *self = g_new0(MemoryStore, 1);

    self->base.ops = &ops;
    self->limits = *limits;
    pthread_mutex_init(&self->lock, NULL);
    self->ids = g_hash_table_new(g_str_hash, g_str_equal);
    g_queue_init(&self->by_age);
    for (size_t i = 0; i < G_N_ELEMENTS(self->by_use); i++)
        g_queue_init(&self->by_use[i]);
    return &self->base;
}
