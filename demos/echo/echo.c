/* SPDX-License-Identifier: MIT */
/*
 * echo - every message comes back as it was, text as text, binary as binary
 *
 * INLINE: nothing here blocks, so it runs on the event loop that read the
 * message. The primary argument is sent back as it is: shared, not copied.
 */

#include <fulcra/fulcra.h>

/* A socket opens, and later it has closed. No answer means: fine. */
static FulcraRepresentation *
echo_accept(FulcraRequest *request, GError **error)
{
    return NULL;
}

/* A message arrives. */
static FulcraRepresentation *
echo_sink(FulcraRequest *request, GError **error)
{
    fulcra_request_sink(request, FULCRA_ID("wsResponse:/message"),
            fulcra_request_get_primary(request), error);
    return NULL;
}

static const FulcraEndpointOps echo_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .new_resource = echo_accept,
    .sink = echo_sink,
    .delete_resource = echo_accept,
};

static bool
echo_load(FulcraModule *module, GError **error)
{
    return fulcra_module_add_endpoint(module, "echo", &echo_ops, NULL, error);
}

FULCRA_MODULE_DEFINE("echo", echo_load)
