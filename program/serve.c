/* SPDX-License-Identifier: MIT */

/*
 * serve.c - fulcra serve: a server that runs until a signal says stop
 *
 * The main thread runs GLib's main loop for control work; requests are the
 * business of event loops and workers. While the server stops, the signals have
 * their default effect again, so a second one ends the program at once.
 */

#include "command.h"
#include "listen.h"
#include "reload.h"
#include "server.h"
#include "service.h"
#include "setup.h"
#include <fulcra/error.h>
#include <fulcra/log.h>
#include <fulcra/version.h>

#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* On standard output alone: logs are read by others. */
static void
announce_explorer(FulcraServer *server)
{
    g_autofree char *url = fulcra_server_get_explorer_url(server);

    if (url != NULL)
        printf("explorer on %s\n", url);
}

static void
announce(FulcraServer *server)
{
    for (size_t i = 0; i < fulcra_server_get_n_listeners(server); i++) {
        g_autofree char *url = fulcra_server_get_url(server, i);

        printf("listening on %s\n", url);
    }
    for (size_t i = 0; i < fulcra_server_get_n_monitors(server); i++) {
        g_autofree char *url = fulcra_server_get_monitor_url(server, i);

        printf("monitor on %s\n", url);
    }
    announce_explorer(server);
    fflush(stdout);
}

static void
warn_of_public_playground(const FulcraSettings *settings)
{
    const char *const *texts =
            fulcra_settings_get_list(settings, FULCRA_SETTING_LISTEN);

    for (; *texts != NULL; texts++)
        if (!fulcra_listen_is_loopback(*texts))
            fulcra_log_warning(NULL,
                    "a playground on %s: whoever reaches it is shown what "
                    "went wrong inside",
                    *texts);
}

static void
log_start(const FulcraSettings *settings, FulcraServer *server,
        uint64_t descriptors)
{
    const char *admin = fulcra_server_get_admin_path(server);

    fulcra_log_info(NULL,
            "fulcra %s: %zu modules, %zu loops, %" G_GUINT64_FORMAT
            " descriptors at most",
            fulcra_version(), fulcra_server_count_modules(server),
            fulcra_server_count_loops(server), descriptors);
    if (admin != NULL)
        fulcra_log_info(NULL, "admin plane at %s", admin);
    if (fulcra_server_count_modules(server) == 0)
        fulcra_log_warning(NULL,
                "no modules, so nothing to serve: --modules DIR or "
                "--playground would be right");
    if (fulcra_settings_get_bool(settings, FULCRA_SETTING_PLAYGROUND))
        warn_of_public_playground(settings);
}

/* --- signals --- */

typedef struct {
    FulcraControl *control;
    FulcraServer *server;
    const char *stopped_by; /* (nullable): the name of a signal */
} Signals;

static gboolean
on_sigterm(gpointer data)
{
    Signals *self = data;

    self->stopped_by = "SIGTERM";
    fulcra_control_quit(self->control);
    return G_SOURCE_REMOVE;
}

static gboolean
on_sigint(gpointer data)
{
    Signals *self = data;

    self->stopped_by = "SIGINT";
    fulcra_control_quit(self->control);
    return G_SOURCE_REMOVE;
}

static gboolean
on_sighup(gpointer data)
{
    Signals *self = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraReload) report = fulcra_server_reload(self->server, &error);

    if (report == NULL) {
        fulcra_log_error(
                NULL, "SIGHUP: nothing has changed: %s", error->message);
        return G_SOURCE_CONTINUE;
    }
    g_autofree char *text = fulcra_reload_describe(report);
    fulcra_log_info(NULL, "SIGHUP: %s", text);
    return G_SOURCE_CONTINUE;
}

/* A loop that hangs keeps this from coming back, and the manager waits in
 * vain. */
static gboolean
on_watchdog(gpointer data)
{
    fulcra_server_check_loops(data);
    fulcra_service_say_alive();
    return G_SOURCE_CONTINUE;
}

