/* SPDX-License-Identifier: MIT */

/*
 * drain.c - ending in such a way that few notice
 *
 * From the first moment on the server says that it is not ready and takes no
 * new sockets; those that are there are told to come back, a few at a time.
 * When the last one has gone, with its DELETE, the program stops as it does on
 * SIGTERM.
 */

#include "admin_private.h"

#include <fulcra-host/json.h>
#include <fulcra/log.h>

#define LOOK_EVERY_MS 50
#define OVER_DEFAULT  30000
#define OVER_MOST     (24 * FULCRA_SETTING_HOUR)

/* When waiting for the last ones ends. */
static int64_t
end_of(FulcraServer *server, int64_t over_ms)
{
    int64_t closing_ms = fulcra_settings_get_int(
            server->settings, FULCRA_SETTING_WS_CLOSE_TIMEOUT);

    return g_get_monotonic_time() + (over_ms + closing_ms) * 1000;
}

static gboolean
look(void *data)
{
    FulcraAdmin *self = data;
    unsigned left = fulcra_websockets_count(self->server->sockets);

    if (left > 0 && g_get_monotonic_time() < self->drained_by_us)
        return G_SOURCE_CONTINUE;
    self->drain_source = 0;
    fulcra_log_info(NULL, "drained; %u sockets are left", left);
    fulcra_control_quit(self->control);
    return G_SOURCE_REMOVE;
}

static bool
get_over(FulcraAdminCall *call, int64_t *over_ms)
{
    const char *text = fulcra_admin_call_get(call, "over");

    *over_ms = OVER_DEFAULT;
    if (text == NULL || (fulcra_host_parse_duration(text, over_ms, NULL) &&
                                *over_ms <= OVER_MOST))
        return true;
    fulcra_admin_call_refuse(
            call, "over: '%s' is not a time of at most 24h, such as 30s", text);
    return false;
}

void
fulcra_admin_drain(FulcraAdminCall *call)
{
    FulcraAdmin *self = fulcra_admin_call_get_admin(call);
    FulcraServer *server = self->server;
    int64_t over_ms;

    if (!get_over(call, &over_ms))
        return;
    atomic_store(&server->state, FULCRA_SERVER_DRAINS);
    fulcra_websockets_drain(server->sockets, (unsigned)over_ms);
    self->drained_by_us = end_of(server, over_ms);
    if (self->drain_source == 0)
        self->drain_source = g_timeout_add(LOOK_EVERY_MS, look, self);

    JsonBuilder *builder = fulcra_admin_builder_new();
    fulcra_admin_put_int(builder, "over_ms", over_ms);
    fulcra_admin_put_int(
            builder, "sockets", fulcra_websockets_count(server->sockets));
    fulcra_admin_call_respond(call, builder);
}
