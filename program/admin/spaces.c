/* SPDX-License-Identifier: MIT */

/*
 * spaces.c - the space tree, and who would answer what
 *
 * An import is shown by its URI and not unfolded: the tree is a graph.
 */

#include "admin_private.h"

#include <fulcra-host/identifier.h>
#include <fulcra-host/inspect.h>

#include <string.h>

#define MAX_STEPS 20000

/* --- names --- */

/* (transfer full): URIs, (transfer none) of @spaces */
static const char **
list_uris(GPtrArray *spaces)
{
    const char **uris = g_new0(const char *, spaces->len + 1);

    for (unsigned i = 0; i < spaces->len; i++)
        uris[i] = fulcra_host_space_get_uri(spaces->pdata[i]);
    return uris;
}

/* The URI of the space that the parameter `space` means; @fallback where it
 * was not given; interned. NULL with an error. */
static const char *
get_space(FulcraAdminCall *call, const char *fallback, GError **error)
{
    FulcraServer *server = fulcra_admin_call_get_admin(call)->server;
    const char *given = fulcra_admin_call_get(call, "space");

    if (given == NULL)
        return fallback;
    g_autoptr(GPtrArray) spaces =
            fulcra_host_kernel_list_spaces(server->kernel);
    g_autofree const char **uris = list_uris(spaces);
    return fulcra_admin_match(uris, given, "space", error);
}

static bool
parse_verb(const char *name, FulcraVerb *verb)
{
    for (unsigned i = 0; name != NULL && i < FULCRA_N_VERBS; i++)
        if (g_ascii_strcasecmp(name, fulcra_verb_to_string((FulcraVerb)i)) ==
                0) {
            *verb = (FulcraVerb)i;
            return true;
        }
    *verb = FULCRA_VERB_SOURCE;
    return name == NULL;
}

FulcraRequest *
fulcra_admin_call_make_root(FulcraAdminCall *call, GError **error)
{
    FulcraServer *server = fulcra_admin_call_get_admin(call)->server;
    const char *text = fulcra_admin_call_get(call, "identifier");
    const char *name = fulcra_admin_call_get(call, "verb");
    const char *space = get_space(call, FULCRA_SPACE_FRONT, error);
    FulcraVerb verb;

    if (space == NULL)
        return NULL;
    if (!parse_verb(name, &verb)) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "no verb '%s'; SOURCE, SINK, NEW, DELETE, EXISTS and META "
                "would be right",
                name);
        return NULL;
    }
    g_autofree char *path =
            text[0] == '/' ? g_strconcat("res:", text, NULL) : NULL;
    g_autoptr(FulcraIdentifier) identifier =
            fulcra_host_identifier_parse(path != NULL ? path : text, error);
    return identifier == NULL ? NULL
                              : fulcra_host_request_new_root(server->kernel,
                                        space, NULL, verb, identifier);
}

/* --- the tree --- */

static void put_entries(JsonBuilder *builder, FulcraSpace *space);

static void
put_verbs(JsonBuilder *builder, FulcraVerbs verbs)
{
    fulcra_admin_begin_list(builder, "verbs");
    for (unsigned i = 0; i < FULCRA_N_VERBS; i++)
        if (verbs >> i & 1u)
            json_builder_add_string_value(
                    builder, fulcra_verb_to_string((FulcraVerb)i));
    json_builder_end_array(builder);
}

static void
put_endpoint(JsonBuilder *builder, const FulcraEntryInfo *info)
{
    static const char *const runs[] = { [FULCRA_RUN_SERIAL] = "serial",
        [FULCRA_RUN_CONCURRENT] = "concurrent",
        [FULCRA_RUN_INLINE] = "inline" };

    fulcra_admin_put_text(builder, "id", info->id);
    fulcra_admin_put_text(builder, "module", info->module);
    fulcra_admin_put_text(builder, "run", runs[info->run]);
    if (info->verbs != 0)
        put_verbs(builder, info->verbs);
}

