/* SPDX-License-Identifier: MIT */
/*
 * message.c - frames become messages
 *
 * The buffer doubles up to the limit, so that reallocation holds at most one
 * and a half times the limit; what a frame's head announces is checked against
 * the limit and never allocated in advance. Control frames may stand between
 * fragments and have a small buffer of their own, for those that are cut.
 */
#include "websocket/message.h"
#include "websocket/close.h"
#include "websocket/utf8.h"

#include <glib.h>
#include <string.h>

struct _FulcraMessagePart {
    uint8_t *buffer; /* capacity + 1 bytes: a NUL fits behind */
    size_t length, capacity;
    uint8_t opcode; /* of the message that is under way; 0: none */
    FulcraUtf8 utf8;
    uint8_t n_control;
    uint8_t control[FULCRA_FRAME_CONTROL_SIZE];
};

static FulcraMessagePart *
reader_part(FulcraMessageReader *self)
{
    if (self->part == NULL)
        self->part = g_new0(FulcraMessagePart, 1);
    return self->part;
}

static void
part_free(FulcraMessagePart *part)
{
    g_free(part->buffer);
    g_free(part);
}

static bool
violate(FulcraMessageEvent *event, unsigned code, const char *why)
{
    event->kind = FULCRA_MESSAGE_VIOLATION;
    event->code = code;
    event->why = why;
    return true;
}

static void
part_append(FulcraMessagePart *part, const uint8_t *data, size_t size,
        uint64_t expected, size_t limit)
{
    size_t needed = part->length + size;

    if (part->buffer == NULL || needed > part->capacity) {
        size_t capacity = MAX(needed, MAX(part->capacity * 2, 512));

        if (part->length == 0 && expected < capacity)
            capacity = (size_t)expected;
        part->capacity = MIN(capacity, limit);
        part->buffer = g_realloc(part->buffer, part->capacity + 1);
    }
    if (size > 0)
        memcpy(part->buffer + part->length, data, size);
    part->length = needed;
}

/* --- control frames --- */

static bool
finish_close(FulcraMessageEvent *event, const uint8_t *data, size_t length)
{
    const char *reason;
    unsigned answer;

    answer = fulcra__close_parse(
            data, length, &event->code, &reason, &event->length);
    if (answer != 0)
        return violate(event, answer, "malformed Close frame");
    event->kind = FULCRA_MESSAGE_CLOSE;
    event->data = (const uint8_t *)reason;
    return true;
}

static bool
take_control(FulcraMessageReader *self, const FulcraFrame *frame,
        FulcraMessageEvent *event)
{
    const uint8_t *data = frame->data;
    size_t length = frame->size;

    if (!(frame->first && frame->last)) {
        FulcraMessagePart *part = reader_part(self);

        if (frame->first)
            part->n_control = 0;
        if (length > 0)
            memcpy(part->control + part->n_control, data, length);
        part->n_control += (uint8_t)length;
        if (!frame->last)
            return false;
        data = part->control;
        length = part->n_control;
    }
    if (frame->opcode == FULCRA_OPCODE_CLOSE)
        return finish_close(event, data, length);
    event->kind = frame->opcode == FULCRA_OPCODE_PING ? FULCRA_MESSAGE_PING
                                                      : FULCRA_MESSAGE_PONG;
    event->data = data;
    event->length = length;
    return true;
}

/* --- data frames --- */

static FulcraMessageKind
message_kind(uint8_t opcode)
{
    return opcode == FULCRA_OPCODE_TEXT ? FULCRA_MESSAGE_TEXT
                                        : FULCRA_MESSAGE_BINARY;
}

/* The common case: one frame, all there. Nothing is allocated. */
static bool
take_whole(const FulcraFrame *frame, FulcraMessageEvent *event)
{
    FulcraUtf8 utf8 = { 0 };

    if (frame->opcode == FULCRA_OPCODE_TEXT &&
            (!fulcra__utf8_check(&utf8, frame->data, frame->size) ||
                    !fulcra__utf8_is_complete(&utf8)))
        return violate(event, FULCRA_CLOSE_NOT_TEXT, "text is not UTF-8");
    event->kind = message_kind(frame->opcode);
    event->data = frame->data;
    event->length = frame->size;
    return true;
}

