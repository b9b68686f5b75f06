/* SPDX-License-Identifier: MIT */

/*
 * turnstile.c - the way of a request through a gate
 *
 *   ask       the key first, where there is one, then the gate
 *   enter     its turn has come: it is forwarded
 *   answered  it leaves the gate, then it is answered, then the next enters:
 *             whoever was answered finds the place that it gave up
 *
 * After a time-out or a cancellation the code inside may still run. It keeps
 * its place until it has returned, so that "at most N" is true of the code and
 * not only of the waiting.
 *
 * DELETE of a WebSocket is never held up: it takes a place beyond the limit.
 */

#include "spaces/turnstile.h"
#include <fulcra-host/identifier.h>
#include <fulcra-host/request.h>
#include <fulcra-host/stats.h>
#include <fulcra/fulcra.h>

#include <string.h>

/* One request on its way. */
typedef struct {
    FulcraGateTicket ticket; /* first */
    FulcraTurnstile *turnstile;
    FulcraRequest *request; /* held; its answer is deferred */
    bool passes;            /* whoever else is inside */
} Passage;

static bool
is_ws(FulcraRequest *request)
{
    FulcraIdentifier *identifier = fulcra_request_get_identifier(request);

    return strcmp(fulcra_identifier_get_scheme(identifier), "ws") == 0;
}

static void
passage_free(Passage *self)
{
    FulcraRequest *request = self->request;

    g_free(self);
    fulcra_request_unref(request); /* the turnstile may go with it */
}

static void
passage_fail(Passage *self, FulcraErrorCode code, const char *message)
{
    fulcra_request_fail(self->request,
            g_error_new_literal(FULCRA_ERROR, (int)code, message));
}

/* --- the way out --- */

static void
passage_returned(FulcraRequest *inner, void *user_data)
{
    Passage *self = user_data;

    (void)inner;
    fulcra__gate_leave(self->turnstile->gate, &self->ticket);
    fulcra__gate_next(self->turnstile->gate, &self->ticket);
    passage_free(self);
}

static bool
may_still_run(const GError *error)
{
    return g_error_matches(error, FULCRA_ERROR, FULCRA_ERROR_TIMEOUT) ||
           g_error_matches(error, FULCRA_ERROR, FULCRA_ERROR_CANCELLED);
}

static void
passage_answered(FulcraRequest *inner, FulcraRepresentation *answer,
        const GError *error, void *user_data)
{
    Passage *self = user_data;

    if (error != NULL && may_still_run(error)) {
        fulcra_request_fail(self->request, g_error_copy(error));
        fulcra_host_request_when_returned(inner, passage_returned, self);
        return;
    }
    fulcra__gate_leave(self->turnstile->gate, &self->ticket);
    if (error != NULL)
        fulcra_request_fail(self->request, g_error_copy(error));
    else
        fulcra_request_respond(
                self->request, fulcra_representation_ref(answer));
    fulcra__gate_next(self->turnstile->gate, &self->ticket);
    passage_free(self);
}

/* --- what the gate says --- */

static void
passage_enter(FulcraGateTicket *ticket)
{
    Passage *self = (Passage *)ticket;
    FulcraRequest *inner = fulcra_request_forward(self->request);

    fulcra_request_issue_async(inner, passage_answered, self);
    fulcra_request_unref(inner);
}

static bool
is_late(FulcraRequest *request)
{
    return fulcra_request_get_deadline(request) <= g_get_monotonic_time();
}

static bool
passage_is_wanted(FulcraGateTicket *ticket)
{
    FulcraRequest *request = ((Passage *)ticket)->request;

    return !fulcra_host_request_is_done(request) &&
           !fulcra_request_is_cancelled(request) && !is_late(request);
}

static void
passage_reject(Passage *self)
{
    FulcraRequest *request = self->request;
    FulcraSocket *socket = fulcra_request_get_socket(request);

    fulcra_host_stats_add(FULCRA_STAT_THROTTLE_REFUSED, 1);
    if (self->turnstile->close_rejected && socket != NULL &&
            fulcra_request_get_verb(request) == FULCRA_VERB_SINK) {
        fulcra_host_stats_add(FULCRA_STAT_CLOSED_OVERLOADED, 1);
        fulcra_socket_disconnect(
                socket, FULCRA_CLOSE_TRY_AGAIN, "overloaded", NULL);
    }
    passage_fail(self, FULCRA_ERROR_OVERLOADED,
            "too many requests are waiting already; come again");
}

static void
passage_turn_away(FulcraGateTicket *ticket, FulcraGateReason reason)
{
    Passage *self = (Passage *)ticket;

    switch (reason) {
    case FULCRA_GATE_FULL:
        passage_reject(self);
        break;
    case FULCRA_GATE_REPLACED:
        fulcra_host_stats_add(FULCRA_STAT_THROTTLE_REPLACED, 1);
        passage_fail(self, FULCRA_ERROR_OVERLOADED,
                "a newer request took its place");
        break;
    case FULCRA_GATE_UNWANTED:
        fulcra_host_stats_add(FULCRA_STAT_THROTTLE_LEFT, 1);
        passage_fail(self,
                is_late(self->request) ? FULCRA_ERROR_TIMEOUT
                                       : FULCRA_ERROR_CANCELLED,
                "it was not wanted any more when its turn would have come");
        break;
    case FULCRA_GATE_CLOSED:
        passage_fail(self, FULCRA_ERROR_CANCELLED,
                "what it waited for is being taken down");
        break;
    }
    passage_free(self);
}

