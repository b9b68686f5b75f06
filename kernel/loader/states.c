/* SPDX-License-Identifier: MIT */
/*
 * states.c - what modules there are, and how they are
 *
 * Copies, made with `lock` held: who asks may take his time to read them.
 */

#include "loader-private.h"

#include <fulcra/error.h>

#include <string.h>

/* --- names --- */

const char *
fulcra_host_generation_state_to_string(FulcraGenerationState state)
{
    static const char *const names[] = {
        [FULCRA_GENERATION_LIVE] = "live",
        [FULCRA_GENERATION_RETIRED] = "retired",
        [FULCRA_GENERATION_KEPT] = "kept",
        [FULCRA_GENERATION_UNMAPPED] = "unmapped",
        [FULCRA_GENERATION_HUNG] = "hung",
    };

    g_return_val_if_fail((unsigned)state < G_N_ELEMENTS(names), "?");
    return names[state];
}

/* Whether @name means @one: its URI, the end of it behind a colon, either with
 * "@VERSION". */
static bool
is_named(FulcraGeneration *one, const char *name, bool whole)
{
    const char *at = strrchr(name, '@');
    size_t length = at != NULL ? (size_t)(at - name) : strlen(name);
    size_t uri_length = strlen(one->uri);

    if (at != NULL && strcmp(at + 1, one->version_text) != 0)
        return false;
    if (length == uri_length && strncmp(one->uri, name, length) == 0)
        return true;
    return !whole && length > 0 && length < uri_length &&
           one->uri[uri_length - length - 1] == ':' &&
           strncmp(one->uri + uri_length - length, name, length) == 0;
}

/* (transfer full) */
static GPtrArray *
find_all(FulcraLoader *self, const char *name, bool whole)
{
    GPtrArray *found = g_ptr_array_new();

    for (size_t i = 0; i < self->n_loaded; i++)
        if (is_named(self->generations->pdata[i], name, whole))
            g_ptr_array_add(found, self->generations->pdata[i]);
    return found;
}

static void
set_unknown(FulcraLoader *self, const char *name, GError **error)
{
    g_autofree const char **uris = g_new0(const char *, self->n_loaded + 1);
    const char *nearest;

    for (size_t i = 0; i < self->n_loaded; i++)
        uris[i] = ((FulcraGeneration *)self->generations->pdata[i])->uri;
    nearest = fulcra_host_nearest(name, uris);
    if (nearest != NULL)
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_NOT_FOUND,
                "no module '%s' is loaded; did you mean '%s'?", name, nearest);
    else
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_NOT_FOUND,
                "no module '%s' is loaded; a list of the modules says which "
                "are",
                name);
}

static void
set_ambiguous(GPtrArray *found, const char *name, GError **error)
{
    g_autoptr(GString) names = g_string_new(NULL);

    for (unsigned i = 0; i < found->len; i++) {
        FulcraGeneration *one = found->pdata[i];

        g_string_append_printf(names, "%s%s@%s", i > 0 ? " or " : "", one->uri,
                one->version_text);
    }
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
            "several modules are named '%s': say %s", name, names->str);
}

FulcraGeneration *
fulcra__loader_find(FulcraLoader *self, const char *name, GError **error)
{
    g_autoptr(GPtrArray) found = find_all(self, name, true);

    if (found->len == 0) {
        g_clear_pointer(&found, g_ptr_array_unref);
        found = find_all(self, name, false);
    }
    if (found->len == 1)
        return found->pdata[0];
    if (found->len == 0)
        set_unknown(self, name, error);
    else
        set_ambiguous(found, name, error);
    return NULL;
}

/* --- one generation --- */

