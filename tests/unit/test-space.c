/* SPDX-License-Identifier: MIT */

/*
 * Spaces, endpoints, places, tables, contexts: what resolution walks
 */

#include "private/places.h"
#include "private/table.h"
#include <fulcra-host/identifier.h>
#include <fulcra-host/request.h>
#include <fulcra/fulcra.h>

static FulcraRepresentation *
say_id(FulcraRequest *request, GError **error)
{
    (void)error;
    return fulcra_representation_new_text(
            fulcra_request_get_endpoint_id(request));
}

static const FulcraEndpointOps say_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = say_id,
    .sink = say_id,
};

static void
bind(FulcraSpace *space, const char *grammar, const char *id, FulcraVerbs verbs)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraEndpoint) endpoint =
            fulcra_host_endpoint_new(id, &say_ops, NULL, NULL);

    fulcra_host_space_bind(
            space, grammar, verbs, FULCRA_ENTRY_PUBLIC, endpoint, &error);
    g_assert_no_error(error);
}

/* Who answers @verb @text in the space @front. (transfer full) (nullable) */
static char *
who(FulcraKernel *kernel, const char *front, FulcraContext *context,
        FulcraVerb verb, const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraIdentifier) identifier =
            fulcra_host_identifier_parse(text, &error);
    g_assert_no_error(error);
    g_autoptr(FulcraRequest) request = fulcra_host_request_new_root(
            kernel, front, context, verb, identifier);
    g_autoptr(FulcraRepresentation) answer =
            fulcra_request_issue(request, &error);

    if (answer != NULL)
        return g_strdup(fulcra_representation_get_text(answer));
    g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_UNRESOLVED);
    return NULL;
}

static void
assert_who(FulcraKernel *kernel, const char *front, FulcraVerb verb,
        const char *text, const char *expected)
{
    g_autofree char *answer = who(kernel, front, NULL, verb, text);

    g_assert_cmpstr(answer, ==, expected);
}

/* The first that matches wins, the verb included; an import stands where it
 * is declared; what a library asks for is looked up in its own space first. */
static void
test_order(void)
{
    FulcraKernel *kernel = fulcra_host_kernel_new(NULL);
    g_autoptr(FulcraSpace) front = fulcra_host_space_new("urn:front");
    g_autoptr(FulcraSpace) library = fulcra_host_space_new("urn:library");

    bind(front, "res:/a", "sink-only", 1u << FULCRA_VERB_SINK);
    fulcra_host_space_import(front, "urn:library", FULCRA_ENTRY_PUBLIC);
    bind(front, "res:/a", "after-import", FULCRA_VERBS_ALL);
    bind(front, "res:/{x}", "general", FULCRA_VERBS_ALL);
    bind(library, "res:/a", "in-library", 1u << FULCRA_VERB_SOURCE);
    bind(library, "res:/b", "b", FULCRA_VERBS_ALL);

    FulcraSpace *spaces[] = { fulcra_host_space_seal(front),
        fulcra_host_space_seal(library) };
    fulcra_host_kernel_publish(kernel, spaces, 2, NULL);
    assert_who(kernel, "urn:front", FULCRA_VERB_SINK, "res:/a", "sink-only");
    assert_who(kernel, "urn:front", FULCRA_VERB_SOURCE, "res:/a", "in-library");
    assert_who(kernel, "urn:front", FULCRA_VERB_SOURCE, "res:/b", "b");
    assert_who(kernel, "urn:front", FULCRA_VERB_SOURCE, "res:/c", "general");
    assert_who(kernel, "urn:front", FULCRA_VERB_NEW, "res:/c", NULL);
    assert_who(kernel, "urn:absent", FULCRA_VERB_SOURCE, "res:/a", NULL);

    /* A publish replaces what it names and leaves the rest. */
    g_autoptr(FulcraSpace) newer = fulcra_host_space_new("urn:library");
    bind(newer, "res:/b", "newer", FULCRA_VERBS_ALL);
    spaces[0] = fulcra_host_space_seal(newer);
    fulcra_host_kernel_publish(kernel, spaces, 1, NULL);
    assert_who(kernel, "urn:front", FULCRA_VERB_SOURCE, "res:/b", "newer");
    assert_who(
            kernel, "urn:front", FULCRA_VERB_SOURCE, "res:/a", "after-import");
    fulcra_host_kernel_free(kernel);
}