static const FulcraGateClass passage_class = {
    .enter = passage_enter,
    .turn_away = passage_turn_away,
    .is_wanted = passage_is_wanted,
};

/* --- the way in --- */

char *
fulcra__turnstile_lane_of(FulcraIdentifier *identifier)
{
    const char *text = fulcra_identifier_get_text(identifier);

    if (strcmp(fulcra_identifier_get_scheme(identifier), "ws") != 0)
        return g_strdup(text);
    return g_strndup(text, strcspn(text, "+")); /* in a path it is escaped */
}

/* @key: (nullable) */
static void
passage_ask(Passage *self, const char *key)
{
    FulcraTurnstile *turnstile = self->turnstile;
    FulcraRequest *request = self->request;
    g_autofree char *own =
            key == NULL && turnstile->by_identifier
                    ? fulcra__turnstile_lane_of(
                              fulcra_request_get_identifier(request))
                    : NULL;
    const char *verb =
            turnstile->by_verb
                    ? fulcra_verb_to_string(fulcra_request_get_verb(request))
                    : "";
    g_autofree char *lane = g_strconcat(verb, " ",
            key != NULL   ? key
            : own != NULL ? own
                          : "",
            NULL);

    if (self->passes)
        fulcra__gate_pass(turnstile->gate, lane, &self->ticket);
    else
        fulcra__gate_ask(turnstile->gate, lane, &self->ticket);
}

/* Those that have no key, as without a session, share a lane. */
static bool
has_no_key(const GError *error)
{
    return g_error_matches(error, FULCRA_ERROR, FULCRA_ERROR_UNRESOLVED) ||
           g_error_matches(error, FULCRA_ERROR, FULCRA_ERROR_NOT_FOUND);
}

static void
key_answered(FulcraRequest *asked, FulcraRepresentation *answer,
        const GError *error, void *user_data)
{
    Passage *self = user_data;
    const char *key =
            answer != NULL ? fulcra_representation_get_text(answer) : NULL;

    (void)asked;
    if (error != NULL && !has_no_key(error) && !self->passes) {
        fulcra_request_fail(self->request, g_error_copy(error));
        passage_free(self);
        return;
    }
    passage_ask(self, key != NULL ? key : "");
}

static void
passage_begin(Passage *self)
{
    FulcraIdentifier *key = self->turnstile->key;

    if (key == NULL) {
        passage_ask(self, NULL);
        return;
    }
    g_autoptr(FulcraRequest) ask =
            fulcra_request_new(self->request, FULCRA_VERB_SOURCE, key);
    fulcra_request_set_wanted_type(ask, FULCRA_TYPE_TEXT);
    fulcra_request_issue_async(ask, key_answered, self);
}

static FulcraRepresentation *
turnstile_overlay(FulcraRequest *request, GError **error)
{
    FulcraTurnstile *turnstile = fulcra_request_get_data(request);
    FulcraVerb verb = fulcra_request_get_verb(request);
    bool ws = is_ws(request);

    (void)error;
    if (ws && turnstile->opens_freely && verb != FULCRA_VERB_SINK)
        return fulcra_request_pass_on(request, fulcra_request_forward(request));

    FulcraRepresentation *deferred = fulcra_request_defer(request);
    Passage *self = g_new0(Passage, 1);
    self->turnstile = turnstile;
    self->request = fulcra_request_ref(request);
    self->passes = ws && verb == FULCRA_VERB_DELETE;
    passage_begin(self);
    return deferred;
}

/* --- making one --- */

static void
turnstile_free(void *data)
{
    FulcraTurnstile *self = data;

    fulcra__gate_unref(self->gate);
    fulcra_identifier_unref(self->key);
    g_free(self);
}

FulcraTurnstile *
fulcra__turnstile_new(const FulcraGateLimits *limits)
{
    FulcraTurnstile *self = g_new0(FulcraTurnstile, 1);

    self->gate = fulcra__gate_new(&passage_class, limits);
    return self;
}

static const FulcraEndpointOps turnstile_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .destroy = turnstile_free,
    .overlay = turnstile_overlay,
    .passes_on = true,
};

void *
fulcra__turnstile_install(FulcraTurnstile *self, FulcraEntry *entry)
{
    FulcraGate *gate = fulcra__gate_ref(self->gate);
    g_autoptr(FulcraEndpoint) endpoint = fulcra_host_endpoint_new(
            entry->kind->name, &turnstile_ops, self, NULL);

    fulcra_host_entry_add_overlay(entry, endpoint,
            json_object_get_member(entry->definition, "space"));
    return gate;
}

void
fulcra__turnstile_close(void *instance)
{
    fulcra__gate_close(instance);
    fulcra__gate_unref(instance);
}
