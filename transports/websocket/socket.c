/* SPDX-License-Identifier: MIT */
/*
 * socket.c - a socket from its making to its release, and what its two halves
 * share
 *
 * A socket is released at the end of a turn, never in the middle of one:
 * whoever holds a pointer further up the stack may go on using it.
 */
#include "websocket/socket.h"
#include "websocket/close.h"

#include <fulcra-host/identifier.h>
#include <fulcra/log.h>
#include <string.h>

uint32_t
fulcra__socket_now_ms(FulcraSocketLoop *home)
{
    return (uint32_t)(fulcra_loop_now_ns(home->loop) / 1000000);
}

/* --- making --- */

static void
home_add(FulcraSocketLoop *home, FulcraWebSocket *self)
{
    self->next = home->sockets;
    if (self->next != NULL)
        self->next->previous = self;
    home->sockets = self;
    if (home->n_sockets++ == 0)
        fulcra_loop_set_timer(home->loop, &home->sweep, home->sweep_ms);
}

FulcraWebSocket *
fulcra__socket_new(FulcraSocketLoop *home, FulcraHttpExchange *exchange)
{
    FulcraHttpHead *head = fulcra_http_exchange_get_head(exchange);
    FulcraWebSocket *self = g_new0(FulcraWebSocket, 1);

    self->home = home;
    self->exchange = exchange;
    self->front =
            fulcra__paths_front(home, fulcra_http_exchange_get_front(exchange));
    self->identifier = fulcra__paths_identifier(
            home, fulcra__socket_front(self), fulcra_http_head_get_path(head));
    self->stream.watch.fd = -1;
    self->turn = FULCRA_TURN_NEW;
    self->heard_ms = fulcra__socket_now_ms(home);
    fulcra_host_context_init(&self->layer, fulcra__socket_class(),
            fulcra_http_head_get_context(head));
    self->layer.word = self->heard_ms;
    fulcra__handle_init(self);
    self->stripped = home->owner->strips != NULL &&
                     *fulcra_http_head_get_query(head) != '\0';
    home_add(home, self);
    return self;
}

/* Of two threads that make it at once one wins. */
FulcraSocketMore *
fulcra__socket_need_more(FulcraWebSocket *self)
{
    FulcraSocketMore *made, *there = fulcra__socket_get_more(self);

    if (there != NULL)
        return there;
    made = g_new0(FulcraSocketMore, 1);
    if (atomic_compare_exchange_strong(&self->more, &there, made))
        return made;
    g_free(made);
    return there;
}

bool
fulcra__socket_take_id(FulcraWebSocket *self, const char *id)
{
    const char *name = fulcra_intern("socketid");
    FulcraIdentifier *named = fulcra_host_identifier_with_text_argument(
            self->identifier, name, id);

    self->handle->id = fulcra_host_identifier_get_text_argument(named, name);
    self->registered = fulcra__registry_add(self->home->owner, self->handle);
    if (!self->registered) {
        self->handle->id = NULL;
        fulcra_identifier_unref(named);
        return false;
    }
    fulcra_identifier_unref(self->identifier);
    self->identifier = named;
    fulcra__audience_show(self);
    return true;
}

/* --- ending --- */

void
fulcra__socket_end(FulcraWebSocket *self, unsigned status, const char *reason,
        unsigned send_code, bool here)
{
    if (here)
        fulcra__handle_set_state(self->handle, FULCRA_HANDLE_CLOSING);
    if (self->ending && (!here || self->ended_here))
        return;
    self->ended_here = here;
    if (self->ending) { /* the server does not wait for what waits */
        fulcra__turn_clear_inbox(self);
        fulcra__wire_begin_close(self);
        return;
    }
    self->ending = g_new0(FulcraSocketEnding, 1);
    self->ending->status = (uint16_t)status;
    self->ending->send_code = (uint16_t)send_code;
    self->ending->reason = g_strdup(reason == NULL ? "" : reason);
    self->ending->deadline_ms =
            fulcra__socket_now_ms(self->home) + self->home->limits.closing_ms;
    if (here) {
        fulcra__turn_clear_inbox(self);
        fulcra__wire_begin_close(self);
    } else if (self->wire == FULCRA_WIRE_OPEN) {
        fulcra__wire_stop_reading(self);
    }
    fulcra__turn_advance(self);
}

static void
ending_free(FulcraSocketEnding *ending)
{
    if (ending != NULL)
        g_free(ending->reason);
    g_free(ending);
}

