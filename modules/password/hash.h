/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Hashes of passwords, as crypt(5) writes them
 *
 * Thread-safe, slow on purpose. What is derived from a password on the way is
 * wiped; the texts handed in are the caller's.
 */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define HASH_MAX_PASSWORD 511 /* libcrypt's own limit */
#define HASH_MAX_HASH     383 /* likewise */

/** A new yescrypt hash of @password, with a salt of its own. (transfer full)
 * (nullable): NULL with FULCRA_ERROR_FAILED */
char *hash_new(const char *password, unsigned cost, GError **error);

typedef enum {
    HASH_SAME,
    HASH_OTHER,
    HASH_MALFORMED, /* no hash, or of a method that is not known */
    HASH_FAILED,    /* out of memory: nothing was compared */
} HashResult;

/** Whether @hash was made of @password. One that is malformed takes as long as
 * a new one of @cost. */
HashResult hash_verify(const char *password, const char *hash, unsigned cost);

/** How often a password was hashed to the end, for whatever reason. */
uint64_t hash_count(void);