static FulcraGenerationInfo
describe(FulcraLoader *self, FulcraGeneration *one, FulcraGenerationState state)
{
    FulcraGenerationInfo info = {
        .number = one->number,
        .state = state,
        .version = g_strdup(one->version_text),
        .loaded_us = one->loaded_us,
        .retired_us = one->retired_us,
    };
    GPtrArray *left;

    if (state == FULCRA_GENERATION_HUNG) { /* not ours to look at */
        left = g_ptr_array_new();
        g_ptr_array_add(left, g_strdup("the thread that starts it"));
    } else {
        left = state == FULCRA_GENERATION_RETIRED
                       ? fulcra__generation_list_left(self, one)
                       : g_ptr_array_new();
        info.mapped = fulcra__generation_get_mapped(one);
    }
    g_ptr_array_set_free_func(left, NULL);
    g_ptr_array_add(left, NULL);
    info.left = (char **)g_ptr_array_free(left, false);
    return info;
}

static void
add_described(FulcraLoader *self, GArray *infos, GPtrArray *list, size_t n,
        const char *uri, FulcraGenerationState state)
{
    for (size_t i = 0; i < n; i++) {
        FulcraGeneration *one = list->pdata[i];
        FulcraGenerationInfo info;

        if (strcmp(one->uri, uri) != 0)
            continue;
        info = describe(self, one, state);
        g_array_append_val(infos, info);
    }
}

static FulcraGenerationInfo
info_copy(const FulcraGenerationInfo *self)
{
    FulcraGenerationInfo copy = *self;

    copy.version = g_strdup(self->version);
    copy.left = g_strdupv(self->left);
    return copy;
}

static int
info_compare(const void *a, const void *b)
{
    const FulcraGenerationInfo *left = a, *right = b;

    return left->number > right->number ? -1 : left->number < right->number;
}

/* Newest first. (transfer full) */
static GArray *
list_generations(FulcraLoader *self, const FulcraHistory *history)
{
    GArray *infos = g_array_new(false, false, sizeof(FulcraGenerationInfo));

    add_described(self, infos, self->generations, self->n_loaded, history->uri,
            FULCRA_GENERATION_LIVE);
    add_described(self, infos, self->retired, self->retired->len, history->uri,
            FULCRA_GENERATION_RETIRED);
    add_described(self, infos, self->hung, self->hung->len, history->uri,
            FULCRA_GENERATION_HUNG);
    for (unsigned i = 0; i < history->ended->len; i++) {
        FulcraGenerationInfo copy = info_copy(
                &g_array_index(history->ended, FulcraGenerationInfo, i));

        g_array_append_val(infos, copy);
    }
    g_array_sort(infos, info_compare);
    return infos;
}

/* --- one module --- */

/* "URI RANGE" (transfer full) */
static char **
list_requires(FulcraGeneration *one)
{
    GPtrArray *texts = g_ptr_array_new();
    JsonObjectIter iter;
    const char *uri;
    JsonNode *range;

    if (json_object_has_member(one->root, "requires")) {
        json_object_iter_init_ordered(
                &iter, json_object_get_object_member(one->root, "requires"));
        while (json_object_iter_next_ordered(&iter, &uri, &range))
            g_ptr_array_add(texts,
                    g_strdup_printf("%s %s", uri, json_node_get_string(range)));
    }
    g_ptr_array_add(texts, NULL);
    return (char **)g_ptr_array_free(texts, false);
}

/* (transfer full) */
static char **
list_requirers(FulcraLoader *self, FulcraGeneration *one)
{
    GPtrArray *uris = g_ptr_array_new();

    for (size_t i = 0; i < self->n_loaded; i++) {
        FulcraGeneration *other = self->generations->pdata[i];

        if (fulcra__generation_requires(other, one->uri))
            g_ptr_array_add(uris, g_strdup(other->uri));
    }
    g_ptr_array_add(uris, NULL);
    return (char **)g_ptr_array_free(uris, false);
}

