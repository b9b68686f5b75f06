/* SPDX-License-Identifier: MIT */
/*
 * handshake.c - from the upgrade request to the 101 or the refusal
 *
 * NEW runs before the 101, with the socket already made: what it sends waits
 * in the outbound queue. A NEW that fails, that refuses (httpResponse:/code of
 * 400 or more), or whose answer cannot be used, never becomes a WebSocket and
 * gets no DELETE. A NEW that succeeded gets one, whatever happens next.
 */
#include "websocket/close.h"
#include "websocket/extension.h"
#include "websocket/socket.h"

#include <fulcra-host/identifier.h>
#include <fulcra/error.h>
#include <fulcra/log.h>
#include <stdlib.h>
#include <string.h>

#define ID_SIZE 128 /* bytes that an application may choose */

#define HEADER_PREFIX "httpResponse:/header/"
#define EXTENSIONS    "Sec-WebSocket-Extensions"

/* --- refusals --- */

/* A handshake that took too long is an overload, not a gateway's. */
static unsigned
error_status(const GError *error)
{
    if (g_error_matches(error, FULCRA_ERROR, FULCRA_ERROR_TIMEOUT))
        return 503;
    return fulcra_host_error_get_status(error);
}

/* The socket comes to nothing; the exchange, if there still is one, is
 * answered. */
static void
refuse(FulcraWebSocket *self, unsigned status, const char *message,
        const GError *error)
{
    FulcraHttpExchange *exchange = g_steal_pointer(&self->exchange);

    fulcra_host_stats_add(FULCRA_STAT_SOCKETS_REFUSED, 1);
    fulcra__handle_set_state(self->handle, FULCRA_HANDLE_CLOSED);
    fulcra__outbound_clear(&self->outbound, &self->home->outbound);
    if (self->registered)
        fulcra__registry_remove(self->home->owner, self->handle);
    self->registered = false;
    self->turn = FULCRA_TURN_DONE;
    if (exchange != NULL)
        fulcra_http_exchange_refuse(exchange, status, message, error);
    fulcra__socket_check_end(self);
}

static void
refuse_misuse(FulcraWebSocket *self, unsigned status, const char *what)
{
    fulcra_log_warning(NULL, "NEW %s: %s",
            fulcra_identifier_get_text(self->identifier), what);
    refuse(self, status, what, NULL);
}

/* --- what NEW answered --- */

/* A status of 400 to 599; 0 where the answer does not refuse. */
static unsigned
answer_status(FulcraRepresentation *answer)
{
    const char *code =
            fulcra_representation_get_header(answer, "httpResponse:/code");
    long status = code == NULL ? 0 : strtol(code, NULL, 10);

    return status < 400 ? 0 : status > 599 ? 500 : (unsigned)status;
}

static void
add_header(const char *name, const char *value, void *user_data)
{
    FulcraHttpExchange *exchange = user_data;
    bool added = true;

    if (g_ascii_strncasecmp(name, HEADER_PREFIX, strlen(HEADER_PREFIX)) == 0)
        added = g_ascii_strcasecmp(name + strlen(HEADER_PREFIX), EXTENSIONS) !=
                        0 &&
                fulcra_http_exchange_add_header(
                        exchange, name + strlen(HEADER_PREFIX), value);
    else if (g_ascii_strcasecmp(name, "httpResponse:/cookie") == 0)
        added = fulcra_http_exchange_add_header(exchange, "Set-Cookie", value);
    if (!added)
        fulcra_log_warning(NULL, "NEW: header '%s' cannot be sent", name);
}

static bool
answer_is_text(FulcraRepresentation *answer)
{
    return g_str_has_prefix(fulcra_representation_get_type(answer), "text/") &&
           *fulcra_representation_get_text(answer) != '\0';
}

/* Whether @id can be an argument, a line in a log, a word on a page. */
static bool
id_is_usable(FulcraRepresentation *answer)
{
    size_t length;
    const char *id = fulcra_representation_get_bytes(answer, &length);

    if (length > ID_SIZE || !g_utf8_validate(id, (gssize)length, NULL))
        return false;
    for (size_t i = 0; i < length; i++)
        if (g_ascii_iscntrl(id[i]))
            return false;
    return true;
}

