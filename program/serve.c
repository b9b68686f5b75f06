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
#include "server.h"
#include "setup.h"
#include <fulcra/error.h>
#include <fulcra/log.h>
#include <fulcra/version.h>

#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static void
announce_monitors(const FulcraSettings *settings, FulcraServer *server)
{
    const char *const *texts =
            fulcra_settings_get_list(settings, FULCRA_SETTING_MONITOR);

    for (size_t i = 0; i < fulcra_server_get_n_monitors(server); i++)
        printf("monitor on http://%.*s:%u\n",
                (int)(strrchr(texts[i], ':') - texts[i]), texts[i],
                fulcra_server_get_monitor_port(server, i));
}

static void
announce(const FulcraSettings *settings, FulcraServer *server)
{
    const char *const *texts =
            fulcra_settings_get_list(settings, FULCRA_SETTING_LISTEN);

    for (size_t i = 0; texts[i] != NULL; i++)
        printf("listening on http://%.*s:%u\n",
                (int)(strrchr(texts[i], ':') - texts[i]), texts[i],
                fulcra_server_get_port(server, i));
    announce_monitors(settings, server);
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

typedef struct {
    FulcraControl *control;
    const char *signal;
} Signals;

static gboolean
on_sigterm(gpointer data)
{
    Signals *self = data;

    self->signal = "SIGTERM";
    fulcra_control_quit(self->control);
    return G_SOURCE_REMOVE;
}

static gboolean
on_sigint(gpointer data)
{
    Signals *self = data;

    self->signal = "SIGINT";
    fulcra_control_quit(self->control);
    return G_SOURCE_REMOVE;
}

/* Says where it listens, then waits until a signal says stop. */
static void
run(const FulcraSettings *settings, FulcraServer *server,
        FulcraControl *control)
{
    Signals signals = { control, NULL };
    unsigned sigterm = g_unix_signal_add(SIGTERM, on_sigterm, &signals);
    unsigned sigint = g_unix_signal_add(SIGINT, on_sigint, &signals);

    announce(settings, server);
    fulcra_control_run(control);
    fulcra_log_info(NULL, "%s%sstopping", signals.signal ? signals.signal : "",
            signals.signal ? ": " : "");
    if (g_strcmp0(signals.signal, "SIGTERM") != 0)
        g_source_remove(sigterm);
    if (g_strcmp0(signals.signal, "SIGINT") != 0)
        g_source_remove(sigint);
    signal(SIGTERM, SIG_DFL);
    signal(SIGINT, SIG_DFL);
}

static int
serve_within(const FulcraSettings *settings)
{
    g_autoptr(GError) error = NULL;
    uint64_t descriptors = fulcra_setup_descriptors();
    g_autoptr(FulcraControl) control = fulcra_control_new();
    FulcraServer *server = fulcra_server_new(settings, control, &error);

    if (server == NULL) {
        fulcra_complain("%s", error->message);
        return FULCRA_EXIT_FAILED;
    }
    log_start(settings, server, descriptors);
    run(settings, server, control);
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
    return serve_within(settings);
}

const FulcraCommand fulcra_command_serve = {
    .name = "serve",
    .settings = FULCRA_FOR_SERVE,
    .summary = "Serve modules by HTTP and WebSocket.",
    .text = "Once it serves, standard output says where; logs go to standard "
            "error. SIGTERM\nand SIGINT stop it: sockets are closed with 1001 "
            "and told to their modules; a\nsecond signal ends it at once.",
    .run = serve,
};
