/* SPDX-License-Identifier: MIT */

/*
 * step.c - the steps of a resolution as lines for people to read
 */

#include "private/step.h"

#include <string.h>

#define MAX_TRACE (64 * 1024) /* bytes */

static const char *const names[FULCRA_N_STEPS] = {
    [FULCRA_STEP_SPACE] = "space",
    [FULCRA_STEP_CONTEXT] = "context",
    [FULCRA_STEP_IMPORT] = "import",
    [FULCRA_STEP_OVERLAY] = "overlay",
    [FULCRA_STEP_LIMITER] = "limiter",
    [FULCRA_STEP_ENDPOINT] = "endpoint",
};

const char *
fulcra_host_step_kind_to_string(FulcraStepKind kind)
{
    g_return_val_if_fail(kind < FULCRA_N_STEPS, NULL);
    return names[kind];
}

static void
append_what(GString *trace, const FulcraStep *step)
{
    if (g_strcmp0(step->reason, "private") == 0) {
        g_string_append(trace, step->name);
        return;
    }
    switch (step->kind) {
    case FULCRA_STEP_CONTEXT:
        g_string_append_printf(
                trace, "context %s answers for %s:", step->name, step->detail);
        break;
    case FULCRA_STEP_LIMITER:
    case FULCRA_STEP_ENDPOINT:
        g_string_append_printf(trace, "%s (%s)", step->name, step->detail);
        break;
    default:
        g_string_append_printf(trace, "%s %s", names[step->kind], step->name);
        if (step->kind == FULCRA_STEP_OVERLAY && step->reason == NULL)
            g_string_append_printf(trace, ": space %s", step->detail);
    }
}

void
fulcra__step_trace(const FulcraStep *step, void *trace)
{
    GString *text = trace;
    bool place = step->kind == FULCRA_STEP_SPACE ||
                 step->kind == FULCRA_STEP_CONTEXT;

    if (text->len > MAX_TRACE)
        return;
    if (text->len > 0)
        g_string_append_c(text, '\n');
    for (unsigned i = 0; !place && i <= step->depth; i++)
        g_string_append(text, "  ");
    append_what(text, step);
    if (step->reason != NULL)
        g_string_append_printf(text, ": %s", step->reason);
}
