/* SPDX-License-Identifier: MIT */

/*
 * ask.c - from methods to verbs, and from their answers to HTTP's
 *
 * GET and HEAD ask SOURCE, PUT asks SINK, DELETE asks DELETE. POST asks NEW
 * where an endpoint takes it, otherwise SOURCE. Where nothing answers, what
 * would have is looked up: other methods (405), or a WebSocket (426). OPTIONS
 * looks up; a CORS preflight also asks META of the overlays on the way.
 */

#include "http/daemon.h"
#include "http/server_private.h"

#include <fulcra-host/identifier.h>
#include <fulcra-host/request.h>
#include <fulcra-host/stats.h>
#include <fulcra/error.h>
#include <string.h>

static const struct {
    const char *method;
    FulcraVerb verb; /* POST: tried first */
} methods[] = {
    { "GET", FULCRA_VERB_SOURCE },
    { "HEAD", FULCRA_VERB_SOURCE },
    { "PUT", FULCRA_VERB_SINK },
    { "DELETE", FULCRA_VERB_DELETE },
    { "POST", FULCRA_VERB_NEW },
};

static FulcraRequest *
root_of(FulcraHttpExchange *self, const char *scheme, FulcraVerb verb)
{
    FulcraHttpServer *server = fulcra__http_daemon_get_server(self->daemon);
    g_autoptr(FulcraIdentifier) identifier = fulcra_host_identifier_new_path(
            fulcra_intern(scheme), fulcra_http_head_get_path(self->head));

    return fulcra_host_request_new_root(fulcra__http_server_get_kernel(server),
            self->front, &self->context, verb, identifier);
}

/* --- looking up without asking --- */

static bool
resolves(FulcraHttpExchange *self, const char *scheme, FulcraVerb verb)
{
    g_autoptr(FulcraRequest) request = root_of(self, scheme, verb);
    FulcraResolution *resolution = fulcra_host_request_resolve(request, NULL);

    if (resolution == NULL)
        return false;
    fulcra_host_resolution_unref(resolution);
    return true;
}

/* The methods that something answers; "" for none. (transfer full) */
static char *
allowed_methods(FulcraHttpExchange *self)
{
    g_autoptr(GString) allowed = g_string_new(NULL);
    bool source = resolves(self, self->scheme, FULCRA_VERB_SOURCE);

    if (source)
        g_string_append(allowed, "GET, HEAD, ");
    if (source || resolves(self, self->scheme, FULCRA_VERB_NEW))
        g_string_append(allowed, "POST, ");
    if (resolves(self, self->scheme, FULCRA_VERB_SINK))
        g_string_append(allowed, "PUT, ");
    if (resolves(self, self->scheme, FULCRA_VERB_DELETE))
        g_string_append(allowed, "DELETE, ");
    if (allowed->len > 0)
        g_string_append(allowed, "OPTIONS");
    return g_string_free(g_steal_pointer(&allowed), FALSE);
}

/* --- where nothing answers --- */

static void
fail_upgrade_required(FulcraHttpExchange *self)
{
    fulcra__http_exchange_fail(
            self, 426, "this path is answered as a WebSocket", NULL);
    if (self->answer.response != NULL) {
        fulcra__http_answer_header(&self->answer, "Upgrade", "websocket");
        fulcra__http_answer_header(
                &self->answer, "Sec-WebSocket-Version", "13");
    }
}

static void
fail_not_allowed(
        FulcraHttpExchange *self, const char *allowed, const GError *error)
{
    fulcra__http_reply_set_header(&self->reply, "Allow", allowed, NULL);
    fulcra__http_exchange_fail(self, 405, NULL, error);
}

static void
fail_unresolved(FulcraHttpExchange *self, FulcraVerb verb, const GError *error)
{
    if (verb == FULCRA_VERB_SOURCE && resolves(self, "ws", FULCRA_VERB_NEW)) {
        fail_upgrade_required(self);
        return;
    }
    if (verb == FULCRA_VERB_SINK || verb == FULCRA_VERB_DELETE) {
        g_autofree char *allowed = allowed_methods(self);

        if (*allowed != '\0') {
            fail_not_allowed(self, allowed, error);
            return;
        }
    }
    fulcra__http_exchange_fail(
            self, fulcra__http_status_of(error), NULL, error);
}

/* --- answers --- */

