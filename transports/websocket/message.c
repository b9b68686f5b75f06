/* SPDX-License-Identifier: MIT */
/*
 * message.c - frames become messages
 *
 * The buffer doubles up to the limit, so that reallocation holds at most one
 * and a half times the limit; what a frame's head announces is checked against
 * the limit and never allocated in advance. Control frames may stand between
 * fragments and have a small buffer of their own, for those that are cut.
 *
 * A compressed message is decompressed as it arrives, into the same buffer and
 * under the same limit: what would become more is never made.
 */
#include "websocket/message.h"
#include "websocket/close.h"
#include "websocket/utf8.h"

#include <glib.h>
#include <string.h>

struct _FulcraMessagePart {
    FulcraFrameParser frames;
    uint8_t *buffer; /* capacity + 1 bytes: a NUL fits behind */
    size_t length, capacity;
    uint8_t opcode;           /* of the message that is under way; 0: none */
    FulcraInflater *inflater; /* (nullable): it is compressed */
    uint64_t received;        /* if it is: bytes that came */
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
    fulcra__frame_parser_clear(&part->frames);
    fulcra__inflater_return(part->inflater);
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

/* Compressed data may be a little longer than what it stands for, not more:
 * zlib's worst is an eighth and a few bytes. */
static uint64_t
received_limit(size_t limit)
{
    return (uint64_t)limit + limit / 4 + 64;
}

/* At a data frame's start: does it fit what went before, and the limit? */
static bool
check_start(FulcraMessagePart *part, const FulcraFrame *frame, size_t limit,
        FulcraMessageEvent *event)
{
    uint8_t under_way = part == NULL ? 0 : part->opcode;
    uint64_t length = under_way == 0 ? 0 : part->length, most = limit;

    if (frame->opcode == FULCRA_OPCODE_CONTINUATION && under_way == 0)
        return violate(event, FULCRA_CLOSE_PROTOCOL, "nothing to continue");
    if (frame->opcode != FULCRA_OPCODE_CONTINUATION && under_way != 0)
        return violate(
                event, FULCRA_CLOSE_PROTOCOL, "message inside a message");
    if (frame->deflated || (under_way != 0 && part->inflater != NULL)) {
        length = under_way == 0 ? 0 : part->received;
        most = received_limit(limit);
    }
    if (length > most || frame->length > most - length)
        return violate(event, FULCRA_CLOSE_TOO_LARGE, "message too large");
    return false;
}

/* @expected: how much there will be in all, or UINT64_MAX */
static bool
take_plain(FulcraMessagePart *part, const uint8_t *data, size_t size,
        uint64_t expected, size_t limit, FulcraMessageEvent *event)
{
    if (part->opcode == FULCRA_OPCODE_TEXT &&
            !fulcra__utf8_check(&part->utf8, data, size))
        return violate(event, FULCRA_CLOSE_NOT_TEXT, "text is not UTF-8");
    part_append(part, data, size, expected, limit);
    return false;
}

/* What was fed to the inflater. RFC 7692 names no code for data that is none;
 * 1007 is for data "not consistent with the type of the message" (RFC 6455
 * section 7.4.1). */
static bool
take_inflated(FulcraMessagePart *part, size_t limit, FulcraMessageEvent *event)
{
    FulcraInflateResult result;
    const uint8_t *data;
    size_t size;

    while ((result = fulcra__inflater_next(part->inflater, &data, &size)) ==
            FULCRA_INFLATE_PIECE) {
        if (size > limit - part->length)
            return violate(event, FULCRA_CLOSE_TOO_LARGE,
                    "message too large once decompressed");
        if (take_plain(part, data, size, UINT64_MAX, limit, event))
            return true;
    }
    if (result == FULCRA_INFLATE_BAD)
        return violate(
                event, FULCRA_CLOSE_NOT_TEXT, "compressed data is not DEFLATE");
    return false;
}

static bool
finish_inflated(
        FulcraMessagePart *part, size_t limit, FulcraMessageEvent *event)
{
    fulcra__inflater_feed_end(part->inflater);
    if (take_inflated(part, limit, event))
        return true;
    if (!fulcra__inflater_is_complete(part->inflater))
        return violate(
                event, FULCRA_CLOSE_NOT_TEXT, "compressed data ends too early");
    g_clear_pointer(&part->inflater, fulcra__inflater_return);
    if (part->buffer == NULL) /* it was empty: room for its NUL */
        part_append(part, NULL, 0, 0, limit);
    return false;
}

static bool
take_data(FulcraMessagePart *part, const FulcraFrame *frame, size_t limit,
        FulcraMessageEvent *event)
{
    if (part->inflater == NULL)
        return take_plain(part, frame->data, frame->size,
                frame->fin ? frame->length : UINT64_MAX, limit, event);
    part->received += frame->size;
    fulcra__inflater_feed(part->inflater, frame->data, frame->size);
    return take_inflated(part, limit, event) ||
           (frame->last && frame->fin && finish_inflated(part, limit, event));
}

static void
begin_message(FulcraMessagePart *part, const FulcraFrame *frame,
        FulcraInflaters *inflaters)
{
    part->opcode = frame->opcode;
    if (frame->deflated)
        part->inflater = fulcra__inflater_borrow(inflaters);
}

static bool
take_piece(FulcraMessageReader *self, const FulcraFrame *frame,
        const FulcraMessageRules *rules, FulcraMessageEvent *event)
{
    FulcraMessagePart *part = reader_part(self);

    if (frame->first && frame->opcode != FULCRA_OPCODE_CONTINUATION)
        begin_message(part, frame, rules->inflaters);
    event->deflated = part->inflater != NULL;
    if (take_data(part, frame, rules->limit, event))
        return true;
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
take_frame(FulcraMessageReader *self, const FulcraFrame *frame,
        const FulcraMessageRules *rules, FulcraMessageEvent *event)
{
    event->deflated = frame->deflated;
    if (frame->opcode >= FULCRA_OPCODE_CLOSE)
        return take_control(self, frame, event);
    if (frame->first && check_start(self->part, frame, rules->limit, event))
        return true;
    if (frame->first && frame->last && frame->fin && !frame->deflated &&
            frame->opcode != FULCRA_OPCODE_CONTINUATION)
        return take_whole(frame, event);
    return take_piece(self, frame, rules, event);
}

/* Between two messages nothing is kept: what is left was the last event's. */
static void
reader_rest(FulcraMessageReader *self)
{
    if (self->part != NULL && self->part->opcode == 0 &&
            self->part->frames.partial == NULL)
        g_clear_pointer(&self->part, part_free);
}

/* A parser that is in the middle of a frame is kept with the part. */
static FulcraFrameResult
next_frame(FulcraMessageReader *self, const FulcraMessageRules *rules,
        FulcraInput *input, FulcraFrame *frame, const char **why)
{
    FulcraFrameParser between = { 0 };
    FulcraFrameParser *parser =
            self->part == NULL ? &between : &self->part->frames;
    FulcraFrameResult result = fulcra__frame_next(
            parser, rules->pool, rules->inflaters != NULL, input, frame, why);

    if (between.partial != NULL)
        reader_part(self)->frames = between;
    return result;
}

void
fulcra__message_next(FulcraMessageReader *self, const FulcraMessageRules *rules,
        FulcraInput *input, FulcraMessageEvent *event)
{
    FulcraFrameResult result;
    FulcraFrame frame;

    reader_rest(self);
    event->deflated = false;
    for (;;) {
        result = next_frame(self, rules, input, &frame, &event->why);
        if (result == FULCRA_FRAME_BAD) {
            violate(event, FULCRA_CLOSE_PROTOCOL, event->why);
            return;
        }
        if (result == FULCRA_FRAME_MORE) {
            event->kind = FULCRA_MESSAGE_MORE;
            return;
        }
        if (take_frame(self, &frame, rules, event))
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
    const FulcraMessagePart *part = self->part;

    if (part == NULL)
        return 0;
    return part->capacity +
           (part->inflater == NULL ? 0 : FULCRA_INFLATER_SIZE) +
           (part->frames.partial == NULL ? 0 : FULCRA_FRAME_PARTIAL_SIZE);
}

void
fulcra__message_reader_clear(FulcraMessageReader *self)
{
    g_clear_pointer(&self->part, part_free);
}
