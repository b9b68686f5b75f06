/* SPDX-License-Identifier: MIT */
/* Frames: heads good and bad, lengths, masks, cuts, what the server sends. */
#include "ws-stream.h"

#include <wslay/wslay.h>

#define LIMIT ((size_t)1 << 20)

static void
assert_events(GByteArray *stream, const char *expected)
{
    g_autofree char *events = ws_events(stream, LIMIT);

    g_assert_cmpstr(events, ==, expected);
    g_byte_array_unref(stream);
}

static void
test_rfc_examples(void)
{
    /* RFC 6455 section 5.7: a masked "Hello", a masked ping. */
    static const uint8_t hello[] = { 0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f,
        0x9f, 0x4d, 0x51, 0x58 };
    static const uint8_t pong[] = { 0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f,
        0x9f, 0x4d, 0x51, 0x58 };
    GByteArray *stream = g_byte_array_new();

    g_byte_array_append(stream, hello, sizeof(hello));
    g_byte_array_append(stream, pong, sizeof(pong));
    assert_events(stream, "text Hello\npong Hello\n");
}

/* Every first byte: opcode, reserved bits, fin. */
static void
test_every_first_byte(void)
{
    for (unsigned first = 0; first < 256; first++) {
        GByteArray *stream = g_byte_array_new();
        unsigned opcode = first & 0x0f;
        const char *expected = "violation 1002\n";

        ws_put_text(stream, (uint8_t)first, "");
        if (first == 0x81)
            expected = "text \n";
        else if (first == 0x82)
            expected = "binary \n";
        else if (first == 0x88)
            expected = "close 1005 \n";
        else if (first == 0x89)
            expected = "ping \n";
        else if (first == 0x8a)
            expected = "pong \n";
        else if (opcode >= 1 && opcode <= 2 && (first & 0xf0) == 0)
            expected = ""; /* a message begins */
        assert_events(stream, expected);
    }
}

static void
test_unmasked(void)
{
    static const uint8_t frame[] = { 0x81, 0x02, 'h', 'i' };
    GByteArray *stream = g_byte_array_new();

    g_byte_array_append(stream, frame, sizeof(frame));
    assert_events(stream, "violation 1002\n");
}

static void
test_control_frames_are_short_and_whole(void)
{
    static const uint8_t opcodes[] = { 0x8, 0x9, 0xa };
    uint8_t payload[126] = { 0x03, 0xe8 }; /* for Close: 1000 */

    for (size_t i = 0; i < G_N_ELEMENTS(opcodes); i++) {
        GByteArray *longest = g_byte_array_new();
        GByteArray *longer = g_byte_array_new();
        GByteArray *cut = g_byte_array_new();
        g_autofree char *events = NULL;

        ws_put(longest, 0x80 | opcodes[i], payload, 125);
        events = ws_events(longest, LIMIT);
        g_assert_false(g_str_has_prefix(events, "violation"));
        g_byte_array_unref(longest);
        ws_put(longer, 0x80 | opcodes[i], payload, 126);
        assert_events(longer, "violation 1002\n");
        ws_put(cut, opcodes[i], payload, 2);
        assert_events(cut, "violation 1002\n");
    }
}

/* Section 5.2: the length in its shortest form, the top bit clear. */
static void
test_length_forms(void)
{
    static const struct {
        uint64_t length;
        unsigned form;
        bool fine;
    } cases[] = {
        { 0, 7, true },
        { 125, 7, true },
        { 0, 16, false },
        { 125, 16, false },
        { 126, 16, true },
        { 65535, 16, true },
        { 0, 64, false },
        { 125, 64, false },
        { 126, 64, false },
        { 65535, 64, false },
        { 65536, 64, true },
        { LIMIT, 64, true },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        GByteArray *stream = g_byte_array_new();
        g_autofree uint8_t *payload = g_malloc0(cases[i].length + 1);
        g_autofree char *events = NULL;

        ws_put_head(stream, 0x82, cases[i].length, cases[i].form);
        ws_put_masked(stream, payload, cases[i].length);
        events = ws_events(stream, LIMIT);
        if (cases[i].fine)
            g_assert_true(g_str_has_prefix(events, "binary "));
        else
            g_assert_cmpstr(events, ==, "violation 1002\n");
        g_byte_array_unref(stream);
    }
}