/* At a data frame's start: does it fit what went before, and the limit? */
static bool
check_start(FulcraMessagePart *part, const FulcraFrame *frame, size_t limit,
        FulcraMessageEvent *event)
{
    uint8_t under_way = part == NULL ? 0 : part->opcode;
    size_t length = under_way == 0 ? 0 : part->length;

    if (frame->opcode == FULCRA_OPCODE_CONTINUATION && under_way == 0)
        return violate(event, FULCRA_CLOSE_PROTOCOL, "nothing to continue");
    if (frame->opcode != FULCRA_OPCODE_CONTINUATION && under_way != 0)
        return violate(
                event, FULCRA_CLOSE_PROTOCOL, "message inside a message");
    if (length > limit || frame->length > limit - length)
        return violate(event, FULCRA_CLOSE_TOO_LARGE, "message too large");
    return false;
}

static bool
take_piece(FulcraMessageReader *self, const FulcraFrame *frame, size_t limit,
        FulcraMessageEvent *event)
{
    FulcraMessagePart *part = reader_part(self);

    if (frame->first && frame->opcode != FULCRA_OPCODE_CONTINUATION)
        part->opcode = frame->opcode;
    if (part->opcode == FULCRA_OPCODE_TEXT &&
            !fulcra__utf8_check(&part->utf8, frame->data, frame->size))
        return violate(event, FULCRA_CLOSE_NOT_TEXT, "text is not UTF-8");
    part_append(part, frame->data, frame->size,
            frame->fin ? frame->length : UINT64_MAX, limit);
    if (!frame->last || !frame->fin)
        return false;
    if (!fulcra__utf8_is_complete(&part->utf8))
        return violate(event, FULCRA_CLOSE_NOT_TEXT, "text ends too early");
    event->kind = message_kind(part->opcode);
    part->opcode = 0; /* complete: kept until the next call */
    part->buffer[part->length] = 0;
    event->data = part->buffer;
    event->length = part->length;
    return true;
}

static bool
take_frame(FulcraMessageReader *self, const FulcraFrame *frame, size_t limit,
        FulcraMessageEvent *event)
{
    if (frame->opcode >= FULCRA_OPCODE_CLOSE)
        return take_control(self, frame, event);
    if (frame->first && check_start(self->part, frame, limit, event))
        return true;
    if (frame->first && frame->last && frame->fin &&
            frame->opcode != FULCRA_OPCODE_CONTINUATION)
        return take_whole(frame, event);
    return take_piece(self, frame, limit, event);
}

/* Between two messages nothing is kept: what is left was the last event's. */
static void
reader_rest(FulcraMessageReader *self)
{
    if (self->part != NULL && self->part->opcode == 0 &&
            self->frames.partial == NULL)
        g_clear_pointer(&self->part, part_free);
}

void
fulcra__message_next(FulcraMessageReader *self, FulcraFramePool *pool,
        size_t limit, FulcraInput *input, FulcraMessageEvent *event)
{
    FulcraFrameResult result;
    FulcraFrame frame;

    reader_rest(self);
    for (;;) {
        result = fulcra__frame_next(
                &self->frames, pool, input, &frame, &event->why);
        if (result == FULCRA_FRAME_BAD) {
            violate(event, FULCRA_CLOSE_PROTOCOL, event->why);
            return;
        }
        if (result == FULCRA_FRAME_MORE) {
            event->kind = FULCRA_MESSAGE_MORE;
            return;
        }
        if (take_frame(self, &frame, limit, event))
            return;
    }
}

uint8_t *
fulcra__message_steal(FulcraMessageReader *self)
{
    uint8_t *buffer;

    if (self->part == NULL || self->part->opcode != 0)
        return NULL;
    buffer = g_steal_pointer(&self->part->buffer);
    reader_rest(self);
    return buffer;
}

size_t
fulcra__message_held(const FulcraMessageReader *self)
{
    return (self->part == NULL ? 0 : self->part->capacity) +
           (self->frames.partial == NULL ? 0 : FULCRA_FRAME_PARTIAL_SIZE);
}

void
fulcra__message_reader_clear(FulcraMessageReader *self)
{
    fulcra__frame_parser_clear(&self->frames);
    g_clear_pointer(&self->part, part_free);
}
