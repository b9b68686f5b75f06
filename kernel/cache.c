/* SPDX-License-Identifier: MIT */

/*
 * cache.c - answers that are kept
 *
 * Shards by hash, each with a lock of its own. A shard is searched, validated
 * and changed under its lock; evaluation never happens under it. Room is made
 * by looking at a few entries at random and dropping the one that is worth
 * least: seldom used, cheap to make, large.
 */

#include "private/cache.h"
#include "private/flight.h"
#include "private/kernel.h"
#include "private/memory.h"
#include "private/run.h"
#include <fulcra-host/stats.h>
#include <fulcra/error.h>
#include <fulcra/representation.h>

#define N_SHARDS    16
#define ENTRY_BYTES 256  /* what an entry costs beside its payload, roughly */
#define BOXED_BYTES 1024 /* what a payload costs whose size is unknown */
#define SAMPLES     8

typedef struct Entry Entry;
typedef struct Shape Shape;
typedef struct Question Question;

/* What is asked: an identifier, a verb, a type, in some places, with arguments
 * beside the identifier. */
struct Question {
    Question *next; /* of the same hash */
    unsigned hash;
    FulcraVerb verb;
    const char *wanted;
    uint64_t places;
    FulcraIdentifier *identifier;
    FulcraGiven *given; /* (nullable) */
    GPtrArray *shapes;
};

/* Answers to one question that depend on the same things: filed by what those
 * were, so that ten thousand sockets with an answer each are no list. */
struct Shape {
    Question *question;
    unsigned n_noted;
    FulcraNoted *noted;  /* of which only kinds and names matter */
    GHashTable *entries; /* by hash of the values */
};

struct Entry {
    Shape *shape;
    unsigned values;
    unsigned place; /* in the shard's array */
    FulcraRepresentation *answer;
    FulcraLedger *ledger;
    size_t bytes;
    int64_t cost_us;
    unsigned uses;
};

typedef struct {
    pthread_mutex_t lock;
    GHashTable *questions; /* hash to Question, the first of its list */
    GPtrArray *entries;    /* all of them, in no order */
    FulcraFlights flights;
    size_t bytes;
    unsigned random;
} Shard;

/* By hash: what was asked lately and could not be kept. Nobody queues for it.
 */
#define N_HINTS 4096

struct _FulcraCache {
    size_t max_bytes; /* of one shard */
    Shard shards[N_SHARDS];
    atomic_bool not_kept[N_HINTS];
};

FulcraCache *
fulcra__cache_new(size_t max_bytes)
{
    FulcraCache *self = g_new0(FulcraCache, 1);

    self->max_bytes = max_bytes / N_SHARDS;
    for (int i = 0; i < N_SHARDS; i++) {
        Shard *shard = &self->shards[i];

        pthread_mutex_init(&shard->lock, NULL);
        shard->questions = g_hash_table_new(g_direct_hash, g_direct_equal);
        shard->entries = g_ptr_array_new();
        shard->random = (unsigned)i + 1;
    }
    return self;
}

/* --- questions and shapes --- */

static unsigned
request_hash(FulcraRequest *self)
{
    uint64_t hash = fulcra_identifier_hash(self->identifier);

    hash = hash * 31 + (uint64_t)self->verb;
    hash = hash * 31 + (uintptr_t)self->wanted;
    hash = hash * 31 + fulcra__request_get_places(self)->number;
    if (self->given != NULL)
        hash = hash * 31 + self->given->hash;
    return (unsigned)(hash ^ hash >> 32);
}

static Question *
question_find(Shard *shard, unsigned hash, FulcraRequest *request)
{
    Question *self =
            g_hash_table_lookup(shard->questions, GUINT_TO_POINTER(hash));

    for (; self != NULL; self = self->next)
        if (self->verb == request->verb && self->wanted == request->wanted &&
                self->places == fulcra__request_get_places(request)->number &&
                fulcra_identifier_equal(
                        self->identifier, request->identifier) &&
                fulcra__given_equal(self->given, request->given))
            return self;
    return NULL;
}

static Question *
question_new(Shard *shard, unsigned hash, FulcraRequest *request)
{
    Question *self = g_new0(Question, 1);

    self->hash = hash;
    self->verb = request->verb;
    self->wanted = request->wanted;
    self->places = fulcra__request_get_places(request)->number;
    self->identifier = fulcra_identifier_ref(request->identifier);
    self->given = fulcra__given_ref(request->given);
    self->shapes = g_ptr_array_new();
    self->next = g_hash_table_lookup(shard->questions, GUINT_TO_POINTER(hash));
    g_hash_table_insert(shard->questions, GUINT_TO_POINTER(hash), self);
    return self;
}

