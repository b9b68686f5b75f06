/* SPDX-License-Identifier: MIT */

/*
 * server.c - see server.h
 *
 * The order matters. Listeners are bound first, because that fails most often,
 * and serve last. Timers need running loops, so loops start before modules are
 * loaded. It is taken down in the opposite order: sockets run their DELETEs
 * while modules, workers and loops are all there.
 */

#include "server.h"
#include "admin/admin.h"
#include "admin/explorer.h"
#include "limits.h"
#include "listen.h"
#include "server_private.h"
#include "setup.h"
#include "ticker.h"

#include <string.h>

/* Imports what the playground adds and FULCRA_SPACE_FRONT. */
#define SPACE_LISTENER "urn:fulcra:listener"
#define SPACE_STRIP    "urn:fulcra:playground"

static bool
make_loops(FulcraServer *self, GError **error)
{
    unsigned n = (unsigned)fulcra_settings_get_int(
            self->settings, FULCRA_SETTING_LOOPS);

    if (n == 0)
        n = MAX(g_get_num_processors(), 1);
    for (unsigned i = 0; i < n; i++) {
        FulcraLoop *loop = fulcra_loop_new(self->kernel, i, error);

        if (loop == NULL)
            return false;
        g_ptr_array_add(self->loops, loop);
    }
    return true;
}

static void
start_loops(FulcraServer *self)
{
    for (unsigned i = 0; i < self->loops->len; i++)
        fulcra_loop_start(self->loops->pdata[i]);
    self->loops_run = true;
}

static void
listener_clear(void *data)
{
    FulcraHttpListener *self = data;

    g_free((char *)self->address);
}

/* The settings have been checked: every text is an address. (transfer full) */
static GArray *
make_listeners(const FulcraServer *self)
{
    const char *const *texts =
            fulcra_settings_get_list(self->settings, FULCRA_SETTING_LISTEN);
    GArray *listeners = g_array_new(FALSE, FALSE, sizeof(FulcraHttpListener));

    g_array_set_clear_func(listeners, listener_clear);
    for (; *texts != NULL; texts++) {
        FulcraHttpListener listener = {
            .front = self->playground ? SPACE_LISTENER : FULCRA_SPACE_FRONT
        };
        char *address = NULL;
        bool parsed = fulcra_listen_parse(*texts, &address, &listener.port);

        g_assert(parsed);
        listener.address = address;
        g_array_append_val(listeners, listener);
    }
    return listeners;
}

static FulcraLoop *const *
get_loops(const FulcraServer *self)
{
    return (FulcraLoop *const *)self->loops->pdata;
}

/* Those that the service manager made; none where it made none. */
static void
take_handed_over(FulcraServer *self, GArray *listeners)
{
    for (size_t i = 0; i < self->n_handed_over; i++) {
        FulcraServiceSocket *one = &self->handed_over[i];
        FulcraHttpListener listener = {
            .front = self->playground ? SPACE_LISTENER : FULCRA_SPACE_FRONT,
            .fd = one->fd,
        };

        if (one->unix_socket || strcmp(one->name, NAME_MONITOR) == 0)
            continue;
        if (!self->activated)
            g_array_set_size(listeners, 0);
        self->activated = true;
        one->fd = -1;
        g_array_append_val(listeners, listener);
    }
}

bool
fulcra_server_rebind(FulcraServer *self, GError **error)
{
    g_autoptr(GArray) listeners = make_listeners(self);
    FulcraAdminRebind *admin = fulcra_admin_prepare(self->admin, error);
    FulcraHttpRebind *http = NULL;

    if (admin == NULL)
        return false;
    if (!self->activated) {
        http = fulcra_http_server_prepare(self->http,
                (FulcraHttpListener *)(void *)listeners->data, listeners->len,
                error);
        if (http == NULL) {
            fulcra_admin_rebind_abort(admin);
            return false;
        }
        fulcra_http_rebind_commit(http);
    }
    fulcra_admin_rebind_commit(admin);
    return true;
}

