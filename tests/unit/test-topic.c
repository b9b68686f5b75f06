/* SPDX-License-Identifier: MIT */

/*
 * Topics: what they keep, the names of those in them, where they are found
 */

#include "kernel-fixture.h"
#include "private/topic_kept.h"
#include "private/topic_names.h"
#include <fulcra-host/socket.h>
#include <fulcra-host/stats.h>
#include <fulcra/fulcra.h>

#include <pthread.h>
#include <stdatomic.h>

/* --- sockets that are no more than handles --- */

static atomic_int sockets;

static void
socket_free(FulcraSocket *self)
{
    atomic_fetch_sub(&sockets, 1);
    g_free(self);
}

static FulcraSocket *
socket_new(void)
{
    static const FulcraSocketOps ops = { .free = socket_free };
    FulcraSocket *self = g_new0(FulcraSocket, 1);

    fulcra_host_socket_init(self, &ops);
    atomic_fetch_add(&sockets, 1);
    return self;
}

/* --- what is kept --- */

static char *
kept(FulcraTopic *topic)
{
    g_autoptr(FulcraRepresentation) json =
            fulcra_representation_new_json_printf(
                    "%@av", fulcra_topic_get_kept(topic));

    return g_strdup(fulcra_representation_get_text(json));
}

static void
assert_kept(FulcraTopic *topic, const char *expected)
{
    g_autofree char *is = kept(topic);

    g_assert_cmpstr(is, ==, expected);
}

static void
test_kept(void)
{
    g_autoptr(FulcraTopic) topic = fulcra_topic_new("kept");

    assert_kept(topic, "[]");
    for (int i = 0; i < 5; i++) {
        fulcra_topic_publish_kept(topic, 3, "{'n': <%i>}", i);
        fulcra_topic_publish_json(topic, "'between'");
    }
    assert_kept(topic, "[{\"n\":2},{\"n\":3},{\"n\":4}]");
    g_assert_cmpuint(fulcra_topic_get_n_published(topic), ==, 10);

    g_autoptr(FulcraRepresentation) last = fulcra_topic_get_last(topic);
    g_assert_cmpstr(fulcra_representation_get_text(last), ==, "\"between\"");
    g_assert_true(fulcra_representation_has_type(last, FULCRA_TYPE_JSON_TEXT));

    fulcra_topic_publish_kept(topic, 1, "%s", "\"\n\u2028</script>");
    assert_kept(topic, "[\"\\\"\\n\u2028</script>\"]");
    fulcra_topic_publish_kept(topic, 0, "true");
    assert_kept(topic, "[]");
    fulcra_topic_publish_kept(topic, 1, "true");
    fulcra_topic_clear(topic);
    assert_kept(topic, "[]");
}

/* However many may be kept: no more than so many bytes of them are. */
static void
test_kept_bytes(void)
{
    g_autoptr(FulcraTopic) topic = fulcra_topic_new("bytes");
    g_autofree char *long_text = g_strnfill(FULCRA__TOPIC_KEPT_BYTES / 4, 'x');
    g_autofree char *too_long = g_strnfill(FULCRA__TOPIC_KEPT_BYTES + 1, 'x');
    int64_t before = fulcra_host_stats_get(FULCRA_STAT_KEPT_FORGOTTEN);

    for (unsigned i = 0; i < 10; i++)
        fulcra_topic_publish_kept(topic, UINT_MAX, "%s", long_text);
    g_autoptr(GVariant) list = g_variant_ref_sink(fulcra_topic_get_kept(topic));
    g_assert_cmpuint(g_variant_n_children(list), ==, 3);
    g_assert_cmpint(
            fulcra_host_stats_get(FULCRA_STAT_KEPT_FORGOTTEN), ==, before + 7);

    fulcra_topic_publish_kept(topic, UINT_MAX, "%s", too_long);
    assert_kept(topic, "[]");
    fulcra_topic_publish_kept(topic, UINT_MAX, "1");
    assert_kept(topic, "[1]");
}

static void *
publish_and_read(void *topic)
{
    for (int i = 0; i < 1000; i++) {
        g_autofree char *is = NULL;

        fulcra_topic_publish_kept(topic, 5, "%i", i);
        is = kept(topic);
        g_assert_cmpstr(is, !=, "[]");
    }
    return NULL;
}

static void
test_kept_threads(void)
{
    g_autoptr(FulcraTopic) topic = fulcra_topic_new("threads");
    pthread_t threads[4];

    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        pthread_create(&threads[i], NULL, publish_and_read, topic);
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        pthread_join(threads[i], NULL);
    g_autoptr(GVariant) list = g_variant_ref_sink(fulcra_topic_get_kept(topic));
    g_assert_cmpuint(g_variant_n_children(list), ==, 5);
    g_assert_cmpuint(fulcra_topic_get_n_published(topic), ==, 4000);
}

/* --- names --- */

static void
assert_refused(FulcraTopic *topic, FulcraSocket *socket, const char *name,
        const char *code)
{
    g_autoptr(GError) error = NULL;

    g_assert_false(fulcra_topic_join(topic, socket, name, &error));
    g_assert_true(g_error_matches(error, FULCRA_ERROR,
            code != NULL ? FULCRA_ERROR_FORBIDDEN : FULCRA_ERROR_BAD_ARGUMENT));
    g_assert_cmpstr(fulcra_error_get_refusal(error), ==, code);
}

