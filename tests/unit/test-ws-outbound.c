/* SPDX-License-Identifier: MIT */
/* What is sent: which frames are made of what, queues, writes of any size. */
#include "websocket/inbox.h"
#include "websocket/outbound.h"

#include <errno.h>
#include <fulcra/error.h>
#include <json-glib/json-glib.h>
#include <string.h>

/* --- a stream that takes a few bytes at a time --- */

typedef struct {
    FulcraStream stream;
    GByteArray *taken;
    size_t room; /* bytes until it blocks */
    unsigned calls;
} Sink;

static ssize_t
sink_writev(FulcraStream *stream, const struct iovec *parts, int n)
{
    Sink *self = (Sink *)stream;
    size_t written = 0;

    self->calls++;
    for (int i = 0; i < n && self->room > 0; i++) {
        size_t size = MIN(parts[i].iov_len, self->room);

        g_byte_array_append(self->taken, parts[i].iov_base, (unsigned)size);
        self->room -= size;
        written += size;
    }
    if (written > 0)
        return (ssize_t)written;
    errno = EAGAIN;
    return -1;
}

static const FulcraStreamOps sink_ops = { .writev = sink_writev };

static void
push_text(FulcraOutbound *queue, FulcraOutboundShared *shared, const char *text)
{
    g_autoptr(FulcraRepresentation) message =
            fulcra_representation_new_text(text);

    fulcra__outbound_push(queue, shared, fulcra__encode(message, NULL));
}

/* --- encoding --- */

static void
assert_encodes(FulcraRepresentation *message, const char *expected, size_t size)
{
    g_autoptr(GError) error = NULL;
    FulcraRepresentation *frame = fulcra__encode(message, &error);
    const FulcraSentFrame *sent;

    g_assert_no_error(error);
    sent = fulcra_representation_get_bytes(frame, NULL);
    g_assert_cmpmem(sent->bytes, sent->size, expected, size);
    g_assert_true(frame == fulcra__encode(message, NULL));
    fulcra_representation_unref(message);
}

static void
test_text_or_binary(void)
{
    static const struct {
        const char *type;
        uint8_t first;
    } cases[] = {
        { "text/plain", 0x81 },
        { "text/html; charset=utf-8", 0x81 },
        { "application/json", 0x81 },
        { "application/json; charset=utf-8", 0x81 },
        { "application/problem+json", 0x81 },
        { "bool", 0x81 },
        { "int", 0x81 },
        { "application/octet-stream", 0x82 },
        { "image/png", 0x82 },
        { "application/jsonx", 0x82 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char expected[] = { (char)cases[i].first, 2, 'h', 'i' };

        assert_encodes(fulcra_representation_new_bytes(cases[i].type, "hi", 2),
                expected, sizeof(expected));
    }
}

static void
test_parsed_json(void)
{
    JsonNode *node = json_from_string("{\"a\": [1, true]}", NULL);

    assert_encodes(fulcra_representation_new_json(node),
            "\x81\x0e{\"a\":[1,true]}", 16);
}

static void
assert_refused(FulcraRepresentation *message)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(fulcra__encode(message, &error));
    g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT);
    fulcra_representation_unref(message);
}

static void
test_what_cannot_be_sent(void)
{
    const char *const strings[] = { "a", NULL };

    assert_refused(fulcra_representation_new_text("\xff"));
    assert_refused(fulcra_representation_new_text("cut \xc3"));
    assert_refused(fulcra_representation_new_strings(strings));
    assert_refused(fulcra_representation_new_bytes(FULCRA_TYPE_NONE, NULL, 0));
}

/* --- the queue --- */