static bool
make_transports(FulcraServer *self, GError **error)
{
    g_autoptr(GArray) listeners = make_listeners(self);
    FulcraHttpOptions options = fulcra_limits_http(self->settings);
    FulcraWebSocketLimits limits = fulcra_limits_websocket(self->settings);

    options.origin.also = self->own_origins;
    take_handed_over(self, listeners);
    self->http = fulcra_http_server_new(self->kernel, get_loops(self),
            self->loops->len, (FulcraHttpListener *)listeners->data,
            listeners->len, &options, error);
    if (self->http == NULL)
        return false;
    self->sockets = fulcra_websockets_new(self->kernel, get_loops(self),
            self->loops->len, &limits, self->playground);
    fulcra_http_server_set_upgrade_hook(
            self->http, fulcra_websockets_get_hook(self->sockets));
    return true;
}

/* What listeners of a playground resolve in: the front, and the strip of the
 * requests that a demo's socket caused. */
static void
add_playground_spaces(FulcraServer *self)
{
    FulcraSpace *strip = fulcra_websockets_get_strip_space(self->sockets);
    g_autoptr(FulcraSpace) listener = fulcra_host_space_new(SPACE_LISTENER);

    if (strip != NULL) {
        fulcra_host_loader_add_space(self->loader, strip);
        fulcra_host_space_import(listener, SPACE_STRIP, FULCRA_ENTRY_PUBLIC);
    }
    fulcra_host_space_import(listener, FULCRA_SPACE_FRONT, FULCRA_ENTRY_PUBLIC);
    fulcra_host_loader_add_space(
            self->loader, fulcra_host_space_seal(listener));
}

/* Whoever works on them gives folders of his own. */
static bool
scan_explorer(FulcraServer *self, GError **error)
{
    return self->explorer == NULL ||
           (fulcra_setup_scan_own(self->loader, "client", error) &&
                   fulcra_setup_scan_own(self->loader, "explorer", error));
}

static bool
load_modules(FulcraServer *self, GError **error)
{
    self->ticker = fulcra_ticker_new(self->loops->pdata[0]);
    self->loader = fulcra_setup_loader(
            self->kernel, self->settings, self->loops->pdata[0], self->ticker);
    fulcra_host_loader_set_sockets(
            self->loader, fulcra_websockets_get_keeper(self->sockets));
    if (self->playground)
        add_playground_spaces(self);
    return fulcra_setup_scan(self->loader, self->settings, error) &&
           scan_explorer(self, error) &&
           fulcra_host_loader_load_all(self->loader, error);
}

/* Its page may talk to the sockets that it looks at. */
static bool
make_explorer(FulcraServer *self, GError **error)
{
    if (!fulcra_explorer_is_wanted(self->settings))
        return true;
    self->explorer = fulcra_explorer_new(self->kernel, self->settings,
            fulcra_admin_get_layer(self->admin),
            fulcra_websockets_get_hook(self->sockets), get_loops(self),
            self->loops->len, error);
    if (self->explorer == NULL)
        return false;
    self->own_origins[0] = fulcra_explorer_get_origin(self->explorer);
    return true;
}

static bool
start(FulcraServer *self, GError **error)
{
    if (!make_loops(self, error) || !make_transports(self, error))
        return false;
    self->admin = fulcra_admin_new(self, error);
    if (self->admin == NULL || !make_explorer(self, error))
        return false;
    start_loops(self);
    if (!load_modules(self, error))
        return false;
    fulcra_http_server_start(self->http);
    self->http_runs = true;
    atomic_store(&self->state, FULCRA_SERVER_READY);
    self->watcher = fulcra_watcher_new(self->loader,
            fulcra_settings_get_list(self->settings, FULCRA_SETTING_WATCH));
    fulcra_admin_start(self->admin);
    if (self->explorer != NULL)
        fulcra_explorer_start(self->explorer);
    return true;
}

static void
settings_release(void *settings)
{
    fulcra_settings_free(settings);
}

