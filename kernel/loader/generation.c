/* SPDX-License-Identifier: MIT */
/*
 * generation.c - from a folder to spaces that can be published
 *
 * Reading checks the definition against its schema and settles what other
 * modules see of it: names and versions. Building maps the code, lets it add
 * its endpoints, and binds them. Neither touches what is published, so that a
 * failure at any step leaves what serves as it was.
 */

#include "generation.h"

#include "setting.h"

#include <fulcra/error.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void
fulcra__generation_problem(FulcraGeneration *self, FulcraProblems *problems,
        JsonNode *node, const char *format, ...)
{
    va_list arguments;
    g_autofree char *message = NULL;

    va_start(arguments, format);
    message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    fulcra_host_problems_add(problems, self->document,
            fulcra_host_document_get_value(self->document, node), "%s",
            message);
}

/* --- reading --- */

static bool
uri_is_valid(const char *uri)
{
    const char *c = uri;

    while (g_ascii_isalnum(*c) || (*c != '\0' && strchr(":._-", *c) != NULL))
        c++;
    return *c == '\0' && g_str_has_prefix(uri, "urn:") && c[-1] != ':' &&
           strchr(uri + 4, ':') != NULL && uri[4] != ':' && c - uri <= 200;
}

/* Here and in check_version(): what is no text was reported by the schema. */
static void
check_uri(FulcraGeneration *self, FulcraProblems *problems, JsonObject *object)
{
    JsonNode *node = json_object_get_member(object, "uri");

    if (*fulcra_host_json_get_text(object, "uri", "") != '\0' &&
            !uri_is_valid(json_node_get_string(node)))
        fulcra__generation_problem(self, problems, node,
                "\"%s\" is no name for a module or a space; write "
                "\"urn:\", who you are, and what it is: \"urn:example:shop\"",
                json_node_get_string(node));
}

static void
check_version(FulcraGeneration *self, FulcraProblems *problems)
{
    JsonNode *node = json_object_get_member(self->root, "version");

    if (*self->version_text != '\0' &&
            !fulcra__version_parse(self->version_text, &self->version))
        fulcra__generation_problem(self, problems, node,
                "\"%s\" is not a version; write three numbers: \"1.0.0\"",
                self->version_text);
}

JsonObject *
fulcra__generation_get_space(FulcraGeneration *self, size_t i)
{
    return json_array_get_object_element(
            json_object_get_array_member(self->root, "spaces"), (unsigned)i);
}

static size_t
n_spaces(FulcraGeneration *self)
{
    return json_array_get_length(
            json_object_get_array_member(self->root, "spaces"));
}

bool
fulcra__generation_is_public(FulcraGeneration *self, size_t i)
{
    return fulcra_host_json_get_bool(
            fulcra__generation_get_space(self, i), "public", false);
}

bool
fulcra__generation_attaches(
        FulcraGeneration *self, size_t i, const char *attachment)
{
    return g_strcmp0(fulcra_host_json_get_text(
                             fulcra__generation_get_space(self, i), "attach",
                             NULL),
                   attachment) == 0;
}

static bool
attachment_is_valid(const char *type)
{
    const char *c = type;

    while (g_ascii_islower(*c) || g_ascii_isdigit(*c) || *c == '-')
        c++;
    return *c == '\0' && g_ascii_islower(*type) && c - type <= 64;
}

/* Any type may be made up; one that is all but "front" is a slip. */
static void
check_attachment(FulcraGeneration *self, size_t i, FulcraProblems *problems)
{
    static const char *const known[] = { "front", NULL };
    JsonNode *node = json_object_get_member(
            fulcra__generation_get_space(self, i), "attach");
    const char *type;

    if (node == NULL)
        return;
    type = json_node_get_string(node);
    if (!fulcra__generation_is_public(self, i))
        fulcra__generation_problem(self, problems, node,
                "a space that is not public cannot be attached; add "
                "\"public\": true");
    if (!attachment_is_valid(type))
        fulcra__generation_problem(self, problems, node,
                "\"%s\" is no type of import; use small letters, digits and "
                "'-'",
                type);
    else if (strcmp(type, "front") != 0 &&
             fulcra_host_nearest(type, known) != NULL)
        fulcra__generation_problem(self, problems, node,
                "\"attach\" is \"%s\"; did you mean \"front\"?", type);
}