static void
test_names(void)
{
    FulcraTopic *topic = fulcra_topic_new("names");
    FulcraSocket *ann = socket_new(), *bob = socket_new();
    g_autofree char *too_long = g_strnfill(FULCRA__TOPIC_NAME_BYTES + 1, 'x');
    g_autoptr(GError) error = NULL;

    g_assert_null(fulcra_topic_get_name(topic, ann, &error));
    g_assert_cmpstr(fulcra_error_get_refusal(error), ==, "not-joined");
    g_assert_null(fulcra_topic_leave(topic, ann));
    g_assert_true(fulcra_topic_join(topic, ann, "Ann", NULL));
    assert_refused(topic, ann, "Anna", "already-joined");
    assert_refused(topic, bob, "Ann", "name-taken");
    assert_refused(topic, bob, "", NULL);
    assert_refused(topic, bob, too_long, NULL);
    g_assert_true(fulcra_topic_join(topic, bob, too_long + 1, NULL));

    g_autofree char *name = fulcra_topic_leave(topic, ann);
    g_assert_cmpstr(name, ==, "Ann");
    g_assert_null(fulcra_topic_leave(topic, ann));
    g_autofree char *other = fulcra_topic_leave(topic, bob);
    g_assert_true(fulcra_topic_join(topic, bob, "Ann", NULL));
    g_autofree char *now = fulcra_topic_get_name(topic, bob, NULL);
    g_assert_cmpstr(now, ==, "Ann");
    g_autoptr(GVariant) list =
            g_variant_ref_sink(fulcra_topic_list_names(topic));
    g_autofree char *text = g_variant_print(list, false);
    g_assert_cmpstr(text, ==, "['Ann']");

    fulcra_socket_unref(ann);
    fulcra_socket_unref(bob);
    g_assert_cmpint(atomic_load(&sockets), ==, 1); /* the topic's */
    fulcra_topic_unref(topic);
    g_assert_cmpint(atomic_load(&sockets), ==, 0);
}

/* Of many who want one name at once, one has it. */
static void *
join_and_leave(void *topic)
{
    FulcraSocket *socket = socket_new();

    for (unsigned i = 0; i < 1000; i++) {
        g_autofree char *name = NULL, *left = NULL;

        if (!fulcra_topic_join(topic, socket, "Ann", NULL))
            continue;
        name = fulcra_topic_get_name(topic, socket, NULL);
        g_assert_cmpstr(name, ==, "Ann");
        g_autoptr(GVariant) list =
                g_variant_ref_sink(fulcra_topic_list_names(topic));
        g_assert_cmpuint(g_variant_n_children(list), ==, 1);
        left = fulcra_topic_leave(topic, socket);
        g_assert_cmpstr(left, ==, "Ann");
    }
    fulcra_socket_unref(socket);
    return NULL;
}

static void
test_names_threads(void)
{
    FulcraTopic *topic = fulcra_topic_new("names");
    pthread_t threads[4];

    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        pthread_create(&threads[i], NULL, join_and_leave, topic);
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        pthread_join(threads[i], NULL);
    g_assert_cmpint(atomic_load(&sockets), ==, 0);
    fulcra_topic_unref(topic);
}

/* --- where they are found --- */

/* What code has got is never forgotten for what clients open. */
static FulcraRepresentation *
own_source(FulcraRequest *request, GError **error)
{
    FulcraTopic *own = fulcra_topic_get(request, "own");
    g_autoptr(FulcraTopic) opened = NULL, one = NULL, two = NULL;

    g_assert_true(fulcra_topic_get(request, "own") == own);
    opened = fulcra_topic_open(request, "own", 1, error);
    g_assert_true(opened == own);
    one = fulcra_topic_open(request, "one", 2, error);
    g_assert_nonnull(one);
    two = fulcra_topic_open(request, "two", 2, NULL);
    g_assert_null(two);
    g_clear_pointer(&one, fulcra_topic_unref);
    two = fulcra_topic_open(request, "two", 2, error);
    g_assert_nonnull(two);
    g_assert_null(fulcra_topic_find(request, "one"));
    g_assert_true(fulcra_topic_get(request, "own") == own);
    return fulcra_representation_new_text("found");
}

static void
test_own(void)
{
    static const FulcraEndpointOps ops = {
        .size = sizeof(FulcraEndpointOps),
        .source = own_source,
    };
    Fixture fixture;

    fixture_init(&fixture, 1, 2);
    fixture_bind(&fixture, "res:/own", &ops);
    fixture_publish(&fixture);
    fixture_expect(&fixture, "res:/own", "found");
    fixture_clear(&fixture);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/topic/kept", test_kept);
    g_test_add_func("/topic/kept-bytes", test_kept_bytes);
    g_test_add_func("/topic/kept-threads", test_kept_threads);
    g_test_add_func("/topic/names", test_names);
    g_test_add_func("/topic/names-threads", test_names_threads);
    g_test_add_func("/topic/own", test_own);
    return g_test_run();
}
