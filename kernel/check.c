/* SPDX-License-Identifier: MIT */

/*
 * check.c - asking whether an answer still holds
 *
 * The request that found the answer waits; those that ask the same meanwhile
 * wait for it, as for an evaluation. The checks are sub-requests of it, outside
 * of any context: what they say is said to all who share the answer.
 */

#include "private/check.h"
#include "private/cache.h"
#include "private/request.h"
#include "private/run.h"
#include <fulcra-host/stats.h>
#include <fulcra/identifier.h>
#include <fulcra/representation.h>

#define INTERVAL_US G_USEC_PER_SEC
#define TIMEOUT_MS  1000 /* longer means no */

FulcraCheck *
fulcra__check_new(FulcraIdentifier *identifier, const FulcraPlaces *places)
{
    FulcraCheck *self = g_new0(FulcraCheck, 1);

    fulcra_refs_init(&self->refs);
    self->identifier = fulcra_identifier_ref(identifier);
    self->places = places == NULL ? 0 : places->number;
    atomic_init(&self->held_us, g_get_monotonic_time());
    return self;
}

FulcraCheck *
fulcra__check_ref(FulcraCheck *self)
{
    fulcra_refs_take(&self->refs);
    return self;
}

void
fulcra__check_unref(FulcraCheck *self)
{
    if (!fulcra_refs_drop(&self->refs))
        return;
    fulcra_identifier_unref(self->identifier);
    g_free(self);
}

bool
fulcra__check_is_due(const FulcraCheck *self, int64_t now_us)
{
    return now_us -
                   atomic_load_explicit(&self->held_us, memory_order_relaxed) >=
           INTERVAL_US;
}

/* --- asking --- */

typedef struct {
    FulcraRequest *request; /* held */
    FulcraRepresentation *answer;
    FulcraLedger *ledger;
    atomic_uint left;
    atomic_bool failed;
} Poll;

typedef struct {
    Poll *poll;
    FulcraCheck *check; /* of the poll's ledger */
    int64_t asked_us;
} Asked;

/* False where its time was up meanwhile: see flight.c, request_lead(). */
static bool
request_begin_evaluation(FulcraRequest *self)
{
    pthread_mutex_lock(&self->root->lock);
    bool pending = atomic_load(&self->phase) == PHASE_PENDING;
    if (pending)
        self->evaluated_us = g_get_monotonic_time();
    pthread_mutex_unlock(&self->root->lock);
    return pending;
}

static void
poll_decide(Poll *self)
{
    bool holds = !atomic_load(&self->failed);

    fulcra_host_stats_add(
            holds ? FULCRA_STAT_CACHE_HITS : FULCRA_STAT_CACHE_EXPIRED, 1);
    if (holds)
        fulcra__cache_give(self->request,
                fulcra_representation_ref(self->answer),
                fulcra__ledger_ref(self->ledger), "hit");
    else if (request_begin_evaluation(self->request))
        fulcra__request_again(fulcra_request_ref(self->request));
}

/* One less to wait for; the last one decides. */
static void
poll_end_one(Poll *self)
{
    if (atomic_fetch_sub(&self->left, 1) != 1)
        return;
    poll_decide(self);
    fulcra_representation_unref(self->answer);
    fulcra__ledger_unref(self->ledger);
    fulcra_request_unref(self->request);
    g_free(self);
}

static void
check_answered(FulcraRequest *request, FulcraRepresentation *answer,
        const GError *error, void *user_data)
{
    Asked *asked = user_data;
    bool holds = answer != NULL && fulcra_representation_get_bool(answer);
    bool unwanted =
            g_error_matches(error, FULCRA_ERROR, FULCRA_ERROR_CANCELLED);

    (void)request;
    if (holds) {
        atomic_store(&asked->check->held_us, asked->asked_us);
    } else {
        atomic_store(&asked->poll->failed, true);
        if (!unwanted)
            atomic_store(&asked->check->over, true);
    }
    poll_end_one(asked->poll);
    g_free(asked);
}

static void
check_ask(FulcraCheck *self, Poll *poll, int64_t now)
{
    FulcraPlaces *places =
            fulcra__table_find_places(poll->request->root->table, self->places);

    if (places == NULL) {
        atomic_store(&self->over, true);
        atomic_store(&poll->failed, true);
        return;
    }
    g_autoptr(FulcraRequest) request = fulcra_request_new(
            poll->request, FULCRA_VERB_EXISTS, self->identifier);
    Asked *asked = g_new(Asked, 1);

    *asked = (Asked){ poll, self, now };
    request->places = places;
    request->context = NULL;
    request->independent = true;
    request->wanted = fulcra_intern(FULCRA_TYPE_BOOL);
    fulcra_request_set_timeout(request, TIMEOUT_MS);
    atomic_fetch_add(&poll->left, 1);
    fulcra_request_issue_async(request, check_answered, asked);
}

void
fulcra__checks_ask(FulcraRequest *request, FulcraRepresentation *answer,
        FulcraLedger *ledger)
{
    int64_t now = g_get_monotonic_time();
    Poll *poll = g_new0(Poll, 1);

    poll->request = fulcra_request_ref(request);
    poll->answer = answer;
    poll->ledger = ledger;
    atomic_init(&poll->left, 1);
    for (unsigned i = 0; i < ledger->n_checks; i++)
        if (fulcra__check_is_due(ledger->checks[i], now))
            check_ask(ledger->checks[i], poll, now);
    poll_end_one(poll);
}
