/* SPDX-License-Identifier: MIT */

/*
 * Representations: payloads, headers, copy on write, derived forms
 */

#include <fulcra-host/request.h>
#include <fulcra-host/sync.h>
#include <fulcra/fulcra.h>

#include <string.h>

static atomic_int destroyed;

static void
count_destroyed(void *pointer)
{
    g_free(pointer);
    atomic_fetch_add(&destroyed, 1);
}

static void
test_payloads(void)
{
    size_t length;
    g_autoptr(FulcraRepresentation) bytes =
            fulcra_representation_new_bytes(FULCRA_TYPE_BYTES, "a\0b", 3);
    g_autoptr(FulcraRepresentation) number =
            fulcra_representation_new_int(INT64_MIN);
    g_autoptr(FulcraRepresentation) yes = fulcra_representation_new_bool(true);
    g_autoptr(FulcraRepresentation) empty =
            fulcra_representation_new_bytes(FULCRA_TYPE_BYTES, NULL, 0);

    const char *data = fulcra_representation_get_bytes(bytes, &length);
    g_assert_cmpmem(data, length, "a\0b", 3);
    g_assert_cmpint(data[length], ==, '\0');
    g_assert_cmpint(fulcra_representation_get_int(number), ==, INT64_MIN);
    g_assert_true(fulcra_representation_get_bool(yes));
    g_assert_false(fulcra_representation_get_bool(number));
    g_assert_cmpstr(fulcra_representation_get_text(empty), ==, "");
    g_assert_null(fulcra_representation_get_strings(bytes));

    const char *const strings[] = { "a", "b", NULL };
    g_autoptr(FulcraRepresentation) list =
            fulcra_representation_new_strings(strings);
    g_assert_null(fulcra_representation_get_text(list));
    g_assert_cmpstr(fulcra_representation_get_strings(list)[1], ==, "b");
    g_assert_null(fulcra_representation_get_boxed(list, "other"));
}

/* What nobody else holds is changed in place; what is shared is not changed,
 * and the twin keeps the payload alive. */
static void
test_copy_on_write(void)
{
    atomic_store(&destroyed, 0);
    FulcraRepresentation *first = fulcra_representation_new_take(
            FULCRA_TYPE_TEXT, g_strdup("text"), 4, count_destroyed);
    FulcraRepresentation *alone = fulcra_representation_with_header(
            first, "httpResponse:/code", "201");
    g_assert_true(alone == first);

    FulcraRepresentation *shared = fulcra_representation_ref(alone);
    FulcraRepresentation *twin = fulcra_representation_with_header(
            shared, "HTTPRESPONSE:/CODE", "202");
    twin = fulcra_representation_with_type(twin, FULCRA_TYPE_HTML);
    twin = fulcra_representation_with_expiry(twin, FULCRA_EXPIRY_AT, 7);
    g_assert_true(twin != alone);
    g_assert_cmpstr(
            fulcra_representation_get_header(alone, "httpResponse:/code"), ==,
            "201");
    g_assert_cmpstr(
            fulcra_representation_get_header(twin, "httpResponse:/code"), ==,
            "202");
    g_assert_true(fulcra_representation_has_type(alone, FULCRA_TYPE_TEXT));
    g_assert_cmpint(fulcra_representation_get_expiry(alone, NULL), ==,
            FULCRA_EXPIRY_DEPENDENT);

    fulcra_representation_unref(alone);
    g_assert_cmpint(atomic_load(&destroyed), ==, 0);
    g_assert_cmpstr(fulcra_representation_get_text(twin), ==, "text");
    twin = fulcra_representation_with_header(twin, "httpResponse:/code", NULL);
    g_assert_null(fulcra_representation_get_header(twin, "httpResponse:/code"));
    fulcra_representation_unref(twin);
    g_assert_cmpint(atomic_load(&destroyed), ==, 1);
}

