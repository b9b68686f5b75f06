/* SPDX-License-Identifier: MIT */
/*
 * member.c - a socket in an audience: how it comes, what it gets, how it goes
 *
 * Whatever is written or queued may end the socket, and with it members: of
 * this one nothing is used behind such a call.
 */
#include "websocket/audience.h"
#include "websocket/socket.h"

/* --- coming and going --- */

static FulcraMember *
member_new(FulcraSocketLoop *home, FulcraTopic *topic, FulcraSocket *handle,
        bool value)
{
    FulcraMember *self = g_new0(FulcraMember, 1);

    self->audience = fulcra__audience_need(home, topic);
    self->handle = fulcra_socket_ref(handle);
    self->value = value;
    self->needs =
            atomic_load_explicit(&self->audience->end, memory_order_relaxed);
    atomic_fetch_add(&((FulcraSocketHandle *)handle)->n_followed, 1);
    if (value)
        self->audience->n_values++;
    else
        fulcra_host_topic_enter(topic, handle);
    return self;
}

FulcraMember *
fulcra__member_new(
        FulcraSocketLoop *home, FulcraTopic *topic, FulcraSocket *handle)
{
    FulcraMember *self = member_new(home, topic, handle, false);

    self->direct = true;
    return self;
}

void
fulcra__member_dismiss(FulcraMember *self)
{
    FulcraAudience *audience = self->audience;
    g_autoptr(FulcraTopic) topic = fulcra_topic_ref(audience->topic);
    bool went = false;

    fulcra_host_topic_lock(topic);
    if (self->value)
        audience->n_values--;
    else
        went = fulcra_host_topic_leave(topic, self->handle);
    bool last = fulcra__audience_drop(audience);
    fulcra_host_topic_unlock(topic);
    if (last)
        fulcra__audience_free(audience);
    if (went)
        fulcra_host_topic_cut_presence(topic);
    atomic_fetch_sub(&((FulcraSocketHandle *)self->handle)->n_followed, 1);
    fulcra_socket_unref(self->handle);
    g_free(self);
}

static void
member_link(FulcraMember *self, FulcraWebSocket *socket)
{
    FulcraSocketMore *more = fulcra__socket_need_more(socket);
    FulcraAudience *audience = self->audience;

    self->socket = socket;
    self->origin = ++socket->home->audiences.n_members;
    self->next_followed = more->members;
    more->members = self;
    self->previous = audience->last_member;
    if (self->previous != NULL)
        self->previous->next = self;
    else
        audience->members = self;
    audience->last_member = self;
}

static void
member_unlink(FulcraMember *self)
{
    FulcraMember **at = &fulcra__socket_get_more(self->socket)->members;

    while (*at != self)
        at = &(*at)->next_followed;
    *at = self->next_followed;
    if (self->audience->cursor == self)
        self->audience->cursor = self->next;
    if (self->previous != NULL)
        self->previous->next = self->next;
    else
        self->audience->members = self->next;
    if (self->next != NULL)
        self->next->previous = self->previous;
    else
        self->audience->last_member = self->previous;
}

FulcraMember *
fulcra__audience_join(FulcraWebSocket *socket, FulcraTopic *topic, bool value,
        FulcraRepresentation **last)
{
    FulcraRepresentation *now = fulcra_host_topic_lock(topic);
    FulcraMember *self =
            member_new(socket->home, topic, &socket->handle->base, value);

    *last = now == NULL ? NULL : fulcra_representation_ref(now);
    fulcra_host_topic_unlock(topic);
    if (!value)
        fulcra_host_topic_cut_presence(topic);
    member_link(self, socket);
    return self;
}

void
fulcra__audience_leave(FulcraMember *self)
{
    member_unlink(self);
    fulcra__member_dismiss(self);
}

void
fulcra__audience_show(FulcraWebSocket *socket)
{
    for (FulcraMember *self = fulcra__socket_members(socket); self != NULL;
            self = self->next_followed)
        if (!self->value)
            fulcra_host_topic_cut_presence(self->audience->topic);
}

static FulcraMember *
find_direct(FulcraWebSocket *socket, FulcraTopic *topic)
{
    FulcraMember *self = fulcra__socket_members(socket);

    while (self != NULL &&
            !(self->direct &&
                    (topic == NULL || self->audience->topic == topic)))
        self = self->next_followed;
    return self;
}

