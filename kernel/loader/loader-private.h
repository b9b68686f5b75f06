/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the files of the loader share
 */

#include "generation.h"

struct _FulcraLoader {
    FulcraKernel *kernel;
    FulcraKinds *kinds;
    GPtrArray *generations; /* of FulcraGeneration, in the order of loading */
    size_t n_loaded;        /* of those: published */
    GPtrArray *host_spaces; /* of FulcraSpace */
    GHashTable *trusted;    /* URIs */
    FulcraDocument *settings_document; /* (nullable) */
    JsonObject *settings;              /* module URI → its settings */
    char *staging;                     /* (nullable): made when needed */
    GArray *infos;                     /* of FulcraModuleInfo */
};

/** The module named, loaded or about to be. (transfer none) (nullable) */
FulcraGeneration *fulcra__loader_find(FulcraLoader *self, const char *uri);

/* relations.c: each reports what is wrong */

/** Puts the modules that are required in front of those that require them. */
void fulcra__loader_order(FulcraLoader *self, FulcraProblems *problems);

/** Compares names, imports and settings of what was built. */
void fulcra__loader_compare(FulcraLoader *self, FulcraProblems *problems);
