/* SPDX-License-Identifier: MIT */

/*
 * gate.c - lanes with a bounded number inside and a bounded queue in front
 *
 * One mutex guards all lanes; it is never held while a ticket's owner is
 * called. A lane lives as long as somebody is in it (`holds`), so there are
 * never more lanes than tickets.
 *
 * What enters may leave at once, and so let in the next, which may leave at
 * once: that must be a loop, not a stack as deep as the queue is long. Each
 * thread therefore remembers which lanes it is advancing; further down in the
 * same stack a lane is not advanced again.
 */

#include "spaces/gate.h"

#include <string.h>

struct _FulcraGateLane {
    char *key;
    unsigned inside, waiting, holds;
    FulcraGateTicket *first, *last; /* that wait */
};

struct _FulcraGate {
    FulcraRefs refs;
    const FulcraGateClass *klass;
    FulcraGateLimits limits;
    pthread_mutex_t lock;
    GHashTable *lanes; /* guarded by lock, as all that is in it */
    bool closed;
};

/* A lane that this thread advances, further up in its stack. */
typedef struct _Advance Advance;
struct _Advance {
    const FulcraGateLane *lane;
    Advance *outer;
};

static _Thread_local Advance *advances;

static void
lane_free(void *data)
{
    FulcraGateLane *self = data;

    g_free(self->key);
    g_free(self);
}

FulcraGate *
fulcra__gate_new(const FulcraGateClass *klass, const FulcraGateLimits *limits)
{
    FulcraGate *self = g_new0(FulcraGate, 1);

    g_return_val_if_fail(limits->concurrency > 0, NULL);
    fulcra_refs_init(&self->refs);
    self->klass = klass;
    self->limits = *limits;
    pthread_mutex_init(&self->lock, NULL);
    self->lanes =
            g_hash_table_new_full(g_str_hash, g_str_equal, NULL, lane_free);
    return self;
}

FulcraGate *
fulcra__gate_ref(FulcraGate *self)
{
    fulcra_refs_take(&self->refs);
    return self;
}

void
fulcra__gate_unref(FulcraGate *self)
{
    if (self == NULL || !fulcra_refs_drop(&self->refs))
        return;
    g_hash_table_unref(self->lanes);
    pthread_mutex_destroy(&self->lock);
    g_free(self);
}

/* --- lanes: with the lock held --- */

static FulcraGateLane *
lane_hold(FulcraGate *self, const char *key, FulcraGateTicket *ticket)
{
    FulcraGateLane *lane = g_hash_table_lookup(self->lanes, key);

    if (lane == NULL) {
        lane = g_new0(FulcraGateLane, 1);
        lane->key = g_strdup(key);
        g_hash_table_insert(self->lanes, lane->key, lane);
    }
    lane->holds++;
    ticket->lane = lane;
    ticket->next = NULL;
    return lane;
}

static void
lane_drop(FulcraGate *self, FulcraGateTicket *ticket)
{
    FulcraGateLane *lane = g_steal_pointer(&ticket->lane);

    if (--lane->holds == 0)
        g_hash_table_remove(self->lanes, lane->key);
}

static void
lane_push(FulcraGateLane *self, FulcraGateTicket *ticket)
{
    ticket->next = NULL;
    if (self->last != NULL)
        self->last->next = ticket;
    else
        self->first = ticket;
    self->last = ticket;
    self->waiting++;
}

static FulcraGateTicket *
lane_pop(FulcraGateLane *self)
{
    FulcraGateTicket *ticket = self->first;

    if (ticket == NULL)
        return NULL;
    self->first = ticket->next;
    if (self->first == NULL)
        self->last = NULL;
    ticket->next = NULL;
    self->waiting--;
    return ticket;
}

/* --- turning away: tickets are gathered first, with the lock held --- */

typedef struct {
    FulcraGateTicket *tickets;
    FulcraGateReason reason;
} Turned;

static void
turned_add(FulcraGate *self, Turned *turned, FulcraGateTicket *ticket)
{
    lane_drop(self, ticket);
    ticket->next = turned->tickets;
    turned->tickets = ticket;
}

static void
turned_tell(FulcraGate *self, Turned *turned)
{
    while (turned->tickets != NULL) {
        FulcraGateTicket *ticket = turned->tickets;

        turned->tickets = ticket->next;
        self->klass->turn_away(ticket, turned->reason);
    }
}

/* Takes out of the queue who has no use for it. */
static void
lane_sweep(FulcraGate *self, FulcraGateLane *lane, Turned *unwanted)
{
    for (unsigned n = lane->waiting; n > 0; n--) {
        FulcraGateTicket *ticket = lane_pop(lane);

        if (self->klass->is_wanted(ticket))
            lane_push(lane, ticket);
        else
            turned_add(self, unwanted, ticket);
    }
}