static void
question_free(Shard *shard, Question *self)
{
    void *key = GUINT_TO_POINTER(self->hash);
    Question *first = g_hash_table_lookup(shard->questions, key);

    if (first == self && self->next == NULL) {
        g_hash_table_remove(shard->questions, key);
    } else if (first == self) {
        g_hash_table_insert(shard->questions, key, self->next);
    } else {
        while (first->next != self)
            first = first->next;
        first->next = self->next;
    }
    g_ptr_array_unref(self->shapes);
    fulcra_identifier_unref(self->identifier);
    fulcra__given_unref(self->given);
    g_free(self);
}

static bool
shape_fits(const Shape *self, const FulcraLedger *ledger)
{
    if (self->n_noted != ledger->n_noted)
        return false;
    for (unsigned i = 0; i < self->n_noted; i++)
        if (self->noted[i].kind != ledger->noted[i].kind ||
                self->noted[i].name != ledger->noted[i].name)
            return false;
    return true;
}

/* The shape of what depends on the things that @ledger notes. */
static Shape *
shape_of(Question *question, const FulcraLedger *ledger)
{
    for (unsigned i = 0; i < question->shapes->len; i++) {
        Shape *shape = g_ptr_array_index(question->shapes, i);

        if (shape_fits(shape, ledger))
            return shape;
    }
    Shape *self = g_new0(Shape, 1);
    self->question = question;
    self->n_noted = ledger->n_noted;
    self->noted =
            g_memdup2(ledger->noted, ledger->n_noted * sizeof(FulcraNoted));
    self->entries = g_hash_table_new(g_direct_hash, g_direct_equal);
    g_ptr_array_add(question->shapes, self);
    return self;
}

static void
shape_free(Shard *shard, Shape *self)
{
    Question *question = self->question;

    g_ptr_array_remove_fast(question->shapes, self);
    if (question->shapes->len == 0)
        question_free(shard, question);
    g_hash_table_unref(self->entries);
    g_free(self->noted);
    g_free(self);
}

/* --- entries --- */

static void
entry_free(Entry *self)
{
    fulcra_representation_unref(self->answer);
    fulcra__ledger_unref(self->ledger);
    g_free(self);
}

static void
shard_remove(Shard *self, Entry *entry)
{
    Shape *shape = entry->shape;
    Entry *last = g_ptr_array_index(self->entries, self->entries->len - 1);

    last->place = entry->place;
    g_ptr_array_remove_index_fast(self->entries, entry->place);
    self->bytes -= entry->bytes;
    fulcra_host_stats_add(FULCRA_STAT_CACHE_ENTRIES, -1);
    fulcra_host_stats_add(FULCRA_STAT_CACHE_BYTES, -(int64_t)entry->bytes);
    g_hash_table_remove(shape->entries, GUINT_TO_POINTER(entry->values));
    if (g_hash_table_size(shape->entries) == 0)
        shape_free(self, shape);
    entry_free(entry);
}

void
fulcra__cache_free(FulcraCache *self)
{
    if (self == NULL)
        return;
    for (int i = 0; i < N_SHARDS; i++) {
        Shard *shard = &self->shards[i];

        while (shard->entries->len > 0)
            shard_remove(shard, g_ptr_array_index(shard->entries, 0));
        g_ptr_array_unref(shard->entries);
        g_hash_table_unref(shard->questions);
        pthread_mutex_destroy(&shard->lock);
    }
    g_free(self);
}

/* Higher is better: what it would cost to have it again, by what it takes. */
static double
entry_worth(const Entry *self)
{
    return (double)(self->uses + 1) * (double)(self->cost_us + 1) /
           (double)self->bytes;
}

static void
shard_evict(Shard *self)
{
    Entry *worst = NULL;

    for (int i = 0; i < SAMPLES; i++) {
        self->random = self->random * 1664525u + 1013904223u;
        Entry *entry = g_ptr_array_index(
                self->entries, (self->random >> 8) % self->entries->len);

        if (worst == NULL || entry_worth(entry) < entry_worth(worst))
            worst = entry;
        entry->uses /= 2; /* use of long ago counts less */
    }
    fulcra_host_stats_add(FULCRA_STAT_CACHE_EVICTED, 1);
    shard_remove(self, worst);
}

/* --- looking up --- */

static Shard *
cache_shard(FulcraCache *self, unsigned hash)
{
    return &self->shards[hash % N_SHARDS];
}