/* Forms that can be sent, in the order in which they are tried where the
 * answer has none: the transreptors of the front space may make one. */
static const char *const forms[] = { FULCRA_TYPE_HTML, FULCRA_TYPE_JSON_TEXT,
    FULCRA_TYPE_TEXT, FULCRA_TYPE_BYTES };

static void ask_for_form(FulcraHttpExchange *self);

static void
send_representation(FulcraHttpExchange *self, FulcraVerb verb,
        FulcraRepresentation *representation)
{
    fulcra__http_answer_representation(
            &self->answer, self->head, &self->taken, verb, representation);
    fulcra__http_exchange_answered(self);
}

static void
form_answered(FulcraRequest *request, FulcraRepresentation *form,
        const GError *error, void *data)
{
    FulcraHttpExchange *self = data;

    if (self->state == FULCRA_HTTP_ASKED && form != NULL) {
        g_clear_pointer(&self->taken.body, fulcra_representation_unref);
        self->taken.body = fulcra_representation_ref(form);
        send_representation(
                self, fulcra_request_get_verb(self->request), self->unsent);
    } else if (self->state == FULCRA_HTTP_ASKED) {
        self->form++;
        ask_for_form(self);
    }
    fulcra_host_context_unref(&self->context);
}

static void
ask_for_form(FulcraHttpExchange *self)
{
    if (self->form == G_N_ELEMENTS(forms)) {
        g_autoptr(GError) error = g_error_new(FULCRA_ERROR, FULCRA_ERROR_FAILED,
                "the answer is of type \"%s\": it has no bytes to send, and no "
                "transreptor makes any of it",
                fulcra_representation_get_type(self->unsent));

        fulcra__http_exchange_fail(self, 500, NULL, error);
        return;
    }
    FulcraHttpServer *server = fulcra__http_daemon_get_server(self->daemon);
    g_autoptr(FulcraRequest) request = fulcra_host_request_new_root(
            fulcra__http_server_get_kernel(server), self->front, &self->context,
            FULCRA_VERB_SOURCE, FULCRA_ID("httpAnswer:/"));
    fulcra_request_set_wanted_type(request, forms[self->form]);
    fulcra_host_context_ref(&self->context);
    fulcra_request_issue_async(request, form_answered, self);
}

/* Of what was stated in place of the answer nobody knows what it is made of. */
static void
note_expiry(FulcraHttpReply *reply, FulcraRequest *request)
{
    if (reply->body != NULL) {
        reply->expiry = fulcra_representation_get_expiry(
                reply->body, &reply->expires_at);
        return;
    }
    reply->for_all = fulcra_host_request_is_for_all(request);
    reply->expiry = fulcra_host_request_get_expiry(request, &reply->expires_at);
}

static void
answer(FulcraHttpExchange *self, FulcraVerb verb,
        FulcraRepresentation *representation)
{
    fulcra__http_reply_take(&self->reply, &self->taken);
    note_expiry(&self->taken, self->request);
    FulcraRepresentation *sent =
            self->taken.body != NULL ? self->taken.body : representation;

    if (fulcra__http_answer_can(sent)) {
        send_representation(self, verb, representation);
        return;
    }
    pthread_mutex_lock(&self->reply.lock);
    self->unsent = fulcra_representation_ref(sent);
    pthread_mutex_unlock(&self->reply.lock);
    ask_for_form(self);
}

static void
request_answered(FulcraRequest *request, FulcraRepresentation *representation,
        const GError *error, void *data)
{
    FulcraHttpExchange *self = data;
    FulcraVerb verb = fulcra_request_get_verb(request);

    /* Otherwise it was given up: the client has gone, the deadline passed. */
    if (self->state == FULCRA_HTTP_ASKED) {
        if (representation != NULL)
            answer(self, verb, representation);
        else if (g_error_matches(error, FULCRA_ERROR, FULCRA_ERROR_UNRESOLVED))
            fail_unresolved(self, verb, error);
        else
            fulcra__http_exchange_fail(
                    self, fulcra__http_status_of(error), NULL, error);
    }
    fulcra_host_context_unref(&self->context);
}

/* --- asking --- */

static void
issue(FulcraHttpExchange *self, FulcraRequest *request /* (transfer full) */)
{
    if (self->body != NULL)
        fulcra_request_set_primary(request, self->body);
    self->request = request;
    fulcra_host_context_ref(&self->context);
    fulcra_request_issue_async(request, request_answered, self);
}

