/* SPDX-License-Identifier: MIT */

/*
 * template.c - the module to copy
 *
 * SOURCE res:/template/greet/{name} answers with a greeting, whose words are a
 * setting of the module.
 */

#include <fulcra/fulcra.h>

static FulcraRepresentation *
greet_source(FulcraRequest *request, GError **error)
{
    const char *name = fulcra_request_get_argument(request, "name");
    g_autoptr(FulcraRepresentation) greeting = fulcra_request_source(
            request, FULCRA_ID("setting:/greeting"), FULCRA_TYPE_TEXT, error);

    if (greeting == NULL)
        return NULL;
    return fulcra_representation_new_printf(FULCRA_TYPE_TEXT, "%s, %s!\n",
            fulcra_representation_get_text(greeting), name);
}

static const FulcraEndpointOps greet_ops = {
    .size = sizeof(FulcraEndpointOps),
    .source = greet_source,
};

static bool
template_load(FulcraModule *module, GError **error)
{
    return fulcra_module_add_endpoint(module, "greet", &greet_ops, NULL, error);
}

FULCRA_MODULE_DEFINE("template", template_load)