/* What expired is taken out on the way. */
static Entry *
shard_find(Shard *self, unsigned hash, FulcraRequest *request)
{
    Question *question = question_find(self, hash, request);

    for (unsigned i = 0; question != NULL && i < question->shapes->len; i++) {
        Shape *shape = g_ptr_array_index(question->shapes, i);
        unsigned values =
                fulcra__noted_hash(shape->noted, shape->n_noted, request);
        Entry *entry =
                g_hash_table_lookup(shape->entries, GUINT_TO_POINTER(values));

        if (entry == NULL)
            continue;
        if (!fulcra__ledger_is_valid(entry->ledger)) {
            fulcra_host_stats_add(FULCRA_STAT_CACHE_EXPIRED, 1);
            if (request->root->tracers != NULL && request->expired == NULL)
                request->expired = fulcra__ledger_why_expired(entry->ledger);
            shard_remove(self, entry);
            return shard_find(self, hash, request); /* shapes have moved */
        }
        if (fulcra__ledger_matches(entry->ledger, request))
            return entry;
    }
    return NULL;
}

static void
shard_drop_expired(Shard *self)
{
    for (unsigned i = self->entries->len; i > 0; i--) {
        Entry *entry = g_ptr_array_index(self->entries, i - 1);

        if (fulcra__ledger_is_valid(entry->ledger))
            continue;
        fulcra_host_stats_add(FULCRA_STAT_CACHE_EXPIRED, 1);
        shard_remove(self, entry); /* the last one takes its place */
    }
}

