/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * socket:/KEY - values that live and die with a socket
 *
 * Made on first use, so that a socket which keeps nothing costs nothing.
 * Only types of the kernel's own: a module's boxed value would need the
 * module's code after it was replaced. All calls from any thread.
 */

#include <fulcra/representation.h>
#include <stdatomic.h>

#define FULCRA_SOCKET_VALUES_MAX   64
#define FULCRA_SOCKET_VALUES_BYTES 65536

typedef struct _FulcraSocketValues FulcraSocketValues;

/** Those in @slot, made if there were none. (transfer none) */
FulcraSocketValues *fulcra__socket_values_get(
        _Atomic(FulcraSocketValues *) *slot);
void fulcra__socket_values_free(FulcraSocketValues *self);

/** Fails with TOO_LARGE, BAD_ARGUMENT, or GONE once it was closed. */
bool fulcra__socket_values_put(FulcraSocketValues *self, const char *key,
        FulcraRepresentation *value, GError **error);

/** (transfer full) (nullable) */
FulcraRepresentation *fulcra__socket_values_find(
        FulcraSocketValues *self, const char *key);

bool fulcra__socket_values_remove(FulcraSocketValues *self, const char *key);

/** Drops all, and takes no more. */
void fulcra__socket_values_close(FulcraSocketValues *self);
