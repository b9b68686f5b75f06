/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Where sessions are kept
 *
 * A store finds sessions by their ids and says when they end. The overlay asks
 * it twice for each request: find() before anything runs and flush() when all
 * has run. Both may answer later, from any thread, so that a store may be
 * somewhere else; whatever happens in between is local and never waits. Ids are
 * random, so that making one needs nobody's consent.
 *
 * Sockets belong to the process that has them, so session.h keeps them.
 *
 * Every call from any thread.
 */

#include "spaces/session.h"

G_BEGIN_DECLS

typedef struct _FulcraSessionStore FulcraSessionStore;

typedef struct {
    int64_t idle_us;     /* since it was last used */
    int64_t absolute_us; /* since it was made: since the login */
    unsigned max_sessions;
    FulcraValuesLimits values; /* of each */
    int64_t (*now)(void);      /* (nullable): g_get_monotonic_time() */
} FulcraSessionLimits;

typedef struct {
    /* Calls @found once, perhaps before it returns. @session: (transfer none)
     * (nullable): NULL where no live session has that id */
    void (*find)(FulcraSessionStore *self, const char *id,
            void (*found)(FulcraSession *session, void *user_data),
            void *user_data);

    /* A new session: (transfer full) (nullable) */
    FulcraSession *(*make)(FulcraSessionStore *self, GError **error);

    /* One of @user that takes over the values of @session, which ends; nothing
     * of it where it was another user's. (transfer full) (nullable) */
    FulcraSession *(*renew)(FulcraSessionStore *self, FulcraSession *session,
            const char *user, GError **error);

    void (*end)(FulcraSessionStore *self, FulcraSession *session);

    /* It was used just now. */
    void (*touch)(FulcraSessionStore *self, FulcraSession *session);

    /* (nullable): calls @flushed once all that was changed is safe. */
    void (*flush)(FulcraSessionStore *self, FulcraSession *session,
            void (*flushed)(void *user_data), void *user_data);

    /* Ends those whose time has come. Called about twice a second. */
    void (*sweep)(FulcraSessionStore *self);

    /* Those that are live, oldest first; @each must not call the store. */
    void (*foreach)(FulcraSessionStore *self,
            void (*each)(FulcraSession *session, void *user_data),
            void *user_data);

    void (*free)(FulcraSessionStore *self);
} FulcraSessionStoreOps;

struct _FulcraSessionStore {
    const FulcraSessionStoreOps *ops;
};

/** A store in memory. Where it is full, the session that was used least lately
 * ends, one without a user before those that have one. (transfer full) */
FulcraSessionStore *fulcra__session_store_new(
        const FulcraSessionLimits *limits);

G_END_DECLS
