/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Messages as frames
 *
 * A message is encoded once: its frame hangs on its representation and is
 * shared by all the sockets that it goes to. There are two such forms at most,
 * a plain one and a compressed one for those that negotiated it.
 */

#include "websocket/deflate.h"
#include <fulcra/representation.h>
#include <stdatomic.h>

/* The payload of a representation of the form `frame`. */
typedef struct {
    atomic_uint queued; /* in how many queues: counts once for the server */
    bool control;       /* a ping, a pong, a Close: outside the limits */
    size_t size;
    size_t saved; /* by compressing it */
    uint8_t bytes[];
} FulcraSentFrame;

static inline FulcraSentFrame *
fulcra__sent_frame(FulcraRepresentation *frame)
{
    return (FulcraSentFrame *)fulcra_representation_get_bytes(frame, NULL);
}

/**
 * fulcra__encode:
 *
 * Any thread.
 *
 * Returns: (transfer none) (nullable): the frame that hangs on @message; NULL
 * with FULCRA_ERROR_BAD_ARGUMENT where it has no bytes or is text that is not
 * UTF-8
 */
FulcraRepresentation *fulcra__encode(
        FulcraRepresentation *message, GError **error);

/**
 * fulcra__encode_deflated:
 *
 * As fulcra__encode(), for sockets that negotiated permessage-deflate:
 * compressed where @deflater makes it shorter, otherwise the plain frame.
 */
FulcraRepresentation *fulcra__encode_deflated(FulcraRepresentation *message,
        FulcraDeflater *deflater, GError **error);

/** A control frame. (transfer full) */
FulcraRepresentation *fulcra__encode_control(
        uint8_t opcode, const void *data, size_t length);
