/* SPDX-License-Identifier: MIT */
/*
 * subscribe.c - what a socket follows, and what it is sent of it
 *
 * A subscription is a follower of the kernel's, and a member of the audience of
 * whatever topic that follows at the time. It belongs to the loop. Sending may
 * end the socket and with it the subscription: whoever sends holds it.
 *
 * What is sent when the resource fails takes another way than its values. It
 * must not be the last that a socket hears of a resource that is well again: so
 * where something was published meanwhile, that is sent behind it once more.
 */
#include "websocket/subscribe.h"
#include "websocket/socket.h"

#include <fulcra/error.h>
#include <fulcra/log.h>
#include <string.h>

struct _FulcraSubscription {
    unsigned refs;
    FulcraSubscription *next;
    FulcraWebSocket *socket; /* (nullable): while it is in the list of that */
    FulcraIdentifier *identifier;
    FulcraRepresentation *on_error; /* (nullable) */
    FulcraFollower *follower;
    FulcraTopic *topic;   /* (nullable): that it is a member of */
    FulcraMember *member; /* (nullable) */
    bool value;           /* of which the newest counts */
    GPtrArray *waiting;   /* (nullable): deferred requests */
};

/* --- orders --- */

static void
answer_gone(FulcraRequest *request)
{
    fulcra_request_fail(request, g_error_new(FULCRA_ERROR, FULCRA_ERROR_GONE,
                                         "the socket has closed"));
}

FulcraSubscribeOrder *
fulcra__subscribe_order_new(bool ends, FulcraIdentifier *identifier,
        FulcraRepresentation *on_error, FulcraRequest *request)
{
    FulcraSubscribeOrder *self = g_new0(FulcraSubscribeOrder, 1);

    self->ends = ends;
    self->identifier = fulcra_identifier_ref(identifier);
    if (on_error != NULL)
        self->on_error = fulcra_representation_ref(on_error);
    self->request = request;
    return self;
}

void
fulcra__subscribe_order_free(FulcraSubscribeOrder *self)
{
    if (self->request != NULL)
        answer_gone(self->request);
    fulcra_identifier_unref(self->identifier);
    fulcra_representation_unref(self->on_error);
    g_free(self);
}

/* --- subscriptions --- */

static FulcraSubscription *
subscription_ref(FulcraSubscription *self)
{
    self->refs++;
    return self;
}

static void
subscription_unref(FulcraSubscription *self)
{
    if (--self->refs > 0)
        return;
    fulcra_identifier_unref(self->identifier);
    fulcra_representation_unref(self->on_error);
    fulcra_topic_unref(self->topic);
    if (self->waiting != NULL)
        g_ptr_array_unref(self->waiting);
    g_free(self);
}

/* Tells those who wait for the first value. @error: (nullable) */
static void
answer_waiting(FulcraSubscription *self, const GError *error)
{
    g_autoptr(GPtrArray) waiting = g_steal_pointer(&self->waiting);

    for (unsigned i = 0; waiting != NULL && i < waiting->len; i++)
        if (error == NULL)
            fulcra_request_respond(waiting->pdata[i], NULL);
        else
            fulcra_request_fail(waiting->pdata[i], g_error_copy(error));
}

/* Takes it out of the list of its socket. */
static void
subscription_end(FulcraSubscription *self, const GError *error)
{
    FulcraSubscription **at;

    if (self->socket == NULL)
        return;
    at = &fulcra__socket_get_more(self->socket)->subscriptions;
    while (*at != self)
        at = &(*at)->next;
    *at = self->next;
    self->socket = NULL;
    fulcra_host_stats_add(FULCRA_STAT_SUBSCRIPTIONS, -1);
    fulcra_host_follower_leave(g_steal_pointer(&self->follower));
    if (self->member != NULL)
        fulcra__audience_leave(g_steal_pointer(&self->member));
    answer_waiting(self, error);
    subscription_unref(self);
}

/* --- sending --- */

