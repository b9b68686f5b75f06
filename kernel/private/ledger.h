/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Ledgers: what an answer depended on
 *
 * Written by the request that is evaluated, and by its sub-requests when they
 * end, which may be on other threads: the lock of the tree guards it until the
 * request has ended; then it never changes.
 */

#include "private/check.h"
#include "private/cut.h"
#include <fulcra-host/context.h>
#include <fulcra/request.h>

typedef enum {
    FULCRA__NOTED_LAYER,  /* name: a scheme; value: who answers for it */
    FULCRA__NOTED_HEADER, /* name: a header; value: a hash of its text */
} FulcraNotedKind;

typedef struct {
    FulcraNotedKind kind;
    const char *name; /* interned */
    uint64_t value;   /* 0: absent */
} FulcraNoted;

#define FULCRA__LEDGER_ANSWERS 8 /* the last ones */

typedef struct _FulcraLedger FulcraLedger;
struct _FulcraLedger {
    FulcraRefs refs;
    uint64_t began;     /* tick of the cut clock */
    int64_t expires_at; /* real microseconds; 0: not by time */
    /* (nullable) static: why it cannot be kept: of what it is made, unless
     * the answer states an expiry; and whatever it states. */
    const char *unknown, *bound;
    FulcraIdentifier *unknown_by, *bound_by; /* (nullable): sub-requests */
    bool closed;  /* the request has ended: it is shared, and never changes */
    bool asked;   /* something that the kernel can see was asked */
    bool partial; /* there was more to depend on than could be noted */
    /* Answers of sub-requests, compared and never followed: an endpoint that
     * hands one on has stated nothing itself. */
    const void *answers[FULCRA__LEDGER_ANSWERS];
    unsigned n_answers;
    unsigned n_slots, n_noted, n_checks;
    FulcraCutSlot *slots;
    FulcraNoted *noted;
    FulcraCheck **checks;
    /* Of the keys, for who wants to know: slots are what counts. */
    char **names; /* GRefString, in no order */
    unsigned n_names;
    bool more_names;
};

FulcraLedger *fulcra__ledger_new(void);
FulcraLedger *fulcra__ledger_ref(FulcraLedger *self);
void fulcra__ledger_unref(FulcraLedger *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FulcraLedger, fulcra__ledger_unref)

void fulcra__ledger_add_key(FulcraLedger *self, const char *key);

/** Keys by their slots, each once: those of spaces that were asked. */
void fulcra__ledger_add_slots(
        FulcraLedger *self, const FulcraCutSlot *slots, unsigned n_slots);
void fulcra__ledger_note(FulcraLedger *self, FulcraNotedKind kind,
        const char *name, uint64_t value);

/** @at: real microseconds; the earliest counts */
void fulcra__ledger_expire_at(FulcraLedger *self, int64_t at);

/** @answer, of a sub-request, may be handed on. */
void fulcra__ledger_remember_answer(FulcraLedger *self, const void *answer);

/** @check: (transfer none) */
void fulcra__ledger_add_check(FulcraLedger *self, FulcraCheck *check);

/** Adds what the sub-request for @identifier depended on. @identifier:
 * (nullable) */
void fulcra__ledger_merge(FulcraLedger *self, const FulcraLedger *other,
        FulcraIdentifier *identifier);

/** Why it is not valid. (transfer full) */
char *fulcra__ledger_why_expired(const FulcraLedger *self);

/** Whether nothing that it depends on was cut, its time has not come, and no
 * check has said no. */
bool fulcra__ledger_is_valid(const FulcraLedger *self);

/** Whether something that it depends on was cut after it began. */
bool fulcra__ledger_was_cut(const FulcraLedger *self);

/** Whether checks have to be asked before that is known. */
bool fulcra__ledger_is_due(const FulcraLedger *self);

/** Whether the noted values are those of @request. */
bool fulcra__ledger_matches(const FulcraLedger *self, FulcraRequest *request);

/** A hash of what @request has for the things that @noted names. */
unsigned fulcra__noted_hash(
        const FulcraNoted *noted, unsigned n_noted, FulcraRequest *request);
