/* SPDX-License-Identifier: MIT */

/*
 * finish.c - the end of a request: who answers it, and who is told
 *
 * The endpoint's answer, a time-out and a cancellation race for the phase
 * PENDING; whoever takes it writes the answer, publishes it (ANSWERED), wakes
 * those who sleep on the tree, and delivers the callback on the thread where
 * it is wanted. The others are dropped.
 */

#include "private/cache.h"
#include "private/domain.h"
#include "private/error.h"
#include "private/flight.h"
#include "private/follow.h"
#include "private/kernel.h"
#include "private/mapping.h"
#include "private/owner.h"
#include "private/request.h"
#include "private/run.h"
#include "private/thread.h"
#include <fulcra-host/stats.h>
#include <fulcra/log.h>
#include <fulcra/representation.h>

/* --- finish and deliver --- */

/* Nobody waits for its callback any more. */
static void
request_called_back(FulcraRequest *self)
{
    if (fulcra__mappings_are_watched())
        fulcra__mappings_count_callback((uintptr_t)self->answered, -1);
    if (self->issuer == fulcra__thread_self() && self->issuing)
        self->called_back = true; /* fulcra_request_issue_async() drops both */
    else
        fulcra_request_unref(self);
}

static void
request_call_back(FulcraRequest *self)
{
    self->answered(self, self->answer, self->error, self->answered_data);
    request_called_back(self);
}

static void
delivery_run(FulcraTask *task)
{
    request_call_back(FULCRA__CONTAINER_OF(task, FulcraRequest, delivery));
}

static void
request_deliver(FulcraRequest *self)
{
    self->delivery.run = delivery_run;
    if (self->hand_on != NULL &&
            self->hand_on(self, self->error, self->answered_data))
        request_called_back(self);
    else if (self->deliver_domain != NULL)
        fulcra__domain_post(
                self->deliver_domain, &self->delivery, FULCRA__CONTINUE);
    else if (self->deliver_loop != NULL &&
             self->deliver_loop != fulcra__thread_self()->loop)
        self->deliver_loop->post(self->deliver_loop, &self->delivery);
    else
        request_call_back(self);
}

static void
root_wake(FulcraRoot *self)
{
    /* Pairs with request_sleep(): either it sees ANSWERED, or we see it. */
    if (atomic_load(&self->waiters) == 0)
        return;
    pthread_mutex_lock(&self->lock);
    pthread_cond_broadcast(&self->answered);
    pthread_mutex_unlock(&self->lock);
}

/* Only the thread that issued it sleeps on it, or starts its clock: where that
 * is this one, there is nobody to be woken or seen. */
static void
request_publish(FulcraRequest *self)
{
    if (self->issuer == fulcra__thread_self()) {
        atomic_store_explicit(
                &self->phase, PHASE_ANSWERED, memory_order_release);
        return;
    }
    atomic_store(&self->phase, PHASE_ANSWERED);
    root_wake(self->root);
}

/* Why what is made of this answer cannot be kept, unless it states an expiry
 * of its own. (nullable) static */
static const char *
answer_unknown(const FulcraRequest *self)
{
    FulcraExpiry expiry = fulcra__cache_stated_expiry(self);

    if (expiry == FULCRA_EXPIRY_ALWAYS)
        return "a sub-request's answer is always expired";
    if (expiry != FULCRA_EXPIRY_DEPENDENT)
        return NULL;
    if (self->ledger->unknown != NULL)
        return self->ledger->unknown;
    return self->ledger->asked || self->endpoint == NULL
                   ? NULL
                   : "a sub-request's endpoint asked for nothing and stated no "
                     "expiry";
}

static void
ledger_add_unknown(FulcraLedger *self, const FulcraRequest *request)
{
    const FulcraLedger *other = request->ledger;

    self->unknown = answer_unknown(request);
    if (self->unknown != NULL)
        self->unknown_by = fulcra_identifier_ref(
                other->unknown != NULL && other->unknown_by != NULL
                        ? other->unknown_by
                        : request->identifier);
}

/* Nothing is added to it any more, by sub-requests that end late for one. One
 * that came with the answer is another's, and was closed. Returns (transfer
 * full) (nullable): the flight that @self leads. */