static void
put_entry(JsonBuilder *builder, const FulcraEntryInfo *info)
{
    json_builder_begin_object(builder);
    fulcra_admin_put_text(builder, "kind", info->kind);
    fulcra_admin_put_bool(builder, "private", info->private_);
    if (info->id != NULL)
        put_endpoint(builder, info);
    fulcra_admin_put_text(builder, "grammar", info->grammar);
    fulcra_admin_put_text(builder, "uri", info->uri);
    fulcra_admin_put_text(builder, "from", info->from);
    fulcra_admin_put_text(builder, "to", info->to);
    if (info->wrapped != NULL) {
        fulcra_admin_put_text(
                builder, "wrapped", fulcra_host_space_get_uri(info->wrapped));
        put_entries(builder, info->wrapped);
    }
    json_builder_end_object(builder);
}

static void
put_entries(JsonBuilder *builder, FulcraSpace *space)
{
    fulcra_admin_begin_list(builder, "entries");
    for (size_t i = 0; i < fulcra_host_space_get_n_entries(space); i++) {
        FulcraEntryInfo info;

        fulcra_host_space_get_entry(space, i, &info);
        put_entry(builder, &info);
    }
    json_builder_end_array(builder);
}

void
fulcra_admin_spaces(FulcraAdminCall *call)
{
    FulcraServer *server = fulcra_admin_call_get_admin(call)->server;
    g_autoptr(GPtrArray) spaces =
            fulcra_host_kernel_list_spaces(server->kernel);
    GError *error = NULL;
    const char *only = get_space(call, NULL, &error);

    if (error != NULL) {
        fulcra_admin_call_fail(call, error);
        return;
    }
    JsonBuilder *builder = fulcra_admin_builder_new();
    fulcra_admin_put_int(builder, "generation",
            (int64_t)fulcra_host_kernel_get_generation(server->kernel));
    fulcra_admin_begin_list(builder, "spaces");
    for (unsigned i = 0; i < spaces->len; i++) {
        const char *uri = fulcra_host_space_get_uri(spaces->pdata[i]);

        if (only != NULL && strcmp(uri, only) != 0)
            continue;
        json_builder_begin_object(builder);
        fulcra_admin_put_text(builder, "uri", uri);
        put_entries(builder, spaces->pdata[i]);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
    fulcra_admin_call_respond(call, builder);
}

/* --- resolving --- */

typedef struct {
    JsonBuilder *builder;
    unsigned n;
    char *endpoint; /* (nullable): that answers */
} Steps;

static void
put_step(const FulcraStep *step, void *user_data)
{
    Steps *self = user_data;
    JsonBuilder *builder = self->builder;

    if (step->answers)
        self->endpoint = g_strdup(step->name);
    if (self->n++ >= MAX_STEPS)
        return;
    json_builder_begin_object(builder);
    fulcra_admin_put_text(
            builder, "kind", fulcra_host_step_kind_to_string(step->kind));
    fulcra_admin_put_int(builder, "depth", step->depth);
    fulcra_admin_put_text(builder, "name", step->name);
    fulcra_admin_put_text(builder, "detail", step->detail);
    fulcra_admin_put_text(builder, "reason", step->reason);
    fulcra_admin_put_bool(builder, "answers", step->answers);
    json_builder_end_object(builder);
}

void
fulcra_admin_resolve(FulcraAdminCall *call)
{
    GError *error = NULL;
    g_autoptr(FulcraRequest) request =
            fulcra_admin_call_make_root(call, &error);

    if (request == NULL) {
        fulcra_admin_call_fail(call, error);
        return;
    }
    Steps steps = { fulcra_admin_builder_new(), 0, NULL };
    JsonBuilder *builder = steps.builder;
    fulcra_admin_put_text(builder, "identifier",
            fulcra_identifier_get_text(fulcra_request_get_identifier(request)));
    fulcra_admin_put_text(builder, "verb",
            fulcra_verb_to_string(fulcra_request_get_verb(request)));
    fulcra_admin_begin_list(builder, "steps");
    bool answered = fulcra_host_request_explain(request, put_step, &steps);
    json_builder_end_array(builder);
    fulcra_admin_put_int(builder, "asked", steps.n);
    fulcra_admin_put_bool(builder, "answered", answered);
    fulcra_admin_put_text(builder, "endpoint", steps.endpoint);
    g_free(steps.endpoint);
    fulcra_admin_call_respond(call, builder);
}
