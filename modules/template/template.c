/* SPDX-License-Identifier: MIT */

/*
 * template.c - one resource and one socket
 *
 * SOURCE res:/template/greet/{name} answers with a greeting, whose words are a
 * setting of the module. A socket on ws:/template/chat is answered each time
 * it says a name.
 */

#include <fulcra/fulcra.h>

static FulcraRepresentation *
make_greeting(FulcraRequest *request, const char *name, GError **error)
{
    g_autoptr(FulcraRepresentation) greeting = fulcra_request_source(
            request, FULCRA_ID("setting:/greeting"), FULCRA_TYPE_TEXT, error);

    if (greeting == NULL)
        return NULL;
    return fulcra_representation_new_printf(FULCRA_TYPE_TEXT, "%s, %s!\n",
            fulcra_representation_get_text(greeting), name);
}

/* --- the resource --- */

static FulcraRepresentation *
greet_source(FulcraRequest *request, GError **error)
{
    return make_greeting(
            request, fulcra_request_get_argument(request, "name"), error);
}

static const FulcraEndpointOps greet_ops = {
    .size = sizeof(FulcraEndpointOps),
    .source = greet_source,
};

/* --- the socket --- */

/* It opens, and later it has closed: nothing is kept for it. */
static FulcraRepresentation *
chat_accept(FulcraRequest *request, GError **error)
{
    return NULL;
}

/* A message: the primary argument. */
static FulcraRepresentation *
chat_sink(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRepresentation) name =
            fulcra_request_source_primary(request, FULCRA_TYPE_TEXT, error);
    g_autoptr(FulcraRepresentation) answer = NULL;

    if (name != NULL)
        answer = make_greeting(
                request, fulcra_representation_get_text(name), error);
    if (answer != NULL)
        fulcra_request_sink(
                request, FULCRA_ID("wsResponse:/message"), answer, error);
    return NULL;
}

static const FulcraEndpointOps chat_ops = {
    .size = sizeof(FulcraEndpointOps),
    .new_resource = chat_accept,
    .sink = chat_sink,
    .delete_resource = chat_accept,
};

static bool
template_load(FulcraModule *module, GError **error)
{
    return fulcra_module_add_endpoint(
                   module, "greet", &greet_ops, NULL, error) &&
           fulcra_module_add_endpoint(module, "chat", &chat_ops, NULL, error);
}

FULCRA_MODULE_DEFINE("template", template_load)
