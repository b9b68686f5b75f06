/* SPDX-License-Identifier: MIT */
/*
 * handle.c - <fulcra/socket.h>: a weak name that any thread may use
 *
 * On the socket's own loop a call acts at once. From elsewhere it goes into
 * the loop's outbox: one list under one lock, and one task posted for all that
 * it holds when the task runs. The task stands in the loop's queue before any
 * completion that is posted later, so what a request sent precedes its answer;
 * and since the list keeps its order, so do the calls of one thread.
 *
 * `state` only grows. It is changed by whoever closes, at once, so that a
 * thread which disconnected cannot send behind it.
 */
#include "websocket/close.h"
#include "websocket/socket.h"

#include <fulcra/error.h>

/* A message, a subscription, the end of one, or the wish to close. */
typedef struct {
    FulcraSocketHandle *handle;
    FulcraRepresentation *frame;     /* (nullable) */
    FulcraMember *member;            /* (nullable) */
    FulcraTopic *left;               /* (nullable) */
    FulcraSubscribeOrder *subscribe; /* (nullable) */
    uint64_t clock; /* what was published before comes before */
    unsigned code;
    char *reason; /* (nullable) */
} Order;

static void
order_run(Order *order)
{
    FulcraWebSocket *socket = fulcra__handle_socket(order->handle);

    if (order->handle->gone)
        return;
    if (order->member == NULL)
        fulcra__audience_catch_up(socket, order->clock);
    if (order->frame != NULL)
        fulcra__socket_queue(socket, order->frame, 0, false);
    else if (order->member != NULL)
        fulcra__member_admit(g_steal_pointer(&order->member), socket);
    else if (order->subscribe != NULL)
        fulcra__subscriptions_take(socket, g_steal_pointer(&order->subscribe));
    else if (order->left != NULL)
        fulcra__member_end(socket, order->left);
    else
        fulcra__socket_end(
                socket, order->code, order->reason, order->code, true);
}

static void
order_clear(Order *order)
{
    fulcra_socket_unref(&order->handle->base);
    fulcra_representation_unref(order->frame);
    if (order->member != NULL)
        fulcra__member_dismiss(order->member);
    if (order->subscribe != NULL)
        fulcra__subscribe_order_free(order->subscribe);
    fulcra_topic_unref(order->left);
    g_free(order->reason);
}

void
fulcra__outbox_init(FulcraSocketLoop *home)
{
    home->outbox = g_array_new(false, false, sizeof(Order));
    home->drain_task.run = fulcra__outbox_drain;
}

/* @order: what it points to is borrowed, but for the member of one that is
 * accepted, and what there is to follow. */
static bool
outbox_add(FulcraSocketLoop *home, const Order *order)
{
    Order own = *order;
    bool closed;

    fulcra_socket_ref(&own.handle->base);
    if (own.frame != NULL)
        fulcra_representation_ref(own.frame);
    if (own.left != NULL)
        fulcra_topic_ref(own.left);
    own.reason = g_strdup(own.reason);

    pthread_mutex_lock(&home->lock);
    closed = home->closed;
    if (!closed) {
        g_array_append_val(home->outbox, own);
        if (!home->posted)
            fulcra_loop_post(home->loop, &home->drain_task);
        home->posted = true;
    }
    pthread_mutex_unlock(&home->lock);
    if (closed) {
        own.member = NULL;
        order_clear(&own);
    }
    return !closed;
}

static void
outbox_run(GArray *orders)
{
    for (unsigned i = 0; i < orders->len; i++) {
        Order *order = &g_array_index(orders, Order, i);

        order_run(order);
        order_clear(order);
    }
    g_array_unref(orders);
}

static GArray *
outbox_take(FulcraSocketLoop *home)
{
    GArray *taken, *fresh = g_array_new(false, false, sizeof(Order));

    pthread_mutex_lock(&home->lock);
    taken = home->outbox;
    home->outbox = fresh;
    pthread_mutex_unlock(&home->lock);
    return taken;
}

