/* SPDX-License-Identifier: MIT */
/*
 * audience.c - what is published to a topic, on its way to the sockets of a
 * loop
 *
 * A publisher, on any thread, holds the topic's lock and takes the lock of the
 * loop's part inside it, never the other way round. It leaves the message in
 * `incoming` and the audience in the list of those announced, whose task makes
 * the loop turn. At the end of the turn what is incoming becomes pending, and a
 * round begins: as much of it as one write takes, to each member. A round may
 * need several turns, so that a publication to ten thousand sockets does not
 * keep the loop from others; what comes meanwhile waits for the next round.
 *
 * A socket may be subscribed from any thread. What is published afterwards may
 * be pending before the loop knows of the new member, but its order was in the
 * outbox before: so the outbox is emptied between taking what is incoming and
 * serving it.
 */
#include "websocket/audience.h"
#include "websocket/socket.h"

#include <fulcra/log.h>

/* Members served in one turn: about five milliseconds. */
#define SLICE 1024

/* A loop that lags by no more than this is not looked at. */
#define LAG ((size_t)65536)

/* --- publishing: any thread, with the topic locked --- */

static FulcraRepresentation *
frame_of(const FulcraPending *pending)
{
    return fulcra__encode(pending->message, NULL);
}

static void
incoming_drop(FulcraAudience *self)
{
    fulcra_host_stats_add(FULCRA_STAT_MESSAGES_DROPPED, self->incoming->len);
    for (unsigned i = 0; i < self->incoming->len; i++)
        fulcra_representation_unref(
                g_array_index(self->incoming, FulcraPending, i).message);
    g_array_set_size(self->incoming, 0);
    atomic_fetch_sub(
            &self->home->audiences.incoming, (int64_t)self->incoming_bytes);
    self->incoming_bytes = 0;
}

/* Publishers are faster than the loop and the server's budget is used up: the
 * policy of slow sockets is that of all members. */
static bool
audience_has_room(FulcraAudience *self)
{
    FulcraWebSockets *owner = self->home->owner;
    FulcraWebSocketLimits limits;

    if (self->incoming_bytes <= LAG)
        return true;
    limits = fulcra__websockets_get_limits(owner);
    if (fulcra__sweep_total_outbound(owner) <= (int64_t)limits.outbound_total)
        return true;
    if (self->n_values > 0 || limits.slow == FULCRA_SLOW_LATEST) {
        incoming_drop(self);
        return true;
    }
    if (limits.slow == FULCRA_SLOW_CLOSE) {
        self->is_overrun = true;
        incoming_drop(self);
    }
    fulcra_host_stats_add(FULCRA_STAT_MESSAGES_DROPPED, 1);
    return false;
}

/* The loop's lock is held. */
static void
post(FulcraSocketLoop *home)
{
    if (!home->audiences.posted && !home->closed)
        fulcra_loop_post(home->loop, &home->audiences.task);
    home->audiences.posted = true;
}

static void
audience_announce(FulcraAudience *self)
{
    FulcraAudiences *all = &self->home->audiences;

    pthread_mutex_lock(&self->home->lock);
    if (!self->is_announced) {
        self->is_announced = true;
        self->refs++;
        self->next_announced = NULL;
        if (all->announced == NULL)
            all->announced = self;
        else
            all->last_announced->next_announced = self;
        all->last_announced = self;
        post(self->home);
    }
    pthread_mutex_unlock(&self->home->lock);
}

static void
audience_published(FulcraTopicListener *listener, FulcraRepresentation *message)
{
    FulcraAudience *self = (FulcraAudience *)listener;
    FulcraRepresentation *frame = fulcra__encode(message, NULL);
    FulcraPending pending = { 0, message };

    if (frame == NULL) {
        fulcra_host_stats_add(FULCRA_STAT_MESSAGES_DROPPED, 1);
        return;
    }
    if (audience_has_room(self)) {
        fulcra_representation_ref(message);
        pending.number = atomic_fetch_add(&self->home->audiences.clock, 1);
        g_array_append_val(self->incoming, pending);
        self->incoming_bytes += fulcra__sent_frame(frame)->size;
        atomic_fetch_add(&self->home->audiences.incoming,
                (int64_t)fulcra__sent_frame(frame)->size);
        atomic_store_explicit(
                &self->end, pending.number + 1, memory_order_relaxed);
    }
    audience_announce(self);
}

uint64_t
fulcra__audiences_clock(FulcraSocketLoop *home)
{
    return atomic_load(&home->audiences.clock);
}

/* --- audiences --- */