static void
socket_release(FulcraWebSocket *self)
{
    FulcraSocketLoop *home = self->home;

    if (self->previous != NULL)
        self->previous->next = self->next;
    else
        home->sockets = self->next;
    if (self->next != NULL)
        self->next->previous = self->previous;
    if (--home->n_sockets == 0)
        fulcra_loop_clear_timer(home->loop, &home->sweep);

    if (self->put_off)
        g_ptr_array_remove_fast(home->put_off, self);
    if (home->walked == self)
        home->walked = self->next;
    fulcra__keeper_let_go(self);
    fulcra__subscriptions_clear(self);
    fulcra__audience_leave_all(self);
    fulcra__turn_clear_inbox(self);
    fulcra__message_reader_clear(&self->reader);
    fulcra__outbound_clear(&self->outbound, &home->outbound);
    fulcra__turn_count_inbound(self);
    g_clear_pointer(&self->resolution, fulcra_host_resolution_unref);
    g_clear_pointer(&self->identifier, fulcra_identifier_unref);
    ending_free(g_steal_pointer(&self->ending));
    self->handle->gone = true;
    self->handle->id = NULL;
    fulcra__registry_leave(home->owner,
            fulcra_http_head_get_remote_host(fulcra__socket_head(self)));
    fulcra_host_context_unref(&self->layer);
}

void
fulcra__socket_check_end(FulcraWebSocket *self)
{
    FulcraSocketMore *more = fulcra__socket_get_more(self);
    FulcraValues *values = more == NULL ? NULL : atomic_load(&more->values);

    if (self->turn != FULCRA_TURN_DONE || self->released)
        return;
    if (self->wire != FULCRA_WIRE_CLOSED && self->wire != FULCRA_WIRE_NONE)
        return;
    if (values != NULL)
        fulcra_host_values_close(values);
    self->released = true;
    fulcra__socket_mark_dirty(self);
}

/* --- what a page may watch --- */

FulcraStripTag *
fulcra__socket_get_tag(FulcraWebSocket *self)
{
    return !self->stripped ? NULL
                           : fulcra__strips_open(self->home->owner->strips,
                                     fulcra_http_head_get_query(
                                             fulcra__socket_head(self)));
}

void
fulcra__socket_trace(FulcraWebSocket *self, FulcraRequest *root)
{
    FulcraStripTag *tag = fulcra__socket_get_tag(self);

    if (tag != NULL)
        fulcra__strip_tag_trace(tag, root);
    fulcra__strip_tag_unref(tag);
}

/* --- the end of a turn of the loop --- */

void
fulcra__socket_mark_dirty(FulcraWebSocket *self)
{
    if (self->dirty)
        return;
    self->dirty = true;
    g_ptr_array_add(self->home->dirty, self);
}

void
fulcra__socket_put_off(FulcraWebSocket *self)
{
    if (self->put_off)
        return;
    self->put_off = true;
    g_ptr_array_add(self->home->put_off, self);
}

/* None is released before the turn ends. */
void
fulcra__socket_run_put_off(FulcraTask *task)
{
    FulcraSocketLoop *home =
            (FulcraSocketLoop *)((char *)task -
                                 G_STRUCT_OFFSET(
                                         FulcraSocketLoop, put_off_task));
    unsigned n = home->put_off->len;

    home->put_off_posted = false;
    for (unsigned i = 0; i < n; i++) {
        FulcraWebSocket *self = g_ptr_array_index(home->put_off, i);

        self->put_off = false; /* it may be put off again, behind these */
        fulcra__turn_advance(self);
    }
    g_ptr_array_remove_range(home->put_off, 0, n);
}

static void
post_put_off(FulcraSocketLoop *home)
{
    if (home->put_off->len == 0 || home->put_off_posted)
        return;
    home->put_off_posted = true;
    fulcra_loop_post(home->loop, &home->put_off_task);
}

static void
collect_counts(FulcraSocketLoop *home)
{
    if (home->got_bytes > 0 || home->got_messages > 0) {
        fulcra_host_stats_add(
                FULCRA_STAT_MESSAGES_IN, (int64_t)home->got_messages);
        fulcra_host_stats_add(FULCRA_STAT_BYTES_IN, (int64_t)home->got_bytes);
        fulcra_host_stats_add(
                FULCRA_STAT_INFLATED, (int64_t)home->got_deflated);
        home->got_messages = home->got_bytes = home->got_deflated = 0;
    }
    if (home->outbound.sent_bytes > 0) {
        fulcra_host_stats_add(FULCRA_STAT_MESSAGES_OUT,
                (int64_t)home->outbound.sent_messages);
        fulcra_host_stats_add(
                FULCRA_STAT_BYTES_OUT, (int64_t)home->outbound.sent_bytes);
        fulcra_host_stats_add(
                FULCRA_STAT_DEFLATE_SAVED, (int64_t)home->outbound.saved_bytes);
        home->outbound.sent_messages = home->outbound.sent_bytes = 0;
        home->outbound.saved_bytes = 0;
    }
    if (home->outbound.delivered > 0)
        fulcra_host_stats_add(
                FULCRA_STAT_DELIVERED, (int64_t)home->outbound.delivered);
    home->outbound.delivered = 0;
}

