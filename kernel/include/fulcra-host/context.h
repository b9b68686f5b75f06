/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Contexts: the dynamic part of a scope
 *
 * A context layer answers for a few schemes (`httpRequest:`, `wsResponse:`,
 * `session:`) on behalf of one connection, one session. Embed the struct in
 * whatever the schemes speak for; the spaces that do the answering are static
 * and shared by all of them, and their endpoints find the layer that they
 * speak for with fulcra_host_request_get_layer(). That makes a fulcrum as
 * cheap as a struct.
 *
 * A dynamic space is the only authority for its schemes.
 */

#include <fulcra-host/sync.h>
#include <fulcra/types.h>

G_BEGIN_DECLS

typedef struct _FulcraContext FulcraContext;
typedef struct _FulcraSpace FulcraSpace;

typedef struct {
    const char *scheme; /* interned */
    FulcraSpace *space; /* sealed */
} FulcraContextScheme;

typedef struct {
    const char *name;
    size_t n_schemes;
    const FulcraContextScheme *schemes;
    void (*free)(FulcraContext *self); /* the last reference went; any thread */
    /* (nullable): the WebSocket that this layer stands for, (transfer none) */
    FulcraSocket *(*get_socket)(FulcraContext *self);
    /* (nullable): what its answers depend on: layers of one class that say the
     * same number answer the same; never a number that was used before. Without
     * it, and where it says 0, each layer stands for itself. */
    uint64_t (*get_identity)(FulcraContext *self);
} FulcraContextClass;

struct _FulcraContext {
    const FulcraContextClass *klass;
    FulcraContext *parent; /* (nullable) (transfer full): asked next */
    FulcraRefs refs;
    uint32_t word; /* its class's own: alignment leaves room for it */
    _Atomic(uint64_t) number; /* the kernel's: its identity, where needed */
};

/** @parent: (transfer none) (nullable) */
void fulcra_host_context_init(FulcraContext *self,
        const FulcraContextClass *klass, FulcraContext *parent);
FulcraContext *fulcra_host_context_ref(FulcraContext *self);
void fulcra_host_context_unref(FulcraContext *self);

G_END_DECLS