void
fulcra__cache_drop_expired(FulcraCache *self)
{
    for (int i = 0; i < N_SHARDS; i++) {
        Shard *shard = &self->shards[i];

        pthread_mutex_lock(&shard->lock);
        shard_drop_expired(shard);
        pthread_mutex_unlock(&shard->lock);
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

FulcraCacheVerdict
fulcra__cache_ask(FulcraCache *self, FulcraRequest *request, bool may_join)
{
    if (!request_is_current(request)) {
        fulcra__request_open_ledger(request);
        return FULCRA__CACHE_EVALUATE;
    }

    unsigned hash = request_hash(request);
    Shard *shard = cache_shard(self, hash);
    bool hopeless = atomic_load_explicit(
            &self->not_kept[hash % N_HINTS], memory_order_relaxed);
    FulcraCacheVerdict verdict = FULCRA__CACHE_EVALUATE;

    pthread_mutex_lock(&shard->lock);
    Entry *entry = shard_find(shard, hash, request);
    if (entry != NULL) {
        FulcraRepresentation *answer = fulcra_representation_ref(entry->answer);
        FulcraLedger *ledger = fulcra__ledger_ref(entry->ledger);

        entry->uses++;
        if (fulcra__ledger_is_due(ledger)) {
            fulcra__request_open_ledger(request);
            verdict = fulcra__flights_enter(
                    &shard->flights, hash, request, may_join);
            pthread_mutex_unlock(&shard->lock);
            return cache_check(request, answer, ledger, verdict, may_join);
        }
        pthread_mutex_unlock(&shard->lock);
        fulcra_host_stats_add(FULCRA_STAT_CACHE_HITS, 1);
        fulcra__cache_give(request, answer, ledger, "hit");
        return FULCRA__CACHE_HIT;
    }
    fulcra_host_stats_add(FULCRA_STAT_CACHE_MISSES, 1);
    fulcra__request_open_ledger(request);
    if (!hopeless)
        verdict =
                fulcra__flights_enter(&shard->flights, hash, request, may_join);
    pthread_mutex_unlock(&shard->lock);
    return verdict;
}

/* --- keeping --- */

FulcraExpiry
fulcra__cache_stated_expiry(const FulcraRequest *self)
{
    if (self->error != NULL)
        return FULCRA_EXPIRY_DEPENDENT;
    for (int i = 0; i < FULCRA__LEDGER_ANSWERS; i++)
        if (self->ledger->answers[i] == self->answer)
            return FULCRA_EXPIRY_DEPENDENT;
    return fulcra_representation_get_expiry(self->answer, NULL);
}

const char *
fulcra__cache_unknown(const FulcraRequest *self)
{
    if (self->ledger->unknown != NULL)
        return self->ledger->unknown;
    return self->ledger->asked
                   ? NULL
                   : "its endpoint asked for nothing and stated no expiry";
}

const char *
fulcra__cache_why_unknown(FulcraRequest *self)
{
    FulcraLedger *ledger = self->ledger;
    FulcraExpiry expiry = fulcra__cache_stated_expiry(self);

    if (ledger->partial)
        return ledger->bound;
    if (expiry == FULCRA_EXPIRY_ALWAYS)
        return "it is always expired";
    if (self->answer != NULL &&
            fulcra_representation_get_header(self->answer, "no-cache") != NULL)
        return "it is marked no-cache";
    return expiry == FULCRA_EXPIRY_DEPENDENT ? fulcra__cache_unknown(self)
                                             : NULL;
}

const char *
fulcra__cache_why_not(FulcraRequest *self)
{
    if (self->ledger == NULL)
        return "its verb is not one whose answers are kept";
    if (self->unkept != NULL)
        return self->unkept;
    if (self->error != NULL)
        return "it failed";
    if (self->ledger->bound != NULL)
        return self->ledger->bound;
    return fulcra__cache_why_unknown(self);
}

static size_t
answer_bytes(FulcraRepresentation *answer)
{
    size_t length;

    if (fulcra_representation_get_bytes(answer, &length) == NULL)
        length = BOXED_BYTES;
    return ENTRY_BYTES + length;
}

static Entry *
entry_new(FulcraRequest *request)
{
    Entry *self = fulcra__zeroed(sizeof *self);
    FulcraLedger *ledger = request->ledger;

    self->values = fulcra__noted_hash(ledger->noted, ledger->n_noted, request);
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

/* With the lock held. */
static void
shard_keep(Shard *self, Entry *entry, unsigned hash, FulcraRequest *request,
        size_t max_bytes)
{
    Question *question = question_find(self, hash, request);

    if (question == NULL)
        question = question_new(self, hash, request);
    entry->shape = shape_of(question, entry->ledger);
    g_hash_table_insert(
            entry->shape->entries, GUINT_TO_POINTER(entry->values), entry);
    entry->place = self->entries->len;
    g_ptr_array_add(self->entries, entry);
    self->bytes += entry->bytes;
    fulcra_host_stats_add(FULCRA_STAT_CACHE_ENTRIES, 1);
    fulcra_host_stats_add(FULCRA_STAT_CACHE_BYTES, (int64_t)entry->bytes);
    while (self->bytes > max_bytes && self->entries->len > 1)
        shard_evict(self);
}

/* Whether another may have been filed where @entry would be. */
static bool
shard_has_room_for(Shard *self, const Entry *entry, unsigned hash,
        FulcraRequest *request, size_t max_bytes)
{
    Question *question = question_find(self, hash, request);

    if (entry->bytes > max_bytes / 4)
        return false;
    if (question == NULL)
        return true;
    for (unsigned i = 0; i < question->shapes->len; i++) {
        Shape *shape = g_ptr_array_index(question->shapes, i);
        Entry *other = g_hash_table_lookup(
                shape->entries, GUINT_TO_POINTER(entry->values));

        if (!shape_fits(shape, entry->ledger) || other == NULL)
            continue;
        shard_remove(self, other); /* the newer one is at least as good */
        return true;
    }
    return true;
}

void
fulcra__cache_ended(
        FulcraCache *self, FulcraRequest *request, FulcraFlight *flight)
{
    unsigned hash = request_hash(request);
    Shard *shard = cache_shard(self, hash);
    bool given = request->from_cache != NULL; /* it holds, after a check */
    request->kept_answer = given || (fulcra__cache_why_not(request) == NULL &&
                                            request_is_current(request));
    Entry *entry = request->kept_answer && !given ? entry_new(request) : NULL;

    if (request->error == NULL)
        atomic_store_explicit(&self->not_kept[hash % N_HINTS],
                !request->kept_answer, memory_order_relaxed);
    pthread_mutex_lock(&shard->lock);
    if (entry != NULL &&
            shard_has_room_for(shard, entry, hash, request, self->max_bytes)) {
        shard_keep(shard, entry, hash, request, self->max_bytes);
        entry = NULL;
    }
    if (flight != NULL)
        fulcra__flights_leave(&shard->flights, flight);
    pthread_mutex_unlock(&shard->lock);
    if (entry != NULL)
        entry_free(entry);
}

/* --- what there is --- */

static void
entry_tell(const Entry *self,
        void (*each)(const FulcraCachedInfo *info, void *user_data),
        void *user_data)
{
    const Question *question = self->shape->question;
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
        for (unsigned j = 0; j < shard->entries->len; j++)
            entry_tell(g_ptr_array_index(shard->entries, j), each, user_data);
        pthread_mutex_unlock(&shard->lock);
    }
}
