/* SPDX-License-Identifier: MIT */
/*
 * loader.c - many modules, one publish
 *
 * The list holds every generation that was read, loaded ones first. Loading
 * builds those that are new, compares what they say of one another, and only
 * when nothing is wrong publishes all their spaces, with the host's own and a
 * new urn:fulcra:front, in one step. A failure drops the new ones and leaves
 * what was published as it was.
 *
 * One thread at a time.
 */

#include "loader-private.h"

#include <fulcra/error.h>

#include <glib/gstdio.h>
#include <string.h>

FulcraLoader *
fulcra_host_loader_new(FulcraKernel *kernel)
{
    FulcraLoader *self = g_new0(FulcraLoader, 1);

    self->kernel = kernel;
    self->kinds = fulcra__kinds_new();
    self->generations = g_ptr_array_new_with_free_func(
            (GDestroyNotify)fulcra__generation_free);
    self->host_spaces = g_ptr_array_new_with_free_func(
            (GDestroyNotify)fulcra_host_space_unref);
    self->trusted =
            g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    self->infos = g_array_new(false, false, sizeof(FulcraModuleInfo));
    return self;
}

static void
remove_staging(FulcraLoader *self)
{
    GDir *dir;
    const char *name;

    if (self->staging == NULL)
        return;
    dir = g_dir_open(self->staging, 0, NULL);
    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(self->staging, name, NULL);

        g_unlink(path);
    }
    g_clear_pointer(&dir, g_dir_close);
    g_rmdir(self->staging);
    g_free(self->staging);
}

static void
withdraw_all(FulcraLoader *self)
{
    g_autoptr(GPtrArray) uris = g_ptr_array_new();

    if (self->n_loaded == 0)
        return;
    for (size_t i = 0; i < self->n_loaded; i++) {
        FulcraGeneration *one = self->generations->pdata[i];

        for (size_t j = 0; j < one->spaces->len; j++)
            g_ptr_array_add(uris, one->space_uris->pdata[j]);
    }
    for (size_t i = 0; i < self->host_spaces->len; i++)
        g_ptr_array_add(uris,
                (char *)fulcra_host_space_get_uri(self->host_spaces->pdata[i]));
    g_ptr_array_add(uris, (char *)FULCRA_SPACE_FRONT);
    g_ptr_array_add(uris, NULL);
    fulcra_host_kernel_publish(
            self->kernel, NULL, 0, (const char *const *)uris->pdata);
}

void
fulcra_host_loader_free(FulcraLoader *self)
{
    if (self == NULL)
        return;
    fulcra_host_loader_stop(self);
    withdraw_all(self);
    g_ptr_array_unref(self->generations);
    g_ptr_array_unref(self->host_spaces);
    fulcra__kinds_free(self->kinds);
    g_hash_table_unref(self->trusted);
    fulcra_host_document_unref(self->settings_document);
    remove_staging(self);
    g_array_unref(self->infos);
    g_free(self);
}

void
fulcra_host_loader_add_kind(
        FulcraLoader *self, const FulcraKind *kind, void *user_data)
{
    g_return_if_fail(self != NULL && kind != NULL && kind->name != NULL);
    g_return_if_fail(kind->size == sizeof *kind && kind->build != NULL);

    fulcra__kinds_add(self->kinds, kind, user_data);
}

void
fulcra_host_loader_add_space(FulcraLoader *self, FulcraSpace *space)
{
    g_return_if_fail(self != NULL && space != NULL);

    g_ptr_array_add(self->host_spaces, fulcra_host_space_ref(space));
}

void
fulcra_host_loader_trust(FulcraLoader *self, const char *uri)
{
    g_return_if_fail(self != NULL && uri != NULL);

    g_hash_table_add(self->trusted, g_strdup(uri));
}

void
fulcra_host_loader_set_settings(
        FulcraLoader *self, FulcraDocument *document, JsonNode *settings)
{
    g_return_if_fail(self != NULL && JSON_NODE_HOLDS_OBJECT(settings));

    fulcra_host_document_unref(self->settings_document);
    self->settings_document = fulcra_host_document_ref(document);
    self->settings = json_node_get_object(settings);
}

const FulcraSchema *
fulcra_host_loader_get_schema(
        FulcraLoader *self, const FulcraSchema *const **variants)
{
    *variants = fulcra__kinds_get_variants(self->kinds);
    return &fulcra__module_schema;
}

/* --- adding --- */

