/* SPDX-License-Identifier: MIT */
/* permessage-deflate: what is agreed on, compressed once, decompressed under
 * the limit. */
#include "ws-stream.h"

#include "websocket/extension.h"
#include "websocket/outbound.h"
#include <json-glib/json-glib.h>
#include <zlib.h>

#define LIMIT 65536

/* --- offers --- */

static void
test_offers(void)
{
    static const struct {
        const char *offers;
        FulcraOffer expected; /* for a window of 12 bits */
    } cases[] = {
        { NULL, FULCRA_OFFER_NONE },
        { "", FULCRA_OFFER_NONE },
        { " , ,", FULCRA_OFFER_NONE },
        { "permessage-deflate", FULCRA_OFFER_DEFLATE },
        { " permessage-deflate ", FULCRA_OFFER_DEFLATE },
        { "permessage-deflate; client_max_window_bits", FULCRA_OFFER_DEFLATE },
        { "permessage-deflate ; client_max_window_bits = 8",
                FULCRA_OFFER_DEFLATE },
        { "permessage-deflate; client_max_window_bits=\"15\"",
                FULCRA_OFFER_DEFLATE },
        { "permessage-deflate; server_max_window_bits=\"1\\2\"",
                FULCRA_OFFER_DEFLATE },
        { "permessage-deflate;server_no_context_takeover;"
          "client_no_context_takeover;server_max_window_bits=15",
                FULCRA_OFFER_DEFLATE },
        { "x-webkit-deflate-frame, permessage-deflate", FULCRA_OFFER_DEFLATE },
        { "other; a=b; c=\"d\",,\tpermessage-deflate", FULCRA_OFFER_DEFLATE },
        /* The first that can be accepted counts. */
        { "permessage-deflate; server_max_window_bits=9, permessage-deflate",
                FULCRA_OFFER_DEFLATE },
        { "permessage-deflate; unknown, permessage-deflate; what=ever",
                FULCRA_OFFER_NONE },
        { "permessage-deflate, permessage-deflate; unknown",
                FULCRA_OFFER_DEFLATE },

        { "Permessage-Deflate", FULCRA_OFFER_NONE },
        { "permessage-deflate-and-more", FULCRA_OFFER_NONE },
        { "permessage-deflate; server_max_window_bits=11", FULCRA_OFFER_NONE },
        { "permessage-deflate; server_max_window_bits=8", FULCRA_OFFER_NONE },
        { "permessage-deflate; server_max_window_bits=16", FULCRA_OFFER_NONE },
        { "permessage-deflate; server_max_window_bits=012", FULCRA_OFFER_NONE },
        { "permessage-deflate; server_max_window_bits", FULCRA_OFFER_NONE },
        { "permessage-deflate; client_max_window_bits=7", FULCRA_OFFER_NONE },
        { "permessage-deflate; client_max_window_bits=09", FULCRA_OFFER_NONE },
        { "permessage-deflate; client_max_window_bits=x", FULCRA_OFFER_NONE },
        { "permessage-deflate; server_no_context_takeover=1",
                FULCRA_OFFER_NONE },
        { "permessage-deflate; client_no_context_takeover=\"true\"",
                FULCRA_OFFER_NONE },
        { "permessage-deflate; client_max_window_bits; client_max_window_bits",
                FULCRA_OFFER_NONE },
        { "permessage-deflate; server_no_context_takeover; "
          "server_no_context_takeover",
                FULCRA_OFFER_NONE },
        { "permessage-deflate; "
          "server_no_context_takeover_and_a_very_long_rest_of_it",
                FULCRA_OFFER_NONE },

        { "permessage-deflate;", FULCRA_OFFER_MALFORMED },
        { "permessage-deflate; =", FULCRA_OFFER_MALFORMED },
        { "permessage-deflate; a=", FULCRA_OFFER_MALFORMED },
        { "permessage-deflate; a=\"", FULCRA_OFFER_MALFORMED },
        { "permessage-deflate; a=\"\"", FULCRA_OFFER_MALFORMED },
        { "permessage-deflate; a=\"b c\"", FULCRA_OFFER_MALFORMED },
        { "permessage-deflate; a=\"b\\", FULCRA_OFFER_MALFORMED },
        { "permessage-deflate; a=\"b\"c", FULCRA_OFFER_MALFORMED },
        { "permessage-deflate b", FULCRA_OFFER_MALFORMED },
        { "permessage-deflate=b", FULCRA_OFFER_MALFORMED },
        { "permessage-deflate, (", FULCRA_OFFER_MALFORMED },
        { "; a", FULCRA_OFFER_MALFORMED },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s", cases[i].offers);
        g_assert_cmpint(fulcra__extension_choose(cases[i].offers, 12), ==,
                cases[i].expected);
    }
}