static bool
same_frame(FulcraRepresentation *a, FulcraRepresentation *b)
{
    const FulcraSentFrame *one = fulcra_representation_get_bytes(a, NULL);
    const FulcraSentFrame *other = fulcra_representation_get_bytes(b, NULL);

    return one == other ||
           (one->size == other->size &&
                   memcmp(one->bytes, other->bytes, one->size) == 0);
}

static bool
looks_like(FulcraRepresentation *a, FulcraRepresentation *b)
{
    FulcraRepresentation *one = fulcra__encode(a, NULL);
    FulcraRepresentation *other = fulcra__encode(b, NULL);

    return one != NULL && other != NULL && same_frame(one, other);
}

/* False where it cannot be sent at all. */
static bool
subscription_send(
        FulcraSubscription *self, FulcraRepresentation *message, GError **error)
{
    FulcraRepresentation *frame;

    if (self->socket == NULL)
        return true;
    frame = fulcra__handle_encode(self->socket->handle, message, error);
    if (frame == NULL)
        return false;
    fulcra__socket_send(self->socket, frame);
    return true;
}

/* --- when the resource fails --- */

static void
send_notice(FulcraSubscription *self, FulcraRepresentation *notice)
{
    g_autoptr(FulcraTopic) topic =
            self->topic == NULL ? NULL : fulcra_topic_ref(self->topic);
    uint64_t n = topic == NULL ? 0 : fulcra_topic_get_n_published(topic);
    g_autoptr(GError) error = NULL;

    if (self->follower != NULL &&
            !fulcra_host_follower_is_failing(self->follower))
        return; /* it is well again */
    if (!subscription_send(self, notice, &error))
        fulcra_log_warning(NULL, "what is sent when %s fails: %s",
                fulcra_identifier_get_text(self->identifier), error->message);
    if (topic == NULL || fulcra_topic_get_n_published(topic) == n)
        return;
    g_autoptr(FulcraRepresentation) last = fulcra_topic_get_last(topic);
    if (last != NULL)
        subscription_send(self, last, NULL);
}

/* A notice that is asked for. */
typedef struct {
    FulcraSubscription *subscription;
    FulcraSocket *socket; /* (nullable): the subscription has ended, and this is
                             the last that is sent of it */
} Notice;

static void
notice_answered(FulcraRequest *request, FulcraRepresentation *answer,
        const GError *error, void *user_data)
{
    g_autofree Notice *self = user_data;
    const char *name =
            fulcra_identifier_get_text(self->subscription->identifier);

    if (error != NULL)
        fulcra_log_warning(
                NULL, "what is sent when %s fails: %s", name, error->message);
    else if (self->socket != NULL)
        fulcra_socket_send(self->socket, answer, NULL);
    else
        send_notice(self->subscription, answer);
    fulcra_socket_unref(self->socket);
    subscription_unref(self->subscription);
}

static void
notice_ask(FulcraSubscription *self, FulcraIdentifier *identifier)
{
    FulcraWebSocket *socket = self->socket;
    g_autoptr(FulcraRequest) request = fulcra_host_request_new_root(
            socket->home->owner->kernel, fulcra__socket_front(socket),
            &socket->layer, FULCRA_VERB_SOURCE, identifier);
    Notice *notice = g_new0(Notice, 1);

    notice->subscription = subscription_ref(self);
    if (self->follower == NULL)
        notice->socket = fulcra_socket_ref(&socket->handle->base);
    fulcra_request_issue_async(request, notice_answered, notice);
}

/* Sends what was declared for errors. */
static void
notify(FulcraSubscription *self)
{
    FulcraIdentifier *identifier;

    if (self->on_error == NULL || self->socket == NULL)
        return;
    identifier = fulcra_representation_get_boxed(
            self->on_error, FULCRA_TYPE_IDENTIFIER);
    if (identifier == NULL)
        send_notice(self, self->on_error);
    else
        notice_ask(self, identifier);
}

/* --- what the follower says --- */

