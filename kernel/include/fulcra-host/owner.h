/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Owners: whose state the endpoints share
 *
 * Endpoints that are about to hand their state over have an owner. It can be
 * held: whoever is inside ends, and those who come wait. Then either it is
 * released, and they go on; or its state has moved, and they go to the
 * endpoints of another owner, as does everybody who comes later.
 *
 * A tree of requests that is inside may go in again: what it waits for is not
 * held. On an event loop, which cannot wait, a synchronous request fails.
 *
 * Every call from any thread.
 */

#include <fulcra-host/space.h>

G_BEGIN_DECLS

typedef struct _FulcraOwner FulcraOwner;

/** (transfer full) */
FulcraOwner *fulcra_host_owner_new(void);
FulcraOwner *fulcra_host_owner_ref(FulcraOwner *self);
void fulcra_host_owner_unref(FulcraOwner *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FulcraOwner, fulcra_host_owner_unref)

/** To be called before @self is bound. @owner: (transfer none) */
void fulcra_host_endpoint_set_owner(FulcraEndpoint *self, FulcraOwner *owner);

/**
 * fulcra_host_owner_hold:
 * @left: (out): how many requests are inside still
 *
 * Lets nobody in any more, and waits until nobody is inside.
 *
 * Returns: whether that came to be within @timeout_ms; if not, it is released
 */
bool fulcra_host_owner_hold(
        FulcraOwner *self, unsigned timeout_ms, size_t *left);

/** Lets in whoever waits, and comes. */
void fulcra_host_owner_release(FulcraOwner *self);

/** Sends whoever waits, and comes, to the one of @endpoints with the same id.
 * Their owner must not be held. Moved once more, to none, it lets go of them.
 * @endpoints: (transfer none) */
void fulcra_host_owner_move(FulcraOwner *self, FulcraEndpoint *const *endpoints,
        size_t n_endpoints);

G_END_DECLS
