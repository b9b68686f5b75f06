/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The private folder of copies
 *
 * Code is never mapped from where it was built: the next build would overwrite
 * it under the server's feet, and dlopen() answers a path it knows with the old
 * code. One folder for each process, within TMPDIR.
 */

#include <fulcra-host/json.h>

#define FULCRA_LIBRARY_MAX (256u << 20) /* bytes */

typedef struct _FulcraStaging FulcraStaging;

/** Makes the folder, and removes those of processes that are gone. (transfer
 * full) (nullable) */
FulcraStaging *fulcra__staging_new(GError **error);

/** Removes it with all that is in it. */
void fulcra__staging_free(FulcraStaging *self);

/**
 * fulcra__staging_copy:
 *
 * Copies @file under a name that was never used. Fails with
 * FULCRA_ERROR_MODULE, also where @file changed meanwhile.
 *
 * Returns: (transfer full) (nullable): the path of the copy
 */
char *fulcra__staging_copy(
        FulcraStaging *self, const char *file, GError **error);

/** Sets @error to FULCRA_ERROR_MODULE. Returns false. */
bool fulcra__refuse(GError **error, const char *format, ...)
        FULCRA_PRINTF(2, 3);