void
fulcra__audience_leave_all(FulcraWebSocket *socket)
{
    FulcraMember *self;

    while ((self = find_direct(socket, NULL)) != NULL)
        fulcra__audience_leave(self);
}

void
fulcra__member_admit(FulcraMember *self, FulcraWebSocket *socket)
{
    if (socket->turn >= FULCRA_TURN_DELETE ||
            find_direct(socket, self->audience->topic) != NULL)
        fulcra__member_dismiss(self);
    else
        member_link(self, socket);
}

void
fulcra__member_end(FulcraWebSocket *socket, FulcraTopic *topic)
{
    FulcraMember *self = find_direct(socket, topic);

    if (self != NULL)
        fulcra__audience_leave(self);
}

/* --- what it gets --- */

/* What is pending, with numbers from @from to before @to. */
static void
queue_pending(FulcraMember *self, uint64_t from, uint64_t to)
{
    FulcraAudience *audience = self->audience;
    FulcraWebSocket *socket = self->socket;
    uint64_t origin = self->origin;
    bool value = self->value;

    for (unsigned i = 0; i < audience->pending->len; i++) {
        uint64_t number = fulcra__audience_get_pending(audience, i)->number;

        if (number < from || number >= to)
            continue;
        socket->home->outbound.delivered++;
        fulcra__socket_queue(socket,
                fulcra__audience_frame(audience, i, &socket->handle->base),
                origin, value);
    }
}

/* Of the messages of a round the system took @written bytes. */
static void
queue_rest(FulcraMember *self, unsigned n, size_t written)
{
    FulcraAudience *audience = self->audience;
    FulcraWebSocket *socket = self->socket;
    FulcraOutboundShared *shared = &socket->home->outbound;
    uint64_t origin = self->origin;
    bool value = self->value;

    for (unsigned i = 0; i < n; i++) {
        FulcraRepresentation *frame =
                fulcra__audience_frame(audience, i, &socket->handle->base);
        size_t size = fulcra__sent_frame(frame)->size;

        if (written >= size) {
            shared->sent_messages++;
            shared->saved_bytes += fulcra__sent_frame(frame)->saved;
            written -= size;
        } else if (written > 0) {
            fulcra__outbound_push_rest(
                    &socket->outbound, shared, frame, origin, written);
            written = 0;
        } else {
            fulcra__socket_queue(socket, frame, origin, value);
        }
    }
}

static void
write_joined(FulcraMember *self, unsigned n, const FulcraJoined *joined)
{
    FulcraWebSocket *socket = self->socket;
    FulcraOutboundShared *shared = &socket->home->outbound;
    size_t written = fulcra__wire_write(socket, &joined->gather);

    shared->delivered += n;
    if (written == joined->gather.total) {
        shared->sent_messages += n;
        shared->saved_bytes += joined->saved;
    } else if (fulcra__socket_takes_messages(socket)) {
        queue_rest(self, n, written);
    }
}

void
fulcra__member_serve(FulcraMember *self, FulcraRound *round)
{
    FulcraWebSocket *socket = self->socket;
    uint64_t needs = self->needs;

    if (needs >= round->to || !fulcra__socket_takes_messages(socket))
        return;
    self->needs = round->to;
    if (needs <= round->from && fulcra__outbound_is_empty(&socket->outbound) &&
            socket->wire == FULCRA_WIRE_OPEN && !socket->blocked)
        write_joined(self, round->audience->n_round,
                fulcra__round_join(round, self->handle));
    else
        queue_pending(self, needs, round->to);
}

static void
catch_up(FulcraMember *self, uint64_t clock)
{
    FulcraAudience *audience = self->audience;
    uint64_t from = self->needs, end = fulcra__audience_take(audience);

    self->needs = MIN(end, clock);
    queue_pending(self, from, self->needs);
    fulcra__audience_unref(audience);
}

void
fulcra__audience_catch_up(FulcraWebSocket *socket, uint64_t clock)
{
    FulcraMember *self = fulcra__socket_members(socket);

    /* One that takes messages does not lose members. */
    while (self != NULL && fulcra__socket_takes_messages(socket)) {
        uint64_t end = atomic_load_explicit(
                &self->audience->end, memory_order_relaxed);

        if (self->needs < MIN(end, clock))
            catch_up(self, clock);
        if (!fulcra__socket_takes_messages(socket))
            break;
        self = self->next_followed;
    }
}
