/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Versions and what modules require of them
 */

#include <fulcra/types.h>

typedef struct {
    unsigned parts[3]; /* major, minor, patch */
} FulcraVersion;

/** "1.4.2": three numbers, no more, no less. */
bool fulcra__version_parse(const char *text, FulcraVersion *version);

/**
 * fulcra__range_parse:
 * @range: "*", or comparisons that must all hold: ">=1.0 <2"; a number that
 *     is left out is 0
 * @version: (nullable)
 * @matches: (out) (nullable): whether @version is within
 *
 * Returns: whether @range is one
 */
bool fulcra__range_parse(
        const char *range, const FulcraVersion *version, bool *matches);
