/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A generation of a module: its definition, read, and what was built from it
 */

#include "definition.h"
#include "module.h"
#include "requires.h"

/* What a definition is built with. */
typedef struct {
    FulcraKernel *kernel;
    FulcraKinds *kinds;
    const char *staging; /* folder for copies of shared objects */
    bool trusted;        /* may use host symbols */
    FulcraDocument *overrides_document; /* (nullable) */
    JsonObject *overrides; /* (nullable): settings of this module */
    FulcraProblems *problems;
} FulcraBuild;

/* Something of a kind that lives with the generation. */
typedef struct {
    const FulcraKind *kind;
    void *instance;
} FulcraInstance;

typedef struct {
    char *folder; /* as it was given, for messages */
    char *path;   /* absolute, links resolved */
    FulcraDocument *document;
    JsonObject *root;
    const char *uri, *version_text, *library;
    FulcraVersion version;
    FulcraModule *module;     /* once built */
    FulcraEndpoint *settings; /* while it is built: answers setting:/{name} */
    GPtrArray *spaces;        /* of FulcraSpace, sealed */
    GPtrArray *space_uris;    /* of const char *, ending with NULL once built */
    GPtrArray *endpoints;     /* of char *, ending with NULL once built */
    GPtrArray *imports;       /* of JsonNode: the texts of its import entries */
    GPtrArray *attachments; /* of const char *: the types of dynamic imports */
    GArray *instances;      /* of FulcraInstance */
    bool has_code;          /* its library was mapped and loaded */
    bool is_started;
    unsigned mark; /* for fulcra_host_loader_load_all() to order by */
} FulcraGeneration;

/** Reads and checks the definition in @folder. Returns NULL where there is
 * none or it cannot be used, which is reported. (transfer full) */
FulcraGeneration *fulcra__generation_read(
        const char *folder, FulcraKinds *kinds, FulcraProblems *problems);

/** The same, of a definition that was read already. */
FulcraGeneration *fulcra__generation_new(const char *folder,
        FulcraDocument *document, FulcraKinds *kinds, FulcraProblems *problems);
void fulcra__generation_free(FulcraGeneration *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FulcraGeneration, fulcra__generation_free)

/** Maps the code and builds the spaces; what is wrong is reported. */
void fulcra__generation_build(FulcraGeneration *self, const FulcraBuild *build);

void fulcra__generation_start(FulcraGeneration *self);
void fulcra__generation_stop(FulcraGeneration *self);

/** Whether space number @i of the definition is what the two ask for. */
bool fulcra__generation_is_public(FulcraGeneration *self, size_t i);
bool fulcra__generation_attaches(
        FulcraGeneration *self, size_t i, const char *attachment);

/** The object of "spaces" that is number @i. (transfer none) */
JsonObject *fulcra__generation_get_space(FulcraGeneration *self, size_t i);

/** Reports a problem with the value of the member @key of @object. */
void fulcra__generation_problem(FulcraGeneration *self,
        FulcraProblems *problems, JsonNode *node, const char *format, ...)
        FULCRA_PRINTF(4, 5);

/* entry-values.c */

/** Binds @endpoint to a grammar or a list of them; where it is NULL they are
 * only checked. */
bool fulcra__entry_bind_all(FulcraEntry *self, JsonNode *grammar,
        FulcraVerbs verbs, FulcraEndpoint *endpoint);

/* entry.c */

/** Builds space number @i of @generation and all that nests in it; sealed.
 * (transfer full) */
FulcraSpace *fulcra__space_build(
        FulcraGeneration *generation, const FulcraBuild *build, size_t i);

/** The space that imports all that is attached as @type. (transfer full) */
char *fulcra__attachment_uri(const char *type);

/** The file or folder that @path names within the module's; NULL where there
 * is none or it is outside, which is reported. (transfer full) */
char *fulcra__generation_find(
        FulcraGeneration *self, FulcraProblems *problems, JsonNode *path);
