/* SPDX-License-Identifier: MIT */

/*
 * exchange.c - one request and its answer, as libmicrohttpd drives them
 *
 * libmicrohttpd calls the handler for the head, for each piece of the body,
 * and then until a response was queued. If the answer is not there by then the
 * connection is suspended, and the handler is called again after
 * MHD_resume_connection(): a response is queued in the handler and nowhere
 * else.
 *
 * A suspended connection is blind. Its descriptor is therefore watched by the
 * loop for the client's going away, and a deadline runs.
 *
 * The loop's thread; only the last reference may go on any thread.
 */

#include "http/daemon.h"
#include "http/server_private.h"

#include <fulcra-host/request.h>
#include <fulcra-host/stats.h>
#include <fulcra/error.h>
#include <string.h>

/* Of a body that is too large, what is read before the connection is just
 * closed: clients that only read after they wrote see why. */
#define MAX_DISCARDED (8 * 1024 * 1024)

static FulcraContextScheme schemes[2];
static FulcraContextClass exchange_class = {
    .name = "httpResponse",
    .n_schemes = G_N_ELEMENTS(schemes),
    .schemes = schemes,
};

static void
exchange_free(FulcraContext *context)
{
    FulcraHttpExchange *self = fulcra__http_exchange_of_layer(context);

    g_clear_pointer(&self->body, fulcra_representation_unref);
    g_clear_pointer(&self->unsent, fulcra_representation_unref);
    g_clear_pointer(&self->fields, fulcra__http_form_free);
    g_clear_error(&self->fields_error);
    fulcra__http_reply_finish(&self->reply);
    fulcra__http_reply_finish(&self->taken);
    g_free(self->target);
    g_free(self->key);
    g_free(self);
}

static void
class_init(void)
{
    schemes[0].scheme = fulcra_intern("httpResponse");
    schemes[0].space = fulcra__http_response_space();
    schemes[1].scheme = fulcra_intern("httpAnswer");
    schemes[1].space = fulcra__http_answer_space();
    exchange_class.free = exchange_free;
}

/* --- waiting --- */

static void
drop_answer(FulcraHttpExchange *self)
{
    if (self->answer.response != NULL)
        MHD_destroy_response(g_steal_pointer(&self->answer.response));
}

/* Nobody wants an answer any more. */
static void
abandon(FulcraHttpExchange *self)
{
    FulcraHttpState before = self->state;

    self->state = FULCRA_HTTP_ANSWERED;
    if (before == FULCRA_HTTP_ASKED && self->request != NULL)
        fulcra_request_cancel(self->request);
    if (before == FULCRA_HTTP_ASKED && self->gone != NULL)
        self->gone(self->gone_data);
    self->gone = NULL;
}

static void
end_suspension(FulcraHttpExchange *self)
{
    FulcraLoop *loop = fulcra__http_daemon_get_loop(self->daemon);

    self->suspended = false;
    fulcra_loop_unwatch(loop, &self->watch);
    fulcra_loop_clear_timer(loop, &self->deadline);
    fulcra__http_daemon_delist(self->daemon, self);
}

static void
resume(FulcraHttpExchange *self)
{
    end_suspension(self);
    MHD_resume_connection(self->connection);
    fulcra__http_daemon_wake(self->daemon);
}

static void
watch_ready(FulcraWatch *watch, uint32_t events)
{
    FulcraHttpExchange *self =
            (FulcraHttpExchange *)(void *)((char *)watch -
                                           offsetof(FulcraHttpExchange, watch));

    abandon(self);
    resume(self);
}

static void
deadline_fire(FulcraTimer *timer)
{
    FulcraHttpExchange *self =
            (FulcraHttpExchange *)(void *)((char *)timer -
                                           offsetof(FulcraHttpExchange,
                                                   deadline));

    fulcra_host_context_ref(&self->context);
    abandon(self);
    fulcra__http_exchange_fail(
            self, 504, "the answer did not come in time", NULL);
    fulcra_host_context_unref(&self->context);
}

