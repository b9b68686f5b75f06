/* SPDX-License-Identifier: MIT */
#include "program/log.h"

#include <string.h>

static void
assert_line(const char *message, const char *expected)
{
    GLogField fields[] = { { "MESSAGE", message, -1 } };
    g_autofree char *line = fulcra_log_format(G_LOG_LEVEL_INFO, fields, 1);

    g_assert_cmpstr(line, ==, expected);
}

static void
test_plain(void)
{
    assert_line("all is well", "info all is well");
    assert_line("gr\xc3\xbc\xc3\x9f", "info gr\xc3\xbc\xc3\x9f");
    assert_line("", "info ");
}

static void
test_levels(void)
{
    static const struct {
        GLogLevelFlags level;
        const char *name;
    } levels[] = {
        { G_LOG_LEVEL_CRITICAL, "error x" },
        { G_LOG_LEVEL_WARNING, "warning x" },
        { G_LOG_LEVEL_MESSAGE, "info x" },
        { G_LOG_LEVEL_INFO, "info x" },
        { G_LOG_LEVEL_DEBUG, "debug x" },
    };
    GLogField fields[] = { { "MESSAGE", "x", -1 } };

    for (size_t i = 0; i < G_N_ELEMENTS(levels); i++) {
        g_autofree char *line = fulcra_log_format(levels[i].level, fields, 1);
        g_assert_cmpstr(line, ==, levels[i].name);
    }
}

static void
test_escapes(void)
{
    assert_line("a\nb", "info a\\nb");
    assert_line("a\r\x1b[31m\x7f", "info a\\x0d\\x1b[31m\\x7f");
    assert_line("\t", "info \\x09");
    assert_line("\xc2\x85", "info \\u0085");
    assert_line("a\xe2\x80\xa8"
                "b",
            "info a\\u2028b");
    assert_line("\xe2\x80\xae", "info \\u202e");
    assert_line("\xff\xc3", "info \\xff\\xc3");
    assert_line("\xc0\xae", "info \\xc0\\xae");
    assert_line("\xed\xa0\x80", "info \\xed\\xa0\\x80");
}

static void
test_fields_stand_before_the_message(void)
{
    GLogField fields[] = {
        { "MESSAGE", "it module=urn:forged", -1 },
        { "PRIORITY", "6", -1 },
        { "FULCRA_MODULE", "urn:real", -1 },
        { "FULCRA_REQUEST", "res:/a b", -1 },
        { "FULCRA_SOCKET", "x\" module=\"y\n", -1 },
    };
    g_autofree char *line =
            fulcra_log_format(G_LOG_LEVEL_INFO, fields, G_N_ELEMENTS(fields));

    g_assert_cmpstr(line, ==,
            "info module=urn:real request=\"res:/a b\" "
            "socket=\"x\\\" module=\\\"y\\n\" it module=urn:forged");
}

static void
test_embedded_nul_and_length(void)
{
    GLogField fields[] = { { "MESSAGE", "a\0b and more", 3 } };
    g_autofree char *line = fulcra_log_format(G_LOG_LEVEL_INFO, fields, 1);

    g_assert_cmpstr(line, ==, "info a\\x00b");
}

static void
test_long_messages_are_cut(void)
{
    g_autoptr(GString) message = g_string_new(NULL);

    for (unsigned i = 0; i < 100000; i++)
        g_string_append(message, "\xe2\x82\xac");
    GLogField fields[] = { { "MESSAGE", message->str, -1 } };
    g_autofree char *line = fulcra_log_format(G_LOG_LEVEL_INFO, fields, 1);

    g_assert_cmpuint(strlen(line), <, 4096);
    g_assert_true(g_str_has_suffix(line, "..."));
    g_assert_true(g_utf8_validate(line, -1, NULL));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/log/plain", test_plain);
    g_test_add_func("/log/levels", test_levels);
    g_test_add_func("/log/escapes", test_escapes);
    g_test_add_func("/log/fields", test_fields_stand_before_the_message);
    g_test_add_func("/log/length", test_embedded_nul_and_length);
    g_test_add_func("/log/cut", test_long_messages_are_cut);
    return g_test_run();
}
