/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Sessions: what the server remembers of one client
 *
 * A session has an id that nobody can guess, values, perhaps a user, and the
 * sockets that were opened in it. Its id and its user never change: to log in
 * is to begin a new session that takes over the values, and the old one ends.
 * What still refers to a session that has ended finds nothing in it.
 *
 * Every call from any thread. Sockets are closed, and nothing else is called,
 * outside of locks.
 */

#include <fulcra-host/values.h>
#include <fulcra/socket.h>

G_BEGIN_DECLS

/* 18 random bytes in base64url. */
#define FULCRA_SESSION_ID_LENGTH 24u

typedef struct _FulcraSession FulcraSession;

/** @self: FULCRA_SESSION_ID_LENGTH characters and a NUL; false where the system
 * has no randomness. */
bool fulcra__session_make_id(
        char id[FULCRA_SESSION_ID_LENGTH + 1], GError **error);

/**
 * fulcra__session_new:
 * @user: (nullable)
 * @before: (nullable): a session whose values this one takes over and which
 *     ends thereby
 *
 * Returns: (transfer full) (nullable): NULL with GONE where @before had ended,
 * or with FAILED
 */
FulcraSession *fulcra__session_new(const FulcraValuesLimits *limits,
        const char *user, FulcraSession *before, GError **error);
FulcraSession *fulcra__session_ref(FulcraSession *self);
void fulcra__session_unref(FulcraSession *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FulcraSession, fulcra__session_unref)

const char *fulcra__session_get_id(const FulcraSession *self);

/** (nullable) */
const char *fulcra__session_get_user(const FulcraSession *self);

/** A number that no other session of this process has or had. */
#define FULCRA_SESSION_NOBODY 1u /* where there is no session */
uint64_t fulcra__session_get_identity(const FulcraSession *self);

/** Closes its sockets with 4001 and drops its values. Only the first call does
 * anything. */
void fulcra__session_end(FulcraSession *self);
bool fulcra__session_has_ended(FulcraSession *self);

/** Its CSRF token, made now if it had none: (transfer full) (nullable): NULL
 * with GONE, or with FAILED. */
char *fulcra__session_get_csrf(FulcraSession *self, GError **error);

/** Whether @token is its CSRF token, in constant time; it has one already. */
bool fulcra__session_check_csrf(FulcraSession *self, const char *token);

/* As those of <fulcra-host/values.h>. */
bool fulcra__session_put(FulcraSession *self, const char *key,
        FulcraRepresentation *value, GError **error);
FulcraRepresentation *fulcra__session_find(
        FulcraSession *self, const char *key);
bool fulcra__session_remove(FulcraSession *self, const char *key);

/** False where it has ended. */
bool fulcra__session_add_socket(FulcraSession *self, FulcraSocket *socket);
void fulcra__session_remove_socket(FulcraSession *self, FulcraSocket *socket);

G_END_DECLS