static FulcraFlight *
request_close_ledger(FulcraRequest *self)
{
    int64_t at;

    if (self->from_cache != NULL)
        return g_steal_pointer(&self->flight);
    pthread_mutex_lock(&self->root->lock);
    if (self->answer != NULL && fulcra_representation_get_expiry(
                                        self->answer, &at) == FULCRA_EXPIRY_AT)
        fulcra__ledger_expire_at(self->ledger, at);
    self->ledger->closed = true;
    FulcraFlight *flight = g_steal_pointer(&self->flight);
    pthread_mutex_unlock(&self->root->lock);
    return flight;
}

/* What the answer depended on is known now: keeps it, and tells the parent.
 * Returns (transfer full) (nullable): the flight that is to land. */
static FulcraFlight *
request_settle(FulcraRequest *self)
{
    FulcraRequest *parent = self->parent;
    FulcraFlight *flight = request_close_ledger(self);

    if (self->evaluated_us != 0 || flight != NULL)
        fulcra__cache_ended(self->root->kernel->cache, self, flight);

    if (parent == NULL || parent->ledger == NULL || self->independent)
        return flight;
    if (self->root->follows && self->forwarded &&
            !fulcra__request_is_at_overlay(self)) {
        fulcra__way_in_reached(self);
        return flight;
    }
    pthread_mutex_lock(&self->root->lock);
    if (!parent->ledger->closed) {
        fulcra__ledger_merge(parent->ledger, self->ledger, self->identifier);
        parent->ledger->asked = true;
        if (self->answer != NULL)
            fulcra__ledger_remember_answer(parent->ledger, self->answer);
        if (parent->ledger->unknown == NULL)
            ledger_add_unknown(parent->ledger, self);
    }
    pthread_mutex_unlock(&self->root->lock);
    return flight;
}

static bool
request_claim(FulcraRequest *self)
{
    int pending = PHASE_PENDING;

    return atomic_compare_exchange_strong(
            &self->phase, &pending, PHASE_CLAIMED);
}

/* It is claimed. @answer, @error: (transfer full): one of them is NULL */
static void
request_complete(
        FulcraRequest *self, FulcraRepresentation *answer, GError *error)
{
    if (error != NULL) {
        g_autofree char *line = fulcra__request_describe(self);

        error = fulcra__error_adopt(error);
        fulcra__error_push(error, line);
        if (self->parent == NULL)
            fulcra_host_stats_add(FULCRA_STAT_REQUESTS_FAILED, 1);
    }
    self->answer = answer;
    self->error = error;
    FulcraFlight *flight = self->ledger == NULL ? NULL : request_settle(self);
    if (self->started_ns != 0)
        fulcra__trace_end(self);

    bool asynchronous = self->answered != NULL;
    if (self->endpoint != NULL && self->endpoint->owner != NULL)
        fulcra__owner_mark(self, FULCRA__INSIDE_ANSWERED);
    request_publish(self);
    if (asynchronous) {
        if (atomic_load(&self->timed))
            fulcra__deadlines_remove(
                    self->root->kernel->deadlines, &self->deadline);
        request_deliver(self);
    }
    if (flight != NULL)
        fulcra__flight_land(flight, self, fulcra__request_again);
}

/* Whether this call is the one that answers @self, and has.
 * @answer, @error: (transfer full): one of them is NULL */
bool
fulcra__request_finish(
        FulcraRequest *self, FulcraRepresentation *answer, GError *error)
{
    if (!request_claim(self)) {
        fulcra_representation_unref(answer);
        g_clear_error(&error);
        return false;
    }
    request_complete(self, answer, error);
    return true;
}

void
fulcra__request_finish_from(FulcraRequest *self, FulcraRepresentation *answer,
        FulcraLedger *ledger, const char *from)
{
    if (!request_claim(self)) { /* its time was up */
        fulcra_representation_unref(answer);
        fulcra__ledger_unref(ledger);
        return;
    }
    fulcra__ledger_unref(self->ledger);
    self->ledger = ledger;
    self->from_cache = from;
    request_complete(self, answer, NULL);
}

void
fulcra__request_finish_failed(
        FulcraRequest *self, FulcraErrorCode code, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    GError *error =
            g_error_new_valist(FULCRA_ERROR, (int)code, format, arguments);
    va_end(arguments);
    fulcra__request_finish(self, NULL, error);
}

/* --- time-outs and cancellations --- */

