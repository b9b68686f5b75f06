/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Values - what endpoints keep by name in a socket, in a session
 *
 * Only types of the kernel's own: a module's boxed value would need the
 * module's code after it was replaced. Bounded in number and bytes. All calls
 * from any thread.
 */

#include <fulcra/representation.h>

G_BEGIN_DECLS

typedef struct _FulcraValues FulcraValues;

typedef struct {
    const char *scheme; /* static, for messages: "socket" */
    const char *owner;  /* static: "a socket" */
    unsigned max_values;
    size_t max_bytes; /* keys and values */
} FulcraValuesLimits;

/** (transfer full) */
FulcraValues *fulcra_host_values_new(const FulcraValuesLimits *limits);
void fulcra_host_values_free(FulcraValues *self);

/** Bytes are copied. Fails with TOO_LARGE, BAD_ARGUMENT, or GONE once it was
 * closed. */
bool fulcra_host_values_put(FulcraValues *self, const char *key,
        FulcraRepresentation *value, GError **error);

/** (transfer full) (nullable) */
FulcraRepresentation *fulcra_host_values_find(
        FulcraValues *self, const char *key);

/** Whether it was there. */
bool fulcra_host_values_remove(FulcraValues *self, const char *key);

/** Drops all, and takes no more. */
void fulcra_host_values_close(FulcraValues *self);

G_END_DECLS