/* --- letting in --- */

static bool
is_advancing(const FulcraGateLane *lane)
{
    for (Advance *one = advances; one != NULL; one = one->outer)
        if (one->lane == lane)
            return true;
    return false;
}

/* The next that may enter, if one may. Takes and leaves the lock. */
static FulcraGateTicket *
lane_admit(FulcraGate *self, FulcraGateLane *lane, Turned *unwanted)
{
    FulcraGateTicket *ticket = NULL;

    pthread_mutex_lock(&self->lock);
    while (lane->inside < self->limits.concurrency &&
            (ticket = lane_pop(lane)) != NULL) {
        if (self->klass->is_wanted(ticket)) {
            lane->inside++;
            break;
        }
        turned_add(self, unwanted, ticket);
    }
    pthread_mutex_unlock(&self->lock);
    return ticket;
}

/* The caller has a hold on @lane. */
static void
lane_advance(FulcraGate *self, FulcraGateLane *lane)
{
    Advance here = { lane, advances };
    Turned unwanted = { NULL, FULCRA_GATE_UNWANTED };
    FulcraGateTicket *ticket;

    if (is_advancing(lane))
        return;
    advances = &here;
    while ((ticket = lane_admit(self, lane, &unwanted)) != NULL)
        self->klass->enter(ticket);
    advances = here.outer;
    turned_tell(self, &unwanted);
}

/* --- asking --- */

/* Finds a place for @ticket, with the lock held: true where it may enter. */
static bool
lane_place(FulcraGate *self, FulcraGateLane *lane, FulcraGateTicket *ticket,
        Turned *unwanted, Turned *turned)
{
    const FulcraGateLimits *limits = &self->limits;

    if (lane->inside < limits->concurrency && lane->waiting == 0) {
        lane->inside++;
        return true;
    }
    if (lane->waiting >= limits->queue)
        lane_sweep(self, lane, unwanted);
    if (lane->waiting >= limits->queue && limits->newest_waits &&
            lane->waiting > 0) {
        turned->reason = FULCRA_GATE_REPLACED;
        turned_add(self, turned, lane_pop(lane));
    }
    if (lane->waiting < limits->queue && !self->closed)
        lane_push(lane, ticket);
    else
        turned_add(self, turned, ticket);
    return false;
}

void
fulcra__gate_ask(FulcraGate *self, const char *key, FulcraGateTicket *ticket)
{
    Turned unwanted = { NULL, FULCRA_GATE_UNWANTED };
    Turned turned = { NULL, FULCRA_GATE_FULL };

    pthread_mutex_lock(&self->lock);
    if (self->closed)
        turned.reason = FULCRA_GATE_CLOSED;
    bool enters = lane_place(
            self, lane_hold(self, key, ticket), ticket, &unwanted, &turned);
    pthread_mutex_unlock(&self->lock);
    turned_tell(self, &unwanted);
    turned_tell(self, &turned);
    if (enters)
        self->klass->enter(ticket);
}

void
fulcra__gate_pass(FulcraGate *self, const char *key, FulcraGateTicket *ticket)
{
    pthread_mutex_lock(&self->lock);
    lane_hold(self, key, ticket)->inside++;
    pthread_mutex_unlock(&self->lock);
    self->klass->enter(ticket);
}

/* --- leaving --- */

void
fulcra__gate_leave(FulcraGate *self, FulcraGateTicket *ticket)
{
    pthread_mutex_lock(&self->lock);
    ticket->lane->inside--;
    pthread_mutex_unlock(&self->lock);
}

void
fulcra__gate_next(FulcraGate *self, FulcraGateTicket *ticket)
{
    lane_advance(self, ticket->lane);
    pthread_mutex_lock(&self->lock);
    lane_drop(self, ticket);
    pthread_mutex_unlock(&self->lock);
}

void
fulcra__gate_close(FulcraGate *self)
{
    Turned turned = { NULL, FULCRA_GATE_CLOSED };
    GHashTableIter each;
    void *value;

    pthread_mutex_lock(&self->lock);
    self->closed = true;
    g_autoptr(GPtrArray) lanes = g_ptr_array_new();
    g_hash_table_iter_init(&each, self->lanes);
    while (g_hash_table_iter_next(&each, NULL, &value))
        if (((FulcraGateLane *)value)->waiting > 0)
            g_ptr_array_add(lanes, value);
    for (unsigned i = 0; i < lanes->len; i++) {
        FulcraGateLane *lane = lanes->pdata[i];

        /* the last of them may take the lane along */
        for (unsigned n = lane->waiting; n > 0; n--)
            turned_add(self, &turned, lane_pop(lane));
    }
    pthread_mutex_unlock(&self->lock);
    turned_tell(self, &turned);
}