void
fulcra__request_time_out(FulcraRequest *self)
{
    g_autofree char *what = fulcra__request_describe(self);
    GError *error = g_error_new(FULCRA_ERROR, FULCRA_ERROR_TIMEOUT,
            "'%s' has not answered within the deadline",
            self->endpoint == NULL ? "?" : self->endpoint->id);

    atomic_store(&self->cancelled, true);
    bool timed_out = fulcra__request_finish(self, NULL, error);
    root_wake(self->root); /* those below it are not wanted any more */
    if (!timed_out)
        return;
    fulcra_host_stats_add(FULCRA_STAT_TIMEOUTS, 1);
    fulcra_log_warning(self, "no answer within the deadline: %s", what);
}

void
fulcra__request_hold_expiring(FulcraDeadline *entry)
{
    fulcra_request_ref(FULCRA__CONTAINER_OF(entry, FulcraRequest, deadline));
}

void
fulcra__request_expire(FulcraDeadline *entry)
{
    FulcraRequest *self = FULCRA__CONTAINER_OF(entry, FulcraRequest, deadline);

    fulcra__request_time_out(self);
    fulcra_request_unref(self);
}

void
fulcra_request_cancel(FulcraRequest *self)
{
    g_return_if_fail(self != NULL);
    fulcra_request_ref(self); /* who is told may let go of it */
    atomic_store(&self->cancelled, true);
    if (atomic_load(&self->phase) == PHASE_PENDING)
        fulcra__request_finish_failed(self, FULCRA_ERROR_CANCELLED,
                "the answer is not wanted any more");
    root_wake(self->root);
    fulcra_request_unref(self);
}

/* --- when the code of an endpoint has returned --- */

static void
request_tell_returned(FulcraRequest *self)
{
    self->when_returned(self, self->when_returned_data);
    fulcra_request_unref(self);
}

static void
return_task_run(FulcraTask *task)
{
    request_tell_returned(
            FULCRA__CONTAINER_OF(task, FulcraRequest, return_task));
}

static void
request_check_watched(FulcraRequest *self)
{
    /* Looked at first: nearly always there is nobody. */
    if (!atomic_load(&self->watched) || !atomic_exchange(&self->watched, false))
        return;
    self->return_task.run = return_task_run;
    if (self->deliver_loop != NULL &&
            self->deliver_loop != fulcra__thread_self()->loop)
        self->deliver_loop->post(self->deliver_loop, &self->return_task);
    else
        request_tell_returned(self);
}

static bool
request_is_forwarded(const FulcraRequest *self)
{
    return self->step > 0;
}

void
fulcra__request_begin_run(FulcraRequest *self)
{
    if (request_is_forwarded(self))
        atomic_fetch_add(&self->parent->running, 1);
}

/* Whether it runs within the call that issued it and has passed nobody: then
 * no other thread can wait for its return, or runs anything behind it. */
static bool
request_is_by_itself(const FulcraRequest *self)
{
    return self->issuer == fulcra__thread_self() && /* the rest is its */
           (self->issuing || self->answered == NULL) && !self->deferred &&
           self->route == NULL;
}

static unsigned
request_stop_running(FulcraRequest *self)
{
    if (!request_is_by_itself(self))
        return atomic_fetch_and(&self->running, ~FULCRA__RUNNING_ITSELF);
    unsigned before =
            atomic_load_explicit(&self->running, memory_order_relaxed);
    atomic_store_explicit(&self->running, before & ~FULCRA__RUNNING_ITSELF,
            memory_order_relaxed);
    return before;
}

void
fulcra__request_mark_returned(FulcraRequest *self)
{
    unsigned before = request_stop_running(self);

    if ((before & FULCRA__RUNNING_ITSELF) == 0)
        return;
    if (self->endpoint != NULL && self->endpoint->owner != NULL)
        fulcra__owner_mark(self, FULCRA__INSIDE_RETURNED);
    for (bool last = before == FULCRA__RUNNING_ITSELF; last;
            last = atomic_fetch_sub(&self->running, 1) == 1) {
        request_check_watched(self);
        if (!request_is_forwarded(self))
            return;
        self = self->parent;
    }
}

void
fulcra_host_request_when_returned(FulcraRequest *self,
        void (*returned)(FulcraRequest *self, void *user_data), void *user_data)
{
    self->when_returned = returned;
    self->when_returned_data = user_data;
    fulcra_request_ref(self);
    atomic_store(&self->watched, true); /* one of the two takes it back */
    if (atomic_load(&self->running) == 0 &&
            atomic_exchange(&self->watched, false))
        request_tell_returned(self);
}

bool
fulcra_host_request_is_done(FulcraRequest *self)
{
    return atomic_load(&self->phase) == PHASE_ANSWERED;
}
