/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Streams: how a socket's bytes come and go
 *
 * Plain TCP now. TLS would be a second table of these functions, with the
 * struct embedded in its session's; nothing else touches the descriptor.
 */

#include "loop/loop.h"
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

typedef struct _FulcraStream FulcraStream;

/* As read(2), writev(2) and close(2), errno included; never a signal. */
typedef struct {
    ssize_t (*read)(FulcraStream *self, void *buffer, size_t size);
    ssize_t (*writev)(FulcraStream *self, const struct iovec *parts, int n);
    void (*shut)(FulcraStream *self); /* no more will be written */
    void (*close)(FulcraStream *self);
    void (*abort)(FulcraStream *self); /* closes, and drops what is unsent */
} FulcraStreamOps;

struct _FulcraStream {
    const FulcraStreamOps *ops;
    FulcraWatch
            watch; /* for the loop; its fd is the stream's: -1 once closed */
};

void fulcra__stream_init_plain(FulcraStream *self, int fd);
