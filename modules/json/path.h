/* SPDX-License-Identifier: MIT */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>

/**
 * json_path_find:
 * @path: steps from @root on: ".name" (the first dot may be left out), "[3]",
 *     "[-1]" for the last, '["any name"]'; "" is @root itself
 * @found: (out) (transfer none): NULL where there is no such member
 * @why: says then how far it went
 *
 * Returns: false with FULCRA_ERROR_BAD_ARGUMENT where @path is malformed
 */
bool json_path_find(JsonNode *root, const char *path, JsonNode **found,
        GString *why, GError **error);
