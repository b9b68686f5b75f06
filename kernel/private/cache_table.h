/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Where answers are kept: one table for each shard of the cache
 *
 * Guarded by the shard's lock. Nothing is freed under it: what is taken out is
 * put into a list, since to free an answer may run code of who made it.
 */

#include "private/given.h"
#include "private/ledger.h"
#include <fulcra/representation.h>

/* What was asked: an identifier, a verb, a type, in some places, with arguments
 * beside the identifier; and where it is filed. */
typedef struct _FulcraQuestion FulcraQuestion;
struct _FulcraQuestion {
    FulcraQuestion *next; /* where it was taken out: the list of that */
    unsigned hash;
    bool is_shape;
    FulcraVerb verb;
    const char *wanted;
    uint64_t places;
    FulcraIdentifier *identifier; /* NULL in an entry that has a shape */
    FulcraGiven *given;           /* (nullable) */
};

typedef struct _FulcraCacheShape FulcraCacheShape;

typedef struct _FulcraCacheEntry FulcraCacheEntry;
struct _FulcraCacheEntry {
    FulcraQuestion question; /* first */
    FulcraCacheShape *shape; /* (nullable): where the answer is not for all */
    FulcraRepresentation *answer;
    FulcraLedger *ledger;
    size_t bytes;
    int64_t cost_us;
    unsigned place; /* among the entries */
    unsigned uses;
    unsigned uses_seen; /* when it was last looked at to make room */
    float worth;        /* then */
};

typedef struct {
    /* Of each slot the hash of what is filed there, 0: nothing; and that. Who
     * misses looks at hashes only, which are few bytes. */
    unsigned *hashes;
    FulcraQuestion **filed;
    unsigned n_slots; /* a power of two, at least twice as many as are filed;
                         they never become fewer */
    unsigned n_filed;
    GPtrArray *entries; /* all of them, in no order */
    size_t bytes;
} FulcraCacheTable;

void fulcra__cache_table_init(FulcraCacheTable *self);
void fulcra__cache_table_clear(FulcraCacheTable *self);

/** Of what @request asks: its `hash`, for everything below. */
unsigned fulcra__question_hash(FulcraRequest *request);

/** The same where it depends on what @noted names: @hash, with what @request
 * has for that. */
unsigned fulcra__question_hash_values(unsigned hash, const FulcraNoted *noted,
        unsigned n_noted, FulcraRequest *request);

/** The answer that holds for @request; NULL where there is none. What is found
 * to have expired is added to @gone. */
FulcraCacheEntry *fulcra__cache_table_find(FulcraCacheTable *self,
        unsigned hash, FulcraRequest *request, FulcraCacheEntry **gone);

/** Files @entry (transfer full), which was made of @request. */
void fulcra__cache_table_insert(FulcraCacheTable *self, FulcraCacheEntry *entry,
        unsigned hash, FulcraRequest *request);

/** Takes out what is filed where @entry, which is not, would be; whether there
 * was something. */
bool fulcra__cache_table_take_other(FulcraCacheTable *self,
        const FulcraCacheEntry *entry, unsigned hash, FulcraRequest *request,
        FulcraCacheEntry **gone);

void fulcra__cache_table_take(FulcraCacheTable *self, FulcraCacheEntry *entry,
        FulcraCacheEntry **gone);

/** An entry for the answer of @request, not filed yet. */
FulcraCacheEntry *fulcra__cache_entry_new(
        FulcraRequest *request, unsigned hash);

/** What it answers. (transfer none) */
const FulcraQuestion *fulcra__cache_entry_get_question(
        const FulcraCacheEntry *self);

/** Frees a list; without the lock. */
void fulcra__cache_entries_free(FulcraCacheEntry *list);
