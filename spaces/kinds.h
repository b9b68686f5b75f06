/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Kinds of entry that the spaces of a definition may have; see FulcraKind.
 */

#include <fulcra-host/loader.h>

G_BEGIN_DECLS

/*
 * { "fileset": { "grammar": "res:/shop/{path*}", "root": "www" } }
 * { "fileset": { "regex": "res:/(?<path>[a-z]+\\.css)", "root": "css" }
 * }
 *
 * Answers SOURCE and EXISTS with the files below a folder of the module. Where
 * the grammar ends with "/{path*}", the path without its slash is answered too,
 * by a redirect.
 */
extern const FulcraKind fulcra_kind_fileset;

/**
 * fulcra_media_type_of:
 * @file: a file's name
 *
 * Returns: (transfer none): the media type that its name stands for,
 * application/octet-stream where that is not known
 */
const char *fulcra_media_type_of(const char *file);

G_END_DECLS
