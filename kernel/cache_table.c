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

#define FEWEST_SLOTS 16

struct _FulcraCacheShape {
    FulcraQuestion question; /* first */
    unsigned n_entries;
    unsigned n_noted;
    FulcraNoted noted[]; /* of which only kinds and names matter */
};

/* --- questions --- */

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

static bool
question_is_of(const FulcraQuestion *self, FulcraRequest *request)
{
    return self->verb == request->verb && self->wanted == request->wanted &&
           self->places == fulcra__request_get_places(request)->number &&
           self->identifier != NULL &&
           fulcra_identifier_equal(self->identifier, request->identifier) &&
           fulcra__given_equal(self->given, request->given);
}

/* --- slots --- */

/* The lower bits chose the shard. */
static unsigned
table_home(const FulcraCacheTable *self, unsigned hash)
{
    return (hash >> 4) & (self->n_slots - 1);
}

static unsigned
table_next(const FulcraCacheTable *self, unsigned slot)
{
    return (slot + 1) & (self->n_slots - 1);
}

static void
table_put(FulcraCacheTable *self, FulcraQuestion *question)
{
    unsigned slot = table_home(self, question->hash);

    while (self->hashes[slot] != 0)
        slot = table_next(self, slot);
    self->hashes[slot] = question->hash;
    self->filed[slot] = question;
}

static void
table_make_slots(FulcraCacheTable *self, unsigned n)
{
    self->n_slots = n;
    self->hashes = g_new0(unsigned, n);
    self->filed = g_new(FulcraQuestion *, n);
}

static void
table_grow(FulcraCacheTable *self)
{
    FulcraCacheTable before = *self;

    table_make_slots(self, before.n_slots * 2);
    for (unsigned i = 0; i < before.n_slots; i++)
        if (before.hashes[i] != 0)
            table_put(self, before.filed[i]);
    g_free(before.hashes);
    g_free(before.filed);
}

static void
table_file(FulcraCacheTable *self, FulcraQuestion *question)
{
    if (++self->n_filed > self->n_slots / 2)
        table_grow(self);
    table_put(self, question);
}

/* Those behind it move up, so that no search ends at the slot too early. */
static void
table_unfile(FulcraCacheTable *self, FulcraQuestion *question)
{
    unsigned mask = self->n_slots - 1;
    unsigned free_slot = table_home(self, question->hash);

    while (self->hashes[free_slot] == 0 || self->filed[free_slot] != question)
        free_slot = table_next(self, free_slot);
    for (unsigned slot = table_next(self, free_slot); self->hashes[slot] != 0;
            slot = table_next(self, slot)) {
        unsigned home = table_home(self, self->hashes[slot]);

        if (((slot - home) & mask) < ((slot - free_slot) & mask))
            continue; /* it would come to stand before its home */
        self->hashes[free_slot] = self->hashes[slot];
        self->filed[free_slot] = self->filed[slot];
        free_slot = slot;
    }
    self->hashes[free_slot] = 0;
    self->n_filed--;
}

/* From @slot on: the slot of what is filed under @hash, or an empty one. */
static unsigned
table_seek(const FulcraCacheTable *self, unsigned hash, unsigned slot)
{
    const unsigned *hashes = self->hashes;

    while (hashes[slot] != hash && hashes[slot] != 0)
        slot = table_next(self, slot);
    return slot;
}

/* The same: what is filed there for what @request asks, and where. (nullable)
 */
static FulcraQuestion *
table_seek_question(const FulcraCacheTable *self, unsigned hash,
        FulcraRequest *request, unsigned *slot)
{
    unsigned at = table_seek(self, hash, *slot);

    while (self->hashes[at] != 0 && !question_is_of(self->filed[at], request))
        at = table_seek(self, hash, table_next(self, at));
    *slot = at;
    return self->hashes[at] == 0 ? NULL : self->filed[at];
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

static FulcraCacheShape *
table_shape(const FulcraCacheTable *self, unsigned hash, FulcraRequest *request)
{
    unsigned slot = table_home(self, hash);
    FulcraQuestion *at;

    while ((at = table_seek_question(self, hash, request, &slot)) != NULL) {
        FulcraCacheShape *shape = (FulcraCacheShape *)at;

        if (at->is_shape && shape_fits(shape, request->ledger))
            return shape;
        slot = table_next(self, slot);
    }
    return NULL;
}

static FulcraCacheEntry *
table_entry_of_shape(const FulcraCacheTable *self, unsigned hash,
        const FulcraCacheShape *shape)
{
    unsigned slot = table_seek(self, hash, table_home(self, hash));

    while (self->hashes[slot] != 0) {
        FulcraCacheEntry *entry = (FulcraCacheEntry *)self->filed[slot];

        if (!entry->question.is_shape && entry->shape == shape)
            return entry;
        slot = table_seek(self, hash, table_next(self, slot));
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
            fulcra__question_hash_values(
                    filed->hash, shape->noted, shape->n_noted, request),
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
    unsigned slot = table_home(self, hash);
    FulcraQuestion *at;

    while ((at = table_seek_question(self, hash, request, &slot)) != NULL) {
        FulcraCacheEntry *entry = table_candidate(self, at, request);

        slot = table_next(self, slot);
        if (entry == NULL)
            continue;
        if (!fulcra__ledger_is_valid(entry->ledger)) {
            note_expired(request, entry);
            fulcra__cache_table_take(self, entry, gone);
            slot = table_home(self, hash); /* others have moved */
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

/* What it holds is freed with @entry, its last. */
static void
table_take_shape(FulcraCacheTable *self, FulcraCacheShape *shape,
        FulcraCacheEntry *entry)
{
    table_unfile(self, &shape->question);
    entry->question.identifier = shape->question.identifier;
    entry->question.given = shape->question.given;
    g_free(shape);
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
    if (shape != NULL && --shape->n_entries == 0)
        table_take_shape(self, shape, entry);
    entry->question.next = (FulcraQuestion *)*gone;
    *gone = entry;
}

static FulcraCacheEntry *
table_entry_for_all(
        const FulcraCacheTable *self, unsigned hash, FulcraRequest *request)
{
    unsigned slot = table_home(self, hash);
    FulcraQuestion *at;

    while ((at = table_seek_question(self, hash, request, &slot)) != NULL &&
            at->is_shape)
        slot = table_next(self, slot);
    return (FulcraCacheEntry *)at;
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
        other = table_entry_for_all(self, hash, request);
    }
    if (other != NULL)
        fulcra__cache_table_take(self, other, gone);
    return other != NULL;
}

/* --- the whole --- */

const FulcraQuestion *
fulcra__cache_entry_get_question(const FulcraCacheEntry *self)
{
    return self->shape != NULL ? &self->shape->question : &self->question;
}

void
fulcra__cache_table_init(FulcraCacheTable *self)
{
    *self = (FulcraCacheTable){ .entries = g_ptr_array_new() };
    table_make_slots(self, FEWEST_SLOTS);
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
    g_free(self->hashes);
    g_free(self->filed);
}
