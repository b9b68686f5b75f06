/* SPDX-License-Identifier: MIT */

/*
 * request_space.c - httpRequest:/, what is known of an HTTP request
 *
 * One static space for all: its endpoints are FULCRA_RUN_INLINE, hold no state
 * and find the head they speak for in the layer of the request. All that they
 * answer is marked as from outside.
 */

#include "http/exchange_private.h"
#include "http/forms.h"
#include "http/head_private.h"

#include <fulcra-host/request.h>
#include <fulcra-host/space.h>
#include <fulcra/error.h>
#include <fulcra/representation.h>
#include <string.h>

static FulcraRepresentation *
outside(FulcraRepresentation *representation)
{
    return fulcra_host_representation_from_outside(representation);
}

/* Header values may be any bytes; text is UTF-8. */
static FulcraRepresentation *
text_answer(const char *text)
{
    g_autofree char *valid = NULL;

    if (!g_utf8_validate(text, -1, NULL))
        text = valid = g_utf8_make_valid(text, -1);
    return outside(fulcra_representation_new_text(text));
}

static FulcraRepresentation *
json_answer(JsonNode *node)
{
    return node == NULL ? NULL : outside(fulcra_representation_new_json(node));
}

static FulcraRepresentation *
none(GError **error, const char *kind, const char *name)
{
    g_autofree char *valid = g_utf8_make_valid(name, -1);

    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_NOT_FOUND,
            "the HTTP request has no %s%s%s", kind, *valid != '\0' ? " " : "",
            valid);
    return NULL;
}

/* --- the request line, and where it came from --- */

static FulcraRepresentation *
method_source(FulcraRequest *request, GError **error)
{
    return text_answer(
            fulcra_http_head_get_method(fulcra__http_head_of_request(request)));
}

static FulcraRepresentation *
path_source(FulcraRequest *request, GError **error)
{
    return text_answer(
            fulcra_http_head_get_path(fulcra__http_head_of_request(request)));
}

static FulcraRepresentation *
query_source(FulcraRequest *request, GError **error)
{
    return text_answer(
            fulcra_http_head_get_query(fulcra__http_head_of_request(request)));
}

static FulcraRepresentation *
remote_host_source(FulcraRequest *request, GError **error)
{
    return text_answer(fulcra_http_head_get_remote_host(
            fulcra__http_head_of_request(request)));
}

static FulcraRepresentation *
scheme_source(FulcraRequest *request, GError **error)
{
    return text_answer("http");
}

static FulcraRepresentation *
host_source(FulcraRequest *request, GError **error)
{
    const char *host = fulcra_http_head_get_header(
            fulcra__http_head_of_request(request), "host");

    return host == NULL ? none(error, "host", "") : text_answer(host);
}

static FulcraRepresentation *
url_source(FulcraRequest *request, GError **error)
{
    FulcraHttpHead *head = fulcra__http_head_of_request(request);
    const char *host = fulcra_http_head_get_header(head, "host");
    const char *query = fulcra_http_head_get_query(head);
    g_autofree char *path = g_uri_escape_string(
            fulcra_http_head_get_path(head), "/:@!$&'()*+,;=", FALSE);
    g_autofree char *url = g_strconcat("http://", host != NULL ? host : "",
            path, *query != '\0' ? "?" : "", query, NULL);

    return text_answer(url);
}

/* --- fields --- */

static FulcraRepresentation *
header_source(FulcraRequest *request, GError **error)
{
    const char *name = fulcra_request_get_argument(request, "name");
    const char *value = fulcra_http_head_get_header(
            fulcra__http_head_of_request(request), name);

    return value == NULL ? none(error, "header", name) : text_answer(value);
}

static void
add_header(const char *name, const char *value, void *object)
{
    g_autofree char *text = g_utf8_make_valid(value, -1);

    json_object_set_string_member(object, name, text);
}

static FulcraRepresentation *
headers_source(FulcraRequest *request, GError **error)
{
    JsonNode *node = json_node_new(JSON_NODE_OBJECT);
    JsonObject *object = json_object_new();

    fulcra__http_head_foreach(
            fulcra__http_head_of_request(request), add_header, object);
    json_node_take_object(node, object);
    return json_answer(node);
}

static const char *
cookies_of(FulcraRequest *request)
{
    const char *cookies = fulcra_http_head_get_header(
            fulcra__http_head_of_request(request), "cookie");

    return cookies != NULL ? cookies : "";
}

