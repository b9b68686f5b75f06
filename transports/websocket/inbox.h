/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The inbox of a socket: what was received and has not been handled
 *
 * A bounded number of whole messages, and behind them bytes that were read and
 * not parsed, since that number was reached. A socket that keeps up has none.
 */

#include "websocket/frame.h"
#include <fulcra/representation.h>

typedef struct _FulcraInbox FulcraInbox;

/* What the inboxes of one loop share. */
typedef struct {
    FulcraInbox *free;
    unsigned n_free;
    unsigned size; /* messages in one */
} FulcraInboxPool;

/* @self is the socket's pointer: NULL while there is nothing. */

bool fulcra__inbox_is_full(FulcraInbox *self, const FulcraInboxPool *pool);
unsigned fulcra__inbox_get_length(FulcraInbox *self);

/** What it holds, in bytes. */
size_t fulcra__inbox_get_bytes(FulcraInbox *self);

/** @message: (transfer full); there must be room */
void fulcra__inbox_push(FulcraInbox **self, FulcraInboxPool *pool,
        FulcraRepresentation *message);

/** (transfer full) (nullable) */
FulcraRepresentation *fulcra__inbox_pop(
        FulcraInbox **self, FulcraInboxPool *pool);

/**
 * fulcra__inbox_lend:
 * @messages: (out) (array length=n) (transfer full): the first @n, which are
 *     there; until they are returned they count as if they still were
 */
void fulcra__inbox_lend(FulcraInbox *self, const FulcraInboxPool *pool,
        FulcraRepresentation **messages, unsigned n);

/** What is left of those that were lent, the first in front. Dropped where the
 * inbox was cleared meanwhile. @messages: (transfer full) */
void fulcra__inbox_return(FulcraInbox **self, FulcraInboxPool *pool,
        FulcraRepresentation *const *messages, unsigned n);

/** Keeps a copy of @rest, of which there must be none yet. */
void fulcra__inbox_keep(
        FulcraInbox **self, FulcraInboxPool *pool, const FulcraInput *rest);

/** The kept bytes, to be parsed in place; then what is left of them. */
FulcraInput fulcra__inbox_get_rest(FulcraInbox *self);
void fulcra__inbox_set_rest(
        FulcraInbox **self, FulcraInboxPool *pool, const FulcraInput *rest);

void fulcra__inbox_clear(FulcraInbox **self, FulcraInboxPool *pool);
void fulcra__inbox_pool_clear(FulcraInboxPool *pool);
