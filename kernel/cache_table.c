/* SPDX-License-Identifier: MIT */

/*
 * cache_table.c - where answers are kept, and how they are found
 *
 * An answer that noted nothing is for all, and is filed by its question: one
 * piece of memory. Answers to one question that depend on the same things have
 * a shape in common, which is filed in their place; they are filed by that and
 * by what those things were, so that ten thousand sockets with an answer each
 * are no list.
 */

#include "private/cache_table.h"
#include "private/memory.h"
#include "private/request.h"
#include <fulcra-host/stats.h>
#include <fulcra/identifier.h>
#include <string.h>

#define FEWEST_BUCKETS 16

#define ENTRY_BYTES 256  /* what an entry costs beside its payload, roughly */
#define BOXED_BYTES 1024 /* what a payload costs whose size is unknown */

struct _FulcraCacheShape {
    FulcraQuestion question; /* first */
    unsigned n_entries;
    unsigned n_noted;
    FulcraNoted noted[]; /* of which only kinds and names matter */
};

void
fulcra__cache_table_init(FulcraCacheTable *self)
{
    *self = (FulcraCacheTable){
        .buckets = g_new0(FulcraQuestion *, FEWEST_BUCKETS),
        .n_buckets = FEWEST_BUCKETS,
        .entries = g_ptr_array_new(),
    };
}

void
fulcra__cache_table_clear(FulcraCacheTable *self)
{
    FulcraCacheEntry *gone = NULL;

    while (self->entries->len > 0)
        fulcra__cache_table_take(
                self, g_ptr_array_index(self->entries, 0), &gone);
    fulcra__cache_entries_free(gone);
    g_ptr_array_unref(self->entries);
    g_free(self->buckets);
}

/* --- questions --- */