/* Frames small and large, written a few bytes at a time, come out as one. */
static void
test_writes_of_any_size(void)
{
    static const size_t sizes[] = { 1, 130, 5000, 3, 70000, 2048, 2049 };
    g_autoptr(GByteArray) expected = NULL;

    for (size_t room = 1; room < 300000; room = room * 3 + 1) {
        Sink sink = { { .ops = &sink_ops }, g_byte_array_new(), 0, 0 };
        FulcraOutboundShared shared = { 0 };
        FulcraOutbound queue = { 0 };
        FulcraOutboundResult result = FULCRA_OUTBOUND_BLOCKED;

        for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
            g_autofree char *text = g_strnfill(sizes[i], (char)('a' + i));

            push_text(&queue, &shared, text);
        }
        while (result == FULCRA_OUTBOUND_BLOCKED) {
            sink.room = room;
            result = fulcra__outbound_write(&queue, &shared, &sink.stream);
        }
        g_assert_cmpint(result, ==, FULCRA_OUTBOUND_DONE);
        if (expected == NULL)
            expected = g_byte_array_ref(sink.taken);
        g_assert_cmpmem(sink.taken->data, sink.taken->len, expected->data,
                expected->len);
        g_assert_cmpuint(fulcra__outbound_bytes(&queue), ==, 0);
        g_assert_cmpint(atomic_load(&shared.bytes), ==, 0);
        g_assert_cmpuint(shared.sent_messages, ==, G_N_ELEMENTS(sizes));
        g_byte_array_unref(sink.taken);
        fulcra__outbound_shared_clear(&shared);
    }
    g_assert_cmpuint(expected->len, ==, 79231 + 2 + 4 + 4 + 2 + 10 + 4 + 4);
}

static void
test_one_write_for_many_frames(void)
{
    Sink sink = { { .ops = &sink_ops }, g_byte_array_new(), SIZE_MAX, 0 };
    FulcraOutboundShared shared = { 0 };
    FulcraOutbound queue = { 0 };

    for (unsigned i = 0; i < 1000; i++)
        push_text(&queue, &shared, "a small message");
    fulcra__outbound_write(&queue, &shared, &sink.stream);
    g_assert_cmpuint(sink.calls, ==, 1);
    g_byte_array_unref(sink.taken);
    fulcra__outbound_shared_clear(&shared);
}

/* A frame in many queues counts once for the server, fully for each. */
static void
test_shared_frames_count_once(void)
{
    g_autoptr(FulcraRepresentation) message =
            fulcra_representation_new_text("shared");
    FulcraRepresentation *frame = fulcra__encode(message, NULL);
    size_t size = fulcra__sent_frame(frame)->size;
    FulcraOutboundShared shared = { 0 };
    FulcraOutbound one = { 0 }, other = { 0 };

    fulcra__outbound_push(&one, &shared, frame);
    fulcra__outbound_push(&other, &shared, frame);
    fulcra__outbound_push(&other, &shared, frame);
    g_assert_cmpuint(fulcra__outbound_bytes(&one), ==, size);
    g_assert_cmpuint(fulcra__outbound_bytes(&other), ==, 2 * size);
    g_assert_cmpint(atomic_load(&shared.bytes), ==, (int64_t)size);
    fulcra__outbound_clear(&one, &shared);
    g_assert_cmpint(atomic_load(&shared.bytes), ==, (int64_t)size);
    fulcra__outbound_clear(&other, &shared);
    g_assert_cmpint(atomic_load(&shared.bytes), ==, 0);
    fulcra__outbound_shared_clear(&shared);
}

/* What was begun is finished, control frames stay, in their order. */
static void
test_drop_waiting(void)
{
    Sink sink = { { .ops = &sink_ops }, g_byte_array_new(), 3, 0 };
    g_autoptr(FulcraRepresentation) ping = fulcra__encode_control(0x9, "p", 1);
    FulcraOutboundShared shared = { 0 };
    FulcraOutbound queue = { 0 };

    push_text(&queue, &shared, "begun");
    push_text(&queue, &shared, "waits");
    fulcra__outbound_push(&queue, &shared, ping);
    push_text(&queue, &shared, "waits too");
    g_assert_cmpint(fulcra__outbound_write(&queue, &shared, &sink.stream), ==,
            FULCRA_OUTBOUND_BLOCKED);
    g_assert_cmpuint(fulcra__outbound_drop_waiting(&queue, &shared), ==, 2);
    push_text(&queue, &shared, "latest");
    sink.room = SIZE_MAX;
    fulcra__outbound_write(&queue, &shared, &sink.stream);
    g_assert_cmpmem(sink.taken->data, sink.taken->len,
            "\x81\x05"
            "begun"
            "\x89\x01p"
            "\x81\x06"
            "latest",
            18);
    g_byte_array_unref(sink.taken);
    fulcra__outbound_shared_clear(&shared);
}

