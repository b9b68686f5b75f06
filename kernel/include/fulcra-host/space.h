/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Spaces
 *
 * A space is an ordered list of entries in which identifiers are resolved:
 * endpoints bound to grammars, imports of other spaces, transreptors. It is
 * built by one thread, sealed once, and from then on never changes: every
 * later call is lock-free and safe from any thread. To change a running system
 * build a new space and publish it with fulcra_host_kernel_publish().
 */

#include <fulcra-host/context.h>
#include <fulcra/endpoint.h>
#include <fulcra/types.h>

G_BEGIN_DECLS

typedef struct _FulcraEndpoint FulcraEndpoint;
typedef struct _FulcraDomain FulcraDomain;

/* A set of verbs: 1u << FULCRA_VERB_SINK | ... */
typedef unsigned FulcraVerbs;
#define FULCRA_VERBS_ALL ((1u << FULCRA_N_VERBS) - 1u)

/* --- endpoints --- */

/**
 * fulcra_host_endpoint_new:
 * @id: copied
 * @ops: static, or alive as long as @pin
 * @data: (nullable): for ops->destroy in the end
 * @domain: (nullable): needed where @ops is FULCRA_RUN_SERIAL
 *
 * Returns: (transfer full)
 */
FulcraEndpoint *fulcra_host_endpoint_new(const char *id,
        const FulcraEndpointOps *ops, void *data, FulcraDomain *domain);
FulcraEndpoint *fulcra_host_endpoint_ref(FulcraEndpoint *self);
void fulcra_host_endpoint_unref(FulcraEndpoint *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FulcraEndpoint, fulcra_host_endpoint_unref)

/** A name for logs and traces: the module's URI; copied. */
void fulcra_host_endpoint_set_module(FulcraEndpoint *self, const char *uri);

/** Narrows where it may run; INLINE may become CONCURRENT, either SERIAL.
 * Fails with FULCRA_ERROR_MODULE for any other change. */
bool fulcra_host_endpoint_restrict_run(
        FulcraEndpoint *self, FulcraRun run, GError **error);

/** @pin: released with the endpoint: what keeps its code mapped. */
void fulcra_host_endpoint_set_pin(
        FulcraEndpoint *self, void *pin, GDestroyNotify release);

const char *fulcra_host_endpoint_get_id(FulcraEndpoint *self);

/* --- domains: what SERIAL endpoints of one module share --- */

typedef struct _FulcraKernel FulcraKernel;
FulcraDomain *fulcra_host_domain_new(FulcraKernel *kernel, const char *name);
FulcraDomain *fulcra_host_domain_ref(FulcraDomain *self);
void fulcra_host_domain_unref(FulcraDomain *self);

/** Calls @run while no code of the domain runs. On a thread that may wait and
 * holds no domain. */
void fulcra_host_domain_run(
        FulcraDomain *self, void (*run)(void *data), void *data);

/* --- spaces --- */

/** An empty, unsealed space named @uri. (transfer full) */
FulcraSpace *fulcra_host_space_new(const char *uri);
FulcraSpace *fulcra_host_space_ref(FulcraSpace *self);
void fulcra_host_space_unref(FulcraSpace *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FulcraSpace, fulcra_host_space_unref)

const char *fulcra_host_space_get_uri(FulcraSpace *self);

typedef enum {
    FULCRA_ENTRY_PUBLIC,
    FULCRA_ENTRY_PRIVATE, /* not seen through an import of this space */
} FulcraVisibility;

/**
 * fulcra_host_space_bind:
 * @grammar: see <fulcra-host/grammar.h>
 * @verbs: which verbs it answers here: those that its ops have, and no others
 * @endpoint: (transfer none)
 *
 * Appends a binding. The first that matches wins: bind the particular before
 * the general. Fails with FULCRA_ERROR_BAD_ARGUMENT where @grammar cannot be
 * parsed, and then leaves @self as it was.
 */
bool fulcra_host_space_bind(FulcraSpace *self, const char *grammar,
        FulcraVerbs verbs, FulcraVisibility visibility,
        FulcraEndpoint *endpoint, GError **error);

/** Appends an import of the space that is published as @uri when a request
 * passes; one that is not published then answers nothing, and traces say so. */
void fulcra_host_space_import(
        FulcraSpace *self, const char *uri, FulcraVisibility visibility);

/** Appends a transreptor: @endpoint converts @from into @to. */
void fulcra_host_space_add_transreptor(FulcraSpace *self, const char *from,
        const char *to, FulcraEndpoint *endpoint);

/** Appends an overlay in front of @wrapped, a sealed space of its own: it
 * answers for what @wrapped answers, and @endpoint (whose ops have `overlay`)
 * is handed every request that goes in. */
void fulcra_host_space_add_overlay(FulcraSpace *self, FulcraEndpoint *endpoint,
        FulcraSpace *wrapped, FulcraVisibility visibility);

/** Appends a limiter: what matches @grammar and got this far is unresolved,
 * wherever else it might be answered. A private one holds only for what begins
 * in @self, not for who imports it. Fails as fulcra_host_space_bind(). */
bool fulcra_host_space_add_limiter(FulcraSpace *self, const char *grammar,
        FulcraVisibility visibility, GError **error);

/** Ends the building. (transfer none): @self, for chaining */
FulcraSpace *fulcra_host_space_seal(FulcraSpace *self);

G_END_DECLS
