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

#include "generation.h"

#include <fulcra/error.h>

#include <glib/gstdio.h>
#include <string.h>

struct _FulcraLoader {
    FulcraKernel *kernel;
    FulcraKinds *kinds;
    GPtrArray *generations; /* of FulcraGeneration, in the order of loading */
    size_t n_loaded;        /* of those: published */
    GPtrArray *host_spaces; /* of FulcraSpace */
    GHashTable *trusted;    /* URIs */
    FulcraDocument *settings_document; /* (nullable) */
    JsonObject *settings;              /* module URI → its settings */
    char *staging;                     /* (nullable): made when needed */
    GArray *infos;                     /* of FulcraModuleInfo */
};

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

static FulcraGeneration *
find_module(FulcraLoader *self, const char *uri)
{
    for (size_t i = 0; i < self->generations->len; i++) {
        FulcraGeneration *one = self->generations->pdata[i];

        if (strcmp(one->uri, uri) == 0)
            return one;
    }
    return NULL;
}

static void
add_folder(FulcraLoader *self, const char *folder, FulcraProblems *problems)
{
    FulcraGeneration *one =
            fulcra__generation_read(folder, self->kinds, problems);
    FulcraGeneration *same;

    if (one == NULL)
        return;
    same = find_module(self, one->uri);
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

/* --- what modules say of one another --- */

static const char **
module_uris(FulcraLoader *self)
{
    const char **uris = g_new0(const char *, self->generations->len + 1);

    for (size_t i = 0; i < self->generations->len; i++)
        uris[i] = ((FulcraGeneration *)self->generations->pdata[i])->uri;
    return uris;
}

static void
report_missing(FulcraLoader *self, FulcraGeneration *one, const char *uri,
        JsonNode *range, FulcraProblems *problems)
{
    g_autofree const char **uris = module_uris(self);
    const char *nearest = fulcra_host_nearest(uri, uris);
    FulcraPosition position =
            fulcra_host_document_get_key(one->document, range);

    if (nearest != NULL)
        fulcra_host_problems_add(problems, one->document, position,
                "module \"%s\" is required and not there; did you mean "
                "\"%s\"?",
                uri, nearest);
    else
        fulcra_host_problems_add(problems, one->document, position,
                "module \"%s\" is required and not there; add its folder: "
                "--modules DIR",
                uri);
}

static void
check_required(FulcraLoader *self, FulcraGeneration *one, const char *uri,
        JsonNode *range, FulcraProblems *problems)
{
    FulcraGeneration *other = find_module(self, uri);
    bool matches;

    if (other == NULL)
        report_missing(self, one, uri, range, problems);
    else if (fulcra__range_parse(
                     json_node_get_string(range), &other->version, &matches) &&
             !matches)
        fulcra__generation_problem(one, problems, range,
                "module \"%s\" has version %s, which is not %s", uri,
                other->version_text, json_node_get_string(range));
}

typedef enum {
    MARK_NEW,
    MARK_VISITING,
    MARK_ORDERED,
} Mark;

/* Appends @one to @ordered, after all that it requires. */
static void
order(FulcraLoader *self, FulcraGeneration *one, GPtrArray *ordered,
        FulcraProblems *problems)
{
    JsonObjectIter iter;
    const char *uri;
    JsonNode *range;

    one->mark = MARK_VISITING;
    if (json_object_has_member(one->root, "requires")) {
        json_object_iter_init_ordered(
                &iter, json_object_get_object_member(one->root, "requires"));
        while (json_object_iter_next_ordered(&iter, &uri, &range)) {
            FulcraGeneration *other = find_module(self, uri);

            check_required(self, one, uri, range, problems);
            if (other != NULL && other->mark == MARK_NEW)
                order(self, other, ordered, problems);
            else if (other != NULL && other->mark == MARK_VISITING)
                fulcra_host_problems_add(problems, one->document,
                        fulcra_host_document_get_key(one->document, range),
                        "modules require one another in a circle: \"%s\" and "
                        "\"%s\"; one must do without",
                        uri, one->uri);
        }
    }
    one->mark = MARK_ORDERED;
    g_ptr_array_add(ordered, one);
}

/* Puts those that are required in front of those that require them. */
static void
order_all(FulcraLoader *self, FulcraProblems *problems)
{
    g_autoptr(GPtrArray) ordered = g_ptr_array_new();
    void **all = self->generations->pdata;

    for (size_t i = 0; i < self->generations->len; i++)
        ((FulcraGeneration *)all[i])->mark =
                i < self->n_loaded ? MARK_ORDERED : MARK_NEW;
    for (size_t i = self->n_loaded; i < self->generations->len; i++)
        if (((FulcraGeneration *)all[i])->mark == MARK_NEW)
            order(self, all[i], ordered, problems);
    if (ordered->len > 0)
        memcpy(all + self->n_loaded, ordered->pdata,
                ordered->len * sizeof *all);
}

/* A space of some module, or of the host, by its URI. */
typedef struct {
    FulcraGeneration *owner; /* NULL for the host */
    bool is_public;
} KnownSpace;

static void
know_space(GHashTable *known, const char *uri, FulcraGeneration *owner,
        bool is_public)
{
    KnownSpace *space = g_new0(KnownSpace, 1);

    space->owner = owner;
    space->is_public = is_public;
    g_hash_table_insert(known, (char *)uri, space);
}

/* Space number @i of @one becomes known, if nobody else has its name. */
static void
know_space_of(GHashTable *known, FulcraGeneration *one, size_t i,
        FulcraProblems *problems)
{
    const char *uri = one->space_uris->pdata[i];
    const KnownSpace *same = g_hash_table_lookup(known, uri);

    if (same == NULL)
        know_space(known, uri, one, fulcra__generation_is_public(one, i));
    else
        fulcra__generation_problem(one, problems,
                json_object_get_member(
                        fulcra__generation_get_space(one, i), "uri"),
                "space \"%s\" is declared by %s as well; give it another name",
                uri, same->owner != NULL ? same->owner->uri : "the server");
}

static GHashTable *
know_spaces(FulcraLoader *self, FulcraProblems *problems)
{
    GHashTable *known =
            g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);

    know_space(known, FULCRA_SPACE_FRONT, NULL, false);
    for (size_t i = 0; i < self->host_spaces->len; i++)
        know_space(known,
                fulcra_host_space_get_uri(self->host_spaces->pdata[i]), NULL,
                true);
    for (size_t i = 0; i < self->generations->len; i++) {
        FulcraGeneration *one = self->generations->pdata[i];

        for (size_t j = 0; one->space_uris->pdata[j] != NULL; j++)
            know_space_of(known, one, j, problems);
    }
    return known;
}