/* Nobody waits any more for a SINK that has timed out. */
static bool
is_unwanted(FulcraSubscription *self)
{
    if (self->waiting == NULL || self->waiting->len == 0)
        return false;
    for (unsigned i = 0; i < self->waiting->len; i++)
        if (!fulcra_host_request_is_done(self->waiting->pdata[i]))
            return false;
    return true;
}

/* Joins @topic in place of the one before; what was sent of that is not sent
 * again. @last: (out) (transfer full) (nullable): what is to be sent */
static void
subscription_join(FulcraSubscription *self, FulcraTopic *topic, bool value,
        FulcraRepresentation **last)
{
    g_autoptr(FulcraRepresentation) before = NULL;
    FulcraMember *old = self->member;

    if (self->value && self->topic != NULL)
        before = fulcra_topic_get_last(self->topic);
    self->member = fulcra__audience_join(self->socket, topic, value, last);
    if (old != NULL)
        fulcra__audience_leave(old);
    fulcra_topic_unref(self->topic);
    self->topic = fulcra_topic_ref(topic);
    self->value = value;
    if (*last != NULL &&
            (!value || (before != NULL && looks_like(before, *last))))
        g_clear_pointer(last, fulcra_representation_unref);
}

static void
subscription_follows(FulcraFollower *follower, FulcraTopic *topic, bool value,
        void *user_data)
{
    FulcraSubscription *self = subscription_ref(user_data);
    g_autoptr(FulcraRepresentation) last = NULL;
    g_autoptr(GError) error = NULL;

    fulcra__audience_catch_up(self->socket, UINT64_MAX);
    if (self->socket == NULL || is_unwanted(self)) {
        subscription_end(self, NULL);
        subscription_unref(self);
        return;
    }
    subscription_join(self, topic, value, &last);
    if (last != NULL && !subscription_send(self, last, &error)) {
        fulcra_host_stats_add(FULCRA_STAT_SUBSCRIPTIONS_REFUSED, 1);
        subscription_end(self, error);
    } else {
        answer_waiting(self, NULL);
    }
    subscription_unref(self);
}

static void
subscription_failed(
        FulcraFollower *follower, const GError *error, void *user_data)
{
    FulcraSubscription *self = subscription_ref(user_data);

    notify(self);
    subscription_unref(self);
}

/* Who called from C has not been answered: what was declared for errors is the
 * answer. */
static void
subscription_ended(
        FulcraFollower *follower, const GError *error, void *user_data)
{
    FulcraSubscription *self = subscription_ref(user_data);
    bool is_told = self->waiting != NULL && self->waiting->len > 0;

    fulcra_log_info(NULL, "socket %s does not follow %s%s: %s",
            fulcra__socket_name(self->socket),
            fulcra_identifier_get_text(self->identifier),
            self->topic == NULL ? "" : " any more", error->message);
    if (self->topic == NULL)
        fulcra_host_stats_add(FULCRA_STAT_SUBSCRIPTIONS_REFUSED, 1);
    fulcra_host_follower_leave(g_steal_pointer(&self->follower));
    if (!is_told)
        notify(self);
    subscription_end(self, error);
    subscription_unref(self);
}

/* --- subscribing --- */

static FulcraSubscription *
find(FulcraWebSocket *socket, FulcraIdentifier *identifier)
{
    FulcraSubscription *self = fulcra__socket_subscriptions(socket);

    while (self != NULL &&
            !fulcra_identifier_equal(self->identifier, identifier))
        self = self->next;
    return self;
}

static void
wait_for(FulcraSubscription *self, FulcraRequest *request)
{
    if (request == NULL)
        return;
    if (self->topic != NULL) {
        fulcra_request_respond(request, NULL);
        return;
    }
    if (self->waiting == NULL)
        self->waiting = g_ptr_array_new();
    g_ptr_array_add(self->waiting, request);
}

/* Members of audiences are counted with the handle, those who have not joined
 * one yet are not. */
static bool
has_room(FulcraWebSocket *socket)
{
    unsigned n = atomic_load(&socket->handle->n_followed);

    for (FulcraSubscription *other = fulcra__socket_subscriptions(socket);
            other != NULL; other = other->next)
        n += other->member == NULL;
    return n < socket->home->limits.subscriptions;
}

