/* SPDX-License-Identifier: MIT */
/*
 * wire.c - bytes in and out, and the closing handshake (RFC 6455 section 7)
 *
 * Reading is edge-triggered, so that epoll does not look at each socket again
 * only to find it empty: after one read that did not fill the buffer there is
 * nothing left, and otherwise the watch is renewed. Reading stops when the turn
 * cannot keep up: then the bytes that were read and not parsed are kept, at
 * most one buffer of them. Writing happens once a turn; what the system does
 * not take waits for EPOLLOUT.
 *
 * The server closes the connection first, but not while bytes of the peer may
 * be unread: that would reset it and could destroy our Close on its way. Then
 * the sending side is shut and what comes is thrown away until the peer ends,
 * time is up, or it was a flood.
 */
#include "websocket/close.h"
#include "websocket/socket.h"

#include <errno.h>
#include <fulcra/log.h>
#include <string.h>

#define READ_SIZE ((size_t)128 * 1024)
#define TURN_MOST 64 /* events of one socket: then others are answered */
#define FLOOD     ((uint32_t)1 << 20) /* bytes after the end */
#define CONTROL_QUEUE                                                          \
    128 /* pongs that may wait for a peer that does not read */

/* --- what epoll tells us --- */

static uint32_t
interest(const FulcraWebSocket *self)
{
    return EPOLLET | (self->reading ? EPOLLIN | EPOLLRDHUP : 0u) |
           (self->blocked ? EPOLLOUT : 0u);
}

/* What is ready now is told again, whether it was told before or not. */
static void
set_interest(FulcraWebSocket *self)
{
    if (self->stream.watch.fd >= 0)
        fulcra_loop_rewatch(
                self->home->loop, &self->stream.watch, interest(self));
}

void
fulcra__wire_set_reading(FulcraWebSocket *self, bool reading)
{
    if (self->reading == reading || (reading && self->peer_done))
        return;
    self->reading = reading;
    set_interest(self);
}

/* Mostly the connection ends in this turn, so epoll is not asked to be silent:
 * where it does not, the loop is woken for nothing until the system's buffer is
 * full. */
void
fulcra__wire_stop_reading(FulcraWebSocket *self)
{
    self->reading = false;
}

static void
set_blocked(FulcraWebSocket *self, bool blocked)
{
    if (self->blocked == blocked)
        return;
    self->blocked = blocked;
    set_interest(self);
}

/* --- ends --- */

void
fulcra__wire_drop(FulcraWebSocket *self, bool abort)
{
    if (self->wire == FULCRA_WIRE_CLOSED)
        return;
    if (self->stream.watch.fd >= 0) {
        fulcra_loop_unwatch(self->home->loop, &self->stream.watch);
        if (abort)
            self->stream.ops->abort(&self->stream);
        else
            self->stream.ops->close(&self->stream);
        self->stream.watch.fd = -1;
        fulcra_host_stats_add(FULCRA_STAT_SOCKETS, -1);
    }
    self->wire = FULCRA_WIRE_CLOSED;
    self->reading = self->blocked = false;
    fulcra__handle_set_state(self->handle, FULCRA_HANDLE_CLOSED);
    fulcra__outbound_clear(&self->outbound, &self->home->outbound);
    fulcra__socket_end(self, FULCRA_CLOSE_ABNORMAL, NULL, 0, false);
    fulcra__socket_check_end(self);
}

/* Nothing more is sent; wait for the peer to notice. */
static void
wire_shut(FulcraWebSocket *self)
{
    self->stream.ops->shut(&self->stream);
    self->wire = FULCRA_WIRE_SHUT;
    fulcra__wire_set_reading(self, true);
}

/* Our last frame has been handed to the system. */
static void
wire_flushed_close(FulcraWebSocket *self)
{
    if (self->peer_done || (self->close_received && !self->garbled))
        fulcra__wire_drop(self, false);
    else if (self->garbled || !self->close_queued)
        wire_shut(self);
}

