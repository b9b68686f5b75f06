/* SPDX-License-Identifier: MIT */

/*
 * reload.c - see reload.h
 *
 * What can fail, reading and binding, comes first; then what cannot. Loops and
 * workers may still look at texts of settings that were replaced, so those are
 * kept: a reload costs a few kilobytes for good.
 */

#include "reload.h"
#include "limits.h"
#include "log.h"
#include "server_private.h"
#include "service.h"

#include <fulcra/error.h>
#include <fulcra/log.h>

#include <string.h>

/* What can change. Of all others a part of the server was made. */
static const FulcraSetting changeable[] = {
    FULCRA_SETTING_LISTEN,
    FULCRA_SETTING_MONITOR,
    FULCRA_SETTING_LOG_LEVEL,
    FULCRA_SETTING_HTTP_MAX_BODY,
    FULCRA_SETTING_HTTP_MAX_HEADERS,
    FULCRA_SETTING_HTTP_MAX_COOKIES,
    FULCRA_SETTING_HTTP_MAX_PARAMS,
    FULCRA_SETTING_HTTP_MAX_PARAM,
    FULCRA_SETTING_HTTP_MAX_PARAM_NAME,
    FULCRA_SETTING_HTTP_MAX_PART_HEAD,
    FULCRA_SETTING_HTTP_ANSWER_TIMEOUT,
    FULCRA_SETTING_HTTP_MAX_CONNECTIONS,
    FULCRA_SETTING_HTTP_MAX_PER_ADDRESS,
    FULCRA_SETTING_HTTP_ORIGIN,
    FULCRA_SETTING_HTTP_REQUIRE_ORIGIN,
    FULCRA_SETTING_HTTP_SERVER,
    FULCRA_SETTING_WS_MAX_MESSAGE,
    FULCRA_SETTING_WS_MAX_OUTBOUND,
    FULCRA_SETTING_WS_SLOW,
    FULCRA_SETTING_WS_MAX_SOCKETS,
    FULCRA_SETTING_WS_MAX_PER_ADDRESS,
    FULCRA_SETTING_WS_MAX_RATE,
    FULCRA_SETTING_WS_CLOSE_ON_ERROR,
    FULCRA_SETTING_WS_HANDSHAKE_TIMEOUT,
    FULCRA_SETTING_WS_PING_INTERVAL,
    FULCRA_SETTING_WS_CLOSE_TIMEOUT,
    FULCRA_SETTING_WS_STOP_TIMEOUT,
    FULCRA_SETTING_WS_MAX_INBOUND_TOTAL,
    FULCRA_SETTING_WS_MAX_OUTBOUND_TOTAL,
};

bool
fulcra_reload_can_change(FulcraSetting id)
{
    for (size_t i = 0; i < G_N_ELEMENTS(changeable); i++)
        if (changeable[i] == id)
            return true;
    return false;
}

/* --- what is another now --- */

static void
reloaded_clear(void *data)
{
    FulcraReloadedSetting *self = data;

    g_free(self->before);
    g_free(self->after);
}

static FulcraReload *
reload_new(void)
{
    FulcraReload *self = g_new0(FulcraReload, 1);

    self->changed = g_array_new(FALSE, FALSE, sizeof(FulcraReloadedSetting));
    self->restart = g_array_new(FALSE, FALSE, sizeof(FulcraReloadedSetting));
    self->modules = g_ptr_array_new_with_free_func(g_free);
    g_array_set_clear_func(self->changed, reloaded_clear);
    g_array_set_clear_func(self->restart, reloaded_clear);
    return self;
}

void
fulcra_reload_free(FulcraReload *self)
{
    if (self == NULL)
        return;
    g_array_unref(self->changed);
    g_array_unref(self->restart);
    g_ptr_array_unref(self->modules);
    g_free(self);
}

/* Sockets that were handed over take the place of those that are set. */
static bool
can_change_here(FulcraServer *server, FulcraSetting id)
{
    return fulcra_reload_can_change(id) &&
           !(id == FULCRA_SETTING_LISTEN && server->activated) &&
           !(id == FULCRA_SETTING_MONITOR && server->admin_activated);
}

/* Adds the URIs that @from has, with other values than @other has. */
static void
compare_modules(GPtrArray *uris, JsonNode *from, JsonNode *other)
{
    JsonObjectIter iter;
    const char *uri;
    JsonNode *value;

    if (from == NULL)
        return;
    json_object_iter_init(&iter, json_node_get_object(from));
    while (json_object_iter_next(&iter, &uri, &value)) {
        JsonNode *match = other != NULL
                                  ? json_object_get_member(
                                            json_node_get_object(other), uri)
                                  : NULL;

        if ((match == NULL || !json_node_equal(value, match)) &&
                !g_ptr_array_find_with_equal_func(uris, uri, g_str_equal, NULL))
            g_ptr_array_add(uris, g_strdup(uri));
    }
}

