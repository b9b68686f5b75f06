/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Sockets
 *
 * The handle of a WebSocket is a weak name for it: it may be stored, outlives
 * the socket and the module that stored it, and answers "gone" after the
 * close. Every call is safe from any thread, and none of them waits: sends of
 * one thread leave in the order in which they were made.
 *
 * While a request of the socket is handled, SINK wsResponse:/message and
 * SINK wsResponse:/disconnect do the same without a handle.
 */

#include <fulcra/types.h>

G_BEGIN_DECLS

/* Close codes (RFC 6455 section 7.4.1; 4000-4999 are Fulcra's own). */
#define FULCRA_CLOSE_NORMAL        1000
#define FULCRA_CLOSE_GOING_AWAY    1001
#define FULCRA_CLOSE_POLICY        1008
#define FULCRA_CLOSE_INTERNAL      1011
#define FULCRA_CLOSE_RESTART       1012
#define FULCRA_CLOSE_TRY_AGAIN     1013
#define FULCRA_CLOSE_SESSION_ENDED 4001
#define FULCRA_CLOSE_FORBIDDEN     4003
#define FULCRA_CLOSE_TOO_SLOW      4008

FulcraSocket *fulcra_socket_ref(FulcraSocket *self);
void fulcra_socket_unref(FulcraSocket *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FulcraSocket, fulcra_socket_unref)

/**
 * fulcra_socket_find:
 * @request: any request being handled, for the server it belongs to
 * @id: the socketid of an open socket
 *
 * Returns: (transfer full) (nullable): NULL where no open socket has that id
 */
FulcraSocket *fulcra_socket_find(FulcraRequest *request, const char *id);

/**
 * fulcra_socket_get_id:
 *
 * Returns: (transfer full) (nullable): its socketid; NULL before its NEW was
 * answered and after it has closed. Whoever knows it can speak as the socket:
 * it is nothing to show to clients
 */
char *fulcra_socket_get_id(FulcraSocket *self);

/**
 * fulcra_socket_send:
 * @message: (transfer none): text types leave as a text message, others as
 *     a binary one. Encoded once however many sockets it is sent to
 *
 * Queues a message. Fails with FULCRA_ERROR_GONE where the socket has closed.
 */
bool fulcra_socket_send(
        FulcraSocket *self, FulcraRepresentation *message, GError **error);

/** Sends what fulcra_representation_new_json_printf() makes of @format. */
bool fulcra_socket_send_json(
        FulcraSocket *self, GError **error, const char *format, ...);

/**
 * fulcra_socket_disconnect:
 * @code: a close code that may be sent, 1000 to 4999
 * @reason: (nullable): at most 123 bytes of UTF-8
 *
 * Starts the closing handshake after what was sent before. DELETE follows.
 */
bool fulcra_socket_disconnect(
        FulcraSocket *self, unsigned code, const char *reason, GError **error);

/**
 * fulcra_socket_subscribe:
 * @identifier: (transfer none): what the socket is to follow; resolved as if
 *     the socket asked for it, past the overlays of its listener, so what is
 *     private to a module cannot be followed
 * @on_error: (transfer none) (nullable): what is sent when it cannot be
 *     followed, or fails; an identifier (FULCRA_TYPE_IDENTIFIER) is asked for
 *     then. NULL: nothing
 *
 * Sends the socket what @identifier is, and again each time that has changed;
 * or, where it is a topic, what is published to it from now on. Whatever
 * sockets follow in common is evaluated and encoded once. Ends with the socket.
 * Subscribing to the same identifier again changes nothing.
 *
 * Only asks for it: what becomes of that is told by @on_error and the log. SINK
 * wsResponse:/subscribe does the same and waits for the first value.
 *
 * Fails with FULCRA_ERROR_GONE where the socket has closed.
 */
bool fulcra_socket_subscribe(FulcraSocket *self, FulcraIdentifier *identifier,
        FulcraRepresentation *on_error, GError **error);

/** Ends what fulcra_socket_subscribe() or SINK wsResponse:/subscribe began.
 * What was published before may still arrive. */
bool fulcra_socket_unsubscribe(
        FulcraSocket *self, FulcraIdentifier *identifier, GError **error);

bool fulcra_socket_is_open(FulcraSocket *self);

G_END_DECLS
