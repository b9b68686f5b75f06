/* SPDX-License-Identifier: MIT */
/* hello - the smallest useful module: SOURCE res:/demo/hello/{name} */

#include <fulcra/fulcra.h>

static FulcraRepresentation *
hello_source(FulcraRequest *request, GError **error)
{
    const char *name = fulcra_request_get_argument(request, "name");

    return fulcra_representation_new_printf(
            FULCRA_TYPE_TEXT, "Hello, %s", name);
}

static const FulcraEndpointOps hello_ops = {
    .size = sizeof(FulcraEndpointOps),
    .source = hello_source,
};

static bool
hello_load(FulcraModule *module, GError **error)
{
    return fulcra_module_add_endpoint(module, "hello", &hello_ops, NULL, error);
}

FULCRA_MODULE_DEFINE("hello", hello_load)