static void
test_length_beyond_reason(void)
{
    GByteArray *top = g_byte_array_new();
    GByteArray *huge = g_byte_array_new();

    ws_put_head(top, 0x82, UINT64_C(1) << 63, 64);
    assert_events(top, "violation 1002\n");
    ws_put_head(huge, 0x82, UINT64_MAX >> 1, 64);
    assert_events(huge, "violation 1009\n");
}

/* A refusal needs the head only, however it arrives. */
static void
test_refused_before_the_payload(void)
{
    GByteArray *stream = g_byte_array_new();
    FulcraFramePool *pool = fulcra__frame_pool_new();
    WsFeed feed;

    ws_put_head(stream, 0x82, LIMIT + 1, 0);
    ws_feed_init(&feed, pool, LIMIT);
    for (size_t i = 0; i < stream->len; i++)
        ws_feed(&feed, stream->data + i, 1);
    g_assert_cmpstr(feed.events->str, ==, "violation 1009\n");
    ws_feed_clear(&feed);
    fulcra__frame_pool_free(pool);
    g_byte_array_unref(stream);
}

/* A stream with a bit of everything. (transfer full) */
static GByteArray *
short_stream(void)
{
    GByteArray *stream = g_byte_array_new();

    ws_put_text(stream, 0x81, "a");
    ws_put_text(stream, 0x01, "h\xc3");
    ws_put_text(stream, 0x89, "in");
    ws_put_text(stream, 0x00, "\xa9");
    ws_put_text(stream, 0x80, "");
    ws_put_text(stream, 0x82, "");
    ws_put(stream, 0x8a, "p", 1);
    ws_put(stream, 0x88, "\x03\xe9g", 3);
    return stream;
}

static void
feed_in_three(GByteArray *stream, FulcraFramePool *pool, size_t first,
        size_t second, const char *expected)
{
    WsFeed feed;

    ws_feed_init(&feed, pool, LIMIT);
    ws_feed(&feed, stream->data, first);
    ws_feed(&feed, stream->data + first, second - first);
    ws_feed(&feed, stream->data + second, stream->len - second);
    g_assert_cmpstr(feed.events->str, ==, expected);
    ws_feed_clear(&feed);
}

static void
test_every_pair_of_cuts(void)
{
    GByteArray *stream = short_stream();
    FulcraFramePool *pool = fulcra__frame_pool_new();
    g_autofree char *expected = ws_events(stream, LIMIT);

    g_assert_cmpstr(expected, ==,
            "text a\nping in\ntext h\\c3\\a9\nbinary \npong p\n"
            "close 1001 g\n");
    for (size_t first = 0; first <= stream->len; first++)
        for (size_t second = first; second <= stream->len; second++)
            feed_in_three(stream, pool, first, second, expected);
    fulcra__frame_pool_free(pool);
    g_byte_array_unref(stream);
}

static void
test_byte_by_byte(void)
{
    GByteArray *stream = g_byte_array_new();
    FulcraFramePool *pool = fulcra__frame_pool_new();
    g_autofree uint8_t *payload = g_malloc(70000);
    g_autofree char *expected = NULL;
    WsFeed feed;

    for (size_t i = 0; i < 70000; i++)
        payload[i] = (uint8_t)(i * 7);
    ws_put(stream, 0x02, payload, 70000);
    ws_put(stream, 0x80, payload, 200);
    ws_put(stream, 0x82, payload, 5000);
    expected = ws_events(stream, LIMIT);
    ws_feed_init(&feed, pool, LIMIT);
    for (size_t i = 0; i < stream->len; i++)
        ws_feed(&feed, stream->data + i, 1);
    g_assert_cmpstr(feed.events->str, ==, expected);
    ws_feed_clear(&feed);
    fulcra__frame_pool_free(pool);
    g_byte_array_unref(stream);
}

/* Two sockets share a pool, and their reads end in the middle of frames with
 * other frames behind: none may get a byte of the other. */