static void
read_space(FulcraGeneration *self, size_t i, FulcraProblems *problems)
{
    JsonObject *space = fulcra__generation_get_space(self, i);
    JsonNode *uri = json_object_get_member(space, "uri");
    const char *text = json_node_get_string(uri);

    check_uri(self, problems, space);
    if (g_ptr_array_find_with_equal_func(
                self->space_uris, text, g_str_equal, NULL))
        fulcra__generation_problem(self, problems, uri,
                "space \"%s\" is declared twice; give one of them another "
                "name",
                text);
    g_ptr_array_add(self->space_uris, (char *)text);
    check_attachment(self, i, problems);
}

static void
read_identity(FulcraGeneration *self, FulcraProblems *problems)
{
    self->uri = fulcra_host_json_get_text(self->root, "uri", "");
    self->version_text = fulcra_host_json_get_text(self->root, "version", "");
    self->library = fulcra_host_json_get_text(self->root, "library", NULL);
    self->promises_unmap =
            fulcra_host_json_get_bool(self->root, "unmap", false);
    check_uri(self, problems, self->root);
    check_version(self, problems);
}

static void
read_spaces(FulcraGeneration *self, FulcraProblems *problems)
{
    for (size_t i = 0; i < n_spaces(self); i++)
        read_space(self, i, problems);
    g_ptr_array_add(self->space_uris, NULL);
}

FulcraGeneration *
fulcra__generation_new(const char *folder, FulcraDocument *document,
        FulcraKinds *kinds, FulcraProblems *problems)
{
    g_autoptr(FulcraGeneration) self = g_new0(FulcraGeneration, 1);
    size_t before = fulcra_host_problems_count(problems);
    JsonNode *root = fulcra_host_document_get_root(document);
    bool fine;

    self->folder = g_strdup(folder);
    self->document = fulcra_host_document_ref(document);
    self->spaces = g_ptr_array_new_with_free_func(
            (GDestroyNotify)fulcra_host_space_unref);
    self->space_uris = g_ptr_array_new();
    self->endpoints = g_ptr_array_new_with_free_func(g_free);
    self->imports = g_ptr_array_new();
    self->attachments = g_ptr_array_new();
    self->instances = g_array_new(false, false, sizeof(FulcraInstance));
    self->code_endpoints = g_ptr_array_new_with_free_func(
            (GDestroyNotify)fulcra_host_endpoint_unref);
    self->path = realpath(folder, NULL);
    if (self->path == NULL) {
        fulcra__generation_problem(self, problems, root,
                "its folder cannot be found: %s", g_strerror(errno));
        return NULL;
    }
    fine = fulcra_host_schema_check(&fulcra__module_schema,
            fulcra__kinds_get_variants(kinds), document, root, problems);
    if (JSON_NODE_HOLDS_OBJECT(root)) {
        self->root = json_node_get_object(root);
        read_identity(self, problems);
    }
    if (fine)
        read_spaces(self, problems);
    return fulcra_host_problems_count(problems) == before
                   ? g_steal_pointer(&self)
                   : NULL;
}

FulcraGeneration *
fulcra__generation_read(
        const char *folder, FulcraKinds *kinds, FulcraProblems *problems)
{
    g_autofree char *file = g_build_filename(folder, FULCRA_DEFINITION, NULL);
    GError *error = NULL;
    g_autoptr(FulcraDocument) document =
            fulcra_host_document_load(file, &error);

    if (document != NULL)
        return fulcra__generation_new(folder, document, kinds, problems);
    fulcra_host_problems_take_error(problems, error);
    return NULL;
}

void
fulcra__generation_release(FulcraGeneration *self)
{
    for (size_t i = 0; i < self->instances->len; i++) {
        FulcraInstance *one =
                &g_array_index(self->instances, FulcraInstance, i);

        if (one->kind->free != NULL)
            one->kind->free(one->instance);
    }
    g_array_set_size(self->instances, 0);
    g_ptr_array_set_size(self->spaces, 0);
    g_ptr_array_set_size(self->code_endpoints, 0);
    g_clear_pointer(&self->owner, fulcra_host_owner_unref);
}

size_t
fulcra__generation_get_mapped(FulcraGeneration *self)
{
    return self->code != NULL && self->code->handle != NULL
                   ? self->code->end - self->code->begin
                   : 0;
}

bool
fulcra__generation_requires(FulcraGeneration *self, const char *uri)
{
    return json_object_has_member(self->root, "requires") &&
           json_object_has_member(
                   json_object_get_object_member(self->root, "requires"), uri);
}

