/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Cookies and urlencoded forms: pure functions from text to values
 */

#include <glib.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* More names than this are refused before they meet a hash table. */
#define FULCRA_HTTP_MAX_FIELDS 1000

/** @cookies: the Cookie field (RFC 6265 section 4.2.1), fields joined by "; ".
 * The first of that name wins. (transfer full) (nullable) */
char *fulcra__http_cookie_find(const char *cookies, const char *name);
JsonNode *fulcra__http_cookies_to_json(const char *cookies, GError **error);

/** @form: "a=1&b=x+y%21". (transfer full) (nullable): NULL where there is no
 * @name; with @error set where the form is malformed */
char *fulcra__http_form_find(
        const char *form, size_t length, const char *name, GError **error);

/** An object of strings; an array of strings where a name is repeated. */
JsonNode *fulcra__http_form_to_json(
        const char *form, size_t length, GError **error);

G_END_DECLS