FulcraServer *
fulcra_server_new(const FulcraSettings *settings, FulcraSettingsLoad load,
        void *load_data, FulcraControl *control, GError **error)
{
    g_autoptr(FulcraServer) self = g_new0(FulcraServer, 1);

    self->settings = settings;
    self->all_settings = g_ptr_array_new_with_free_func(settings_release);
    self->load = load;
    self->load_data = load_data;
    self->control = control;
    self->handed_over = fulcra_service_take_sockets(&self->n_handed_over);
    self->started_us = g_get_real_time();
    self->up_since_us = g_get_monotonic_time();
    self->playground =
            fulcra_settings_get_bool(settings, FULCRA_SETTING_PLAYGROUND);
    self->kernel = fulcra_setup_kernel(settings);
    self->traces = fulcra_traces_new(self->kernel,
            (size_t)fulcra_settings_get_int(settings, FULCRA_SETTING_TRACES));
    self->loops = g_ptr_array_new();
    return start(self, error) ? g_steal_pointer(&self) : NULL;
}

static void
nothing(void *data)
{
    (void)data;
}

/* Code that still runs answers to the loops, and the end of a socket's message
 * causes its DELETE: three turns of both end what was begun. */
static void
settle(FulcraServer *self)
{
    for (int turn = 0; self->loops_run && turn < 3; turn++) {
        fulcra_host_kernel_settle(self->kernel);
        for (unsigned i = 0; i < self->loops->len; i++)
            fulcra_loop_call(self->loops->pdata[i], nothing, NULL);
    }
}

static void
stop(FulcraServer *self)
{
    atomic_store(&self->state, FULCRA_SERVER_STOPS);
    g_clear_pointer(&self->watcher, fulcra_watcher_free);
    if (self->admin != NULL)
        fulcra_admin_close(self->admin);
    if (self->loader != NULL)
        fulcra_host_loader_stop(self->loader);
    if (self->http_runs) {
        fulcra_websockets_stop(self->sockets);
        fulcra_http_server_stop(self->http);
    }
    if (self->admin != NULL)
        fulcra_admin_end_log(self->admin);
    fulcra_explorer_stop(self->explorer);
    if (self->admin != NULL)
        fulcra_admin_stop(self->admin);
    settle(self);
    for (unsigned i = 0; self->loops_run && i < self->loops->len; i++)
        fulcra_loop_stop(self->loops->pdata[i]);
}

void
fulcra_server_free(FulcraServer *self)
{
    if (self == NULL)
        return;
    stop(self);
    g_clear_pointer(&self->sockets, fulcra_websockets_free);
    g_clear_pointer(&self->http, fulcra_http_server_free);
    g_clear_pointer(&self->explorer, fulcra_explorer_free);
    g_clear_pointer(&self->loader, fulcra_host_loader_free);
    g_clear_pointer(&self->ticker, fulcra_ticker_free);
    g_clear_pointer(&self->admin, fulcra_admin_free);
    for (unsigned i = 0; i < self->loops->len; i++)
        fulcra_loop_free(self->loops->pdata[i]);
    g_ptr_array_unref(self->loops);
    fulcra_host_kernel_free(self->kernel);
    fulcra_traces_free(self->traces);
    g_ptr_array_unref(self->all_settings);
    g_free(self->handed_over);
    g_free(self);
}

size_t
fulcra_server_get_n_listeners(FulcraServer *self)
{
    return fulcra_http_server_get_n_listeners(self->http);
}

char *
fulcra_server_get_url(FulcraServer *self, size_t index)
{
    return fulcra_http_server_get_url(self->http, index);
}

void
fulcra_server_check_loops(FulcraServer *self)
{
    for (unsigned i = 0; i < self->loops->len; i++)
        fulcra_loop_call(self->loops->pdata[i], nothing, NULL);
}

size_t
fulcra_server_count_modules(FulcraServer *self)
{
    return fulcra_host_loader_count(self->loader);
}

size_t
fulcra_server_count_loops(FulcraServer *self)
{
    return self->loops->len;
}

char *
fulcra_server_get_explorer_url(FulcraServer *self)
{
    return self->explorer == NULL ? NULL
                                  : fulcra_explorer_get_url(self->explorer);
}

const char *
fulcra_server_get_admin_path(FulcraServer *self)
{
    return fulcra_admin_get_path(self->admin);
}

size_t
fulcra_server_get_n_monitors(FulcraServer *self)
{
    return fulcra_admin_get_n_monitors(self->admin);
}

char *
fulcra_server_get_monitor_url(FulcraServer *self, size_t index)
{
    return fulcra_admin_get_monitor_url(self->admin, index);
}
