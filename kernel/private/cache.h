/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The representation cache, and the flights of those who miss
 *
 * An entry is filed under identifier, verb, wanted type and places, and holds
 * nothing of spaces or modules. See doc/adr/0013-the-cache.md.
 */

#include "private/request.h"
#include <fulcra-host/inspect.h>
#include <fulcra/representation.h>

typedef struct _FulcraCache FulcraCache;

FulcraCache *fulcra__cache_new(size_t max_bytes);
void fulcra__cache_free(FulcraCache *self);

/** Takes out what expired, which is otherwise found only when it is asked for,
 * or needs the room. */
void fulcra__cache_drop_expired(FulcraCache *self);

typedef enum {
    FULCRA__CACHE_EVALUATE, /* run it; it may lead a flight now */
    FULCRA__CACHE_HIT,      /* answered */
    FULCRA__CACHE_JOINED, /* it will be answered, or run, by who leads a flight
                             or once it is known whether an answer holds */
    FULCRA__CACHE_CIRCLE, /* it would wait for itself */
} FulcraCacheVerdict;

/** Looks @self up, which was resolved and is at its endpoint. @may_join: its
 * thread may wait. */
FulcraCacheVerdict fulcra__cache_ask(
        FulcraCache *self, FulcraRequest *request, bool may_join);

/** @request was evaluated and has its answer or error, which is not published
 * yet: keeps it if that is sound. @flight: (nullable): the one that it leads;
 * nobody joins it any more. */
void fulcra__cache_ended(
        FulcraCache *self, FulcraRequest *request, FulcraFlight *flight);

/** Answers @request with what another evaluated. @answer, @ledger: (transfer
 * full); @from: static: "hit" or "shared" */
void fulcra__cache_give(FulcraRequest *request, FulcraRepresentation *answer,
        FulcraLedger *ledger, const char *from);

/** The expiry that the endpoint stated: DEPENDENT where it failed, or handed on
 * the answer of a sub-request, whose expiry is a dependency already. */
FulcraExpiry fulcra__cache_stated_expiry(const FulcraRequest *request);

/** What of that which @request depends on cannot be known: it is not kept
 * unless it states an expiry. (nullable) static */
const char *fulcra__cache_unknown(const FulcraRequest *request);

/** See fulcra_host_kernel_list_cache(). */
void fulcra__cache_list(FulcraCache *self,
        void (*each)(const FulcraCachedInfo *info, void *user_data),
        void *user_data);

/** Why the answer of @request was not kept; NULL where it was. */
const char *fulcra__cache_why_not(FulcraRequest *request);

/** Why nobody can know when the answer of @request expires, not even for
 * @request alone; NULL where it is known. */
const char *fulcra__cache_why_unknown(FulcraRequest *request);