static void
check_import(FulcraGeneration *one, JsonNode *node, GHashTable *known,
        FulcraProblems *problems)
{
    const char *uri = json_node_get_string(node);
    const KnownSpace *space = g_hash_table_lookup(known, uri);
    g_autofree const char **uris = NULL;
    const char *nearest;

    if (space != NULL && (space->is_public || space->owner == one))
        return;
    if (space != NULL) {
        fulcra__generation_problem(one, problems, node,
                "space \"%s\" is not public: only %s may import it", uri,
                space->owner != NULL ? space->owner->uri : "the server");
        return;
    }
    uris = (const char **)g_hash_table_get_keys_as_array(known, NULL);
    nearest = fulcra_host_nearest(uri, uris);
    if (nearest != NULL)
        fulcra__generation_problem(one, problems, node,
                "there is no space \"%s\"; did you mean \"%s\"?", uri, nearest);
    else
        fulcra__generation_problem(one, problems, node,
                "there is no space \"%s\"; add the folder of its module: "
                "--modules DIR",
                uri);
}

static void
check_overrides(FulcraLoader *self, FulcraProblems *problems)
{
    g_autofree const char **uris = module_uris(self);
    JsonObjectIter iter;
    const char *uri;
    JsonNode *values;

    if (self->settings == NULL)
        return;
    json_object_iter_init_ordered(&iter, self->settings);
    while (json_object_iter_next_ordered(&iter, &uri, &values)) {
        const char *nearest = fulcra_host_nearest(uri, uris);

        if (find_module(self, uri) == NULL)
            fulcra_host_problems_add(problems, self->settings_document,
                    fulcra_host_document_get_key(
                            self->settings_document, values),
                    "settings of module \"%s\", which is not there%s%s%s", uri,
                    nearest != NULL ? "; did you mean \"" : "",
                    nearest != NULL ? nearest : "",
                    nearest != NULL ? "\"?" : "; take them out");
        else if (!JSON_NODE_HOLDS_OBJECT(values))
            fulcra_host_problems_add(problems, self->settings_document,
                    fulcra_host_document_get_value(
                            self->settings_document, values),
                    "the settings of a module must be an object: { ... }");
    }
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

/* --- loading --- */

static FulcraSpace *
build_front(FulcraLoader *self)
{
    FulcraSpace *front = fulcra_host_space_new(FULCRA_SPACE_FRONT);

    for (size_t i = 0; i < self->generations->len; i++) {
        FulcraGeneration *one = self->generations->pdata[i];

        for (size_t j = 0; j < one->spaces->len; j++)
            if (fulcra__generation_attaches(one, j, "front"))
                fulcra_host_space_import(
                        front, one->space_uris->pdata[j], FULCRA_ENTRY_PUBLIC);
    }
    return fulcra_host_space_seal(front);
}

static void
publish(FulcraLoader *self)
{
    g_autoptr(GPtrArray) spaces = g_ptr_array_new();
    g_autoptr(FulcraSpace) front = build_front(self);

    for (size_t i = 0; i < self->host_spaces->len; i++)
        g_ptr_array_add(spaces, self->host_spaces->pdata[i]);
    for (size_t i = self->n_loaded; i < self->generations->len; i++) {
        FulcraGeneration *one = self->generations->pdata[i];

        for (size_t j = 0; j < one->spaces->len; j++)
            g_ptr_array_add(spaces, one->spaces->pdata[j]);
    }
    g_ptr_array_add(spaces, front);
    fulcra_host_kernel_publish(self->kernel,
            (FulcraSpace *const *)spaces->pdata, spaces->len, NULL);
}

static void
build_new(FulcraLoader *self, FulcraProblems *problems)
{
    g_autoptr(GHashTable) known = know_spaces(self, problems);

    for (size_t i = self->n_loaded; i < self->generations->len; i++) {
        FulcraGeneration *one = self->generations->pdata[i];

        build(self, one, overrides_of(self, one->uri), problems);
        for (size_t j = 0; j < one->imports->len; j++)
            check_import(one, one->imports->pdata[j], known, problems);
    }
}

bool
fulcra_host_loader_load_all(FulcraLoader *self, GError **error)
{
    g_autoptr(FulcraProblems) problems = fulcra_host_problems_new();

    g_return_val_if_fail(self != NULL, false);

    check_overrides(self, problems);
    order_all(self, problems);
    build_new(self, problems);
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
