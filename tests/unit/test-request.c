/* SPDX-License-Identifier: MIT */

/*
 * Requests: resolution, arguments, conversions, resolutions that are kept
 */

#include "kernel-fixture.h"

/* --- resolution and arguments --- */

static FulcraRepresentation *
hello_source(FulcraRequest *request, GError **error)
{
    (void)error;
    return fulcra_representation_new_printf(FULCRA_TYPE_TEXT, "Hello, %s",
            fulcra_request_get_argument(request, "name"));
}

static const FulcraEndpointOps hello_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = hello_source,
};

static FulcraRepresentation *
upper_source(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRepresentation) operand = fulcra_request_source(
            request, FULCRA_ID("arg:operand"), FULCRA_TYPE_TEXT, error);

    if (operand == NULL)
        return NULL;
    g_autofree char *upper =
            g_ascii_strup(fulcra_representation_get_text(operand), -1);
    return fulcra_representation_new_text(upper);
}

static const FulcraEndpointOps upper_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = upper_source,
};

static void
test_arguments(void)
{
    Fixture fixture;
    fixture_init(&fixture, 2, 8);
    fixture_bind(&fixture, "res:/hello/{name}", &hello_ops);
    fixture_bind(&fixture, "active:upper+operand@{}", &upper_ops);
    fixture_publish(&fixture);

    fixture_expect(&fixture, "res:/hello/World", "Hello, World");
    fixture_expect(&fixture, "res:/hello/a%2Bb%40c", "Hello, a+b@c");
    fixture_expect(&fixture, "active:upper+operand@res:/hello/x", "HELLO, X");
    fixture_expect(&fixture,
            "active:upper+operand@active:upper%2Boperand%40res:/hello/x",
            "HELLO, X");
    fixture_expect(&fixture, "active:upper+operand@data:,abc", "ABC");

    /* By value, and as a request that is issued when it is wanted. */
    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraRequest) root =
            fixture_root(&fixture, FULCRA_VERB_SOURCE, "active:upper");
    g_autoptr(FulcraRepresentation) value =
            fulcra_representation_new_text("by value");
    fulcra_request_add_value(root, "operand", value);
    g_autoptr(FulcraRepresentation) answer = fulcra_request_issue(root, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(fulcra_representation_get_text(answer), ==, "BY VALUE");
    fixture_clear(&fixture);
}

static FulcraRepresentation *
lazy_source(FulcraRequest *request, GError **error)
{
    g_autoptr(FulcraRequest) inner = fulcra_request_new(
            request, FULCRA_VERB_SOURCE, FULCRA_ID("active:upper"));
    g_autoptr(FulcraRequest) innermost = fulcra_request_new(
            request, FULCRA_VERB_SOURCE, FULCRA_ID("arg:what"));
    g_autoptr(FulcraRequest) outer = fulcra_request_new(
            request, FULCRA_VERB_SOURCE, FULCRA_ID("active:upper"));

    fulcra_request_add_request(inner, "operand", innermost);
    fulcra_request_add_request(outer, "operand", inner);
    return fulcra_request_issue(outer, error);
}

static const FulcraEndpointOps lazy_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_CONCURRENT,
    .source = lazy_source,
};

static void
test_requests_as_arguments(void)
{
    Fixture fixture;
    fixture_init(&fixture, 2, 8);
    fixture_bind(&fixture, "res:/hello/{name}", &hello_ops);
    fixture_bind(&fixture, "active:upper+operand@{}", &upper_ops);
    fixture_bind(&fixture, "active:lazy+what@{}", &lazy_ops);
    fixture_publish(&fixture);
    fixture_expect(&fixture, "active:lazy+what@res:/hello/you", "HELLO, YOU");
    fixture_clear(&fixture);
}

