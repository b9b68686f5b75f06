/* SPDX-License-Identifier: MIT */
#include "private/json.h"

#include <fulcra/error.h>
#include <string.h>

static void
test_json(void)
{
    static const char *const texts[] = { "{}", "[]", " [ ] ", "0", "-0", "1.5",
        "1e9", "1E+9", "-1.25e-3", "true", "false", "null", "\"\"", "\"a b\"",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\u00e9\"", "\"\\u0000\"",
        "\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\"", "\"\x7f\"",
        "{\"a\":{\"b\":[1,[2,{}]]},\"a\":1}", "\t\r\n[1 , 2]\n" };

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;

        fulcra__json_check(texts[i], &error);
        g_assert_no_error(error);
        JsonNode *node = fulcra__json_parse(texts[i], strlen(texts[i]), &error);
        g_assert_no_error(error);
        json_node_unref(node);
    }
}

static void
test_not_json(void)
{
    static const struct {
        const char *text;
        unsigned character;
    } table[] = {
        { "", 1 },
        { " ", 2 },
        { "a", 1 },
        { "'a'", 1 },
        { "nul", 1 },
        { "nulll", 5 },
        { "null{\"a\":1}", 5 },
        { "{} {}", 4 },
        { "/* */ {}", 1 },
        { "// x", 1 },
        { "01", 2 },
        { "+1", 1 },
        { ".5", 1 },
        { "1.", 3 },
        { "1e", 3 },
        { "-", 2 },
        { "0x10", 2 },
        { "NaN", 1 },
        { "[1,]", 4 },
        { "[,]", 2 },
        { "[1 2]", 4 },
        { "[1", 3 },
        { "{\"a\"}", 5 },
        { "{\"a\":}", 6 },
        { "{\"a\":1,}", 8 },
        { "{a:1}", 2 },
        { "{1:1}", 2 },
        { "]", 1 },
        { "\"a", 3 },
        { "\"a\nb\"", 3 },
        { "\"\\", 3 },
        { "\"\\x\"", 3 },
        { "\"\\u12\"", 6 },
        { "\"\\ud83d\"", 8 },
        { "\"\\ud83d\\ud83d\"", 14 },
        { "\"\\ud83d\\u{00\"", 10 },
        { "\"\\ude00\"", 8 },
        { "\"\xc3\xa9\"x", 4 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *place =
                g_strdup_printf("not JSON: character %u: ", table[i].character);

        g_assert_false(fulcra__json_check(table[i].text, &error));
        g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT);
        if (!g_str_has_prefix(error->message, place))
            g_error("%s: %s", table[i].text, error->message);
    }
}

static char *
nested(const char *open, const char *close, unsigned depth)
{
    GString *text = g_string_new(NULL);

    for (unsigned i = 0; i < depth; i++)
        g_string_append(text, open);
    g_string_append(text, "1");
    for (unsigned i = 0; i < depth; i++)
        g_string_append(text, close);
    return g_string_free(text, FALSE);
}

static void
test_depth(void)
{
    static const struct {
        const char *open, *close;
    } forms[] = { { "[", "]" }, { "{\"a\":", "}" } };

    for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
        g_autofree char *deepest =
                nested(forms[i].open, forms[i].close, FULCRA__JSON_MAX_DEPTH);
        g_autofree char *deeper = nested(
                forms[i].open, forms[i].close, FULCRA__JSON_MAX_DEPTH + 1);
        g_autofree char *bomb = nested(forms[i].open, "", 200000);
        g_autoptr(GError) error = NULL;

        g_assert_true(fulcra__json_check(deepest, NULL));
        g_assert_false(fulcra__json_check(deeper, NULL));
        g_assert_false(fulcra__json_check(bomb, &error));
        g_assert_nonnull(strstr(error->message, "64 deep"));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/json-check/json", test_json);
    g_test_add_func("/json-check/not-json", test_not_json);
    g_test_add_func("/json-check/depth", test_depth);
    return g_test_run();
}
