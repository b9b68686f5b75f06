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

/* A message, or the wish to close. */
typedef struct {
    FulcraSocketHandle *handle;
    FulcraRepresentation *frame; /* (nullable) */
    unsigned code;
    char *reason; /* (nullable) */
} Order;

static void
order_run(const Order *order)
{
    FulcraWebSocket *socket = fulcra__handle_socket(order->handle);

    if (order->handle->gone)
        return;
    if (order->frame != NULL)
        fulcra__socket_send(socket, order->frame);
    else
        fulcra__socket_end(
                socket, order->code, order->reason, order->code, true);
}

static void
order_clear(Order *order)
{
    fulcra_socket_unref(&order->handle->base);
    fulcra_representation_unref(order->frame);
    g_free(order->reason);
}

void
fulcra__outbox_init(FulcraSocketLoop *home)
{
    home->outbox = g_array_new(false, false, sizeof(Order));
    home->drain_task.run = fulcra__outbox_drain;
}

/* @order: what it points to is borrowed. */
static bool
outbox_add(FulcraSocketLoop *home, const Order *order)
{
    Order own = { (FulcraSocketHandle *)fulcra_socket_ref(&order->handle->base),
        order->frame == NULL ? NULL : fulcra_representation_ref(order->frame),
        order->code, g_strdup(order->reason) };
    bool closed;

    pthread_mutex_lock(&home->lock);
    closed = home->closed;
    if (!closed) {
        g_array_append_val(home->outbox, own);
        if (!home->posted)
            fulcra_loop_post(home->loop, &home->drain_task);
        home->posted = true;
    }
    pthread_mutex_unlock(&home->lock);
    if (closed)
        order_clear(&own);
    return !closed;
}

static GArray *
outbox_take(FulcraSocketLoop *home)
{
    GArray *taken, *fresh = g_array_new(false, false, sizeof(Order));

    pthread_mutex_lock(&home->lock);
    taken = home->outbox;
    home->outbox = fresh;
    home->posted = false;
    pthread_mutex_unlock(&home->lock);
    return taken;
}

void
fulcra__outbox_drain(FulcraTask *task)
{
    FulcraSocketLoop *home =
            (FulcraSocketLoop *)((char *)task -
                                 G_STRUCT_OFFSET(FulcraSocketLoop, drain_task));
    GArray *orders = outbox_take(home);

    for (unsigned i = 0; i < orders->len; i++) {
        Order *order = &g_array_index(orders, Order, i);

        order_run(order);
        order_clear(order);
    }
    g_array_unref(orders);
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
handle_order(FulcraSocketHandle *self, const Order *order)
{
    FulcraSocketLoop *home = handle_home(self);

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
        return fulcra__outbound_encode(message, error);
    return fulcra__outbound_encode_deflated(
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
    return handle_order(self, &(Order){ self, frame, 0, NULL }) || gone(error);
}

static bool
handle_disconnect(
        FulcraSocket *socket, unsigned code, const char *reason, GError **error)
{
    FulcraSocketHandle *self = (FulcraSocketHandle *)socket;
    unsigned open = FULCRA_HANDLE_OPEN;

    if (!fulcra__close_code_is_valid(code)) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "close code %u cannot be sent; 1000 and 4000 to 4999 can",
                code);
        return false;
    }
    if (!atomic_compare_exchange_strong(
                &self->state, &open, FULCRA_HANDLE_CLOSING))
        return gone(error);
    return handle_order(self, &(Order){ self, NULL, code, (char *)reason }) ||
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
        .free = handle_free,
    };

    fulcra_host_socket_init(&socket->handle->base, &ops);
    atomic_init(&socket->handle->state, FULCRA_HANDLE_OPEN);
    fulcra__websockets_ref(socket->home->owner);
}

void
fulcra__handle_set_state(FulcraSocketHandle *self, FulcraHandleState state)
{
    unsigned before = atomic_load(&self->state);

    while (before < state &&
            !atomic_compare_exchange_weak(&self->state, &before, state))
        ;
}
