/* SPDX-License-Identifier: MIT */

/*
 * table.c - the spaces that are published together
 *
 * The memory of a table is never given back, only used for other tables: who
 * has read the kernel's pointer may try to take a reference, whatever became of
 * the table meanwhile. Its count is 0 until it is built, and again when it is
 * taken apart.
 */

#include "private/table.h"
#include "private/space.h"

static atomic_ullong generations;

static pthread_mutex_t tables_lock = PTHREAD_MUTEX_INITIALIZER;
static FulcraTable *tables; /* guarded by tables_lock: all that are alive */
static FulcraTable *spares; /* likewise: memory of those that were */

static FulcraPlaces *
places_ref(FulcraPlaces *places)
{
    fulcra_refs_take(&places->refs);
    return places;
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

static void
table_remove_alone(FulcraTable *self, const char *uri)
{
    FulcraPlaces *alone = fulcra__table_find_alone(self, uri);

    if (alone == NULL)
        return;
    g_hash_table_remove(self->by_number, &alone->number);
    g_hash_table_remove(self->spaces, uri);
}

/* @alone: (transfer full): in the place of another of its URI */
static void
table_add_alone(FulcraTable *self, const char *uri, FulcraPlaces *alone)
{
    table_remove_alone(self, uri);
    g_hash_table_insert(self->spaces, (void *)uri, alone);
    g_hash_table_insert(self->by_number, &alone->number, alone);
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
        table_add_places(self, places_ref(places));
    }
    pthread_mutex_unlock(&previous->lock);
}

/* --- all tables there are --- */

static void
table_enlist(FulcraTable *self)
{
    pthread_mutex_lock(&tables_lock);
    self->next = tables;
    if (tables != NULL)
        tables->previous = self;
    tables = self;
    pthread_mutex_unlock(&tables_lock);
}

static void
table_delist(FulcraTable *self)
{
    pthread_mutex_lock(&tables_lock);
    if (self->previous != NULL)
        self->previous->next = self->next;
    else
        tables = self->next;
    if (self->next != NULL)
        self->next->previous = self->previous;
    pthread_mutex_unlock(&tables_lock);
}

size_t
fulcra__table_count_holders(FulcraSpace *space)
{
    const char *uri = fulcra_host_space_get_uri(space);
    size_t count = 0;

    pthread_mutex_lock(&tables_lock);
    for (FulcraTable *one = tables; one != NULL; one = one->next)
        if (fulcra__table_find(one, uri) == space)
            count += (size_t)atomic_load_explicit(
                    &one->refs, memory_order_acquire);
    pthread_mutex_unlock(&tables_lock);
    return count;
}

/* --- making and releasing --- */

static FulcraTable *
table_alloc(void)
{
    pthread_mutex_lock(&tables_lock);
    FulcraTable *self = spares;
    if (self != NULL)
        spares = self->next;
    pthread_mutex_unlock(&tables_lock);
    if (self == NULL) {
        self = g_new0(FulcraTable, 1);
        pthread_mutex_init(&self->lock, NULL);
    }
    self->previous = self->next = NULL;
    return self;
}

static void
table_spare(FulcraTable *self)
{
    pthread_mutex_lock(&tables_lock);
    self->next = spares;
    spares = self;
    pthread_mutex_unlock(&tables_lock);
}

FulcraTable *
fulcra__table_new(FulcraTable *previous, FulcraSpace *const *spaces,
        size_t n_spaces, const char *const *withdrawn)
{
    FulcraTable *self = table_alloc();

    self->generation = atomic_fetch_add(&generations, 1) + 1;
    self->spaces = g_hash_table_new_full(
            g_direct_hash, g_direct_equal, NULL, places_release);
    self->places = g_hash_table_new_full(
            fulcra__places_hash, fulcra__places_equal, NULL, places_release);
    self->by_number = g_hash_table_new(g_int64_hash, g_int64_equal);

    if (previous != NULL) {
        GHashTableIter iter;
        void *uri, *alone;

        g_hash_table_iter_init(&iter, previous->spaces);
        while (g_hash_table_iter_next(&iter, &uri, &alone))
            table_add_alone(self, uri, places_ref(alone));
    }
    for (size_t i = 0; withdrawn != NULL && withdrawn[i] != NULL; i++)
        table_remove_alone(self, fulcra_intern(withdrawn[i]));
    for (size_t i = 0; i < n_spaces; i++)
        table_add_alone(self, fulcra_host_space_get_uri(spaces[i]),
                fulcra__places_push(NULL, spaces[i]));
    if (previous != NULL)
        table_inherit_places(self, previous);
    atomic_store_explicit(&self->refs, 1, memory_order_release);
    table_enlist(self);
    return self;
}

FulcraTable *
fulcra_host_table_ref(FulcraTable *self)
{
    fulcra_refs_take(&self->refs);
    return self;
}

void
fulcra_host_table_unref(FulcraTable *self)
{
    if (self == NULL || !fulcra_refs_drop(&self->refs))
        return;
    table_delist(self);
    g_hash_table_unref(self->by_number);
    g_hash_table_unref(self->places);
    g_hash_table_unref(self->spaces);
    table_spare(self);
}

FulcraPlaces *
fulcra__table_find_alone(FulcraTable *self, const char *uri)
{
    return g_hash_table_lookup(self->spaces, uri);
}

FulcraSpace *
fulcra__table_find(FulcraTable *self, const char *uri)
{
    FulcraPlaces *alone = fulcra__table_find_alone(self, uri);

    return alone == NULL ? NULL : alone->space;
}

FulcraPlaces *
fulcra__table_push(FulcraTable *self, FulcraPlaces *parent, FulcraSpace *space)
{
    FulcraPlaces key = { .space = space, .parent = parent };

    if (parent == NULL) {
        FulcraPlaces *alone = fulcra__table_find_alone(self, space->uri);

        if (alone != NULL && alone->space == space)
            return alone;
    }
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
