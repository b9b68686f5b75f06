/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Inspecting: what is published, and how an identifier is resolved in it
 */

#include <fulcra-host/kernel.h>
#include <fulcra/request.h>

G_BEGIN_DECLS

/* --- resolution, step by step --- */

typedef enum {
    FULCRA_STEP_SPACE,    /* one of the places */
    FULCRA_STEP_CONTEXT,  /* a layer of the context: nobody else is asked */
    FULCRA_STEP_IMPORT,   /* the space that it names is asked next */
    FULCRA_STEP_OVERLAY,  /* likewise the one that it wraps */
    FULCRA_STEP_LIMITER,  /* it matched: nobody else is asked */
    FULCRA_STEP_ENDPOINT, /* it answers, or there is a reason why not */
    FULCRA_N_STEPS
} FulcraStepKind;

/* Valid during the call. */
typedef struct {
    FulcraStepKind kind;
    unsigned depth;     /* spaces around it that imports and overlays led to */
    const char *name;   /* a URI, the id of an endpoint, the name of a layer */
    const char *detail; /* (nullable): of an endpoint or limiter its grammar, of
                           an overlay the space that it wraps, of a layer the
                           scheme */
    const char *reason; /* (nullable): why it went no further here */
    bool answers;
} FulcraStep;

typedef void (*FulcraStepped)(const FulcraStep *step, void *user_data);

/** "space", "context", "import" ...; a static string */
const char *fulcra_host_step_kind_to_string(FulcraStepKind kind);

/**
 * fulcra_host_request_explain:
 * @self: made for this: it cannot be issued any more
 *
 * Resolves @self and tells @stepped of all that is asked on the way, in order.
 *
 * Returns: whether something answers, the last step
 */
bool fulcra_host_request_explain(
        FulcraRequest *self, FulcraStepped stepped, void *user_data);

/* --- spaces --- */

/* An entry of a space, as it was declared. (transfer none), as long as the
 * space. */
typedef struct {
    const char *kind; /* "endpoint", "import", "transreptor", "overlay",
                         "limiter" */
    bool private_;
    FulcraVerbs verbs;     /* of an endpoint */
    FulcraRun run;         /* of what has an endpoint */
    const char *id;        /* (nullable), as all below: of its endpoint */
    const char *module;    /* whose endpoint it is */
    const char *grammar;   /* of an endpoint or limiter */
    const char *uri;       /* of an import */
    const char *from, *to; /* of a transreptor */
    FulcraSpace *wrapped;  /* of an overlay */
} FulcraEntryInfo;

/** What is published now, sorted by URI. (transfer full): of FulcraSpace */
GPtrArray *fulcra_host_kernel_list_spaces(FulcraKernel *self);

size_t fulcra_host_space_get_n_entries(FulcraSpace *self);
void fulcra_host_space_get_entry(
        FulcraSpace *self, size_t index, FulcraEntryInfo *info);

/* --- the cache --- */

/* An answer that is kept. Valid during the call. */
typedef struct {
    FulcraVerb verb;
    FulcraIdentifier *identifier;
    bool given;         /* there were arguments beside the identifier's */
    const char *wanted; /* (nullable): the type that was asked for */
    const char *type;   /* of the answer */
    size_t bytes;       /* that it takes */
    int64_t cost_us;    /* that making it took */
    unsigned uses;      /* since it is kept */
    bool expired;       /* it will be dropped when somebody asks for it */
    int64_t expires_at; /* as g_get_real_time() counts; 0: not by time */
    char *const *keys;  /* (array length=n_keys): that it expires with */
    unsigned n_keys;
    bool more_keys; /* than are noted */
} FulcraCachedInfo;

/** Tells @each of every answer that is kept, in no order, under locks: it must
 * not ask the kernel for anything, and be quick. Any thread. */
void fulcra_host_kernel_list_cache(FulcraKernel *self,
        void (*each)(const FulcraCachedInfo *info, void *user_data),
        void *user_data);

G_END_DECLS