void
fulcra__wire_begin_close(FulcraWebSocket *self)
{
    uint8_t body[FULCRA_CLOSE_BODY_SIZE];

    if (self->wire != FULCRA_WIRE_OPEN)
        return;
    fulcra__handle_set_state(self->handle, FULCRA_HANDLE_CLOSING);
    self->wire = FULCRA_WIRE_CLOSING;
    /* A peer that ended without a word cannot be waiting for one. */
    if (!self->peer_done || self->ending->send_code != 0) {
        fulcra__wire_queue_control(self, FULCRA_OPCODE_CLOSE, body,
                fulcra__close_write(
                        body, self->ending->send_code, self->ending->reason));
        self->close_queued = true;
    }
    self->ending->deadline_ms =
            fulcra__socket_now_ms(self->home) + self->home->limits.closing_ms;
    fulcra__wire_set_reading(self, !self->close_received || self->garbled);
    fulcra__socket_mark_dirty(self);
}

/* --- output --- */

void
fulcra__wire_queue_control(
        FulcraWebSocket *self, uint8_t opcode, const void *data, size_t length)
{
    g_autoptr(FulcraRepresentation) frame =
            fulcra__encode_control(opcode, data, length);

    fulcra__outbound_push(&self->outbound, &self->home->outbound, frame);
    if (!self->blocked)
        fulcra__socket_mark_dirty(self);
}

void
fulcra__wire_flush(FulcraWebSocket *self)
{
    if (self->wire != FULCRA_WIRE_OPEN && self->wire != FULCRA_WIRE_CLOSING)
        return;
    switch (fulcra__outbound_write(
            &self->outbound, &self->home->outbound, &self->stream)) {
    case FULCRA_OUTBOUND_FAILED:
        fulcra__wire_drop(self, false);
        return;
    case FULCRA_OUTBOUND_BLOCKED:
        set_blocked(self, true);
        return;
    case FULCRA_OUTBOUND_DONE:
        break;
    }
    if (self->wire == FULCRA_WIRE_CLOSING && self->blocked)
        self->ending->deadline_ms = fulcra__socket_now_ms(self->home) +
                                    self->home->limits.closing_ms;
    set_blocked(self, false);
    if (self->wire == FULCRA_WIRE_CLOSING)
        wire_flushed_close(self);
}

size_t
fulcra__wire_write(FulcraWebSocket *self, const FulcraGather *gather)
{
    ssize_t n;

    do
        n = self->stream.ops->writev(&self->stream, gather->parts, gather->n);
    while (n < 0 && errno == EINTR);
    if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
        fulcra__wire_drop(self, false);
        return 0;
    }
    n = MAX(n, 0);
    self->home->outbound.sent_bytes += (size_t)n;
    if ((size_t)n < gather->total)
        set_blocked(self, true);
    return (size_t)n;
}

/* --- input --- */

static FulcraRepresentation *
make_message(FulcraWebSocket *self, const FulcraMessageEvent *event)
{
    const char *type = event->kind == FULCRA_MESSAGE_TEXT
                               ? self->home->type_text
                               : self->home->type_bytes;
    uint8_t *stolen = fulcra__message_steal(&self->reader);
    FulcraRepresentation *message;
    void *data;

    if (stolen != NULL) {
        message = fulcra_representation_new_take(
                type, stolen, event->length, g_free);
    } else {
        message = fulcra_host_representation_new_uninitialised(
                type, event->length, &data);
        memcpy(data, event->data, event->length);
    }
    if (event->kind == FULCRA_MESSAGE_TEXT)
        fulcra_host_representation_set_utf8(message);
    return fulcra_host_representation_from_outside(message);
}

/* At most so many messages in each second of the clock. */
static bool
exceeds_rate(FulcraWebSocket *self)
{
    unsigned limit = self->home->limits.messages_per_second;
    uint16_t second = (uint16_t)(fulcra__socket_now_ms(self->home) / 1000);

    if (limit == 0)
        return false;
    if (second != self->second)
        self->in_second = 0;
    self->second = second;
    return ++self->in_second > limit;
}

static void
take_message(FulcraWebSocket *self, const FulcraMessageEvent *event)
{
    self->home->got_messages++;
    self->home->got_deflated += event->deflated;
    if (exceeds_rate(self)) {
        fulcra__socket_end(self, FULCRA_CLOSE_POLICY, "too many messages",
                FULCRA_CLOSE_POLICY, true);
        return;
    }
    fulcra__turn_deliver(self, make_message(self, event));
}