static void
start_watchdog(FulcraServer *server, unsigned *source)
{
    unsigned period_ms = fulcra_service_get_watchdog_ms();

    *source =
            period_ms != 0 ? g_timeout_add(period_ms, on_watchdog, server) : 0;
}

static void
let_pass(int number)
{
    (void)number;
}

/* While the server stops, a second signal ends the program at once; where none
 * has stopped it, as after a drain, the first one is let pass. */
static void
restore_signals(const Signals *self, unsigned sigterm, unsigned sigint)
{
    const struct sigaction once = { .sa_handler = let_pass,
        .sa_flags = (int)(SA_RESETHAND | SA_RESTART) };
    const struct sigaction now = { .sa_handler = SIG_DFL };

    if (g_strcmp0(self->stopped_by, "SIGTERM") != 0)
        g_source_remove(sigterm);
    if (g_strcmp0(self->stopped_by, "SIGINT") != 0)
        g_source_remove(sigint);
    sigaction(SIGTERM, self->stopped_by != NULL ? &now : &once, NULL);
    sigaction(SIGINT, self->stopped_by != NULL ? &now : &once, NULL);
}

/* Says where it listens, then waits until it is to stop. */
static void
run(FulcraServer *server, FulcraControl *control)
{
    Signals signals = { control, server, NULL };
    unsigned sigterm = g_unix_signal_add(SIGTERM, on_sigterm, &signals);
    unsigned sigint = g_unix_signal_add(SIGINT, on_sigint, &signals);
    unsigned sighup = g_unix_signal_add(SIGHUP, on_sighup, &signals);
    unsigned watchdog;

    start_watchdog(server, &watchdog);
    announce(server);
    fulcra_service_say_ready();
    fulcra_control_run(control);
    fulcra_service_say_stopping();
    fulcra_log_info(NULL, "%s%sstopping",
            signals.stopped_by ? signals.stopped_by : "",
            signals.stopped_by ? ": " : "");
    if (watchdog != 0)
        g_source_remove(watchdog);
    g_source_remove(sighup);
    signal(SIGHUP, SIG_IGN);
    restore_signals(&signals, sigterm, sigint);
}

/* --- the command --- */

static FulcraSettings *
load_again(void *options, GError **error)
{
    return fulcra_options_load_settings(options, error);
}

static int
serve_within(const FulcraSettings *settings, FulcraOptions *options)
{
    g_autoptr(GError) error = NULL;
    uint64_t descriptors = fulcra_setup_descriptors();
    g_autoptr(FulcraControl) control = fulcra_control_new();
    FulcraServer *server =
            fulcra_server_new(settings, load_again, options, control, &error);

    if (server == NULL) {
        fulcra_complain("%s", error->message);
        return FULCRA_EXIT_FAILED;
    }
    log_start(settings, server, descriptors);
    run(server, control);
    fulcra_server_free(server);
    fulcra_log_info(NULL, "stopped");
    return FULCRA_EXIT_FINE;
}

static int
serve(FulcraOptions *options)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraSettings) settings =
            fulcra_options_load_settings(options, &error);

    if (settings == NULL) {
        fulcra_complain("%s", error->message);
        return FULCRA_EXIT_FAILED;
    }
    fulcra_setup_log(settings);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a write that is too large fails */
    return serve_within(settings, options);
}

const FulcraCommand fulcra_command_serve = {
    .name = "serve",
    .settings = FULCRA_FOR_SERVE,
    .summary = "Serve modules by HTTP and WebSocket.",
    .text = "Once it serves, standard output says where; logs go to standard "
            "error. SIGTERM\nand SIGINT stop it: sockets are closed with 1001 "
            "and told to their modules; a\nsecond signal ends it at once. "
            "SIGHUP reads the configuration again.",
    .run = serve,
};
