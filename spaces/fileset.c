/* SPDX-License-Identifier: MIT */

/*
 * fileset.c - files below a folder of a module, as resources
 *
 * Which file an identifier means is said by a grammar, a glob or a regex
 * (fileset_choice.c); what of that may be reached, fileset_find.c decides.
 *
 * The endpoint is CONCURRENT, because disks block. Its answers are expired at
 * once: the file is looked at for every request, and small ones that have not
 * changed are then answered from memory (fileset_cache.c).
 */

#include "spaces/fileset_cache.h"
#include "spaces/fileset_choice.h"
#include "spaces/fileset_find.h"
#include "spaces/fileset_load.h"
#include "spaces/kinds.h"
#include <fulcra/fulcra.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    int root; /* O_PATH */
    char **indexes;
    FulcraFilesetRewrite *rewrite; /* (nullable) */
    bool coded;
    int64_t max_size;
    FulcraFilesetCache *cache;
} Fileset;

static void
fileset_free(void *data)
{
    Fileset *self = data;

    close(self->root);
    g_strfreev(self->indexes);
    fulcra__fileset_rewrite_free(self->rewrite);
    fulcra__fileset_cache_free(self->cache);
    g_free(self);
}

/* --- which file --- */

static const char *
get_slot(const char *name, void *request)
{
    return fulcra_request_get_argument(request, name);
}

/* What follows "scheme:/", where nothing says which part of it is the path.
 * (transfer full) (nullable) */
static char *
whole_path(FulcraRequest *request)
{
    const char *text =
            fulcra_identifier_get_text(fulcra_request_get_identifier(request));
    const char *path = strstr(text, ":/");

    if (path == NULL || strchr(path, '+') != NULL)
        return NULL;
    return g_uri_unescape_string(path + 2, NULL);
}

/* The path below the root that @request means. (transfer full) (nullable) */
static char *
path_of(const Fileset *self, FulcraRequest *request)
{
    const char *path = fulcra_request_get_argument(request, "path");

    if (self->rewrite != NULL)
        return fulcra__fileset_rewrite_apply(self->rewrite, get_slot, request);
    return path != NULL ? g_strdup(path) : whole_path(request);
}

static bool
find(Fileset *self, FulcraRequest *request, bool coded,
        FulcraFilesetFound *found)
{
    g_autofree char *path = path_of(self, request);

    return path != NULL &&
           fulcra__fileset_find(self->root, path,
                   (const char *const *)self->indexes, coded, found);
}

/* --- answering --- */

/* The client is sent to the same path with a slash, by a reference that is
 * relative to the last segment: we do not know what stands in front of us. */
static FulcraRepresentation *
redirect(FulcraRequest *request)
{
    const char *text =
            fulcra_identifier_get_text(fulcra_request_get_identifier(request));
    const char *slash = strrchr(text, '/');
    g_autofree char *segment =
            g_uri_unescape_string(slash != NULL ? slash + 1 : text, NULL);
    g_autofree char *escaped =
            g_uri_escape_string(segment != NULL ? segment : "", NULL, FALSE);
    g_autofree char *location = g_strdup_printf("./%s/", escaped);
    FulcraRepresentation *answer = fulcra_representation_new_printf(
            FULCRA_TYPE_TEXT, "%s\n", location);

    answer = fulcra_representation_with_header(
            answer, "httpResponse:/code", "308");
    return fulcra_representation_with_header(
            answer, "httpResponse:/header/Location", location);
}

static FulcraRepresentation *
fileset_source(FulcraRequest *request, GError **error)
{
    Fileset *self = fulcra_request_get_data(request);
    g_auto(FulcraFilesetFound) found = { .file = { .fd = -1 } };

    if (!find(self, request, self->coded, &found)) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_NOT_FOUND, "no file '%s'",
                found.path != NULL ? found.path : "");
        return NULL;
    }
    if (S_ISDIR(found.file.status.st_mode))
        return redirect(request);

    FulcraRepresentation *answer =
            fulcra__fileset_cache_get(self->cache, &found);
    if (answer == NULL) {
        answer = fulcra__fileset_load(&found, self->max_size, error);
        if (answer != NULL)
            fulcra__fileset_cache_put(self->cache, &found, answer);
    }
    return answer;
}

static FulcraRepresentation *
fileset_exists(FulcraRequest *request, GError **error)
{
    g_auto(FulcraFilesetFound) found = { .file = { .fd = -1 } };
    bool there = find(fulcra_request_get_data(request), request, false, &found);

    return fulcra_representation_with_expiry(
            fulcra_representation_new_bool(there), FULCRA_EXPIRY_ALWAYS, 0);
}

static const FulcraEndpointOps fileset_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_CONCURRENT,
    .source = fileset_source,
    .exists = fileset_exists,
    .destroy = fileset_free,
};

