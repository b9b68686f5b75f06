/* SPDX-License-Identifier: MIT */
/*
 * gather.c - many frames, few parts
 */
#include "websocket/gather.h"

#include <string.h>

static void
add_part(FulcraGather *self, const uint8_t *bytes, size_t size)
{
    self->parts[self->n++] = (struct iovec){ (void *)bytes, size };
    self->total += size;
}

static void
join(FulcraGather *self, uint8_t *scratch, const uint8_t *bytes, size_t size)
{
    uint8_t *to = scratch + self->used;

    memcpy(to, bytes, size);
    self->used += size;
    if (self->joining) {
        self->parts[self->n - 1].iov_len += size;
        self->total += size;
        return;
    }
    add_part(self, to, size);
    self->joining = true;
}

bool
fulcra__gather_add(
        FulcraGather *self, uint8_t *scratch, const uint8_t *bytes, size_t size)
{
    bool small = size <= FULCRA_GATHER_SMALL;

    if (self->total >= FULCRA_GATHER_MOST ||
            (small && self->used + size > FULCRA_GATHER_SCRATCH))
        return false;
    if (self->n == FULCRA_GATHER_PARTS && !(small && self->joining))
        return false;
    if (small) {
        join(self, scratch, bytes, size);
        return true;
    }
    add_part(self, bytes, size);
    self->joining = false;
    return true;
}
