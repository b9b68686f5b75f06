/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Settings
 *
 * Every setting of the server is one row of settings_table.h; the reader of
 * fulcra.json, the environment, the command line, `fulcra settings` and the
 * guide's page are derived from it. A setting named `websocket.maxMessage` is
 *
 *     { "websocket": { "maxMessage": "128KiB" } }      in fulcra.json
 *     FULCRA_WEBSOCKET_MAX_MESSAGE=128KiB              in the environment
 *     --set websocket.maxMessage=128KiB                as an option
 *
 * An option goes over the environment, that over the file, that over the
 * default. Frequent ones have an option of their own.
 */

#include "settings_table.h"
#include <fulcra-host/schema.h>

G_BEGIN_DECLS

typedef enum {
#define X(prefix, enumerator, ...) FULCRA_SETTING_##enumerator,
    FULCRA_SETTINGS_TABLE(X)
#undef X
            FULCRA_N_SETTINGS
} FulcraSetting;

typedef struct {
    const char *name;    /* with dots */
    FulcraSchemaKey key; /* type, default, bounds, choices, help */
    const char *option;  /* (nullable): without its dashes */
    unsigned commands;   /* FULCRA_FOR_*: which take the option */
    const char *metavar; /* NULL: the option is a flag */
} FulcraSettingSpec;

extern const FulcraSettingSpec fulcra_setting_specs[FULCRA_N_SETTINGS];

typedef struct _FulcraSettings FulcraSettings;

/** All at their defaults. (transfer full) */
FulcraSettings *fulcra_settings_new(void);
void fulcra_settings_free(FulcraSettings *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FulcraSettings, fulcra_settings_free)

/* Values; the type must fit. (transfer none) */
bool fulcra_settings_get_bool(const FulcraSettings *self, FulcraSetting id);

/** A whole number; of a DURATION milliseconds, of a SIZE bytes. */
int64_t fulcra_settings_get_int(const FulcraSettings *self, FulcraSetting id);
const char *fulcra_settings_get_text(
        const FulcraSettings *self, FulcraSetting id);
const char *const *fulcra_settings_get_list(
        const FulcraSettings *self, FulcraSetting id);

/** Where the value comes from: "default", "FULCRA_LOOPS", "--loops",
 * "fulcra.json:3:14". (transfer none) */
const char *fulcra_settings_get_origin(
        const FulcraSettings *self, FulcraSetting id);

/**
 * fulcra_settings_get_modules:
 * @document: (out) (transfer none): the file it stands in
 *
 * Returns: (nullable) (transfer none): what the file sets for modules: an
 * object, module URI → setting → value
 */
JsonNode *fulcra_settings_get_modules(
        const FulcraSettings *self, FulcraDocument **document);

/** The value as it would be written: a list with commas. (transfer full) */
char *fulcra_settings_format(const FulcraSettings *self, FulcraSetting id);

/** Gives @self the value that @from has, and its origin. */
void fulcra_settings_keep(
        FulcraSettings *self, const FulcraSettings *from, FulcraSetting id);

/** The setting named; FULCRA_N_SETTINGS with @error where there is none. */
FulcraSetting fulcra_settings_find(const char *name, GError **error);

/**
 * fulcra_settings_set:
 * @text: as the environment or an option gives it
 * @origin: copied; begins the message of a failure
 *
 * A list's values with the same @origin add up, others replace it.
 */
bool fulcra_settings_set(FulcraSettings *self, FulcraSetting id,
        const char *text, const char *origin, GError **error);

/** The layer of fulcra.json. A line for each problem: file, line, column. */
bool fulcra_settings_load_file(
        FulcraSettings *self, const char *path, GError **error);

/** The layer of the environment. */
bool fulcra_settings_load_environment(FulcraSettings *self, GError **error);

/** FULCRA_WEBSOCKET_MAX_MESSAGE for "websocket.maxMessage". (transfer full) */
char *fulcra_setting_environment_name(const FulcraSettingSpec *spec);

/** What would be right: "a whole number from 0 to 256". (transfer full) */
char *fulcra_setting_describe_type(const FulcraSettingSpec *spec);

G_END_DECLS