static void
test_unresolved(void)
{
    Fixture fixture;
    fixture_init(&fixture, 2, 8);
    fixture_bind(&fixture, "res:/hello/{name}", &hello_ops);
    fixture_publish(&fixture);

    g_autoptr(GError) error = NULL;
    g_autofree char *answer =
            fixture_ask(&fixture, FULCRA_VERB_SINK, "res:/hello/you", &error);
    g_assert_null(answer);
    g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_UNRESOLVED);
    g_assert_nonnull(strstr(fulcra_error_get_trace(error), FRONT));
    g_assert_nonnull(
            strstr(fulcra_error_get_trace(error), "does not answer SINK"));
    g_assert_nonnull(
            strstr(fulcra_error_get_stack(error), "SINK res:/hello/you"));
    fixture_clear(&fixture);
}

static void
test_imports(void)
{
    Fixture fixture;
    fixture_init(&fixture, 2, 8);
    FulcraSpace *library = fulcra_host_space_new("urn:test:library");
    FulcraEndpoint *upper =
            fulcra_host_endpoint_new("upper", &upper_ops, NULL, NULL);
    FulcraEndpoint *hello =
            fulcra_host_endpoint_new("hello", &hello_ops, NULL, NULL);

    g_assert_true(fulcra_host_space_bind(library, "active:upper+operand@{}",
            FULCRA_VERBS_ALL, FULCRA_ENTRY_PUBLIC, upper, NULL));
    g_assert_true(fulcra_host_space_bind(library, "res:/secret/{name}",
            FULCRA_VERBS_ALL, FULCRA_ENTRY_PRIVATE, hello, NULL));
    fulcra_host_space_import(library, FRONT, FULCRA_ENTRY_PUBLIC); /* a cycle */
    fulcra_host_space_seal(library);
    fulcra_host_kernel_publish(fixture.kernel, &library, 1, NULL);

    /* The operand is seen by who passes it, not by the library. */
    fulcra_host_space_import(
            fixture.space, "urn:test:absent", FULCRA_ENTRY_PUBLIC);
    fulcra_host_space_import(
            fixture.space, "urn:test:library", FULCRA_ENTRY_PUBLIC);
    fixture_bind(&fixture, "res:/mine/{name}", &hello_ops);
    fixture_publish(&fixture);
    fixture_expect(&fixture, "active:upper+operand@res:/mine/x", "HELLO, X");

    g_autoptr(GError) error = NULL;
    g_autofree char *answer =
            fixture_ask(&fixture, FULCRA_VERB_SOURCE, "res:/secret/x", &error);
    g_assert_null(answer);
    g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_UNRESOLVED);
    g_assert_nonnull(strstr(fulcra_error_get_trace(error), "hello: private"));
    g_assert_nonnull(strstr(fulcra_error_get_trace(error),
            "import urn:test:absent: no such space is published"));

    const char *const withdrawn[] = { "urn:test:library", NULL };
    fulcra_host_kernel_publish(fixture.kernel, NULL, 0, withdrawn);
    g_clear_error(&error);
    g_free(fixture_ask(&fixture, FULCRA_VERB_SOURCE,
            "active:upper+operand@res:/mine/x", &error));
    g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_UNRESOLVED);

    fulcra_host_endpoint_unref(upper);
    fulcra_host_endpoint_unref(hello);
    fulcra_host_space_unref(library);
    fixture_clear(&fixture);
}

/* --- transreption --- */