static void
fill_live(FulcraModuleState *self, FulcraLoader *loader, FulcraGeneration *one)
{
    self->version = g_strdup(one->version_text);
    self->title = g_strdup(fulcra_host_json_get_text(one->root, "title", NULL));
    self->description =
            g_strdup(fulcra_host_json_get_text(one->root, "description", NULL));
    self->library = g_strdup(one->library);
    self->spaces = g_strdupv((char **)one->space_uris->pdata);
    self->endpoints = g_strdupv((char **)one->endpoints->pdata);
    self->requires = list_requires(one);
    self->required_by = list_requirers(loader, one);
    self->keeps_state =
            fulcra__module_get_ops(one->module)->export_state != NULL;
    self->promises_unmap = one->promises_unmap;
}

static void
fill_generations(
        FulcraModuleState *self, FulcraLoader *loader, FulcraHistory *history)
{
    GArray *infos = list_generations(loader, history);

    self->kept = history->mapped_older;
    for (unsigned i = 0; i < infos->len; i++) {
        FulcraGenerationInfo *info =
                &g_array_index(infos, FulcraGenerationInfo, i);

        if (info->state != FULCRA_GENERATION_LIVE)
            self->kept += info->mapped;
    }
    self->n_generations = infos->len;
    self->generations =
            (FulcraGenerationInfo *)(void *)g_array_free(infos, false);
}

/* @one: (nullable): its live generation */
static FulcraModuleState *
state_new(FulcraLoader *loader, FulcraHistory *history, FulcraGeneration *one)
{
    FulcraModuleState *self = g_new0(FulcraModuleState, 1);

    self->uri = g_strdup(history->uri);
    self->folder = g_strdup(one != NULL ? one->folder : history->folder);
    if (one != NULL)
        fill_live(self, loader, one);
    else
    self->spaces = g_new0(char *, 1), self->endpoints = g_new0(char *, 1),
    self->requires = g_new0(char *, 1), self->required_by = g_new0(char *, 1);
    fill_generations(self, loader, history);
    self->failure = g_strdup(history->failure);
    self->failed_us = history->failed_us;
    return self;
}

void
fulcra_host_module_state_free(FulcraModuleState *self)
{
    if (self == NULL)
        return;
    for (size_t i = 0; i < self->n_generations; i++)
        fulcra__generation_info_clear(&self->generations[i]);
    g_free(self->generations);
    g_strfreev(self->spaces);
    g_strfreev(self->endpoints);
    g_strfreev(self->requires);
    g_strfreev(self->required_by);
    g_free(self->uri);
    g_free(self->version);
    g_free(self->title);
    g_free(self->description);
    g_free(self->folder);
    g_free(self->library);
    g_free(self->failure);
    g_free(self);
}

/* --- all of them --- */

static void
release_state(void *state)
{
    fulcra_host_module_state_free(state);
}

GPtrArray *
fulcra_host_loader_list_states(FulcraLoader *self)
{
    GPtrArray *states = g_ptr_array_new_with_free_func(release_state);

    g_return_val_if_fail(self != NULL, states);

    pthread_mutex_lock(&self->lock);
    for (size_t i = 0; i < self->n_loaded; i++) {
        FulcraGeneration *one = self->generations->pdata[i];

        g_ptr_array_add(states,
                state_new(self,
                        fulcra__histories_get(self->histories, one->uri), one));
    }
    for (unsigned i = 0; i < self->histories->len; i++) {
        FulcraHistory *history = self->histories->pdata[i];

        if (fulcra__modules_find(self->generations, history->uri) == NULL)
            g_ptr_array_add(states, state_new(self, history, NULL));
    }
    pthread_mutex_unlock(&self->lock);
    return states;
}

FulcraModuleState *
fulcra_host_loader_get_state(
        FulcraLoader *self, const char *name, GError **error)
{
    FulcraModuleState *state = NULL;
    FulcraGeneration *one;

    g_return_val_if_fail(self != NULL && name != NULL, NULL);

    pthread_mutex_lock(&self->lock);
    one = fulcra__loader_find(self, name, error);
    if (one != NULL)
        state = state_new(
                self, fulcra__histories_get(self->histories, one->uri), one);
    pthread_mutex_unlock(&self->lock);
    return state;
}