/* False where the connection cannot be watched. */
static bool
suspend(FulcraHttpExchange *self)
{
    FulcraLoop *loop = fulcra__http_daemon_get_loop(self->daemon);

    self->watch.ready = watch_ready;
    self->watch.fd = self->peer->fd;
    if (!fulcra_loop_watch(loop, &self->watch, EPOLLRDHUP, NULL))
        return false;
    self->suspended = true;
    self->deadline.fire = deadline_fire;
    fulcra_loop_set_timer(loop, &self->deadline,
            fulcra__http_exchange_get_options(self)->limits.exchange_ms);
    fulcra__http_daemon_enlist(self->daemon, self);
    MHD_suspend_connection(self->connection);
    return true;
}

void
fulcra__http_exchange_answered(FulcraHttpExchange *self)
{
    self->state = FULCRA_HTTP_ANSWERED;
    self->gone = NULL;
    if (self->suspended)
        resume(self);
    else if (self->connection == NULL)
        drop_answer(self);
}

void
fulcra__http_exchange_fail(FulcraHttpExchange *self, unsigned status,
        const char *message, const GError *error)
{
    FulcraHttpFailure failure = {
        .status = status,
        .message = message,
        .error = error,
        .head = self->head,
        .playground = fulcra__http_exchange_get_options(self)->playground,
        .close = self->head == NULL || self->has_body,
    };

    fulcra__http_reply_take(&self->reply, &self->taken);
    drop_answer(self);
    fulcra__http_answer_failure(&self->answer, &self->taken, &failure);
    fulcra__http_exchange_answered(self);
}

void
fulcra__http_exchange_abort(FulcraHttpExchange *self)
{
    fulcra_host_context_ref(&self->context);
    abandon(self);
    fulcra__http_exchange_fail(self, 503, "the server stops", NULL);
    fulcra_host_context_unref(&self->context);
}

/* --- what libmicrohttpd calls --- */

FulcraHttpExchange *
fulcra__http_exchange_new(FulcraHttpDaemon *daemon,
        struct MHD_Connection *connection, const char *target)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    FulcraHttpExchange *self = g_new0(FulcraHttpExchange, 1);

    pthread_once(&once, class_init);
    fulcra_host_context_init(&self->context, &exchange_class, NULL);
    fulcra__http_reply_init(&self->reply);
    fulcra__http_reply_init(&self->taken);
    self->daemon = daemon;
    self->connection = connection;
    self->peer = MHD_get_connection_info(
            connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
                         ->socket_context;
    self->front = self->peer->front;
    self->scheme = self->peer->scheme;
    self->target = g_strdup(target);
    fulcra_host_stats_add(FULCRA_STAT_HTTP_REQUESTS, 1);
    return self;
}

static void
add_last_headers(FulcraHttpExchange *self)
{
    const char *server = fulcra__http_exchange_get_options(self)->server;

    if (server != NULL)
        fulcra__http_answer_header(&self->answer, "Server", server);
    /* What smuggling lives on is a second request behind a body. */
    if (self->has_body || fulcra__http_server_is_stopping(
                                  fulcra__http_daemon_get_server(self->daemon)))
        fulcra__http_answer_header(&self->answer, "Connection", "close");
}

static enum MHD_Result
send_answer(FulcraHttpExchange *self)
{
    if (self->answer.response == NULL)
        return MHD_NO;
    if (self->answer.status != MHD_HTTP_SWITCHING_PROTOCOLS)
        add_last_headers(self);

    enum MHD_Result queued = MHD_queue_response(
            self->connection, self->answer.status, self->answer.response);
    drop_answer(self);
    return queued;
}

/* A body that is not wanted is not read: the answer goes out at once. Without
 * one it waits for the second call, which keeps the connection alive. */
