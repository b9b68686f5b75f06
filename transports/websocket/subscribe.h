/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Subscriptions: what a socket follows
 *
 * All calls on the loop's thread, unless they say otherwise.
 */

#include <fulcra-host/live.h>
#include <fulcra/representation.h>
#include <fulcra/request.h>

typedef struct _FulcraSocketHandle FulcraSocketHandle;
typedef struct _FulcraSubscription FulcraSubscription;
typedef struct _FulcraWebSocket FulcraWebSocket;

/* What somebody wants, on any thread. */
typedef struct {
    bool ends; /* it is the end of a subscription */
    FulcraIdentifier *identifier;
    FulcraRepresentation *on_error; /* (nullable): what is sent then, or an
                                       identifier of it */
    FulcraRequest *request;         /* (nullable): deferred, to be answered */
} FulcraSubscribeOrder;

/** @request: (nullable): was deferred. Any thread. (transfer full) */
FulcraSubscribeOrder *fulcra__subscribe_order_new(bool ends,
        FulcraIdentifier *identifier, FulcraRepresentation *on_error,
        FulcraRequest *request);

/** Not carried out: the socket has gone. Any thread. */
void fulcra__subscribe_order_free(FulcraSubscribeOrder *self);

/** Carries out @order (transfer full). */
void fulcra__subscriptions_take(
        FulcraWebSocket *socket, FulcraSubscribeOrder *order);

/** The socket ends. */
void fulcra__subscriptions_clear(FulcraWebSocket *socket);