/* Literals of all lengths, some the beginning of others, the longest last. */
static void
test_beginnings(void)
{
    FulcraKernel *kernel = fulcra_host_kernel_new(NULL);
    g_autoptr(FulcraSpace) front = fulcra_host_space_new("urn:front");
    const char *letters = "abcdefghijklmnopqrst";

    for (int n = 1; n <= 20; n++) {
        g_autofree char *whole = g_strdup_printf("t:%.*s", n, letters);
        g_autofree char *slot = g_strdup_printf("t:%.*s-{x*}", n, letters);

        bind(front, whole, whole, FULCRA_VERBS_ALL);
        bind(front, slot, slot, FULCRA_VERBS_ALL);
    }
    FulcraSpace *spaces[] = { fulcra_host_space_seal(front) };
    fulcra_host_kernel_publish(kernel, spaces, 1, NULL);
    for (int n = 1; n <= 20; n++) {
        g_autofree char *whole = g_strdup_printf("t:%.*s", n, letters);
        g_autofree char *slot = g_strdup_printf("t:%.*s-{x*}", n, letters);
        g_autofree char *empty = g_strdup_printf("%s-", whole);
        g_autofree char *full = g_strdup_printf("%s-%s", whole, letters);
        g_autofree char *other = g_strdup_printf("%s_", whole);

        assert_who(kernel, "urn:front", FULCRA_VERB_SOURCE, whole, whole);
        assert_who(kernel, "urn:front", FULCRA_VERB_SOURCE, empty, slot);
        assert_who(kernel, "urn:front", FULCRA_VERB_SOURCE, full, slot);
        assert_who(kernel, "urn:front", FULCRA_VERB_SOURCE, other, NULL);
    }
    fulcra_host_kernel_free(kernel);
}

static void
test_bad_grammar_leaves_the_space(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraSpace) space = fulcra_host_space_new("urn:x");
    g_autoptr(FulcraEndpoint) endpoint =
            fulcra_host_endpoint_new("e", &say_ops, NULL, NULL);

    g_assert_false(fulcra_host_space_bind(space, "res:/{open", FULCRA_VERBS_ALL,
            FULCRA_ENTRY_PUBLIC, endpoint, &error));
    g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT);
    g_assert_true(g_str_has_prefix(error->message, "space 'urn:x': "));
}

static void
test_restrict_run(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraEndpoint) endpoint =
            fulcra_host_endpoint_new("e", &say_ops, NULL, NULL);

    g_assert_true(fulcra_host_endpoint_restrict_run(
            endpoint, FULCRA_RUN_CONCURRENT, &error));
    g_assert_no_error(error);
    g_assert_false(fulcra_host_endpoint_restrict_run(
            endpoint, FULCRA_RUN_INLINE, &error));
    g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_MODULE);
    g_clear_error(&error);
    g_assert_false(fulcra_host_endpoint_restrict_run(
            endpoint, FULCRA_RUN_SERIAL, &error)); /* it has no domain */
    g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_MODULE);
}

/* The same spaces in the same order are one list, whoever asks. */
static void
test_places_are_interned(void)
{
    g_autoptr(FulcraSpace) a =
            fulcra_host_space_seal(fulcra_host_space_new("urn:a"));
    g_autoptr(FulcraSpace) b =
            fulcra_host_space_seal(fulcra_host_space_new("urn:b"));
    FulcraSpace *spaces[] = { a, b };
    FulcraTable *first = fulcra__table_new(NULL, spaces, 2, NULL);
    FulcraTable *second = fulcra__table_new(first, NULL, 0, NULL);

    FulcraPlaces *one =
            fulcra__table_push(first, fulcra__table_push(first, NULL, a), b);
    FulcraPlaces *two =
            fulcra__table_push(second, fulcra__table_push(second, NULL, a), b);
    g_assert_true(one == two);
    g_assert_true(fulcra__table_push(first, NULL, b) != one);
    g_assert_true(fulcra__table_find(second, fulcra_intern("urn:a")) == a);
    fulcra_host_table_unref(first);
    g_assert_true(two->parent->space == a);
    fulcra_host_table_unref(second);
}

/* --- overlays and limiters --- */

static FulcraRepresentation *
bracket_overlay(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRequest) inner = fulcra_request_forward(request);
    g_autoptr(FulcraRepresentation) answer = fulcra_request_issue(inner, error);

    return answer == NULL
                   ? NULL
                   : fulcra_representation_new_printf(FULCRA_TYPE_TEXT,
                             "%s(%s)", fulcra_request_get_endpoint_id(request),
                             fulcra_representation_get_text(answer));
}

static FulcraRepresentation *
pass_overlay(FulcraRequest *request, GError **error)
{
    (void)error;
    return fulcra_request_pass_on(request, fulcra_request_forward(request));
}

static FulcraRepresentation *
forbid_overlay(FulcraRequest *request, GError **error)
{
    (void)request;
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_FORBIDDEN, "no entry");
    return NULL;
}

