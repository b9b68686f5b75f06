/* SPDX-License-Identifier: MIT */
/* forms - what httpRequest:/ says, shown to whoever asks */
#include <fulcra/fulcra.h>

static FulcraIdentifier *
asked_for(FulcraRequest *request, GError **error)
{
    FulcraSlot slot = fulcra_slot_text(
            "what", fulcra_request_get_argument(request, "what"));

    return fulcra_identifier_build(
            FULCRA_GRAMMAR("httpRequest:/{what*}"), &slot, 1, error);
}

static FulcraRepresentation *
about_source(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraIdentifier) identifier = asked_for(request, error);

    return identifier != NULL
                   ? fulcra_request_source(request, identifier, NULL, error)
                   : NULL;
}

/* Deferred: the answer comes when the inner request has its own. */
static void
answered(FulcraRequest *request, FulcraRepresentation *answer,
        const GError *error, void *outer)
{
    if (answer != NULL)
        fulcra_request_respond(outer, fulcra_representation_ref(answer));
    else
        fulcra_request_fail(outer, g_error_copy(error));
}

static FulcraRepresentation *
later_source(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraIdentifier) identifier = asked_for(request, error);

    if (identifier == NULL)
        return NULL;
    g_autoptr(FulcraRequest) inner =
            fulcra_request_new(request, FULCRA_VERB_SOURCE, identifier);
    FulcraRepresentation *deferred = fulcra_request_defer(request);
    fulcra_request_issue_async(inner, answered, request);
    return deferred;
}

static FulcraRepresentation *
filename_source(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRepresentation) file = about_source(request, error);

    return file != NULL
                   ? fulcra_representation_new_text(
                             fulcra_representation_get_header(file, "filename"))
                   : NULL;
}

static FulcraRepresentation *
socket_new(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRepresentation) answer = about_source(request, error);

    if (answer != NULL)
        fulcra_request_sink(
                request, FULCRA_ID("wsResponse:/message"), answer, error);
    return NULL;
}

static const FulcraEndpointOps about_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_CONCURRENT,
    .source = about_source,
};

static const FulcraEndpointOps later_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_CONCURRENT,
    .source = later_source,
};

static const FulcraEndpointOps filename_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = filename_source,
};

static const FulcraEndpointOps socket_ops = {
    .size = sizeof(FulcraEndpointOps),
    .new_resource = socket_new,
};

static bool
forms_load(FulcraModule *module, GError **error)
{
    return fulcra_module_add_endpoint(
                   module, "about", &about_ops, NULL, error) &&
           fulcra_module_add_endpoint(
                   module, "later", &later_ops, NULL, error) &&
           fulcra_module_add_endpoint(
                   module, "filename", &filename_ops, NULL, error) &&
           fulcra_module_add_endpoint(
                   module, "socket", &socket_ops, NULL, error);
}

FULCRA_MODULE_DEFINE("forms", forms_load)
