/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Places: the static part of a scope
 *
 * A list of sealed spaces, nearest first, interned: two scopes with the same
 * spaces in the same order share one list and compare by pointer. A table of
 * spaces holds the lists that were made in it; requests borrow them.
 */

#include <fulcra-host/space.h>

typedef struct _FulcraPlaces FulcraPlaces;
struct _FulcraPlaces {
    FulcraRefs refs;
    uint64_t number; /* never used twice: stands for it in the cache */
    FulcraSpace *space;
    FulcraPlaces *parent; /* (nullable): further away */
};

/** The list of @space in front of @parent. (transfer full) */
FulcraPlaces *fulcra__places_push(FulcraPlaces *parent, FulcraSpace *space);
void fulcra__places_unref(FulcraPlaces *self);

/* By space and parent, for tables of them. */
unsigned fulcra__places_hash(const void *self);
int fulcra__places_equal(const void *a, const void *b);
