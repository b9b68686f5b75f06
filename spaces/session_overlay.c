/* SPDX-License-Identifier: MIT */

/*
 * session_overlay.c - the way of a request into a session and out of it
 *
 *   enter      which session: that of the socket, or of the cookie
 *   admitted   the token of a form was right, or none was needed
 *   answered   what came back gets the cookie, if the client needs one
 *   leave      once the store has all that was changed
 *
 * Each step may come later and on another thread; nothing waits. A request that
 * is already in a session of this overlay passes as it is.
 */

#include "spaces/session_layer.h"

#include <fulcra/endpoint.h>
#include <fulcra/error.h>
#include <fulcra/identifier.h>
#include <fulcra/log.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    FulcraSessions *sessions;
    FulcraRequest *request;       /* deferred: it lives until it is answered */
    FulcraSocket *socket;         /* (nullable): borrowed from the request */
    const char *why_not;          /* (nullable) */
    FulcraSessionLayer *layer;    /* (nullable): once entered */
    FulcraRepresentation *answer; /* (nullable): of these two, in the end */
    GError *error;
} Passage;

static void
passage_free(Passage *self)
{
    if (self->layer != NULL)
        fulcra_host_context_unref(&self->layer->context);
    fulcra_representation_unref(self->answer);
    g_clear_error(&self->error);
    g_free(self);
}

static bool
is_of_socket(const Passage *self, FulcraVerb verb)
{
    return self->socket != NULL &&
           fulcra_request_get_verb(self->request) == verb &&
           strcmp(fulcra_identifier_get_scheme(
                          fulcra_request_get_identifier(self->request)),
                   "ws") == 0;
}

/* --- leave --- */

static void
leave(void *user_data)
{
    Passage *self = user_data;

    if (self->error != NULL)
        fulcra_request_fail(self->request, g_steal_pointer(&self->error));
    else
        fulcra_request_respond(self->request, g_steal_pointer(&self->answer));
    passage_free(self);
}

static void
flush(Passage *self)
{
    FulcraSessionStore *store = self->sessions->store;
    g_autoptr(FulcraSession) session = fulcra__session_layer_get(self->layer);

    if (store->ops->flush != NULL && session != NULL)
        store->ops->flush(store, session, leave, self);
    else
        leave(self);
}

/* --- the cookie --- */

static bool
is_secure(const Passage *self)
{
    g_autoptr(FulcraRepresentation) scheme = NULL;

    if (self->sessions->secure != FULCRA_COOKIE_SECURE_AUTO)
        return self->sessions->secure == FULCRA_COOKIE_SECURE_ALWAYS;
    scheme = fulcra_request_source(self->request,
            FULCRA_ID("httpRequest:/scheme"), FULCRA_TYPE_TEXT, NULL);
    return scheme != NULL &&
           strcmp(fulcra_representation_get_text(scheme), "https") == 0;
}

/* A header of the answer goes where the answer goes. */
static void
add_to_answer(Passage *self, const char *cookie)
{
    self->answer = fulcra_representation_with_header(
            self->answer, "httpResponse:/cookie", cookie);
    /* or a cache between here and the client could hand it to another one */
    self->answer = fulcra_representation_with_header(self->answer,
            "httpResponse:/header/Cache-Control", "private, no-store");
}

/* An error carries no headers, and an endpoint that asked keeps them. */
static bool
sink_into_response(Passage *self, const char *cookie)
{
    g_autoptr(FulcraRepresentation) value =
            fulcra_representation_new_text(cookie);
    g_autoptr(FulcraRepresentation) control =
            fulcra_representation_new_text("private, no-store");

    return fulcra_request_sink(self->request, FULCRA_ID("httpResponse:/cookie"),
                   value, NULL) &&
           fulcra_request_sink(self->request,
                   FULCRA_ID("httpResponse:/header/Cache-Control"), control,
                   NULL);
}

/* A session that was made here and whose cookie nobody gets is of no use. */
static void
abandon(Passage *self)
{
    FulcraSessionStore *store = self->sessions->store;
    g_autoptr(FulcraSession) session = fulcra__session_layer_get(self->layer);

    if (session != NULL)
        store->ops->end(store, session);
}

static void
set_cookie(Passage *self)
{
    g_autofree char *plain = fulcra__session_layer_get_cookie(self->layer);
    g_autofree char *cookie =
            plain == NULL ? NULL
                          : g_strconcat(plain,
                                    is_secure(self) ? "; Secure" : "", NULL);

    if (cookie == NULL)
        return;
    if (self->answer != NULL &&
            (is_of_socket(self, FULCRA_VERB_NEW) ||
                    fulcra_host_request_is_from_root(self->request)))
        add_to_answer(self, cookie);
    else if (!sink_into_response(self, cookie))
        abandon(self);
}

