/* SPDX-License-Identifier: MIT */

/*
 * mapping.c - see <fulcra-host/mapping.h>
 *
 * A list under one lock: few modules make the promise that lets them be
 * unmapped, and none of the others comes here. What is made and freed is looked
 * up by the same addresses, so that it needs no room for a mark.
 */

#include "private/mapping.h"

struct _FulcraMapping {
    uintptr_t begin, end;
    size_t n_representations, n_callbacks; /* guarded by lock */
    FulcraMapping *next;                   /* likewise */
};

atomic_uint fulcra__n_mappings;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static FulcraMapping *mappings; /* guarded by lock */

FulcraMapping *
fulcra_host_mapping_new(uintptr_t begin, uintptr_t end)
{
    FulcraMapping *self = g_new0(FulcraMapping, 1);

    self->begin = begin;
    self->end = end;
    pthread_mutex_lock(&lock);
    self->next = mappings;
    mappings = self;
    pthread_mutex_unlock(&lock);
    atomic_fetch_add(&fulcra__n_mappings, 1);
    return self;
}

void
fulcra_host_mapping_free(FulcraMapping *self)
{
    if (self == NULL)
        return;
    atomic_fetch_sub(&fulcra__n_mappings, 1);
    pthread_mutex_lock(&lock);
    FulcraMapping **place = &mappings;
    while (*place != self)
        place = &(*place)->next;
    *place = self->next;
    pthread_mutex_unlock(&lock);
    g_free(self);
}

/* With the lock held. (nullable) */
static FulcraMapping *
find(uintptr_t address)
{
    FulcraMapping *one = mappings;

    while (one != NULL && (address < one->begin || address >= one->end))
        one = one->next;
    return one;
}

void
fulcra__mappings_count_representation(
        uintptr_t address, uintptr_t other, int change)
{
    pthread_mutex_lock(&lock);
    FulcraMapping *mapping = find(address);
    if (mapping == NULL)
        mapping = find(other);
    if (mapping != NULL)
        mapping->n_representations += (size_t)change;
    pthread_mutex_unlock(&lock);
}

void
fulcra__mappings_count_callback(uintptr_t address, int change)
{
    pthread_mutex_lock(&lock);
    FulcraMapping *mapping = find(address);
    if (mapping != NULL)
        mapping->n_callbacks += (size_t)change;
    pthread_mutex_unlock(&lock);
}

size_t
fulcra_host_mapping_count_representations(FulcraMapping *self)
{
    pthread_mutex_lock(&lock);
    size_t n = self->n_representations;
    pthread_mutex_unlock(&lock);
    return n;
}

size_t
fulcra_host_mapping_count_callbacks(FulcraMapping *self)
{
    pthread_mutex_lock(&lock);
    size_t n = self->n_callbacks;
    pthread_mutex_unlock(&lock);
    return n;
}