unsigned
fulcra__question_hash(FulcraRequest *request)
{
    uint64_t hash = fulcra_identifier_hash(request->identifier);

    hash = hash * 31 + (uint64_t)request->verb;
    hash = hash * 31 + (uintptr_t)request->wanted;
    hash = hash * 31 + fulcra__request_get_places(request)->number;
    if (request->given != NULL)
        hash = hash * 31 + request->given->hash;
    return (unsigned)(hash * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

static void
question_init(FulcraQuestion *self, unsigned hash, FulcraRequest *request)
{
    self->hash = hash;
    self->verb = request->verb;
    self->wanted = request->wanted;
    self->places = fulcra__request_get_places(request)->number;
    self->identifier = fulcra_identifier_ref(request->identifier);
    self->given = fulcra__given_ref(request->given);
}

static void
question_clear(FulcraQuestion *self)
{
    fulcra_identifier_unref(self->identifier);
    fulcra__given_unref(self->given);
}

static bool
question_is_of(const FulcraQuestion *self, FulcraRequest *request)
{
    return self->verb == request->verb && self->wanted == request->wanted &&
           self->places == fulcra__request_get_places(request)->number &&
           self->identifier != NULL &&
           fulcra_identifier_equal(self->identifier, request->identifier) &&
           fulcra__given_equal(self->given, request->given);
}

/* --- buckets --- */

/* The upper bits: the lower ones chose the shard. */
static FulcraQuestion **
table_bucket(const FulcraCacheTable *self, unsigned hash)
{
    return &self->buckets[(hash >> 8) & (self->n_buckets - 1)];
}

static void
table_grow(FulcraCacheTable *self)
{
    FulcraQuestion **before = self->buckets;
    unsigned n = self->n_buckets;

    self->n_buckets = n * 2;
    self->buckets = g_new0(FulcraQuestion *, self->n_buckets);
    for (unsigned i = 0; i < n; i++)
        for (FulcraQuestion *next, *at = before[i]; at != NULL; at = next) {
            FulcraQuestion **bucket = table_bucket(self, at->hash);

            next = at->next;
            at->next = *bucket;
            *bucket = at;
        }
    g_free(before);
}

static void
table_file(FulcraCacheTable *self, FulcraQuestion *question)
{
    if (self->n_filed == self->n_buckets)
        table_grow(self);
    FulcraQuestion **bucket = table_bucket(self, question->hash);

    question->next = *bucket;
    *bucket = question;
    self->n_filed++;
}

static void
table_unfile(FulcraCacheTable *self, FulcraQuestion *question)
{
    FulcraQuestion **at = table_bucket(self, question->hash);

    while (*at != question)
        at = &(*at)->next;
    *at = question->next;
    self->n_filed--;
}

/* From @at on: what is filed for what @request asks. (nullable) */
static FulcraQuestion *
find_question(FulcraQuestion *at, unsigned hash, FulcraRequest *request)
{
    while (at != NULL && (at->hash != hash || !question_is_of(at, request)))
        at = at->next;
    return at;
}

/* --- shapes --- */

static bool
shape_fits(const FulcraCacheShape *self, const FulcraLedger *ledger)
{
    if (self->n_noted != ledger->n_noted)
        return false;
    for (unsigned i = 0; i < self->n_noted; i++)
        if (self->noted[i].kind != ledger->noted[i].kind ||
                self->noted[i].name != ledger->noted[i].name)
            return false;
    return true;
}

static FulcraCacheShape *
shape_new(unsigned hash, FulcraRequest *request)
{
    const FulcraLedger *ledger = request->ledger;
    size_t noted = ledger->n_noted * sizeof ledger->noted[0];
    FulcraCacheShape *self = fulcra__zeroed(sizeof *self + noted);

    question_init(&self->question, hash, request);
    self->question.is_shape = true;
    self->n_noted = ledger->n_noted;
    memcpy(self->noted, ledger->noted, noted);
    return self;
}

static void
shape_free(FulcraCacheShape *self)
{
    question_clear(&self->question);
    g_free(self);
}

static FulcraCacheShape *
table_shape(const FulcraCacheTable *self, unsigned hash, FulcraRequest *request)
{
    FulcraQuestion *at = *table_bucket(self, hash);

    while ((at = find_question(at, hash, request)) != NULL) {
        FulcraCacheShape *shape = (FulcraCacheShape *)at;

        if (at->is_shape && shape_fits(shape, request->ledger))
            return shape;
        at = at->next;
    }
    return NULL;
}

/* Where what noted something is filed. */
static unsigned
hash_with_values(const FulcraNoted *noted, unsigned n_noted, unsigned hash,
        FulcraRequest *request)
{
    return hash ^ (fulcra__noted_hash(noted, n_noted, request) * 0x9e3779b1u);
}

static FulcraCacheEntry *
table_entry_of_shape(const FulcraCacheTable *self, unsigned hash,
        const FulcraCacheShape *shape)
{
    FulcraQuestion *at = *table_bucket(self, hash);

    for (; at != NULL; at = at->next) {
        FulcraCacheEntry *entry = (FulcraCacheEntry *)at;

        if (at->hash == hash && !at->is_shape && entry->shape == shape)
            return entry;
    }
    return NULL;
}

/* What may answer @request of what is filed by its question, as @filed: that
 * itself, or one of its shape. (nullable) */
static FulcraCacheEntry *
table_candidate(const FulcraCacheTable *self, FulcraQuestion *filed,
        FulcraRequest *request)
{
    FulcraCacheShape *shape = (FulcraCacheShape *)filed;

    if (!filed->is_shape)
        return (FulcraCacheEntry *)filed;
    return table_entry_of_shape(self,
            hash_with_values(
                    shape->noted, shape->n_noted, filed->hash, request),
            shape);
}

static void
note_expired(FulcraRequest *request, const FulcraCacheEntry *entry)
{
    fulcra_host_stats_add(FULCRA_STAT_CACHE_EXPIRED, 1);
    if (request->root->tracers != NULL && request->expired == NULL)
        request->expired = fulcra__ledger_why_expired(entry->ledger);
}

FulcraCacheEntry *
fulcra__cache_table_find(FulcraCacheTable *self, unsigned hash,
        FulcraRequest *request, FulcraCacheEntry **gone)
{
    FulcraQuestion *at = *table_bucket(self, hash);

    while ((at = find_question(at, hash, request)) != NULL) {
        FulcraCacheEntry *entry = table_candidate(self, at, request);

        at = at->next;
        if (entry == NULL)
            continue;
        if (!fulcra__ledger_is_valid(entry->ledger)) {
            note_expired(request, entry);
            fulcra__cache_table_take(self, entry, gone);
            at = *table_bucket(self, hash); /* its shape may have gone too */
        } else if (fulcra__ledger_matches(entry->ledger, request)) {
            return entry;
        }
    }
    return NULL;
}

void
fulcra__cache_table_insert(FulcraCacheTable *self, FulcraCacheEntry *entry,
        unsigned hash, FulcraRequest *request)
{
    if (request->ledger->n_noted == 0) {
        question_init(&entry->question, hash, request);
    } else {
        entry->shape = table_shape(self, hash, request);
        if (entry->shape == NULL) {
            entry->shape = shape_new(hash, request);
            table_file(self, &entry->shape->question);
        }
        entry->shape->n_entries++;
    }
    table_file(self, &entry->question);
    entry->place = self->entries->len;
    g_ptr_array_add(self->entries, entry);
    self->bytes += entry->bytes;
    fulcra_host_stats_add(FULCRA_STAT_CACHE_ENTRIES, 1);
    fulcra_host_stats_add(FULCRA_STAT_CACHE_BYTES, (int64_t)entry->bytes);
}

void
fulcra__cache_table_take(FulcraCacheTable *self, FulcraCacheEntry *entry,
        FulcraCacheEntry **gone)
{
    FulcraCacheShape *shape = entry->shape;
    FulcraCacheEntry *last =
            g_ptr_array_index(self->entries, self->entries->len - 1);

    last->place = entry->place;
    g_ptr_array_remove_index_fast(self->entries, entry->place);
    self->bytes -= entry->bytes;
    fulcra_host_stats_add(FULCRA_STAT_CACHE_ENTRIES, -1);
    fulcra_host_stats_add(FULCRA_STAT_CACHE_BYTES, -(int64_t)entry->bytes);
    table_unfile(self, &entry->question);
    if (shape != NULL && --shape->n_entries == 0) {
        table_unfile(self, &shape->question);
        shape_free(shape);
    }
    entry->question.next = (FulcraQuestion *)*gone;
    *gone = entry;
}

bool
fulcra__cache_table_take_other(FulcraCacheTable *self,
        const FulcraCacheEntry *entry, unsigned hash, FulcraRequest *request,
        FulcraCacheEntry **gone)
{
    FulcraCacheShape *shape = NULL;
    FulcraCacheEntry *other = NULL;

    if (request->ledger->n_noted > 0) {
        shape = table_shape(self, hash, request);
        if (shape != NULL)
            other = table_entry_of_shape(self, entry->question.hash, shape);
    } else {
        FulcraQuestion *at = *table_bucket(self, hash);

        while ((at = find_question(at, hash, request)) != NULL && at->is_shape)
            at = at->next;
        other = (FulcraCacheEntry *)at;
    }
    if (other != NULL)
        fulcra__cache_table_take(self, other, gone);
    return other != NULL;
}

/* --- entries --- */

static size_t
answer_bytes(FulcraRepresentation *answer)
{
    size_t length;

    if (fulcra_representation_get_bytes(answer, &length) == NULL)
        length = BOXED_BYTES;
    return ENTRY_BYTES + length;
}

FulcraCacheEntry *
fulcra__cache_entry_new(FulcraRequest *request, unsigned hash)
{
    FulcraCacheEntry *self = fulcra__block_new(sizeof *self);
    FulcraLedger *ledger = request->ledger;

    memset(self, 0, sizeof *self);
    self->question.hash =
            hash_with_values(ledger->noted, ledger->n_noted, hash, request);
    self->answer = fulcra_representation_ref(request->answer);
    self->ledger = fulcra__ledger_ref(ledger);
    self->bytes = answer_bytes(request->answer) +
                  ledger->n_slots * sizeof(FulcraCutSlot) +
                  ledger->n_noted * sizeof(FulcraNoted);
    if (request->given != NULL)
        self->bytes += request->given->bytes +
                       request->given->n_items * sizeof(FulcraGivenItem);
    self->cost_us = g_get_monotonic_time() - request->evaluated_us;
    return self;
}

const FulcraQuestion *
fulcra__cache_entry_get_question(const FulcraCacheEntry *self)
{
    return self->shape != NULL ? &self->shape->question : &self->question;
}

void
fulcra__cache_entries_free(FulcraCacheEntry *list)
{
    while (list != NULL) {
        FulcraCacheEntry *self = list;

        list = (FulcraCacheEntry *)self->question.next;
        question_clear(&self->question);
        fulcra_representation_unref(self->answer);
        fulcra__ledger_unref(self->ledger);
        fulcra__block_free(self, sizeof *self);
    }
}