static FulcraRepresentation *
cookie_source(FulcraRequest *request, GError **error)
{
    const char *name = fulcra_request_get_argument(request, "name");
    g_autofree char *value =
            fulcra__http_cookie_find(cookies_of(request), name);

    return value == NULL ? none(error, "cookie", name) : text_answer(value);
}

static FulcraRepresentation *
cookies_source(FulcraRequest *request, GError **error)
{
    return json_answer(
            fulcra__http_cookies_to_json(cookies_of(request), error));
}

/* --- parameters --- */

static FulcraRepresentation *
param_source(FulcraRequest *request, GError **error)
{
    const char *name = fulcra_request_get_argument(request, "name");
    const char *query =
            fulcra_http_head_get_query(fulcra__http_head_of_request(request));
    g_autoptr(GError) malformed = NULL;
    g_autofree char *value =
            fulcra__http_form_find(query, strlen(query), name, &malformed);

    if (value != NULL)
        return text_answer(value);
    if (malformed == NULL)
        return none(error, "parameter", name);
    g_propagate_error(error, g_steal_pointer(&malformed));
    return NULL;
}

static FulcraRepresentation *
params_source(FulcraRequest *request, GError **error)
{
    const char *query =
            fulcra_http_head_get_query(fulcra__http_head_of_request(request));

    return json_answer(fulcra__http_form_to_json(query, strlen(query), error));
}

/* --- the body: only in an exchange that has one --- */

static FulcraRepresentation *
body_of(FulcraRequest *request, GError **error)
{
    FulcraHttpExchange *exchange = fulcra__http_exchange_find(request);
    FulcraRepresentation *body = exchange == NULL ? NULL : exchange->body;

    return body != NULL ? body : none(error, "body", "");
}

static FulcraRepresentation *
body_source(FulcraRequest *request, GError **error)
{
    FulcraRepresentation *body = body_of(request, error);

    return body == NULL ? NULL : fulcra_representation_ref(body);
}

static FulcraRepresentation *
body_form_source(FulcraRequest *request, GError **error)
{
    FulcraRepresentation *body = body_of(request, error);
    size_t length;

    if (body == NULL)
        return NULL;
    if (!fulcra_representation_has_type(
                body, "application/x-www-form-urlencoded")) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "the body is %s, not application/x-www-form-urlencoded",
                fulcra_representation_get_type(body));
        return NULL;
    }
    const char *form = fulcra_representation_get_bytes(body, &length);
    return json_answer(fulcra__http_form_to_json(form, length, error));
}

/* --- the space --- */

/* X(grammar, function) */
#define REQUEST_TABLE(X)                                                       \
    X("httpRequest:/method", method)                                           \
    X("httpRequest:/url", url)                                                 \
    X("httpRequest:/path", path)                                               \
    X("httpRequest:/query", query)                                             \
    X("httpRequest:/host", host)                                               \
    X("httpRequest:/scheme", scheme)                                           \
    X("httpRequest:/remote-host", remote_host)                                 \
    X("httpRequest:/headers", headers)                                         \
    X("httpRequest:/header/{name}", header)                                    \
    X("httpRequest:/cookies", cookies)                                         \
    X("httpRequest:/cookie/{name}", cookie)                                    \
    X("httpRequest:/params", params)                                           \
    X("httpRequest:/param/{name}", param)                                      \
    X("httpRequest:/body", body)                                               \
    X("httpRequest:/body/form", body_form)

#define X(grammar, function)                                                   \
    static const FulcraEndpointOps function##_ops = {                          \
        .size = sizeof(FulcraEndpointOps),                                     \
        .run = FULCRA_RUN_INLINE,                                              \
        .source = function##_source,                                           \
    };
REQUEST_TABLE(X)
#undef X

static const struct {
    const char *grammar;
    const FulcraEndpointOps *ops;
} entries[] = {
#define X(grammar, function) { grammar, &function##_ops },
    REQUEST_TABLE(X)
#undef X
};

static FulcraSpace *space;

static void
space_build(void)
{
    space = fulcra_host_space_new("urn:fulcra:http:request");
    for (size_t i = 0; i < G_N_ELEMENTS(entries); i++)
        fulcra__http_bind(space, entries[i].grammar, entries[i].ops);
    fulcra_host_space_seal(space);
}

FulcraSpace *
fulcra__http_request_space(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, space_build);
    return space;
}