static void
test_transreption(void)
{
    Fixture fixture;
    fixture_init(&fixture, 2, 8);
    fixture_bind(&fixture, "res:/hello/{name}", &hello_ops);
    fixture_publish(&fixture);

    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraRequest) root =
            fixture_root(&fixture, FULCRA_VERB_SOURCE, "res:/hello/x");
    g_autoptr(FulcraRepresentation) text = fulcra_representation_new_bytes(
            FULCRA_TYPE_BYTES, "[\"a\",\"b\"]", 9);
    g_autoptr(FulcraRepresentation) strings = fulcra_request_transrept(
            root, text, FULCRA_TYPE_STRINGS, &error); /* by way of json */
    g_assert_no_error(error);
    g_assert_cmpstr(fulcra_representation_get_strings(strings)[1], ==, "b");

    g_autoptr(FulcraRepresentation) json =
            fulcra_request_transrept(root, text, FULCRA_TYPE_JSON, &error);
    g_autoptr(FulcraRepresentation) again =
            fulcra_request_transrept(root, text, FULCRA_TYPE_JSON, &error);
    g_assert_no_error(error);
    g_assert_true(json == again); /* parsed once */

    g_autoptr(FulcraRepresentation) wrong =
            fulcra_request_transrept(root, text, FULCRA_TYPE_SOCKET, &error);
    g_assert_null(wrong);
    g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT);
    g_clear_error(&error);

    g_autofree char *deep = g_strnfill(200000, '[');
    g_autoptr(FulcraRepresentation) bomb = fulcra_representation_new_text(deep);
    wrong = fulcra_request_transrept(root, bomb, FULCRA_TYPE_JSON, &error);
    g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT);
    fixture_clear(&fixture);
}

static FulcraRepresentation *
count_transrept(FulcraRequest *request, GError **error)
{
    (void)error;
    return fulcra_representation_new_printf("test/length", "%zu",
            strlen(fulcra_representation_get_text(
                    fulcra_request_get_primary(request))));
}

static const FulcraEndpointOps count_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_SERIAL,
    .transrept = count_transrept,
};

/* A conversion of one's own, in a domain; asked with and without waiting. */
static void
test_transreptor_of_a_module(void)
{
    Fixture fixture;
    fixture_init(&fixture, 2, 8);
    g_autoptr(FulcraEndpoint) count = fulcra_host_endpoint_new(
            "count", &count_ops, NULL, fixture.domains[0]);
    fixture_bind(&fixture, "res:/hello/{name}", &hello_ops);
    fulcra_host_space_add_transreptor(
            fixture.space, FULCRA_TYPE_TEXT, "test/length", count);
    fixture_publish(&fixture);

    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraRequest) root =
            fixture_root(&fixture, FULCRA_VERB_SOURCE, "res:/hello/abc");
    fulcra_request_set_wanted_type(root, "test/length");
    g_autoptr(FulcraRepresentation) answer = fulcra_request_issue(root, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(fulcra_representation_get_text(answer), ==, "10");
    fixture_clear(&fixture);
}

/* --- resolutions that are kept --- */

static void
test_kept_resolution(void)
{
    Fixture fixture;
    fixture_init(&fixture, 2, 8);
    fixture_bind(&fixture, "res:/hello/{name}", &hello_ops);
    fixture_publish(&fixture);

    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraRequest) first =
            fixture_root(&fixture, FULCRA_VERB_SOURCE, "res:/hello/kept");
    FulcraResolution *kept = fulcra_host_request_resolve(first, &error);
    g_assert_no_error(error);
    for (int i = 0; i < 2; i++) {
        g_autoptr(FulcraRequest) request =
                fixture_root(&fixture, FULCRA_VERB_SOURCE, "res:/hello/kept");
        fulcra_host_request_use_resolution(request, kept);
        g_autoptr(FulcraRepresentation) answer =
                fulcra_request_issue(request, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(
                fulcra_representation_get_text(answer), ==, "Hello, kept");
        g_assert_cmpint(i == 0, ==,
                fulcra_host_resolution_is_current(kept, fixture.kernel));
        fulcra_host_kernel_publish(fixture.kernel, &fixture.space, 1, NULL);
    }
    fulcra_host_resolution_unref(kept);
    fixture_clear(&fixture);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/request/arguments", test_arguments);
    g_test_add_func("/request/as-arguments", test_requests_as_arguments);
    g_test_add_func("/request/unresolved", test_unresolved);
    g_test_add_func("/request/imports", test_imports);
    g_test_add_func("/request/transreption", test_transreption);
    g_test_add_func("/request/transreptor", test_transreptor_of_a_module);
    g_test_add_func("/request/kept-resolution", test_kept_resolution);
    return g_test_run();
}