void
fulcra__socket_run_dirty(FulcraTurnEnd *hook)
{
    FulcraSocketLoop *home =
            (FulcraSocketLoop *)((char *)hook -
                                 G_STRUCT_OFFSET(FulcraSocketLoop, turn_end));

    fulcra__audiences_deliver(home);
    while (home->dirty->len > 0) {
        FulcraWebSocket *self = home->dirty->pdata[--home->dirty->len];

        self->dirty = false;
        if (self->released)
            socket_release(self);
        else
            fulcra__wire_flush(self);
    }
    fulcra__sweep_budgets(home);
    post_put_off(home);
    collect_counts(home);
}

/* --- sending --- */

static void
end_too_slow(FulcraWebSocket *self)
{
    unsigned dropped = fulcra__outbound_drop_waiting(
            &self->outbound, &self->home->outbound);

    fulcra_host_stats_add(FULCRA_STAT_MESSAGES_DROPPED, dropped + 1);
    fulcra_host_stats_add(FULCRA_STAT_CLOSED_TOO_SLOW, 1);
    fulcra_log_info(NULL, "socket %s: too slow, closed with %d",
            fulcra__socket_name(self), FULCRA_CLOSE_TOO_SLOW);
    fulcra__socket_end(self, FULCRA_CLOSE_TOO_SLOW, "too slow",
            FULCRA_CLOSE_TOO_SLOW, true);
}

/* A message that is larger than the limit goes alone. */
static bool
would_overflow(FulcraWebSocket *self, size_t size)
{
    size_t waiting = fulcra__outbound_bytes(&self->outbound);

    return waiting > 0 && waiting + size > self->home->limits.outbound;
}

/* Only the newest of each subscription waits, and of what was sent otherwise;
 * where even those are too much, only what comes now. */
static void
keep_latest(FulcraWebSocket *self, size_t size, uint64_t origin)
{
    FulcraOutboundShared *shared = &self->home->outbound;
    unsigned dropped =
            fulcra__outbound_drop_from(&self->outbound, shared, origin);

    dropped += fulcra__outbound_drop_older(&self->outbound, shared);
    if (would_overflow(self, size))
        dropped += fulcra__outbound_drop_waiting(&self->outbound, shared);
    fulcra_host_stats_add(FULCRA_STAT_MESSAGES_DROPPED, dropped);
}

/* Whether a frame of @size bytes may be queued all the same. */
static bool
handle_overflow(FulcraWebSocket *self, size_t size, uint64_t origin)
{
    switch (self->home->limits.slow) {
    case FULCRA_SLOW_SKIP:
        fulcra_host_stats_add(FULCRA_STAT_MESSAGES_DROPPED, 1);
        return false;
    case FULCRA_SLOW_LATEST:
        keep_latest(self, size, origin);
        return true;
    case FULCRA_SLOW_CLOSE:
        break;
    }
    end_too_slow(self);
    return false;
}

/* A value that waits gives way to the newer one. */
static void
drop_outdated(FulcraWebSocket *self, uint64_t origin)
{
    if (self->blocked || self->wire == FULCRA_WIRE_NONE)
        fulcra_host_stats_add(FULCRA_STAT_MESSAGES_DROPPED,
                fulcra__outbound_drop_from(
                        &self->outbound, &self->home->outbound, origin));
}

void
fulcra__socket_queue(FulcraWebSocket *self, FulcraRepresentation *frame,
        uint64_t origin, bool newest)
{
    size_t size = fulcra__sent_frame(frame)->size;

    if (!fulcra__socket_takes_messages(self))
        return;
    if (newest)
        drop_outdated(self, origin);
    /* What this turn queued is no sign of a slow reader: try first. */
    if (would_overflow(self, size) && !self->blocked)
        fulcra__wire_flush(self);
    if (self->wire >= FULCRA_WIRE_CLOSING ||
            (would_overflow(self, size) &&
                    !handle_overflow(self, size, origin)))
        return;
    fulcra__outbound_push_from(
            &self->outbound, &self->home->outbound, frame, origin);
    if (self->wire == FULCRA_WIRE_OPEN && !self->blocked)
        fulcra__socket_mark_dirty(self);
}

void
fulcra__socket_send(FulcraWebSocket *self, FulcraRepresentation *frame)
{
    fulcra__audience_catch_up(self, UINT64_MAX);
    fulcra__socket_queue(self, frame, 0, false);
}
