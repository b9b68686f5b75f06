/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Origins: whether a page may talk to this server in its visitor's name
 *
 * Browsers send Origin with WebSocket handshakes and unsafe methods, and no
 * script can change it; other clients send what they like, or nothing.
 */

#include <glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

typedef enum {
    FULCRA_HTTP_ORIGIN_SAME, /* the server's own pages (the default) */
    FULCRA_HTTP_ORIGIN_LIST, /* those too, and the ones named */
    FULCRA_HTTP_ORIGIN_ANY,
} FulcraHttpOriginMode;

typedef struct {
    FulcraHttpOriginMode mode;
    const char *const *allowed; /* (nullable): "https://example.org", ... */
    bool require;               /* refuse requests that have no Origin, too */
    /* (nullable): as `allowed`, whatever the mode: a page of ours that has a
     * listener of its own. What it points to is read when somebody asks. */
    const char *const *also;
} FulcraHttpOriginPolicy;

/**
 * fulcra__http_origin_allowed:
 * @origin: (nullable): the Origin field; "null" is a foreign one
 * @scheme: of the connection, "http"
 * @host: (nullable): the Host field
 */
bool fulcra__http_origin_allowed(const FulcraHttpOriginPolicy *policy,
        const char *origin, const char *scheme, const char *host);

G_END_DECLS
