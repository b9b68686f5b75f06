/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Modules that change while they serve
 *
 * A change loads, replaces or unloads one module. Whatever goes wrong on the
 * way, what served before goes on serving. Of a module that was replaced the
 * old generation is retired: requests that began in it end in it, and its code
 * stays mapped unless its author promised otherwise.
 *
 * A module is named by its URI; by the last part of it where no other loaded
 * module has the same; with "@VERSION" behind it where several versions are
 * loaded.
 *
 * Every call from any thread but an event loop's. Changes wait for one another,
 * and for a child process, for code that starts, for requests that end: some
 * seconds at worst. The calls that only read do not wait for a change.
 */

#include <fulcra-host/loader.h>

G_BEGIN_DECLS

/* --- changing --- */

typedef enum {
    FULCRA_CHANGE_LOAD,    /* it was not there before */
    FULCRA_CHANGE_REPLACE, /* another generation of it was */
    FULCRA_CHANGE_UNLOAD,
} FulcraChangeKind;

const char *fulcra_host_change_kind_to_string(FulcraChangeKind kind);

typedef struct {
    const char *by; /* (nullable): who asks, for the log: "uid 1000" */
    bool force;     /* even where sockets close by it, or sessions end */
    bool preview;   /* say what it would do: its code is loaded for that, and
                       nothing else changes */
} FulcraChangeOptions;

/* What a change did, or would do. */
typedef struct {
    FulcraChangeKind kind;
    bool done; /* false for a preview */
    char *uri;
    char *version;       /* afterwards; of an unload: what it had */
    char *before;        /* (nullable): the version that was replaced */
    unsigned generation; /* counts the generations of a module from 1 */
    size_t n_sockets;    /* that nothing answers any more: closed with 1012 */
    char **affected;     /* what ends by it, a text each: "12 sockets on
                            ws:/chat", "timer every 5s" (NULL-terminated) */
} FulcraChange;

void fulcra_host_change_free(FulcraChange *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FulcraChange, fulcra_host_change_free)

/**
 * fulcra_host_loader_load:
 * @folder: a module's folder
 * @options: (nullable)
 *
 * Loads the module in @folder; where one of its URI is loaded that has the same
 * version or a space in common, it takes that one's place.
 *
 * Returns: (transfer full) (nullable): NULL with FULCRA_ERROR_MODULE, whose
 * message says what is wrong, where, and what would be right; with
 * FULCRA_ERROR_NOT_FOUND where there is no definition; with
 * FULCRA_ERROR_FORBIDDEN where it would end what only @options->force may end:
 * the message names that
 */
FulcraChange *fulcra_host_loader_load(FulcraLoader *self, const char *folder,
        const FulcraChangeOptions *options, GError **error);

/** Loads the module named @name again, from the folder it came from. Fails as
 * fulcra_host_loader_load(); with FULCRA_ERROR_NOT_FOUND where no module is
 * named so, with FULCRA_ERROR_BAD_ARGUMENT where several are. */
FulcraChange *fulcra_host_loader_reload(FulcraLoader *self, const char *name,
        const FulcraChangeOptions *options, GError **error);

/** Takes the module named @name away. Fails as fulcra_host_loader_reload();
 * with FULCRA_ERROR_MODULE where other modules need it, whatever is forced. */
FulcraChange *fulcra_host_loader_unload(FulcraLoader *self, const char *name,
        const FulcraChangeOptions *options, GError **error);

/* --- reading --- */

typedef enum {
    FULCRA_GENERATION_LIVE,     /* new requests find it */
    FULCRA_GENERATION_RETIRED,  /* something of it is still in use */
    FULCRA_GENERATION_KEPT,     /* nothing is in use; its code stays mapped */
    FULCRA_GENERATION_UNMAPPED, /* its code is gone as well */
    FULCRA_GENERATION_HUNG,     /* it was given up while it started */
} FulcraGenerationState;

const char *fulcra_host_generation_state_to_string(FulcraGenerationState state);

