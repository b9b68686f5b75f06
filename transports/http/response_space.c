/* SPDX-License-Identifier: MIT */

/*
 * response_space.c - httpResponse:/, how endpoints shape an HTTP response
 *
 * SINK httpResponse:/code, header/NAME, cookie, redirect, body; SOURCE
 * httpResponse:/code. Stateless and FULCRA_RUN_INLINE, on any thread:
 * FulcraHttpReply has the lock.
 */

#include "http/exchange_private.h"

#include <fulcra-host/request.h>
#include <fulcra-host/space.h>
#include <fulcra/error.h>
#include <json-glib/json-glib.h>
#include <string.h>

static FulcraHttpReply *
reply_of(FulcraRequest *request)
{
    return &fulcra__http_exchange_of_layer(
            fulcra_host_request_get_layer(request))
                    ->reply;
}

/* The primary as text without a NUL of its own. (transfer full) */
static FulcraRepresentation *
primary_text(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRepresentation) primary =
            fulcra_request_source_primary(request, FULCRA_TYPE_TEXT, error);
    size_t length;

    if (primary == NULL)
        return NULL;
    const char *text = fulcra_representation_get_bytes(primary, &length);
    if (text != NULL && strlen(text) == length)
        return g_steal_pointer(&primary);
    g_set_error_literal(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
            "HTTP response: the value is not a text, or has a NUL in it");
    return NULL;
}

static FulcraRepresentation *
code_sink(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRepresentation) text = primary_text(request, error);

    if (text != NULL)
        fulcra__http_reply_set_code(
                reply_of(request), fulcra_representation_get_text(text), error);
    return NULL;
}

/* What was stated so far; what the answer itself states comes on top of it. */
static FulcraRepresentation *
code_source(FulcraRequest *request, GError **error)
{
    FulcraHttpReply *reply = reply_of(request);

    pthread_mutex_lock(&reply->lock);
    unsigned status = reply->status;
    pthread_mutex_unlock(&reply->lock);
    if (status != 0)
        return fulcra_representation_new_int(status);
    g_set_error_literal(error, FULCRA_ERROR, FULCRA_ERROR_NOT_FOUND,
            "HTTP response: no code was stated");
    return NULL;
}

static FulcraRepresentation *
header_sink(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRepresentation) text = primary_text(request, error);

    if (text != NULL)
        fulcra__http_reply_set_header(reply_of(request),
                fulcra_request_get_argument(request, "name"),
                fulcra_representation_get_text(text), error);
    return NULL;
}

static FulcraRepresentation *
redirect_sink(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRepresentation) text = primary_text(request, error);

    if (text != NULL)
        fulcra__http_reply_redirect(
                reply_of(request), fulcra_representation_get_text(text), error);
    return NULL;
}

static FulcraRepresentation *
cookie_sink(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRepresentation) text = primary_text(request, error);

    if (text != NULL)
        fulcra__http_reply_add_cookie(
                reply_of(request), fulcra_representation_get_text(text), error);
    return NULL;
}

static FulcraRepresentation *
body_sink(FulcraRequest *request, GError **error)
{
    FulcraRepresentation *primary = fulcra_request_get_primary(request);

    if (primary == NULL)
        g_set_error_literal(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "HTTP response: a body is needed as the primary argument");
    else
        fulcra__http_reply_set_body(reply_of(request), primary, error);
    return NULL;
}

/* X(grammar, function, source) */
#define RESPONSE_TABLE(X)                                                      \
    X("httpResponse:/code", code, code_source)                                 \
    X("httpResponse:/header/{name}", header, NULL)                             \
    X("httpResponse:/cookie", cookie, NULL)                                    \
    X("httpResponse:/redirect", redirect, NULL)                                \
    X("httpResponse:/body", body, NULL)

#define X(grammar, function, answers)                                          \
    static const FulcraEndpointOps function##_ops = {                          \
        .size = sizeof(FulcraEndpointOps),                                     \
        .run = FULCRA_RUN_INLINE,                                              \
        .source = answers,                                                     \
        .sink = function##_sink,                                               \
    };
RESPONSE_TABLE(X)
#undef X

static FulcraSpace *space;

static void
space_build(void)
{
    space = fulcra_host_space_new("urn:fulcra:http:response");
#define X(grammar, function, answers)                                          \
    fulcra__http_bind(space, grammar, &function##_ops);
    RESPONSE_TABLE(X)
#undef X
    fulcra_host_space_seal(space);
}

FulcraSpace *
fulcra__http_response_space(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, space_build);
    return space;
}

/* --- httpAnswer:/ --- */

static FulcraRepresentation *
unsent_source(FulcraRequest *request, GError **error)
{
    FulcraHttpExchange *exchange = fulcra__http_exchange_of_layer(
            fulcra_host_request_get_layer(request));

    pthread_mutex_lock(&exchange->reply.lock);
    FulcraRepresentation *unsent =
            exchange->unsent == NULL
                    ? NULL
                    : fulcra_representation_ref(exchange->unsent);
    pthread_mutex_unlock(&exchange->reply.lock);
    if (unsent == NULL)
        g_set_error_literal(error, FULCRA_ERROR, FULCRA_ERROR_NOT_FOUND,
                "there is no answer to convert");
    return unsent;
}

static const FulcraEndpointOps unsent_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = unsent_source,
};

static FulcraSpace *answer_space;

static void
answer_space_build(void)
{
    answer_space = fulcra_host_space_new("urn:fulcra:http:answer");
    fulcra__http_bind(answer_space, "httpAnswer:/", &unsent_ops);
    fulcra_host_space_seal(answer_space);
}

FulcraSpace *
fulcra__http_answer_space(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, answer_space_build);
    return answer_space;
}

void
fulcra__http_bind(
        FulcraSpace *into, const char *grammar, const FulcraEndpointOps *ops)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraEndpoint) endpoint =
            fulcra_host_endpoint_new(grammar, ops, NULL, NULL);

    if (!fulcra_host_space_bind(into, grammar, FULCRA_VERBS_ALL,
                FULCRA_ENTRY_PUBLIC, endpoint, &error))
        g_error("%s: %s", grammar, error->message);
}
