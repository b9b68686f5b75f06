/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Lists of origins, as CORS compares them; pure functions
 *
 * An origin is compared as it is serialised (RFC 6454 section 6.2): scheme,
 * host and port, lower case, no default port, byte by byte.
 */

#include <fulcra/types.h>

G_BEGIN_DECLS

/**
 * fulcra__origin_check_pattern:
 * @pattern: "https://a.example", "http://localhost:5173", or
 *     "https://" followed by "*.example.org" for all hosts below that one
 *
 * Returns: (nullable): NULL, or what is wrong with it
 */
const char *fulcra__origin_check_pattern(const char *pattern);

/** Whether @origin, from outside, is meant by @pattern, which was checked. */
bool fulcra__origin_matches(const char *pattern, const char *origin);

G_END_DECLS