typedef struct {
    unsigned number; /* from 1, those that failed to start included */
    FulcraGenerationState state;
    char *version;
    int64_t loaded_us;  /* g_get_real_time() */
    int64_t retired_us; /* likewise; 0: it is live */
    size_t mapped;      /* bytes of address space that its code takes */
    char **left;        /* what of it is in use, a text each: "thread 'poll'",
                           "2 requests" (NULL-terminated) */
} FulcraGenerationInfo;

typedef struct {
    char *uri;
    char *version;     /* (nullable), as all that the live one says: NULL where
                          it was unloaded */
    char *title;       /* (nullable) */
    char *description; /* (nullable) */
    char *folder;      /* it came from */
    char *library;     /* (nullable): file name */
    char **spaces;
    char **endpoints;    /* ids that its code added */
    char **requires;     /* "URI RANGE" */
    char **required_by;  /* URIs */
    bool keeps_state;    /* hands its state over to the next generation */
    bool promises_unmap; /* its definition says "unmap": true */
    size_t n_generations;
    FulcraGenerationInfo *generations; /* newest first */
    size_t kept;                       /* bytes mapped of those not live */
    char *failure;                     /* (nullable): of the last change */
    int64_t failed_us;                 /* when that was: g_get_real_time() */
} FulcraModuleState;

void fulcra_host_module_state_free(FulcraModuleState *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FulcraModuleState, fulcra_host_module_state_free)

/** All modules that are loaded, in the order of loading, then those of which
 * something is left. (transfer full): of FulcraModuleState */
GPtrArray *fulcra_host_loader_list_states(FulcraLoader *self);

/** Fails with FULCRA_ERROR_NOT_FOUND where no module is named so, with
 * FULCRA_ERROR_BAD_ARGUMENT where several are. (transfer full) (nullable) */
FulcraModuleState *fulcra_host_loader_get_state(
        FulcraLoader *self, const char *name, GError **error);

/* --- for the program --- */

/** Looks what retired generations still hold, lets go of what they do not
 * need. To be called about once a second; never waits long. */
void fulcra_host_loader_tend(FulcraLoader *self);

/**
 * fulcra_host_loader_set_probe:
 * @command: (array zero-terminated=1) (nullable): a program and its first
 *     arguments; it is given the URI of each module and the path of its shared
 *     object, and calls fulcra_host_probe_main() with them
 *
 * A child process first loads the shared objects and runs their load functions,
 * so that one that crashes takes no server with it. Without a command none
 * does.
 */
void fulcra_host_loader_set_probe(
        FulcraLoader *self, const char *const *command);

/** What the child does. Returns its exit status. */
int fulcra_host_probe_main(const char *const *modules);

/* How long a change waits, in milliseconds. */
typedef struct {
    unsigned probe_ms; /* for the child */
    unsigned start_ms; /* for code to be loaded and to say that it is ready */
    unsigned hold_ms;  /* for requests to end before state is exported */
    unsigned close_ms; /* for the DELETEs of sockets that are closed */
} FulcraChangeLimits;

#define FULCRA_CHANGE_LIMITS_DEFAULT                                           \
    {                                                                          \
        .probe_ms = 10000, .start_ms = 10000, .hold_ms = 5000,                 \
        .close_ms = 5000                                                       \
    }

void fulcra_host_loader_set_limits(
        FulcraLoader *self, const FulcraChangeLimits *limits);

/* Who has sockets. Called by whichever thread makes the change. */
typedef struct _FulcraSocketKeeper FulcraSocketKeeper;
struct _FulcraSocketKeeper {
    /* Adds a text to @affected for the sockets that nothing in @table would
     * answer. Returns how many they are. */
    size_t (*survey)(
            FulcraSocketKeeper *self, FulcraTable *table, GPtrArray *affected);

    /* @before is about to be replaced: a socket that finds itself without an
     * answer has its DELETE there. */
    void (*prepare)(FulcraSocketKeeper *self, FulcraTable *before);

    /* Closes, with 1012, the sockets that nothing published answers any more,
     * and waits for their DELETEs. */
    void (*close)(FulcraSocketKeeper *self, unsigned timeout_ms);
};

/** @keeper: (transfer none) (nullable) */
void fulcra_host_loader_set_sockets(
        FulcraLoader *self, FulcraSocketKeeper *keeper);

G_END_DECLS
