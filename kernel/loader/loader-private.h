/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the files of the loader share
 *
 * A change holds `change_lock` from beginning to end, and `lock` only while it
 * swaps lists. Who only reads takes `lock`. A generation that is in a list
 * changes under `lock` only, but for what its own code may change.
 */

#include "generation.h"
#include "history.h"
#include "probe.h"

#include <fulcra-host/change.h>
#include <fulcra-host/sync.h>

struct _FulcraLoader {
    FulcraKernel *kernel;
    FulcraKinds *kinds;
    GPtrArray *host_spaces;            /* of FulcraSpace */
    GHashTable *trusted;               /* URIs */
    FulcraDocument *settings_document; /* (nullable) */
    JsonObject *settings;              /* module URI → its settings */
    char **probe_command;              /* (nullable) */
    FulcraChangeLimits limits;
    FulcraSocketKeeper *sockets; /* (nullable) */

    pthread_mutex_t change_lock;
    FulcraStaging *staging; /* (nullable): made when needed */
    GHashTable *attached;   /* type → FulcraAttached, as published */
    bool host_published;

    pthread_mutex_t lock;
    GPtrArray *generations; /* of FulcraGeneration, in the order of loading */
    size_t n_loaded;        /* of those: published */
    GPtrArray *retired;     /* of FulcraGeneration: something is in use */
    GPtrArray *hung;        /* of FulcraGeneration: given up */
    GPtrArray *histories;   /* of FulcraHistory */

    GArray *infos; /* of FulcraModuleInfo */
};

/* --- relations.c: each reports what is wrong in a list of generations, all of
 * them that there are or would be; those before @n_settled were judged --- */

/** (transfer none) (nullable) */
FulcraGeneration *fulcra__modules_find(GPtrArray *modules, const char *uri);

/** The one whose place @one would take. (transfer none) (nullable) */
FulcraGeneration *fulcra__modules_find_rival(
        GPtrArray *modules, FulcraGeneration *one);

/** Puts those that are required in front of those that require them. */
void fulcra__modules_order(
        GPtrArray *modules, size_t n_settled, FulcraProblems *problems);

/** Compares names and imports of what was built. */
void fulcra__modules_compare(FulcraLoader *self, GPtrArray *modules,
        size_t n_settled, FulcraProblems *problems);

/** Whether each settings of the administrator has its module. */
void fulcra__modules_check_overrides(
        FulcraLoader *self, GPtrArray *modules, FulcraProblems *problems);

/* --- build.c --- */

/** Stages, probes and builds each of @modules from @first on. What is wrong is
 * reported; one that hangs is given up and taken out of the list. @overrides:
 * whether the administrator's settings are applied. */
void fulcra__modules_build(FulcraLoader *self, GPtrArray *modules, size_t first,
        bool overrides, FulcraProblems *problems);

/** Code of @one hangs: nothing of it may be touched until it comes back, if it
 * ever does. @one: (transfer full) */
void fulcra__loader_give_up(FulcraLoader *self, FulcraGeneration *one);

/* --- publication.c --- */

/* What a publish is to change: the spaces of generations that were not
 * published, the host's own once, and what is attached where that changed. */
typedef struct {
    GPtrArray *spaces;    /* of FulcraSpace, held */
    GPtrArray *withdrawn; /* of const char *, ending with NULL */
    GHashTable *attached; /* as it will be */
} FulcraPublication;

/** @fresh, @old: (nullable): what comes and what goes; @modules: all that will
 * be there. (transfer full) */
FulcraPublication *fulcra__publication_new(FulcraLoader *self,
        GPtrArray *modules, FulcraGeneration *const *fresh, size_t n_fresh,
        FulcraGeneration *old);
FulcraTable *fulcra__publication_try(
        FulcraPublication *self, FulcraLoader *loader);
void fulcra__publication_publish(FulcraPublication *self, FulcraLoader *loader);
void fulcra__publication_free(FulcraPublication *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FulcraPublication, fulcra__publication_free)

/* --- retire.c --- */

/** @one is published: it gets its number. With `lock` held. */
void fulcra__loader_enlist(FulcraLoader *self, FulcraGeneration *one);

/** @one was never published and will not be: (transfer full). */
void fulcra__loader_discard(FulcraLoader *self, FulcraGeneration *one);

/** @one is not published any more. (transfer full). With `lock` held. */
void fulcra__loader_retire(FulcraLoader *self, FulcraGeneration *one);

/** What of @one is in use. (transfer full): of char * */
GPtrArray *fulcra__generation_list_left(
        FulcraLoader *self, FulcraGeneration *one);

/** Ends the code of @one, waiting for that. False where it hangs, and @one must
 * be left as it is. */
bool fulcra__loader_end(FulcraLoader *self, FulcraGeneration *one);

/* --- states.c --- */

/** The module that @name means. With one of the locks held. (transfer none)
 * (nullable) */
FulcraGeneration *fulcra__loader_find(
        FulcraLoader *self, const char *name, GError **error);
