/* SPDX-License-Identifier: MIT */

/*
 * answer.c - from a representation or an error to what libmicrohttpd sends
 *
 * Bodies are not copied: a response holds a reference to its representation.
 * What can be shared hangs on the representation: JSON is rendered once and
 * an entity tag is computed once, however often it is asked for.
 */

#include "http/answer.h"
#include "http/guard.h"
#include "http/page.h"

#include <fulcra-host/request.h>
#include <fulcra/error.h>
#include <fulcra/log.h>
#include <json-glib/json-glib.h>
#include <string.h>

/* A year would be allowed; an hour is soon forgotten if it was a mistake. */
#define NEVER_SECONDS 3600

#define US_PER_SECOND 1000000

/* --- status --- */

unsigned
fulcra__http_status_of(const GError *error)
{
    static const unsigned status[FULCRA_N_ERRORS] = {
        [FULCRA_ERROR_UNRESOLVED] = 404,
        [FULCRA_ERROR_BAD_ARGUMENT] = 400,
        [FULCRA_ERROR_FORBIDDEN] = 403,
        [FULCRA_ERROR_NOT_FOUND] = 404,
        [FULCRA_ERROR_TIMEOUT] = 504,
        [FULCRA_ERROR_OVERLOADED] = 503,
        [FULCRA_ERROR_TOO_LARGE] = 413,
        [FULCRA_ERROR_GONE] = 410,
        [FULCRA_ERROR_CANCELLED] = 503,
        [FULCRA_ERROR_MODULE] = 500,
        [FULCRA_ERROR_FAILED] = 500,
    };

    if (error == NULL || error->domain != FULCRA_ERROR || error->code < 0 ||
            error->code >= FULCRA_N_ERRORS)
        return 500;
    return status[error->code];
}

/* --- forms with bytes --- */

static FulcraRepresentation *
render_json(FulcraRepresentation *self)
{
    char *text = json_to_string(fulcra_representation_get_json(self), FALSE);

    return fulcra_representation_new_take(
            FULCRA_TYPE_JSON_TEXT, text, strlen(text), g_free);
}

static FulcraRepresentation *
render_strings(FulcraRepresentation *self)
{
    const char *const *strings = fulcra_representation_get_strings(self);
    JsonArray *array = json_array_new();
    g_autoptr(JsonNode) node = json_node_new(JSON_NODE_ARRAY);

    for (; strings != NULL && *strings != NULL; strings++)
        json_array_add_string_element(array, *strings);
    json_node_take_array(node, array);
    char *text = json_to_string(node, FALSE);
    return fulcra_representation_new_take(
            FULCRA_TYPE_JSON_TEXT, text, strlen(text), g_free);
}

/* @self or a form of it that has bytes; NULL where there is none. */
static FulcraRepresentation *
with_bytes(FulcraRepresentation *self)
{
    if (fulcra_representation_get_bytes(self, NULL) != NULL ||
            fulcra_representation_has_type(self, FULCRA_TYPE_NONE))
        return self;
    if (fulcra_representation_has_type(self, FULCRA_TYPE_JSON))
        return fulcra_host_representation_derive(
                self, fulcra_intern(FULCRA_TYPE_JSON_TEXT), render_json);
    if (fulcra_representation_has_type(self, FULCRA_TYPE_STRINGS))
        return fulcra_host_representation_derive(
                self, fulcra_intern(FULCRA_TYPE_JSON_TEXT), render_strings);
    return NULL;
}

bool
fulcra__http_answer_can(FulcraRepresentation *representation)
{
    return with_bytes(representation) != NULL;
}

/* (transfer full): the Content-Type for an internal or media type */
static char *
content_type(FulcraRepresentation *body)
{
    const char *type = fulcra_representation_get_type(body);

    if (strcmp(type, FULCRA_TYPE_BOOL) == 0 ||
            strcmp(type, FULCRA_TYPE_INT) == 0)
        type = FULCRA_TYPE_TEXT;
    if (strchr(type, '/') == NULL ||
            !fulcra__http_is_field_value(type, strlen(type)))
        type = FULCRA_TYPE_BYTES;
    if (g_str_has_prefix(type, "text/") && strstr(type, "charset") == NULL)
        return g_strconcat(type, "; charset=utf-8", NULL);
    return g_strdup(type);
}

/* --- responses --- */

static void
release_body(void *body)
{
    fulcra_representation_unref(body);
}

/* @body: (transfer none) (nullable) */
static struct MHD_Response *
response_of(FulcraRepresentation *body)
{
    size_t length = 0;
    const void *bytes =
            body == NULL ? NULL
                         : fulcra_representation_get_bytes(body, &length);

    if (bytes == NULL || length == 0)
        return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    return MHD_create_response_from_buffer_with_free_callback_cls(length,
            (void *)bytes, release_body, fulcra_representation_ref(body));
}

