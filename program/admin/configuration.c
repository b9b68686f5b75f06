/* SPDX-License-Identifier: MIT */

/* configuration.c - taking a new one */

#include "admin_private.h"

#include "program/reload.h"

static void
put_settings(JsonBuilder *builder, const char *name, const GArray *settings)
{
    fulcra_admin_begin_list(builder, name);
    for (unsigned i = 0; i < settings->len; i++) {
        const FulcraReloadedSetting *one =
                &g_array_index(settings, FulcraReloadedSetting, i);

        json_builder_begin_object(builder);
        fulcra_admin_put_text(
                builder, "name", fulcra_setting_specs[one->id].name);
        fulcra_admin_put_text(builder, "before", one->before);
        fulcra_admin_put_text(builder, "after", one->after);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
}

void
fulcra_admin_reload(FulcraAdminCall *call)
{
    FulcraServer *server = fulcra_admin_call_get_admin(call)->server;
    GError *error = NULL;
    g_autoptr(FulcraReload) report = fulcra_server_reload(server, &error);

    if (report == NULL) {
        g_prefix_error(&error, "nothing has changed: ");
        fulcra_admin_call_fail(call, error);
        return;
    }
    g_autofree char *text = fulcra_reload_describe(report);
    JsonBuilder *builder = fulcra_admin_builder_new();
    fulcra_admin_put_text(builder, "summary", text);
    put_settings(builder, "changed", report->changed);
    put_settings(builder, "restart", report->restart);
    g_ptr_array_add(report->modules, NULL);
    fulcra_admin_put_texts(
            builder, "modules", (const char *const *)report->modules->pdata);
    fulcra_admin_call_respond(call, builder);
}
