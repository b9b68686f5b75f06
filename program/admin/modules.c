/* SPDX-License-Identifier: MIT */

/*
 * modules.c - what is loaded, and changing that
 *
 * The loader says in the log what was changed and by whom, as it does for
 * changes that nobody asked for here.
 */

#include "admin_private.h"

#include <fulcra-host/change.h>

#include <string.h>

/* --- looking --- */

static void
put_generation(JsonBuilder *builder, const FulcraGenerationInfo *info)
{
    json_builder_begin_object(builder);
    fulcra_admin_put_int(builder, "number", info->number);
    fulcra_admin_put_text(builder, "state",
            fulcra_host_generation_state_to_string(info->state));
    fulcra_admin_put_text(builder, "version", info->version);
    fulcra_admin_put_time(builder, "loaded_at", info->loaded_us);
    fulcra_admin_put_time(builder, "retired_at", info->retired_us);
    fulcra_admin_put_int(builder, "mapped_bytes", (int64_t)info->mapped);
    fulcra_admin_put_texts(builder, "left", (const char *const *)info->left);
    json_builder_end_object(builder);
}

static void
put_relations(JsonBuilder *builder, const FulcraModuleState *state)
{
    const struct {
        const char *name;
        char **texts;
    } lists[] = {
        { "spaces", state->spaces },
        { "endpoints", state->endpoints },
        { "requires", state->requires },
        { "required_by", state->required_by },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
        fulcra_admin_put_texts(
                builder, lists[i].name, (const char *const *)lists[i].texts);
}

static void
put_module(JsonBuilder *builder, const FulcraModuleState *state)
{
    fulcra_admin_put_text(builder, "uri", state->uri);
    fulcra_admin_put_text(builder, "version", state->version);
    fulcra_admin_put_text(builder, "title", state->title);
    fulcra_admin_put_text(builder, "description", state->description);
    fulcra_admin_put_text(builder, "folder", state->folder);
    fulcra_admin_put_text(builder, "library", state->library);
    fulcra_admin_put_int(builder, "generation",
            state->n_generations > 0 ? state->generations[0].number : 0);
    fulcra_admin_put_text(builder, "state",
            state->n_generations > 0 ? fulcra_host_generation_state_to_string(
                                               state->generations[0].state)
                                     : NULL);
    put_relations(builder, state);
    fulcra_admin_put_bool(builder, "keeps_state", state->keeps_state);
    fulcra_admin_put_bool(builder, "promises_unmap", state->promises_unmap);
    fulcra_admin_put_int(builder, "kept_bytes", (int64_t)state->kept);
    fulcra_admin_put_text(builder, "failure", state->failure);
    fulcra_admin_put_time(builder, "failed_at", state->failed_us);
    fulcra_admin_begin_list(builder, "generations");
    for (size_t i = 0; i < state->n_generations; i++)
        put_generation(builder, &state->generations[i]);
    json_builder_end_array(builder);
}

void
fulcra_admin_modules(FulcraAdminCall *call)
{
    FulcraServer *server = fulcra_admin_call_get_admin(call)->server;
    g_autoptr(GPtrArray) states =
            fulcra_host_loader_list_states(server->loader);
    JsonBuilder *builder = fulcra_admin_builder_new();

    fulcra_admin_begin_list(builder, "modules");
    for (unsigned i = 0; i < states->len; i++) {
        json_builder_begin_object(builder);
        put_module(builder, states->pdata[i]);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
    fulcra_admin_call_respond(call, builder);
}

void
fulcra_admin_module(FulcraAdminCall *call)
{
    FulcraServer *server = fulcra_admin_call_get_admin(call)->server;
    GError *error = NULL;
    g_autoptr(FulcraModuleState) state = fulcra_host_loader_get_state(
            server->loader, fulcra_admin_call_get(call, "uri"), &error);

    if (state == NULL) {
        fulcra_admin_call_fail(call, error);
        return;
    }
    JsonBuilder *builder = fulcra_admin_builder_new();
    put_module(builder, state);
    fulcra_admin_call_respond(call, builder);
}

/* --- changing --- */

static FulcraChangeOptions
get_options(FulcraAdminCall *call)
{
    return (FulcraChangeOptions){
        .by = fulcra_admin_call_get_who(call),
        .force = fulcra_admin_call_get_bool(call, "force"),
        .preview = fulcra_admin_call_get_bool(call, "preview"),
    };
}

/* @change: (nullable); @error: (transfer full) */
static void
respond(FulcraAdminCall *call, const FulcraChange *change, GError *error)
{
    if (change == NULL) {
        fulcra_admin_call_fail(call, error);
        return;
    }
    JsonBuilder *builder = fulcra_admin_builder_new();
    fulcra_admin_put_text(
            builder, "change", fulcra_host_change_kind_to_string(change->kind));
    fulcra_admin_put_bool(builder, "done", change->done);
    fulcra_admin_put_text(builder, "uri", change->uri);
    fulcra_admin_put_text(builder, "version", change->version);
    fulcra_admin_put_text(builder, "before", change->before);
    fulcra_admin_put_int(builder, "generation", change->generation);
    fulcra_admin_put_int(builder, "sockets", (int64_t)change->n_sockets);
    fulcra_admin_put_texts(
            builder, "affected", (const char *const *)change->affected);
    fulcra_admin_call_respond(call, builder);
}

void
fulcra_admin_load_module(FulcraAdminCall *call)
{
    FulcraServer *server = fulcra_admin_call_get_admin(call)->server;
    const char *folder = fulcra_admin_call_get(call, "folder");
    FulcraChangeOptions options = get_options(call);
    GError *error = NULL;

    if (!g_path_is_absolute(folder)) {
        fulcra_admin_call_refuse(call,
                "folder: '%s' is no absolute path: the server's working "
                "folder is not the caller's",
                folder);
        return;
    }
    g_autoptr(FulcraChange) change =
            fulcra_host_loader_load(server->loader, folder, &options, &error);
    respond(call, change, error);
}

void
fulcra_admin_reload_module(FulcraAdminCall *call)
{
    FulcraServer *server = fulcra_admin_call_get_admin(call)->server;
    FulcraChangeOptions options = get_options(call);
    GError *error = NULL;
    g_autoptr(FulcraChange) change = fulcra_host_loader_reload(server->loader,
            fulcra_admin_call_get(call, "uri"), &options, &error);

    respond(call, change, error);
}

void
fulcra_admin_unload_module(FulcraAdminCall *call)
{
    FulcraServer *server = fulcra_admin_call_get_admin(call)->server;
    FulcraChangeOptions options = get_options(call);
    GError *error = NULL;
    g_autoptr(FulcraChange) change = fulcra_host_loader_unload(server->loader,
            fulcra_admin_call_get(call, "uri"), &options, &error);

    respond(call, change, error);
}
