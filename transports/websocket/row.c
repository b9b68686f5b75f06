/* SPDX-License-Identifier: MIT */
/*
 * row.c - messages of one socket that run back to back on a worker
 *
 * Of a serial endpoint the worker that has answered one message begins the
 * next, and the loop hears of it when the row is over. Nothing else is
 * different: each is a request of its own, made when its turn comes, in the
 * spaces that are published then, with a deadline of its own. Whatever is out
 * of the ordinary is the loop's: a message that fails or is late, a socket that
 * closes, spaces that were published, so that it must be resolved again. The
 * row ends there, and what it has not begun goes back into the inbox.
 *
 * A row belongs to whoever answers its request, then to the loop. Of the socket
 * it touches what never changes while requests are under way, and the state of
 * its handle.
 */
#include "websocket/row.h"

#define ROW_MOST 64 /* then others of the domain have their turn */

typedef struct {
    FulcraWebSocket *socket; /* held by its layer */
    FulcraIdentifier *identifier;
    FulcraResolution *resolution;
    const char *front;
    unsigned at, n; /* of the messages: the next one, all */
    FulcraRepresentation *messages[];
} Row;

static void row_answered(FulcraRequest *request, FulcraRepresentation *answer,
        const GError *error, void *user_data);

static Row *
row_new(FulcraWebSocket *socket)
{
    unsigned most = MIN(fulcra__inbox_get_length(socket->inbox), ROW_MOST);
    Row *self = g_malloc(sizeof(*self) + most * sizeof(self->messages[0]));

    self->socket = socket;
    fulcra_host_context_ref(&socket->layer);
    self->identifier = fulcra_identifier_ref(socket->identifier);
    self->resolution = fulcra_host_resolution_ref(socket->resolution);
    self->front = fulcra__socket_front(socket);
    self->at = 0;
    self->n = most;
    fulcra__inbox_lend(
            socket->inbox, &socket->home->inboxes, self->messages, most);
    return self;
}

static void
row_free(Row *self)
{
    fulcra_host_resolution_unref(self->resolution);
    fulcra_identifier_unref(self->identifier);
    fulcra_host_context_unref(&self->socket->layer);
    g_free(self);
}

/* For the next message, which it takes only then. (transfer full) (nullable):
 * where it must be resolved anew */
static FulcraRequest *
row_next(Row *self)
{
    FulcraRequest *request = fulcra_host_request_new_root(
            self->socket->home->owner->kernel, self->front,
            &self->socket->layer, FULCRA_VERB_SINK, self->identifier);

    fulcra_host_request_use_resolution(request, self->resolution);
    if (fulcra_request_get_endpoint_id(request) == NULL) {
        fulcra_request_unref(request);
        return NULL;
    }
    fulcra_host_request_take_primary(request, self->messages[self->at++]);
    return request;
}

static bool
row_hand_on(FulcraRequest *request, const GError *error, void *user_data)
{
    Row *self = user_data;
    FulcraSocketLoop *home = self->socket->home;

    if (error != NULL || self->at == self->n ||
            !fulcra_socket_is_open(&self->socket->handle->base))
        return false;
    FulcraRequest *next = row_next(self);
    if (next == NULL)
        return false;
    fulcra_host_request_issue_in_row(next, fulcra_loop_get_executor(home->loop),
            request, row_hand_on, row_answered, self);
    fulcra_request_unref(next);
    return true;
}

/* The row is over. */
static void
row_answered(FulcraRequest *request, FulcraRepresentation *answer,
        const GError *error, void *user_data)
{
    Row *self = user_data;
    FulcraWebSocket *socket = self->socket;

    fulcra__inbox_return(&socket->inbox, &socket->home->inboxes,
            self->messages + self->at, self->n - self->at);
    fulcra__turn_answered(socket, request, error);
    row_free(self);
}

void
fulcra__row_issue(FulcraWebSocket *socket, FulcraRequest *first)
{
    fulcra_host_request_issue_in_row(first,
            fulcra_loop_get_executor(socket->home->loop), NULL, row_hand_on,
            row_answered, row_new(socket));
}