FulcraAudience *
fulcra__audience_need(FulcraSocketLoop *home, FulcraTopic *topic)
{
    FulcraAudience *self =
            (FulcraAudience *)fulcra_host_topic_find_listener(topic, home);

    if (self == NULL) {
        self = g_new0(FulcraAudience, 1);
        self->listener.published = audience_published;
        self->listener.owner = home;
        self->home = home;
        self->topic = fulcra_topic_ref(topic);
        self->incoming = g_array_new(false, false, sizeof(FulcraPending));
        self->pending = g_array_new(false, false, sizeof(FulcraPending));
        fulcra_host_topic_listen(topic, &self->listener);
    }
    self->refs++;
    return self;
}

bool
fulcra__audience_drop(FulcraAudience *self)
{
    if (--self->refs > 0)
        return false;
    fulcra_host_topic_unlisten(self->topic, &self->listener);
    return true;
}

static void
pending_forget(FulcraAudience *self, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        const FulcraPending *pending = fulcra__audience_get_pending(self, i);

        fulcra__outbound_let_go(&self->home->outbound, frame_of(pending));
        fulcra_representation_unref(pending->message);
    }
    g_array_remove_range(self->pending, 0, n);
}

/* Nobody is subscribed, so what is pending is for nobody. */
void
fulcra__audience_free(FulcraAudience *self)
{
    incoming_drop(self);
    pending_forget(self, self->pending->len);
    g_array_unref(self->incoming);
    g_array_unref(self->pending);
    fulcra_topic_unref(self->topic);
    g_free(self);
}

void
fulcra__audience_unref(FulcraAudience *self)
{
    fulcra_host_topic_lock(self->topic);
    bool last = fulcra__audience_drop(self);
    fulcra_host_topic_unlock(self->topic);
    if (last)
        fulcra__audience_free(self);
}

/* Frames that wait here count as if they were in a queue: once. */
uint64_t
fulcra__audience_take(FulcraAudience *self)
{
    unsigned i = self->pending->len;

    fulcra_host_topic_lock(self->topic);
    uint64_t end = atomic_load_explicit(&self->end, memory_order_relaxed);
    self->refs++;
    g_array_append_vals(
            self->pending, self->incoming->data, self->incoming->len);
    g_array_set_size(self->incoming, 0);
    atomic_fetch_sub(
            &self->home->audiences.incoming, (int64_t)self->incoming_bytes);
    self->incoming_bytes = 0;
    fulcra_host_topic_unlock(self->topic);

    for (; i < self->pending->len; i++)
        fulcra__outbound_hold(&self->home->outbound,
                frame_of(fulcra__audience_get_pending(self, i)));
    return end;
}

/* --- rounds --- */

/* Of the first @most that are pending, as many as one write takes. */
static void
round_init(FulcraRound *round, FulcraAudience *self, unsigned most)
{
    size_t size = 0;
    unsigned n = 0;

    do
        size += fulcra__sent_frame(
                frame_of(fulcra__audience_get_pending(self, n++)))
                        ->size;
    while (n < most && size < FULCRA_GATHER_SCRATCH / 2);
    self->n_round = n;
    round->audience = self;
    round->from = fulcra__audience_get_pending(self, 0)->number;
    round->to = fulcra__audience_get_pending(self, n - 1)->number + 1;
    for (unsigned i = 0; i < FULCRA_AUDIENCE_FORMS; i++)
        round->joined[i].is_made = false;
}

FulcraRepresentation *
fulcra__audience_frame(FulcraAudience *self, unsigned at, FulcraSocket *handle)
{
    return fulcra__handle_encode((FulcraSocketHandle *)handle,
            fulcra__audience_get_pending(self, at)->message, NULL);
}

static void
join(FulcraJoined *joined, FulcraAudience *self, FulcraSocket *handle,
        uint8_t *scratch)
{
    fulcra__gather_init(&joined->gather);
    joined->is_made = true;
    joined->saved = 0;
    for (unsigned i = 0; i < self->n_round; i++) {
        FulcraRepresentation *frame = fulcra__audience_frame(self, i, handle);

        if (!fulcra__outbound_gather(&joined->gather, scratch, frame))
            g_assert_not_reached(); /* a round is no larger than that */
        joined->saved += fulcra__sent_frame(frame)->saved;
    }
}

const FulcraJoined *
fulcra__round_join(FulcraRound *self, FulcraSocket *handle)
{
    unsigned form = ((FulcraSocketHandle *)handle)->deflate;
    FulcraJoined *joined = &self->joined[form];
    uint8_t **scratch = &self->audience->home->audiences.scratch[form];

    if (*scratch == NULL)
        *scratch = g_malloc(FULCRA_GATHER_SCRATCH);
    if (!joined->is_made)
        join(joined, self->audience, handle, *scratch);
    return joined;
}

