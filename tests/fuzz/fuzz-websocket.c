/* SPDX-License-Identifier: MIT */
/*
 * What a WebSocket client sends. The first byte says into which pieces the
 * rest is cut; the events must be those of the stream in one piece, and those
 * of another socket that uses the same pool must not change.
 */
#include "../unit/ws-stream.h"

#define LIMIT 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
feed_neighbour(WsFeed *neighbour)
{
    static const uint8_t frame[] = { 0x81, 0x82, 0, 0, 0, 0, 'o', 'k' };

    ws_feed(neighbour, frame, 3);
    ws_feed(neighbour, frame + 3, sizeof(frame) - 3);
}

static void
feed_in_pieces(WsFeed *feed, WsFeed *neighbour, const uint8_t *data,
        size_t size, unsigned piece)
{
    for (size_t at = 0; at < size; at += piece) {
        ws_feed(feed, data + at, MIN(piece, size - at));
        feed_neighbour(neighbour);
        g_assert_cmpuint(feed->most_held, <=, 3 * LIMIT);
        g_assert_cmpstr(neighbour->events->str, ==, "text ok\n");
        g_string_truncate(neighbour->events, 0);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FulcraFramePool *pool = fulcra__frame_pool_new();
    WsFeed whole, pieces, neighbour;

    if (size > 0) {
        ws_feed_init(&whole, pool, LIMIT);
        ws_feed_init(&pieces, pool, LIMIT);
        ws_feed_init(&neighbour, pool, LIMIT);
        ws_feed(&whole, data + 1, size - 1);
        feed_in_pieces(
                &pieces, &neighbour, data + 1, size - 1, 1 + data[0] % 64);
        g_assert_cmpstr(whole.events->str, ==, pieces.events->str);
        ws_feed_clear(&whole);
        ws_feed_clear(&pieces);
        ws_feed_clear(&neighbour);
    }
    fulcra__frame_pool_free(pool);
    return 0;
}
