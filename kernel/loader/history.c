/* SPDX-License-Identifier: MIT */
/*
 * history.c - see history.h
 *
 * Guarded by the loader's `lock`.
 */

#include "history.h"

#include <string.h>

#define ENDED_MAX 100u /* of one module; of older ones only bytes are known */

void
fulcra__generation_info_clear(void *info)
{
    FulcraGenerationInfo *self = info;

    g_free(self->version);
    g_strfreev(self->left);
}

static void
history_free(void *history)
{
    FulcraHistory *self = history;

    g_free(self->uri);
    g_free(self->folder);
    g_free(self->failure);
    g_array_unref(self->ended);
    g_free(self);
}

GPtrArray *
fulcra__histories_new(void)
{
    return g_ptr_array_new_with_free_func(history_free);
}

FulcraHistory *
fulcra__histories_get(GPtrArray *histories, const char *uri)
{
    FulcraHistory *self;

    for (unsigned i = 0; i < histories->len; i++) {
        self = histories->pdata[i];
        if (strcmp(self->uri, uri) == 0)
            return self;
    }
    self = g_new0(FulcraHistory, 1);
    self->uri = g_strdup(uri);
    self->ended = g_array_new(false, false, sizeof(FulcraGenerationInfo));
    g_array_set_clear_func(self->ended, fulcra__generation_info_clear);
    g_ptr_array_add(histories, self);
    return self;
}

void
fulcra__history_add(FulcraHistory *self, const FulcraGenerationInfo *info)
{
    if (self->ended->len == ENDED_MAX) {
        self->mapped_older +=
                g_array_index(self->ended, FulcraGenerationInfo, 0).mapped;
        g_array_remove_index(self->ended, 0);
    }
    g_array_append_vals(self->ended, info, 1);
}

void
fulcra__history_set_failure(FulcraHistory *self, const char *failure)
{
    g_free(self->failure);
    self->failure = g_strdup(failure);
    self->failed_us = failure != NULL ? g_get_real_time() : 0;
}
