/* SPDX-License-Identifier: MIT */
/*
 * paths.c - identifiers and resolutions that sockets of one path share
 *
 * Ten thousand sockets are on a handful of paths. A small table by hash keeps
 * the latest of each, so that a socket at rest holds references, not copies.
 * NEW of one path leads to one endpoint until spaces are published. As for what
 * comes after, a grammar may look at the socketid, so each socket resolves for
 * itself, and shares the result only where it came out the same.
 */
#include "websocket/socket.h"

#include <fulcra-host/identifier.h>

/* Listeners name few; they live as long as the transport. */
uint8_t
fulcra__paths_front(FulcraSocketLoop *home, const char *uri)
{
    const char *front = fulcra_intern(uri);

    for (uint8_t i = 0; i < FULCRA_FRONTS; i++) {
        if (home->fronts[i] == NULL)
            home->fronts[i] = front;
        if (home->fronts[i] == front)
            return i;
    }
    g_error("more than %d spaces of listeners", FULCRA_FRONTS);
}

static FulcraPath *
find_path(FulcraSocketLoop *home, const char *front, FulcraIdentifier *base)
{
    unsigned hash = fulcra_identifier_hash(base) ^ GPOINTER_TO_UINT(front) >> 4;

    return &home->paths[hash % FULCRA_PATHS];
}

static void
path_clear(FulcraPath *path)
{
    g_clear_pointer(&path->base, fulcra_identifier_unref);
    g_clear_pointer(&path->opening, fulcra_host_resolution_unref);
    g_clear_pointer(&path->resolution, fulcra_host_resolution_unref);
}

FulcraIdentifier *
fulcra__paths_identifier(
        FulcraSocketLoop *home, const char *front, const char *text)
{
    FulcraIdentifier *base =
            fulcra_host_identifier_new_path(fulcra_intern("ws"), text);
    FulcraPath *path = find_path(home, front, base);

    if (path->base == NULL || path->front != front ||
            !fulcra_identifier_equal(path->base, base)) {
        path_clear(path);
        path->front = front;
        path->base = fulcra_identifier_ref(base);
        return base;
    }
    fulcra_identifier_unref(base);
    return fulcra_identifier_ref(path->base);
}

void
fulcra__paths_resolve_new(FulcraSocketLoop *home, const char *front,
        FulcraIdentifier *identifier, FulcraRequest *request)
{
    FulcraPath *path = find_path(home, front, identifier);

    if (path->base != identifier || path->front != front)
        return;
    if (path->opening != NULL) {
        fulcra_host_request_use_resolution(request, path->opening);
        if (fulcra_request_get_endpoint_id(request) != NULL)
            return; /* it is of the table of this request */
        fulcra_host_resolution_unref(path->opening);
    }
    path->opening = fulcra_host_request_resolve(request, NULL);
}

/* The entry of @identifier, whose arguments its hash would include. */
static FulcraPath *
find_base(
        FulcraSocketLoop *home, const char *front, FulcraIdentifier *identifier)
{
    for (unsigned i = 0; i < FULCRA_PATHS; i++) {
        FulcraPath *path = &home->paths[i];

        if (path->base != NULL && path->front == front &&
                fulcra_host_identifier_same_base(path->base, identifier))
            return path;
    }
    return NULL;
}

FulcraResolution *
fulcra__paths_resolve(FulcraSocketLoop *home, const char *front,
        FulcraIdentifier *identifier, FulcraRequest *request)
{
    FulcraPath *path = find_base(home, front, identifier);
    FulcraResolution *fresh = fulcra_host_request_resolve(request, NULL);

    if (path == NULL || fresh == NULL)
        return fresh;
    if (path->resolution == NULL ||
            !fulcra_host_resolution_equal(path->resolution, fresh)) {
        g_clear_pointer(&path->resolution, fulcra_host_resolution_unref);
        path->resolution = fresh;
    } else {
        fulcra_host_resolution_unref(fresh);
    }
    return fulcra_host_resolution_ref(path->resolution);
}

void
fulcra__paths_clear(FulcraSocketLoop *home)
{
    for (unsigned i = 0; i < FULCRA_PATHS; i++)
        path_clear(&home->paths[i]);
}
