/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Exchanges: one HTTP request and its answer, and the way out to a WebSocket
 *
 * The HTTP transport hands every request that asks for an upgrade to
 * "websocket" to the hook registered here, after the guard, the origin check
 * and the limits have passed it. The hook answers by exactly one of
 * fulcra_http_exchange_refuse() and fulcra_http_exchange_upgrade(), at once or
 * later, on the exchange's loop; the transport does the suspending. All calls
 * on the loop's thread.
 */

#include "http/head.h"
#include "http/server.h"
#include "loop/loop.h"
#include <fulcra/representation.h>

G_BEGIN_DECLS

typedef struct _FulcraHttpExchange FulcraHttpExchange;

FulcraLoop *fulcra_http_exchange_get_loop(FulcraHttpExchange *self);
FulcraHttpHead *fulcra_http_exchange_get_head(FulcraHttpExchange *self);

/** URI of the front space of the listener that it came by. */
const char *fulcra_http_exchange_get_front(FulcraHttpExchange *self);

/** A response header of the refusal or of the 101; checked for CR, LF and the
 * names that are the transport's own. False where it was not accepted. */
bool fulcra_http_exchange_add_header(
        FulcraHttpExchange *self, const char *name, const char *value);

/** Answers with @status, 400 to 599, and @message as the body; @error
 * (nullable) has the details that a playground shows. */
void fulcra_http_exchange_refuse(FulcraHttpExchange *self, unsigned status,
        const char *message, const GError *error);

/**
 * FulcraHttpUpgraded:
 * @fd: (transfer full): a non-blocking TCP socket, TCP_NODELAY set, no longer
 *     libmicrohttpd's; -1 where the client went away before the 101
 * @early: bytes that came right behind the head; gone after the call
 */
typedef void (*FulcraHttpUpgraded)(
        int fd, const uint8_t *early, size_t n_early, void *user_data);

/** Answers 101 (Upgrade, Connection and Sec-WebSocket-Accept are added) and
 * then hands over the socket. */
void fulcra_http_exchange_upgrade(
        FulcraHttpExchange *self, FulcraHttpUpgraded upgraded, void *user_data);

/** Called if the client goes away, or the server stops, before the exchange
 * was answered; no answer is wanted after that. */
void fulcra_http_exchange_on_gone(FulcraHttpExchange *self,
        void (*gone)(void *user_data), void *user_data);

/* What handles upgrades. */
typedef struct {
    void (*open)(FulcraHttpExchange *exchange, void *user_data);
    void *user_data;
} FulcraHttpUpgradeHook;

void fulcra_http_server_set_upgrade_hook(
        FulcraHttpServer *server, const FulcraHttpUpgradeHook *hook);

G_END_DECLS
