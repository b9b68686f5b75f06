/* SPDX-License-Identifier: MIT */

/*
 * cache_entry.c - one answer that is kept: its hash, what it takes, its end
 */

#include "private/cache_table.h"
#include "private/memory.h"
#include "private/request.h"
#include <string.h>

/* What an entry takes beside its identifier and its payload: itself, its
 * ledger, its representation, and what the allocator adds. Measured. */
#define ENTRY_BYTES 512
#define BOXED_BYTES 1024 /* what a payload takes whose size is unknown */

/* --- hashes --- */

/* In the table 0 says that there is nothing. */
static unsigned
hash_nonzero(uint64_t hash)
{
    return (unsigned)hash != 0 ? (unsigned)hash : 1;
}

unsigned
fulcra__question_hash(FulcraRequest *request)
{
    uint64_t hash = fulcra_identifier_hash(request->identifier);

    hash = hash * 31 + (uint64_t)request->verb;
    hash = hash * 31 + (uintptr_t)request->wanted;
    hash = hash * 31 + fulcra__request_get_places(request)->number;
    if (request->given != NULL)
        hash = hash * 31 + request->given->hash;
    return hash_nonzero(hash * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

unsigned
fulcra__question_hash_values(unsigned hash, const FulcraNoted *noted,
        unsigned n_noted, FulcraRequest *request)
{
    return hash_nonzero(
            hash ^ fulcra__noted_hash(noted, n_noted, request) * 0x9e3779b1u);
}

/* --- what it takes --- */

static size_t
identifier_bytes(const FulcraIdentifier *self)
{
    size_t bytes = sizeof *self + self->base_length;

    if (self->immortal)
        return 0;
    for (unsigned i = 0; i < self->n_arguments; i++) {
        const FulcraArgument *argument = &self->arguments[i];

        bytes += sizeof *argument;
        bytes += argument->text != NULL
                         ? strlen(argument->text)
                         : identifier_bytes(argument->identifier);
    }
    return bytes;
}

static size_t
answer_bytes(FulcraRepresentation *answer)
{
    size_t length;

    return fulcra_representation_get_bytes(answer, &length) != NULL
                   ? length
                   : BOXED_BYTES;
}

static size_t
request_bytes(FulcraRequest *request)
{
    const FulcraLedger *ledger = request->ledger;
    const FulcraGiven *given = request->given;

    return ENTRY_BYTES + identifier_bytes(request->identifier) +
           answer_bytes(request->answer) +
           ledger->n_slots * sizeof ledger->slots[0] +
           ledger->n_noted * sizeof ledger->noted[0] +
           (given == NULL ? 0
                          : given->bytes +
                                    given->n_items * sizeof given->items[0]);
}

FulcraCacheEntry *
fulcra__cache_entry_new(FulcraRequest *request, unsigned hash)
{
    FulcraCacheEntry *self = fulcra__block_new(sizeof *self);
    FulcraLedger *ledger = request->ledger;

    memset(self, 0, sizeof *self);
    self->question.hash = fulcra__question_hash_values(
            hash, ledger->noted, ledger->n_noted, request);
    self->answer = fulcra_representation_ref(request->answer);
    self->ledger = fulcra__ledger_ref(ledger);
    self->bytes = request_bytes(request);
    self->cost_us = g_get_monotonic_time() - request->evaluated_us;
    return self;
}

void
fulcra__cache_entries_free(FulcraCacheEntry *list)
{
    while (list != NULL) {
        FulcraCacheEntry *self = list;

        list = (FulcraCacheEntry *)self->question.next;
        fulcra_identifier_unref(self->question.identifier);
        fulcra__given_unref(self->question.given);
        fulcra_representation_unref(self->answer);
        fulcra__ledger_unref(self->ledger);
        fulcra__block_free(self, sizeof *self);
    }
}
