/* SPDX-License-Identifier: MIT */

/*
 * cache.c - answers that are kept
 *
 * Shards by hash, each with a lock of its own. A shard is searched, validated
 * and changed under its lock; evaluation never happens under it, nor is
 * anything freed.
 */

#include "private/cache.h"
#include "private/cache_room.h"
#include "private/flight.h"
#include "private/kernel.h"
#include "private/run.h"
#include <fulcra-host/stats.h>
#include <fulcra/representation.h>

#define N_SHARDS 16

typedef FulcraCacheEntry Entry;

typedef struct {
    pthread_mutex_t lock;
    FulcraCacheTable table;
    FulcraCacheRoom room;
    FulcraFlights flights;
} Shard;

/* By hash: what was asked lately and could not be kept. Nobody queues for it.
 */
#define N_HINTS 4096

struct _FulcraCache {
    Shard shards[N_SHARDS];
    atomic_bool not_kept[N_HINTS];
};

FulcraCache *
fulcra__cache_new(size_t max_bytes)
{
    FulcraCache *self = g_new0(FulcraCache, 1);

    for (int i = 0; i < N_SHARDS; i++) {
        Shard *shard = &self->shards[i];

        pthread_mutex_init(&shard->lock, NULL);
        fulcra__cache_table_init(&shard->table);
        fulcra__cache_room_init(&shard->room, max_bytes / N_SHARDS);
    }
    return self;
}

void
fulcra__cache_free(FulcraCache *self)
{
    if (self == NULL)
        return;
    for (int i = 0; i < N_SHARDS; i++) {
        fulcra__cache_table_clear(&self->shards[i].table);
        fulcra__cache_room_clear(&self->shards[i].room);
        pthread_mutex_destroy(&self->shards[i].lock);
    }
    g_free(self);
}

/* --- looking up --- */

static Shard *
cache_shard(FulcraCache *self, unsigned hash)
{
    return &self->shards[hash % N_SHARDS];
}

static void
table_drop_expired(FulcraCacheTable *self, Entry **gone)
{
    for (unsigned i = self->entries->len; i > 0; i--) {
        Entry *entry = g_ptr_array_index(self->entries, i - 1);

        if (fulcra__ledger_is_valid(entry->ledger))
            continue;
        fulcra_host_stats_add(FULCRA_STAT_CACHE_EXPIRED, 1);
        fulcra__cache_table_take(self, entry, gone); /* the last moves here */
    }
}

void
fulcra__cache_drop_expired(FulcraCache *self)
{
    for (int i = 0; i < N_SHARDS; i++) {
        Shard *shard = &self->shards[i];
        Entry *gone = NULL;

        pthread_mutex_lock(&shard->lock);
        table_drop_expired(&shard->table, &gone);
        pthread_mutex_unlock(&shard->lock);
        fulcra__cache_entries_free(gone);
    }
}

/* A tree that began in an older table must not mix with what is newer. */
static bool
request_is_current(FulcraRequest *self)
{
    return self->root->table->generation ==
           fulcra_host_kernel_get_generation(self->root->kernel);
}

void
fulcra__cache_give(FulcraRequest *self, FulcraRepresentation *answer,
        FulcraLedger *ledger, const char *from)
{
    fulcra__request_mark_returned(self);
    fulcra__request_finish_from(self, answer, ledger, from);
}

/* There is an answer, but whether it holds is to be asked: by who would else
 * evaluate. Where that may not wait, it evaluates. @answer, @ledger: (transfer
 * full) */
static FulcraCacheVerdict
cache_check(FulcraRequest *request, FulcraRepresentation *answer,
        FulcraLedger *ledger, FulcraCacheVerdict verdict, bool may_wait)
{
    if (verdict == FULCRA__CACHE_EVALUATE && may_wait) {
        fulcra__checks_ask(request, answer, ledger);
        return FULCRA__CACHE_JOINED;
    }
    fulcra_representation_unref(answer);
    fulcra__ledger_unref(ledger);
    return verdict;
}

/* With the lock held, which it gives back: answers with @entry. */
static FulcraCacheVerdict
shard_give(Shard *self, Entry *entry, unsigned hash, FulcraRequest *request,
        bool may_join)
{
    FulcraRepresentation *answer = fulcra_representation_ref(entry->answer);
    FulcraLedger *ledger = fulcra__ledger_ref(entry->ledger);
    bool due = fulcra__ledger_is_due(ledger);
    FulcraCacheVerdict verdict = FULCRA__CACHE_HIT;

    entry->uses++;
    if (due) {
        fulcra__request_open_ledger(request);
        verdict =
                fulcra__flights_enter(&self->flights, hash, request, may_join);
    }
    pthread_mutex_unlock(&self->lock);
    if (due)
        return cache_check(request, answer, ledger, verdict, may_join);
    fulcra_host_stats_add(FULCRA_STAT_CACHE_HITS, 1);
    fulcra__cache_give(request, answer, ledger, "hit");
    return FULCRA__CACHE_HIT;
}

