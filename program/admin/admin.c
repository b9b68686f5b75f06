/* SPDX-License-Identifier: MIT */

/*
 * admin.c - the listeners of the admin plane, and what is in their scope
 *
 * Two layers of context: admin:, for what comes by the UNIX socket, and
 * monitor:, for the listeners that others may reach. Nobody else has either.
 */

#include "admin_private.h"
#include "layer.h"

#include "program/limits.h"
#include "program/listen.h"
#include <fulcra/log.h>

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* Where their requests are resolved: there is nothing in it. */
#define SPACE_ADMIN "urn:fulcra:admin"

#define DEFAULT_NAME "fulcra.sock"

#define MAX_CONNECTIONS 256

/* --- layers --- */

static FulcraSpace *
make_monitor_space(FulcraServer *server)
{
    FulcraSpace *space = fulcra_host_space_new("monitor");

    fulcra_admin_bind_monitor(space, "monitor", server);
    return fulcra_host_space_seal(space);
}

static void
make_layers(FulcraAdmin *self)
{
    g_autoptr(FulcraSpace) front = fulcra_host_space_new(SPACE_ADMIN);

    self->layer = fulcra_admin_layer_new(
            "admin", fulcra_admin_make_space(self), NULL);
    self->monitor_layer = fulcra_admin_layer_new(
            "monitor", make_monitor_space(self->server), NULL);
    fulcra_host_space_seal(front);
    fulcra_host_kernel_publish(self->server->kernel, &front, 1, NULL);
}

/* --- listeners --- */

static void
listener_clear(void *data)
{
    FulcraHttpListener *self = data;

    g_free((char *)self->address);
    g_free((char *)self->path);
}

static GArray *
listeners_new(void)
{
    GArray *listeners = g_array_new(FALSE, TRUE, sizeof(FulcraHttpListener));

    g_array_set_clear_func(listeners, listener_clear);
    return listeners;
}

/* The settings have been checked: every text is an address. */
static void
add_monitors(FulcraAdmin *self, GArray *listeners)
{
    const char *const *texts = fulcra_settings_get_list(
            self->server->settings, FULCRA_SETTING_MONITOR);

    for (; *texts != NULL; texts++) {
        FulcraHttpListener listener = {
            .front = SPACE_ADMIN,
            .scheme = "monitor",
            .context = self->monitor_layer,
        };
        char *address = NULL;
        bool parsed = fulcra_listen_parse(*texts, &address, &listener.port);

        g_assert(parsed);
        listener.address = address;
        g_array_append_val(listeners, listener);
    }
}

static void
add_path(FulcraAdmin *self, GArray *listeners, const char *path)
{
    FulcraHttpListener listener = {
        .front = SPACE_ADMIN,
        .path = g_strdup(path),
        .scheme = "admin",
        .context = self->layer,
    };

    g_array_append_val(listeners, listener);
}

/* Sockets of the service manager: a UNIX socket is the admin plane's, others
 * are the monitor's if they are named so. */
static void
add_handed_over(FulcraAdmin *self, GArray *listeners)
{
    for (size_t i = 0; i < self->server->n_handed_over; i++) {
        FulcraServiceSocket *one = &self->server->handed_over[i];
        FulcraHttpListener listener = {
            .front = SPACE_ADMIN,
            .scheme = one->unix_socket ? "admin" : "monitor",
            .context = one->unix_socket ? self->layer : self->monitor_layer,
            .fd = one->fd,
        };

        if (one->fd < 0)
            continue;
        one->fd = -1;
        self->server->admin_activated = true;
        g_array_append_val(listeners, listener);
    }
}

static bool
make_server(FulcraAdmin *self, const GArray *listeners, GError **error)
{
    FulcraHttpOptions options = {
        .limits = FULCRA_HTTP_LIMITS_DEFAULT,
        .origin = { .mode = FULCRA_HTTP_ORIGIN_SAME },
    };

    options.limits.connections = MAX_CONNECTIONS;
    if (self->loop == NULL)
        self->loop = fulcra_loop_new(
                self->server->kernel, self->server->loops->len, error);
    if (self->loop == NULL)
        return false;
    self->http = fulcra_http_server_new(self->server->kernel, &self->loop, 1,
            (FulcraHttpListener *)(void *)listeners->data, listeners->len,
            &options, error);
    return self->http != NULL;
}

/* Monitors come first, so that their places are those in the setting. */
static bool
listen_on(FulcraAdmin *self, const char *path, GError **error)
{
    g_autoptr(GArray) listeners = listeners_new();

    add_monitors(self, listeners);
    self->n_monitors = listeners->len;
    if (path != NULL)
        add_path(self, listeners, path);
    add_handed_over(self, listeners);
    if (listeners->len > 0 && !make_server(self, listeners, error))
        return false;
    self->path = g_strdup(path);
    return true;
}

/* Where "auto" is; NULL where there is no such folder. (transfer full) */
static char *
default_path(void)
{
    const char *folder = g_getenv("XDG_RUNTIME_DIR");

    if (folder == NULL || !g_file_test(folder, G_FILE_TEST_IS_DIR))
        return NULL;
    return g_build_filename(folder, DEFAULT_NAME, NULL);
}

/* A path that was not asked for must not stop the server. */
static bool
listen_by_default(FulcraAdmin *self, GError **error)
{
    g_autofree char *path = default_path();
    g_autoptr(GError) taken = NULL;

    if (path == NULL)
        return listen_on(self, NULL, error);
    if (listen_on(self, path, &taken))
        return true;
    fulcra_log_info(NULL, "no admin plane: %s", taken->message);
    return listen_on(self, NULL, error);
}