void
fulcra__http_answer_header(
        FulcraHttpAnswer *self, const char *name, const char *value)
{
    /* libmicrohttpd refuses what frames the message, and what is empty. */
    MHD_add_response_header(self->response, name, value);
}

static void
add_reply_headers(FulcraHttpAnswer *self, const FulcraHttpReply *reply)
{
    for (unsigned i = 0; reply->headers != NULL && i < reply->headers->len;
            i += 2)
        fulcra__http_answer_header(
                self, reply->headers->pdata[i], reply->headers->pdata[i + 1]);
}

static bool
is_stated(const FulcraHttpReply *reply, const char *name)
{
    return fulcra__http_reply_get_header(reply, name) != NULL;
}

static void
add_default_header(FulcraHttpAnswer *self, const FulcraHttpReply *reply,
        const char *name, const char *value)
{
    if (!is_stated(reply, name))
        fulcra__http_answer_header(self, name, value);
}

void
fulcra__http_answer_empty(FulcraHttpAnswer *self, unsigned status)
{
    self->status = status;
    self->response = response_of(NULL);
}

/* --- entity tags (RFC 9110 section 8.8.3) --- */

static FulcraRepresentation *
make_etag(FulcraRepresentation *self)
{
    size_t length;
    const void *bytes = fulcra_representation_get_bytes(self, &length);
    g_autofree char *sum =
            g_compute_checksum_for_data(G_CHECKSUM_SHA1, bytes, length);

    return fulcra_representation_new_printf(FULCRA_TYPE_TEXT, "\"%.27s\"", sum);
}

/* (transfer full): quoted */
static char *
etag_of(FulcraRepresentation *answer, FulcraRepresentation *body)
{
    const char *own = fulcra_representation_get_header(answer, "etag");

    if (own != NULL && fulcra__http_is_field_value(own, strlen(own)))
        return own[0] == '"' || g_str_has_prefix(own, "W/\"")
                       ? g_strdup(own)
                       : g_strdup_printf("\"%s\"", own);
    return g_strdup(
            fulcra_representation_get_text(fulcra_host_representation_derive(
                    body, fulcra_intern("etag"), make_etag)));
}

/* Weak comparison against a list of tags, or "*". */
static bool
etag_matches(const char *list, const char *etag)
{
    if (g_str_has_prefix(etag, "W/"))
        etag += 2;
    size_t length = strlen(etag);
    while (list != NULL && *list != '\0') {
        list += strspn(list, ", \t");
        if (*list == '*')
            return true;
        if (g_str_has_prefix(list, "W/"))
            list += 2;
        if (strncmp(list, etag, length) == 0 &&
                strchr(", \t", list[length]) != NULL)
            return true;
        const char *close = list[0] == '"' ? strchr(list + 1, '"') : NULL;
        list = close != NULL ? close + 1 : list + strcspn(list, ",");
    }
    return false;
}

/* --- caching --- */

/* Conservative: shared caches need to know that nothing of a context was
 * read, which is not known here. (transfer full) */
static char *
cache_control(FulcraRepresentation *answer)
{
    int64_t at = 0;

    switch (fulcra_representation_get_expiry(answer, &at)) {
    case FULCRA_EXPIRY_ALWAYS:
        return g_strdup("no-store");
    case FULCRA_EXPIRY_NEVER:
        return g_strdup_printf("private, max-age=%d", NEVER_SECONDS);
    case FULCRA_EXPIRY_AT:
        return g_strdup_printf("private, max-age=%" G_GINT64_FORMAT,
                MAX(0, (at - g_get_real_time()) / US_PER_SECOND));
    case FULCRA_EXPIRY_DEPENDENT:
        break;
    }
    return g_strdup("no-cache");
}

/* --- answers --- */

static void
apply_header(const char *name, const char *value, void *reply)
{
    g_autoptr(GError) error = NULL;

    if (!fulcra__http_reply_apply(reply, name, value, &error))
        fulcra_log_warning(NULL, "left out: %s", error->message);
}

/* The path that a NEW answered, fit for Location. (transfer full) (nullable) */
static char *
location_of(FulcraRepresentation *answer)
{
    const char *text = fulcra_representation_has_type(answer, FULCRA_TYPE_TEXT)
                               ? fulcra_representation_get_text(answer)
                               : NULL;

    if (text == NULL || strpbrk(text, "\r\n") != NULL)
        return NULL;
    if (g_str_has_prefix(text, "res:/"))
        return g_uri_escape_string(
                text + strlen("res:"), "%/:@!$&'()*+,;=", FALSE);
    return text[0] == '/' ? g_uri_escape_string(text, "/:@!$&'()*+,;=", FALSE)
                          : NULL;
}

static unsigned
default_status(const FulcraHttpReply *reply, FulcraVerb verb,
        FulcraRepresentation *answer, bool located)
{
    if (is_stated(reply, "location") && !located)
        return 302;
    if (located)
        return 201;
    if (verb == FULCRA_VERB_DELETE &&
            fulcra_representation_has_type(answer, FULCRA_TYPE_BOOL))
        return fulcra_representation_get_bool(answer) ? 204 : 404;
    if (fulcra_representation_has_type(answer, FULCRA_TYPE_NONE))
        return 204;
    return 200;
}

