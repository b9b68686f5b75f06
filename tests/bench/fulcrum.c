/* SPDX-License-Identifier: MIT */

/*
 * fulcrum.c - a WebSocket's fulcrum without HTTP and without a connection
 *
 * The transport's own code makes the socket with its layer, gives it an id,
 * registers its handle, and releases all that. In the place of the HTTP
 * transport stands one head that all of them share.
 */

#include "fulcrum.h"
#include "websocket/socket.h"

struct _FulcraHttpHead {
    FulcraContext context;
};

struct _FulcraHttpExchange {
    const char *front;
    FulcraHttpHead head;
};

static FulcraLoop *loop;
static FulcraWebSockets *sockets;
static FulcraHttpExchange exchange;

/* --- what would be the HTTP transport --- */

FulcraHttpHead *
fulcra_http_exchange_get_head(FulcraHttpExchange *self)
{
    return &self->head;
}

const char *
fulcra_http_exchange_get_front(FulcraHttpExchange *self)
{
    return self->front;
}

FulcraLoop *
fulcra_http_exchange_get_loop(FulcraHttpExchange *self)
{
    return loop;
}

bool
fulcra_http_exchange_add_header(
        FulcraHttpExchange *self, const char *name, const char *value)
{
    return true;
}

void
fulcra_http_exchange_refuse(FulcraHttpExchange *self, unsigned status,
        const char *message, const GError *error)
{
}

void
fulcra_http_exchange_upgrade(
        FulcraHttpExchange *self, FulcraHttpUpgraded upgraded, void *user_data)
{
}

void
fulcra_http_exchange_on_gone(FulcraHttpExchange *self,
        void (*gone)(void *user_data), void *user_data)
{
}

FulcraContext *
fulcra_http_head_get_context(FulcraHttpHead *self)
{
    return &self->context;
}

FulcraHttpHead *
fulcra_http_head_of_context(FulcraContext *context)
{
    return (FulcraHttpHead *)context;
}

const char *
fulcra_http_head_get_path(FulcraHttpHead *self)
{
    return "/bench";
}

const char *
fulcra_http_head_get_query(FulcraHttpHead *self)
{
    return "";
}

const char *
fulcra_http_head_get_header(FulcraHttpHead *self, const char *name)
{
    return NULL;
}

const char *
fulcra_http_head_get_remote_host(FulcraHttpHead *self)
{
    return "127.0.0.1";
}

static void
head_free(FulcraContext *context)
{
}

static const FulcraContextClass head_class = { .name = "bench",
    .free = head_free };

/* --- the operation --- */

static FulcraWebSocket *
fulcrum_new(void)
{
    FulcraSocketLoop *home = &sockets->homes[0];
    char id[FULCRA_SOCKET_ID_SIZE];
    FulcraWebSocket *self;

    fulcra__registry_admit(sockets, "127.0.0.1");
    self = fulcra__socket_new(home, &exchange);
    fulcra__registry_make_id(home, id);
    fulcra__socket_take_id(self, id);
    self->exchange = NULL; /* it was answered */
    return self;
}

static void
fulcrum_release(FulcraWebSocket *self)
{
    fulcra__handle_set_state(self->handle, FULCRA_HANDLE_CLOSED);
    fulcra__registry_remove(sockets, self->handle);
    self->turn = FULCRA_TURN_DONE;
    fulcra__socket_check_end(self);
    fulcra__socket_run_dirty(&self->home->turn_end);
}

void
bench_fulcrum_run(unsigned n)
{
    while (n-- > 0)
        fulcrum_release(fulcrum_new());
}

void
bench_fulcrum_hold(unsigned n)
{
    FulcraSocketLoop *home = &sockets->homes[0];

    for (unsigned i = 0; i < n; i++)
        fulcrum_new();
    while (n == 0 && home->sockets != NULL)
        fulcrum_release(home->sockets);
}

void
bench_fulcrum_open(FulcraKernel *kernel, const char *front)
{
    g_autoptr(GError) error = NULL;

    loop = fulcra_loop_new(kernel, 0, &error);
    if (loop == NULL)
        g_error("%s", error->message);
    sockets = fulcra_websockets_new(kernel, &loop, 1, NULL, false);
    sockets->limits.sockets = 65536;
    exchange.front = fulcra_intern(front);
    fulcra_host_context_init(&exchange.head.context, &head_class, NULL);
}

void
bench_fulcrum_close(void)
{
    fulcra_websockets_free(sockets);
}

void
bench_fulcrum_free(void)
{
    fulcra_loop_free(loop);
}
