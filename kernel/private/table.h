/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Tables of spaces
 *
 * What is published at one time, by URI; immutable but for the lists of places
 * that were made in it. A tree of requests holds the table in which its root
 * began, and with it every space, endpoint and list of places it meets.
 */

#include "private/places.h"
#include <fulcra-host/kernel.h>

struct _FulcraTable {
    FulcraRefs refs;
    uint64_t generation; /* unique in the process */
    GHashTable *spaces;  /* interned URI to FulcraPlaces of that space alone */
    pthread_mutex_t lock;
    GHashTable *places;           /* guarded: set of the others, each held */
    GHashTable *by_number;        /* guarded: all, by their numbers */
    FulcraTable *previous, *next; /* of all tables there are */
};

/** The successor of @previous (nullable). (transfer full) */
FulcraTable *fulcra__table_new(FulcraTable *previous,
        FulcraSpace *const *spaces, size_t n_spaces,
        const char *const *withdrawn);

/** @uri: interned. (transfer none) (nullable) */
FulcraSpace *fulcra__table_find(FulcraTable *self, const char *uri);

/** The list of the space @uri, interned, alone. (transfer none) (nullable) */
FulcraPlaces *fulcra__table_find_alone(FulcraTable *self, const char *uri);

/** The list of places of that number; NULL where one of its spaces is published
 * no more. (transfer none) (nullable) */
FulcraPlaces *fulcra__table_find_places(FulcraTable *self, uint64_t number);

/** How many references there are to the tables that have @space. */
size_t fulcra__table_count_holders(FulcraSpace *space);

/** (transfer none): held by the table */
FulcraPlaces *fulcra__table_push(
        FulcraTable *self, FulcraPlaces *parent, FulcraSpace *space);
