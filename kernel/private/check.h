/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Checks: asking whether an answer still holds
 *
 * A check is a resource that is asked (EXISTS) when an answer that depends on
 * it is looked up, at most once a second. It is shared by the ledgers of all
 * that was made of the answer. It names the places it is resolved in by their
 * number: whose spaces were replaced meanwhile holds no longer.
 */

#include "private/places.h"
#include <fulcra/types.h>

typedef struct {
    FulcraRefs refs;
    FulcraIdentifier *identifier;
    uint64_t places;
    _Atomic(int64_t) held_us; /* monotonic: when it was last known to hold */
    atomic_bool over;         /* it has said no, and is not asked again */
} FulcraCheck;

FulcraCheck *fulcra__check_new(
        FulcraIdentifier *identifier, const FulcraPlaces *places);
FulcraCheck *fulcra__check_ref(FulcraCheck *self);
void fulcra__check_unref(FulcraCheck *self);

/** Whether it has to be asked before an answer that depends on it is given. */
bool fulcra__check_is_due(const FulcraCheck *self, int64_t now_us);

/**
 * fulcra__checks_ask:
 * @request: is answered with @answer where all checks of @ledger hold, and
 *     evaluated otherwise; not issued to be answered on this loop at once
 *
 * Asks those that are due. @answer, @ledger: (transfer full)
 */
struct _FulcraLedger;
void fulcra__checks_ask(FulcraRequest *request, FulcraRepresentation *answer,
        struct _FulcraLedger *ledger);