/* The task stays posted, and will find what comes later. */
void
fulcra__outbox_catch_up(FulcraSocketLoop *home)
{
    pthread_mutex_lock(&home->lock);
    bool any = home->outbox != NULL && home->outbox->len > 0;
    pthread_mutex_unlock(&home->lock);
    if (any)
        outbox_run(outbox_take(home));
}

void
fulcra__outbox_drain(FulcraTask *task)
{
    FulcraSocketLoop *home =
            (FulcraSocketLoop *)((char *)task -
                                 G_STRUCT_OFFSET(FulcraSocketLoop, drain_task));

    pthread_mutex_lock(&home->lock);
    home->posted = false;
    pthread_mutex_unlock(&home->lock);
    outbox_run(outbox_take(home));
}

void
fulcra__outbox_close(FulcraSocketLoop *home)
{
    GArray *orders;

    pthread_mutex_lock(&home->lock);
    home->closed = true;
    orders = home->outbox;
    home->outbox = NULL;
    pthread_mutex_unlock(&home->lock);
    for (unsigned i = 0; orders != NULL && i < orders->len; i++)
        order_clear(&g_array_index(orders, Order, i));
    g_clear_pointer(&orders, g_array_unref);
}

/* --- the operations --- */

static bool
gone(GError **error)
{
    g_set_error(
            error, FULCRA_ERROR, FULCRA_ERROR_GONE, "the socket has closed");
    return false;
}

static bool
handle_is_open(FulcraSocket *socket)
{
    FulcraSocketHandle *self = (FulcraSocketHandle *)socket;

    return atomic_load_explicit(&self->state, memory_order_acquire) ==
           FULCRA_HANDLE_OPEN;
}

static FulcraSocketLoop *
handle_home(FulcraSocketHandle *self)
{
    return fulcra__handle_socket(self)->home;
}

static bool
handle_order(FulcraSocketHandle *self, Order *order)
{
    FulcraSocketLoop *home = handle_home(self);

    order->clock = fulcra__audiences_clock(home);
    if (fulcra_loop_current() != home->loop)
        return outbox_add(home, order);
    order_run(order);
    return true;
}

FulcraRepresentation *
fulcra__handle_encode(
        FulcraSocketHandle *self, FulcraRepresentation *message, GError **error)
{
    if (!self->deflate)
        return fulcra__encode(message, error);
    return fulcra__encode_deflated(
            message, handle_home(self)->owner->deflater, error);
}

static bool
handle_send(FulcraSocket *socket, FulcraRepresentation *message, GError **error)
{
    FulcraSocketHandle *self = (FulcraSocketHandle *)socket;
    FulcraRepresentation *frame;

    if (!handle_is_open(socket))
        return gone(error);
    frame = fulcra__handle_encode(self, message, error);
    if (frame == NULL)
        return false;
    return handle_order(self, &(Order){ self, .frame = frame }) || gone(error);
}

static bool
handle_disconnect(
        FulcraSocket *socket, unsigned code, const char *reason, GError **error)
{
    FulcraSocketHandle *self = (FulcraSocketHandle *)socket;
    unsigned char open = FULCRA_HANDLE_OPEN;

    if (!fulcra__close_code_is_valid(code)) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "close code %u cannot be sent; 1000 and 4000 to 4999 can",
                code);
        return false;
    }
    if (!atomic_compare_exchange_strong(
                &self->state, &open, FULCRA_HANDLE_CLOSING))
        return gone(error);
    return handle_order(self,
                   &(Order){ self, .code = code, .reason = (char *)reason }) ||
           gone(error);
}

static char *
handle_get_id(FulcraSocket *socket)
{
    return fulcra__registry_get_id((FulcraSocketHandle *)socket);
}

/* With the topic locked, so that no message of it overtakes the order. */
static FulcraMember *
order_member(FulcraSocketHandle *self, FulcraTopic *topic, bool *accepted)
{
    FulcraSocketLoop *home = handle_home(self);
    FulcraMember *member = fulcra__member_new(home, topic, &self->base);

    *accepted = fulcra_loop_current() == home->loop
                        ? !self->gone
                        : outbox_add(home, &(Order){ self, .member = member });
    return member;
}

