/* SPDX-License-Identifier: MIT */

/*
 * What threads remember of what they resolved: ADR 16
 */

#include "kernel-fixture.h"
#include <fulcra-host/context.h>
#include <fulcra-host/grammar.h>

static FulcraRepresentation *
say_data(FulcraRequest *request, GError **error)
{
    const char *slot = fulcra_request_get_argument(request, "x");

    (void)error;
    return fulcra_representation_new_printf(FULCRA_TYPE_TEXT, "%s%s",
            (const char *)fulcra_request_get_data(request),
            slot == NULL ? "" : slot);
}

static const FulcraEndpointOps say_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = say_data,
    .sink = say_data,
};

static void
bind_text(Fixture *fixture, const char *grammar, const char *what)
{
    fixture_bind_data(fixture, grammar, &say_ops, NULL, (void *)what);
}

static int64_t
made(void)
{
    return fulcra_host_stats_get(FULCRA_STAT_RESOLUTIONS_MADE);
}

/* @identifier: (transfer full) */
static char *
ask_in(Fixture *fixture, const char *front, FulcraContext *context,
        FulcraVerb verb, FulcraIdentifier *identifier)
{
    g_autoptr(FulcraRequest) request = fulcra_host_request_new_root(
            fixture->kernel, front, context, verb, identifier);
    g_autoptr(FulcraRepresentation) answer =
            fulcra_request_issue(request, NULL);

    fulcra_identifier_unref(identifier);
    return answer == NULL ? NULL
                          : g_strdup(fulcra_representation_get_text(answer));
}

static void
expect_in(Fixture *fixture, const char *front, FulcraContext *context,
        FulcraVerb verb, FulcraIdentifier *identifier, const char *expected)
{
    g_autofree char *answer = ask_in(fixture, front, context, verb, identifier);

    g_assert_cmpstr(answer, ==, expected);
}

static FulcraIdentifier *
built(const char *text)
{
    FulcraSlot slot = fulcra_slot_text("x", text);

    return fulcra_identifier_build(
            FULCRA_GRAMMAR("res:/built/{x}"), &slot, 1, NULL);
}

/* A literal from the second time on, what is built from the third. */
static void
test_remembered(void)
{
    Fixture fixture;
    fixture_init(&fixture, 1, 1);
    bind_text(&fixture, "res:/literal", "literal");
    bind_text(&fixture, "res:/built/{x}", "built-");
    fixture_publish(&fixture);

    int64_t before = made();
    for (int i = 0; i < 10; i++)
        expect_in(&fixture, FRONT, NULL, FULCRA_VERB_SINK,
                FULCRA_ID("res:/literal"), "literal");
    g_assert_cmpint(made() - before, ==, 1);
    for (int i = 0; i < 10; i++)
        expect_in(&fixture, FRONT, NULL, FULCRA_VERB_SINK, built("one"),
                "built-one");
    g_assert_cmpint(made() - before, ==, 3);
    expect_in(
            &fixture, FRONT, NULL, FULCRA_VERB_SINK, built("two"), "built-two");
    expect_in(&fixture, FRONT, NULL, FULCRA_VERB_DELETE,
            FULCRA_ID("res:/literal"), NULL); /* another verb */
    fixture_clear(&fixture);
}

/* Texts from outside may be any number. */
static void
test_flood(void)
{
    Fixture fixture;
    fixture_init(&fixture, 1, 1);
    bind_text(&fixture, "res:/literal", "literal");
    bind_text(&fixture, "res:/built/{x}", "");
    fixture_publish(&fixture);

    expect_in(&fixture, FRONT, NULL, FULCRA_VERB_SINK,
            FULCRA_ID("res:/literal"), "literal");
    for (int i = 0; i < 20000; i++) {
        g_autofree char *text = g_strdup_printf("%d", i / 4);

        expect_in(&fixture, FRONT, NULL, FULCRA_VERB_SINK, built(text), text);
    }
    g_assert_cmpint(fulcra_host_stats_get(FULCRA_STAT_RESOLUTIONS), <=, 512);

    int64_t before = made();
    expect_in(&fixture, FRONT, NULL, FULCRA_VERB_SINK,
            FULCRA_ID("res:/literal"), "literal");
    g_assert_cmpint(made() - before, ==, 0);
    for (int i = 0; i < 10; i++)
        expect_in(&fixture, FRONT, NULL, FULCRA_VERB_SINK,
                fulcra_host_identifier_new_path(
                        fulcra_intern("res"), "/built/outside"),
                "outside");
    g_assert_cmpint(made() - before, ==, 10);
    fixture_clear(&fixture);
}

/* --- where it is asked --- */

