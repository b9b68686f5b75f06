/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Turnstiles: overlays that let requests in one after another
 *
 * What the kinds "throttle" and "latest" share: a request asks at a gate, its
 * answer deferred; it is forwarded when its turn comes, and what comes back is
 * its answer. Nothing waits on a thread.
 */

#include "spaces/gate.h"
#include <fulcra-host/loader.h>
#include <fulcra/endpoint.h>

G_BEGIN_DECLS

typedef struct {
    FulcraGate *gate;
    FulcraIdentifier *key; /* (nullable): its answer names the lane */
    bool by_identifier;  /* the request's own names it, where key is not set */
    bool by_verb;        /* each verb has a lane of its own */
    bool opens_freely;   /* NEW of a WebSocket always passes */
    bool close_rejected; /* a socket whose SINK was turned away is closed */
} FulcraTurnstile;

/** @limits: of each lane. (transfer full) */
FulcraTurnstile *fulcra__turnstile_new(const FulcraGateLimits *limits);

/**
 * fulcra__turnstile_install:
 * @self: (transfer full)
 *
 * Puts @self as an overlay where @entry stands.
 *
 * Returns: the instance of the kind, for fulcra__turnstile_close()
 */
void *fulcra__turnstile_install(FulcraTurnstile *self, FulcraEntry *entry);

/** The instance is not needed any more: who still waits is turned away. */
void fulcra__turnstile_close(void *instance);

/**
 * fulcra__turnstile_lane_of:
 *
 * Returns: (transfer full): the text form of @identifier, without what tells
 * the sockets of a path and their events apart where it is of `ws:`
 */
char *fulcra__turnstile_lane_of(FulcraIdentifier *identifier);

G_END_DECLS
