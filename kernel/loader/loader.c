/* SPDX-License-Identifier: MIT */
/*
 * loader.c - many modules, one publish
 *
 * The list holds every generation that was read, loaded ones first. Loading
 * builds those that are new, compares what they say of one another, and only
 * when nothing is wrong publishes all their spaces, with the host's own and a
 * new urn:fulcra:front, in one step. A failure drops the new ones and leaves
 * what was published as it was. How one module is changed later is in change.c.
 *
 * One thread at a time.
 */

#include "loader-private.h"

#include <fulcra/error.h>

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
    self->retired = g_ptr_array_new_with_free_func(
            (GDestroyNotify)fulcra__generation_free);
    self->hung = g_ptr_array_new(); /* never freed */
    self->histories = fulcra__histories_new();
    self->limits = (FulcraChangeLimits)FULCRA_CHANGE_LIMITS_DEFAULT;
    pthread_mutex_init(&self->change_lock, NULL);
    pthread_mutex_init(&self->lock, NULL);
    self->infos = g_array_new(false, false, sizeof(FulcraModuleInfo));
    return self;
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

/* Those whose code hangs are left as they are. */
static void
end_list(FulcraLoader *self, GPtrArray *list, size_t n)
{
    for (size_t i = n; i > 0; i--)
        if (!fulcra__loader_end(self, list->pdata[i - 1]))
            g_ptr_array_steal_index(list, (unsigned)i - 1);
}

void
fulcra_host_loader_free(FulcraLoader *self)
{
    if (self == NULL)
        return;
    fulcra_host_loader_stop(self);
    withdraw_all(self);
    end_list(self, self->generations, self->n_loaded);
    end_list(self, self->retired, self->retired->len);
    g_ptr_array_unref(self->generations);
    g_ptr_array_unref(self->retired);
    g_ptr_array_unref(self->hung);
    g_ptr_array_unref(self->histories);
    g_ptr_array_unref(self->host_spaces);
    g_clear_pointer(&self->attached, g_hash_table_unref);
    fulcra__kinds_free(self->kinds);
    g_hash_table_unref(self->trusted);
    fulcra_host_document_unref(self->settings_document);
    fulcra__staging_free(self->staging);
    g_strfreev(self->probe_command);
    g_array_unref(self->infos);
    pthread_mutex_destroy(&self->lock);
    pthread_mutex_destroy(&self->change_lock);
    g_free(self);
}

void
fulcra_host_loader_set_probe(FulcraLoader *self, const char *const *command)
{
    g_return_if_fail(self != NULL);

    g_strfreev(self->probe_command);
    self->probe_command = g_strdupv((char **)command);
}

void
fulcra_host_loader_set_limits(
        FulcraLoader *self, const FulcraChangeLimits *limits)
{
    g_return_if_fail(self != NULL && limits != NULL);

    self->limits = *limits;
}

void
fulcra_host_loader_set_sockets(FulcraLoader *self, FulcraSocketKeeper *keeper)
{
    g_return_if_fail(self != NULL);

    self->sockets = keeper;
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
    g_return_if_fail(self != NULL);
    g_return_if_fail(settings == NULL || JSON_NODE_HOLDS_OBJECT(settings));

    pthread_mutex_lock(&self->change_lock);
    fulcra_host_document_unref(self->settings_document);
    self->settings_document =
            settings != NULL ? fulcra_host_document_ref(document) : NULL;
    self->settings = settings != NULL ? json_node_get_object(settings) : NULL;
    pthread_mutex_unlock(&self->change_lock);
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
    same = fulcra__modules_find_rival(self->generations, one);
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

bool
fulcra_host_loader_has(FulcraLoader *self, const char *uri)
{
    g_return_val_if_fail(self != NULL && uri != NULL, false);

    for (unsigned i = 0; i < self->generations->len; i++) {
        FulcraGeneration *one = self->generations->pdata[i];

        if (strcmp(one->uri, uri) == 0)
            return true;
    }
    return false;
}

/* --- checking and loading --- */

bool
fulcra_host_loader_check(
        FulcraLoader *self, const char *path, FulcraProblems *problems)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(
            (GDestroyNotify)fulcra__generation_free);
    FulcraGeneration *one;
    g_autofree char *folder = NULL;
    size_t before = fulcra_host_problems_count(problems);

    g_return_val_if_fail(self != NULL && path != NULL, false);

    folder = g_file_test(path, G_FILE_TEST_IS_DIR) ? g_strdup(path)
                                                   : g_path_get_dirname(path);
    one = fulcra__generation_read(folder, self->kinds, problems);
    if (one != NULL) {
        g_ptr_array_add(list, one);
        fulcra__modules_build(self, list, 0, false, problems);
    }
    return fulcra_host_problems_count(problems) == before;
}

