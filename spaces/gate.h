/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Gates: how many may be inside at a time, and how many may wait
 *
 * A gate has lanes, one for each key that is asked with: of each lane at most
 * `concurrency` tickets are inside and at most `queue` wait, in order. What a
 * ticket stands for is its owner's business: a gate knows neither requests nor
 * threads, and never waits itself. Every call is safe from any thread.
 */

#include <fulcra-host/sync.h>
#include <fulcra/types.h>

G_BEGIN_DECLS

typedef struct _FulcraGate FulcraGate;
typedef struct _FulcraGateLane FulcraGateLane;
typedef struct _FulcraGateTicket FulcraGateTicket;

/* Embedded in what wants to pass. */
struct _FulcraGateTicket {
    FulcraGateTicket *next;
    FulcraGateLane *lane;
};

typedef enum {
    FULCRA_GATE_FULL,     /* there was no place to wait */
    FULCRA_GATE_REPLACED, /* a newer one took its place */
    FULCRA_GATE_UNWANTED, /* nobody wants it any more */
    FULCRA_GATE_CLOSED,
} FulcraGateReason;

/* All are called without a lock held, on the thread of the call that caused
 * it, and before that call returns where nothing else is inside. */
typedef struct {
    /* Its turn has come: it is inside until fulcra__gate_leave(). */
    void (*enter)(FulcraGateTicket *ticket);
    /* It has left without having been inside. */
    void (*turn_away)(FulcraGateTicket *ticket, FulcraGateReason reason);
    /* Whether it still wants to enter; called with the lock held. */
    bool (*is_wanted)(FulcraGateTicket *ticket);
} FulcraGateClass;

typedef struct {
    unsigned concurrency; /* at least 1 */
    unsigned queue;
    bool newest_waits; /* when full: the one that waits longest makes place */
} FulcraGateLimits;

/** (transfer full) */
FulcraGate *fulcra__gate_new(
        const FulcraGateClass *klass, const FulcraGateLimits *limits);
FulcraGate *fulcra__gate_ref(FulcraGate *self);
void fulcra__gate_unref(FulcraGate *self);

/** Enters @ticket now or later, or turns it away. */
void fulcra__gate_ask(
        FulcraGate *self, const char *key, FulcraGateTicket *ticket);

/** Enters @ticket now, however many are inside. */
void fulcra__gate_pass(
        FulcraGate *self, const char *key, FulcraGateTicket *ticket);

/** @ticket is not inside any more. Between this and fulcra__gate_next(), which
 * must follow, its owner may answer whoever waits for it. */
void fulcra__gate_leave(FulcraGate *self, FulcraGateTicket *ticket);

/** Lets in who waits behind @ticket, which is the owner's again. */
void fulcra__gate_next(FulcraGate *self, FulcraGateTicket *ticket);

/** Turns away who waits; what asks from now on enters if there is room and is
 * turned away otherwise. */
void fulcra__gate_close(FulcraGate *self);

G_END_DECLS