static void
take_ping(FulcraWebSocket *self, const FulcraMessageEvent *event)
{
    if (fulcra__outbound_n_control(&self->outbound) < CONTROL_QUEUE)
        fulcra__wire_queue_control(
                self, FULCRA_OPCODE_PONG, event->data, event->length);
}

static void
take_close(FulcraWebSocket *self, const FulcraMessageEvent *event,
        const FulcraInput *input)
{
    char reason[FULCRA_CLOSE_REASON_SIZE + 1];

    self->close_received = true;
    self->garbled = input->length > 0; /* bytes behind it */
    memcpy(reason, event->data, event->length);
    reason[event->length] = '\0';
    fulcra__socket_end(self, event->code, reason,
            event->code == FULCRA_CLOSE_NO_STATUS ? 0 : event->code, false);
}

static void
take_violation(FulcraWebSocket *self, const FulcraMessageEvent *event)
{
    self->garbled = true;
    fulcra_host_stats_add(event->code == FULCRA_CLOSE_TOO_LARGE
                                  ? FULCRA_STAT_CLOSED_TOO_LARGE
                                  : FULCRA_STAT_CLOSED_PROTOCOL,
            1);
    if (event->deflated)
        fulcra_host_stats_add(FULCRA_STAT_INFLATE_REFUSED, 1);
    fulcra_log_info(NULL, "socket %s: %s, closed with %u",
            fulcra__socket_name(self), event->why, event->code);
    fulcra__socket_end(self, event->code, event->why, event->code, false);
}

static void
take_event(FulcraWebSocket *self, const FulcraMessageEvent *event,
        const FulcraInput *input)
{
    switch (event->kind) {
    case FULCRA_MESSAGE_MORE:
    case FULCRA_MESSAGE_PONG:
        break;
    case FULCRA_MESSAGE_TEXT:
    case FULCRA_MESSAGE_BINARY:
        take_message(self, event);
        break;
    case FULCRA_MESSAGE_PING:
        take_ping(self, event);
        break;
    case FULCRA_MESSAGE_CLOSE:
        take_close(self, event, input);
        break;
    case FULCRA_MESSAGE_VIOLATION:
        take_violation(self, event);
        break;
    }
}

/* Between two messages: there is nothing to be asked of the reader. */
static bool
is_at_rest(const FulcraWebSocket *self, const FulcraInput *input)
{
    return input->length == 0 && self->reader.part == NULL;
}

static void
next_event(FulcraWebSocket *self, FulcraInput *input, FulcraMessageEvent *event)
{
    fulcra__message_next(&self->reader,
            &self->home->rules[self->handle->deflate], input, event);
}

/* Those that run in a row were only collected. */
static bool
has_room(FulcraWebSocket *self)
{
    if (self->serial && fulcra__turn_is_full(self))
        fulcra__turn_advance(self);
    return !fulcra__turn_is_full(self);
}

void
fulcra__wire_take(FulcraWebSocket *self, FulcraInput *input)
{
    FulcraMessageEvent event;

    for (int n = 0; n < TURN_MOST && !self->ending && has_room(self) &&
                    !is_at_rest(self, input);
            n++) {
        next_event(self, input, &event);
        if (event.kind == FULCRA_MESSAGE_MORE)
            break;
        take_event(self, &event, input);
    }
    fulcra__turn_count_inbound(self);
    if (self->ending || self->serial) /* ending: by one that answered at once */
        fulcra__turn_advance(self);
}

/* After our Close: only the peer's own Close still means something. */
static void
look_for_close(FulcraWebSocket *self, FulcraInput *input)
{
    FulcraMessageEvent event = { .kind = FULCRA_MESSAGE_PONG };

    while (!self->garbled && !self->close_received &&
            event.kind != FULCRA_MESSAGE_MORE) {
        next_event(self, input, &event);
        self->close_received = event.kind == FULCRA_MESSAGE_CLOSE;
        self->garbled = event.kind == FULCRA_MESSAGE_VIOLATION;
    }
    if (self->close_received && self->wire == FULCRA_WIRE_CLOSING)
        fulcra__socket_mark_dirty(self); /* the last flush closes */
}

