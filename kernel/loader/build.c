/* SPDX-License-Identifier: MIT */
/*
 * build.c - from definitions to generations that could be published
 *
 * All that are new are staged, then one child probes them all, then each is
 * mapped and built. By one thread, which holds `change_lock`.
 */

#include "loader-private.h"

#include <fulcra/error.h>

static FulcraStaging *
get_staging(FulcraLoader *self, FulcraProblems *problems)
{
    GError *error = NULL;

    if (self->staging == NULL)
        self->staging = fulcra__staging_new(&error);
    if (self->staging == NULL)
        fulcra_host_problems_take_error(problems, error);
    return self->staging;
}

static JsonObject *
overrides_of(FulcraLoader *self, const char *uri)
{
    JsonNode *values = self->settings != NULL
                               ? json_object_get_member(self->settings, uri)
                               : NULL;

    return values != NULL && JSON_NODE_HOLDS_OBJECT(values)
                   ? json_node_get_object(values)
                   : NULL;
}

static FulcraBuild
how_to_build(FulcraLoader *self, FulcraGeneration *one, bool overrides,
        FulcraProblems *problems)
{
    return (FulcraBuild){
        .kernel = self->kernel,
        .kinds = self->kinds,
        .staging = self->staging,
        .trusted = g_hash_table_contains(self->trusted, one->uri),
        .start_ms = self->limits.start_ms,
        .overrides_document = self->settings_document,
        .overrides = overrides ? overrides_of(self, one->uri) : NULL,
        .problems = problems,
    };
}

/* One that is refused is not built any further. */
static void
probe(FulcraLoader *self, GPtrArray *modules, size_t first,
        FulcraProblems *problems)
{
    FulcraProbe how = { (const char *const *)self->probe_command,
        self->limits.probe_ms };
    g_autoptr(GPtrArray) libraries = g_ptr_array_new();
    g_autoptr(GPtrArray) owners = g_ptr_array_new();
    g_autoptr(GPtrArray) uris = g_ptr_array_new();
    g_autoptr(GError) error = NULL;
    FulcraGeneration *one;
    size_t failed;

    for (size_t i = first; i < modules->len; i++) {
        one = modules->pdata[i];
        if (one->code == NULL)
            continue;
        g_ptr_array_add(libraries, one->code);
        g_ptr_array_add(owners, one);
        g_ptr_array_add(uris, (char *)one->uri);
    }
    if (fulcra__probe_run(&how, (const char *const *)uris->pdata,
                (FulcraLibrary *const *)libraries->pdata, libraries->len,
                &failed, &error))
        return;
    one = owners->pdata[failed];
    fulcra__generation_problem(one, problems,
            json_object_get_member(one->root, "library"), "%s: %s",
            one->library, error->message);
    for (size_t i = failed; i < owners->len; i++)
        g_clear_pointer(&((FulcraGeneration *)owners->pdata[i])->code,
                fulcra__library_free);
}

void
fulcra__loader_give_up(FulcraLoader *self, FulcraGeneration *one)
{
    pthread_mutex_lock(&self->lock);
    one->number = ++fulcra__histories_get(self->histories, one->uri)->n;
    one->loaded_us = one->retired_us = g_get_real_time();
    g_ptr_array_add(self->hung, one);
    pthread_mutex_unlock(&self->lock);
}

void
fulcra__modules_build(FulcraLoader *self, GPtrArray *modules, size_t first,
        bool overrides, FulcraProblems *problems)
{
    if (get_staging(self, problems) == NULL)
        return;
    for (size_t i = first; i < modules->len; i++) {
        FulcraBuild how =
                how_to_build(self, modules->pdata[i], overrides, problems);

        fulcra__generation_stage(modules->pdata[i], &how);
    }
    probe(self, modules, first, problems);
    for (size_t i = first; i < modules->len; i++) {
        FulcraGeneration *one = modules->pdata[i];
        FulcraBuild how = how_to_build(self, one, overrides, problems);

        fulcra__generation_build(one, &how);
        if (one->errand == NULL)
            continue;
        g_ptr_array_steal_index(modules, (unsigned)i--);
        fulcra__loader_give_up(self, one);
    }
}