static void
push_from(FulcraOutbound *queue, FulcraOutboundShared *shared, const char *text,
        uint64_t origin)
{
    g_autoptr(FulcraRepresentation) message =
            fulcra_representation_new_text(text);

    fulcra__outbound_push_from(
            queue, shared, fulcra__encode(message, NULL), origin);
}

/* The texts that wait, each a letter. */
static void
assert_writes(FulcraOutbound *queue, FulcraOutboundShared *shared,
        const char *expected)
{
    Sink sink = { { .ops = &sink_ops }, g_byte_array_new(), SIZE_MAX, 0 };
    g_autoptr(GString) texts = g_string_new(NULL);

    fulcra__outbound_write(queue, shared, &sink.stream);
    for (unsigned i = 2; i < sink.taken->len; i += 3)
        g_string_append_c(texts, (char)sink.taken->data[i]);
    g_assert_cmpstr(texts->str, ==, expected);
    g_assert_cmpint(atomic_load(&shared->bytes), ==, 0);
    g_byte_array_unref(sink.taken);
}

static void
test_newest_of_each(void)
{
    FulcraOutboundShared shared = { 0 };
    FulcraOutbound queue = { 0 };

    push_from(&queue, &shared, "a", 1);
    push_from(&queue, &shared, "b", 2);
    push_from(&queue, &shared, "c", 1);
    push_from(&queue, &shared, "d", 0);
    push_from(&queue, &shared, "e", 2);
    push_from(&queue, &shared, "f", 0);
    g_assert_cmpuint(fulcra__outbound_drop_from(&queue, &shared, 3), ==, 0);
    g_assert_cmpuint(fulcra__outbound_drop_older(&queue, &shared), ==, 3);
    push_from(&queue, &shared, "g", 2);
    g_assert_cmpuint(fulcra__outbound_drop_from(&queue, &shared, 2), ==, 2);
    push_from(&queue, &shared, "h", 2);
    assert_writes(&queue, &shared, "cfh");
    fulcra__outbound_shared_clear(&shared);
}

/* What was written past the queue ends in the middle of a frame: that one is
 * finished whatever is dropped. */
static void
test_rest_of_a_frame(void)
{
    FulcraOutboundShared shared = { 0 };
    FulcraOutbound queue = { 0 };
    g_autoptr(FulcraRepresentation) message =
            fulcra_representation_new_text("a");

    fulcra__outbound_push_rest(
            &queue, &shared, fulcra__encode(message, NULL), 1, 1);
    push_from(&queue, &shared, "b", 1);
    g_assert_cmpuint(fulcra__outbound_drop_from(&queue, &shared, 1), ==, 1);
    push_from(&queue, &shared, "c", 1);
    Sink sink = { { .ops = &sink_ops }, g_byte_array_new(), SIZE_MAX, 0 };
    fulcra__outbound_write(&queue, &shared, &sink.stream);
    g_assert_cmpmem(sink.taken->data, sink.taken->len,
            "\x01"
            "a\x81\x01"
            "c",
            5);
    g_byte_array_unref(sink.taken);
    fulcra__outbound_shared_clear(&shared);
}

/* --- what one write takes --- */

