/* SPDX-License-Identifier: MIT */

/*
 * cut.c - expiry keys and the clock of their cuts
 *
 * A cut takes the clock's next tick and raises its slot to it. Who
 * validates reads the slots and compares with the tick at which its
 * evaluation began, which was read before anything it depends on.
 *
 * Those who watch a slot are told after that. A bit for each slot says whether
 * there are any, so that a cut which nobody watches costs one load more. The
 * clock's order decides between a cut and a watch: either the cut sees the bit,
 * or who watches, and reads the slot afterwards, sees the cut.
 */

#include "private/cut.h"
#include <glib.h>
#include <string.h>

static atomic_ullong clock_now;
static atomic_ullong last_cut[FULCRA__CUT_SLOTS];

uint64_t
fulcra__cut_now(void)
{
    return atomic_load(&clock_now);
}

uint64_t
fulcra__cut_last(FulcraCutSlot slot)
{
    return atomic_load(&last_cut[slot]);
}

/* FNV-1a */
#define HASH_BEGIN 2166136261u

static uint32_t
hash_add(uint32_t hash, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)text[i]) * 16777619u;
    return hash;
}

static FulcraCutSlot
hash_slot(uint32_t hash)
{
    return (FulcraCutSlot)(hash ^ hash >> 16);
}

FulcraCutSlot
fulcra__cut_slot_of_space(const char *uri)
{
    uint32_t hash = hash_add(HASH_BEGIN, "\n", 1);

    return hash_slot(hash_add(hash, uri, strlen(uri)));
}

/* The families of a key: "*", and "PREFIX:*" for each prefix that ends in a
 * colon. */
size_t
fulcra__cut_slots_of(
        const char *key, FulcraCutSlot slots[FULCRA__CUT_MAX_FAMILIES + 2])
{
    uint32_t hash = HASH_BEGIN;
    size_t n = 0;

    slots[n++] = hash_slot(hash_add(hash, "*", 1));
    for (; *key != '\0'; key++) {
        hash = hash_add(hash, key, 1);
        if (*key == ':' && n <= FULCRA__CUT_MAX_FAMILIES)
            slots[n++] = hash_slot(hash_add(hash, "*", 1));
    }
    slots[n++] = hash_slot(hash);
    return n;
}

/* --- the last ones, by name --- */

#define N_RECENT 1024

static struct {
    uint64_t tick;
    bool space;
    char name[55]; /* cut short where it is longer */
} recent[N_RECENT];
static pthread_mutex_t recent_lock = PTHREAD_MUTEX_INITIALIZER;

static void
remember_cut(uint64_t tick, const char *name, bool space)
{
    unsigned at = tick % N_RECENT;

    pthread_mutex_lock(&recent_lock);
    recent[at].tick = tick;
    recent[at].space = space;
    g_strlcpy(recent[at].name, name, sizeof recent[at].name);
    pthread_mutex_unlock(&recent_lock);
}

char *
fulcra__cut_describe(FulcraCutSlot slot)
{
    uint64_t tick = fulcra__cut_last(slot);
    unsigned at = tick % N_RECENT;
    char *text = NULL;

    pthread_mutex_lock(&recent_lock);
    if (recent[at].tick == tick)
        text = g_strdup_printf(recent[at].space ? "the space %s was replaced"
                                                : "the key %s was cut",
                recent[at].name);
    pthread_mutex_unlock(&recent_lock);
    return text != NULL ? text : g_strdup("a key was cut long ago");
}

/* --- watching --- */

struct _FulcraCutNode {
    FulcraCutNode *next, **at; /* at: what points to it */
    FulcraCutWatch *watch;
    FulcraCutSlot slot;
};

static pthread_mutex_t watch_lock = PTHREAD_MUTEX_INITIALIZER;
static FulcraCutNode *watchers[FULCRA__CUT_SLOTS];
static atomic_ullong watched[FULCRA__CUT_SLOTS / 64];

static bool
slot_is_watched(FulcraCutSlot slot)
{
    return (atomic_load(&watched[slot / 64]) >> slot % 64 & 1) != 0;
}

static void
node_add(FulcraCutNode *self)
{
    FulcraCutNode **first = &watchers[self->slot];

    if (*first == NULL)
        atomic_fetch_or(&watched[self->slot / 64], 1ull << self->slot % 64);
    else
        (*first)->at = &self->next;
    self->next = *first;
    self->at = first;
    *first = self;
}

static void
node_remove(FulcraCutNode *self)
{
    *self->at = self->next;
    if (self->next != NULL)
        self->next->at = self->at;
    if (watchers[self->slot] == NULL)
        atomic_fetch_and(&watched[self->slot / 64], ~(1ull << self->slot % 64));
}

void
fulcra__cut_watch(FulcraCutWatch *self, const FulcraCutSlot *slots, size_t n)
{
    FulcraCutNode *nodes = n == 0 ? NULL : g_new0(FulcraCutNode, n);
    FulcraCutNode *before = self->nodes;

    pthread_mutex_lock(&watch_lock);
    for (size_t i = 0; i < self->n_nodes; i++)
        node_remove(&before[i]);
    for (size_t i = 0; i < n; i++) {
        nodes[i].watch = self;
        nodes[i].slot = slots[i];
        node_add(&nodes[i]);
    }
    self->nodes = nodes;
    self->n_nodes = n;
    pthread_mutex_unlock(&watch_lock);
    g_free(before);
}

static void
slot_tell(FulcraCutSlot slot)
{
    if (!slot_is_watched(slot))
        return;
    pthread_mutex_lock(&watch_lock);
    for (FulcraCutNode *node = watchers[slot]; node != NULL; node = node->next)
        node->watch->cut(node->watch);
    pthread_mutex_unlock(&watch_lock);
}

/* --- cutting --- */

static uint64_t
slot_expire(FulcraCutSlot slot)
{
    unsigned long long tick = atomic_fetch_add(&clock_now, 1) + 1;
    unsigned long long before = atomic_load(&last_cut[slot]);

    while (before < tick &&
            !atomic_compare_exchange_weak(&last_cut[slot], &before, tick))
        ;
    return tick;
}

static FulcraCutSlot
key_slot(const char *key)
{
    return hash_slot(hash_add(HASH_BEGIN, key, strlen(key)));
}

void
fulcra__cut(const char *key)
{
    FulcraCutSlot slot = key_slot(key);

    remember_cut(slot_expire(slot), key, false);
    slot_tell(slot);
}

void
fulcra__cut_all(const char *const *keys, size_t n)
{
    for (size_t i = 0; i < n; i++)
        remember_cut(slot_expire(key_slot(keys[i])), keys[i], false);
    for (size_t i = 0; i < n; i++)
        slot_tell(key_slot(keys[i]));
}

void
fulcra__cut_space(const char *uri)
{
    FulcraCutSlot slot = fulcra__cut_slot_of_space(uri);

    remember_cut(slot_expire(slot), uri, true);
    slot_tell(slot);
}
