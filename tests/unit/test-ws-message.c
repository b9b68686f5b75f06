/* SPDX-License-Identifier: MIT */
/* Messages: fragments, control frames between them, limits, text, Close. */
#include "websocket/close.h"
#include "websocket/utf8.h"
#include "ws-stream.h"

#define LIMIT ((size_t)1 << 16)

static void
assert_events(GByteArray *stream, const char *expected)
{
    g_autofree char *events = ws_events(stream, LIMIT);

    g_assert_cmpstr(events, ==, expected);
    g_byte_array_unref(stream);
}

static void
test_fragments_with_control_frames(void)
{
    GByteArray *stream = g_byte_array_new();

    ws_put_text(stream, 0x01, "one ");
    ws_put_text(stream, 0x89, "ping");
    ws_put_text(stream, 0x00, "");
    ws_put_text(stream, 0x8a, "pong");
    ws_put_text(stream, 0x00, "two");
    ws_put_text(stream, 0x80, "!");
    ws_put_text(stream, 0x82, "next");
    assert_events(stream, "ping ping\npong pong\ntext one\\20two!\n"
                          "binary next\n");
}

static void
test_fragments_out_of_place(void)
{
    GByteArray *nothing = g_byte_array_new();
    GByteArray *last = g_byte_array_new();
    GByteArray *inside = g_byte_array_new();
    GByteArray *whole_inside = g_byte_array_new();

    ws_put_text(nothing, 0x00, "x");
    assert_events(nothing, "violation 1002\n");
    ws_put_text(last, 0x80, "x");
    assert_events(last, "violation 1002\n");
    ws_put_text(inside, 0x01, "a");
    ws_put_text(inside, 0x02, "b");
    assert_events(inside, "violation 1002\n");
    ws_put_text(whole_inside, 0x01, "a");
    ws_put_text(whole_inside, 0x81, "b");
    assert_events(whole_inside, "violation 1002\n");
}

static void
test_close_ends_a_message_under_way(void)
{
    GByteArray *stream = g_byte_array_new();

    ws_put_text(stream, 0x01, "never finished");
    ws_put(stream, 0x88, "\x03\xe8", 2);
    ws_put_text(stream, 0x80, "ignored");
    assert_events(stream, "close 1000 \n");
}

/* --- limits --- */

static void
test_limit(void)
{
    g_autofree char *text = g_strnfill(LIMIT + 1, 'x');
    GByteArray *fits = g_byte_array_new();
    GByteArray *over = g_byte_array_new();
    GByteArray *sum = g_byte_array_new();
    g_autofree char *events = NULL;

    ws_put(fits, 0x81, text, LIMIT);
    events = ws_events(fits, LIMIT);
    g_assert_true(g_str_has_prefix(events, "text xxx"));
    g_byte_array_unref(fits);
    ws_put(over, 0x81, text, LIMIT + 1);
    assert_events(over, "violation 1009\n");
    ws_put(sum, 0x01, text, LIMIT);
    ws_put(sum, 0x00, "", 0);
    ws_put(sum, 0x80, "x", 1);
    assert_events(sum, "violation 1009\n");
}

/* 4 MiB in fragments of 64 bytes pass and hold at most twice the limit. */
static void
test_many_fragments(void)
{
    enum { FRAGMENTS = 65536, EACH = 64 };
    GByteArray *stream = g_byte_array_new();
    FulcraFramePool *pool = fulcra__frame_pool_new();
    uint8_t payload[EACH] = { 1, 2, 3 };
    WsFeed feed;

    for (unsigned i = 0; i < FRAGMENTS; i++)
        ws_put(stream,
                i == 0               ? 0x02
                : i + 1 == FRAGMENTS ? 0x80
                                     : 0x00,
                payload, EACH);
    ws_feed_init(&feed, pool, (size_t)FRAGMENTS * EACH);
    for (size_t at = 0; at < stream->len; at += 4099)
        ws_feed(&feed, stream->data + at, MIN(4099, stream->len - at));
    g_assert_true(g_str_has_prefix(feed.events->str, "binary "));
    g_assert_cmpuint(feed.most_held, <=, (size_t)2 * FRAGMENTS * EACH);
    ws_feed_clear(&feed);
    fulcra__frame_pool_free(pool);
    g_byte_array_unref(stream);
}

