/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Cookies: pure functions over the Cookie field (RFC 6265 section 4.2.1), its
 * repetitions joined by "; "
 */

#include <glib.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/** The first of that name wins. (transfer full) (nullable) */
char *fulcra__http_cookie_find(const char *cookies, const char *name);

/** An object of strings. (transfer full) */
JsonNode *fulcra__http_cookies_to_json(const char *cookies);

unsigned fulcra__http_cookies_count(const char *cookies);

G_END_DECLS