/* The root without its slash. */
static FulcraRepresentation *
folder_source(FulcraRequest *request, GError **error)
{
    return redirect(request);
}

static const FulcraEndpointOps folder_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = folder_source,
};

/* --- building one from a definition --- */

static const FulcraSchemaKey fileset_keys[] = {
    { "grammar", FULCRA_SCHEMA_TEXTS,
            .help = "which identifiers; {path*} is the file's path. Either "
                    "this, `glob` or `regex`" },
    { "glob", FULCRA_SCHEMA_TEXTS,
            .help = "which identifiers, as in `res:/css/**.{css,map}`; the "
                    "file's path is what follows `res:/`" },
    { "regex", FULCRA_SCHEMA_TEXTS,
            .help = "which identifiers, as a PCRE2 pattern of the whole; the "
                    "file's path is the group `path`, or what follows "
                    "`res:/`" },
    { "rewrite", FULCRA_SCHEMA_TEXT,
            .help = "the file's path, with `{NAME}` for a slot of the grammar "
                    "or a group of the regex, and `{1}` for the first wildcard "
                    "of the glob" },
    { "root", FULCRA_SCHEMA_TEXT, .required = true,
            .help = "the folder, within the module's own" },
    { "index", FULCRA_SCHEMA_TEXTS, .fallback = "index.html",
            .help = "the file that stands for its folder; of several the first "
                    "that is there" },
    { "compressed", FULCRA_SCHEMA_BOOL, .fallback = "true",
            .help = "whether `FILE.br` and `FILE.gz` beside a file are sent in "
                    "its place to whom accepts them" },
    { "maxSize", FULCRA_SCHEMA_SIZE, .fallback = "16MiB", .min = 1,
            .max = INT64_C(1) << 30,
            .help = "the largest file that is served" },
    { NULL },
};

static const FulcraSchema fileset_schema = { "fileset", fileset_keys, NULL,
    "Files below a folder of the module." };

/* Of the three ways to say which identifiers, the one that a definition
 * uses. */
typedef struct {
    const char *key;
    JsonNode *node;
} Choice;

static bool
get_choice(FulcraEntry *entry, Choice *choice)
{
    static const char *const keys[] = { "grammar", "glob", "regex" };

    *choice = (Choice){ NULL, NULL };
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        JsonNode *node = json_object_get_member(entry->definition, keys[i]);

        if (node == NULL)
            continue;
        if (choice->node != NULL) {
            fulcra_host_entry_problem(entry, node,
                    "\"%s\" beside \"%s\"; one of them says which "
                    "identifiers",
                    keys[i], choice->key);
            return false;
        }
        *choice = (Choice){ keys[i], node };
    }
    if (choice->node == NULL)
        fulcra_host_entry_problem(entry, NULL,
                "this fileset has no \"grammar\"; add \"grammar\", \"glob\" "
                "or \"regex\": which identifiers it answers");
    return choice->node != NULL;
}

/* The texts of a node that is one or a list of them. (transfer full) */
static GPtrArray *
list_texts(JsonNode *node)
{
    GPtrArray *list = g_ptr_array_new();

    if (!JSON_NODE_HOLDS_ARRAY(node)) {
        g_ptr_array_add(list, node);
        return list;
    }
    JsonArray *array = json_node_get_array(node);
    for (unsigned i = 0; i < json_array_get_length(array); i++)
        g_ptr_array_add(list, json_array_get_element(array, i));
    return list;
}

/* (transfer full) (nullable) */
static char *
grammar_text(const char *key, const char *text, GError **error)
{
    if (strcmp(key, "glob") == 0)
        return fulcra__fileset_glob_to_grammar(text, error);
    return strcmp(key, "regex") == 0 ? g_strconcat("regex:", text, NULL)
                                     : g_strdup(text);
}

/* NULL, which is reported, where @grammar cannot say which file is meant. */
static FulcraGrammar *
compile(FulcraEntry *entry, const Choice *choice, JsonNode *node,
        const Fileset *self)
{
    const char *text = json_node_get_string(node);
    const char *lacks = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *made = grammar_text(choice->key, text, &error);
    g_autoptr(FulcraGrammar) grammar =
            made != NULL ? fulcra_host_grammar_new(made, &error) : NULL;

    if (grammar == NULL) {
        fulcra_host_entry_problem(entry, node, "%s \"%s\": %s", choice->key,
                text, error->message);
        return NULL;
    }
    if (self->rewrite != NULL)
        lacks = fulcra__fileset_rewrite_lacks(self->rewrite, grammar);
    else if (strcmp(choice->key, "grammar") == 0 &&
             !fulcra_host_grammar_has_slot(grammar, "path"))
        lacks = "path";
    if (lacks == NULL)
        return g_steal_pointer(&grammar);
    fulcra_host_entry_problem(entry, node, "%s \"%s\" has no {%s}; %s",
            choice->key, text, lacks,
            self->rewrite != NULL ? "\"rewrite\" needs it"
                                  : "that is the file's path, as in "
                                    "\"res:/shop/{path*}\"");
    return NULL;
}