/* A head that promises much does not make the server allocate it. */
static void
test_promises_are_not_allocated(void)
{
    FulcraFramePool *pool = fulcra__frame_pool_new();
    GByteArray *stream = g_byte_array_new();
    WsFeed feed;

    ws_put_head(stream, 0x82, LIMIT, 0);
    ws_put_masked(stream, "x", 1);
    ws_feed_init(&feed, pool, LIMIT);
    ws_feed(&feed, stream->data, stream->len);
    g_assert_cmpuint(fulcra__message_held(&feed.reader), <=, 8192);
    ws_feed_clear(&feed);
    fulcra__frame_pool_free(pool);
    g_byte_array_unref(stream);
}

static void
test_steal(void)
{
    FulcraFramePool *pool = fulcra__frame_pool_new();
    const FulcraMessageRules rules = { .pool = pool, .limit = LIMIT };
    GByteArray *stream = g_byte_array_new();
    FulcraMessageReader reader = { 0 };
    FulcraMessageEvent event;
    FulcraInput input;
    g_autofree uint8_t *stolen = NULL;

    ws_put_text(stream, 0x01, "he");
    ws_put_text(stream, 0x80, "llo");
    ws_put_text(stream, 0x81, "whole");
    input = (FulcraInput){ stream->data, stream->len };
    fulcra__message_next(&reader, &rules, &input, &event);
    g_assert_cmpint(event.kind, ==, FULCRA_MESSAGE_TEXT);
    stolen = fulcra__message_steal(&reader);
    g_assert_cmpstr((char *)stolen, ==, "hello");
    g_assert_cmpuint(fulcra__message_held(&reader), ==, 0);
    fulcra__message_next(&reader, &rules, &input, &event);
    g_assert_cmpmem(event.data, event.length, "whole", 5);
    g_assert_null(fulcra__message_steal(&reader));
    fulcra__message_reader_clear(&reader);
    fulcra__frame_pool_free(pool);
    g_byte_array_unref(stream);
}

/* --- text --- */

/* A text that reaches each row of the table of RFC 3629 at its edges. */
#define UTF8_SAMPLE                                                            \
    "A\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xec\xbf\xbf\xed\x9f\xbf\xee\x80\x80"    \
    "\xef\xbf\xbf\xf0\x90\x80\x80\xf3\xbf\xbf\xbf\xf4\x8f\xbf\xbf"             \
    "12345678abcdefgh\xc3\xa9"

static void
test_utf8_at_every_cut(void)
{
    static const uint8_t text[] = UTF8_SAMPLE;
    size_t length = sizeof(text) - 1;

    for (size_t cut = 0; cut <= length; cut++) {
        FulcraUtf8 state = { 0 };

        g_assert_true(fulcra__utf8_check(&state, text, cut));
        g_assert_true(fulcra__utf8_check(&state, text + cut, length - cut));
        g_assert_true(fulcra__utf8_is_complete(&state));
    }
}

/* All texts of up to three bytes and samples of four, against GLib. */
static void
assert_utf8_agrees(const uint8_t *text, size_t length)
{
    FulcraUtf8 state = { 0 };
    bool ours = fulcra__utf8_check(&state, text, length) &&
                fulcra__utf8_is_complete(&state);
    bool has_nul = memchr(text, 0, length) != NULL; /* GLib refuses those */

    if (!has_nul)
        g_assert_true(ours == (bool)g_utf8_validate((const char *)text,
                                      (gssize)length, NULL));
}

static void
test_utf8_against_glib(void)
{
    for (unsigned first = 0x80; first < 256; first++)
        for (unsigned second = 1; second < 256; second++) {
            uint8_t text[4] = { (uint8_t)first, (uint8_t)second, 0x80, 0x80 };

            for (size_t length = 1; length <= 4; length++)
                assert_utf8_agrees(text, length);
            text[2] = 0xc0;
            assert_utf8_agrees(text, 3);
        }
}

/* Bad text is refused at the first byte that makes it bad. */
static void
test_bad_text_fails_at_once(void)
{
    GByteArray *stream = g_byte_array_new();
    FulcraFramePool *pool = fulcra__frame_pool_new();
    WsFeed feed;

    ws_put_head(stream, 0x81, 100, 0);
    ws_put_masked(stream, "ab\xf5", 3);
    ws_feed_init(&feed, pool, LIMIT);
    ws_feed(&feed, stream->data, stream->len);
    g_assert_cmpstr(feed.events->str, ==, "violation 1007\n");
    ws_feed_clear(&feed);
    fulcra__frame_pool_free(pool);
    g_byte_array_unref(stream);
}

