/* SPDX-License-Identifier: MIT */

/*
 * answer.c - from a representation or an error to what libmicrohttpd sends
 */

#include "http/answer.h"
#include "http/coding.h"
#include "http/condition.h"
#include "http/content.h"
#include "http/guard.h"
#include "http/page.h"
#include "http/range.h"

#include <fulcra-host/request.h>
#include <fulcra/error.h>
#include <fulcra/log.h>
#include <string.h>

/* A year would be allowed; an hour is soon forgotten if it was a mistake. */
#define NEVER_SECONDS 3600

#define US_PER_SECOND 1000000

/* --- status --- */

unsigned
fulcra__http_status_of(const GError *error)
{
    return fulcra_host_error_get_status(error);
}

bool
fulcra__http_answer_can(FulcraRepresentation *representation)
{
    return fulcra__http_content_of(representation) != NULL;
}

/* --- headers --- */

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
    self->response = fulcra__http_content_send(NULL);
}

/* --- caching --- */

/* (transfer full) */
static char *
cache_control(const FulcraHttpReply *reply)
{
    const char *whom = reply->for_all ? "public" : "private";

    switch (reply->expiry) {
    case FULCRA_EXPIRY_ALWAYS:
        return g_strdup("no-store");
    case FULCRA_EXPIRY_NEVER:
        return g_strdup_printf("%s, max-age=%d", whom, NEVER_SECONDS);
    case FULCRA_EXPIRY_AT:
        return g_strdup_printf("%s, max-age=%" G_GINT64_FORMAT, whom,
                MAX(0, (reply->expires_at - g_get_real_time()) /
                                US_PER_SECOND));
    case FULCRA_EXPIRY_DEPENDENT:
        break;
    }
    return g_strdup(reply->for_all ? "no-cache" : "private, no-cache");
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
    g_autofree char *type = fulcra__http_content_type(body);

    add_default_header(self, reply, "Content-Type", type);
    add_default_header(self, reply, "X-Content-Type-Options", "nosniff");
}

/* --- what of a representation is sent: a coded form, a part, nothing --- */

/* A resource that was found, on its way to a client. */
typedef struct {
    FulcraHttpAnswer *answer;
    FulcraHttpHead *head;
    const FulcraHttpReply *reply;
    FulcraRepresentation *plain;
    FulcraRepresentation *body; /* plain, or a coded form of it */
    const char *coding;         /* (nullable) */
    char *etag;
    FulcraHttpValidators validators;
} Selected;

static const char *
get_field(const Selected *self, const char *name)
{
    return fulcra_http_head_get_header(self->head, name);
}

/* The entity tag (RFC 9110 section 8.8.3), quoted. (transfer full) */
static char *
etag_of(const FulcraHttpReply *reply, FulcraRepresentation *answer,
        FulcraRepresentation *body)
{
    const char *own = fulcra__http_reply_get_header(reply, "etag");

    if (own == NULL)
        own = fulcra_representation_get_header(answer, "etag");
    if (own != NULL && fulcra__http_is_field_value(own, strlen(own)))
        return own[0] == '"' || g_str_has_prefix(own, "W/\"")
                       ? g_strdup(own)
                       : g_strdup_printf("\"%s\"", own);
    return g_strdup(fulcra__http_content_etag(body));
}

static const char *
modified_of(const FulcraHttpReply *reply, FulcraRepresentation *answer)
{
    const char *own = fulcra__http_reply_get_header(reply, "last-modified");

    if (own == NULL)
        own = fulcra_representation_get_header(answer, "last-modified");
    return own != NULL && fulcra__http_is_field_value(own, strlen(own)) ? own
                                                                        : NULL;
}

/* Of a date within the last second there may be two states (RFC 9110 section
 * 8.8.2.2). */
static bool
is_recent(const char *date)
{
    int64_t seconds;

    return date != NULL && fulcra__http_date_parse(date, &seconds) &&
           g_get_real_time() / US_PER_SECOND - seconds < 2;
}

static void
select_form(Selected *self, FulcraRepresentation *answer)
{
    /* An entity tag that was stated is one for the plain form. */
    const char *accept = is_stated(self->reply, "etag")
                                 ? NULL
                                 : get_field(self, "accept-encoding");

    self->body = fulcra__http_coding_choose(self->plain, accept, &self->coding);
    self->etag = etag_of(self->reply,
            self->coding != NULL ? self->body : answer, self->body);
    self->validators.etag = self->etag;
    self->validators.modified = modified_of(self->reply, answer);
    self->validators.weak_by_nature = is_recent(self->validators.modified);
}

static bool
is_method(const Selected *self, const char *method)
{
    return strcmp(fulcra_http_head_get_method(self->head), method) == 0;
}