static bool
handle_subscribe(FulcraSocket *socket, FulcraTopic *topic, GError **error)
{
    FulcraSocketHandle *self = (FulcraSocketHandle *)socket;
    FulcraSocketLoop *home = handle_home(self);
    unsigned most = fulcra__websockets_get_limits(home->owner).subscriptions;
    bool accepted;

    if (!handle_is_open(socket))
        return gone(error);
    if (atomic_load(&self->n_followed) >= most) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_OVERLOADED,
                "the socket is subscribed to %u resources already, as many as "
                "it may",
                most);
        return false;
    }
    fulcra_host_topic_lock(topic);
    FulcraMember *member = order_member(self, topic, &accepted);
    fulcra_host_topic_unlock(topic);
    fulcra_host_topic_cut_presence(topic);
    if (!accepted) {
        fulcra__member_dismiss(member);
        return gone(error);
    }
    if (fulcra_loop_current() == home->loop)
        fulcra__member_admit(member, fulcra__handle_socket(self));
    return true;
}

static void
handle_unsubscribe(FulcraSocket *socket, FulcraTopic *topic)
{
    FulcraSocketHandle *self = (FulcraSocketHandle *)socket;

    handle_order(self, &(Order){ self, .left = topic });
}

bool
fulcra__handle_order_subscription(
        FulcraSocketHandle *self, FulcraSubscribeOrder *order)
{
    FulcraSocketLoop *home = handle_home(self);
    bool here = fulcra_loop_current() == home->loop;

    if (!handle_is_open(&self->base) || (here && self->gone)) {
        fulcra__subscribe_order_free(order);
        return false;
    }
    if (!here)
        return outbox_add(home, &(Order){ self, .subscribe = order });
    fulcra__subscriptions_take(fulcra__handle_socket(self), order);
    return true;
}

static bool
handle_follow(FulcraSocket *socket, FulcraIdentifier *identifier,
        FulcraRepresentation *on_error, GError **error)
{
    return fulcra__handle_order_subscription((FulcraSocketHandle *)socket,
                   fulcra__subscribe_order_new(
                           false, identifier, on_error, NULL)) ||
           gone(error);
}

static bool
handle_unfollow(
        FulcraSocket *socket, FulcraIdentifier *identifier, GError **error)
{
    return fulcra__handle_order_subscription((FulcraSocketHandle *)socket,
                   fulcra__subscribe_order_new(true, identifier, NULL, NULL)) ||
           gone(error);
}

/* The layer has gone before, with all else that the socket had. */
static void
handle_free(FulcraSocket *socket)
{
    FulcraWebSocket *self = fulcra__handle_socket((FulcraSocketHandle *)socket);

    fulcra__websockets_unref(self->home->owner);
    g_free(self);
}

void
fulcra__handle_init(FulcraWebSocket *socket)
{
    static const FulcraSocketOps ops = {
        .send = handle_send,
        .disconnect = handle_disconnect,
        .is_open = handle_is_open,
        .get_id = handle_get_id,
        .subscribe = handle_subscribe,
        .unsubscribe = handle_unsubscribe,
        .follow = handle_follow,
        .unfollow = handle_unfollow,
        .free = handle_free,
    };

    fulcra_host_socket_init(&socket->handle->base, &ops);
    atomic_init(&socket->handle->state, FULCRA_HANDLE_OPEN);
    atomic_init(&socket->handle->n_followed, 0);
    fulcra__websockets_ref(socket->home->owner);
}

void
fulcra__handle_set_state(FulcraSocketHandle *self, FulcraHandleState state)
{
    unsigned char before = atomic_load(&self->state);

    while (before < state && !atomic_compare_exchange_weak(&self->state,
                                     &before, (unsigned char)state))
        ;
}
