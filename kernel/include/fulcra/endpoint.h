/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Endpoints
 *
 * An endpoint is a table of functions, one for each verb it answers. The
 * table is `static const`, filled with designated initialisers; a member left
 * NULL is a verb that the endpoint does not answer, and resolution goes on to
 * the next candidate.
 */

#include <fulcra/types.h>

G_BEGIN_DECLS

/**
 * FulcraHandler:
 *
 * Returns: (transfer full) (nullable): the answer; NULL for none, or with
 * @error set for a failure; or what fulcra_request_defer() returned
 */
typedef FulcraRepresentation *(*FulcraHandler)(
        FulcraRequest *request, GError **error);

struct _FulcraEndpointOps {
    size_t size;   /* sizeof(FulcraEndpointOps): members are only appended */
    FulcraRun run; /* default FULCRA_RUN_SERIAL */

    FulcraHandler source;
    FulcraHandler sink;
    FulcraHandler new_resource;    /* NEW */
    FulcraHandler delete_resource; /* DELETE; none answered means true */
    FulcraHandler exists; /* default, with a source: whether it answers */
    FulcraHandler meta;

    /* For a transreptor: the primary argument, converted to the wanted type.
     * Must be a pure function of it: no sub-requests. */
    FulcraHandler transrept;

    /* (nullable): called with the endpoint's data when it is no longer used */
    GDestroyNotify destroy;

    /* For an overlay: what goes into the space that it wraps, whatever the
     * verb. Passes it on with fulcra_request_forward(), or does not. */
    FulcraHandler overlay;

    /* For an overlay: a promise that type and bytes of what it answers are
     * those that come from behind it, or that it refuses. Sockets that follow a
     * resource through it are then sent what is behind it, once for all of
     * them, without asking it about each value. */
    bool passes_on;
};

G_END_DECLS
