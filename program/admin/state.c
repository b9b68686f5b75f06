/* SPDX-License-Identifier: MIT */

/* state.c - what the server is, is set to, and has counted */

#include "admin_private.h"

#include "program/listen.h"
#include <fulcra-host/schema.h>
#include <fulcra-host/stats.h>
#include <fulcra/module.h>
#include <fulcra/version.h>

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* --- the index --- */

static const char *
method_of(FulcraVerb verb)
{
    return verb == FULCRA_VERB_SOURCE ? "GET"
           : verb == FULCRA_VERB_SINK ? "PUT"
                                      : "DELETE";
}

static void
put_resource(JsonBuilder *builder, const FulcraAdminResource *resource)
{
    g_auto(GStrv) takes =
            g_strsplit(resource->takes ? resource->takes : "", ",", -1);

    json_builder_begin_object(builder);
    fulcra_admin_put_text(builder, "path", resource->path);
    fulcra_admin_put_text(builder, "method", method_of(resource->verb));
    fulcra_admin_put_texts(builder, "parameters", (const char *const *)takes);
    fulcra_admin_put_text(builder, "help", resource->help);
    json_builder_end_object(builder);
}

void
fulcra_admin_index(FulcraAdminCall *call)
{
    JsonBuilder *builder = fulcra_admin_builder_new();

    fulcra_admin_put_text(builder, "version", fulcra_version());
    fulcra_admin_begin_list(builder, "resources");
    for (size_t i = 0; fulcra_admin_resources[i].name != NULL; i++)
        if (fulcra_admin_resources[i].help != NULL)
            put_resource(builder, &fulcra_admin_resources[i]);
    json_builder_end_array(builder);
    fulcra_admin_call_respond(call, builder);
}

void
fulcra_admin_unknown(FulcraAdminCall *call)
{
    const char *path = fulcra_admin_call_get(call, "path");
    g_autoptr(GPtrArray) paths = g_ptr_array_new();

    for (size_t i = 0; fulcra_admin_resources[i].name != NULL; i++)
        if (fulcra_admin_resources[i].help != NULL)
            g_ptr_array_add(paths, (char *)fulcra_admin_resources[i].path + 1);
    g_ptr_array_add(paths, NULL);
    const char *near =
            fulcra_host_nearest(path, (const char *const *)paths->pdata);
    fulcra_admin_call_fail(
            call, g_error_new(FULCRA_ERROR, FULCRA_ERROR_NOT_FOUND,
                          "no resource admin:/%s%s%s%s; GET / lists them", path,
                          near ? "; did you mean admin:/" : "",
                          near ? near : "", near ? "?" : ""));
}

/* --- the server --- */

static const char *
state_name(FulcraServer *server)
{
    static const char *const names[] = {
        [FULCRA_SERVER_STARTS] = "starting",
        [FULCRA_SERVER_READY] = "ready",
        [FULCRA_SERVER_DRAINS] = "draining",
        [FULCRA_SERVER_STOPS] = "stopping",
    };

    return names[atomic_load(&server->state)];
}

static void
put_listeners(JsonBuilder *builder, FulcraServer *server)
{
    fulcra_admin_begin_list(builder, "listeners");
    for (size_t i = 0; i < fulcra_server_get_n_listeners(server); i++) {
        g_autofree char *url = fulcra_server_get_url(server, i);

        json_builder_add_string_value(builder, url);
    }
    json_builder_end_array(builder);
}

void
fulcra_admin_server(FulcraAdminCall *call)
{
    FulcraServer *server = fulcra_admin_call_get_admin(call)->server;
    JsonBuilder *builder = fulcra_admin_builder_new();
    struct rlimit descriptors = { 0, 0 };

    getrlimit(RLIMIT_NOFILE, &descriptors);
    fulcra_admin_put_text(builder, "version", fulcra_version());
    fulcra_admin_put_int(builder, "abi", FULCRA_ABI);
    fulcra_admin_put_int(builder, "pid", getpid());
    fulcra_admin_put_text(builder, "state", state_name(server));
    fulcra_admin_put_int(builder, "uptime_ms",
            (g_get_monotonic_time() - server->up_since_us) / 1000);
    fulcra_admin_put_int(builder, "generation",
            (int64_t)fulcra_host_kernel_get_generation(server->kernel));
    fulcra_admin_put_int(
            builder, "modules", (int64_t)fulcra_server_count_modules(server));
    fulcra_admin_put_int(
            builder, "sockets", fulcra_websockets_count(server->sockets));
    fulcra_admin_put_int(builder, "loops", server->loops->len);
    fulcra_admin_put_int(builder, "descriptors", (int64_t)descriptors.rlim_cur);
    fulcra_admin_put_bool(builder, "playground", server->playground);
    put_listeners(builder, server);
    fulcra_admin_call_respond(call, builder);
}

/* --- settings --- */

static void
put_setting(
        JsonBuilder *builder, const FulcraSettings *settings, FulcraSetting id)
{
    const FulcraSettingSpec *spec = &fulcra_setting_specs[id];

    json_builder_begin_object(builder);
    fulcra_admin_put_text(builder, "name", spec->name);
    if (spec->key.type == FULCRA_SCHEMA_TEXTS)
        fulcra_admin_put_texts(
                builder, "value", fulcra_settings_get_list(settings, id));
    else
        fulcra_admin_put_text(
                builder, "value", fulcra_settings_get_text(settings, id));
    fulcra_admin_put_text(
            builder, "origin", fulcra_settings_get_origin(settings, id));
    fulcra_admin_put_text(builder, "default", spec->key.fallback);
    fulcra_admin_put_text(builder, "help", spec->key.help);
    json_builder_end_object(builder);
}

void
fulcra_admin_settings(FulcraAdminCall *call)
{
    FulcraServer *server = fulcra_admin_call_get_admin(call)->server;
    JsonBuilder *builder = fulcra_admin_builder_new();

    fulcra_admin_begin_list(builder, "settings");
    for (unsigned i = 0; i < FULCRA_N_SETTINGS; i++)
        put_setting(builder, server->settings, (FulcraSetting)i);
    json_builder_end_array(builder);
    fulcra_admin_call_respond(call, builder);
}

/* --- counters --- */

void
fulcra_admin_stats(FulcraAdminCall *call)
{
    FulcraServer *server = fulcra_admin_call_get_admin(call)->server;
    JsonBuilder *builder = fulcra_admin_builder_new();

    fulcra_admin_put_int(builder, "uptime_ms",
            (g_get_monotonic_time() - server->up_since_us) / 1000);
    fulcra_admin_begin_list(builder, "stats");
    for (unsigned i = 0; i < FULCRA_N_STATS; i++) {
        json_builder_begin_object(builder);
        fulcra_admin_put_text(
                builder, "name", fulcra_host_stats_name((FulcraStat)i));
        fulcra_admin_put_int(
                builder, "value", fulcra_host_stats_get((FulcraStat)i));
        fulcra_admin_put_bool(
                builder, "gauge", fulcra_host_stats_is_gauge((FulcraStat)i));
        fulcra_admin_put_text(
                builder, "help", fulcra_host_stats_help((FulcraStat)i));
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
    fulcra_admin_call_respond(call, builder);
}
