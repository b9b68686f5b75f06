/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Files as representations
 */

#include "spaces/fileset_find.h"
#include <fulcra/representation.h>

G_BEGIN_DECLS

/**
 * fulcra__fileset_load:
 * @found: a regular file, and its siblings
 * @max_size: in bytes; a sibling beyond it is left out
 *
 * Returns: (transfer full) (nullable): the file with its media type, ETag,
 * Last-Modified and coded forms; NULL with FULCRA_ERROR_TOO_LARGE, or where
 * it cannot be read
 */
FulcraRepresentation *fulcra__fileset_load(
        const FulcraFilesetFound *found, int64_t max_size, GError **error);

G_END_DECLS
