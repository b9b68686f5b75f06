/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The guard: what libmicrohttpd lets through and a strict reader would not
 *
 * Pure functions over what was received, so that each payload that ever broke
 * a server is a line in a table of a test. Runs before anything else sees a
 * request; what it refuses is answered 400 and the connection is closed.
 */

#include <glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

typedef struct {
    const char *name;
    size_t n_name;
    const char *value;
    size_t n_value;
} FulcraHttpField;

typedef struct {
    const char *method;
    const char *target; /* as it was sent */
    const char *version;
    const FulcraHttpField *fields;
    size_t n_fields;
} FulcraHttpReceived;

/** Why the head is refused, a static string; NULL where it is fine. */
const char *fulcra__http_guard(const FulcraHttpReceived *received);

/** RFC 9110 section 5.6.2: a token of @length bytes. */
bool fulcra__http_is_token(const char *text, size_t length);

/** No control character but HTAB: can be a field's value. */
bool fulcra__http_is_field_value(const char *text, size_t length);

G_END_DECLS
