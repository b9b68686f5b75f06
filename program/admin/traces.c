/* SPDX-License-Identifier: MIT */

/* traces.c - which requests are traced, and what they did */

#include "admin_private.h"

#define LIMIT_DEFAULT 100
#define LIMIT_MOST    10000

static FulcraTraces *
call_traces(FulcraAdminCall *call)
{
    return fulcra_admin_call_get_admin(call)->server->traces;
}

static void
respond(FulcraAdminCall *call, uint64_t after, unsigned limit)
{
    JsonBuilder *builder = fulcra_admin_builder_new();

    fulcra_traces_build(call_traces(call), after, limit, builder);
    fulcra_admin_call_respond(call, builder);
}

void
fulcra_admin_traces(FulcraAdminCall *call)
{
    int64_t after, limit;

    if (fulcra_admin_call_get_number(call, "after", 0, INT64_MAX, &after) &&
            fulcra_admin_call_get_number(
                    call, "limit", LIMIT_DEFAULT, LIMIT_MOST, &limit))
        respond(call, (uint64_t)after, (unsigned)limit);
}

void
fulcra_admin_trace(FulcraAdminCall *call)
{
    FulcraTraceFilter filter = {
        .identifier = fulcra_admin_call_get(call, "identifier"),
        .pattern = fulcra_admin_call_get(call, "match"),
        .socket = fulcra_admin_call_get(call, "socket"),
        .failed = fulcra_admin_call_get_bool(call, "failed"),
    };
    GError *error = NULL;

    if (fulcra_traces_start(call_traces(call), &filter, &error))
        respond(call, 0, 0);
    else
        fulcra_admin_call_fail(call, error);
}

void
fulcra_admin_stop_tracing(FulcraAdminCall *call)
{
    fulcra_traces_stop(call_traces(call));
    if (fulcra_admin_call_get_bool(call, "forget"))
        fulcra_traces_clear(call_traces(call));
    respond(call, 0, 0);
}
