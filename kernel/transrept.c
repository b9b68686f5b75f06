/* SPDX-License-Identifier: MIT */

/*
 * transrept.c - finding the way from one type to another
 *
 * The transreptors of a scope are those of its places, nearest first, with
 * what they import, and the kernel's own last. One conversion is better than
 * two; among equals the nearest wins. A `from` that ends in "*" stands for all
 * types that begin alike.
 */

#include "private/kernel.h"
#include "private/request.h"

#define MAX_SPACES 256

/* The spaces to ask, each once. */
typedef struct {
    FulcraTable *table;
    FulcraSpace *spaces[MAX_SPACES];
    size_t n;
} Reach;

static void
reach_add(Reach *self, FulcraSpace *space)
{
    for (size_t i = 0; i < self->n; i++)
        if (self->spaces[i] == space)
            return;
    if (self->n < MAX_SPACES)
        self->spaces[self->n++] = space;
}

static void
reach_add_imports(Reach *self, size_t from)
{
    for (; from < self->n; from++) {
        FulcraSpace *space = self->spaces[from];

        for (size_t i = 0; i < space->n_entries; i++) {
            if (space->entries[i].kind != ENTRY_IMPORT)
                continue;
            FulcraSpace *imported =
                    fulcra__table_find(self->table, space->entries[i].uri);
            if (imported != NULL)
                reach_add(self, imported);
        }
    }
}

static void
reach_init(Reach *self, FulcraRequest *request)
{
    FulcraPlaces *place = request->evaluation != NULL
                                  ? request->evaluation
                                  : fulcra__request_get_places(request);

    self->table = request->root->table;
    self->n = 0;
    for (; place != NULL; place = place->parent) {
        size_t first = self->n;

        reach_add(self, place->space);
        reach_add_imports(self, first);
    }
    reach_add(self, request->root->kernel->builtins);
}

static bool
type_matches(const char *pattern, const char *type)
{
    size_t length = strlen(pattern);

    if (length > 0 && pattern[length - 1] == '*')
        return strncmp(pattern, type, length - 1) == 0;
    return pattern == type;
}

/* The next transreptor from @from, to @to unless that is NULL. */
static const FulcraEntry *
reach_next(const Reach *self, size_t *space, size_t *entry, const char *from,
        const char *to)
{
    for (; *space < self->n; (*space)++, *entry = 0)
        while (*entry < self->spaces[*space]->n_entries) {
            const FulcraEntry *candidate =
                    &self->spaces[*space]->entries[(*entry)++];

            if (candidate->kind == ENTRY_TRANSREPTOR &&
                    type_matches(candidate->from, from) &&
                    (to == NULL || candidate->to == to))
                return candidate;
        }
    return NULL;
}

static const FulcraEntry *
reach_first(const Reach *self, const char *from, const char *to)
{
    size_t space = 0, entry = 0;

    return reach_next(self, &space, &entry, from, to);
}

static void
conversion_append(FulcraConversion *self, const FulcraEntry *entry)
{
    self->steps[self->n].endpoint = entry->endpoint;
    self->steps[self->n].to = entry->to;
    self->n++;
}

bool
fulcra__request_find_conversion(FulcraRequest *self, const char *from,
        const char *to, FulcraConversion *conversion)
{
    Reach reach;
    const FulcraEntry *last, *first;
    size_t space = 0, entry = 0;

    reach_init(&reach, self);
    conversion->n = 0;
    last = reach_first(&reach, from, to);
    if (last != NULL) {
        conversion_append(conversion, last);
        return true;
    }
    while ((first = reach_next(&reach, &space, &entry, from, NULL)) != NULL) {
        last = reach_first(&reach, first->to, to);
        if (last == NULL)
            continue;
        conversion_append(conversion, first);
        conversion_append(conversion, last);
        return true;
    }
    return false;
}
