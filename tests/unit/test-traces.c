/* SPDX-License-Identifier: MIT */

/* test-traces.c - trees of requests, kept in a ring of bounded size */

#include "kernel-fixture.h"
#include "program/traces.h"

static FulcraRepresentation *
leaf_source(FulcraRequest *request, GError **error)
{
    if (strcmp(fulcra_request_get_argument(request, "name"), "bad") == 0) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_NOT_FOUND, "no leaf");
        return NULL;
    }
    return fulcra_representation_new_text("leaf");
}

static FulcraRepresentation *
branch_source(FulcraRequest *request, GError **error)
{
    return fulcra_request_source(
            request, FULCRA_ID("res:/leaf/good"), FULCRA_TYPE_TEXT, error);
}

typedef struct {
    Fixture kernel;
    FulcraTraces *traces;
} Traced;

static void
traced_init(Traced *self, size_t max_bytes)
{
    static const FulcraEndpointOps leaf = {
        .size = sizeof(FulcraEndpointOps),
        .source = leaf_source,
    };
    static const FulcraEndpointOps branch = {
        .size = sizeof(FulcraEndpointOps),
        .source = branch_source,
    };

    fixture_init(&self->kernel, 2, 4);
    fixture_bind(&self->kernel, "res:/leaf/{name}", &leaf);
    fixture_bind(&self->kernel, "res:/branch/{name}", &branch);
    fixture_publish(&self->kernel);
    self->traces = fulcra_traces_new(self->kernel.kernel, max_bytes);
}

static void
traced_clear(Traced *self)
{
    fixture_clear(&self->kernel);
    fulcra_traces_free(self->traces);
}

static void
start(Traced *self, const FulcraTraceFilter *filter)
{
    g_autoptr(GError) error = NULL;

    fulcra_traces_start(self->traces, filter, &error);
    g_assert_no_error(error);
}

static void
ask(Traced *self, const char *identifier)
{
    g_free(fixture_ask(&self->kernel, FULCRA_VERB_SOURCE, identifier, NULL));
}

/* (transfer full) */
static JsonNode *
look_after(Traced *self, uint64_t after, unsigned max, JsonArray **trees)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();

    json_builder_begin_object(builder);
    fulcra_traces_build(self->traces, after, max, builder);
    json_builder_end_object(builder);
    JsonNode *all = json_builder_get_root(builder);

    *trees = json_object_get_array_member(json_node_get_object(all), "trees");
    return all;
}

static JsonNode *
look(Traced *self, JsonArray **trees)
{
    return look_after(self, 0, 1000, trees);
}

static void
expect_roots(Traced *self, const char *const *expected)
{
    JsonArray *trees;
    g_autoptr(JsonNode) all = look(self, &trees);
    unsigned i = 0;

    for (; expected[i] != NULL; i++) {
        g_assert_cmpuint(i, <, json_array_get_length(trees));
        JsonArray *requests = json_object_get_array_member(
                json_array_get_object_element(trees, i), "requests");
        JsonObject *root = json_array_get_object_element(requests, 0);

        g_assert_cmpstr(json_object_get_string_member(root, "identifier"), ==,
                expected[i]);
    }
    g_assert_cmpuint(json_array_get_length(trees), ==, i);
}

#define ROOTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void
test_tree(void)
{
    Traced traced;
    JsonArray *trees;

    traced_init(&traced, 1 << 20);
    ask(&traced, "res:/branch/untraced");
    start(&traced, &(FulcraTraceFilter){ 0 });
    ask(&traced, "res:/branch/a");
    fulcra_traces_stop(traced.traces);
    ask(&traced, "res:/branch/b");

    g_autoptr(JsonNode) all = look(&traced, &trees);
    g_assert_cmpuint(json_array_get_length(trees), ==, 1);
    JsonArray *requests = json_object_get_array_member(
            json_array_get_object_element(trees, 0), "requests");
    JsonObject *root = json_array_get_object_element(requests, 0);
    JsonObject *leaf = json_array_get_object_element(requests, 1);

    g_assert_cmpint(json_object_get_int_member(root, "depth"), ==, 0);
    g_assert_cmpstr(json_object_get_string_member(root, "verb"), ==, "SOURCE");
    g_assert_cmpstr(json_object_get_string_member(root, "identifier"), ==,
            "res:/branch/a");
    g_assert_cmpstr(json_object_get_string_member(root, "endpoint"), ==,
            "res:/branch/{name}");
    g_assert_cmpstr(json_object_get_string_member(root, "thread"), ==, "asker");
    g_assert_cmpint(json_object_get_int_member(leaf, "depth"), ==, 1);
    g_assert_cmpstr(json_object_get_string_member(leaf, "identifier"), ==,
            "res:/leaf/good");
    g_assert_cmpint(json_object_get_int_member(leaf, "start_us"), >=, 0);
    g_assert_cmpstr(json_object_get_string_member(root, "explanation"), ==,
            "because of res:/leaf/good");
    traced_clear(&traced);
}

