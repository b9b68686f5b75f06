/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What goes into one write
 *
 * Small frames are joined into a scratch buffer, since a copy of a few hundred
 * bytes is cheaper than an entry in a vector; large ones are written from where
 * they are.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define FULCRA_GATHER_PARTS   64
#define FULCRA_GATHER_SCRATCH ((size_t)65536)
#define FULCRA_GATHER_SMALL   2048 /* frames up to this are joined */
#define FULCRA_GATHER_MOST    ((size_t)1 << 20) /* is enough for one write */

typedef struct {
    struct iovec parts[FULCRA_GATHER_PARTS];
    int n;
    size_t total;
    size_t used;  /* of the scratch buffer */
    bool joining; /* the last part is the scratch buffer's end */
} FulcraGather;

static inline void
fulcra__gather_init(FulcraGather *self)
{
    self->n = 0;
    self->total = self->used = 0;
    self->joining = false;
}

/**
 * fulcra__gather_add:
 * @scratch: FULCRA_GATHER_SCRATCH bytes, the same one each time
 * @bytes: (transfer none): until the write
 *
 * Returns: false where there is no room any more; one piece fits always
 */
bool fulcra__gather_add(FulcraGather *self, uint8_t *scratch,
        const uint8_t *bytes, size_t size);