static bool
has_no_body(unsigned status)
{
    return status == 204 || status == 304;
}

/* A redirect keeps a 3xx that was stated, whichever of the two came first. */
static unsigned
choose_status(
        FulcraHttpReply *reply, FulcraVerb verb, FulcraRepresentation *answer)
{
    bool located = false;

    if (verb == FULCRA_VERB_NEW && !is_stated(reply, "location")) {
        g_autofree char *location = location_of(answer);

        located = location != NULL && fulcra__http_reply_set_header(reply,
                                              "Location", location, NULL);
    }
    return reply->status != 0 ? reply->status
                              : default_status(reply, verb, answer, located);
}

static void
add_body_headers(FulcraHttpAnswer *self, const FulcraHttpReply *reply,
        FulcraRepresentation *body)
{
    g_autofree char *type = content_type(body);

    add_default_header(self, reply, "Content-Type", type);
    add_default_header(self, reply, "X-Content-Type-Options", "nosniff");
}

void
fulcra__http_answer_representation(FulcraHttpAnswer *self, FulcraHttpHead *head,
        FulcraHttpReply *reply, FulcraVerb verb,
        FulcraRepresentation *representation)
{
    FulcraRepresentation *answer =
            reply->body != NULL ? reply->body : representation;
    FulcraRepresentation *body = with_bytes(answer);
    g_autofree char *etag = NULL;

    g_assert(body != NULL);
    fulcra_host_representation_foreach_header(
            representation, apply_header, reply);
    unsigned status = choose_status(reply, verb, answer);

    if (verb == FULCRA_VERB_SOURCE && status == 200) {
        etag = etag_of(answer, body);
        if (etag_matches(
                    fulcra_http_head_get_header(head, "if-none-match"), etag))
            status = 304;
    }
    self->status = status;
    self->response = response_of(has_no_body(status) ? NULL : body);
    add_reply_headers(self, reply);
    if (!has_no_body(status))
        add_body_headers(self, reply, body);
    if (etag != NULL)
        add_default_header(self, reply, "ETag", etag);
    if (verb == FULCRA_VERB_SOURCE && (status == 200 || status == 304)) {
        g_autofree char *cache = cache_control(answer);

        add_default_header(self, reply, "Cache-Control", cache);
    }
}

/* --- failures --- */

static FulcraRepresentation *
failure_page(const FulcraHttpFailure *failure)
{
    const char *accept =
            failure->head == NULL
                    ? NULL
                    : fulcra_http_head_get_header(failure->head, "accept");
    bool html = accept != NULL && strstr(accept, "text/html") != NULL;
    const GError *error = failure->error;
    FulcraHttpProblem problem = {
        .status = failure->status,
        .phrase = MHD_get_reason_phrase_for(failure->status),
        .method = fulcra_http_head_get_method(failure->head),
        .path = fulcra_http_head_get_path(failure->head),
        .message = failure->message,
    };

    if (error != NULL) {
        problem.message = error->message;
        problem.stack = fulcra_error_get_stack(error);
        problem.trace = fulcra_error_get_trace(error);
        if (error->domain == FULCRA_ERROR)
            problem.id = fulcra_error_id((FulcraErrorCode)error->code);
    }
    char *page = html ? fulcra__http_page_html(&problem)
                      : fulcra__http_page_text(&problem);
    return fulcra_representation_new_take(
            html ? FULCRA_TYPE_HTML : FULCRA_TYPE_TEXT, page, strlen(page),
            g_free);
}

static FulcraRepresentation *
failure_line(const FulcraHttpFailure *failure)
{
    const char *phrase = MHD_get_reason_phrase_for(failure->status);

    return fulcra_representation_new_printf(FULCRA_TYPE_TEXT, "%u %s%s%s\n",
            failure->status, phrase, failure->message != NULL ? ": " : "",
            failure->message != NULL ? failure->message : "");
}

void
fulcra__http_answer_failure(FulcraHttpAnswer *self,
        const FulcraHttpReply *reply, const FulcraHttpFailure *failure)
{
    static const FulcraHttpReply nothing_stated = { 0 };
    const FulcraHttpReply *stated = reply != NULL ? reply : &nothing_stated;
    g_autoptr(FulcraRepresentation) body =
            failure->playground && failure->head != NULL
                    ? failure_page(failure)
                    : failure_line(failure);

    self->status = failure->status;
    self->response = response_of(body);
    add_reply_headers(self, stated);
    add_body_headers(self, stated, body);
    add_default_header(self, stated, "Cache-Control", "no-store");
    if (failure->status == 503)
        add_default_header(self, stated, "Retry-After", "2");
    if (failure->close)
        fulcra__http_answer_header(self, "Connection", "close");
}
