/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The WebSocket handshake, as far as HTTP goes (RFC 6455 section 4.2)
 */

#include "http/head.h"

G_BEGIN_DECLS

/** Whether the comma-separated @list has @token, in any case. */
bool fulcra__http_list_has(
        const char *list /* (nullable) */, const char *token);

/** Whether @head asks for an upgrade to "websocket". */
bool fulcra__http_handshake_asked(FulcraHttpHead *head, const char *version);

/**
 * fulcra__http_handshake_check:
 * @key: (nullable): the Sec-WebSocket-Key, which the head does not keep
 * @reason: (out): a static string, where it is refused
 *
 * Returns: 0, or the status to refuse with: 400, or 426 for a version other
 * than 13
 */
unsigned fulcra__http_handshake_check(
        FulcraHttpHead *head, const char *key, const char **reason);

/** The Sec-WebSocket-Accept for @key. (transfer full) */
char *fulcra__http_handshake_accept(const char *key);

G_END_DECLS