/* NULL, or why it has none; then with what status that is said. */
static const char *
settle_id(FulcraWebSocket *self, FulcraRepresentation *answer, unsigned *status)
{
    char made[FULCRA_SOCKET_ID_SIZE];
    const char *id = made;

    *status = 500;
    if (answer_is_text(answer))
        id = fulcra_representation_get_text(answer);
    else
        fulcra__registry_make_id(self->home, made);
    if (id != made && !id_is_usable(answer))
        return "the answer is no socket id: UTF-8, at most 128 bytes, no "
               "control characters";
    *status = 503;
    return fulcra__socket_take_id(self, id)
                   ? NULL
                   : "the socket id is that of a live socket";
}

/* --- subprotocols (RFC 6455 section 4.2.2) --- */

static bool
protocol_was_offered(const char *offered, const char *chosen)
{
    g_auto(GStrv) names = g_strsplit(offered == NULL ? "" : offered, ",", -1);

    for (char **name = names; *name != NULL; name++)
        if (strcmp(g_strstrip(*name), chosen) == 0)
            return true;
    return false;
}

static const char *
offered_protocols(FulcraWebSocket *self)
{
    return fulcra_http_head_get_header(
            fulcra__socket_head(self), "Sec-WebSocket-Protocol");
}

/* NULL, or why there can be no 101. */
static const char *
settle_protocol(FulcraWebSocket *self, FulcraRepresentation *answer)
{
    const char *chosen =
            fulcra_representation_get_header(answer, "WS_PROTOCOL");

    if (chosen == NULL || *chosen == '\0')
        return NULL;
    if (!protocol_was_offered(offered_protocols(self), chosen))
        return "WS_PROTOCOL chose a subprotocol that was not offered";
    if (!fulcra_http_exchange_add_header(
                self->exchange, "Sec-WebSocket-Protocol", chosen))
        return "WS_PROTOCOL cannot be sent as a header";
    return NULL;
}

/* --- extensions (RFC 6455 section 9.1) --- */

/* Settled before NEW, whose messages may already be compressed. False where
 * the offer is malformed. */
static bool
settle_extensions(FulcraWebSocket *self)
{
    FulcraDeflater *deflater = self->home->owner->deflater;
    FulcraOffer offer;

    if (deflater == NULL)
        return true;
    offer = fulcra__extension_choose(
            fulcra_http_head_get_header(fulcra__socket_head(self), EXTENSIONS),
            fulcra__deflater_get_window(deflater));
    self->handle->deflate = offer == FULCRA_OFFER_DEFLATE;
    return offer != FULCRA_OFFER_MALFORMED;
}

static void
answer_extensions(FulcraWebSocket *self)
{
    char answer[FULCRA_EXTENSION_ANSWER_SIZE];

    if (!self->handle->deflate)
        return;
    fulcra__extension_answer(
            answer, fulcra__deflater_get_window(self->home->owner->deflater));
    fulcra_http_exchange_add_header(self->exchange, EXTENSIONS, answer);
    fulcra_host_stats_add(FULCRA_STAT_SOCKETS_DEFLATE, 1);
}

/* --- the 101 --- */

/* Another turn is certain: what this one may have missed is written then. */
static void
nudge(FulcraSocketLoop *home)
{
    if (!home->nudged)
        fulcra_loop_post(home->loop, &home->nudge_task);
    home->nudged = true;
}

static void
take_early(FulcraWebSocket *self, const uint8_t *early, size_t n_early)
{
    g_autofree uint8_t *copy = g_memdup2(early, n_early);
    FulcraInput input = { copy, n_early };

    if (n_early == 0 || self->wire != FULCRA_WIRE_OPEN)
        return;
    self->home->got_bytes += n_early;
    fulcra__wire_take(self, &input);
    if (fulcra__turn_is_full(self) && !self->ending)
        fulcra__turn_pause(self, &input);
}

static void
upgraded(int fd, const uint8_t *early, size_t n_early, void *user_data)
{
    FulcraWebSocket *self = user_data;

    nudge(self->home);
    if (fd < 0) {
        self->turn = FULCRA_TURN_FREE;
        fulcra__socket_end(self, FULCRA_CLOSE_ABNORMAL, NULL, 0, false);
        fulcra__turn_advance(self);
        return;
    }
    fulcra__wire_open(self, fd);
    self->turn = FULCRA_TURN_FREE;
    if (self->home->stopping)
        fulcra__socket_end(self, FULCRA_CLOSE_GOING_AWAY, "server stops",
                FULCRA_CLOSE_GOING_AWAY, true);
    fulcra__keeper_check_new(self);
    if (self->ending) /* disconnected during NEW: its messages, then Close */
        fulcra__turn_advance(self);
    else
        take_early(self, early, n_early);
}