static FulcraHttpRange
range_of(const Selected *self, const FulcraHttpConditions *conditions)
{
    const char *field = get_field(self, "range");
    size_t size;

    fulcra_representation_get_bytes(self->body, &size);
    if (field == NULL || !is_method(self, "GET") ||
            !fulcra__http_conditions_allow_range(conditions, &self->validators))
        return (FulcraHttpRange){ FULCRA_HTTP_RANGE_ALL, 0, 0 };
    return fulcra__http_range_parse(field, size);
}

static void
send_part(Selected *self, const FulcraHttpRange *part)
{
    size_t size;

    fulcra_representation_get_bytes(self->body, &size);
    g_autofree char *range = g_strdup_printf("bytes %zu-%zu/%zu", part->first,
            part->first + part->length - 1, size);

    self->answer->status = 206;
    self->answer->response = fulcra__http_content_send_part(
            self->body, part->first, part->length);
    fulcra__http_answer_header(self->answer, "Content-Range", range);
}

static void
send_unsatisfiable(Selected *self)
{
    size_t size;

    fulcra_representation_get_bytes(self->body, &size);
    g_autofree char *range = g_strdup_printf("bytes */%zu", size);
    fulcra__http_answer_empty(self->answer, 416);
    fulcra__http_answer_header(self->answer, "Content-Range", range);
}

/* Makes the response, and the headers that depend on what is sent. */
static void
send_selected(Selected *self)
{
    const FulcraHttpConditions conditions = {
        .if_match = get_field(self, "if-match"),
        .if_none_match = get_field(self, "if-none-match"),
        .if_modified_since = get_field(self, "if-modified-since"),
        .if_unmodified_since = get_field(self, "if-unmodified-since"),
        .if_range = get_field(self, "if-range"),
    };
    unsigned refused = is_method(self, "GET") || is_method(self, "HEAD")
                               ? fulcra__http_conditions_judge(
                                         &conditions, &self->validators)
                               : 0;
    FulcraHttpRange range =
            refused != 0 ? (FulcraHttpRange){ 0 } : range_of(self, &conditions);

    if (refused != 0) {
        fulcra__http_answer_empty(self->answer, refused);
    } else if (range.kind == FULCRA_HTTP_RANGE_PART) {
        send_part(self, &range);
    } else if (range.kind == FULCRA_HTTP_RANGE_UNSATISFIABLE) {
        send_unsatisfiable(self);
    } else {
        self->answer->status = 200;
        self->answer->response = fulcra__http_content_send(self->body);
    }
}

static void
add_selected_headers(Selected *self)
{
    unsigned status = self->answer->status;

    if (status == 200 || status == 206) {
        add_body_headers(self->answer, self->reply, self->plain);
        add_default_header(self->answer, self->reply, "Accept-Ranges", "bytes");
        if (self->coding != NULL)
            fulcra__http_answer_header(
                    self->answer, "Content-Encoding", self->coding);
    }
    add_default_header(self->answer, self->reply, "ETag", self->etag);
    if (self->validators.modified != NULL)
        add_default_header(self->answer, self->reply, "Last-Modified",
                self->validators.modified);
}

/* --- answers --- */

static void
answer_selected(FulcraHttpAnswer *self, FulcraHttpHead *head,
        const FulcraHttpReply *reply, FulcraRepresentation *answer,
        FulcraRepresentation *plain)
{
    Selected selected = {
        .answer = self, .head = head, .reply = reply, .plain = plain
    };
    g_autofree char *cache = cache_control(reply);

    select_form(&selected, answer);
    send_selected(&selected);
    add_reply_headers(self, reply);
    add_selected_headers(&selected);
    add_default_header(self, reply, "Cache-Control", cache);
    g_free(selected.etag);
}

void
fulcra__http_answer_representation(FulcraHttpAnswer *self, FulcraHttpHead *head,
        FulcraHttpReply *reply, FulcraVerb verb,
        FulcraRepresentation *representation)
{
    FulcraRepresentation *answer =
            reply->body != NULL ? reply->body : representation;
    FulcraRepresentation *body = fulcra__http_content_of(answer);

    g_assert(body != NULL);
    fulcra_host_representation_foreach_header(
            representation, apply_header, reply);
    unsigned status = choose_status(reply, verb, answer);

    if (verb == FULCRA_VERB_SOURCE && status == 200) {
        if (fulcra__http_coding_varies(body))
            fulcra__http_reply_set_header(
                    reply, "Vary", "Accept-Encoding", NULL);
        answer_selected(self, head, reply, answer, body);
        return;
    }
    self->status = status;
    self->response =
            fulcra__http_content_send(has_no_body(status) ? NULL : body);
    add_reply_headers(self, reply);
    if (!has_no_body(status))
        add_body_headers(self, reply, body);
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
    self->response = fulcra__http_content_send(body);
    add_reply_headers(self, stated);
    add_body_headers(self, stated, body);
    add_default_header(self, stated, "Cache-Control", "no-store");
    if (failure->status == 503)
        add_default_header(self, stated, "Retry-After", "2");
    if (failure->close)
        fulcra__http_answer_header(self, "Connection", "close");
}