/* --- answered --- */

static bool
is_refusal(FulcraRepresentation *answer)
{
    const char *code =
            fulcra_representation_get_header(answer, "httpResponse:/code");

    return code != NULL && strtol(code, NULL, 10) >= 400;
}

static void
answered(FulcraRequest *inner, FulcraRepresentation *answer,
        const GError *error, void *user_data)
{
    Passage *self = user_data;

    (void)inner;
    if (error != NULL)
        self->error = g_error_copy(error);
    else
        self->answer = fulcra_representation_ref(answer);
    /* A socket that does not come to be has no DELETE. */
    if (is_of_socket(self, FULCRA_VERB_NEW) &&
            (error != NULL || is_refusal(answer) ||
                    !fulcra_socket_is_open(self->socket)))
        fulcra__sessions_unbind(self->sessions, self->socket);
    set_cookie(self);
    flush(self);
}

/* --- admitted --- */

static void
admitted(const GError *refusal, void *user_data)
{
    Passage *self = user_data;
    g_autoptr(FulcraRequest) inner = NULL;

    if (refusal != NULL) {
        self->error = g_error_copy(refusal);
        leave(self);
        return;
    }
    inner = fulcra_request_forward(self->request);
    fulcra_host_request_push_layer(inner, &self->layer->context);
    fulcra_request_issue_async(inner, answered, self);
}

/* --- enter --- */

static void
enter(FulcraSession *session, void *user_data)
{
    Passage *self = user_data;
    FulcraSessions *sessions = self->sessions;
    bool opens = is_of_socket(self, FULCRA_VERB_NEW);

    if (session != NULL)
        sessions->store->ops->touch(sessions->store, session);
    if (opens && session != NULL &&
            !fulcra__sessions_bind(sessions, self->socket, session))
        session = NULL; /* it ended just now */
    if (is_of_socket(self, FULCRA_VERB_DELETE))
        fulcra__sessions_unbind(sessions, self->socket);
    self->layer = fulcra__session_layer_new(
            sessions, fulcra_host_request_get_context(self->request), session);
    self->layer->why_not = self->why_not;
    if (opens)
        self->layer->opening = fulcra_socket_ref(self->socket);
    if (sessions->csrf)
        fulcra__session_csrf_check(self->request, session, admitted, self);
    else
        admitted(NULL, self);
}

/* The id that the client sent; NULL where it sent none that could be one.
 * (transfer full) */
static FulcraRepresentation *
sent_id(Passage *self)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraRepresentation) id = fulcra_request_source(self->request,
            self->sessions->cookie_identifier, FULCRA_TYPE_TEXT, &error);

    if (g_error_matches(error, FULCRA_ERROR, FULCRA_ERROR_UNRESOLVED))
        self->why_not = "no HTTP request caused this";
    if (id == NULL || strlen(fulcra_representation_get_text(id)) !=
                              FULCRA_SESSION_ID_LENGTH)
        return NULL;
    return g_steal_pointer(&id);
}

static void
find_session(Passage *self)
{
    FulcraSessionStore *store = self->sessions->store;
    g_autoptr(FulcraSession) bound =
            self->socket == NULL
                    ? NULL
                    : fulcra__sessions_find_bound(self->sessions, self->socket);
    g_autoptr(FulcraRepresentation) id = bound == NULL ? sent_id(self) : NULL;

    if (self->socket != NULL && !is_of_socket(self, FULCRA_VERB_NEW))
        self->why_not = "an open socket cannot be given a cookie; it can be "
                        "during NEW, and a page can";
    if (bound != NULL || id == NULL)
        enter(bound, self);
    else
        store->ops->find(
                store, fulcra_representation_get_text(id), enter, self);
}

static bool
is_inside(FulcraRequest *request, FulcraSessions *sessions)
{
    FulcraContext *layer = fulcra_host_request_find_layer(
            request, fulcra__session_layer_class());

    return layer != NULL && ((FulcraSessionLayer *)layer)->sessions == sessions;
}

static FulcraRepresentation *
session_overlay(FulcraRequest *request, GError **error)
{
    FulcraSessions *sessions = fulcra_request_get_data(request);

    (void)error;
    if (is_inside(request, sessions))
        return fulcra_request_pass_on(request, fulcra_request_forward(request));

    Passage *self = g_new0(Passage, 1);
    FulcraRepresentation *deferred = fulcra_request_defer(request);
    self->sessions = sessions;
    self->request = request;
    self->socket = fulcra_request_get_socket(request);
    find_session(self);
    return deferred;
}

const FulcraEndpointOps fulcra__session_overlay_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .overlay = session_overlay,
    .passes_on = true,
    .destroy = fulcra__sessions_unref,
};