static void
accept_socket(FulcraWebSocket *self, FulcraRepresentation *answer)
{
    FulcraHttpExchange *exchange = self->exchange;

    fulcra_host_stats_add(FULCRA_STAT_NEWS, 1);
    if (exchange == NULL) { /* nobody is there any more */
        self->turn = FULCRA_TURN_FREE;
        fulcra__socket_end(self, FULCRA_CLOSE_ABNORMAL, NULL, 0, false);
        fulcra__turn_advance(self);
        return;
    }
    fulcra_host_representation_foreach_header(answer, add_header, exchange);
    answer_extensions(self);
    self->exchange = NULL;
    fulcra_http_exchange_upgrade(exchange, upgraded, self);
}

/* --- NEW --- */

static void
refuse_with_answer(
        FulcraWebSocket *self, unsigned status, FulcraRepresentation *answer)
{
    const char *text = fulcra_representation_get_text(answer);

    if (self->exchange != NULL)
        fulcra_host_representation_foreach_header(
                answer, add_header, self->exchange);
    refuse(self, status, text == NULL ? "" : text, NULL);
}

static void
new_answered(FulcraRequest *request, FulcraRepresentation *answer,
        const GError *error, void *user_data)
{
    FulcraWebSocket *self = user_data;
    const char *misuse;
    unsigned status;

    if (self->released)
        return;
    if (error != NULL) {
        refuse(self, error_status(error), error->message, error);
        return;
    }
    status = answer_status(answer);
    if (status != 0) {
        refuse_with_answer(self, status, answer);
        return;
    }
    misuse = self->exchange == NULL ? NULL : settle_protocol(self, answer);
    if (misuse != NULL) {
        refuse_misuse(self, 500, misuse);
        return;
    }
    misuse = settle_id(self, answer, &status);
    if (misuse != NULL)
        refuse_misuse(self, status, misuse);
    else
        accept_socket(self, answer);
}

static void
exchange_gone(void *user_data)
{
    FulcraWebSocket *self = user_data;

    self->exchange = NULL;
}

static void
start_new(FulcraWebSocket *self)
{
    g_autoptr(FulcraRequest) request = fulcra_host_request_new_root(
            self->home->owner->kernel, fulcra__socket_front(self), &self->layer,
            FULCRA_VERB_NEW, self->identifier);
    g_autoptr(FulcraRepresentation) handle =
            fulcra_host_representation_new_socket(&self->handle->base);
    const char *offered = offered_protocols(self);

    fulcra_request_set_primary(request, handle);
    fulcra_request_set_timeout(request, self->home->limits.handshake_ms);
    if (offered != NULL)
        fulcra_request_set_header(request, "WS_PROTOCOL", offered, true);
    fulcra__socket_trace(self, request);
    fulcra__paths_resolve_new(
            self->home, fulcra__socket_front(self), self->identifier, request);
    fulcra_request_issue_async(request, new_answered, self);
}

void
fulcra__handshake_open(FulcraHttpExchange *exchange, void *user_data)
{
    FulcraWebSockets *owner = user_data;
    FulcraSocketLoop *home = fulcra__websockets_home(
            owner, fulcra_http_exchange_get_loop(exchange));
    FulcraHttpHead *head = fulcra_http_exchange_get_head(exchange);
    const char *refusal = fulcra__registry_admit(
            owner, fulcra_http_head_get_remote_host(head));
    FulcraWebSocket *self;

    if (refusal != NULL) {
        fulcra_host_stats_add(FULCRA_STAT_SOCKETS_REFUSED, 1);
        fulcra_host_stats_add(FULCRA_STAT_CONNECTIONS_REFUSED, 1);
        fulcra_log_warning(NULL, "WebSocket from %s refused: %s",
                fulcra_http_head_get_remote_host(head), refusal);
        fulcra_http_exchange_refuse(exchange, 503, refusal, NULL);
        return;
    }
    self = fulcra__socket_new(home, exchange);
    fulcra_http_exchange_on_gone(exchange, exchange_gone, self);
    nudge(home);
    if (settle_extensions(self))
        start_new(self);
    else
        refuse(self, 400, "Sec-WebSocket-Extensions is malformed", NULL);
}
