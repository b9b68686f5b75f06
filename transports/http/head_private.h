/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * How heads are made, and the space that speaks for them
 */

#include "http/guard.h"
#include "http/head.h"

G_BEGIN_DECLS

/** @received: has passed the guard. @query: without "?". @kept: it stays for
 * the life of a socket. (transfer full) */
FulcraHttpHead *fulcra__http_head_new(const char *path, const char *query,
        const char *remote_host, const FulcraHttpReceived *received, bool kept);

/** Calls @each for every field, names in lower case, repeated ones joined. */
void fulcra__http_head_foreach(FulcraHttpHead *self,
        void (*each)(const char *name, const char *value, void *user_data),
        void *user_data);

/** The head for which an endpoint of httpRequest:/ speaks. */
FulcraHttpHead *fulcra__http_head_of_request(FulcraRequest *request);

/** The space behind httpRequest:/, made once. (transfer none) */
FulcraSpace *fulcra__http_request_space(void);

G_END_DECLS
