/* SPDX-License-Identifier: MIT */

/*
 * exception.c - an overlay that answers in place of errors: error pages
 *
 * Which error leads to which request is a table by the error's code, made when
 * the definition is read.
 */

#include "spaces/error_handler.h"
#include "spaces/kinds.h"
#include <fulcra/fulcra.h>

typedef struct {
    FulcraDeclaredRequest *handlers[FULCRA_N_ERRORS]; /* (nullable) */
    FulcraDeclaredRequest *fallback;                  /* (nullable) */
} Errors;

static void
errors_free(void *data)
{
    Errors *self = data;

    for (int i = 0; i < FULCRA_N_ERRORS; i++)
        fulcra_host_declared_request_free(self->handlers[i]);
    fulcra_host_declared_request_free(self->fallback);
    g_free(self);
}

static const FulcraDeclaredRequest *
find_handler(const Errors *self, const GError *error)
{
    const FulcraDeclaredRequest *handler =
            error->domain == FULCRA_ERROR && error->code >= 0 &&
                            error->code < FULCRA_N_ERRORS
                    ? self->handlers[error->code]
                    : NULL;

    return handler != NULL ? handler : self->fallback;
}

static void
answered(FulcraRequest *inner, FulcraRepresentation *answer,
        const GError *error, void *user_data)
{
    FulcraRequest *request = user_data;
    const FulcraDeclaredRequest *handler;

    (void)inner;
    if (error == NULL) {
        fulcra_request_respond(request, fulcra_representation_ref(answer));
        return;
    }
    handler = find_handler(fulcra_request_get_data(request), error);
    if (handler != NULL)
        fulcra__handle_error(request, handler, error);
    else
        fulcra_request_fail(request, g_error_copy(error));
}

static FulcraRepresentation *
errors_overlay(FulcraRequest *request, GError **error)
{
    FulcraRepresentation *deferred = fulcra_request_defer(request);
    g_autoptr(FulcraRequest) inner = fulcra_request_forward(request);

    (void)error;
    fulcra_request_issue_async(inner, answered, request);
    return deferred;
}

static const FulcraEndpointOps errors_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .overlay = errors_overlay,
    .destroy = errors_free,
};

/* --- building one from a definition --- */

static const FulcraSchemaKey errors_keys[] = {
#define X(enumerator, id)                                                      \
    { id, FULCRA_SCHEMA_TEXT_OR_OBJECT,                                        \
        .of = &fulcra_host_declared_request_schema,                            \
        .help = "answers in place of this error" },
    FULCRA_ERROR_TABLE(X)
#undef X
            { "default", FULCRA_SCHEMA_TEXT_OR_OBJECT,
                    .of = &fulcra_host_declared_request_schema,
                    .help = "in place of those that have none of their own" },
    { "space", FULCRA_SCHEMA_ENTRIES, .required = true,
            .help = "the entries that it stands in front of" },
    { NULL },
};

static const FulcraSchema errors_schema = { "errors overlay", errors_keys, NULL,
    "Answers in place of errors. The requests are given {id}, {message}, "
    "{stack}, {identifier} and {verb}; the status stays that of the error, "
    "unless their answer has a `httpResponse:/code`." };

static FulcraDeclaredRequest *
parse(FulcraEntry *entry, const char *key)
{
    JsonNode *node = json_object_get_member(entry->definition, key);

    return node != NULL ? fulcra_host_declared_request_new_from_json(
                                  entry, node, &fulcra__error_names)
                        : NULL;
}

static void *
errors_build(FulcraEntry *entry)
{
    Errors *self = g_new0(Errors, 1);
    g_autoptr(FulcraEndpoint) endpoint =
            fulcra_host_endpoint_new("errors", &errors_ops, self, NULL);

    for (int i = 0; i < FULCRA_N_ERRORS; i++)
        self->handlers[i] = parse(entry, fulcra_error_id((FulcraErrorCode)i));
    self->fallback = parse(entry, "default");
    fulcra_host_entry_add_overlay(entry, endpoint,
            json_object_get_member(entry->definition, "space"));
    return NULL;
}

const FulcraKind fulcra_kind_errors = {
    .size = sizeof(FulcraKind),
    .name = "errors",
    .schema = &errors_schema,
    .help = "an overlay that answers in place of errors",
    .build = errors_build,
};
