/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The cut clock
 *
 * Every expiry key has a slot by its hash, with the tick of its last cut. What
 * began at tick T is valid as long as none of its slots is younger than T.
 */

#include <fulcra-host/sync.h>
#include <stddef.h>
#include <stdint.h>

typedef uint16_t FulcraCutSlot;

#define FULCRA__CUT_SLOTS        65536
#define FULCRA__CUT_MAX_FAMILIES 8 /* deeper levels of a key are one family */

uint64_t fulcra__cut_now(void);
uint64_t fulcra__cut_last(FulcraCutSlot slot);

/** The slots that an answer depends on by depending on @key: its own and those
 * of its families. Returns: how many. */
size_t fulcra__cut_slots_of(
        const char *key, FulcraCutSlot slots[FULCRA__CUT_MAX_FAMILIES + 2]);

/** The slot of the space @uri, whose key no application can name. */
FulcraCutSlot fulcra__cut_slot_of_space(const char *uri);
void fulcra__cut_space(const char *uri);

/** In place of a URI: cut by every publish. */
#define FULCRA__CUT_PUBLISH "*"

/** What cut @slot last: "the key stock:ACME was cut". (transfer full) */
char *fulcra__cut_describe(FulcraCutSlot slot);

/** Cuts @key, or the family "name:*". */
void fulcra__cut(const char *key);

/** Cuts all of @keys before anybody is told. */
void fulcra__cut_all(const char *const *keys, size_t n);

/* --- who wants to be told --- */

typedef struct _FulcraCutNode FulcraCutNode;

/* Embedded in what depends on slots; all zero but for @cut: it watches none. */
typedef struct _FulcraCutWatch FulcraCutWatch;
struct _FulcraCutWatch {
    /* A slot was cut. On the thread that cuts, under the lock of all watches:
     * takes note, watches nothing and waits for nothing. What was published
     * before the cut is seen by whoever is woken. */
    void (*cut)(FulcraCutWatch *self);
    size_t n_nodes;
    FulcraCutNode *nodes;
};

/** Watches @slots in place of what was watched; none: no more. A cut after this
 * call is told; of one before it fulcra__cut_last() knows. Nobody is told after
 * the watch was taken back. */
void fulcra__cut_watch(
        FulcraCutWatch *self, const FulcraCutSlot *slots, size_t n);
