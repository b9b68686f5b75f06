/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Errors
 *
 * An error is a response: it has an id, a message, and the stack of requests
 * that it came through, and it propagates to the root request unless an
 * endpoint handles it. In C it is a GError of the domain FULCRA_ERROR; the
 * stack travels inside and survives g_propagate_error(), g_prefix_error() and
 * g_error_copy(). An error of any other domain that an endpoint returns
 * becomes FULCRA_ERROR_FAILED with the same message.
 */

#include <fulcra/types.h>

G_BEGIN_DECLS

#define FULCRA_ERROR fulcra_error_quark()

/* X(enumerator, id) */
#define FULCRA_ERROR_TABLE(X)                                                  \
    X(UNRESOLVED, "unresolved")     /* no endpoint answers the identifier */   \
    X(BAD_ARGUMENT, "bad-argument") /* malformed or missing input */           \
    X(FORBIDDEN, "forbidden")       /* understood and refused */               \
    X(NOT_FOUND, "not-found")       /* resolved, but there is no such thing */ \
    X(TIMEOUT, "timeout")           /* the deadline passed */                  \
    X(OVERLOADED, "overloaded")     /* a queue or pool is full: come again */  \
    X(TOO_LARGE, "too-large")       /* a size limit was met */                 \
    X(GONE, "gone")                 /* it was there and has ended */           \
    X(CANCELLED, "cancelled")       /* nobody wants the answer any more */     \
    X(MODULE, "module")             /* a module or definition is at fault */   \
    X(FAILED, "failed")             /* anything else */

typedef enum {
#define X(enumerator, id) FULCRA_ERROR_##enumerator,
    FULCRA_ERROR_TABLE(X)
#undef X
            FULCRA_N_ERRORS
} FulcraErrorCode;

GQuark fulcra_error_quark(void);

/** The id of @code, for example "not-found"; a static string. */
const char *fulcra_error_id(FulcraErrorCode code);

/**
 * fulcra_error_refuse:
 * @code: for the program that asked: a word of the application's protocol, such
 *     as "name-taken"
 * @format: for whoever sits before it, as printf() has it
 *
 * Sets @error to a FULCRA_ERROR_FORBIDDEN that carries @code, however far it
 * travels. Messages (see doc/guide/composing.md) tell the client both.
 *
 * Returns: NULL: `return fulcra_error_refuse(error, "name-taken", "...");`
 */
FulcraRepresentation *fulcra_error_refuse(GError **error, const char *code,
        const char *format, ...) FULCRA_PRINTF(3, 4);

/** The code of one that fulcra_error_refuse() made. (transfer none) (nullable):
 * NULL for any other */
const char *fulcra_error_get_refusal(const GError *error);

/**
 * fulcra_error_get_stack:
 *
 * Returns: (transfer none) (nullable): the requests that @error came through,
 * innermost first, a line each, as one string; NULL for an error that has not
 * passed a request yet or is not of FULCRA_ERROR
 */
const char *fulcra_error_get_stack(const GError *error);

/**
 * fulcra_error_get_trace:
 *
 * Returns: (transfer none) (nullable): for FULCRA_ERROR_UNRESOLVED: every
 * space and endpoint that was asked and why each said no, a line each
 */
const char *fulcra_error_get_trace(const GError *error);

G_END_DECLS