FulcraCacheVerdict
fulcra__cache_ask(FulcraCache *self, FulcraRequest *request, bool may_join)
{
    unsigned hash = request->question = fulcra__question_hash(request);

    if (!request_is_current(request)) {
        fulcra__request_open_ledger(request);
        return FULCRA__CACHE_EVALUATE;
    }
    Shard *shard = cache_shard(self, hash);
    bool hopeless = atomic_load_explicit(
            &self->not_kept[hash % N_HINTS], memory_order_relaxed);
    FulcraCacheVerdict verdict = FULCRA__CACHE_EVALUATE;
    Entry *gone = NULL;

    pthread_mutex_lock(&shard->lock);
    Entry *entry =
            fulcra__cache_table_find(&shard->table, hash, request, &gone);
    if (entry != NULL) {
        verdict = shard_give(shard, entry, hash, request, may_join);
    } else {
        for (Entry *at = gone; at != NULL; at = (Entry *)at->question.next)
            fulcra__cache_room_remember(&shard->room, at); /* it expired */
        fulcra_host_stats_add(FULCRA_STAT_CACHE_MISSES, 1);
        fulcra__request_open_ledger(request);
        if (!hopeless)
            verdict = fulcra__flights_enter(
                    &shard->flights, hash, request, may_join);
        pthread_mutex_unlock(&shard->lock);
    }
    fulcra__cache_entries_free(gone);
    return verdict;
}

/* --- keeping --- */

/* With the lock held. @entry: (transfer full). Returns why it is not kept.
 * (nullable) static */
static const char *
shard_keep(Shard *self, Entry *entry, unsigned hash, FulcraRequest *request,
        Entry **gone)
{
    FulcraCacheTable *table = &self->table;

    /* The newer one is at least as good. */
    bool has_place =
            fulcra__cache_table_take_other(table, entry, hash, request, gone);
    const char *why = fulcra__cache_room_refuses(
            &self->room, table, entry, request, has_place);

    if (why == NULL) {
        fulcra__cache_room_make(&self->room, table, entry, gone);
        fulcra__cache_table_insert(table, entry, hash, request);
        return NULL;
    }
    entry->question.next = (FulcraQuestion *)*gone;
    *gone = entry;
    return why;
}

void
fulcra__cache_ended(
        FulcraCache *self, FulcraRequest *request, FulcraFlight *flight)
{
    unsigned hash = request->question;
    Shard *shard = cache_shard(self, hash);
    bool given = request->from_cache != NULL; /* it holds, after a check */
    request->kept_answer = given || (fulcra__cache_why_not(request) == NULL &&
                                            request_is_current(request));
    Entry *entry = request->kept_answer && !given
                           ? fulcra__cache_entry_new(request, hash)
                           : NULL;
    Entry *gone = NULL;

    if (request->error == NULL)
        atomic_store_explicit(&self->not_kept[hash % N_HINTS],
                !request->kept_answer, memory_order_relaxed);
    pthread_mutex_lock(&shard->lock);
    if (entry != NULL)
        request->turned_away = shard_keep(shard, entry, hash, request, &gone);
    if (flight != NULL)
        fulcra__flights_leave(&shard->flights, flight);
    pthread_mutex_unlock(&shard->lock);
    fulcra__cache_entries_free(gone);
}

/* --- what there is --- */

static void
entry_tell(const Entry *self,
        void (*each)(const FulcraCachedInfo *info, void *user_data),
        void *user_data)
{
    const FulcraQuestion *question = fulcra__cache_entry_get_question(self);
    const FulcraLedger *ledger = self->ledger;
    const FulcraCachedInfo info = {
        .verb = question->verb,
        .identifier = question->identifier,
        .given = question->given != NULL,
        .wanted = question->wanted,
        .type = fulcra_representation_get_type(self->answer),
        .bytes = self->bytes,
        .cost_us = self->cost_us,
        .uses = self->uses,
        .expired = fulcra__ledger_was_cut(ledger) ||
                   (ledger->expires_at != 0 &&
                           ledger->expires_at <= g_get_real_time()),
        .expires_at = ledger->expires_at,
        .keys = ledger->names,
        .n_keys = ledger->n_names,
        .more_keys = ledger->more_names,
    };

    each(&info, user_data);
}

void
fulcra__cache_list(FulcraCache *self,
        void (*each)(const FulcraCachedInfo *info, void *user_data),
        void *user_data)
{
    for (int i = 0; i < N_SHARDS; i++) {
        Shard *shard = &self->shards[i];

        pthread_mutex_lock(&shard->lock);
        for (unsigned j = 0; j < shard->table.entries->len; j++)
            entry_tell(g_ptr_array_index(shard->table.entries, j), each,
                    user_data);
        pthread_mutex_unlock(&shard->lock);
    }
}