static void
layer_free(FulcraContext *layer)
{
    g_free(layer);
}

static FulcraContext *
layer_new(const FulcraContextClass *klass)
{
    FulcraContext *layer = g_new0(FulcraContext, 1);

    fulcra_host_context_init(layer, klass, NULL);
    return layer;
}

static FulcraSpace *
space_that_says(const char *uri, const char *grammar, const char *what)
{
    FulcraSpace *space = fulcra_host_space_new(uri);
    FulcraEndpoint *endpoint =
            fulcra_host_endpoint_new(what, &say_ops, (void *)what, NULL);

    g_assert_true(fulcra_host_space_bind(space, grammar, FULCRA_VERBS_ALL,
            FULCRA_ENTRY_PUBLIC, endpoint, NULL));
    fulcra_host_endpoint_unref(endpoint);
    return fulcra_host_space_seal(space);
}

/* The same literal in two fulcrums, one of which ends at a limiter, and in
 * layers of two classes: one memory serves them all. */
static void
test_where(void)
{
    Fixture fixture;
    fixture_init(&fixture, 1, 1);
    bind_text(&fixture, "res:/x", "front");
    bind_text(&fixture, "who:/x", "static");
    fixture_publish(&fixture);
    g_autoptr(FulcraSpace) limited = fulcra_host_space_new("urn:limited");
    g_assert_true(fulcra_host_space_add_limiter(
            limited, "res:/{any*}", FULCRA_ENTRY_PUBLIC, NULL));
    fulcra_host_space_import(limited, FRONT, FULCRA_ENTRY_PUBLIC);
    fulcra_host_space_seal(limited);
    fulcra_host_kernel_publish(fixture.kernel, &limited, 1, NULL);

    g_autoptr(FulcraSpace) ada = space_that_says("urn:ada", "who:/x", "ada");
    g_autoptr(FulcraSpace) bob = space_that_says("urn:bob", "who:/x", "bob");
    FulcraContextScheme schemes[] = { { fulcra_intern("who"), ada },
        { fulcra_intern("who"), bob } };
    FulcraContextClass classes[] = {
        { .name = "ada", .n_schemes = 1, .schemes = &schemes[0] },
        { .name = "bob", .n_schemes = 1, .schemes = &schemes[1] },
    };
    classes[0].free = classes[1].free = layer_free;
    FulcraContext *layers[] = { layer_new(&classes[0]),
        layer_new(&classes[1]) };

    for (int i = 0; i < 3; i++) {
        expect_in(&fixture, FRONT, NULL, FULCRA_VERB_SINK, FULCRA_ID("res:/x"),
                "front");
        expect_in(&fixture, "urn:limited", NULL, FULCRA_VERB_SINK,
                FULCRA_ID("res:/x"), NULL);
        expect_in(&fixture, FRONT, NULL, FULCRA_VERB_SINK, FULCRA_ID("who:/x"),
                "static");
        expect_in(&fixture, FRONT, layers[0], FULCRA_VERB_SINK,
                FULCRA_ID("who:/x"), "ada");
        expect_in(&fixture, FRONT, layers[1], FULCRA_VERB_SINK,
                FULCRA_ID("who:/x"), "bob");
    }
    fulcra_host_context_unref(layers[0]);
    fulcra_host_context_unref(layers[1]);
    fixture_clear(&fixture);
}

static atomic_int passed;

static FulcraRepresentation *
count_overlay(FulcraRequest *request, GError **error)
{
    (void)error;
    atomic_fetch_add(&passed, 1);
    return fulcra_request_pass_on(request, fulcra_request_forward(request));
}

/* What is remembered leads past the overlays. */
static void
test_overlays(void)
{
    FulcraEndpointOps ops = {
        .size = sizeof ops, .run = FULCRA_RUN_INLINE, .overlay = count_overlay
    };
    Fixture fixture;
    fixture_init(&fixture, 1, 1);
    g_autoptr(FulcraEndpoint) overlay =
            fulcra_host_endpoint_new("count", &ops, NULL, NULL);
    g_autoptr(FulcraSpace) wrapped =
            space_that_says("urn:wrapped", "res:/built/{x}", "in-");
    fulcra_host_space_add_overlay(
            fixture.space, overlay, wrapped, FULCRA_ENTRY_PUBLIC);
    fixture_publish(&fixture);

    int64_t before = made();
    for (int i = 0; i < 10; i++)
        expect_in(&fixture, FRONT, NULL, FULCRA_VERB_SINK, built("x"), "in-x");
    g_assert_cmpint(atomic_load(&passed), ==, 10);
    g_assert_cmpint(made() - before, ==, 2);
    fixture_clear(&fixture);
}

