/* SPDX-License-Identifier: MIT */

/*
 * places.c - interned lists of spaces
 *
 * The intern table holds no references. A list whose count has reached zero is
 * taken out by the thread that dropped it; one that looks it up meanwhile sees
 * the zero and makes a new one in its place.
 */

#include "private/places.h"

static pthread_mutex_t intern_lock = PTHREAD_MUTEX_INITIALIZER;
static GHashTable *interned; /* FulcraPlaces, by space and parent */

unsigned
fulcra__places_hash(const void *key)
{
    const FulcraPlaces *self = key;

    return g_direct_hash(self->space) * 31u + g_direct_hash(self->parent);
}

int
fulcra__places_equal(const void *a, const void *b)
{
    const FulcraPlaces *left = a, *right = b;

    return left->space == right->space && left->parent == right->parent;
}

static FulcraPlaces *
places_new(FulcraPlaces *parent, FulcraSpace *space)
{
    FulcraPlaces *self = g_new(FulcraPlaces, 1);

    static atomic_ullong last;

    fulcra_refs_init(&self->refs);
    self->number = atomic_fetch_add(&last, 1) + 1;
    self->space = fulcra_host_space_ref(space);
    self->parent = parent;
    if (parent != NULL)
        fulcra_refs_take(&parent->refs);
    return self;
}

FulcraPlaces *
fulcra__places_push(FulcraPlaces *parent, FulcraSpace *space)
{
    FulcraPlaces key = { .space = space, .parent = parent };

    pthread_mutex_lock(&intern_lock);
    if (interned == NULL)
        interned = g_hash_table_new(fulcra__places_hash, fulcra__places_equal);
    FulcraPlaces *self = g_hash_table_lookup(interned, &key);
    if (self == NULL || !fulcra_refs_take_if_alive(&self->refs)) {
        self = places_new(parent, space);
        g_hash_table_replace(interned, self, self);
    }
    pthread_mutex_unlock(&intern_lock);
    return self;
}

void
fulcra__places_unref(FulcraPlaces *self)
{
    while (self != NULL && fulcra_refs_drop(&self->refs)) {
        FulcraPlaces *parent = self->parent;

        pthread_mutex_lock(&intern_lock);
        if (g_hash_table_lookup(interned, self) == self)
            g_hash_table_remove(interned, self);
        if (g_hash_table_size(interned) == 0)
            g_clear_pointer(&interned, g_hash_table_unref);
        pthread_mutex_unlock(&intern_lock);
        fulcra_host_space_unref(self->space);
        g_free(self);
        self = parent;
    }
}
