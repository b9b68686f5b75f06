/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the files that run requests have of each other
 */

#include "private/request.h"
#include <fulcra/error.h>

#define FULCRA__CONTAINER_OF(pointer, type, member)                            \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/** Whether this call is the one that answers @self, and has. @answer, @error:
 * (transfer full): one of them is NULL. */
bool fulcra__request_finish(
        FulcraRequest *self, FulcraRepresentation *answer, GError *error);
void fulcra__request_finish_failed(FulcraRequest *self, FulcraErrorCode code,
        const char *format, ...) FULCRA_PRINTF(3, 4);

/** Answers @self with what another request was answered with. @answer:
 * (transfer full); @ledger: (transfer full): of that answer; @from: static: for
 * the trace */
void fulcra__request_finish_from(FulcraRequest *self,
        FulcraRepresentation *answer, FulcraLedger *ledger, const char *from);

/** Its deadline has passed: names the endpoint in the log. */
void fulcra__request_time_out(FulcraRequest *self);

/** @self is issued: if an overlay forwarded it, that has not returned before
 * it. */
void fulcra__request_begin_run(FulcraRequest *self);

/** The code of its endpoint has returned or answered, or will never run. */
void fulcra__request_mark_returned(FulcraRequest *self);

/** Evaluates a request that has waited for another's evaluation in vain.
 * (transfer full) */
void fulcra__request_again(FulcraRequest *self);

/** @other, which has begun, waits for @self: if that has not, it goes before
 * others. */
void fulcra__request_hasten(FulcraRequest *self, const FulcraRequest *other);

/** What the endpoint answered. @answer, @error: (transfer full) */
void fulcra__request_answered(
        FulcraRequest *self, FulcraRepresentation *answer, GError *error);

/** The answer of a request that was issued to be waited for; waits where it is
 * not there yet. (transfer full) (nullable) */
FulcraRepresentation *fulcra__request_collect(
        FulcraRequest *self, GError **error);
