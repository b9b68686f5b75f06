/* SPDX-License-Identifier: MIT */
#pragma once

/* How form.c is filled. */

#include "http/form.h"

G_BEGIN_DECLS

FulcraHttpForm *fulcra__http_form_new_empty(void);

/** Fails where a name or value is not text, or meets a limit. */
bool fulcra__http_form_add_field(FulcraHttpForm *self, const char *name,
        const char *value, size_t n_value, const FulcraHttpFormLimits *limits,
        GError **error);

/** @filename: as the client says it. @type: its media type, without
 * parameters. */
bool fulcra__http_form_add_upload(FulcraHttpForm *self, const char *name,
        const char *filename, const char *type, const void *bytes,
        size_t length, const FulcraHttpFormLimits *limits, GError **error);

/** multipart.c. @type: the whole Content-Type. (transfer full) (nullable) */
FulcraHttpForm *fulcra__http_form_new_multipart(const char *type,
        const char *body, size_t length, const FulcraHttpFormLimits *limits,
        GError **error);

G_END_DECLS