/* res:/shop/{path*} answers res:/shop as well. */
static void
bind_without_slash(FulcraEntry *entry, const char *grammar)
{
    const char *slash = strrchr(grammar, '/');
    g_autofree char *prefix = NULL;

    if (slash == NULL || strcmp(slash, "/{path*}") != 0 || slash[-1] == ':')
        return;
    g_autoptr(FulcraEndpoint) folder =
            fulcra_host_endpoint_new("fileset", &folder_ops, NULL, NULL);
    fulcra_host_endpoint_set_module(folder, entry->module_uri);
    prefix = g_strndup(grammar, (size_t)(slash - grammar));
    fulcra_host_space_bind(entry->space, prefix, 1u << FULCRA_VERB_SOURCE,
            entry->visibility, folder, NULL);
}

static void
bind(FulcraEntry *entry, Fileset *self, FulcraEndpoint *endpoint)
{
    Choice choice;

    if (!get_choice(entry, &choice))
        return;
    g_autoptr(GPtrArray) list = list_texts(choice.node);
    fulcra_host_endpoint_set_module(endpoint, entry->module_uri);
    for (unsigned i = 0; i < list->len; i++) {
        g_autoptr(FulcraGrammar) grammar =
                compile(entry, &choice, list->pdata[i], self);

        if (grammar == NULL)
            continue;
        fulcra_host_space_bind(entry->space,
                fulcra_host_grammar_get_text(grammar), FULCRA_VERBS_ALL,
                entry->visibility, endpoint, NULL);
        if (self->rewrite == NULL)
            bind_without_slash(entry, fulcra_host_grammar_get_text(grammar));
    }
}

static int
open_root(FulcraEntry *entry)
{
    JsonNode *root = json_object_get_member(entry->definition, "root");
    g_autofree char *path = fulcra_host_entry_get_path(entry, root);
    int fd = -1;

    if (path != NULL) {
        fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
            fulcra_host_entry_problem(
                    entry, root, "no folder: %s", g_strerror(errno));
    }
    return fd;
}

/* (transfer full): NULL-terminated */
static char **
read_indexes(FulcraEntry *entry)
{
    JsonNode *node = json_object_get_member(entry->definition, "index");
    GPtrArray *names = g_ptr_array_new();
    g_autoptr(GPtrArray) list =
            node != NULL ? list_texts(node) : g_ptr_array_new();

    for (unsigned i = 0; i < list->len; i++) {
        const char *name = json_node_get_string(list->pdata[i]);

        if (!fulcra__fileset_name_is_fine(name))
            fulcra_host_entry_problem(entry, list->pdata[i],
                    "'%s' is not the name of a file", name);
        g_ptr_array_add(names, g_strdup(name));
    }
    if (node == NULL)
        g_ptr_array_add(names, g_strdup("index.html"));
    g_ptr_array_add(names, NULL);
    return (char **)g_ptr_array_free(names, FALSE);
}

/* (transfer full) (nullable) */
static FulcraFilesetRewrite *
read_rewrite(FulcraEntry *entry)
{
    JsonNode *node = json_object_get_member(entry->definition, "rewrite");
    g_autoptr(GError) error = NULL;
    FulcraFilesetRewrite *rewrite =
            node != NULL ? fulcra__fileset_rewrite_new(
                                   json_node_get_string(node), &error)
                         : NULL;

    if (error != NULL)
        fulcra_host_entry_problem(entry, node, "rewrite \"%s\": %s",
                json_node_get_string(node), error->message);
    return rewrite;
}

static void *
fileset_build(FulcraEntry *entry)
{
    Fileset *self;
    int root = open_root(entry);

    if (root < 0)
        return NULL;
    self = g_new0(Fileset, 1);
    self->root = root;
    self->indexes = read_indexes(entry);
    self->rewrite = read_rewrite(entry);
    self->coded =
            fulcra_host_json_get_bool(entry->definition, "compressed", true);
    self->max_size =
            fulcra_host_json_get_size(entry->definition, "maxSize", 16 << 20);
    self->cache = fulcra__fileset_cache_new();

    g_autoptr(FulcraEndpoint) endpoint =
            fulcra_host_endpoint_new("fileset", &fileset_ops, self, NULL);
    bind(entry, self, endpoint);
    return NULL;
}

const FulcraKind fulcra_kind_fileset = {
    .size = sizeof(FulcraKind),
    .name = "fileset",
    .schema = &fileset_schema,
    .help = "files below a folder of the module",
    .build = fileset_build,
};
