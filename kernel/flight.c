/* SPDX-License-Identifier: MIT */

/*
 * flight.c - single flight: of simultaneous misses one evaluates
 *
 * Joining makes one tree of requests wait for another. `graph_lock` guards the
 * lists of what each tree has joined, so that a join that would close a circle
 * is seen; such a request evaluates alone. It is taken inside a shard's lock.
 */

#include "private/flight.h"
#include "private/run.h"
#include <fulcra-host/stats.h>
#include <fulcra/error.h>
#include <fulcra/representation.h>

struct _FulcraFlight {
    FulcraFlight *next;
    unsigned hash;
    FulcraRequest *leader; /* alive as long as the flight is */
    GPtrArray *waiters;    /* (nullable) of FulcraRequest, held */
};

static pthread_mutex_t graph_lock = PTHREAD_MUTEX_INITIALIZER;

static FulcraFlight *
flight_new(unsigned hash, FulcraRequest *leader)
{
    FulcraFlight *self = g_new0(FulcraFlight, 1);

    self->hash = hash;
    self->leader = leader;
    leader->flight = self;
    return self;
}

static bool
asks_the_same(FulcraRequest *a, FulcraRequest *b)
{
    return a->verb == b->verb && a->wanted == b->wanted &&
           fulcra__request_get_places(a) == fulcra__request_get_places(b) &&
           fulcra_identifier_equal(a->identifier, b->identifier);
}

static bool
is_above(FulcraRequest *self, FulcraRequest *other)
{
    for (other = other->parent; other != NULL; other = other->parent)
        if (other == self)
            return true;
    return false;
}

/* With the graph's lock: whether what leads @self waits for @root. */
static bool
waits_for(FulcraFlight *self, FulcraRoot *root, int depth)
{
    FulcraRoot *leading = self->leader->root;

    if (leading == root || depth == 0)
        return true;
    for (unsigned i = 0; leading->joined && i < leading->joined->len; i++)
        if (waits_for(g_ptr_array_index(leading->joined, i), root, depth - 1))
            return true;
    return false;
}

/* Whether @request could; then it has. */
static bool
flight_join(FulcraFlight *self, FulcraRequest *request)
{
    FulcraRoot *root = request->root;

    pthread_mutex_lock(&graph_lock);
    bool circle = waits_for(self, root, 32);
    if (!circle) {
        if (self->waiters == NULL)
            self->waiters = g_ptr_array_new();
        g_ptr_array_add(self->waiters, fulcra_request_ref(request));
        if (root->joined == NULL)
            root->joined = g_ptr_array_new();
        g_ptr_array_add(root->joined, self);
    }
    pthread_mutex_unlock(&graph_lock);
    return !circle;
}

FulcraCacheVerdict
fulcra__flights_enter(FulcraFlights *self, unsigned hash,
        FulcraRequest *request, bool may_join)
{
    FulcraFlight *flight = self->first;

    while (flight != NULL &&
            (flight->hash != hash || !asks_the_same(flight->leader, request)))
        flight = flight->next;
    if (flight == NULL) {
        flight = flight_new(hash, request);
        flight->next = self->first;
        self->first = flight;
        return FULCRA__CACHE_EVALUATE;
    }
    if (is_above(flight->leader, request) &&
            flight->leader->context == request->context)
        return FULCRA__CACHE_CIRCLE;
    return may_join && flight_join(flight, request) ? FULCRA__CACHE_JOINED
                                                    : FULCRA__CACHE_EVALUATE;
}

void
fulcra__flights_leave(FulcraFlights *self, FulcraFlight *flight)
{
    FulcraFlight **at = &self->first;

    while (*at != NULL && *at != flight)
        at = &(*at)->next;
    if (*at == flight) /* one that was made at a landing is in no list */
        *at = flight->next;
}

/* --- landing --- */

static void
leave_graph(FulcraFlight *self)
{
    pthread_mutex_lock(&graph_lock);
    for (unsigned i = 0; self->waiters && i < self->waiters->len; i++) {
        FulcraRequest *waiter = g_ptr_array_index(self->waiters, i);

        g_ptr_array_remove_fast(waiter->root->joined, self);
    }
    pthread_mutex_unlock(&graph_lock);
}

/* Errors that say something of the leader rather than of the resource. */
static bool
is_of_the_leader(const GError *error)
{
    return error->code == FULCRA_ERROR_CANCELLED ||
           error->code == FULCRA_ERROR_TIMEOUT ||
           error->code == FULCRA_ERROR_OVERLOADED;
}

static bool
gives(FulcraRequest *leader, FulcraRequest *waiter)
{
    if (leader->error != NULL ? is_of_the_leader(leader->error)
                              : !leader->kept_answer)
        return false;
    return fulcra__ledger_is_valid(leader->ledger) &&
           fulcra__ledger_matches(leader->ledger, waiter);
}

static void
give(FulcraRequest *leader, FulcraRequest *waiter)
{
    fulcra_host_stats_add(FULCRA_STAT_CACHE_SHARED, 1);
    if (leader->error == NULL) {
        fulcra__cache_give(waiter, fulcra_representation_ref(leader->answer),
                leader->ledger, "shared");
        return;
    }
    fulcra__request_mark_returned(waiter);
    fulcra__request_finish(waiter, NULL, g_error_copy(leader->error));
}

/* Puts @waiter with those of the same values; whether it is the first. */
static bool
regroup(GHashTable *groups, FulcraRequest *leader, FulcraRequest *waiter,
        unsigned hash)
{
    unsigned values = fulcra__noted_hash(
            leader->ledger->noted, leader->ledger->n_noted, waiter);
    FulcraFlight *group = g_hash_table_lookup(groups, GUINT_TO_POINTER(values));

    waiter->alone = true;
    if (group == NULL)
        g_hash_table_insert(
                groups, GUINT_TO_POINTER(values), flight_new(hash, waiter));
    if (group == NULL || !flight_join(group, waiter))
        return true;
    fulcra_request_unref(waiter); /* the group holds it */
    return false;
}

void
fulcra__flight_land(FulcraFlight *self, FulcraRequest *leader,
        void (*again)(FulcraRequest *request))
{
    g_autoptr(GHashTable) groups = NULL;
    g_autoptr(GPtrArray) firsts = NULL;

    leave_graph(self);
    for (unsigned i = 0; self->waiters && i < self->waiters->len; i++) {
        FulcraRequest *waiter = g_ptr_array_index(self->waiters, i);

        if (atomic_load(&waiter->phase) != PHASE_PENDING) {
            fulcra_request_unref(waiter); /* its time was up */
        } else if (gives(leader, waiter)) {
            give(leader, waiter);
            fulcra_request_unref(waiter);
        } else {
            if (groups == NULL) {
                groups = g_hash_table_new(g_direct_hash, g_direct_equal);
                firsts = g_ptr_array_new();
            }
            if (regroup(groups, leader, waiter, self->hash))
                g_ptr_array_add(firsts, waiter);
        }
    }
    for (unsigned i = 0; firsts != NULL && i < firsts->len; i++)
        again(g_ptr_array_index(firsts, i)); /* once all groups are complete */
    g_clear_pointer(&self->waiters, g_ptr_array_unref);
    g_free(self);
}
