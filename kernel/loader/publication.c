/* SPDX-License-Identifier: MIT */
/*
 * publication.c - what becomes visible in one step
 *
 * What did not change is left out, so that it keeps its identity and what is
 * cached in it: the front is built anew only if other spaces are attached to
 * it.
 */

#include "loader-private.h"

#include <string.h>

/* The space that imports all that is attached as a type. */
typedef struct {
    FulcraRefs refs;
    FulcraSpace *space;
    char *imports; /* their URIs, a line each */
} FulcraAttached;

static void
attached_unref(void *data)
{
    FulcraAttached *self = data;

    if (!fulcra_refs_drop(&self->refs))
        return;
    fulcra_host_space_unref(self->space);
    g_free(self->imports);
    g_free(self);
}

static void
release_space(void *space)
{
    fulcra_host_space_unref(space);
}

/* URIs of the spaces that are attached as @type, a line each. (transfer full)
 */
static char *
list_imports(GPtrArray *modules, const char *type)
{
    GString *lines = g_string_new(NULL);

    for (size_t i = 0; i < modules->len; i++) {
        FulcraGeneration *one = modules->pdata[i];

        for (size_t j = 0; j < one->spaces->len; j++)
            if (fulcra__generation_attaches(one, j, type))
                g_string_append_printf(
                        lines, "%s\n", (char *)one->space_uris->pdata[j]);
    }
    return g_string_free(lines, false);
}

/* @imports: (transfer full) */
static FulcraAttached *
attached_new(const char *type, char *imports)
{
    FulcraAttached *self = g_new0(FulcraAttached, 1);
    g_autofree char *uri = fulcra__attachment_uri(type);
    g_auto(GStrv) uris = g_strsplit(imports, "\n", -1);

    fulcra_refs_init(&self->refs);
    self->imports = imports;
    self->space = fulcra_host_space_new(uri);
    for (char **one = uris; *one != NULL && **one != '\0'; one++)
        fulcra_host_space_import(self->space, *one, FULCRA_ENTRY_PUBLIC);
    fulcra_host_space_seal(self->space);
    return self;
}

static void
attach(FulcraPublication *self, FulcraLoader *loader, GPtrArray *modules,
        const char *type)
{
    FulcraAttached *one, *old;
    char *imports;

    if (g_hash_table_contains(self->attached, type))
        return;
    old = loader->attached != NULL ? g_hash_table_lookup(loader->attached, type)
                                   : NULL;
    imports = list_imports(modules, type);
    if (old != NULL && strcmp(old->imports, imports) == 0) {
        fulcra_refs_take(&old->refs);
        one = old;
        g_free(imports);
    } else {
        one = attached_new(type, imports);
        g_ptr_array_add(self->spaces, fulcra_host_space_ref(one->space));
    }
    g_hash_table_insert(self->attached, g_strdup(type), one);
}

/* One for the front, and one for each type that somebody imports. */
static void
attach_all(FulcraPublication *self, FulcraLoader *loader, GPtrArray *modules)
{
    GHashTableIter iter;
    void *type, *attached;

    attach(self, loader, modules, "front");
    for (size_t i = 0; i < modules->len; i++) {
        FulcraGeneration *one = modules->pdata[i];

        for (size_t j = 0; j < one->attachments->len; j++)
            attach(self, loader, modules, one->attachments->pdata[j]);
    }
    if (loader->attached == NULL)
        return;
    g_hash_table_iter_init(&iter, loader->attached);
    while (g_hash_table_iter_next(&iter, &type, &attached))
        if (!g_hash_table_contains(self->attached, type))
            g_ptr_array_add(self->withdrawn,
                    (char *)fulcra_host_space_get_uri(
                            ((FulcraAttached *)attached)->space));
}

static void
add_spaces(FulcraPublication *self, GPtrArray *spaces)
{
    for (unsigned i = 0; i < spaces->len; i++)
        g_ptr_array_add(self->spaces, fulcra_host_space_ref(spaces->pdata[i]));
}

static bool
is_published_by(FulcraPublication *self, const char *uri)
{
    for (unsigned i = 0; i < self->spaces->len; i++)
        if (strcmp(fulcra_host_space_get_uri(self->spaces->pdata[i]), uri) == 0)
            return true;
    return false;
}

FulcraPublication *
fulcra__publication_new(FulcraLoader *self, GPtrArray *modules,
        FulcraGeneration *const *fresh, size_t n_fresh, FulcraGeneration *old)
{
    FulcraPublication *one = g_new0(FulcraPublication, 1);

    one->spaces = g_ptr_array_new_with_free_func(release_space);
    one->withdrawn = g_ptr_array_new();
    one->attached = g_hash_table_new_full(
            g_str_hash, g_str_equal, g_free, attached_unref);
    if (!self->host_published)
        add_spaces(one, self->host_spaces);
    for (size_t i = 0; i < n_fresh; i++)
        add_spaces(one, fresh[i]->spaces);
    attach_all(one, self, modules);
    for (size_t i = 0; old != NULL && i < old->spaces->len; i++) {
        const char *uri = fulcra_host_space_get_uri(old->spaces->pdata[i]);

        if (!is_published_by(one, uri))
            g_ptr_array_add(one->withdrawn, (char *)uri);
    }
    g_ptr_array_add(one->withdrawn, NULL);
    return one;
}

FulcraTable *
fulcra__publication_try(FulcraPublication *self, FulcraLoader *loader)
{
    return fulcra_host_kernel_try(loader->kernel,
            (FulcraSpace *const *)self->spaces->pdata, self->spaces->len,
            (const char *const *)self->withdrawn->pdata);
}

void
fulcra__publication_publish(FulcraPublication *self, FulcraLoader *loader)
{
    GHashTable *old = loader->attached;

    fulcra_host_kernel_publish(loader->kernel,
            (FulcraSpace *const *)self->spaces->pdata, self->spaces->len,
            (const char *const *)self->withdrawn->pdata);
    loader->attached = g_hash_table_ref(self->attached);
    loader->host_published = true;
    g_clear_pointer(&old, g_hash_table_unref);
}

void
fulcra__publication_free(FulcraPublication *self)
{
    if (self == NULL)
        return;
    g_ptr_array_unref(self->spaces);
    g_ptr_array_unref(self->withdrawn);
    g_hash_table_unref(self->attached);
    g_free(self);
}
