/* SPDX-License-Identifier: MIT */

/*
 * inspect.c - published spaces and kept answers, for whoever wants to look
 *
 * Spaces never change once they are sealed, so that holding one is enough to
 * read it from any thread.
 */

#include "private/cache.h"
#include "private/kernel.h"
#include "private/request.h"
#include <fulcra-host/grammar.h>
#include <fulcra-host/inspect.h>

#include <string.h>

static int
compare_uris(const void *a, const void *b)
{
    FulcraSpace *first = *(FulcraSpace *const *)a;
    FulcraSpace *second = *(FulcraSpace *const *)b;

    return strcmp(first->uri, second->uri);
}

static void
space_release(void *space)
{
    fulcra_host_space_unref(space);
}

GPtrArray *
fulcra_host_kernel_list_spaces(FulcraKernel *self)
{
    GPtrArray *spaces = g_ptr_array_new_with_free_func(space_release);
    FulcraTable *table = fulcra_host_kernel_get_table(self);
    GHashTableIter iter;
    void *alone;

    g_hash_table_iter_init(&iter, table->spaces);
    while (g_hash_table_iter_next(&iter, NULL, &alone))
        g_ptr_array_add(
                spaces, fulcra_host_space_ref(((FulcraPlaces *)alone)->space));
    fulcra_host_table_unref(table);
    g_ptr_array_sort(spaces, compare_uris);
    return spaces;
}

size_t
fulcra_host_space_get_n_entries(FulcraSpace *self)
{
    g_return_val_if_fail(self->sealed, 0);
    return self->n_entries;
}

void
fulcra_host_space_get_entry(
        FulcraSpace *self, size_t index, FulcraEntryInfo *info)
{
    static const char *const kinds[] = {
        [ENTRY_ENDPOINT] = "endpoint",
        [ENTRY_IMPORT] = "import",
        [ENTRY_TRANSREPTOR] = "transreptor",
        [ENTRY_OVERLAY] = "overlay",
        [ENTRY_LIMITER] = "limiter",
    };

    g_return_if_fail(index < fulcra_host_space_get_n_entries(self));

    const FulcraEntry *entry = &self->entries[index];
    const FulcraEndpoint *endpoint = entry->endpoint;
    *info = (FulcraEntryInfo){
        .kind = kinds[entry->kind],
        .private_ = entry->visibility == FULCRA_ENTRY_PRIVATE,
        .verbs = entry->verbs,
        .run = endpoint != NULL ? endpoint->run : FULCRA_RUN_INLINE,
        .id = endpoint != NULL ? endpoint->id : NULL,
        .module = endpoint != NULL ? endpoint->module : NULL,
        .grammar = entry->grammar != NULL
                           ? fulcra_host_grammar_get_text(entry->grammar)
                           : NULL,
        .uri = entry->uri,
        .from = entry->from,
        .to = entry->to,
        .wrapped = entry->wrapped,
    };
}

void
fulcra_host_kernel_list_cache(FulcraKernel *self,
        void (*each)(const FulcraCachedInfo *info, void *user_data),
        void *user_data)
{
    fulcra__cache_list(self->cache, each, user_data);
}
