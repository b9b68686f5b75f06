/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What may stand in module.json
 */

#include <fulcra-host/loader.h>

extern const FulcraSchema fulcra__module_schema;

/* The kinds of entry, in the order in which an entry is compared with them. */
typedef struct _FulcraKinds FulcraKinds;

/* A kind and how an entry of it looks. */
typedef struct {
    const FulcraKind *kind;
    void *user_data;
    FulcraSchema entry;      /* { "NAME": { ... }, "private": true } */
    FulcraSchemaKey keys[3]; /* of the entry */
} FulcraKindSlot;

FulcraKinds *fulcra__kinds_new(void);
void fulcra__kinds_free(FulcraKinds *self);
void fulcra__kinds_add(
        FulcraKinds *self, const FulcraKind *kind, void *user_data);

/** The variants for fulcra_host_schema_check(), until a kind is added. */
const FulcraSchema *const *fulcra__kinds_get_variants(FulcraKinds *self);

/** The kind of an entry that was checked; NULL for one that the loader itself
 * builds. */
const FulcraKindSlot *fulcra__kinds_find(FulcraKinds *self, JsonObject *entry);