void
fulcra__generation_free(FulcraGeneration *self)
{
    if (self == NULL)
        return;
    fulcra__generation_stop(self);
    fulcra__generation_release(self);
    g_array_unref(self->instances);
    g_ptr_array_unref(self->code_endpoints);
    fulcra_representation_unref(self->state);
    fulcra_host_endpoint_unref(self->settings);
    g_ptr_array_unref(self->attachments);
    g_ptr_array_unref(self->imports);
    g_ptr_array_unref(self->endpoints);
    g_ptr_array_unref(self->space_uris);
    g_ptr_array_unref(self->spaces);
    fulcra__module_unref(self->module);
    fulcra_host_mapping_free(self->mapping);
    fulcra__library_free(self->code);
    g_clear_error(&self->code_error);
    fulcra_host_document_unref(self->document);
    free(self->path); /* realpath()'s */
    g_free(self->folder);
    g_free(self);
}

/* --- building --- */

char *
fulcra__generation_find(
        FulcraGeneration *self, FulcraProblems *problems, JsonNode *path)
{
    const char *text = json_node_get_string(path);
    g_autofree char *joined = g_build_filename(self->path, text, NULL);
    char *found = realpath(joined, NULL);
    int saved = errno;
    size_t length = strlen(self->path);
    char *result = NULL;

    if (g_path_is_absolute(text))
        fulcra__generation_problem(self, problems, path,
                "\"%s\" is an absolute path; write one within the module's "
                "folder",
                text);
    else if (found == NULL)
        fulcra__generation_problem(self, problems, path,
                "\"%s\" is not in the folder %s: %s", text, self->folder,
                g_strerror(saved));
    else if (strncmp(found, self->path, length) != 0 ||
             (found[length] != '/' && found[length] != '\0'))
        fulcra__generation_problem(self, problems, path,
                "\"%s\" leads out of the module's folder %s; move it into the "
                "folder",
                text, self->folder);
    else
        result = g_strdup(found);
    free(found);
    return result;
}

static void
check_requires(FulcraGeneration *self, FulcraProblems *problems)
{
    JsonObject *requires;
    JsonObjectIter iter;
    const char *uri;
    JsonNode *range;

    if (!json_object_has_member(self->root, "requires"))
        return;
    requires = json_object_get_object_member(self->root, "requires");
    json_object_iter_init_ordered(&iter, requires);
    while (json_object_iter_next_ordered(&iter, &uri, &range))
        if (!fulcra__range_parse(json_node_get_string(range), NULL, NULL))
            fulcra__generation_problem(self, problems, range,
                    "\"%s\" says not which versions; write \"*\" or "
                    "comparisons: \">=1.0 <2\"",
                    json_node_get_string(range));
}

/* (transfer full) */
static FulcraEndpoint *
build_settings(FulcraGeneration *self, const FulcraBuild *build)
{
    JsonObject *declared =
            json_object_has_member(self->root, "settings")
                    ? json_object_get_object_member(self->root, "settings")
                    : NULL;
    FulcraModuleSettings *settings = fulcra__module_settings_new(
            self->document, declared, build->problems);

    if (build->overrides != NULL)
        fulcra__module_settings_override(settings, self->uri,
                build->overrides_document, build->overrides, build->problems);
    return fulcra__module_settings_to_endpoint(settings, self->uri);
}

static void
build_spaces(FulcraGeneration *self, const FulcraBuild *build)
{
    for (size_t i = 0; i < n_spaces(self); i++)
        g_ptr_array_add(self->spaces, fulcra__space_build(self, build, i));
}

void
fulcra__generation_build(FulcraGeneration *self, const FulcraBuild *build)
{
    self->module = fulcra__module_new(build->kernel, self->uri);
    self->settings = build_settings(self, build);
    check_requires(self, build->problems);
    fulcra__generation_build_code(self, build);
    if (self->errand != NULL)
        return;
    fulcra__generation_list_endpoints(self);
    build_spaces(self, build);
    g_clear_pointer(&self->settings, fulcra_host_endpoint_unref);
    fulcra__module_finish(self->module);
}

/* --- starting and stopping --- */

void
fulcra__generation_start(FulcraGeneration *self)
{
    if (self->is_started)
        return;
    self->is_started = true;
    for (size_t i = 0; i < self->instances->len; i++) {
        FulcraInstance *one =
                &g_array_index(self->instances, FulcraInstance, i);

        if (one->kind->start != NULL)
            one->kind->start(one->instance);
    }
}

void
fulcra__generation_stop(FulcraGeneration *self)
{
    if (!self->is_started)
        return;
    self->is_started = false;
    for (size_t i = self->instances->len; i > 0; i--) {
        FulcraInstance *one =
                &g_array_index(self->instances, FulcraInstance, i - 1);

        if (one->kind->stop != NULL)
            one->kind->stop(one->instance);
    }
}
