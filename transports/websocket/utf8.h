/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * UTF-8, checked as it arrives
 *
 * Text may be cut anywhere, inside a character too: the state is what is
 * still owed. RFC 3629: no overlong forms, no surrogates, at most U+10FFFF.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero: between two characters. */
typedef struct {
    uint8_t owed;      /* continuation bytes to come */
    uint8_t low, high; /* what the next of them may be */
} FulcraUtf8;

/** False at the first byte that cannot belong to any UTF-8 text. */
bool fulcra__utf8_check(FulcraUtf8 *self, const uint8_t *data, size_t length);

static inline bool
fulcra__utf8_is_complete(const FulcraUtf8 *self)
{
    return self->owed == 0;
}
