/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the tests of the WebSocket protocol share: a client's frames, and a
 * reader whose events become one line of text each, so that two ways of
 * feeding the same bytes can be compared.
 */

#include "websocket/message.h"
#include <glib.h>
#include <string.h>

static const uint8_t ws_mask[4] = { 0x37, 0xfa, 0x21, 0x3d };

static inline void
ws_put_masked(GByteArray *to, const void *data, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        uint8_t byte = ((const uint8_t *)data)[i] ^ ws_mask[i & 3];

        g_byte_array_append(to, &byte, 1);
    }
}

/* @form: 0 the shortest length; otherwise 7, 16 or 64 bits of length */
static inline void
ws_put_head(GByteArray *to, uint8_t first, uint64_t length, unsigned form)
{
    uint8_t head[14] = { first };
    unsigned n;

    if (form == 0)
        form = length < 126 ? 7 : length < 65536 ? 16 : 64;
    n = form == 7 ? 0 : form / 8;
    head[1] = 0x80 | (uint8_t)(n == 0 ? length : n == 2 ? 126 : 127);
    for (unsigned i = 0; i < n; i++)
        head[2 + i] = (uint8_t)(length >> (8 * (n - 1 - i)));
    memcpy(head + 2 + n, ws_mask, 4);
    g_byte_array_append(to, head, 6 + n);
}

static inline void
ws_put(GByteArray *to, uint8_t first, const void *data, size_t length)
{
    ws_put_head(to, first, length, 0);
    ws_put_masked(to, data, length);
}

static inline void
ws_put_text(GByteArray *to, uint8_t first, const char *text)
{
    ws_put(to, first, text, strlen(text));
}

/* --- events as text --- */

typedef struct {
    FulcraMessageReader reader;
    FulcraMessageRules rules; /* whose pools others may share */
    size_t most_held;
    GString *events;
    bool ended;
} WsFeed;

static inline void
ws_feed_init(WsFeed *self, FulcraFramePool *pool, size_t limit)
{
    memset(self, 0, sizeof(*self));
    self->rules = (FulcraMessageRules){ .pool = pool, .limit = limit };
    self->events = g_string_new(NULL);
}

static inline void
ws_feed_clear(WsFeed *self)
{
    fulcra__message_reader_clear(&self->reader);
    g_string_free(self->events, TRUE);
}

static inline void
ws_feed_event(WsFeed *self, const FulcraMessageEvent *event)
{
    static const char *const names[] = { "more", "text", "binary", "ping",
        "pong", "close", "violation" };

    if (event->kind == FULCRA_MESSAGE_VIOLATION) {
        g_string_append_printf(self->events, "violation %u\n", event->code);
        self->ended = true;
        return;
    }
    g_string_append_printf(self->events, "%s ", names[event->kind]);
    if (event->kind == FULCRA_MESSAGE_CLOSE) {
        g_string_append_printf(self->events, "%u ", event->code);
        self->ended = true;
    }
    for (size_t i = 0; i < event->length; i++)
        if (event->data[i] > ' ' && event->data[i] < 0x7f)
            g_string_append_c(self->events, (char)event->data[i]);
        else
            g_string_append_printf(self->events, "\\%02x", event->data[i]);
    g_string_append_c(self->events, '\n');
}

/* Feeds a copy of exactly these bytes, so that a sanitizer sees any step
 * beyond them. */
static inline void
ws_feed(WsFeed *self, const uint8_t *data, size_t length)
{
    uint8_t *copy = g_memdup2(data, length);
    FulcraInput input = { copy, length };
    FulcraMessageEvent event;

    while (!self->ended) {
        fulcra__message_next(&self->reader, &self->rules, &input, &event);
        self->most_held =
                MAX(self->most_held, fulcra__message_held(&self->reader));
        if (event.kind == FULCRA_MESSAGE_MORE)
            break;
        ws_feed_event(self, &event);
    }
    g_free(copy);
}

/* The events of the stream when it comes in one piece. (transfer full) */
static inline char *
ws_events(const GByteArray *stream, size_t limit)
{
    FulcraFramePool *pool = fulcra__frame_pool_new();
    WsFeed feed;
    char *events;

    ws_feed_init(&feed, pool, limit);
    ws_feed(&feed, stream->data, stream->len);
    events = g_strdup(feed.events->str);
    ws_feed_clear(&feed);
    fulcra__frame_pool_free(pool);
    return events;
}
