/* SPDX-License-Identifier: MIT */
#pragma once

#include <fulcra/representation.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>

#define FULCRA__JSON_MAX_DEPTH 64

/** @value, rendered: FULCRA_TYPE_JSON_TEXT. (transfer full) */
FulcraRepresentation *fulcra__json_print(GVariant *value);

/** What g_variant_new_parsed() makes, and its one reference. */
GVariant *fulcra__json_build(const char *format, va_list *arguments);

/** Parses text from anywhere, a message included. Fails with
 * FULCRA_ERROR_BAD_ARGUMENT: not JSON, or nested too deep. (transfer full) */
JsonNode *fulcra__json_parse(const char *text, size_t length, GError **error);

/** Whether @text, which is UTF-8, is JSON (RFC 8259), and not too deep. Says at
 * which character it is not. */
bool fulcra__json_check(const char *text, GError **error);
