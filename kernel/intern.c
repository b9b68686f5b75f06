/* SPDX-License-Identifier: MIT */
/*
 * intern.c - one copy of each name, so that names compare by pointer
 *
 * An open-addressing table of pointers that only ever grow in number. Readers
 * take no lock: a cell is written once, with a release-store that pairs with
 * the acquire-load in find(). Writers hold `lock`. A table that is too full is
 * replaced by one twice its size; a reader that still walks the old one misses
 * at worst the newest names, and then asks again under the lock. Nothing is
 * freed, and every table keeps its predecessor in reach.
 */
#include "private/intern.h"

#include <fulcra-host/sync.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    unsigned hash;
    unsigned length;
    char text[];
} Name;

typedef struct Table {
    struct Table *previous;
    size_t mask; /* number of cells, less one */
    size_t n;
    _Atomic(Name *) cells[];
} Table;

#define FIRST_SIZE 1024

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic(Table *) current;

/* Names are few, short, and chosen by the program: no secret is needed. */
static unsigned
hash_name(const char *name, size_t length)
{
    uint64_t hash = length, word;

    for (; length >= sizeof word; name += sizeof word, length -= sizeof word) {
        memcpy(&word, name, sizeof word);
        hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 32;
    }
    word = 0;
    memcpy(&word, name, length);
    hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return (unsigned)(hash >> 32);
}

static Table *
table_new(size_t size, Table *previous)
{
    Table *self = g_malloc0(sizeof(Table) + size * sizeof(self->cells[0]));

    self->mask = size - 1;
    self->previous = previous;
    return self;
}

/* Leaves the cell where the search ended in @cell. */
static Name *
table_find(Table *self, const char *name, size_t length, unsigned hash,
        _Atomic(Name *) **cell)
{
    for (size_t i = hash;; i++) {
        *cell = &self->cells[i & self->mask];
        Name *found = atomic_load_explicit(*cell, memory_order_acquire);

        if (found == NULL || (found->hash == hash && found->length == length &&
                                     memcmp(found->text, name, length) == 0))
            return found;
    }
}

static void
table_put(Table *self, Name *name)
{
    _Atomic(Name *) *cell;

    table_find(self, name->text, name->length, name->hash, &cell);
    atomic_store_explicit(cell, name, memory_order_release);
    self->n++;
}

static Table *
table_grow(Table *self)
{
    Table *grown = table_new(2 * (self->mask + 1), self);

    for (size_t i = 0; i <= self->mask; i++) {
        Name *name =
                atomic_load_explicit(&self->cells[i], memory_order_relaxed);
        if (name != NULL)
            table_put(grown, name);
    }
    atomic_store_explicit(&current, grown, memory_order_release);
    return grown;
}

static Name *
name_new(const char *text, size_t length, unsigned hash)
{
    Name *self = g_malloc(sizeof(Name) + length + 1);

    self->hash = hash;
    self->length = (unsigned)length;
    memcpy(self->text, text, length);
    self->text[length] = '\0';
    return self;
}

/* With the lock held. */
static Name *
add(const char *name, size_t length, unsigned hash)
{
    Table *table = atomic_load_explicit(&current, memory_order_relaxed);
    _Atomic(Name *) *cell;

    if (table == NULL) {
        table = table_new(FIRST_SIZE, NULL);
        atomic_store_explicit(&current, table, memory_order_release);
    }
    Name *found = table_find(table, name, length, hash, &cell);
    if (found != NULL)
        return found;
    if (2 * (table->n + 1) > table->mask)
        table = table_grow(table);
    found = name_new(name, length, hash);
    table_put(table, found);
    return found;
}

static const char *
find(const char *name, size_t length, unsigned hash)
{
    Table *table = atomic_load_explicit(&current, memory_order_acquire);
    _Atomic(Name *) *cell;

    if (table == NULL)
        return NULL;
    Name *found = table_find(table, name, length, hash, &cell);
    return found != NULL ? found->text : NULL;
}

const char *
fulcra__intern_find(const char *name, size_t length)
{
    return find(name, length, hash_name(name, length));
}

const char *
fulcra__intern_length(const char *name, size_t length)
{
    unsigned hash = hash_name(name, length);
    const char *found = find(name, length, hash);

    if (found != NULL)
        return found;
    pthread_mutex_lock(&lock);
    found = add(name, length, hash)->text;
    pthread_mutex_unlock(&lock);
    return found;
}

const char *
fulcra_intern(const char *name)
{
    g_return_val_if_fail(name != NULL, NULL);

    return fulcra__intern_length(name, strlen(name));
}
