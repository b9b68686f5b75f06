/* SPDX-License-Identifier: MIT */
/*
 * keeper.c - which sockets a change of modules leaves without an answer, and
 * closing those
 *
 * A socket is answered as long as its messages are, or its path would be open
 * to a new one: some sockets only listen. Each is asked for by resolving in the
 * table in question, on the socket's loop, a slice of them at a time: ten
 * thousand take some ten milliseconds, and no loop is kept busy for all of it.
 *
 * A socket that is closed is told so in the table before, where what opened it
 * still is. One whose NEW is under way is looked at when that has ended.
 */
#include "websocket/socket.h"

#include <fulcra-host/identifier.h>
#include <time.h>

#define SLICE     256
#define MAX_PATHS 8 /* that are named */

static FulcraWebSockets *
keeper_owner(FulcraSocketKeeper *self)
{
    return (FulcraWebSockets *)((char *)self -
                                G_STRUCT_OFFSET(FulcraWebSockets, keeper));
}

/* --- is it answered? --- */

static bool
resolves(FulcraWebSocket *self, FulcraTable *table, FulcraVerb verb,
        FulcraIdentifier *identifier)
{
    g_autoptr(FulcraRequest) request =
            fulcra_host_request_new_root_in(self->home->owner->kernel, table,
                    fulcra__socket_front(self), &self->layer, verb, identifier);
    FulcraResolution *resolution = fulcra_host_request_resolve(request, NULL);

    fulcra_host_resolution_unref(resolution);
    return resolution != NULL;
}

static bool
is_answered(FulcraWebSocket *self, FulcraTable *table)
{
    g_autoptr(FulcraIdentifier) base = NULL;

    if (resolves(self, table, FULCRA_VERB_SINK, self->identifier))
        return true;
    base = fulcra__paths_identifier(self->home, fulcra__socket_front(self),
            fulcra_http_head_get_path(fulcra__socket_head(self)));
    return resolves(self, table, FULCRA_VERB_NEW, base);
}

/* --- all sockets of a loop, a slice at a time --- */

typedef struct _Walk Walk;
struct _Walk {
    FulcraSocketLoop *home;
    FulcraTable *table; /* in which they are to be answered */
    void (*each)(Walk *self, FulcraWebSocket *socket);
    GHashTable *paths; /* of those that are not answered: how many */
    size_t n;
    bool done;
};

static void
walk_slice(void *data)
{
    Walk *self = data;
    FulcraSocketLoop *home = self->home;

    for (int i = 0; i < SLICE && home->walked != NULL; i++) {
        FulcraWebSocket *socket = home->walked;

        home->walked = socket->next;
        if (!socket->released && !socket->ending)
            self->each(self, socket);
    }
    self->done = home->walked == NULL;
}

static void
walk_first(void *data)
{
    Walk *self = data;

    self->home->walked = self->home->sockets;
    walk_slice(self);
}

static void
walk_all(Walk *self, FulcraWebSockets *owner)
{
    for (size_t i = 0; i < owner->n_homes; i++) {
        self->home = &owner->homes[i];
        fulcra_loop_call(self->home->loop, walk_first, self);
        while (!self->done)
            fulcra_loop_call(self->home->loop, walk_slice, self);
    }
}

/* --- the survey --- */

static void
count_unanswered(Walk *self, FulcraWebSocket *socket)
{
    const char *path = fulcra_http_head_get_path(fulcra__socket_head(socket));
    size_t n;

    if (is_answered(socket, self->table))
        return;
    self->n++;
    n = GPOINTER_TO_SIZE(g_hash_table_lookup(self->paths, path));
    if (n > 0 || g_hash_table_size(self->paths) < MAX_PATHS)
        g_hash_table_replace(
                self->paths, g_strdup(path), GSIZE_TO_POINTER(n + 1));
}

/* "3 sockets on ws:/chat" for each path, as far as they are named. */
static void
describe(const Walk *self, GPtrArray *affected)
{
    GHashTableIter iter;
    void *path, *count;
    size_t named = 0;

    g_hash_table_iter_init(&iter, self->paths);
    while (g_hash_table_iter_next(&iter, &path, &count)) {
        size_t n = GPOINTER_TO_SIZE(count);

        g_ptr_array_add(affected, g_strdup_printf("%zu socket%s on ws:%s", n,
                                          n == 1 ? "" : "s", (char *)path));
        named += n;
    }
    if (named < self->n)
        g_ptr_array_add(affected,
                g_strdup_printf("%zu sockets on other paths", self->n - named));
}