/* --- what comes in --- */

/* As a client would, with a window of its own choice. (transfer full) */
static GByteArray *
deflated(const void *data, size_t length, int flush)
{
    GByteArray *out = g_byte_array_new();
    z_stream stream = { 0 };

    g_assert_cmpint(
            deflateInit2(&stream, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY),
            ==, Z_OK);
    g_byte_array_set_size(
            out, (unsigned)deflateBound(&stream, (uLong)length) + 64);
    stream.next_in = (z_const Bytef *)data;
    stream.avail_in = (uInt)length;
    stream.next_out = out->data;
    stream.avail_out = out->len;
    deflate(&stream, flush);
    g_byte_array_set_size(out, (unsigned)stream.total_out);
    deflateEnd(&stream);
    if (flush == Z_SYNC_FLUSH)
        g_byte_array_set_size(out, out->len - 4);
    return out;
}

/* What is read of @stream when it comes in pieces of @cut bytes.
 * (transfer full) */
static char *
inflated_events(const GByteArray *stream, size_t cut, size_t *most_held)
{
    FulcraFramePool *pool = fulcra__frame_pool_new();
    FulcraInflaters *inflaters = fulcra__inflaters_new();
    char *events;
    WsFeed feed;

    ws_feed_init(&feed, pool, LIMIT);
    feed.rules.inflaters = inflaters;
    for (size_t at = 0; at < stream->len; at += cut)
        ws_feed(&feed, stream->data + at, MIN(cut, stream->len - at));
    events = g_strdup(feed.events->str);
    if (most_held != NULL)
        *most_held = feed.most_held;
    ws_feed_clear(&feed);
    fulcra__inflaters_free(inflaters);
    fulcra__frame_pool_free(pool);
    return events;
}

/* However the stream is cut. @stream: (transfer full) */
static void
assert_events(GByteArray *stream, const char *expected)
{
    static const size_t cuts[] = { 1, 2, 3, 7, 100, 1 << 20 };

    for (size_t i = 0; i < G_N_ELEMENTS(cuts); i++) {
        g_autofree char *events = inflated_events(stream, cuts[i], NULL);

        g_assert_cmpstr(events, ==, expected);
    }
    g_byte_array_unref(stream);
}

static void
put_compressed(GByteArray *stream, uint8_t first, const void *data,
        size_t length, int flush)
{
    g_autoptr(GByteArray) compressed = deflated(data, length, flush);

    ws_put(stream, first, compressed->data, compressed->len);
}

static void
test_messages(void)
{
    GByteArray *stream = g_byte_array_new();

    put_compressed(stream, 0xc1, "hello", 5, Z_SYNC_FLUSH);
    ws_put_text(stream, 0x81, "plain");
    put_compressed(stream, 0xc2, "\x01\x02", 2, Z_SYNC_FLUSH);
    put_compressed(stream, 0xc1, "", 0, Z_SYNC_FLUSH);
    assert_events(stream, "text hello\ntext plain\nbinary \\01\\02\ntext \n");
}

