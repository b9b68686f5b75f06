/* SPDX-License-Identifier: MIT */

/*
 * resolutions.c - what a thread remembers of what it has resolved
 *
 * Each thread has a table of its own, so nothing is locked and nothing shared.
 * What is remembered is good for one table of spaces: a resolution of another
 * generation is not looked at, and gives its place to the next.
 *
 * Identifiers of literals are few, and what is built never takes their place.
 * Of what is built, texts from outside may make any number: one is remembered
 * only when it is asked for again before another that falls into its bucket, so
 * those that come once leave no trace and cost no memory. What a transport
 * made of a path is never remembered: it comes from outside as a whole.
 */

#include "private/request.h"
#include "private/thread.h"
#include <fulcra-host/stats.h>

#define N_BUCKETS 64
#define N_WAYS    4

typedef struct {
    FulcraResolution *kept[N_WAYS]; /* (nullable); the newest first */
    unsigned asked;                 /* hash of what was last not there */
} Bucket;

typedef struct {
    Bucket literals[N_BUCKETS];
    Bucket built[N_BUCKETS];
} Memory;

static FULCRA__THREAD_LOCAL Memory *memory; /* (nullable): on first use */
static pthread_key_t memory_key; /* so that it goes with its thread */
static pthread_once_t memory_once = PTHREAD_ONCE_INIT;

static void
bucket_clear(Bucket *self)
{
    for (int i = 0; i < N_WAYS; i++) {
        if (self->kept[i] != NULL)
            fulcra_host_stats_add(FULCRA_STAT_RESOLUTIONS, -1);
        fulcra_host_resolution_unref(self->kept[i]);
    }
}

static void
memory_free(void *data)
{
    Memory *self = data;

    memory = NULL;
    for (int i = 0; i < N_BUCKETS; i++) {
        bucket_clear(&self->literals[i]);
        bucket_clear(&self->built[i]);
    }
    g_free(self);
}

static void
memory_key_make(void)
{
    pthread_key_create(&memory_key, memory_free);
}

static Memory *
memory_get(void)
{
    if (memory == NULL) {
        pthread_once(&memory_once, memory_key_make);
        memory = g_new0(Memory, 1);
        pthread_setspecific(memory_key, memory);
    }
    return memory;
}

/* Arguments beside the identifier decide too, and are not compared here. */
static bool
request_is_rememberable(const FulcraRequest *self)
{
    return self->references == NULL && self->passed == NULL &&
           !self->identifier->from_outside;
}

static unsigned
question_hash(FulcraIdentifier *identifier, FulcraVerb verb, uint64_t where)
{
    uint64_t hash = fulcra_identifier_hash(identifier);

    hash = (hash ^ where << 8 ^ (uint64_t)verb) * UINT64_C(0x9e3779b97f4a7c15);
    return (unsigned)(hash >> 32);
}

static Bucket *
memory_bucket(Memory *self, FulcraIdentifier *identifier, unsigned hash)
{
    Bucket *buckets = identifier->immortal ? self->literals : self->built;

    return &buckets[hash % N_BUCKETS];
}

FulcraResolution *
fulcra__resolutions_find(FulcraRequest *request, uint64_t where)
{
    FulcraIdentifier *identifier = request->identifier;
    uint64_t generation = request->root->table->generation;

    if (memory == NULL || !request_is_rememberable(request))
        return NULL;

    Bucket *bucket = memory_bucket(memory, identifier,
            question_hash(identifier, request->verb, where));
    for (int i = 0; i < N_WAYS && bucket->kept[i] != NULL; i++) {
        FulcraResolution *kept = bucket->kept[i];

        if (kept->where == where && kept->verb == request->verb &&
                kept->generation == generation &&
                fulcra_identifier_equal(kept->identifier, identifier)) {
            fulcra_host_stats_add(FULCRA_STAT_RESOLUTIONS_FOUND, 1);
            return kept;
        }
    }
    return NULL;
}

void
fulcra__resolutions_keep(FulcraRequest *request, FulcraResolution *fresh)
{
    if (!request_is_rememberable(request))
        return;

    unsigned hash = question_hash(fresh->identifier, fresh->verb, fresh->where);
    Bucket *bucket = memory_bucket(memory_get(), fresh->identifier, hash);
    if (!fresh->identifier->immortal && bucket->asked != hash) {
        bucket->asked = hash;
        return;
    }
    FulcraResolution *oldest = bucket->kept[N_WAYS - 1];
    if (oldest == NULL)
        fulcra_host_stats_add(FULCRA_STAT_RESOLUTIONS, 1);
    fulcra_host_resolution_unref(oldest);
    memmove(&bucket->kept[1], &bucket->kept[0],
            (N_WAYS - 1) * sizeof bucket->kept[0]);
    bucket->kept[0] = fulcra_host_resolution_ref(fresh);
}
