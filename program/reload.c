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
    g_free(self);
}

/* Sockets that were handed over take the place of `listen`. */
static bool
can_change_here(FulcraServer *server, FulcraSetting id)
{
    return fulcra_reload_can_change(id) &&
           !(id == FULCRA_SETTING_LISTEN && server->activated);
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

    if (self->changed->len == 0)
        g_string_append(text, "nothing changed");
    append_names(text, self->changed);
    if (self->restart->len > 0) {
        g_string_append(text, "; needs a restart: ");
        append_names(text, self->restart);
    }
    return g_string_free(text, FALSE);
}
