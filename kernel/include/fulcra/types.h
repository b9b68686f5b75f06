/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Types
 *
 * The nouns of the model, the verbs a request may carry, and the three ways
 * in which an endpoint may run. Every struct is opaque and reference-counted
 * unless its own header says otherwise.
 */

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

G_BEGIN_DECLS

typedef struct _FulcraEndpointOps FulcraEndpointOps;
typedef struct _FulcraGrammar FulcraGrammar;
typedef struct _FulcraIdentifier FulcraIdentifier;
typedef struct _FulcraModule FulcraModule;
typedef struct _FulcraRepresentation FulcraRepresentation;
typedef struct _FulcraRequest FulcraRequest;
typedef struct _FulcraSocket FulcraSocket;
typedef struct _FulcraTopic FulcraTopic;

/**
 * FulcraVerb:
 *
 * What a request asks of a resource. The verb takes part in resolution.
 *
 * Source: the verbs of NetKernel's resource-oriented computing.
 */
typedef enum {
    FULCRA_VERB_SOURCE, /* give me a representation (the default) */
    FULCRA_VERB_SINK,   /* take this representation as your state */
    FULCRA_VERB_NEW,    /* make a resource, answer its identifier */
    FULCRA_VERB_DELETE, /* cease to be, answer whether you did */
    FULCRA_VERB_EXISTS, /* say whether you are there */
    FULCRA_VERB_META,   /* describe yourself */
    FULCRA_N_VERBS
} FulcraVerb;

/**
 * FulcraRun:
 *
 * Where the code of an endpoint runs.
 */
typedef enum {
    /* On a worker thread, one request at a time in its domain (by default the
     * module): no locks needed. The domain is given up while the code waits
     * for a sub-request, so state may change across one, as at an await. */
    FULCRA_RUN_SERIAL,
    /* On worker threads, many at a time: thread-safe code that may block. */
    FULCRA_RUN_CONCURRENT,
    /* On the thread the request is on, an event loop's included: thread-safe
     * code that never blocks. */
    FULCRA_RUN_INLINE,
} FulcraRun;

/** Upper-case name of @verb, "SOURCE" and so on; a static string. */
const char *fulcra_verb_to_string(FulcraVerb verb);

/**
 * fulcra_intern:
 *
 * Returns: the one copy of @name in the process, so that names compare by
 * pointer. Never freed: for names of types, schemes, arguments and headers
 * that the program chose, not for data from outside.
 */
const char *fulcra_intern(const char *name);

#if defined(__GNUC__)
#define FULCRA_EXPORT __attribute__((visibility("default")))
#define FULCRA_PRINTF(string, first)                                           \
    __attribute__((format(printf, string, first)))
#else
#define FULCRA_EXPORT
#define FULCRA_PRINTF(string, first)
#endif

G_END_DECLS