static void
wire_discard(FulcraWebSocket *self, uint8_t *data, size_t length)
{
    FulcraInput input = { data, length };

    self->ending->discarded += (uint32_t)length;
    if (self->ending->discarded > FLOOD)
        fulcra__wire_drop(self, true);
    else
        look_for_close(self, &input);
}

/* --- reading --- */

static void
wire_got(FulcraWebSocket *self, uint8_t *data, size_t length)
{
    FulcraInput input = { data, length };

    self->home->got_bytes += length;
    self->heard_ms = fulcra__socket_now_ms(self->home);
    self->pinged = false;
    if (self->wire != FULCRA_WIRE_OPEN) {
        wire_discard(self, data, length);
        return;
    }
    fulcra__wire_take(self, &input);
    if (self->ending)
        return;
    if (fulcra__turn_is_full(self))
        fulcra__turn_pause(self, &input);
    else if (input.length > 0)
        fulcra__turn_put_off(self, &input);
}

static void
wire_got_end(FulcraWebSocket *self)
{
    self->peer_done = true;
    if (self->wire == FULCRA_WIRE_OPEN) {
        fulcra__wire_stop_reading(self);
        fulcra__socket_end(self, FULCRA_CLOSE_ABNORMAL, NULL, 0, false);
    } else {
        fulcra__wire_drop(self, false);
    }
}

/* @ended: the peer will send nothing more, so the end is still to be read. */
static void
wire_read(FulcraWebSocket *self, bool ended)
{
    size_t size;
    uint8_t *buffer = fulcra_loop_get_buffer(self->home->loop, &size);
    ssize_t n;

    size = MIN(size, READ_SIZE);
    n = self->stream.ops->read(&self->stream, buffer, size);
    if (n > 0)
        wire_got(self, buffer, (size_t)n);
    else if (n == 0)
        wire_got_end(self);
    else if (errno != EAGAIN && errno != EINTR)
        fulcra__wire_drop(self, false);
    if (self->reading && ((n > 0 && (ended || (size_t)n == size)) ||
                                 (n < 0 && errno == EINTR)))
        set_interest(self);
}

static void
wire_ready(FulcraWatch *watch, uint32_t events)
{
    FulcraWebSocket *self =
            (FulcraWebSocket *)((char *)watch -
                                G_STRUCT_OFFSET(FulcraWebSocket, stream.watch));

    if (events & EPOLLOUT)
        fulcra__socket_mark_dirty(self);
    if (self->home->choked && self->wire == FULCRA_WIRE_OPEN && self->reading &&
            !(events & (EPOLLHUP | EPOLLERR)))
        fulcra__turn_pause(self, NULL);
    else if (self->reading && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
        wire_read(self, events & EPOLLRDHUP);
    else if (events & (EPOLLHUP | EPOLLERR))
        fulcra__wire_drop(self, false);
}

void
fulcra__wire_open(FulcraWebSocket *self, int fd)
{
    g_autoptr(GError) error = NULL;

    fulcra__stream_init_plain(&self->stream, fd);
    self->stream.watch.ready = wire_ready;
    self->wire = FULCRA_WIRE_OPEN;
    self->reading = true;
    self->heard_ms = fulcra__socket_now_ms(self->home);
    fulcra_host_stats_add(FULCRA_STAT_SOCKETS, 1);
    fulcra_host_stats_add(FULCRA_STAT_SOCKETS_OPENED, 1);
    self->home->n_opened++;
    if (!fulcra_loop_watch(self->home->loop, &self->stream.watch,
                interest(self), &error)) {
        fulcra_log_warning(NULL, "socket %s: %s", fulcra__socket_name(self),
                error->message);
        self->stream.ops->close(&self->stream);
        self->stream.watch.fd = -1;
        fulcra_host_stats_add(FULCRA_STAT_SOCKETS, -1);
        fulcra__wire_drop(self, false);
        return;
    }
    fulcra__socket_mark_dirty(self);
}