/* --- publishing while others resolve --- */

#define N_THREADS 4

typedef struct {
    Fixture fixture;
    atomic_int published; /* the newest version that all must see */
    atomic_bool done;
} Changing;

static FulcraRepresentation *
say_version(FulcraRequest *request, GError **error)
{
    (void)error;
    return fulcra_representation_new_int(
            GPOINTER_TO_INT(fulcra_request_get_data(request)));
}

/* All of a tree is of one version. */
static FulcraRepresentation *
ask_version(FulcraRequest *request, GError **error)
{
    int own = GPOINTER_TO_INT(fulcra_request_get_data(request));

    for (int i = 0; i < 3; i++) {
        g_autoptr(FulcraRepresentation) leaf = fulcra_request_source(
                request, FULCRA_ID("res:/leaf"), NULL, error);
        FulcraSlot slot = fulcra_slot_text("x", "a");
        g_autoptr(FulcraIdentifier) identifier = fulcra_identifier_build(
                FULCRA_GRAMMAR("res:/leaf/{x}"), &slot, 1, NULL);
        g_autoptr(FulcraRepresentation) other =
                fulcra_request_source(request, identifier, NULL, error);

        g_assert_cmpint(fulcra_representation_get_int(leaf), ==, own);
        g_assert_cmpint(fulcra_representation_get_int(other), ==, own);
    }
    return fulcra_representation_new_int(own);
}

static const FulcraEndpointOps version_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = say_version,
};
static const FulcraEndpointOps tree_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .sink = ask_version,
};

static void
bind_version(FulcraSpace *space, const char *grammar,
        const FulcraEndpointOps *ops, int version)
{
    g_autoptr(FulcraEndpoint) endpoint = fulcra_host_endpoint_new(
            grammar, ops, GINT_TO_POINTER(version), NULL);

    g_assert_true(fulcra_host_space_bind(space, grammar, FULCRA_VERBS_ALL,
            FULCRA_ENTRY_PUBLIC, endpoint, NULL));
}

static FulcraSpace *
space_of_version(int version)
{
    FulcraSpace *space = fulcra_host_space_new("urn:changing");

    bind_version(space, "res:/tree", &tree_ops, version);
    bind_version(space, "res:/leaf", &version_ops, version);
    bind_version(space, "res:/leaf/{x}", &version_ops, version);
    return fulcra_host_space_seal(space);
}

/* One that is only tried must never be seen. */
static void
publish_version(Changing *self, int version)
{
    g_autoptr(FulcraSpace) unseen = space_of_version(-1);
    g_autoptr(FulcraSpace) space = space_of_version(version);

    fulcra_host_table_unref(
            fulcra_host_kernel_try(self->fixture.kernel, &unseen, 1, NULL));
    fulcra_host_kernel_publish(self->fixture.kernel, &space, 1, NULL);
    atomic_store(&self->published, version);
}

static void *
resolve_on(void *data)
{
    Changing *self = data;

    while (!atomic_load(&self->done)) {
        int least = atomic_load(&self->published);
        g_autoptr(GError) error = NULL;
        g_autoptr(FulcraRequest) request =
                fulcra_host_request_new_root(self->fixture.kernel, FRONT, NULL,
                        FULCRA_VERB_SINK, FULCRA_ID("res:/tree"));
        g_autoptr(FulcraRepresentation) answer =
                fulcra_request_issue(request, &error);

        g_assert_no_error(error);
        g_assert_cmpint(fulcra_representation_get_int(answer), >=, least);
    }
    return NULL;
}

static void
test_publish(void)
{
    Changing changing = { .done = false };
    pthread_t threads[N_THREADS];

    fixture_init(&changing.fixture, 1, 1);
    fulcra_host_space_import(
            changing.fixture.space, "urn:changing", FULCRA_ENTRY_PUBLIC);
    fixture_publish(&changing.fixture);
    publish_version(&changing, 1);
    for (int i = 0; i < N_THREADS; i++)
        pthread_create(&threads[i], NULL, resolve_on, &changing);
    for (int i = 2; i < (is_full_size() ? 5000 : 500); i++)
        publish_version(&changing, i);
    atomic_store(&changing.done, true);
    for (int i = 0; i < N_THREADS; i++)
        pthread_join(threads[i], NULL);
    fixture_clear(&changing.fixture);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/resolution/remembered", test_remembered);
    g_test_add_func("/resolution/flood", test_flood);
    g_test_add_func("/resolution/where", test_where);
    g_test_add_func("/resolution/overlays", test_overlays);
    g_test_add_func("/resolution/publish", test_publish);
    return g_test_run();
}
