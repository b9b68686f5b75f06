/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Settings: what an administrator may change about a module
 */

#include <fulcra-host/schema.h>
#include <fulcra-host/space.h>

typedef struct _FulcraSettings FulcraModuleSettings;

/** The schema of one declaration under "settings" of a definition. */
extern const FulcraSchema fulcra__setting_schema;

/** @declared: (nullable): "settings" of @document, checked against the schema;
 * what is wrong with it beyond that is reported */
FulcraModuleSettings *fulcra__module_settings_new(FulcraDocument *document,
        JsonObject *declared, FulcraProblems *problems);
void fulcra__module_settings_free(FulcraModuleSettings *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(
        FulcraModuleSettings, fulcra__module_settings_free)

/** Replaces values; @values are those of the module @uri in @document. */
void fulcra__module_settings_override(FulcraModuleSettings *self,
        const char *uri, FulcraDocument *document, JsonObject *values,
        FulcraProblems *problems);

/** What answers setting:/{name}. @self: (transfer full); the result too */
FulcraEndpoint *fulcra__module_settings_to_endpoint(
        FulcraModuleSettings *self, const char *uri);