static void
wrap(FulcraSpace *space, const char *id, FulcraHandler handler,
        FulcraSpace *wrapped)
{
    FulcraEndpointOps ops = {
        .size = sizeof ops, .run = FULCRA_RUN_INLINE, .overlay = handler
    };
    g_autoptr(FulcraEndpoint) endpoint =
            fulcra_host_endpoint_new(id, &ops, NULL, NULL);

    fulcra_host_space_add_overlay(space, endpoint,
            fulcra_host_space_seal(wrapped), FULCRA_ENTRY_PUBLIC);
}

static FulcraRepresentation *
slot_source(FulcraRequest *request, GError **error)
{
    (void)error;
    return fulcra_representation_new_text(
            fulcra_request_get_argument(request, "x"));
}

static const FulcraEndpointOps slot_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = slot_source,
};

/* An overlay answers for what it wraps, sees what goes in from the outermost
 * on, and what it passes on arrives with its slots. */
static void
test_overlays(void)
{
    FulcraKernel *kernel = fulcra_host_kernel_new(NULL);
    g_autoptr(FulcraSpace) front = fulcra_host_space_new("urn:front");
    g_autoptr(FulcraSpace) outer = fulcra_host_space_new("urn:outer");
    g_autoptr(FulcraSpace) middle = fulcra_host_space_new("urn:middle");
    g_autoptr(FulcraSpace) inner = fulcra_host_space_new("urn:inner");
    g_autoptr(FulcraSpace) shut = fulcra_host_space_new("urn:shut");
    g_autoptr(FulcraEndpoint) slot =
            fulcra_host_endpoint_new("slot", &slot_ops, NULL, NULL);

    g_assert_true(fulcra_host_space_bind(inner, "res:/slot/{x}",
            FULCRA_VERBS_ALL, FULCRA_ENTRY_PUBLIC, slot, NULL));
    bind(inner, "res:/in", "in", FULCRA_VERBS_ALL);
    wrap(middle, "second", bracket_overlay, inner);
    wrap(outer, "passing", pass_overlay, middle);
    bind(shut, "res:/shut", "never", FULCRA_VERBS_ALL);
    bind(shut, "res:/shut-too", "never either", FULCRA_VERBS_ALL);
    wrap(front, "first", bracket_overlay, outer);
    wrap(front, "gate", forbid_overlay, shut);
    bind(front, "res:/out", "out", FULCRA_VERBS_ALL);
    fulcra_host_kernel_publish(kernel,
            (FulcraSpace *[]){ fulcra_host_space_seal(front) }, 1, NULL);

    for (int i = 0; i < 2; i++) {
        assert_who(kernel, "urn:front", FULCRA_VERB_SOURCE, "res:/in",
                "first(second(in))");
        assert_who(kernel, "urn:front", FULCRA_VERB_SINK, "res:/in",
                "first(second(in))");
        assert_who(kernel, "urn:front", FULCRA_VERB_SOURCE, "res:/slot/a%2Bb",
                "first(second(a+b))");
        assert_who(kernel, "urn:front", FULCRA_VERB_SOURCE, "res:/out", "out");
        assert_who(kernel, "urn:front", FULCRA_VERB_NEW, "res:/in", NULL);
    }

    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraIdentifier) identifier =
            fulcra_host_identifier_parse("res:/shut", NULL);
    g_autoptr(FulcraRequest) request = fulcra_host_request_new_root(
            kernel, "urn:front", NULL, FULCRA_VERB_SOURCE, identifier);
    FulcraResolution *kept = fulcra_host_request_resolve(request, &error);
    g_assert_no_error(error);

    /* The same way in, but another endpoint behind it. */
    g_autoptr(FulcraIdentifier) shut_too =
            fulcra_host_identifier_parse("res:/shut-too", NULL);
    g_autoptr(FulcraRequest) second = fulcra_host_request_new_root(
            kernel, "urn:front", NULL, FULCRA_VERB_SOURCE, shut_too);
    FulcraResolution *other = fulcra_host_request_resolve(second, &error);
    g_assert_no_error(error);
    g_assert_false(fulcra_host_resolution_equal(kept, other));
    g_assert_true(fulcra_host_resolution_equal(kept, kept));
    fulcra_host_resolution_unref(other);

    g_assert_null(fulcra_request_issue(request, &error));
    g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_FORBIDDEN);
    fulcra_host_resolution_unref(kept);
    fulcra_host_kernel_free(kernel);
}

