/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * One libmicrohttpd daemon, driven by one loop
 *
 * All calls on the loop's thread unless they say otherwise.
 */

#include "http/acceptor.h"
#include "http/exchange_private.h"

#include <microhttpd.h>

G_BEGIN_DECLS

typedef struct _FulcraHttpDaemon FulcraHttpDaemon;

/** Any thread. (transfer full) (nullable) */
FulcraHttpDaemon *fulcra__http_daemon_new(
        FulcraHttpServer *server, FulcraLoop *loop, GError **error);

/** Watches its descriptors in the loop from now on. */
void fulcra__http_daemon_start(FulcraHttpDaemon *self);

/** Answers what waits with 503 and closes all connections. */
void fulcra__http_daemon_stop(FulcraHttpDaemon *self);

/** After it was stopped, or never started; any thread. */
void fulcra__http_daemon_free(FulcraHttpDaemon *self);

/** Any thread: hands over a connection. (transfer full) */
void fulcra__http_daemon_add(FulcraHttpDaemon *self, FulcraHttpPeer *peer);

/** Whether requests are refused, because the daemon is about to go. */
bool fulcra__http_daemon_is_stopping(FulcraHttpDaemon *self);

FulcraLoop *fulcra__http_daemon_get_loop(FulcraHttpDaemon *self);
FulcraHttpServer *fulcra__http_daemon_get_server(FulcraHttpDaemon *self);

/** Starts and ends the time in which @peer must send a whole request. */
void fulcra__http_daemon_await_request(
        FulcraHttpDaemon *self, FulcraHttpPeer *peer);
void fulcra__http_daemon_received_request(
        FulcraHttpDaemon *self, FulcraHttpPeer *peer);

/** libmicrohttpd must run in this turn, or in one that follows at once. */
void fulcra__http_daemon_wake(FulcraHttpDaemon *self);

/** Exchanges that wait suspended: they must be ended before a stop. */
void fulcra__http_daemon_enlist(
        FulcraHttpDaemon *self, FulcraHttpExchange *exchange);
void fulcra__http_daemon_delist(
        FulcraHttpDaemon *self, FulcraHttpExchange *exchange);

/* --- what exchange.c has for the daemon --- */

FulcraHttpExchange *fulcra__http_exchange_new(FulcraHttpDaemon *daemon,
        struct MHD_Connection *connection, const char *target);

/** As MHD_AccessHandlerCallback, called again and again until answered. */
enum MHD_Result fulcra__http_exchange_handle(FulcraHttpExchange *self,
        const char *method, const char *version, const char *upload,
        size_t *n_upload);

/** libmicrohttpd is done with it; drops the reference of _new(). */
void fulcra__http_exchange_over(FulcraHttpExchange *self);

/** The server stops: answers 503 now if it was not answered. */
void fulcra__http_exchange_abort(FulcraHttpExchange *self);

G_END_DECLS