static void
add_folder(FulcraLoader *self, const char *folder, FulcraProblems *problems)
{
    FulcraGeneration *one =
            fulcra__generation_read(folder, self->kinds, problems);
    FulcraGeneration *same;

    if (one == NULL)
        return;
    same = fulcra__loader_find(self, one->uri);
    if (same == NULL) {
        g_ptr_array_add(self->generations, one);
        return;
    }
    if (strcmp(same->path, one->path) != 0)
        fulcra__generation_problem(one, problems,
                json_object_get_member(one->root, "uri"),
                "module \"%s\" is in the folder %s as well; take one of them "
                "away",
                one->uri, same->folder);
    fulcra__generation_free(one);
}

bool
fulcra_host_loader_add_folder(
        FulcraLoader *self, const char *folder, GError **error)
{
    g_autoptr(FulcraProblems) problems = fulcra_host_problems_new();

    g_return_val_if_fail(self != NULL && folder != NULL, false);

    add_folder(self, folder, problems);
    return fulcra_host_problems_none(problems, error);
}

static bool
has_definition(const char *folder)
{
    g_autofree char *file = g_build_filename(folder, FULCRA_DEFINITION, NULL);

    return g_file_test(file, G_FILE_TEST_EXISTS);
}

static int
name_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The folders in @folder that have a definition, sorted. */
static GPtrArray *
list_folders(const char *folder, GError **error)
{
    GPtrArray *folders = g_ptr_array_new_with_free_func(g_free);
    GDir *dir = g_dir_open(folder, 0, NULL);
    const char *name;

    if (dir == NULL) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_NOT_FOUND,
                "%s: no folder that can be read; name one that has modules",
                folder);
        g_ptr_array_unref(folders);
        return NULL;
    }
    while ((name = g_dir_read_name(dir)) != NULL) {
        char *path = g_build_filename(folder, name, NULL);

        if (*name != '.' && has_definition(path))
            g_ptr_array_add(folders, path);
        else
            g_free(path);
    }
    g_dir_close(dir);
    g_ptr_array_sort(folders, name_compare);
    return folders;
}

bool
fulcra_host_loader_scan(FulcraLoader *self, const char *folder, GError **error)
{
    g_autoptr(FulcraProblems) problems = NULL;
    g_autoptr(GPtrArray) folders = NULL;

    g_return_val_if_fail(self != NULL && folder != NULL, false);

    if (has_definition(folder))
        return fulcra_host_loader_add_folder(self, folder, error);
    folders = list_folders(folder, error);
    if (folders == NULL)
        return false;
    problems = fulcra_host_problems_new();
    for (size_t i = 0; i < folders->len; i++)
        add_folder(self, folders->pdata[i], problems);
    return fulcra_host_problems_none(problems, error);
}

/* --- building --- */

static const char *
get_staging(FulcraLoader *self, FulcraProblems *problems)
{
    GError *error = NULL;

    if (self->staging == NULL)
        self->staging = g_dir_make_tmp("fulcra-modules-XXXXXX", &error);
    if (self->staging == NULL) {
        g_prefix_error(&error, "a folder for modules: ");
        fulcra_host_problems_take_error(problems, error);
    }
    return self->staging;
}

static void
build(FulcraLoader *self, FulcraGeneration *one, JsonObject *overrides,
        FulcraProblems *problems)
{
    FulcraBuild how = {
        .kernel = self->kernel,
        .kinds = self->kinds,
        .staging = get_staging(self, problems),
        .trusted = g_hash_table_contains(self->trusted, one->uri),
        .overrides_document = self->settings_document,
        .overrides = overrides,
        .problems = problems,
    };

    if (how.staging != NULL)
        fulcra__generation_build(one, &how);
}

bool
fulcra_host_loader_check(
        FulcraLoader *self, const char *path, FulcraProblems *problems)
{
    g_autoptr(FulcraGeneration) one = NULL;
    g_autofree char *folder = NULL;
    size_t before = fulcra_host_problems_count(problems);

    g_return_val_if_fail(self != NULL && path != NULL, false);

    folder = g_file_test(path, G_FILE_TEST_IS_DIR) ? g_strdup(path)
                                                   : g_path_get_dirname(path);
    one = fulcra__generation_read(folder, self->kinds, problems);
    if (one != NULL)
        build(self, one, NULL, problems);
    return fulcra_host_problems_count(problems) == before;
}

