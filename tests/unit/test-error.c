/* SPDX-License-Identifier: MIT */

/*
 * Errors: what travels inside them, and what becomes of foreign ones
 */

#include "private/error.h"
#include <gio/gio.h>

static void
test_travels(void)
{
    GError *first =
            g_error_new(FULCRA_ERROR, FULCRA_ERROR_NOT_FOUND, "no stock 'X'");

    g_assert_null(fulcra_error_get_stack(first));
    fulcra__error_push(first, "SOURCE res:/stock/X");
    fulcra__error_push(first, "SOURCE active:page");
    fulcra__error_take_trace(first, g_strdup("asked everybody"));

    GError *propagated = NULL;
    g_propagate_prefixed_error(&propagated, first, "page: ");
    g_autoptr(GError) copy = g_error_copy(propagated);
    g_error_free(propagated);
    g_assert_cmpstr(copy->message, ==, "page: no stock 'X'");
    g_assert_cmpstr(fulcra_error_get_stack(copy), ==,
            "SOURCE res:/stock/X\nSOURCE active:page");
    g_assert_cmpstr(fulcra_error_get_trace(copy), ==, "asked everybody");
    g_assert_cmpstr(
            fulcra_error_id((FulcraErrorCode)copy->code), ==, "not-found");
}

static void
test_foreign(void)
{
    GError *foreign = g_error_new(G_IO_ERROR, G_IO_ERROR_FAILED, "disk");

    g_assert_null(fulcra_error_get_stack(foreign));
    g_autoptr(GError) adopted = fulcra__error_adopt(foreign);
    g_assert_error(adopted, FULCRA_ERROR, FULCRA_ERROR_FAILED);
    g_assert_cmpstr(adopted->message, ==, "disk");
    fulcra__error_push(adopted, "SINK res:/x");
    g_assert_cmpstr(fulcra_error_get_stack(adopted), ==, "SINK res:/x");
}

static void
test_refusal(void)
{
    GError *first = NULL, *propagated = NULL;

    g_assert_null(fulcra_error_refuse(
            &first, "name-taken", "%s has that name", "Ann"));
    g_propagate_prefixed_error(&propagated, first, "chat: ");
    g_autoptr(GError) copy = g_error_copy(propagated);
    g_error_free(propagated);
    g_assert_error(copy, FULCRA_ERROR, FULCRA_ERROR_FORBIDDEN);
    g_assert_cmpstr(copy->message, ==, "chat: Ann has that name");
    g_assert_cmpstr(fulcra_error_get_refusal(copy), ==, "name-taken");

    g_autoptr(GError) other =
            g_error_new(FULCRA_ERROR, FULCRA_ERROR_FORBIDDEN, "no");
    g_autoptr(GError) foreign = g_error_new(G_IO_ERROR, G_IO_ERROR_FAILED, "x");
    g_assert_null(fulcra_error_get_refusal(other));
    g_assert_null(fulcra_error_get_refusal(foreign));
    g_assert_null(fulcra_error_get_refusal(NULL));
    g_assert_null(fulcra_error_refuse(NULL, "unheard", "by nobody"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/error/travels", test_travels);
    g_test_add_func("/error/foreign", test_foreign);
    g_test_add_func("/error/refusal", test_refusal);
    return g_test_run();
}