static bool
ready_new(FulcraLoader *self, GError **error)
{
    for (size_t i = self->n_loaded; i < self->generations->len; i++) {
        FulcraGeneration *one = self->generations->pdata[i];

        if (fulcra__generation_ready(one, self->limits.start_ms, error))
            continue;
        if (one->errand != NULL)
            fulcra__loader_give_up(self,
                    g_ptr_array_steal_index(self->generations, (unsigned)i));
        return false;
    }
    return true;
}

static bool
judge_new(FulcraLoader *self, GError **error)
{
    g_autoptr(FulcraProblems) problems = fulcra_host_problems_new();

    fulcra__modules_order(self->generations, self->n_loaded, problems);
    fulcra__modules_build(
            self, self->generations, self->n_loaded, true, problems);
    fulcra__modules_compare(self, self->generations, self->n_loaded, problems);
    fulcra__modules_check_overrides(self, self->generations, problems);
    return fulcra_host_problems_none(problems, error) && ready_new(self, error);
}

static void
drop_new(FulcraLoader *self)
{
    while (self->generations->len > self->n_loaded)
        fulcra__loader_discard(self, g_ptr_array_steal_index(self->generations,
                                             self->generations->len - 1));
}

static void
publish_new(FulcraLoader *self)
{
    FulcraGeneration *const *fresh =
            (FulcraGeneration *const *)self->generations->pdata +
            self->n_loaded;
    g_autoptr(FulcraPublication) publication =
            fulcra__publication_new(self, self->generations, fresh,
                    self->generations->len - self->n_loaded, NULL);

    fulcra__publication_publish(publication, self);
    pthread_mutex_lock(&self->lock);
    for (; self->n_loaded < self->generations->len; self->n_loaded++)
        fulcra__loader_enlist(self, self->generations->pdata[self->n_loaded]);
    pthread_mutex_unlock(&self->lock);
    for (size_t i = 0; i < self->n_loaded; i++)
        fulcra__generation_start(self->generations->pdata[i]);
}

bool
fulcra_host_loader_load_all(FulcraLoader *self, GError **error)
{
    bool fine;

    g_return_val_if_fail(self != NULL, false);

    pthread_mutex_lock(&self->change_lock);
    fine = judge_new(self, error);
    if (fine)
        publish_new(self);
    else
        drop_new(self);
    pthread_mutex_unlock(&self->change_lock);
    return fine;
}

void
fulcra_host_loader_stop(FulcraLoader *self)
{
    for (size_t i = self->n_loaded; i > 0; i--)
        fulcra__generation_stop(self->generations->pdata[i - 1]);
}

size_t
fulcra_host_loader_count(FulcraLoader *self)
{
    pthread_mutex_lock(&self->lock);
    size_t n = self->n_loaded;
    pthread_mutex_unlock(&self->lock);
    return n;
}

const FulcraModuleInfo *
fulcra_host_loader_list(FulcraLoader *self, size_t *n_modules)
{
    pthread_mutex_lock(&self->lock);
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
    pthread_mutex_unlock(&self->lock);
    *n_modules = self->infos->len;
    return (const FulcraModuleInfo *)self->infos->data;
}