static void
test_pool_leaks_nothing(void)
{
    GByteArray *one = g_byte_array_new(), *two = g_byte_array_new();
    FulcraFramePool *pool = fulcra__frame_pool_new();
    g_autofree char *expect_one = NULL;
    g_autofree char *expect_two = NULL;

    for (int i = 0; i < 3; i++) {
        ws_put_text(one, 0x81, "secret-of-one");
        ws_put_text(two, 0x82, "two");
    }
    expect_one = ws_events(one, LIMIT);
    expect_two = ws_events(two, LIMIT);
    for (size_t cut = 1; cut < one->len; cut++) {
        size_t other = MIN(cut, two->len);
        WsFeed a, b;

        ws_feed_init(&a, pool, LIMIT);
        ws_feed_init(&b, pool, LIMIT);
        ws_feed(&a, one->data, cut);
        ws_feed(&b, two->data, other);
        ws_feed(&a, one->data + cut, one->len - cut);
        ws_feed(&b, two->data + other, two->len - other);
        g_assert_cmpstr(a.events->str, ==, expect_one);
        g_assert_cmpstr(b.events->str, ==, expect_two);
        ws_feed_clear(&a);
        ws_feed_clear(&b);
    }
    fulcra__frame_pool_free(pool);
    g_byte_array_unref(one);
    g_byte_array_unref(two);
}

static void
test_at_rest_owns_nothing(void)
{
    GByteArray *stream = short_stream();
    FulcraFramePool *pool = fulcra__frame_pool_new();
    WsFeed feed;
    size_t first_frame = 7; /* head, mask, "a" */

    ws_feed_init(&feed, pool, LIMIT);
    ws_feed(&feed, stream->data, 3);
    g_assert_nonnull(feed.reader.part);
    ws_feed(&feed, stream->data + 3, first_frame - 3);
    g_assert_null(feed.reader.part);
    ws_feed_clear(&feed);
    fulcra__frame_pool_free(pool);
    g_byte_array_unref(stream);
}

/* --- against wslay, for frames it accepts --- */

typedef struct {
    const uint8_t *data;
    size_t left;
} Source;

static ssize_t
source_read(uint8_t *buffer, size_t size, int flags, void *user_data)
{
    Source *source = user_data;
    size_t n = MIN(size, source->left);

    memcpy(buffer, source->data, n);
    source->data += n;
    source->left -= n;
    return n == 0 ? -1 : (ssize_t)n;
}

/* The payloads one after another, as wslay alone reads them. */
static GByteArray *
oracle_payloads(const GByteArray *stream)
{
    static const struct wslay_frame_callbacks callbacks = {
        .recv_callback = source_read,
    };
    Source source = { stream->data, stream->len };
    GByteArray *out = g_byte_array_new();
    wslay_frame_context_ptr context;
    struct wslay_frame_iocb iocb;

    g_assert_cmpint(
            wslay_frame_context_init(&context, &callbacks, &source), ==, 0);
    while (wslay_frame_recv(context, &iocb) >= 0)
        g_byte_array_append(out, iocb.data, (unsigned)iocb.data_length);
    wslay_frame_context_free(context);
    return out;
}

static GByteArray *
own_payloads(const GByteArray *stream, size_t cut)
{
    FulcraFramePool *pool = fulcra__frame_pool_new();
    FulcraFrameParser parser = { 0 };
    GByteArray *out = g_byte_array_new();
    const char *why = NULL;
    FulcraFrame frame;

    for (size_t at = 0; at < stream->len; at += cut) {
        size_t n = MIN(cut, stream->len - at);
        g_autofree uint8_t *copy = g_memdup2(stream->data + at, n);
        FulcraInput input = { copy, n };

        while (fulcra__frame_next(&parser, pool, false, &input, &frame, &why) ==
                FULCRA_FRAME_PIECE)
            if (frame.size > 0)
                g_byte_array_append(out, frame.data, (unsigned)frame.size);
        g_assert_null(why);
    }
    fulcra__frame_parser_clear(&parser);
    fulcra__frame_pool_free(pool);
    return out;
}

static void
put_random_frame(GByteArray *stream, GRand *random)
{
    static const size_t most[] = { 4, 130, 5000, 70000 };
    size_t length = (size_t)g_rand_int_range(
            random, 0, (int)most[g_rand_int_range(random, 0, 4)]);
    g_autofree uint8_t *payload = g_malloc(length + 1);

    for (size_t i = 0; i < length; i++)
        payload[i] = (uint8_t)g_rand_int(random);
    ws_put(stream, 0x82, payload, length);
}

