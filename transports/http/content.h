/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Contents: representations as bytes that libmicrohttpd sends
 */

#include <fulcra/representation.h>
#include <microhttpd.h>

G_BEGIN_DECLS

/** @self or a form of it that has bytes, which hangs on it. (transfer none)
 * (nullable): NULL where there is none */
FulcraRepresentation *fulcra__http_content_of(FulcraRepresentation *self);

/** The Content-Type for an internal or media type. (transfer full) */
char *fulcra__http_content_type(FulcraRepresentation *body);

/** An entity tag of its bytes (RFC 9110 section 8.8.3), quoted; as long as
 * @body. */
const char *fulcra__http_content_etag(FulcraRepresentation *body);

/** @body: (transfer none) (nullable): NULL for none. (transfer full) */
struct MHD_Response *fulcra__http_content_send(FulcraRepresentation *body);

/** @length > 0 of its bytes, from @first on. (transfer full) */
struct MHD_Response *fulcra__http_content_send_part(
        FulcraRepresentation *body, size_t first, size_t length);

G_END_DECLS