/* RFC 7692 section 7.2.3: the examples, each with its own way to end. */
static void
test_examples(void)
{
    static const struct {
        const char *bytes;
        size_t length;
    } cases[] = {
        { "\xf2\x48\xcd\xc9\xc9\x07\x00", 7 },
        { "\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", 11 },
        { "\xf3\x48\xcd\xc9\xc9\x07\x00\x00", 8 }, /* a final block */
        { "\xf3\x48\xcd\xc9\xc9\x07\x00", 7 },     /* and nothing behind */
        { "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", 13 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        GByteArray *stream = g_byte_array_new();

        ws_put(stream, 0xc1, cases[i].bytes, cases[i].length);
        assert_events(stream, "text Hello\n");
    }
}

/* Fragments cut the compressed bytes anywhere, control frames between them. */
static void
test_fragments(void)
{
    g_autoptr(GByteArray) compressed =
            deflated("a message in pieces", 19, Z_SYNC_FLUSH);
    GByteArray *stream = g_byte_array_new();

    ws_put(stream, 0x41, compressed->data, 3);
    ws_put_text(stream, 0x89, "ping");
    ws_put(stream, 0x00, "", 0);
    ws_put(stream, 0x00, compressed->data + 3, compressed->len - 3);
    ws_put(stream, 0x80, "", 0);
    ws_put_text(stream, 0x81, "next");
    assert_events(stream, "ping ping\ntext a\\20message\\20in\\20pieces\n"
                          "text next\n");
}

static void
test_where_rsv1_may_stand(void)
{
    static const uint8_t wrong[] = { 0xc8, 0xc9, 0xca, 0xc0, 0xe1, 0xd1, 0xa1 };

    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        GByteArray *stream = g_byte_array_new();

        ws_put(stream, wrong[i], "", 0);
        assert_events(stream, "violation 1002\n");
    }
    GByteArray *stream = g_byte_array_new();

    ws_put_text(stream, 0x01, "plain");
    ws_put_text(stream, 0xc0, "compressed");
    assert_events(stream, "violation 1002\n");
}

static void
test_what_is_no_deflate_data(void)
{
    g_autoptr(GByteArray) whole =
            deflated("what is cut somewhere is not accepted", 37, Z_SYNC_FLUSH);
    GByteArray *stream = g_byte_array_new();

    ws_put(stream, 0xc2, "\xff\xff\xff\xff", 4);
    assert_events(stream, "violation 1007\n");
    stream = g_byte_array_new();
    ws_put(stream, 0xc2, "", 0);
    assert_events(stream, "violation 1007\n");
    for (unsigned length = 1; length < whole->len - 1; length++) {
        stream = g_byte_array_new();
        ws_put(stream, 0xc2, whole->data, length);
        assert_events(stream, "violation 1007\n");
    }
}

/* It is the text that must be UTF-8, not its compressed form. */
static void
test_utf8(void)
{
    GByteArray *stream = g_byte_array_new();

    put_compressed(stream, 0xc1, "\xc3\xa4", 2, Z_SYNC_FLUSH);
    put_compressed(stream, 0xc2, "\xff", 1, Z_SYNC_FLUSH);
    put_compressed(stream, 0xc1, "cut \xc3", 5, Z_SYNC_FLUSH);
    assert_events(stream, "text \\c3\\a4\nbinary \\ff\nviolation 1007\n");
    stream = g_byte_array_new();
    put_compressed(stream, 0xc1, "\xff", 1, Z_SYNC_FLUSH);
    assert_events(stream, "violation 1007\n");
}

/* --- bombs --- */

static void
test_bomb(void)
{
    const size_t size = 16 << 20;
    g_autofree char *zeros = g_malloc0(size);
    g_autoptr(GByteArray) bomb = deflated(zeros, size, Z_SYNC_FLUSH);
    g_autoptr(GByteArray) stream = g_byte_array_new();
    size_t most_held;

    g_assert_cmpuint(bomb->len, <, LIMIT);
    ws_put(stream, 0xc2, bomb->data, bomb->len);
    for (size_t cut = 10; cut <= 10000; cut *= 10) {
        g_autofree char *events = inflated_events(stream, cut, &most_held);

        g_assert_cmpstr(events, ==, "violation 1009\n");
        g_assert_cmpuint(
                most_held, <=, 2 * LIMIT + FULCRA_INFLATER_SIZE + 5000);
    }
}

static void
test_bomb_in_fragments(void)
{
    const size_t size = 16 << 20;
    g_autofree char *zeros = g_malloc0(size);
    g_autoptr(GByteArray) bomb = deflated(zeros, size, Z_SYNC_FLUSH);
    GByteArray *stream = g_byte_array_new();

    for (unsigned at = 0; at < bomb->len; at += 100)
        ws_put(stream, at == 0 ? 0x42 : 0x00, bomb->data + at,
                MIN(100, bomb->len - at));
    assert_events(stream, "violation 1009\n");
}

/* The limit itself passes, one byte more does not; nor do endless bytes that
 * stand for nothing. */