/* What a limiter matches is unresolved, even where an outer space has it. */
static void
test_limiter(void)
{
    FulcraKernel *kernel = fulcra_host_kernel_new(NULL);
    g_autoptr(FulcraSpace) front = fulcra_host_space_new("urn:front");
    g_autoptr(FulcraSpace) library = fulcra_host_space_new("urn:library");

    bind(library, "res:/etc/public", "public", FULCRA_VERBS_ALL);
    g_assert_true(fulcra_host_space_add_limiter(
            library, "res:/etc/{rest*}", FULCRA_ENTRY_PUBLIC, NULL));
    fulcra_host_space_import(front, "urn:library", FULCRA_ENTRY_PUBLIC);
    bind(front, "res:/{rest*}", "all", FULCRA_VERBS_ALL);
    FulcraSpace *spaces[] = { fulcra_host_space_seal(front),
        fulcra_host_space_seal(library) };
    fulcra_host_kernel_publish(kernel, spaces, 2, NULL);
    assert_who(kernel, "urn:front", FULCRA_VERB_SOURCE, "res:/etc/public",
            "public");
    assert_who(
            kernel, "urn:front", FULCRA_VERB_SOURCE, "res:/etc/shadow", NULL);
    assert_who(kernel, "urn:front", FULCRA_VERB_SOURCE, "res:/other", "all");
    fulcra_host_kernel_free(kernel);
}

/* --- contexts --- */

typedef struct {
    FulcraContext context;
    const char *name;
} Layer;

static int layers_freed;

static void
layer_free(FulcraContext *context)
{
    (void)context;
    layers_freed++;
}

static FulcraRepresentation *
layer_source(FulcraRequest *request, GError **error)
{
    (void)error;
    return fulcra_representation_new_text(
            ((Layer *)fulcra_host_request_get_layer(request))->name);
}

static const FulcraEndpointOps layer_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = layer_source,
};

/* A scheme of the context is answered by its nearest layer and nowhere else,
 * and one static endpoint speaks for all of them. */
static void
test_context(void)
{
    FulcraKernel *kernel = fulcra_host_kernel_new(NULL);
    g_autoptr(FulcraSpace) front = fulcra_host_space_new("urn:front");
    g_autoptr(FulcraSpace) dynamic = fulcra_host_space_new("dynamic");
    g_autoptr(FulcraEndpoint) endpoint =
            fulcra_host_endpoint_new("layer", &layer_ops, NULL, NULL);

    g_assert_true(fulcra_host_space_bind(dynamic, "self:/name",
            FULCRA_VERBS_ALL, FULCRA_ENTRY_PUBLIC, endpoint, NULL));
    bind(front, "self:/{other}", "static", FULCRA_VERBS_ALL);
    fulcra_host_space_seal(dynamic);
    fulcra_host_kernel_publish(kernel,
            (FulcraSpace *[]){ fulcra_host_space_seal(front) }, 1, NULL);

    FulcraContextScheme scheme = { fulcra_intern("self"), dynamic };
    FulcraContextClass klass = { "test", 1, &scheme, layer_free, NULL };
    Layer outer = { .name = "outer" }, inner = { .name = "inner" };
    fulcra_host_context_init(&outer.context, &klass, NULL);
    fulcra_host_context_init(&inner.context, &klass, &outer.context);

    g_autofree char *in_inner = who(kernel, "urn:front", &inner.context,
            FULCRA_VERB_SOURCE, "self:/name");
    g_autofree char *in_outer = who(kernel, "urn:front", &outer.context,
            FULCRA_VERB_SOURCE, "self:/name");
    g_autofree char *without =
            who(kernel, "urn:front", NULL, FULCRA_VERB_SOURCE, "self:/name");
    g_autofree char *hidden = who(
            kernel, "urn:front", &inner.context, FULCRA_VERB_SOURCE, "self:/x");
    g_assert_cmpstr(in_inner, ==, "inner");
    g_assert_cmpstr(in_outer, ==, "outer");
    g_assert_cmpstr(without, ==, "static");
    g_assert_null(hidden);

    fulcra_host_context_unref(&outer.context);
    g_assert_cmpint(layers_freed, ==, 0);
    fulcra_host_context_unref(&inner.context);
    g_assert_cmpint(layers_freed, ==, 2);
    fulcra_host_kernel_free(kernel);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/space/order", test_order);
    g_test_add_func("/space/beginnings", test_beginnings);
    g_test_add_func("/space/bad-grammar", test_bad_grammar_leaves_the_space);
    g_test_add_func("/space/restrict-run", test_restrict_run);
    g_test_add_func("/space/places", test_places_are_interned);
    g_test_add_func("/space/overlays", test_overlays);
    g_test_add_func("/space/limiter", test_limiter);
    g_test_add_func("/space/context", test_context);
    return g_test_run();
}