static void
refuse_over_limit(FulcraWebSocket *socket, FulcraSubscribeOrder *order)
{
    FulcraRequest *request = g_steal_pointer(&order->request);

    fulcra_host_stats_add(FULCRA_STAT_SUBSCRIPTIONS_REFUSED, 1);
    fulcra_log_warning(NULL, "socket %s follows %u things already: not %s",
            fulcra__socket_name(socket), socket->home->limits.subscriptions,
            fulcra_identifier_get_text(order->identifier));
    if (request != NULL)
        fulcra_request_fail(request,
                g_error_new(FULCRA_ERROR, FULCRA_ERROR_OVERLOADED,
                        "a socket may follow %u things, and this one does",
                        socket->home->limits.subscriptions));
}

static void
show_root(FulcraRequest *root, void *user_data)
{
    fulcra__strip_tag_trace(user_data, root);
}

/* A page that shows what its socket causes is shown what it follows as well. */
static void
show_roots(FulcraWebSocket *socket, FulcraFollower *follower)
{
    FulcraStripTag *tag = fulcra__socket_get_tag(socket);

    if (tag != NULL)
        fulcra_host_follower_watch_roots(follower, show_root, tag,
                (GDestroyNotify)fulcra__strip_tag_unref);
}

static void
subscribe(FulcraWebSocket *socket, FulcraSubscribeOrder *order)
{
    static const FulcraFollowerClass klass = { subscription_follows,
        subscription_failed, subscription_ended };
    FulcraSocketMore *more = fulcra__socket_need_more(socket);
    FulcraSubscription *self = g_new0(FulcraSubscription, 1);

    self->refs = 2; /* the list's, and this call's */
    self->socket = socket;
    self->identifier = fulcra_identifier_ref(order->identifier);
    self->on_error = g_steal_pointer(&order->on_error);
    self->next = more->subscriptions;
    more->subscriptions = self;
    fulcra_host_stats_add(FULCRA_STAT_SUBSCRIPTIONS, 1);
    wait_for(self, g_steal_pointer(&order->request));
    self->follower = fulcra_host_follower_new(socket->home->followers,
            fulcra__socket_front(socket), &socket->layer, self->identifier,
            &klass, self);
    show_roots(socket, self->follower);
    fulcra_host_follower_begin(self->follower);
    subscription_unref(self);
}

static void
unsubscribe(FulcraWebSocket *socket, FulcraSubscribeOrder *order)
{
    FulcraRequest *request = g_steal_pointer(&order->request);
    FulcraSubscription *self = find(socket, order->identifier);
    g_autoptr(GError) error = g_error_new(FULCRA_ERROR, FULCRA_ERROR_CANCELLED,
            "it was unsubscribed before its first value came");

    if (self != NULL)
        subscription_end(self, error);
    if (request != NULL)
        fulcra_request_respond(request, NULL);
}

void
fulcra__subscriptions_take(FulcraWebSocket *socket, FulcraSubscribeOrder *order)
{
    FulcraSubscription *there = find(socket, order->identifier);

    if (order->ends)
        unsubscribe(socket, order);
    else if (!fulcra__socket_takes_messages(socket) ||
             socket->turn >= FULCRA_TURN_DELETE)
        ; /* it has gone, as the end of the order says */
    else if (there != NULL)
        wait_for(there, g_steal_pointer(&order->request));
    else if (!has_room(socket))
        refuse_over_limit(socket, order);
    else
        subscribe(socket, order);
    fulcra__subscribe_order_free(order);
}

void
fulcra__subscriptions_clear(FulcraWebSocket *socket)
{
    FulcraSocketMore *more = fulcra__socket_get_more(socket);
    g_autoptr(GError) gone = NULL;

    if (more == NULL || more->subscriptions == NULL)
        return;
    gone = g_error_new(
            FULCRA_ERROR, FULCRA_ERROR_GONE, "the socket has closed");
    while (more->subscriptions != NULL)
        subscription_end(more->subscriptions, gone);
}