static void
test_a_part_keeps_its_whole(void)
{
    atomic_store(&destroyed, 0);
    FulcraRepresentation *whole = fulcra_representation_new_take(
            FULCRA_TYPE_TEXT, g_strdup("the whole"), 9, count_destroyed);
    whole = fulcra_host_representation_from_outside(whole);
    const char *within = fulcra_representation_get_text(whole);

    FulcraRepresentation *part = fulcra_representation_with_whole(
            fulcra_representation_new_boxed(
                    "test/word", (char *)within + 4, NULL),
            whole);
    fulcra_representation_unref(whole);
    g_assert_cmpint(atomic_load(&destroyed), ==, 0);
    g_assert_cmpstr(
            fulcra_representation_get_boxed(part, "test/word"), ==, "whole");
    g_assert_true(fulcra_representation_is_from_outside(part));
    fulcra_representation_unref(part);
    g_assert_cmpint(atomic_load(&destroyed), ==, 1);
}

static atomic_int made;

static FulcraRepresentation *
make_form(FulcraRepresentation *from, void *user_data)
{
    atomic_fetch_add(&made, 1);
    return fulcra_representation_new_printf(
            "form", "<%s>", fulcra_representation_get_text(from));
}

static void *
derive_many(void *data)
{
    const char *type = fulcra_intern("form");

    for (int i = 0; i < 1000; i++) {
        FulcraRepresentation *form =
                fulcra_host_representation_derive(data, type, make_form, NULL);
        g_assert_cmpstr(fulcra_representation_get_text(form), ==, "<x>");
    }
    return NULL;
}

/* Threads that race for a form all get the one that was hung up first. */
static void
test_derived(void)
{
    pthread_t threads[4];
    g_autoptr(FulcraRepresentation) from = fulcra_representation_new_text("x");

    from = fulcra_host_representation_from_outside(g_steal_pointer(&from));
    g_assert_null(fulcra_host_representation_derive(
            from, fulcra_intern("form"), NULL, NULL));
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        pthread_create(&threads[i], NULL, derive_many, from);
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        pthread_join(threads[i], NULL);
    g_assert_cmpint(atomic_load(&made), <=, (int)G_N_ELEMENTS(threads));

    FulcraRepresentation *form = fulcra_host_representation_derive(
            from, fulcra_intern("form"), NULL, NULL);
    g_assert_true(fulcra_representation_is_from_outside(form));

    /* A change after that makes a twin, whose forms are its own. */
    FulcraRepresentation *twin = fulcra_representation_with_type(
            fulcra_representation_ref(from), FULCRA_TYPE_HTML);
    g_assert_null(fulcra_host_representation_derive(
            twin, fulcra_intern("form"), NULL, NULL));
    g_assert_true(fulcra_representation_is_from_outside(twin));
    fulcra_representation_unref(twin);
}

static void
test_json_printf(void)
{
    const char *const names[] = { "a", "\"", NULL };
    g_autoptr(FulcraRepresentation) json =
            fulcra_representation_new_json_printf(
                    "{'text': <%s>, 'n': <%x>, 'yes': <%b>, 'list': <%@as>}",
                    "\\ \"é\n", G_MININT64, true, g_variant_new_strv(names, 2));
    size_t length;
    const char *text = fulcra_representation_get_bytes(json, &length);

    g_assert_true(fulcra_representation_has_type(json, FULCRA_TYPE_JSON_TEXT));
    g_assert_cmpuint(length, ==, strlen(text));
    g_assert_cmpstr(text, ==,
            "{\"text\":\"\\\\ \\\"é\\n\",\"n\":-9223372036854775808,"
            "\"yes\":true,\"list\":[\"a\",\"\\\"\"]}");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/representation/payloads", test_payloads);
    g_test_add_func("/representation/copy-on-write", test_copy_on_write);
    g_test_add_func("/representation/part", test_a_part_keeps_its_whole);
    g_test_add_func("/representation/derived", test_derived);
    g_test_add_func("/representation/json-printf", test_json_printf);
    return g_test_run();
}