/* --- loading --- */

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

/* The space that imports all that is attached as @type. (transfer full) */
static FulcraSpace *
build_attached(FulcraLoader *self, const char *type)
{
    g_autofree char *uri = fulcra__attachment_uri(type);
    FulcraSpace *space = fulcra_host_space_new(uri);

    for (size_t i = 0; i < self->generations->len; i++) {
        FulcraGeneration *one = self->generations->pdata[i];

        for (size_t j = 0; j < one->spaces->len; j++)
            if (fulcra__generation_attaches(one, j, type))
                fulcra_host_space_import(
                        space, one->space_uris->pdata[j], FULCRA_ENTRY_PUBLIC);
    }
    return fulcra_host_space_seal(space);
}

/* One for the front, and one for each type that somebody imports. */
static GPtrArray *
build_all_attached(FulcraLoader *self)
{
    GPtrArray *spaces = g_ptr_array_new_with_free_func(
            (GDestroyNotify)fulcra_host_space_unref);
    g_autoptr(GHashTable) types = g_hash_table_new(g_str_hash, g_str_equal);
    GHashTableIter iter;
    void *type;

    g_hash_table_add(types, (char *)"front");
    for (size_t i = 0; i < self->generations->len; i++) {
        FulcraGeneration *one = self->generations->pdata[i];

        for (size_t j = 0; j < one->attachments->len; j++)
            g_hash_table_add(types, one->attachments->pdata[j]);
    }
    g_hash_table_iter_init(&iter, types);
    while (g_hash_table_iter_next(&iter, &type, NULL))
        g_ptr_array_add(spaces, build_attached(self, type));
    return spaces;
}

static void
publish(FulcraLoader *self)
{
    g_autoptr(GPtrArray) spaces = g_ptr_array_new();
    g_autoptr(GPtrArray) attached = build_all_attached(self);

    g_ptr_array_extend(spaces, self->host_spaces, NULL, NULL);
    for (size_t i = self->n_loaded; i < self->generations->len; i++) {
        FulcraGeneration *one = self->generations->pdata[i];

        g_ptr_array_extend(spaces, one->spaces, NULL, NULL);
    }
    g_ptr_array_extend(spaces, attached, NULL, NULL);
    fulcra_host_kernel_publish(self->kernel,
            (FulcraSpace *const *)spaces->pdata, spaces->len, NULL);
}

static void
build_new(FulcraLoader *self, FulcraProblems *problems)
{
    for (size_t i = self->n_loaded; i < self->generations->len; i++) {
        FulcraGeneration *one = self->generations->pdata[i];

        build(self, one, overrides_of(self, one->uri), problems);
    }
}

bool
fulcra_host_loader_load_all(FulcraLoader *self, GError **error)
{
    g_autoptr(FulcraProblems) problems = fulcra_host_problems_new();

    g_return_val_if_fail(self != NULL, false);

    fulcra__loader_order(self, problems);
    build_new(self, problems);
    fulcra__loader_compare(self, problems);
    if (!fulcra_host_problems_none(problems, error)) {
        g_ptr_array_set_size(self->generations, (int)self->n_loaded);
        return false;
    }
    publish(self);
    self->n_loaded = self->generations->len;
    for (size_t i = 0; i < self->n_loaded; i++)
        fulcra__generation_start(self->generations->pdata[i]);
    return true;
}

void
fulcra_host_loader_stop(FulcraLoader *self)
{
    for (size_t i = self->n_loaded; i > 0; i--)
        fulcra__generation_stop(self->generations->pdata[i - 1]);
}

const FulcraModuleInfo *
fulcra_host_loader_list(FulcraLoader *self, size_t *n_modules)
{
    g_array_set_size(self->infos, 0);
    for (size_t i = 0; i < self->n_loaded; i++) {
        FulcraGeneration *one = self->generations->pdata[i];
        FulcraModuleInfo info = {
            .uri = one->uri,
            .version = one->version_text,
            .title = fulcra_host_json_get_text(one->root, "title", NULL),
            .description =
                    fulcra_host_json_get_text(one->root, "description", NULL),
            .folder = one->folder,
            .library = one->library,
            .spaces = (const char *const *)one->space_uris->pdata,
            .endpoints = (const char *const *)one->endpoints->pdata,
        };

        g_array_append_val(self->infos, info);
    }
    *n_modules = self->infos->len;
    return (const FulcraModuleInfo *)self->infos->data;
}