static void
test_text_in_fragments(void)
{
    static const char text[] = UTF8_SAMPLE;
    size_t length = strlen(text);

    for (size_t cut = 0; cut <= length; cut++) {
        GByteArray *stream = g_byte_array_new();
        g_autofree char *events = NULL;

        ws_put(stream, 0x01, text, cut);
        ws_put(stream, 0x80, text + cut, length - cut);
        events = ws_events(stream, LIMIT);
        g_assert_true(g_str_has_prefix(events, "text A"));
        g_byte_array_unref(stream);
    }
}

static void
test_text_ends_too_early(void)
{
    GByteArray *whole = g_byte_array_new();
    GByteArray *fragments = g_byte_array_new();
    GByteArray *binary = g_byte_array_new();

    ws_put_text(whole, 0x81, "\xc3");
    assert_events(whole, "violation 1007\n");
    ws_put_text(fragments, 0x01, "\xc3");
    ws_put_text(fragments, 0x80, "");
    assert_events(fragments, "violation 1007\n");
    ws_put_text(binary, 0x82, "\xc3");
    assert_events(binary, "binary \\c3\n");
}

/* --- Close --- */

static bool
code_is_expected(unsigned code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

static void
test_every_close_code(void)
{
    for (unsigned code = 0; code < 65536; code++) {
        uint8_t body[2] = { (uint8_t)(code >> 8), (uint8_t)code };
        uint8_t written[FULCRA_CLOSE_BODY_SIZE];
        const char *reason;
        unsigned got;
        size_t length;
        unsigned answer = fulcra__close_parse(body, 2, &got, &reason, &length);

        g_assert_cmpuint(
                answer, ==, code_is_expected(code) ? 0 : FULCRA_CLOSE_PROTOCOL);
        g_assert_cmpuint(fulcra__close_write(written, code, NULL), ==,
                code_is_expected(code) ? 2 : 0);
    }
}

static void
test_close_bodies(void)
{
    GByteArray *empty = g_byte_array_new();
    GByteArray *one = g_byte_array_new();
    GByteArray *reason = g_byte_array_new();
    GByteArray *bad = g_byte_array_new();
    GByteArray *cut = g_byte_array_new();

    ws_put(empty, 0x88, "", 0);
    assert_events(empty, "close 1005 \n");
    ws_put(one, 0x88, "\x03", 1);
    assert_events(one, "violation 1002\n");
    ws_put(reason, 0x88,
            "\x0f\xa0"
            "bye",
            5);
    assert_events(reason, "close 4000 bye\n");
    ws_put(bad, 0x88, "\x03\xe8\xff", 3);
    assert_events(bad, "violation 1007\n");
    ws_put(cut, 0x88, "\x03\xe8\xc3", 3);
    assert_events(cut, "violation 1007\n");
}

static void
test_close_reason_is_cut_between_characters(void)
{
    g_autoptr(GString) reason = g_string_new("x");
    uint8_t body[FULCRA_CLOSE_BODY_SIZE];
    size_t length;

    while (reason->len < 200)
        g_string_append(reason, "\xe2\x82\xac");
    length = fulcra__close_write(body, 4000, reason->str);
    g_assert_cmpuint(length, ==, 2 + 121); /* 1 + 40 x 3 */
    g_assert_true(g_utf8_validate((char *)body + 2, 121, NULL));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ws/message/fragments-with-control-frames",
            test_fragments_with_control_frames);
    g_test_add_func(
            "/ws/message/fragments-out-of-place", test_fragments_out_of_place);
    g_test_add_func("/ws/message/close-ends-a-message",
            test_close_ends_a_message_under_way);
    g_test_add_func("/ws/message/limit", test_limit);
    g_test_add_func("/ws/message/many-fragments", test_many_fragments);
    g_test_add_func("/ws/message/promises-are-not-allocated",
            test_promises_are_not_allocated);
    g_test_add_func("/ws/message/steal", test_steal);
    g_test_add_func("/ws/utf8/at-every-cut", test_utf8_at_every_cut);
    g_test_add_func("/ws/utf8/against-glib", test_utf8_against_glib);
    g_test_add_func("/ws/utf8/fails-at-once", test_bad_text_fails_at_once);
    g_test_add_func("/ws/utf8/in-fragments", test_text_in_fragments);
    g_test_add_func("/ws/utf8/ends-too-early", test_text_ends_too_early);
    g_test_add_func("/ws/close/every-code", test_every_close_code);
    g_test_add_func("/ws/close/bodies", test_close_bodies);
    g_test_add_func("/ws/close/reason-is-cut-between-characters",
            test_close_reason_is_cut_between_characters);
    return g_test_run();
}