static void
ask_post(FulcraHttpExchange *self)
{
    FulcraRequest *request = root_of(self, self->scheme, FULCRA_VERB_NEW);
    FulcraResolution *resolution = fulcra_host_request_resolve(request, NULL);

    if (resolution == NULL) {
        fulcra_request_unref(request);
        issue(self, root_of(self, self->scheme, FULCRA_VERB_SOURCE));
        return;
    }
    fulcra_host_request_use_resolution(request, resolution);
    fulcra_host_resolution_unref(resolution);
    issue(self, request);
}

/* --- OPTIONS --- */

static void
answer_options(FulcraHttpExchange *self)
{
    g_autofree char *allowed =
            strcmp(fulcra_http_head_get_path(self->head), "*") == 0
                    ? g_strdup("GET, HEAD, POST, PUT, DELETE, OPTIONS")
                    : allowed_methods(self);

    if (*allowed == '\0') {
        fulcra__http_exchange_fail(self, 404, NULL, NULL);
        return;
    }
    fulcra__http_answer_empty(&self->answer, 204);
    fulcra__http_answer_header(&self->answer, "Allow", allowed);
    fulcra__http_exchange_answered(self);
}

static void
preflight_answered(FulcraRequest *request, FulcraRepresentation *description,
        const GError *error, void *data)
{
    FulcraHttpExchange *self = data;

    (void)request;
    if (self->state == FULCRA_HTTP_ASKED && description != NULL) {
        g_autofree char *allowed = allowed_methods(self);

        fulcra__http_reply_set_header(&self->reply, "Allow", allowed, NULL);
        answer(self, FULCRA_VERB_META, description);
    } else if (self->state == FULCRA_HTTP_ASKED) {
        fulcra__http_exchange_fail(
                self, fulcra__http_status_of(error), NULL, error);
    }
    fulcra_host_context_unref(&self->context);
}

/* What the request that a browser would like to make resolves to; POST as
 * ask_post() has it. (transfer full) (nullable) */
static FulcraResolution *
resolve_method(FulcraHttpExchange *self, const char *method)
{
    FulcraResolution *resolution = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(methods); i++) {
        if (strcmp(method, methods[i].method) != 0)
            continue;
        g_autoptr(FulcraRequest) request =
                root_of(self, self->scheme, methods[i].verb);
        resolution = fulcra_host_request_resolve(request, NULL);
    }
    if (resolution == NULL && strcmp(method, "POST") == 0)
        resolution = resolve_method(self, "GET");
    return resolution;
}

/* The overlays in front of what would answer @method may know more: they are
 * asked META, and nothing else runs. False where there is nothing to ask. */
static bool
ask_preflight(FulcraHttpExchange *self)
{
    const char *method = fulcra_http_head_get_header(
            self->head, "access-control-request-method");

    if (method == NULL ||
            fulcra_http_head_get_header(self->head, "origin") == NULL)
        return false;
    FulcraResolution *resolution = resolve_method(self, method);
    if (resolution == NULL)
        return false;
    self->request = root_of(self, self->scheme, FULCRA_VERB_META);
    fulcra_host_request_use_resolution(self->request, resolution);
    fulcra_host_resolution_unref(resolution);
    fulcra_host_context_ref(&self->context);
    fulcra_request_issue_async(self->request, preflight_answered, self);
    return true;
}

static void
ask_method(FulcraHttpExchange *self)
{
    const char *method = fulcra_http_head_get_method(self->head);

    if (strcmp(method, "OPTIONS") == 0) {
        if (!ask_preflight(self))
            answer_options(self);
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(methods); i++) {
        if (strcmp(method, methods[i].method) != 0)
            continue;
        if (methods[i].verb == FULCRA_VERB_NEW)
            ask_post(self);
        else
            issue(self, root_of(self, self->scheme, methods[i].verb));
        return;
    }
    fulcra__http_exchange_fail(
            self, 501, "this method is not implemented", NULL);
}

void
fulcra__http_ask(FulcraHttpExchange *self)
{
    if (self->handshake) {
        fulcra__http_upgrade_open(self);
        return;
    }
    fulcra__http_body_take(self);
    ask_method(self);
}