static void
test_limit(void)
{
    g_autofree char *zeros = g_malloc0(LIMIT + 1);
    g_autofree char *empty_blocks = g_malloc0(2 * LIMIT);
    g_autoptr(GByteArray) stream = g_byte_array_new();
    g_autofree char *events = NULL;

    put_compressed(stream, 0xc2, zeros, LIMIT, Z_SYNC_FLUSH);
    events = inflated_events(stream, stream->len, NULL);
    g_assert_true(g_str_has_prefix(events, "binary \\00"));
    g_assert_cmpuint(strlen(events), ==, strlen("binary \n") + 3 * LIMIT);

    stream = (g_byte_array_unref(stream), g_byte_array_new());
    put_compressed(stream, 0xc2, zeros, LIMIT + 1, Z_SYNC_FLUSH);
    assert_events(g_steal_pointer(&stream), "violation 1009\n");

    stream = g_byte_array_new();
    ws_put(stream, 0xc2, empty_blocks, 2 * LIMIT);
    assert_events(g_steal_pointer(&stream), "violation 1009\n");
}

/* Noise grows a little when it is "compressed", and still counts as what it
 * is. */
static void
test_noise_of_the_limit(void)
{
    g_autofree uint8_t *noise = g_malloc(LIMIT);
    g_autoptr(GByteArray) stream = g_byte_array_new();
    g_autofree char *events = NULL;
    GRand *random = g_rand_new_with_seed(1);

    for (size_t i = 0; i < LIMIT; i++)
        noise[i] = (uint8_t)g_rand_int(random);
    g_rand_free(random);
    put_compressed(stream, 0xc2, noise, LIMIT, Z_SYNC_FLUSH);
    g_assert_cmpuint(stream->len, >, LIMIT + 10);
    events = inflated_events(stream, 4096, NULL);
    g_assert_true(g_str_has_prefix(events, "binary "));
}

/* --- what goes out --- */

static const FulcraSentFrame *
sent(FulcraRepresentation *frame)
{
    return fulcra_representation_get_bytes(frame, NULL);
}

/* (transfer full) */
static char *
unpack(const FulcraSentFrame *frame)
{
    size_t head = (frame->bytes[1] & 0x7f) == 126 ? 4 : 2;
    GByteArray *stream = g_byte_array_new();
    char *events;

    ws_put(stream, frame->bytes[0], frame->bytes + head, frame->size - head);
    events = inflated_events(stream, stream->len, NULL);
    g_byte_array_unref(stream);
    return events;
}

static void
test_compressed_once(void)
{
    FulcraDeflater *deflater = fulcra__deflater_new(12, 100);
    g_autofree char *text = g_strnfill(1000, 'x');
    g_autofree char *expected = g_strdup_printf("text %s\n", text);
    g_autofree char *unpacked = NULL;
    g_autoptr(FulcraRepresentation) message =
            fulcra_representation_new_text(text);
    FulcraOutboundShared shared = { 0 };
    FulcraOutbound queues[1000] = { 0 };
    FulcraRepresentation *frame =
            fulcra__encode_deflated(message, deflater, NULL);

    g_assert_cmphex(sent(frame)->bytes[0], ==, 0xc1);
    g_assert_cmpuint(sent(frame)->size, <, 50);
    g_assert_cmpuint(sent(frame)->saved + sent(frame)->size, ==, 1004);
    unpacked = unpack(sent(frame));
    g_assert_cmpstr(unpacked, ==, expected);
    for (size_t i = 0; i < G_N_ELEMENTS(queues); i++) {
        FulcraRepresentation *again =
                fulcra__encode_deflated(message, deflater, NULL);

        g_assert_true(again == frame);
        fulcra__outbound_push(&queues[i], &shared, again);
    }
    g_assert_cmpint(atomic_load(&shared.bytes), ==, (int)sent(frame)->size);
    for (size_t i = 0; i < G_N_ELEMENTS(queues); i++)
        fulcra__outbound_clear(&queues[i], &shared);
    fulcra__outbound_shared_clear(&shared);
    fulcra__deflater_free(deflater);
}

