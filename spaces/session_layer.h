/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The session: of one request, and what all requests of one overlay share
 *
 * A layer is made for each request that goes into the overlay. It may begin
 * without a session and make one when something is first written: not every
 * visitor needs one. What its session is in the end, the overlay compares with
 * what it was, to set the cookie.
 */

#include "spaces/session_store.h"
#include "spaces/ticker.h"
#include <fulcra-host/context.h>
#include <fulcra-host/request.h>
#include <fulcra-host/sync.h>

G_BEGIN_DECLS

typedef enum {
    FULCRA_COOKIE_SECURE_AUTO, /* where the request came by TLS */
    FULCRA_COOKIE_SECURE_NEVER,
    FULCRA_COOKIE_SECURE_ALWAYS,
} FulcraCookieSecure;

/* What an overlay has: held by its endpoint, and by its instance, which sweeps.
 * Overlays of one module that say the same have the same, so that sessions
 * outlive a generation of their module. */
typedef struct {
    FulcraRefs refs;
    char *key; /* all that the definition says */
    FulcraSessionStore *store;
    char *cookie; /* name */
    char *path;
    FulcraCookieSecure secure;
    bool csrf;
    FulcraIdentifier *cookie_identifier;
    FulcraTicker *ticker; /* (nullable) */
    void *ticking;        /* (nullable) */
    unsigned n_started;   /* instances */

    pthread_mutex_t lock;
    GHashTable *bindings; /* guarded by lock: FulcraSocket to its session */
} FulcraSessions;

/** @self: (transfer full): with its key. Returns: (transfer full): @self, or in
 * its place the one with the same key that is in use already. */
FulcraSessions *fulcra__sessions_share(FulcraSessions *self);
FulcraSessions *fulcra__sessions_ref(FulcraSessions *self);
void fulcra__sessions_unref(void *self);

/* The sockets that are open in a session. Bind answers false where it has
 * ended; find (transfer full) (nullable). */
bool fulcra__sessions_bind(
        FulcraSessions *self, FulcraSocket *socket, FulcraSession *session);
void fulcra__sessions_unbind(FulcraSessions *self, FulcraSocket *socket);
FulcraSession *fulcra__sessions_find_bound(
        FulcraSessions *self, FulcraSocket *socket);

/* --- of one request --- */

typedef struct {
    FulcraContext context;    /* first */
    FulcraSessions *sessions; /* borrowed: it outlives its requests */
    FulcraSession *came;      /* (nullable): as the request brought it */
    const char *why_not;      /* (nullable): why none can be made; static */
    FulcraSocket *opening;    /* (nullable): the request is its NEW */

    pthread_mutex_t lock;
    FulcraSession *session; /* (nullable): guarded by lock */
} FulcraSessionLayer;

/** The class of all such layers; `session:` is resolved in them. */
const FulcraContextClass *fulcra__session_layer_class(void);

/** @came: (transfer none) (nullable). (transfer full) */
FulcraSessionLayer *fulcra__session_layer_new(
        FulcraSessions *sessions, FulcraContext *parent, FulcraSession *came);

/** (transfer full) (nullable) */
FulcraSession *fulcra__session_layer_get(FulcraSessionLayer *self);

/** What Set-Cookie is to say now, but for "Secure": (transfer full) (nullable):
 * NULL where the client has the right cookie. */
char *fulcra__session_layer_get_cookie(FulcraSessionLayer *self);

/* --- the token of a form, session_csrf.c --- */

/**
 * fulcra__session_csrf_check:
 * @session: (nullable)
 *
 * Calls @checked once, perhaps before it returns: with NULL where @request may
 * pass, with an error (transfer none) where it may not.
 */
void fulcra__session_csrf_check(FulcraRequest *request, FulcraSession *session,
        void (*checked)(const GError *error, void *user_data), void *user_data);

/** The overlay. Its data are FulcraSessions. */
extern const FulcraEndpointOps fulcra__session_overlay_ops;

G_END_DECLS
