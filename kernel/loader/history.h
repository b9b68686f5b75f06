/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What became of the generations of a module
 *
 * Those that are in use have their own structs; what is left of the others is
 * a line here.
 */

#include <fulcra-host/change.h>

typedef struct {
    char *uri;
    char *folder;        /* it last came from */
    unsigned n;          /* generations so far */
    GArray *ended;       /* of FulcraGenerationInfo, oldest first */
    size_t mapped_older; /* bytes, of those that had no room in `ended` */
    char *failure;       /* (nullable): of the last change */
    int64_t failed_us;   /* g_get_real_time() */
} FulcraHistory;

/** That of the module @uri, made if there is none. (transfer none) */
FulcraHistory *fulcra__histories_get(GPtrArray *histories, const char *uri);

/** (transfer full) */
GPtrArray *fulcra__histories_new(void);

/** @info: (transfer full): what it holds */
void fulcra__history_add(FulcraHistory *self, const FulcraGenerationInfo *info);

/** @failure: (nullable): NULL after a change that succeeded */
void fulcra__history_set_failure(FulcraHistory *self, const char *failure);

/** Frees what @info holds. */
void fulcra__generation_info_clear(void *info);