static void
test_both_forms_stand_side_by_side(void)
{
    FulcraDeflater *deflater = fulcra__deflater_new(9, 0);
    FulcraDeflater *other = fulcra__deflater_new(15, 0);
    g_autofree char *text = g_strnfill(1000, 'x');
    g_autoptr(FulcraRepresentation) message =
            fulcra_representation_new_text(text);
    FulcraRepresentation *plain = fulcra__encode(message, NULL);
    FulcraRepresentation *small =
            fulcra__encode_deflated(message, deflater, NULL);

    g_assert_true(small != plain);
    g_assert_cmphex(sent(plain)->bytes[0], ==, 0x81);
    g_assert_true(plain == fulcra__encode(message, NULL));
    g_assert_true(small != fulcra__encode_deflated(message, other, NULL));
    fulcra__deflater_free(deflater);
    fulcra__deflater_free(other);
}

/* @expected: of the frame that is the plain one */
static void
assert_plain(FulcraDeflater *deflater, FulcraRepresentation *message)
{
    FulcraRepresentation *frame =
            fulcra__encode_deflated(message, deflater, NULL);

    g_assert_nonnull(frame);
    g_assert_true(frame == fulcra__encode(message, NULL));
    g_assert_cmphex(sent(frame)->bytes[0] & 0x40, ==, 0);
    fulcra_representation_unref(message);
}

static void
test_what_is_not_worth_it(void)
{
    FulcraDeflater *deflater = fulcra__deflater_new(12, 100);
    g_autofree char *text = g_strnfill(99, 'x');
    uint8_t noise[1000];

    for (size_t i = 0; i < sizeof(noise); i++)
        noise[i] = (uint8_t)g_test_rand_int();
    assert_plain(deflater, fulcra_representation_new_text(text));
    assert_plain(deflater, fulcra_representation_new_text(""));
    assert_plain(deflater, fulcra_representation_new_bytes(
                                   FULCRA_TYPE_BYTES, noise, sizeof(noise)));
    fulcra__deflater_free(deflater);
}

static void
test_what_cannot_be_sent(void)
{
    FulcraDeflater *deflater = fulcra__deflater_new(12, 0);
    g_autoptr(FulcraRepresentation) message =
            fulcra_representation_new_text("no UTF-8: \xff");
    g_autoptr(GError) error = NULL;

    g_assert_null(fulcra__encode_deflated(message, deflater, &error));
    g_assert_nonnull(error);
    fulcra__deflater_free(deflater);
}

static void
test_json(void)
{
    FulcraDeflater *deflater = fulcra__deflater_new(12, 0);
    g_autoptr(FulcraRepresentation) message = fulcra_representation_new_json(
            json_from_string("[1111111111111111111,1111111111111111111,"
                             "1111111111111111111,1111111111111111111]",
                    NULL));
    FulcraRepresentation *frame =
            fulcra__encode_deflated(message, deflater, NULL);
    g_autofree char *unpacked = unpack(sent(frame));

    g_assert_cmpstr(unpacked, ==,
            "text [1111111111111111111,1111111111111111111,"
            "1111111111111111111,1111111111111111111]\n");
    fulcra__deflater_free(deflater);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ws/deflate/offers", test_offers);
    g_test_add_func("/ws/deflate/messages", test_messages);
    g_test_add_func("/ws/deflate/examples", test_examples);
    g_test_add_func("/ws/deflate/fragments", test_fragments);
    g_test_add_func("/ws/deflate/rsv1", test_where_rsv1_may_stand);
    g_test_add_func("/ws/deflate/no-deflate", test_what_is_no_deflate_data);
    g_test_add_func("/ws/deflate/utf8", test_utf8);
    g_test_add_func("/ws/deflate/bomb", test_bomb);
    g_test_add_func("/ws/deflate/bomb-in-fragments", test_bomb_in_fragments);
    g_test_add_func("/ws/deflate/limit", test_limit);
    g_test_add_func("/ws/deflate/noise", test_noise_of_the_limit);
    g_test_add_func("/ws/deflate/once", test_compressed_once);
    g_test_add_func(
            "/ws/deflate/side-by-side", test_both_forms_stand_side_by_side);
    g_test_add_func("/ws/deflate/not-worth-it", test_what_is_not_worth_it);
    g_test_add_func("/ws/deflate/unsendable", test_what_cannot_be_sent);
    g_test_add_func("/ws/deflate/json", test_json);
    return g_test_run();
}
