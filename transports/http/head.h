/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The head of an HTTP request, and the httpRequest:/ space that speaks for it
 *
 * Immutable and reference-counted, one allocation: it serves one exchange, or
 * stays with a WebSocket for its whole life. Its context layer answers
 * httpRequest:/method url path query host scheme remote-host headers
 * header/NAME cookies cookie/NAME params param/NAME; body body/form uploads
 * upload/NAME upload/NAME/INDEX only while an exchange with a body is under
 * way. params and param/NAME are of the query and, in front of it, of such a
 * form.
 */

#include <fulcra-host/context.h>

G_BEGIN_DECLS

typedef struct _FulcraHttpHead FulcraHttpHead;

FulcraHttpHead *fulcra_http_head_ref(FulcraHttpHead *self);
void fulcra_http_head_unref(FulcraHttpHead *self);

/** The layer to be put under another, or used as it is. (transfer none) */
FulcraContext *fulcra_http_head_get_context(FulcraHttpHead *self);

/** The head whose layer that is. (transfer none) */
FulcraHttpHead *fulcra_http_head_of_context(FulcraContext *context);

/* (transfer none), as long as @self. */
const char *fulcra_http_head_get_method(FulcraHttpHead *self);

/** Decoded once and normalised: what goes into an identifier as a slot. */
const char *fulcra_http_head_get_path(FulcraHttpHead *self);

/** Without "?"; "" where there is none. */
const char *fulcra_http_head_get_query(FulcraHttpHead *self);

/** (nullable): repeated fields are joined with ", ". Any case. */
const char *fulcra_http_head_get_header(FulcraHttpHead *self, const char *name);

/** The client's address, numeric, without its port. */
const char *fulcra_http_head_get_remote_host(FulcraHttpHead *self);

/** What it occupies, in bytes. */
size_t fulcra_http_head_get_size(FulcraHttpHead *self);

G_END_DECLS