/* Publishers came too fast for the loop, and the policy is to close. */
static void
audience_end_all(FulcraAudience *self)
{
    fulcra_host_topic_lock(self->topic);
    bool is_overrun = self->is_overrun;
    self->is_overrun = false;
    fulcra_host_topic_unlock(self->topic);
    if (!is_overrun)
        return;
    fulcra_log_warning(NULL,
            "a topic has more messages than the server's budget holds: its "
            "subscribers of one loop are closed with %d",
            FULCRA_CLOSE_TRY_AGAIN);
    self->cursor = self->members;
    while (self->cursor != NULL) {
        FulcraMember *member = self->cursor;

        self->cursor = member->next;
        fulcra_host_stats_add(FULCRA_STAT_CLOSED_OVERLOADED, 1);
        fulcra__socket_end(member->socket, FULCRA_CLOSE_TRY_AGAIN,
                "server overloaded", FULCRA_CLOSE_TRY_AGAIN, true);
    }
}

/* How many of what is pending may be served. */
static unsigned
round_begin(FulcraAudience *self)
{
    fulcra__audience_take(self);
    unsigned n = self->pending->len;

    fulcra__outbox_catch_up(self->home);
    audience_end_all(self);
    self->cursor = self->members;
    fulcra__audience_unref(self); /* being listed holds another one */
    return n;
}

/* Thousands of sockets are in no cache: what the next one needs comes while the
 * system sends to this one. */
static void
prefetch(const FulcraMember *member)
{
    if (member == NULL)
        return;
    __builtin_prefetch(member->next);
    __builtin_prefetch(member->socket->handle);
    __builtin_prefetch(&member->socket->outbound);
}

static void
audience_serve(FulcraAudience *self, unsigned *budget)
{
    bool goes_on = self->n_round > 0;
    unsigned most = goes_on ? self->n_round : round_begin(self);
    FulcraRound round;

    *budget -= 1; /* whether there are members or not */
    if (most == 0)
        return;
    round_init(&round, self, most);
    while (*budget > 0 && self->cursor != NULL) {
        FulcraMember *member = self->cursor;

        self->cursor = member->next;
        prefetch(self->cursor);
        *budget -= 1;
        fulcra__member_serve(member, &round);
    }
    if (self->cursor != NULL)
        return;
    pending_forget(self, self->n_round);
    self->n_round = 0;
}

/* --- the list of those with something to deliver --- */

static void
list_append(FulcraAudiences *all, FulcraAudience *self)
{
    self->next = NULL;
    if (all->first == NULL)
        all->first = self;
    else
        all->last->next = self;
    all->last = self;
}

/* Those that were announced are listed; their references move along. */
static void
audiences_run(FulcraTask *task)
{
    FulcraSocketLoop *home =
            (FulcraSocketLoop *)((char *)task -
                                 G_STRUCT_OFFSET(
                                         FulcraSocketLoop, audiences.task));
    FulcraAudiences *all = &home->audiences;

    pthread_mutex_lock(&home->lock);
    all->posted = false;
    while (all->announced != NULL) {
        FulcraAudience *self = all->announced;

        all->announced = self->next_announced;
        self->is_announced = false;
        if (self->n_listed++ == 0)
            list_append(all, self);
    }
    pthread_mutex_unlock(&home->lock);
}

/* It has been taken out. False where it goes back: what came in while a round
 * took several turns was announced when it was listed already. */
static bool
audience_unlist(FulcraAudience *self)
{
    bool last = false;

    fulcra_host_topic_lock(self->topic);
    bool done = self->incoming->len == 0;
    if (done) {
        self->refs -= self->n_listed - 1;
        self->n_listed = 0;
        last = fulcra__audience_drop(self);
    }
    fulcra_host_topic_unlock(self->topic);
    if (last)
        fulcra__audience_free(self);
    return done;
}

void
fulcra__audiences_deliver(FulcraSocketLoop *home)
{
    FulcraAudiences *all = &home->audiences;
    unsigned budget = SLICE;

    while (all->first != NULL && budget > 0) {
        FulcraAudience *self = all->first;

        all->first = self->next;
        audience_serve(self, &budget);
        if (self->pending->len > 0 || !audience_unlist(self))
            list_append(all, self);
    }
    if (all->first == NULL)
        return;
    pthread_mutex_lock(&home->lock);
    post(home);
    pthread_mutex_unlock(&home->lock);
}

void
fulcra__audiences_init(FulcraSocketLoop *home)
{
    home->audiences.task.run = audiences_run;
}

static void
audience_drop_incoming(FulcraAudience *self)
{
    fulcra_host_topic_lock(self->topic);
    incoming_drop(self);
    fulcra_host_topic_unlock(self->topic);
}

/* All sockets have been released. */
void
fulcra__audiences_clear(FulcraSocketLoop *home)
{
    FulcraAudiences *all = &home->audiences;

    audiences_run(&all->task);
    while (all->first != NULL) {
        FulcraAudience *self = all->first;

        all->first = self->next;
        do
            audience_drop_incoming(self);
        while (!audience_unlist(self));
    }
    for (unsigned i = 0; i < FULCRA_AUDIENCE_FORMS; i++)
        g_clear_pointer(&all->scratch[i], g_free);
}
