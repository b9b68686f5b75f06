/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Messages (RFC 6455 sections 5.4 to 5.6, 7.4, 8.1; RFC 7692 section 7.2.2)
 *
 * Bytes in, events out: a message, a ping, a pong, a Close, or a violation
 * with the code that answers it. Fragments are appended to one growing buffer
 * and leave no trace of their own; a reader at rest owns nothing.
 */

#include "websocket/deflate.h"
#include "websocket/frame.h"

typedef struct _FulcraMessagePart FulcraMessagePart;

/* All zero: between two messages. */
typedef struct {
    FulcraMessagePart *part; /* (nullable): what has come of a message */
} FulcraMessageReader;

/* What sockets of one loop read by. */
typedef struct {
    FulcraFramePool *pool;
    FulcraInflaters *inflaters; /* (nullable): messages may be compressed */
    size_t limit; /* bytes in one message; above it FULCRA_CLOSE_TOO_LARGE */
} FulcraMessageRules;

typedef enum {
    FULCRA_MESSAGE_MORE, /* all input was taken; more is needed */
    FULCRA_MESSAGE_TEXT, /* UTF-8 */
    FULCRA_MESSAGE_BINARY,
    FULCRA_MESSAGE_PING,
    FULCRA_MESSAGE_PONG,
    FULCRA_MESSAGE_CLOSE,
    FULCRA_MESSAGE_VIOLATION,
} FulcraMessageKind;

typedef struct {
    FulcraMessageKind kind;
    const uint8_t *data; /* until the next call */
    size_t length;       /* for CLOSE: of the reason */
    unsigned code;       /* for CLOSE and VIOLATION */
    const char *why;     /* for VIOLATION: a static string */
    bool deflated;       /* it came compressed */
} FulcraMessageEvent;

/**
 * fulcra__message_next:
 *
 * Takes the next event out of @input. After CLOSE and VIOLATION the reader
 * must not be used again, only cleared.
 */
void fulcra__message_next(FulcraMessageReader *self,
        const FulcraMessageRules *rules, FulcraInput *input,
        FulcraMessageEvent *event);

/**
 * fulcra__message_steal:
 *
 * Returns: (transfer full) (nullable): the buffer in which the message of the
 * last event was assembled, a NUL behind it, for g_free(); NULL where the
 * message lay whole in the input
 */
uint8_t *fulcra__message_steal(FulcraMessageReader *self);

/** Bytes held for what is not complete, what was borrowed included. */
size_t fulcra__message_held(const FulcraMessageReader *self);

void fulcra__message_reader_clear(FulcraMessageReader *self);
