/* SPDX-License-Identifier: MIT */
/* failing - adds an endpoint, then fails to load */
#include <fulcra/fulcra.h>

static FulcraRepresentation *
failing_source(FulcraRequest *request, GError **error)
{
    return NULL;
}

static const FulcraEndpointOps failing_ops = {
    .size = sizeof(FulcraEndpointOps),
    .source = failing_source,
    .destroy = g_free,
};

static bool
failing_load(FulcraModule *module, GError **error)
{
    if (!fulcra_module_add_endpoint(
                module, "a", &failing_ops, g_strdup("data"), error))
        return false;
    return fulcra_module_add_endpoint(module, "a", &failing_ops, NULL, error);
}

FULCRA_MODULE_DEFINE("failing", failing_load)
