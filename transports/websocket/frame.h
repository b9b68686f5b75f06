/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Frames (RFC 6455 section 5)
 *
 * Bytes in, pieces of frames out, and the heads of frames to be sent; no
 * input or output here. A parser that is between two frames owns nothing: what
 * it needs in the middle of one is borrowed from a pool, one for each loop.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FULCRA_OPCODE_CONTINUATION 0x0
#define FULCRA_OPCODE_TEXT         0x1
#define FULCRA_OPCODE_BINARY       0x2
#define FULCRA_OPCODE_CLOSE        0x8
#define FULCRA_OPCODE_PING         0x9
#define FULCRA_OPCODE_PONG         0xa

/* Beside an opcode: the message is compressed (RFC 7692 section 6). */
#define FULCRA_FRAME_RSV1 0x40

#define FULCRA_FRAME_HEAD_SIZE    14 /* two bytes, a long length, a mask */
#define FULCRA_FRAME_CONTROL_SIZE 125
#define FULCRA_FRAME_PARTIAL_SIZE 4500 /* what is borrowed, about */
/* Some clients refuse longer frames: longer messages leave in fragments. */
#define FULCRA_FRAME_SPLIT ((size_t)1 << 20)

typedef struct _FulcraFramePool FulcraFramePool;
typedef struct _FulcraFramePartial FulcraFramePartial;

/* Input that calls consume from the front. It is unmasked in place. */
typedef struct {
    uint8_t *data;
    size_t length;
} FulcraInput;

/* All zero: between two frames. */
typedef struct {
    FulcraFramePartial *partial; /* (nullable) */
} FulcraFrameParser;

/* One piece of a frame: all of it as a rule, otherwise the head first and the
 * payload as it comes. */
typedef struct {
    uint8_t opcode;
    bool fin, first, last; /* the message's end; the frame's start, its end */
    bool deflated;         /* RSV1: the message is compressed */
    uint64_t length;       /* of the frame's payload */
    uint8_t *data;         /* this piece, unmasked; until the next call */
    size_t size;
} FulcraFrame;

typedef enum {
    FULCRA_FRAME_MORE,  /* all input was taken; more is needed */
    FULCRA_FRAME_PIECE, /* @frame was filled in */
    FULCRA_FRAME_BAD,   /* the peer broke the protocol; nothing more to parse */
} FulcraFrameResult;

FulcraFramePool *fulcra__frame_pool_new(void);
void fulcra__frame_pool_free(FulcraFramePool *self);

/**
 * fulcra__frame_next:
 * @deflate: whether RSV1 was given its meaning; it is a violation otherwise,
 *     and on any frame but a data message's first
 * @why: (out): for FULCRA_FRAME_BAD: a static string
 */
FulcraFrameResult fulcra__frame_next(FulcraFrameParser *self,
        FulcraFramePool *pool, bool deflate, FulcraInput *input,
        FulcraFrame *frame, const char **why);

/** Forgets a frame that will never be complete. */
void fulcra__frame_parser_clear(FulcraFrameParser *self);

/* --- frames of the server, which are not masked --- */

/** The length of all frames of a message of @length bytes. */
size_t fulcra__frame_measure(size_t length);

/**
 * Writes them, fragments where it is long: fulcra__frame_measure() bytes.
 * @opcode: with FULCRA_FRAME_RSV1 where @data was compressed
 */
void fulcra__frame_write(
        uint8_t *out, uint8_t opcode, const void *data, size_t length);
