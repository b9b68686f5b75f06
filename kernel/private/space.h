/* SPDX-License-Identifier: MIT */
#pragma once

#include "private/cut.h"
#include "private/grammar.h"
#include <fulcra-host/owner.h>
#include <fulcra-host/space.h>

struct _FulcraEndpoint {
    FulcraRefs refs;
    FulcraEndpointOps
            ops; /* a copy, zero-filled where the module's is shorter */
    FulcraVerbs verbs;
    FulcraRun run;
    void *data;
    FulcraDomain *domain; /* (nullable) */
    char *id;
    const char *module; /* (nullable) interned */
    void *pin;
    GDestroyNotify release_pin;
    FulcraOwner *owner; /* (nullable) */
};

typedef enum {
    ENTRY_ENDPOINT,
    ENTRY_IMPORT,
    ENTRY_TRANSREPTOR,
    ENTRY_OVERLAY,
    ENTRY_LIMITER,
} FulcraEntryKind;

typedef struct {
    FulcraEntryKind kind;
    FulcraVisibility visibility;
    FulcraVerbs verbs;
    FulcraPrefix prefix;      /* of the grammar; zero where there is none */
    FulcraGrammar *grammar;   /* ENTRY_ENDPOINT, ENTRY_LIMITER */
    FulcraEndpoint *endpoint; /* ENTRY_ENDPOINT, _TRANSREPTOR, _OVERLAY */
    FulcraSpace *wrapped;     /* ENTRY_OVERLAY */
    const char *uri;          /* ENTRY_IMPORT: interned */
    const char *from, *to;    /* ENTRY_TRANSREPTOR: interned */
} FulcraEntry;

struct _FulcraSpace {
    FulcraRefs refs;
    bool sealed;
    const char *uri;        /* interned */
    uint64_t number;        /* never used twice */
    FulcraCutSlot cut_slot; /* of the key that a publish cuts */
    size_t n_entries;
    FulcraEntry *entries;
};

/** The handler for @verb; EXISTS falls back on source. (nullable) */
FulcraHandler fulcra__endpoint_get_handler(
        FulcraEndpoint *self, FulcraVerb verb);