static void
test_filters(void)
{
    Traced traced;

    traced_init(&traced, 1 << 20);
    start(&traced, &(FulcraTraceFilter){ .identifier = "res:/leaf/x" });
    ask(&traced, "res:/leaf/x");
    ask(&traced, "res:/leaf/xy");
    start(&traced, &(FulcraTraceFilter){ .pattern = "^res:/branch/[0-9]$" });
    ask(&traced, "res:/branch/1");
    ask(&traced, "res:/branch/12");
    start(&traced, &(FulcraTraceFilter){ .failed = true });
    ask(&traced, "res:/leaf/bad");
    ask(&traced, "res:/nobody");
    ask(&traced, "res:/leaf/fine");
    start(&traced, &(FulcraTraceFilter){ .socket = "no such socket" });
    ask(&traced, "res:/leaf/y");
    expect_roots(&traced, ROOTS("res:/leaf/x", "res:/branch/1", "res:/leaf/bad",
                                  "res:/nobody"));

    fulcra_traces_clear(traced.traces);
    expect_roots(&traced, (const char *const[]){ NULL });
    traced_clear(&traced);
}

static void
test_wrong_pattern(void)
{
    Traced traced;
    g_autoptr(GError) error = NULL;

    traced_init(&traced, 1 << 20);
    g_assert_false(fulcra_traces_start(
            traced.traces, &(FulcraTraceFilter){ .pattern = "(" }, &error));
    g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT);
    g_assert_nonnull(strstr(error->message, "'(' is no regular expression"));
    traced_clear(&traced);
}

/* What is asked for last is there, and the ring stays within its bytes. */
static void
test_bounded(void)
{
    Traced traced;
    int n = is_full_size() ? 100000 : 5000;

    traced_init(&traced, 10000);
    start(&traced, &(FulcraTraceFilter){ 0 });
    for (int i = 0; i < n; i++)
        ask(&traced, "res:/branch/many");
    ask(&traced, "res:/branch/last");

    JsonArray *trees;
    g_autoptr(JsonNode) all = look(&traced, &trees);
    JsonObject *object = json_node_get_object(all);
    unsigned kept = json_array_get_length(trees);

    g_assert_cmpint(json_object_get_int_member(object, "bytes"), <=, 10000);
    g_assert_cmpuint(kept, >, 2);
    g_assert_cmpint(
            json_object_get_int_member(
                    json_array_get_object_element(trees, kept - 1), "number"),
            ==, n + 1);
    traced_clear(&traced);
}

/* A page that looks again and again gets what is new. */
static void
test_after(void)
{
    Traced traced;

    traced_init(&traced, 1 << 20);
    start(&traced, &(FulcraTraceFilter){ 0 });
    for (int i = 0; i < 5; i++)
        ask(&traced, "res:/leaf/x");

    JsonArray *trees;
    g_autoptr(JsonNode) all = look_after(&traced, 2, 2, &trees);
    g_assert_cmpuint(json_array_get_length(trees), ==, 2);
    g_assert_cmpint(json_object_get_int_member(
                            json_array_get_object_element(trees, 0), "number"),
            ==, 4);
    traced_clear(&traced);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    pthread_setname_np(pthread_self(), "asker");
    g_test_add_func("/traces/tree", test_tree);
    g_test_add_func("/traces/filters", test_filters);
    g_test_add_func("/traces/wrong-pattern", test_wrong_pattern);
    g_test_add_func("/traces/bounded", test_bounded);
    g_test_add_func("/traces/after", test_after);
    return g_test_run();
}
