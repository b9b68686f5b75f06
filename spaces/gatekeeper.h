/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Gatekeepers: rules, in order, of who may pass; gatekeeper_kind.c reads them
 */

#include <fulcra-host/declared.h>

G_BEGIN_DECLS

typedef enum {
    FULCRA_KEEPER_REFUSE,
    FULCRA_KEEPER_ALLOW,
    FULCRA_KEEPER_ASK,
} FulcraKeeperDecision;

typedef struct {
    GPtrArray *grammars; /* of FulcraGrammar */
    FulcraVerbs verbs;
    FulcraKeeperDecision decision;
    FulcraDeclaredRequest *question; /* (nullable): true lets pass */
    GArray *slots;   /* of FulcraGrammarSlot: that it may refer to */
    char *page;      /* (nullable): where people are sent */
    unsigned status; /* what others are told: 401, 403 */
} FulcraKeeperRule;

typedef struct {
    GPtrArray *rules; /* of FulcraKeeperRule, which it frees */
    bool otherwise;   /* whether what no rule fits may pass */
    FulcraSpace *wrapped;
} FulcraGatekeeper;

/** For an endpoint with fulcra__gatekeeper_ops, which frees it. */
FulcraGatekeeper *fulcra__gatekeeper_new(void);

extern const FulcraEndpointOps fulcra__gatekeeper_ops;

G_END_DECLS
