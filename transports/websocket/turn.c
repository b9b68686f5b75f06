/* SPDX-License-Identifier: MIT */
/*
 * turn.c - a socket's requests: one at a time, in order, DELETE last and once
 *
 * A request may answer before fulcra_request_issue_async() returns. Then
 * `issuing` tells the answer to leave the next step to its caller: a hundred
 * messages in one read are a loop, not a hundred stack frames.
 */
#include "websocket/close.h"
#include "websocket/row.h"
#include "websocket/socket.h"

#include <fulcra-host/identifier.h>
#include <fulcra/error.h>
#include <fulcra/log.h>

/* --- the inbox --- */

void
fulcra__turn_clear_inbox(FulcraWebSocket *self)
{
    fulcra__inbox_clear(&self->inbox, &self->home->inboxes);
}

bool
fulcra__turn_is_full(FulcraWebSocket *self)
{
    return fulcra__inbox_is_full(self->inbox, &self->home->inboxes);
}

/* Tells the loop by how much this socket's debt has changed. */
void
fulcra__turn_count_inbound(FulcraWebSocket *self)
{
    size_t holds = fulcra__inbox_get_bytes(self->inbox) +
                   fulcra__message_held(&self->reader);
    uint32_t now = (uint32_t)MIN(holds, UINT32_MAX);

    if (now == self->inbound_counted)
        return;
    atomic_store_explicit(&self->home->inbound,
            atomic_load_explicit(&self->home->inbound, memory_order_relaxed) +
                    (int64_t)now - self->inbound_counted,
            memory_order_relaxed);
    self->inbound_counted = now;
}

/* --- back-pressure --- */

static void
turn_stop_reading(FulcraWebSocket *self, const FulcraInput *rest)
{
    if (rest != NULL)
        fulcra__inbox_keep(&self->inbox, &self->home->inboxes, rest);
    fulcra__turn_count_inbound(self);
    self->paused = true;
    fulcra__wire_set_reading(self, false);
}

void
fulcra__turn_pause(FulcraWebSocket *self, const FulcraInput *rest)
{
    fulcra_host_stats_add(FULCRA_STAT_READS_PAUSED, 1);
    turn_stop_reading(self, rest);
}

void
fulcra__turn_put_off(FulcraWebSocket *self, const FulcraInput *rest)
{
    turn_stop_reading(self, rest);
    fulcra__socket_put_off(self);
}

/* Whether all that was read has been taken. */
static bool
turn_take_rest(FulcraWebSocket *self)
{
    FulcraInput input = fulcra__inbox_get_rest(self->inbox);

    if (input.length > 0)
        fulcra__wire_take(self, &input);
    fulcra__inbox_set_rest(&self->inbox, &self->home->inboxes, &input);
    return input.length == 0;
}

/* Takes more of what was read, then reads again. Whether there is now
 * something to be done. */
static bool
turn_refill(FulcraWebSocket *self)
{
    if (!self->paused || self->ending || self->wire != FULCRA_WIRE_OPEN ||
            fulcra__inbox_get_length(self->inbox) >
                    self->home->inboxes.size / 2 ||
            self->home->choked)
        return false;
    bool all = turn_take_rest(self);
    if (!fulcra__turn_is_full(self)) {
        self->paused = !all && !self->ending;
        fulcra__wire_set_reading(self, !self->paused && !self->ending);
        if (self->paused)
            fulcra__socket_put_off(self);
    }
    fulcra__turn_count_inbound(self);
    return self->turn == FULCRA_TURN_FREE &&
           (fulcra__inbox_get_length(self->inbox) > 0 || self->ending);
}

/* --- SINK --- */

static void
turn_finished(FulcraWebSocket *self)
{
    self->turn = FULCRA_TURN_FREE;
    if (!self->issuing)
        fulcra__turn_advance(self);
}

static void
sink_returned(FulcraRequest *request, void *user_data)
{
    FulcraWebSocket *self = user_data;

    if (self->turn == FULCRA_TURN_HELD && !self->released)
        turn_finished(self);
}

/* Its time is up. Where its code still runs, the turn is not given to another
 * request: nothing of this socket runs twice at once. */
static void
sink_timed_out(FulcraWebSocket *self, FulcraRequest *request)
{
    self->turn = FULCRA_TURN_HELD;
    fulcra_host_request_when_returned(request, sink_returned, self);
    if (self->turn == FULCRA_TURN_HELD)
        fulcra__socket_end(self, FULCRA_CLOSE_INTERNAL, "timed out",
                FULCRA_CLOSE_INTERNAL, true);
}

static void
sink_failed(FulcraWebSocket *self, const GError *error)
{
    fulcra_host_stats_add(FULCRA_STAT_SINKS_FAILED, 1);
    fulcra_log_warning(NULL, "socket %s: SINK %s failed: %s",
            fulcra__socket_name(self),
            fulcra_identifier_get_text(self->identifier), error->message);
    if (self->home->limits.close_on_error)
        fulcra__socket_end(self, FULCRA_CLOSE_INTERNAL, "failed",
                FULCRA_CLOSE_INTERNAL, true);
}

void
fulcra__turn_answered(
        FulcraWebSocket *self, FulcraRequest *request, const GError *error)
{
    if (self->released) /* the server did not wait for it */
        return;
    if (error != NULL) {
        sink_failed(self, error);
        if (g_error_matches(error, FULCRA_ERROR, FULCRA_ERROR_TIMEOUT)) {
            sink_timed_out(self, request);
            return;
        }
    }
    turn_finished(self);
}

