/* SPDX-License-Identifier: MIT */
/* hosted - uses a symbol of the host: loaded only where it is trusted */
#include <fulcra/fulcra.h>

int64_t fulcra_host_stats_get(int stat);

static FulcraRepresentation *
hosted_source(FulcraRequest *request, GError **error)
{
    return fulcra_representation_new_int(fulcra_host_stats_get(0));
}

static const FulcraEndpointOps hosted_ops = {
    .size = sizeof(FulcraEndpointOps),
    .source = hosted_source,
};

static bool
hosted_load(FulcraModule *module, GError **error)
{
    return fulcra_module_add_endpoint(
            module, "hosted", &hosted_ops, NULL, error);
}

FULCRA_MODULE_DEFINE("hosted", hosted_load)
