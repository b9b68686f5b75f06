/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Resolutions: what a request was resolved to, and what that depended on
 *
 * Immutable once made. What it borrows belongs to the table of its generation:
 * it is looked at only by requests of that table, which hold it. See
 * doc/adr/0016-the-resolution-cache.md.
 */

#include "private/ledger.h"
#include "private/space.h"
#include "private/table.h"
#include <fulcra-host/request.h>

#define FULCRA__MAX_WALKED 512 /* spaces; what walks more is not kept */

/* The way in: overlays from the outermost, then the endpoint. Made only where
 * there are overlays. */
typedef struct {
    FulcraRefs refs;
    size_t n_steps;
    struct {
        FulcraEndpoint *endpoint;
        FulcraPlaces *evaluation;
    } steps[];
} FulcraRoute;

struct _FulcraResolution {
    FulcraRefs refs;
    uint64_t generation; /* of the table */

    /* What was asked, and where: see fulcra__resolution_where(). */
    FulcraIdentifier *identifier;
    FulcraVerb verb;
    uint64_t where;

    /* What answers: borrowed from the table. */
    FulcraEndpoint *endpoint; /* NULL: nothing does */
    FulcraPlaces *evaluation; /* NULL: where the request is */
    FulcraPlaces *places;     /* NULL: a layer answers, wherever that is */
    FulcraRoute *route;       /* (nullable) */
    FulcraArguments slots;    /* that the grammar found */

    /* The keys of the spaces that were asked, those that said no too. */
    unsigned n_walked;
    FulcraCutSlot walked[];
};

/** A resolution to nothing yet. (transfer full) */
FulcraResolution *fulcra__resolution_new(FulcraRequest *request, uint64_t where,
        const FulcraCutSlot *walked, unsigned n_walked);

FulcraRoute *fulcra__route_new(size_t n_steps);
FulcraRoute *fulcra__route_ref(FulcraRoute *self); /* (nullable) */
void fulcra__route_unref(FulcraRoute *self);

/* --- what this thread remembers --- */

/** What @request, asked at @where, resolved to before in the same table.
 * (transfer none) (nullable): until this thread remembers another */
FulcraResolution *fulcra__resolutions_find(
        FulcraRequest *request, uint64_t where);

/** Remembers @fresh, if that is worth while. */
void fulcra__resolutions_keep(FulcraRequest *request, FulcraResolution *fresh);