/* The path of a UNIX socket that the service manager made. (transfer full)
 * (nullable) */
static char *
handed_over_path(FulcraServer *server)
{
    for (size_t i = 0; i < server->n_handed_over; i++) {
        struct sockaddr_un address = { 0 };
        socklen_t length = sizeof address;

        if (server->handed_over[i].unix_socket &&
                getsockname(server->handed_over[i].fd,
                        (struct sockaddr *)&address, &length) == 0)
            return g_strndup(address.sun_path, sizeof address.sun_path);
    }
    return NULL;
}

static bool
listen_handed_over(FulcraAdmin *self, const char *path, GError **error)
{
    if (!listen_on(self, NULL, error))
        return false;
    self->path = g_strdup(path);
    return true;
}

static bool
listen_as_set(FulcraAdmin *self, GError **error)
{
    const char *set = fulcra_settings_get_text(
            self->server->settings, FULCRA_SETTING_ADMIN);
    g_autofree char *path = handed_over_path(self->server);

    if (path != NULL)
        return listen_handed_over(self, path, error);
    if (strcmp(set, "auto") == 0)
        return listen_by_default(self, error);
    return listen_on(self, strcmp(set, "off") == 0 ? NULL : set, error);
}

/* --- changing listeners --- */

struct _FulcraAdminRebind {
    FulcraAdmin *admin;
    FulcraHttpRebind *http; /* (nullable) */
    bool starts;            /* there was nothing to listen on before */
    size_t n_monitors;
};

FulcraAdminRebind *
fulcra_admin_prepare(FulcraAdmin *self, GError **error)
{
    g_autoptr(GArray) listeners = listeners_new();
    FulcraAdminRebind *rebind = g_new0(FulcraAdminRebind, 1);
    bool fine = true;

    rebind->admin = self;
    add_monitors(self, listeners);
    rebind->n_monitors = self->n_monitors;
    if (self->server->admin_activated)
        return rebind;
    rebind->n_monitors = listeners->len;
    if (self->http == NULL && listeners->len > 0)
        fine = rebind->starts = make_server(self, listeners, error);
    if (self->http != NULL && !rebind->starts) {
        if (self->path != NULL)
            add_path(self, listeners, self->path);
        rebind->http = fulcra_http_server_prepare(self->http,
                (FulcraHttpListener *)(void *)listeners->data, listeners->len,
                error);
        fine = rebind->http != NULL;
    }
    if (!fine)
        g_clear_pointer(&rebind, g_free);
    return rebind;
}

void
fulcra_admin_rebind_commit(FulcraAdminRebind *self)
{
    self->admin->n_monitors = self->n_monitors;
    if (self->http != NULL)
        fulcra_http_rebind_commit(self->http);
    if (self->starts)
        fulcra_admin_start(self->admin);
    g_free(self);
}

void
fulcra_admin_rebind_abort(FulcraAdminRebind *self)
{
    if (self == NULL)
        return;
    fulcra_http_rebind_abort(self->http);
    if (self->starts)
        g_clear_pointer(&self->admin->http, fulcra_http_server_free);
    g_free(self);
}

/* --- life --- */

FulcraAdmin *
fulcra_admin_new(FulcraServer *server, GError **error)
{
    FulcraAdmin *self = g_new0(FulcraAdmin, 1);

    self->server = server;
    self->control = server->control;
    make_layers(self);
    if (!listen_as_set(self, error)) {
        fulcra_admin_free(self);
        return NULL;
    }
    self->follow = fulcra_admin_follow_new(
            self->loop != NULL ? self->loop : server->loops->pdata[0]);
    return self;
}

void
fulcra_admin_start(FulcraAdmin *self)
{
    if (self->http == NULL)
        return;
    fulcra_loop_start(self->loop);
    self->loop_runs = true;
    fulcra_http_server_start(self->http);
    self->http_runs = true;
}

void
fulcra_admin_close(FulcraAdmin *self)
{
    fulcra_control_close(self->control);
    if (self->drain_source != 0)
        g_source_remove(self->drain_source);
    self->drain_source = 0;
}

void
fulcra_admin_end_log(FulcraAdmin *self)
{
    if (self->server->loops_run && (self->loop_runs || self->loop == NULL))
        fulcra_admin_follow_stop(self->follow);
}

void
fulcra_admin_stop(FulcraAdmin *self)
{
    if (self->http_runs)
        fulcra_http_server_stop(self->http);
    self->http_runs = false;
    if (self->loop_runs)
        fulcra_loop_stop(self->loop);
    self->loop_runs = false;
}

void
fulcra_admin_free(FulcraAdmin *self)
{
    if (self == NULL)
        return;
    fulcra_admin_stop(self);
    g_clear_pointer(&self->http, fulcra_http_server_free);
    g_clear_pointer(&self->loop, fulcra_loop_free);
    fulcra_host_context_unref(self->layer);
    fulcra_host_context_unref(self->monitor_layer);
    fulcra_admin_follow_free(self->follow);
    g_free(self->path);
    g_free(self);
}

const char *
fulcra_admin_get_path(FulcraAdmin *self)
{
    return self->path;
}

FulcraContext *
fulcra_admin_get_layer(FulcraAdmin *self)
{
    return self->layer;
}

size_t
fulcra_admin_get_n_monitors(FulcraAdmin *self)
{
    return self->n_monitors;
}

char *
fulcra_admin_get_monitor_url(FulcraAdmin *self, size_t index)
{
    return fulcra_http_server_get_url(self->http, index);
}
