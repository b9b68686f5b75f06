/* SPDX-License-Identifier: MIT */
#pragma once

/* What the files about settings share. */

#include "settings.h"

typedef struct {
    char *origin;
    int64_t number;
    GPtrArray *texts; /* NULL-terminated */
} SettingValue;

struct _FulcraSettings {
    SettingValue values[FULCRA_N_SETTINGS];
    FulcraDocument *document; /* (nullable): fulcra.json */
};

/* Begins a value that comes from @origin; appends a text to a list. */
void fulcra__settings_begin(
        FulcraSettings *self, FulcraSetting id, const char *origin);
bool fulcra__settings_append(FulcraSettings *self, FulcraSetting id,
        const char *text, GError **error);
