/* SPDX-License-Identifier: MIT */
/* reader - reads files on behalf of whoever asks */
#include <fulcra/fulcra.h>

/* SOURCE res:/read/{name}: what is in res:/f/{name}, in capitals */
static FulcraRepresentation *
reader_source(FulcraRequest *request, GError **error)
{
    FulcraSlot slot = fulcra_slot_text(
            "name", fulcra_request_get_argument(request, "name"));
    g_autoptr(FulcraIdentifier) file = fulcra_identifier_build(
            FULCRA_GRAMMAR("res:/f/{name}"), &slot, 1, error);
    g_autoptr(FulcraRepresentation) text =
            file != NULL ? fulcra_request_source(request, file, NULL, error)
                         : NULL;

    if (text == NULL)
        return NULL;
    g_autofree char *loud =
            g_ascii_strup(fulcra_representation_get_text(text), -1);
    return fulcra_representation_new_text(loud);
}

static const FulcraEndpointOps reader_ops = {
    .size = sizeof(FulcraEndpointOps),
    .source = reader_source,
};

static bool
reader_load(FulcraModule *module, GError **error)
{
    return fulcra_module_add_endpoint(
            module, "reader", &reader_ops, NULL, error);
}

FULCRA_MODULE_DEFINE("reader", reader_load)