static void
sink_answered(FulcraRequest *request, FulcraRepresentation *answer,
        const GError *error, void *user_data)
{
    fulcra__turn_answered(user_data, request, error);
}

/* What was resolved for the last message serves the next, until spaces were
 * published. False where nothing answers any more: the endpoint has gone. */
static bool
keep_resolution(FulcraWebSocket *self, FulcraRequest *request)
{
    FulcraResolution *fresh, *kept = self->resolution;

    if (kept != NULL) {
        fulcra_host_request_use_resolution(request, kept);
        if (fulcra_request_get_endpoint_id(request) != NULL)
            return true; /* it is of the table of this request */
    }
    fresh = fulcra__paths_resolve(
            self->home, fulcra__socket_front(self), self->identifier, request);
    if (fresh == NULL)
        return kept == NULL; /* it fails by itself, and says why */
    g_clear_pointer(&self->resolution, fulcra_host_resolution_unref);
    self->resolution = fresh;
    fulcra_host_request_use_resolution(request, fresh);
    return true;
}

/* A page that watches its messages is told of each by the loop. */
static void
issue_sink(FulcraWebSocket *self, FulcraRequest *request)
{
    self->turn = FULCRA_TURN_BUSY;
    self->serial = fulcra_host_request_is_serial(request) && !self->stripped;
    self->issuing = true;
    if (self->serial && fulcra__inbox_get_length(self->inbox) > 0)
        fulcra__row_issue(self, request);
    else
        fulcra_request_issue_async(request, sink_answered, self);
    self->issuing = false;
}

static void
start_sink(FulcraWebSocket *self, FulcraRepresentation *message)
{
    FulcraRequest *request = fulcra_host_request_new_root(
            self->home->owner->kernel, fulcra__socket_front(self), &self->layer,
            FULCRA_VERB_SINK, self->identifier);

    fulcra_host_request_take_primary(request, message);
    fulcra__socket_trace(self, request);
    if (keep_resolution(self, request))
        issue_sink(self, request);
    else
        fulcra__keeper_dismiss(self);
    fulcra_request_unref(request);
}

void
fulcra__turn_deliver(FulcraWebSocket *self, FulcraRepresentation *message)
{
    if (self->turn == FULCRA_TURN_FREE && !self->serial &&
            fulcra__inbox_get_length(self->inbox) == 0)
        start_sink(self, message);
    else
        fulcra__inbox_push(&self->inbox, &self->home->inboxes, message);
}

/* --- DELETE --- */

static void
delete_answered(FulcraRequest *request, FulcraRepresentation *answer,
        const GError *error, void *user_data)
{
    FulcraWebSocket *self = user_data;

    if (self->released)
        return;
    if (error != NULL &&
            !g_error_matches(error, FULCRA_ERROR, FULCRA_ERROR_UNRESOLVED))
        fulcra_log_warning(NULL, "socket %s: DELETE failed: %s",
                fulcra__socket_name(self), error->message);
    if (self->registered)
        fulcra__registry_remove(self->home->owner, self->handle);
    self->registered = false;
    self->turn = FULCRA_TURN_DONE;
    fulcra__keeper_let_go(self);
    fulcra__socket_check_end(self);
}

/* (transfer full) */
static FulcraIdentifier *
delete_identifier(FulcraWebSocket *self)
{
    g_autoptr(FulcraIdentifier) with_status = NULL;
    char status[8];

    g_snprintf(status, sizeof(status), "%u", self->ending->status);
    with_status = fulcra_host_identifier_with_text_argument(
            self->identifier, fulcra_intern("status"), status);
    return fulcra_host_identifier_with_text_argument(
            with_status, fulcra_intern("reason"), self->ending->reason);
}

static void
start_delete(FulcraWebSocket *self)
{
    g_autoptr(FulcraIdentifier) identifier = delete_identifier(self);
    FulcraKernel *kernel = self->home->owner->kernel;
    FulcraTable *last = fulcra__socket_last_table(self);
    g_autoptr(FulcraTable) table =
            last != NULL ? fulcra_host_table_ref(last)
                         : fulcra_host_kernel_get_table(kernel);
    g_autoptr(FulcraRequest) request = fulcra_host_request_new_root_in(kernel,
            table, fulcra__socket_front(self), &self->layer, FULCRA_VERB_DELETE,
            identifier);

    fulcra__handle_set_state(self->handle, FULCRA_HANDLE_CLOSED);
    fulcra__subscriptions_clear(self);
    fulcra__audience_leave_all(self);
    fulcra__socket_trace(self, request);
    fulcra_host_stats_add(FULCRA_STAT_DELETES, 1);
    self->turn = FULCRA_TURN_DELETE;
    fulcra_request_issue_async(request, delete_answered, self);
}

/* --- the machine --- */

void
fulcra__turn_advance(FulcraWebSocket *self)
{
    FulcraRepresentation *message;

    if (self->advancing || self->issuing)
        return;
    self->advancing = true;
    do {
        while (self->turn == FULCRA_TURN_FREE &&
                (message = fulcra__inbox_pop(
                         &self->inbox, &self->home->inboxes)) != NULL)
            start_sink(self, message);
        if (self->turn == FULCRA_TURN_FREE && self->ending) {
            fulcra__wire_begin_close(self);
            start_delete(self);
        }
    } while (turn_refill(self));
    self->advancing = false;
}
