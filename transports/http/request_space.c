/* SPDX-License-Identifier: MIT */

/*
 * request_space.c - httpRequest:/, what is known of an HTTP request
 *
 * One static space for all: its endpoints are FULCRA_RUN_INLINE, hold no state
 * and find the head they speak for in the layer of the request. All that they
 * answer is marked as from outside.
 */

#include "http/cookies.h"
#include "http/exchange_private.h"
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
    return json_answer(fulcra__http_cookies_to_json(cookies_of(request)));
}

/* --- parameters: of the query, and of a form --- */

/* (transfer full) (nullable) */
static FulcraHttpForm *
query_of(FulcraRequest *request, GError **error)
{
    const char *query =
            fulcra_http_head_get_query(fulcra__http_head_of_request(request));

    /* How many there are was looked at when the head came. */
    return fulcra__http_form_new_urlencoded(query, strlen(query), NULL, error);
}

/* False for a form that is refused. @form: (transfer none) (nullable): the body
 * may be none, or there is no body. */
static bool
form_of(FulcraRequest *request, const FulcraHttpForm **form, GError **error)
{
    FulcraHttpExchange *exchange = fulcra__http_exchange_find(request);

    *form = NULL;
    if (exchange == NULL || !fulcra__http_body_is_form(exchange))
        return true;
    *form = fulcra__http_body_get_form(exchange, error);
    return *form != NULL;
}

static FulcraRepresentation *
param_source(FulcraRequest *request, GError **error)
{
    const char *name = fulcra_request_get_argument(request, "name");
    const FulcraHttpForm *form;
    const char *value = NULL;

    if (!form_of(request, &form, error))
        return NULL;
    if (form != NULL)
        value = fulcra__http_form_find(form, name);
    if (value != NULL)
        return text_answer(value);

    g_autoptr(FulcraHttpForm) query = query_of(request, error);
    if (query == NULL)
        return NULL;
    value = fulcra__http_form_find(query, name);
    return value == NULL ? none(error, "parameter", name) : text_answer(value);
}

static FulcraRepresentation *
params_source(FulcraRequest *request, GError **error)
{
    const FulcraHttpForm *form;

    if (!form_of(request, &form, error))
        return NULL;
    g_autoptr(FulcraHttpForm) query = query_of(request, error);
    return query == NULL ? NULL
                         : json_answer(fulcra__http_forms_to_json(query, form));
}

/* --- the body: only in an exchange that has one --- */

static FulcraHttpExchange *
exchange_with_body(FulcraRequest *request, GError **error)
{
    FulcraHttpExchange *exchange = fulcra__http_exchange_find(request);

    if (exchange != NULL && exchange->body != NULL)
        return exchange;
    none(error, "body", "");
    return NULL;
}

static FulcraRepresentation *
body_source(FulcraRequest *request, GError **error)
{
    FulcraHttpExchange *exchange = exchange_with_body(request, error);

    return exchange == NULL ? NULL : fulcra_representation_ref(exchange->body);
}

static const FulcraHttpForm *
body_form(FulcraRequest *request, GError **error)
{
    FulcraHttpExchange *exchange = exchange_with_body(request, error);

    return exchange == NULL ? NULL
                            : fulcra__http_body_get_form(exchange, error);
}

static FulcraRepresentation *
body_form_source(FulcraRequest *request, GError **error)
{
    const FulcraHttpForm *form = body_form(request, error);

    return form == NULL ? NULL
                        : json_answer(fulcra__http_forms_to_json(form, NULL));
}

static FulcraRepresentation *
uploads_source(FulcraRequest *request, GError **error)
{
    const FulcraHttpForm *form = body_form(request, error);

    return form == NULL ? NULL
                        : json_answer(fulcra__http_form_uploads_to_json(form));
}

/* Without an index the first. */
static FulcraRepresentation *
upload_source(FulcraRequest *request, GError **error)
{
    const char *name = fulcra_request_get_argument(request, "name");
    const char *index = fulcra_request_get_argument(request, "index");
    const FulcraHttpForm *form = body_form(request, error);
    FulcraRepresentation *file;

    if (form == NULL)
        return NULL;
    file = fulcra__http_form_get_upload(
            form, name, index == NULL ? 0 : g_ascii_strtoull(index, NULL, 10));
    return file == NULL ? none(error, "uploaded file", name)
                        : fulcra_representation_ref(file);
}

static FulcraRepresentation *
upload_at_source(FulcraRequest *request, GError **error)
{
    return upload_source(request, error);
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
    X("httpRequest:/body/form", body_form)                                     \
    X("httpRequest:/uploads", uploads)                                         \
    X("httpRequest:/upload/{name}", upload)                                    \
    X("httpRequest:/upload/{name}/{index:[0-9]+}", upload_at)

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
