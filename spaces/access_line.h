/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Access lines: what a request log says of one event, and its forms
 *
 *     127.0.0.1 - alice [22/Nov/2026:13:15:08 +0000] "GET /a?b HTTP/1.1" 200 12
 *         "http://referer/" "agent"
 *
 * (one line) in the combined format, or an object of JSON with the same and
 * more. Every text may come from outside: none of them can end its field or
 * its line. Pure functions.
 */

#include <fulcra/types.h>

G_BEGIN_DECLS

typedef enum {
    FULCRA_ACCESS_REQUEST, /* of HTTP */
    FULCRA_ACCESS_OPEN,    /* of a WebSocket: 101, or a refusal */
    FULCRA_ACCESS_MESSAGE, /* that failed */
    FULCRA_ACCESS_CLOSE,
} FulcraAccessEvent;

typedef struct {
    FulcraAccessEvent event;
    int64_t at;       /* g_get_real_time() when it began */
    int64_t took;     /* microseconds */
    unsigned status;  /* of HTTP, or a close code */
    int64_t bytes;    /* of the answer, or received; -1: not known */
    int64_t messages; /* received; -1: not said */
    char *host, *user, *method, *target, *referer, *agent; /* (nullable) */
    char *socket, *reason, *error;                         /* (nullable) */
} FulcraAccess;

FulcraAccess *fulcra__access_new(FulcraAccessEvent event);
void fulcra__access_free(FulcraAccess *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FulcraAccess, fulcra__access_free)

/** Bytes that it occupies, about. */
size_t fulcra__access_get_size(const FulcraAccess *self);

/** The line without its newline. (transfer full) */
char *fulcra__access_to_combined(const FulcraAccess *self);

/** The object in one line, without its newline. (transfer full) */
char *fulcra__access_to_json(const FulcraAccess *self);

/* Calls @each for every field that is known, as text. */
void fulcra__access_foreach(const FulcraAccess *self,
        void (*each)(const char *name, const char *value, bool is_number,
                void *user_data),
        void *user_data);

G_END_DECLS
