/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Access writers: a thread that writes what a request log hands it
 *
 * Handing over never waits: what does not fit into the queue is lost, and
 * counted. The file is opened for each batch, at its end, so whoever rotates
 * logs renames it and need not tell anybody.
 */

#include "spaces/access_line.h"

G_BEGIN_DECLS

typedef struct _FulcraAccessWriter FulcraAccessWriter;

/**
 * fulcra__access_writer_new:
 * @path: (nullable): absolute; NULL for the program's log
 * @structured: as fields (in a file: JSON), not in the combined format
 *
 * Returns: (transfer full): its thread starts with the first line
 */
FulcraAccessWriter *fulcra__access_writer_new(
        const char *path, bool structured);

/** Writes what is queued, then frees. */
void fulcra__access_writer_free(FulcraAccessWriter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FulcraAccessWriter, fulcra__access_writer_free)

/** @access: (transfer full). Any thread. */
void fulcra__access_writer_push(FulcraAccessWriter *self, FulcraAccess *access);

G_END_DECLS