static size_t
survey(FulcraSocketKeeper *keeper, FulcraTable *table, GPtrArray *affected)
{
    FulcraWebSockets *owner = keeper_owner(keeper);
    Walk walk = { .table = table, .each = count_unanswered };

    walk.paths = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    walk_all(&walk, owner);
    describe(&walk, affected);
    g_hash_table_unref(walk.paths);
    return walk.n;
}

/* --- closing --- */

/* Takes hold of the table that a change replaces, if there is a change. Until
 * its DELETE was answered, the change waits for it. */
static void
take_leave(FulcraWebSocket *self)
{
    FulcraWebSockets *owner = self->home->owner;

    pthread_mutex_lock(&owner->lock);
    if (fulcra__socket_last_table(self) == NULL && owner->before != NULL) {
        fulcra__socket_need_more(self)->last_table =
                fulcra_host_table_ref(owner->before);
        owner->n_leaving++;
    }
    pthread_mutex_unlock(&owner->lock);
}

void
fulcra__keeper_dismiss(FulcraWebSocket *self)
{
    take_leave(self);
    fulcra__socket_end(self, FULCRA_CLOSE_RESTART, "no longer served",
            FULCRA_CLOSE_RESTART, true);
}

static void
close_unanswered(Walk *self, FulcraWebSocket *socket)
{
    if (socket->turn == FULCRA_TURN_NEW)
        take_leave(socket); /* and looks again */
    else if (!is_answered(socket, self->table))
        fulcra__keeper_dismiss(socket);
}

void
fulcra__keeper_let_go(FulcraWebSocket *self)
{
    FulcraWebSockets *owner = self->home->owner;
    FulcraSocketMore *more = fulcra__socket_get_more(self);

    if (more == NULL || more->last_table == NULL)
        return;
    g_clear_pointer(&more->last_table, fulcra_host_table_unref);
    pthread_mutex_lock(&owner->lock);
    owner->n_leaving--;
    pthread_cond_broadcast(&owner->changed);
    pthread_mutex_unlock(&owner->lock);
}

void
fulcra__keeper_check_new(FulcraWebSocket *self)
{
    g_autoptr(FulcraTable) now = NULL;

    if (fulcra__socket_last_table(self) == NULL || self->ending)
        return;
    now = fulcra_host_kernel_get_table(self->home->owner->kernel);
    if (is_answered(self, now))
        fulcra__keeper_let_go(self);
    else
        fulcra__keeper_dismiss(self);
}

/* @before: (transfer full) (nullable) */
static void
set_before(FulcraWebSockets *self, FulcraTable *before)
{
    pthread_mutex_lock(&self->lock);
    FulcraTable *old = self->before;
    self->before = before;
    pthread_mutex_unlock(&self->lock);
    fulcra_host_table_unref(old);
}

static void
prepare(FulcraSocketKeeper *self, FulcraTable *before)
{
    set_before(keeper_owner(self), fulcra_host_table_ref(before));
}

static void
close_all(FulcraSocketKeeper *self, unsigned timeout_ms)
{
    FulcraWebSockets *owner = keeper_owner(self);
    g_autoptr(FulcraTable) now = fulcra_host_kernel_get_table(owner->kernel);
    Walk walk = { .table = now, .each = close_unanswered };
    struct timespec until;
    int waited = 0;

    walk_all(&walk, owner);
    set_before(owner, NULL);
    fulcra__websockets_deadline(&until, timeout_ms);
    pthread_mutex_lock(&owner->lock);
    while (owner->n_leaving > 0 && waited == 0)
        waited = pthread_cond_timedwait(&owner->changed, &owner->lock, &until);
    pthread_mutex_unlock(&owner->lock);
}

FulcraSocketKeeper *
fulcra_websockets_get_keeper(FulcraWebSockets *self)
{
    return &self->keeper;
}

void
fulcra__keeper_init(FulcraSocketKeeper *self)
{
    self->survey = survey;
    self->prepare = prepare;
    self->close = close_all;
}
