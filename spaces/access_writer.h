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

FulcraAccessWriter *fulcra__access_writer_ref(FulcraAccessWriter *self);

/** The last reference writes what is queued, then frees. */
void fulcra__access_writer_unref(FulcraAccessWriter *self);

/** Writes what is queued and ends the thread; a later line starts another. */
void fulcra__access_writer_stop(FulcraAccessWriter *self);

/** @access: (transfer full). Any thread. */
void fulcra__access_writer_push(FulcraAccessWriter *self, FulcraAccess *access);

G_END_DECLS
