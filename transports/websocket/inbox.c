/* SPDX-License-Identifier: MIT */
/*
 * inbox.c - a ring of messages and the bytes behind them
 *
 * One thread: the loop's. Empty ones go back to the loop's pool.
 */
#include "websocket/inbox.h"

#include <glib.h>

#define POOL_LIMIT 256

struct _FulcraInbox {
    FulcraInbox *next_free;
    size_t bytes; /* of the messages */
    uint8_t *carry;
    size_t carry_at, carry_end;
    unsigned first, n;
    unsigned n_lent; /* they count as if they were here */
    size_t lent_bytes;
    FulcraRepresentation *ring[];
};

static size_t
message_size(FulcraRepresentation *message)
{
    size_t size;

    fulcra_representation_get_bytes(message, &size);
    return size;
}

static FulcraInbox *
inbox_need(FulcraInbox **self, FulcraInboxPool *pool)
{
    FulcraInbox *inbox = *self;

    if (inbox != NULL)
        return inbox;
    inbox = pool->free;
    if (inbox != NULL) {
        pool->free = inbox->next_free;
        pool->n_free--;
    } else {
        inbox = g_malloc0(sizeof(*inbox) + pool->size * sizeof(inbox->ring[0]));
    }
    *self = inbox;
    return inbox;
}

/* Gives it back if nothing is left in it. */
static void
inbox_rest(FulcraInbox **self, FulcraInboxPool *pool)
{
    FulcraInbox *inbox = *self;

    if (inbox->n > 0 || inbox->n_lent > 0 || inbox->carry != NULL)
        return;
    *self = NULL;
    if (pool->n_free == POOL_LIMIT) {
        g_free(inbox);
        return;
    }
    inbox->next_free = pool->free;
    pool->free = inbox;
    pool->n_free++;
}

bool
fulcra__inbox_is_full(FulcraInbox *self, const FulcraInboxPool *pool)
{
    return self != NULL && self->n + self->n_lent >= pool->size;
}

unsigned
fulcra__inbox_get_length(FulcraInbox *self)
{
    return self == NULL ? 0 : self->n + self->n_lent;
}

size_t
fulcra__inbox_get_bytes(FulcraInbox *self)
{
    return self == NULL ? 0 : self->bytes + self->lent_bytes + self->carry_end;
}

void
fulcra__inbox_push(FulcraInbox **self, FulcraInboxPool *pool,
        FulcraRepresentation *message)
{
    FulcraInbox *inbox = inbox_need(self, pool);

    g_assert(inbox->n + inbox->n_lent < pool->size);
    inbox->ring[(inbox->first + inbox->n) % pool->size] = message;
    inbox->n++;
    inbox->bytes += message_size(message);
}

static FulcraRepresentation *
inbox_take(FulcraInbox *self, const FulcraInboxPool *pool)
{
    FulcraRepresentation *message = self->ring[self->first];

    self->first = (self->first + 1) % pool->size;
    self->n--;
    self->bytes -= message_size(message);
    return message;
}

FulcraRepresentation *
fulcra__inbox_pop(FulcraInbox **self, FulcraInboxPool *pool)
{
    FulcraInbox *inbox = *self;

    if (inbox == NULL || inbox->n == 0)
        return NULL;
    FulcraRepresentation *message = inbox_take(inbox, pool);
    inbox_rest(self, pool);
    return message;
}

void
fulcra__inbox_lend(FulcraInbox *self, const FulcraInboxPool *pool,
        FulcraRepresentation **messages, unsigned n)
{
    g_assert(n <= self->n && self->n_lent == 0);
    for (unsigned i = 0; i < n; i++) {
        self->lent_bytes += message_size(self->ring[self->first]);
        messages[i] = inbox_take(self, pool);
    }
    self->n_lent = n;
}

void
fulcra__inbox_return(FulcraInbox **self, FulcraInboxPool *pool,
        FulcraRepresentation *const *messages, unsigned n)
{
    FulcraInbox *inbox = *self;

    if (inbox == NULL || inbox->n_lent == 0) { /* it was cleared */
        for (unsigned i = 0; i < n; i++)
            fulcra_representation_unref(messages[i]);
        return;
    }
    inbox->n_lent = 0;
    inbox->lent_bytes = 0;
    for (unsigned i = n; i-- > 0;) {
        inbox->first = (inbox->first + pool->size - 1) % pool->size;
        inbox->ring[inbox->first] = messages[i];
        inbox->n++;
        inbox->bytes += message_size(messages[i]);
    }
    inbox_rest(self, pool);
}

void
fulcra__inbox_keep(
        FulcraInbox **self, FulcraInboxPool *pool, const FulcraInput *rest)
{
    FulcraInbox *inbox;

    if (rest->length == 0)
        return;
    inbox = inbox_need(self, pool);
    g_assert(inbox->carry == NULL);
    inbox->carry = g_memdup2(rest->data, rest->length);
    inbox->carry_at = 0;
    inbox->carry_end = rest->length;
}

FulcraInput
fulcra__inbox_get_rest(FulcraInbox *self)
{
    if (self == NULL || self->carry == NULL)
        return (FulcraInput){ NULL, 0 };
    return (FulcraInput){ self->carry + self->carry_at,
        self->carry_end - self->carry_at };
}

void
fulcra__inbox_set_rest(
        FulcraInbox **self, FulcraInboxPool *pool, const FulcraInput *rest)
{
    FulcraInbox *inbox = *self;

    if (inbox == NULL || inbox->carry == NULL)
        return;
    inbox->carry_at = inbox->carry_end - rest->length;
    if (rest->length > 0)
        return;
    g_clear_pointer(&inbox->carry, g_free);
    inbox->carry_at = inbox->carry_end = 0;
    inbox_rest(self, pool);
}

void
fulcra__inbox_clear(FulcraInbox **self, FulcraInboxPool *pool)
{
    const FulcraInput nothing = { NULL, 0 };
    FulcraRepresentation *message;

    if (*self == NULL)
        return;
    (*self)->n_lent = 0;
    (*self)->lent_bytes = 0;
    while ((message = fulcra__inbox_pop(self, pool)) != NULL)
        fulcra_representation_unref(message);
    fulcra__inbox_set_rest(self, pool, &nothing);
    if (*self != NULL) /* all that it held was lent */
        inbox_rest(self, pool);
}

void
fulcra__inbox_pool_clear(FulcraInboxPool *pool)
{
    while (pool->free != NULL) {
        FulcraInbox *inbox = pool->free;

        pool->free = inbox->next_free;
        g_free(inbox);
    }
}
