/* SPDX-License-Identifier: MIT */

/*
 * monitor.c - /metrics and /health, for monitoring systems and balancers
 *
 * Answered at once by the loop that asks: whether the server lives must not
 * depend on how long a module takes to start.
 */

#include "admin_private.h"

#include <fulcra-host/stats.h>
#include <fulcra/version.h>

/* Prometheus' text format. */
#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* --- metrics --- */

static void
append_metric(GString *text, const char *name, const char *kind,
        const char *help, int64_t value)
{
    g_string_append_printf(text,
            "# HELP fulcra_%s %s\n# TYPE fulcra_%s %s\nfulcra_%s "
            "%" G_GINT64_FORMAT "\n",
            name, help, name, kind, name, value);
}

static void
append_stats(GString *text)
{
    for (unsigned i = 0; i < FULCRA_N_STATS; i++) {
        FulcraStat stat = (FulcraStat)i;
        bool gauge = fulcra_host_stats_is_gauge(stat);
        g_autofree char *name = g_strconcat(
                fulcra_host_stats_name(stat), gauge ? NULL : "_total", NULL);

        append_metric(text, name, gauge ? "gauge" : "counter",
                fulcra_host_stats_help(stat), fulcra_host_stats_get(stat));
    }
}

static bool
is_ready(FulcraServer *server)
{
    return atomic_load(&server->state) == FULCRA_SERVER_READY;
}

static FulcraRepresentation *
metrics(FulcraRequest *request, GError **error)
{
    FulcraServer *server = fulcra_request_get_data(request);
    g_autoptr(GString) text = g_string_new(NULL);

    g_string_append_printf(text,
            "# HELP fulcra_build_info the version that runs\n"
            "# TYPE fulcra_build_info gauge\n"
            "fulcra_build_info{version=\"%s\"} 1\n",
            fulcra_version());
    append_metric(text, "start_time_seconds", "gauge",
            "when it was started, since 1970",
            server->started_us / G_USEC_PER_SEC);
    append_metric(text, "ready", "gauge", "whether it takes new clients",
            is_ready(server));
    append_metric(text, "space_generation", "gauge",
            "how often spaces were published",
            (int64_t)fulcra_host_kernel_get_generation(server->kernel));
    append_stats(text);
    FulcraRepresentation *answer = fulcra_representation_with_header(
            fulcra_representation_new_text(text->str),
            "httpResponse:/header/Content-Type", METRICS_TYPE);
    return fulcra_representation_with_expiry(answer, FULCRA_EXPIRY_ALWAYS, 0);
}

/* --- health --- */

static FulcraRepresentation *
say(const char *text, const char *status)
{
    FulcraRepresentation *answer = fulcra_representation_with_header(
            fulcra_representation_new_text(text), "httpResponse:/code", status);

    return fulcra_representation_with_expiry(answer, FULCRA_EXPIRY_ALWAYS, 0);
}

static FulcraRepresentation *
live(FulcraRequest *request, GError **error)
{
    return say("live\n", "200");
}

static FulcraRepresentation *
ready(FulcraRequest *request, GError **error)
{
    FulcraServer *server = fulcra_request_get_data(request);

    switch (atomic_load(&server->state)) {
    case FULCRA_SERVER_READY:
        return say("ready\n", "200");
    case FULCRA_SERVER_STARTS:
        return say("starting\n", "503");
    case FULCRA_SERVER_DRAINS:
        return say("draining\n", "503");
    case FULCRA_SERVER_STOPS:
        break;
    }
    return say("stopping\n", "503");
}

/* --- binding --- */

static const struct {
    const char *path;
    FulcraEndpointOps ops;
} resources[] = {
#define OPS(function)                                                          \
    {                                                                          \
        .size = sizeof(FulcraEndpointOps), .run = FULCRA_RUN_INLINE,           \
        .source = function                                                     \
    }
    { "/metrics", OPS(metrics) },
    { "/health/live", OPS(live) },
    { "/health/ready", OPS(ready) },
#undef OPS
};

void
fulcra_admin_bind_monitor(
        FulcraSpace *space, const char *scheme, FulcraServer *server)
{
    for (size_t i = 0; i < G_N_ELEMENTS(resources); i++) {
        g_autofree char *grammar =
                g_strconcat(scheme, ":", resources[i].path, NULL);
        g_autoptr(GError) error = NULL;
        g_autoptr(FulcraEndpoint) endpoint = fulcra_host_endpoint_new(
                resources[i].path + 1, &resources[i].ops, server, NULL);

        if (!fulcra_host_space_bind(space, grammar, FULCRA_VERBS_ALL,
                    FULCRA_ENTRY_PUBLIC, endpoint, &error))
            g_error("%s", error->message);
    }
}
