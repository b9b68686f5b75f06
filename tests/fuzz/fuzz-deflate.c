/* SPDX-License-Identifier: MIT */
/*
 * permessage-deflate: what a client offers, up to the first NUL, and behind it
 * what it sends when that was agreed on. However the second is cut, the events
 * must be the same, and no more may be held than the limit allows.
 */
#include "../unit/ws-stream.h"
#include "websocket/extension.h"

#define LIMIT 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct {
    FulcraFramePool *pool;
    FulcraInflaters *inflaters;
} Loop;

/* (transfer full) */
static char *
events_of(const Loop *loop, const uint8_t *data, size_t size, size_t piece)
{
    char *events;
    WsFeed feed;

    ws_feed_init(&feed, loop->pool, LIMIT);
    feed.rules.inflaters = loop->inflaters;
    for (size_t at = 0; at < size; at += piece)
        ws_feed(&feed, data + at, MIN(piece, size - at));
    g_assert_cmpuint(
            feed.most_held, <=, 3 * LIMIT + FULCRA_INFLATER_SIZE + 4096);
    events = g_strdup(feed.events->str);
    ws_feed_clear(&feed);
    return events;
}

static void
compare_cuts(const uint8_t *data, size_t size)
{
    Loop loop = { fulcra__frame_pool_new(), fulcra__inflaters_new() };
    g_autofree char *whole = events_of(&loop, data, size, size);

    for (size_t piece = 1; piece < 64 && piece < size; piece = piece * 3 + 1) {
        g_autofree char *pieces = events_of(&loop, data, size, piece);

        g_assert_cmpstr(whole, ==, pieces);
    }
    fulcra__inflaters_free(loop.inflaters);
    fulcra__frame_pool_free(loop.pool);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *offers =
            g_strndup(size > 0 ? (const char *)data : "", size);
    size_t length = strlen(offers);
    FulcraOffer small = fulcra__extension_choose(offers, 9);
    FulcraOffer large = fulcra__extension_choose(offers, 15);

    /* Who takes a window of 15 bits takes any. */
    g_assert_true(large != FULCRA_OFFER_DEFLATE || small == large);
    g_assert_true((small == FULCRA_OFFER_MALFORMED) ==
                  (large == FULCRA_OFFER_MALFORMED));
    if (length < size)
        compare_cuts(data + length + 1, size - length - 1);
    return 0;
}