static void
test_against_wslay(void)
{
    GRand *random = g_rand_new_with_seed(6455);

    for (int round = 0; round < 60; round++) {
        GByteArray *stream = g_byte_array_new(), *theirs, *ours;

        for (int i = 0; i < 6; i++)
            put_random_frame(stream, random);
        theirs = oracle_payloads(stream);
        ours = own_payloads(
                stream, (size_t)g_rand_int_range(random, 1, 100000));
        g_assert_cmpmem(ours->data, ours->len, theirs->data, theirs->len);
        g_byte_array_unref(stream);
        g_byte_array_unref(theirs);
        g_byte_array_unref(ours);
    }
    g_rand_free(random);
}

/* --- what the server sends --- */

static void
test_write(void)
{
    static const size_t lengths[] = { 0, 1, 125, 126, 65535, 65536 };

    for (size_t i = 0; i < G_N_ELEMENTS(lengths); i++) {
        g_autofree uint8_t *payload = g_malloc0(lengths[i] + 1);
        size_t size = fulcra__frame_measure(lengths[i]);
        size_t head = size - lengths[i];
        g_autofree uint8_t *out = g_malloc(size);

        fulcra__frame_write(out, FULCRA_OPCODE_BINARY, payload, lengths[i]);
        g_assert_cmpuint(head, ==,
                lengths[i] < 126     ? 2
                : lengths[i] < 65536 ? 4
                                     : 10);
        g_assert_cmpuint(out[0], ==, 0x82);
        g_assert_cmpuint(out[1], ==,
                head == 2   ? lengths[i]
                : head == 4 ? 126
                            : 127);
    }
}

/* Long messages leave in fragments of at most 1 MiB, and come out whole. */
static void
test_write_split(void)
{
    static const size_t lengths[] = { FULCRA_FRAME_SPLIT,
        FULCRA_FRAME_SPLIT + 1, 2 * FULCRA_FRAME_SPLIT,
        3 * FULCRA_FRAME_SPLIT + 7 };

    for (size_t i = 0; i < G_N_ELEMENTS(lengths); i++) {
        size_t size = fulcra__frame_measure(lengths[i]), at = 0, sum = 0;
        g_autofree uint8_t *payload = g_malloc0(lengths[i]);
        g_autofree uint8_t *out = g_malloc(size);
        bool fin = false;

        fulcra__frame_write(out, FULCRA_OPCODE_TEXT, payload, lengths[i]);
        while (!fin) {
            unsigned form = out[at + 1];
            size_t n = form;

            g_assert_cmpuint(out[at] & 0x0f, ==, at == 0 ? 1 : 0);
            fin = out[at] & 0x80;
            if (form == 126)
                n = (size_t)out[at + 2] << 8 | out[at + 3];
            if (form == 127)
                n = (size_t)out[at + 7] << 16 | (size_t)out[at + 8] << 8 |
                    out[at + 9];
            g_assert_cmpuint(n, <=, FULCRA_FRAME_SPLIT);
            at += n + (form < 126 ? 2 : form == 126 ? 4 : 10);
            sum += n;
        }
        g_assert_cmpuint(at, ==, size);
        g_assert_cmpuint(sum, ==, lengths[i]);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ws/frame/rfc-examples", test_rfc_examples);
    g_test_add_func("/ws/frame/every-first-byte", test_every_first_byte);
    g_test_add_func("/ws/frame/unmasked", test_unmasked);
    g_test_add_func(
            "/ws/frame/control", test_control_frames_are_short_and_whole);
    g_test_add_func("/ws/frame/length-forms", test_length_forms);
    g_test_add_func(
            "/ws/frame/length-beyond-reason", test_length_beyond_reason);
    g_test_add_func("/ws/frame/refused-before-the-payload",
            test_refused_before_the_payload);
    g_test_add_func("/ws/frame/every-pair-of-cuts", test_every_pair_of_cuts);
    g_test_add_func("/ws/frame/byte-by-byte", test_byte_by_byte);
    g_test_add_func("/ws/frame/pool-leaks-nothing", test_pool_leaks_nothing);
    g_test_add_func(
            "/ws/frame/at-rest-owns-nothing", test_at_rest_owns_nothing);
    g_test_add_func("/ws/frame/against-wslay", test_against_wslay);
    g_test_add_func("/ws/frame/write", test_write);
    g_test_add_func("/ws/frame/write-split", test_write_split);
    return g_test_run();
}
