/* SPDX-License-Identifier: MIT */

/*
 * table.c - the spaces that are published together
 */

#include "private/table.h"

static atomic_ullong generations;

static void
space_release(void *space)
{
    fulcra_host_space_unref(space);
}

static void
places_release(void *places)
{
    fulcra__places_unref(places);
}

/* Whether all of its spaces stay as they are. What is not in the table is
 * wrapped by a space that is. */
static bool
places_stay(
        const FulcraPlaces *places, FulcraTable *previous, FulcraTable *next)
{
    for (; places != NULL; places = places->parent) {
        const char *uri = fulcra_host_space_get_uri(places->space);

        if (fulcra__table_find(previous, uri) == places->space &&
                fulcra__table_find(next, uri) != places->space)
            return false;
    }
    return true;
}

/* @places: (transfer full) */
static void
table_add_places(FulcraTable *self, FulcraPlaces *places)
{
    g_hash_table_add(self->places, places);
    g_hash_table_insert(self->by_number, &places->number, places);
}

/* What nobody changed keeps its identity, and with it what is cached. */
static void
table_inherit_places(FulcraTable *self, FulcraTable *previous)
{
    GHashTableIter iter;
    void *key;

    pthread_mutex_lock(&previous->lock);
    g_hash_table_iter_init(&iter, previous->places);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        FulcraPlaces *places = key;

        if (!places_stay(places, previous, self))
            continue;
        fulcra_refs_take(&places->refs);
        table_add_places(self, places);
    }
    pthread_mutex_unlock(&previous->lock);
}

FulcraTable *
fulcra__table_new(FulcraTable *previous, FulcraSpace *const *spaces,
        size_t n_spaces, const char *const *withdrawn)
{
    FulcraTable *self = g_new0(FulcraTable, 1);

    fulcra_refs_init(&self->refs);
    self->generation = atomic_fetch_add(&generations, 1) + 1;
    self->spaces = g_hash_table_new_full(
            g_direct_hash, g_direct_equal, NULL, space_release);
    pthread_mutex_init(&self->lock, NULL);
    self->places = g_hash_table_new_full(
            fulcra__places_hash, fulcra__places_equal, NULL, places_release);
    self->by_number = g_hash_table_new(g_int64_hash, g_int64_equal);

    if (previous != NULL) {
        GHashTableIter iter;
        void *uri, *space;

        g_hash_table_iter_init(&iter, previous->spaces);
        while (g_hash_table_iter_next(&iter, &uri, &space))
            g_hash_table_insert(
                    self->spaces, uri, fulcra_host_space_ref(space));
    }
    for (size_t i = 0; withdrawn != NULL && withdrawn[i] != NULL; i++)
        g_hash_table_remove(self->spaces, fulcra_intern(withdrawn[i]));
    for (size_t i = 0; i < n_spaces; i++)
        g_hash_table_insert(self->spaces,
                (void *)fulcra_host_space_get_uri(spaces[i]),
                fulcra_host_space_ref(spaces[i]));
    if (previous != NULL)
        table_inherit_places(self, previous);
    return self;
}

void
fulcra__table_unref(FulcraTable *self)
{
    if (self == NULL || !fulcra_refs_drop(&self->refs))
        return;
    g_hash_table_unref(self->by_number);
    g_hash_table_unref(self->places);
    g_hash_table_unref(self->spaces);
    pthread_mutex_destroy(&self->lock);
    g_free(self);
}

FulcraSpace *
fulcra__table_find(FulcraTable *self, const char *uri)
{
    return g_hash_table_lookup(self->spaces, uri);
}

FulcraPlaces *
fulcra__table_push(FulcraTable *self, FulcraPlaces *parent, FulcraSpace *space)
{
    FulcraPlaces key = { .space = space, .parent = parent };

    pthread_mutex_lock(&self->lock);
    FulcraPlaces *places = g_hash_table_lookup(self->places, &key);
    if (places == NULL) {
        places = fulcra__places_push(parent, space);
        table_add_places(self, places);
    }
    pthread_mutex_unlock(&self->lock);
    return places;
}

FulcraPlaces *
fulcra__table_find_places(FulcraTable *self, uint64_t number)
{
    pthread_mutex_lock(&self->lock);
    FulcraPlaces *places = g_hash_table_lookup(self->by_number, &number);
    pthread_mutex_unlock(&self->lock);
    return places;
}
