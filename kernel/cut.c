/* SPDX-License-Identifier: MIT */

/*
 * cut.c - expiry keys and the clock of their cuts
 *
 * A cut takes the clock's next tick and raises its slot to it (release). Who
 * validates reads the slots (acquire) and compares with the tick at which its
 * evaluation began, which was read before anything it depends on.
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
    return atomic_load_explicit(&last_cut[slot], memory_order_acquire);
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

/* --- cutting --- */

static uint64_t
cut_slot(FulcraCutSlot slot)
{
    unsigned long long tick = atomic_fetch_add(&clock_now, 1) + 1;
    unsigned long long before = atomic_load(&last_cut[slot]);

    while (before < tick &&
            !atomic_compare_exchange_weak(&last_cut[slot], &before, tick))
        ;
    return tick;
}

void
fulcra__cut(const char *key)
{
    uint64_t tick = cut_slot(hash_slot(hash_add(HASH_BEGIN, key, strlen(key))));

    remember_cut(tick, key, false);
}

void
fulcra__cut_space(const char *uri)
{
    remember_cut(cut_slot(fulcra__cut_slot_of_space(uri)), uri, true);
}
