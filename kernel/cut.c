/* SPDX-License-Identifier: MIT */

/*
 * cut.c - expiry keys and the clock of their cuts
 *
 * A cut takes the clock's next tick and raises its slot to it (release). Who
 * validates reads the slots (acquire) and compares with the tick at which its
 * evaluation began, which was read before anything it depends on.
 */

#include "private/cut.h"
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

static void
cut_slot(FulcraCutSlot slot)
{
    unsigned long long tick = atomic_fetch_add(&clock_now, 1) + 1;
    unsigned long long before = atomic_load(&last_cut[slot]);

    while (before < tick &&
            !atomic_compare_exchange_weak(&last_cut[slot], &before, tick))
        ;
}

void
fulcra__cut(const char *key)
{
    cut_slot(hash_slot(hash_add(HASH_BEGIN, key, strlen(key))));
}

void
fulcra__cut_space(const char *uri)
{
    cut_slot(fulcra__cut_slot_of_space(uri));
}