static void
note_modules(FulcraReload *self, const FulcraSettings *before,
        const FulcraSettings *after)
{
    FulcraDocument *ignored;
    JsonNode *old = fulcra_settings_get_modules(before, &ignored);
    JsonNode *new = fulcra_settings_get_modules(after, &ignored);

    compare_modules(self->modules, new, old);
    compare_modules(self->modules, old, new);
}

/* Compares, and lets @next keep what cannot change. */
static FulcraReload *
compare(FulcraServer *server, FulcraSettings *next)
{
    FulcraReload *self = reload_new();

    for (unsigned i = 0; i < FULCRA_N_SETTINGS; i++) {
        FulcraSetting id = (FulcraSetting)i;
        FulcraReloadedSetting one = { id,
            fulcra_settings_format(server->settings, id),
            fulcra_settings_format(next, id) };
        bool can = can_change_here(server, id);

        if (strcmp(one.before, one.after) != 0) {
            g_array_append_val(can ? self->changed : self->restart, one);
            if (!can)
                fulcra_settings_keep(next, server->settings, id);
        } else {
            reloaded_clear(&one);
        }
    }
    note_modules(self, server->settings, next);
    return self;
}

/* --- taking it --- */

static void
take_limits(FulcraServer *server)
{
    FulcraHttpOptions http = fulcra_limits_http(server->settings);
    FulcraWebSocketLimits limits = fulcra_limits_websocket(server->settings);
    FulcraLogLevel level = FULCRA_LOG_INFO;

    fulcra_http_server_set_options(server->http, &http);
    fulcra_websockets_set_limits(server->sockets, &limits);
    fulcra_log_level_parse(fulcra_settings_get_text(
                                   server->settings, FULCRA_SETTING_LOG_LEVEL),
            &level);
    fulcra_log_set_level(level);
}

static void
take_modules(FulcraServer *server)
{
    FulcraDocument *document;
    JsonNode *modules =
            fulcra_settings_get_modules(server->settings, &document);

    fulcra_host_loader_set_settings(server->loader, document, modules);
}

static bool
take(FulcraServer *server, FulcraSettings *next, GError **error)
{
    const FulcraSettings *before = server->settings;

    server->settings = next;
    if (!fulcra_server_rebind(server, error)) {
        server->settings = before;
        return false;
    }
    g_ptr_array_add(server->all_settings, next);
    take_limits(server);
    take_modules(server);
    return true;
}

static FulcraReload *
reload(FulcraServer *self, GError **error)
{
    g_autoptr(FulcraSettings) next = self->load(self->load_data, error);

    if (next == NULL)
        return NULL;
    g_autoptr(FulcraReload) report = compare(self, next);
    if (!take(self, next, error))
        return NULL;
    next = NULL; /* the server's now */
    return g_steal_pointer(&report);
}

FulcraReload *
fulcra_server_reload(FulcraServer *self, GError **error)
{
    fulcra_service_say_reloading();
    FulcraReload *report = reload(self, error);
    fulcra_service_say_ready();
    return report;
}

/* --- saying what was done --- */

static void
append_names(GString *text, const GArray *settings)
{
    for (unsigned i = 0; i < settings->len; i++) {
        const FulcraReloadedSetting *one =
                &g_array_index(settings, FulcraReloadedSetting, i);

        g_string_append_printf(text, "%s%s (%s, was %s)", i > 0 ? ", " : "",
                fulcra_setting_specs[one->id].name,
                *one->after ? one->after : "\"\"",
                *one->before ? one->before : "\"\"");
    }
}

char *
fulcra_reload_describe(const FulcraReload *self)
{
    GString *text = g_string_new(NULL);

    if (self->changed->len == 0 && self->modules->len == 0)
        g_string_append(text, "nothing changed");
    append_names(text, self->changed);
    for (unsigned i = 0; i < self->modules->len; i++)
        g_string_append_printf(text, "%ssettings of %s, once it is reloaded",
                text->len > 0 ? ", " : "", (char *)self->modules->pdata[i]);
    if (self->restart->len > 0) {
        g_string_append(text, "; needs a restart: ");
        append_names(text, self->restart);
    }
    return g_string_free(text, FALSE);
}
