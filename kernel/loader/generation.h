/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A generation of a module: its definition, read, and what was built from it
 */

#include "definition.h"
#include "errand.h"
#include "library.h"
#include "module.h"
#include "requires.h"

#include <fulcra-host/mapping.h>
#include <fulcra-host/owner.h>
#include <fulcra/representation.h>

/* What a definition is built with. */
typedef struct {
    FulcraKernel *kernel;
    FulcraKinds *kinds;
    FulcraStaging *staging;
    bool trusted;      /* may use host symbols */
    unsigned start_ms; /* for code to be loaded, and for it to start */
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
    FulcraLibrary *code;      /* (nullable): once staged */
    FulcraModule *module;     /* once built */
    FulcraEndpoint *settings; /* while it is built: answers setting:/{name} */
    GPtrArray *spaces;        /* of FulcraSpace, sealed */
    GPtrArray *space_uris;    /* of const char *, ending with NULL once built */
    GPtrArray *endpoints;     /* of char *, ending with NULL once built */
    GPtrArray *imports;       /* of JsonNode: the texts of its import entries */
    GPtrArray *attachments; /* of const char *: the types of dynamic imports */
    GArray *instances;      /* of FulcraInstance */
    bool promises_unmap;    /* its definition says "unmap": true */
    bool has_code;          /* its library was mapped and loaded */
    GError *code_error;     /* (nullable): why not, or why it did not start */
    bool is_started;        /* what its definition says: timers */
    bool is_ready;          /* its code has started */
    FulcraMapping *mapping; /* (nullable): its code is to be unmapped */
    FulcraOwner *owner;     /* (nullable): it hands its state over */
    GPtrArray *code_endpoints;   /* of FulcraEndpoint: to whom it does */
    FulcraRepresentation *state; /* (nullable): on its way */
    unsigned state_version;
    FulcraErrand *errand; /* (nullable): code of it that somebody waits for;
                             nothing here is to be touched until it ends */
    unsigned mark;        /* to order by */

    unsigned number;               /* among those of its module, from 1 */
    int64_t loaded_us, retired_us; /* g_get_real_time() */
    int64_t patience_us; /* monotonic: when it is stopped, whatever is left */
    bool is_stopping;    /* its code was told to end */
    bool has_expired;    /* answers of it that were kept are not */
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

/** Stages the shared object, if it has one; what is wrong is reported. */
void fulcra__generation_stage(FulcraGeneration *self, const FulcraBuild *build);

/** Maps the code and builds the spaces; what is wrong is reported. Where the
 * code hangs, `errand` is left set: it can be neither used nor freed. */
void fulcra__generation_build(FulcraGeneration *self, const FulcraBuild *build);

/** Lets its code get ready. Where it hangs `errand` is left set. */
bool fulcra__generation_ready(
        FulcraGeneration *self, unsigned timeout_ms, GError **error);

/** Exports the state of @self, which is held, and imports it into @next, which
 * is ready. Where either hangs its `errand` is left set. */
bool fulcra__generation_hand_over(FulcraGeneration *self,
        FulcraGeneration *next, unsigned timeout_ms, GError **error);

/** Lets go of its spaces and of all that its definition made. */
void fulcra__generation_release(FulcraGeneration *self);

/** Bytes of address space that its code takes. */
size_t fulcra__generation_get_mapped(FulcraGeneration *self);

/** Whether its definition requires the module @uri. */
bool fulcra__generation_requires(FulcraGeneration *self, const char *uri);

/** Starts and stops what its definition says: timers. */
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

/* code.c */

/** Maps the code and lets it add its endpoints; what is wrong is reported. */
void fulcra__generation_build_code(
        FulcraGeneration *self, const FulcraBuild *build);

/** Takes note of what it has added. */
void fulcra__generation_list_endpoints(FulcraGeneration *self);

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
