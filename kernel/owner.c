/* SPDX-License-Identifier: MIT */

/*
 * owner.c - see <fulcra-host/owner.h>
 *
 * Only endpoints of modules that hand state over have an owner, so the lock is
 * paid for by those alone. `inside` counts requests from before their code runs
 * until it has returned and the answer is there, whichever comes last. Parked
 * requests are queued again when the door opens, and then look for themselves
 * what has become of it.
 */

#include "private/owner.h"
#include "private/space.h"
#include "private/thread.h"

#include <errno.h>
#include <string.h>
#include <time.h>

typedef enum {
    DOOR_OPEN,
    DOOR_HELD,
    DOOR_MOVED,
} Door;

struct _FulcraOwner {
    FulcraRefs refs;
    pthread_mutex_t lock;
    pthread_cond_t empty;
    Door door; /* guarded by lock, as all below */
    size_t inside;
    GPtrArray *parked;    /* of FulcraRequest, held */
    GPtrArray *endpoints; /* (nullable) of FulcraEndpoint: where it moved */
};

FulcraOwner *
fulcra_host_owner_new(void)
{
    FulcraOwner *self = g_new0(FulcraOwner, 1);

    fulcra_refs_init(&self->refs);
    pthread_mutex_init(&self->lock, NULL);
    pthread_cond_init(&self->empty, NULL);
    self->parked = g_ptr_array_new();
    return self;
}

FulcraOwner *
fulcra_host_owner_ref(FulcraOwner *self)
{
    fulcra_refs_take(&self->refs);
    return self;
}

void
fulcra_host_owner_unref(FulcraOwner *self)
{
    if (self == NULL || !fulcra_refs_drop(&self->refs))
        return;
    g_assert(self->inside == 0 && self->parked->len == 0);
    g_ptr_array_unref(self->parked);
    g_clear_pointer(&self->endpoints, g_ptr_array_unref);
    pthread_cond_destroy(&self->empty);
    pthread_mutex_destroy(&self->lock);
    g_free(self);
}

void
fulcra_host_endpoint_set_owner(FulcraEndpoint *self, FulcraOwner *owner)
{
    g_return_if_fail(self != NULL && owner != NULL && self->owner == NULL);
    self->owner = fulcra_host_owner_ref(owner);
}

/* --- requests --- */

static bool
is_inside(const FulcraRequest *self)
{
    unsigned bits = atomic_load(&self->inside);

    return (bits & FULCRA__INSIDE_ENTERED) != 0 && bits != FULCRA__INSIDE_ALL;
}

/* Whether @self is part of what somebody inside does. */
static bool
belongs_inside(const FulcraOwner *self, const FulcraRequest *request)
{
    for (request = request->parent; request != NULL; request = request->parent)
        if (request->endpoint != NULL && request->endpoint->owner == self &&
                is_inside(request))
            return true;
    return false;
}

/* With the lock held. (transfer none) (nullable) */
static FulcraEndpoint *
find_endpoint(const FulcraOwner *self, const FulcraRequest *request)
{
    for (unsigned i = 0; i < self->endpoints->len; i++) {
        FulcraEndpoint *one = self->endpoints->pdata[i];

        if (strcmp(one->id, request->endpoint->id) == 0)
            return fulcra__endpoint_get_handler(one, request->verb) != NULL
                           ? one
                           : NULL;
    }
    return NULL;
}

static FulcraEntered
owner_admit(
        FulcraOwner *self, FulcraRequest *request, FulcraEndpoint **endpoint)
{
    if (self->door == DOOR_MOVED) {
        *endpoint = find_endpoint(self, request);
        if (*endpoint != NULL || request->verb != FULCRA_VERB_DELETE)
            return FULCRA__OWNER_MOVED;
        self->inside++; /* a DELETE always arrives */
        return FULCRA__OWNER_ENTERED;
    }
    if (self->door == DOOR_HELD && !belongs_inside(self, request)) {
        if (request->answered == NULL && fulcra__thread_self()->loop != NULL)
            return FULCRA__OWNER_REFUSED;
        g_ptr_array_add(self->parked, fulcra_request_ref(request));
        return FULCRA__OWNER_PARKED;
    }
    self->inside++;
    return FULCRA__OWNER_ENTERED;
}

FulcraEntered
fulcra__owner_enter(FulcraRequest *self, FulcraEndpoint **endpoint)
{
    FulcraOwner *owner = self->endpoint->owner;

    pthread_mutex_lock(&owner->lock);
    FulcraEntered entered = owner_admit(owner, self, endpoint);
    pthread_mutex_unlock(&owner->lock);
    if (entered == FULCRA__OWNER_ENTERED)
        fulcra__owner_mark(self, FULCRA__INSIDE_ENTERED);
    return entered;
}

void
fulcra__owner_mark(FulcraRequest *self, unsigned bit)
{
    FulcraOwner *owner = self->endpoint->owner;
    unsigned before = atomic_fetch_or(&self->inside, bit);

    if ((before & bit) != 0 || (before | bit) != FULCRA__INSIDE_ALL)
        return;
    pthread_mutex_lock(&owner->lock);
    if (--owner->inside == 0)
        pthread_cond_broadcast(&owner->empty);
    pthread_mutex_unlock(&owner->lock);
}

/* --- the door --- */

/* Opens the door to somewhere. Those who wait take the order in which they
 * came. @endpoints: (transfer full) (nullable) */
static void
owner_open(FulcraOwner *self, Door door, GPtrArray *endpoints)
{
    pthread_mutex_lock(&self->lock);
    self->door = door;
    GPtrArray *before = self->endpoints;
    self->endpoints = endpoints;
    g_autoptr(GPtrArray) parked = g_steal_pointer(&self->parked);
    self->parked = g_ptr_array_new();
    pthread_mutex_unlock(&self->lock);
    for (unsigned i = 0; i < parked->len; i++)
        fulcra__request_queue_again(parked->pdata[i]);
    g_clear_pointer(&before, g_ptr_array_unref);
}

bool
fulcra_host_owner_hold(FulcraOwner *self, unsigned timeout_ms, size_t *left)
{
    int64_t due = g_get_monotonic_time() + (int64_t)timeout_ms * 1000;
    struct timespec until = { .tv_sec = due / G_USEC_PER_SEC,
        .tv_nsec = due % G_USEC_PER_SEC * 1000 };
    int result = 0;

    pthread_mutex_lock(&self->lock);
    g_assert(self->door == DOOR_OPEN);
    self->door = DOOR_HELD;
    while (self->inside > 0 && result == 0)
        result = pthread_cond_clockwait(
                &self->empty, &self->lock, CLOCK_MONOTONIC, &until);
    *left = self->inside;
    pthread_mutex_unlock(&self->lock);
    if (*left > 0)
        owner_open(self, DOOR_OPEN, NULL);
    return *left == 0;
}

void
fulcra_host_owner_release(FulcraOwner *self)
{
    owner_open(self, DOOR_OPEN, NULL);
}

static void
release_endpoint(void *endpoint)
{
    fulcra_host_endpoint_unref(endpoint);
}

void
fulcra_host_owner_move(
        FulcraOwner *self, FulcraEndpoint *const *endpoints, size_t n_endpoints)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(release_endpoint);

    for (size_t i = 0; i < n_endpoints; i++)
        g_ptr_array_add(list, fulcra_host_endpoint_ref(endpoints[i]));
    owner_open(self, DOOR_MOVED, list);
}