static enum MHD_Result
take_head(FulcraHttpExchange *self, const char *method, const char *version)
{
    self->head_seen = true;
    if (fulcra__http_intake(self, method, version))
        return MHD_YES;
    return self->has_body || self->head == NULL ? send_answer(self) : MHD_YES;
}

static enum MHD_Result
take_body(FulcraHttpExchange *self, const char *upload, size_t *n_upload)
{
    size_t limit = fulcra__http_exchange_get_options(self)->limits.body;
    size_t n = *n_upload;

    if (self->received == NULL)
        self->received = g_byte_array_new();
    *n_upload = 0;
    if (!self->too_large && self->received->len + n > limit) {
        self->too_large = true;
        g_byte_array_set_size(self->received, 0);
        fulcra_host_stats_add(FULCRA_STAT_HTTP_TOO_LARGE, 1);
    }
    if (!self->too_large) {
        g_byte_array_append(self->received, (const guint8 *)upload, (guint)n);
        return MHD_YES;
    }
    self->discarded += n;
    return self->discarded < MAX_DISCARDED ? MHD_YES : MHD_NO;
}

static void
begin(FulcraHttpExchange *self)
{
    fulcra__http_daemon_received_request(self->daemon, self->peer);
    if (self->too_large) {
        fulcra__http_exchange_fail(self, 413, "the body is too large", NULL);
        return;
    }
    if (fulcra__http_daemon_is_stopping(self->daemon)) {
        fulcra__http_exchange_fail(self, 503, "the server stops", NULL);
        return;
    }
    self->state = FULCRA_HTTP_ASKED;
    fulcra__http_ask(self);
}

enum MHD_Result
fulcra__http_exchange_handle(FulcraHttpExchange *self, const char *method,
        const char *version, const char *upload, size_t *n_upload)
{
    if (!self->head_seen)
        return take_head(self, method, version);
    if (*n_upload > 0)
        return take_body(self, upload, n_upload);
    if (self->state == FULCRA_HTTP_RECEIVING)
        begin(self);
    if (self->state == FULCRA_HTTP_ANSWERED)
        return send_answer(self);
    return suspend(self) ? MHD_YES : MHD_NO;
}

void
fulcra__http_exchange_over(FulcraHttpExchange *self)
{
    FulcraHttpUpgraded upgraded = g_steal_pointer(&self->upgraded);

    if (self->suspended)
        end_suspension(self);
    fulcra__http_daemon_await_request(self->daemon, self->peer);
    self->connection = NULL;
    abandon(self);
    drop_answer(self);
    if (upgraded != NULL)
        upgraded(-1, NULL, 0, self->upgraded_data);
    g_clear_pointer(&self->request, fulcra_request_unref);
    g_clear_pointer(&self->received, g_byte_array_unref);
    /* The head goes with the context, which holds it as its parent. */
    fulcra_host_context_unref(&self->context);
}

/* --- what it has --- */

FulcraHttpExchange *
fulcra__http_exchange_of_layer(FulcraContext *layer)
{
    return (FulcraHttpExchange *)layer;
}

FulcraHttpExchange *
fulcra__http_exchange_find(FulcraRequest *request)
{
    return (FulcraHttpExchange *)fulcra_host_request_find_layer(
            request, &exchange_class);
}

const FulcraHttpOptions *
fulcra__http_exchange_get_options(FulcraHttpExchange *self)
{
    return fulcra__http_server_get_options(
            fulcra__http_daemon_get_server(self->daemon));
}

FulcraLoop *
fulcra_http_exchange_get_loop(FulcraHttpExchange *self)
{
    return fulcra__http_daemon_get_loop(self->daemon);
}

FulcraHttpHead *
fulcra_http_exchange_get_head(FulcraHttpExchange *self)
{
    return self->head;
}

const char *
fulcra_http_exchange_get_front(FulcraHttpExchange *self)
{
    return self->front;
}