static void
test_gather(void)
{
    g_autofree uint8_t *scratch = g_malloc(FULCRA_GATHER_SCRATCH);
    g_autofree uint8_t *large = g_malloc0(FULCRA_GATHER_MOST);
    uint8_t small[FULCRA_GATHER_SMALL] = "small";
    FulcraGather gather;
    unsigned n = 0;

    fulcra__gather_init(
            &gather); /* small ones are joined, as far as they fit */
    while (fulcra__gather_add(&gather, scratch, small, sizeof(small)))
        n++;
    g_assert_cmpuint(n, ==, FULCRA_GATHER_SCRATCH / sizeof(small));
    g_assert_cmpint(gather.n, ==, 1);
    g_assert_cmpuint(gather.total, ==, FULCRA_GATHER_SCRATCH);

    fulcra__gather_init(&gather); /* large ones stay where they are */
    g_assert_true(fulcra__gather_add(&gather, scratch, small, 5));
    g_assert_true(fulcra__gather_add(&gather, scratch, large, 5000));
    g_assert_true(fulcra__gather_add(&gather, scratch, small, 5));
    g_assert_true(fulcra__gather_add(&gather, scratch, small, 5));
    g_assert_cmpint(gather.n, ==, 3);
    g_assert_true(gather.parts[1].iov_base == large);
    g_assert_cmpuint(gather.parts[2].iov_len, ==, 10);

    fulcra__gather_init(&gather); /* one fits always, and is enough */
    g_assert_true(
            fulcra__gather_add(&gather, scratch, large, FULCRA_GATHER_MOST));
    g_assert_false(fulcra__gather_add(&gather, scratch, small, 1));

    fulcra__gather_init(&gather); /* no more parts than there is room for */
    for (n = 0; fulcra__gather_add(&gather, scratch, large, 5000); n++)
        ;
    g_assert_cmpuint(n, ==, FULCRA_GATHER_PARTS);
}

/* --- the inbox --- */

static void
assert_pops(FulcraInbox **inbox, FulcraInboxPool *pool, const char *expected)
{
    g_autoptr(FulcraRepresentation) message = fulcra__inbox_pop(inbox, pool);

    if (expected == NULL)
        g_assert_null(message);
    else
        g_assert_cmpstr(fulcra_representation_get_text(message), ==, expected);
}

static void
test_inbox(void)
{
    FulcraInboxPool pool = { .size = 3 };
    FulcraInput rest = { (uint8_t *)"abcdef", 6 };
    FulcraInbox *inbox = NULL;

    assert_pops(&inbox, &pool, NULL);
    for (int round = 0; round < 3; round++) {
        fulcra__inbox_push(&inbox, &pool, fulcra_representation_new_text("1"));
        fulcra__inbox_push(&inbox, &pool, fulcra_representation_new_text("22"));
        g_assert_false(fulcra__inbox_is_full(inbox, &pool));
        fulcra__inbox_push(
                &inbox, &pool, fulcra_representation_new_text("333"));
        g_assert_true(fulcra__inbox_is_full(inbox, &pool));
        g_assert_cmpuint(fulcra__inbox_get_bytes(inbox), ==, 6);
        assert_pops(&inbox, &pool, "1");
        fulcra__inbox_push(&inbox, &pool, fulcra_representation_new_text("4"));
        assert_pops(&inbox, &pool, "22");
        assert_pops(&inbox, &pool, "333");
        assert_pops(&inbox, &pool, "4");
        g_assert_null(inbox);
    }
    fulcra__inbox_keep(&inbox, &pool, &rest);
    rest = fulcra__inbox_get_rest(inbox);
    rest.data += 4;
    rest.length -= 4;
    fulcra__inbox_set_rest(&inbox, &pool, &rest);
    rest = fulcra__inbox_get_rest(inbox);
    g_assert_cmpmem(rest.data, rest.length, "ef", 2);
    rest.length = 0;
    fulcra__inbox_set_rest(&inbox, &pool, &rest);
    g_assert_null(inbox);
    fulcra__inbox_pool_clear(&pool);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ws/outbound/text-or-binary", test_text_or_binary);
    g_test_add_func("/ws/outbound/parsed-json", test_parsed_json);
    g_test_add_func(
            "/ws/outbound/what-cannot-be-sent", test_what_cannot_be_sent);
    g_test_add_func("/ws/outbound/writes-of-any-size", test_writes_of_any_size);
    g_test_add_func("/ws/outbound/one-write", test_one_write_for_many_frames);
    g_test_add_func(
            "/ws/outbound/shared-count-once", test_shared_frames_count_once);
    g_test_add_func("/ws/outbound/drop-waiting", test_drop_waiting);
    g_test_add_func("/ws/outbound/newest-of-each", test_newest_of_each);
    g_test_add_func("/ws/outbound/rest-of-a-frame", test_rest_of_a_frame);
    g_test_add_func("/ws/gather", test_gather);
    g_test_add_func("/ws/inbox", test_inbox);
    return g_test_run();
}
