/* SPDX-License-Identifier: MIT */

/*
 * Suites: how JSON is compared, and that the guide says what the tables say
 */

#include "program/suite.h"

#include <string.h>

static const struct {
    const char *is, *should, *difference;
} values[] = {
    { "1", "1", NULL },
    { "1", "1.0", NULL },
    { "1", "2", "at $: 1, not 2" },
    { "9007199254740993", "9007199254740992",
            "at $: 9007199254740993, not 9007199254740992" },
    { "1", "\"1\"", "at $: 1, not \"1\"" },
    { "true", "1", "at $: true, not 1" },
    { "true", "true", NULL },
    { "null", "null", NULL },
    { "null", "false", "at $: null, not false" },
    { "\"a\"", "\"b\"", "at $: \"a\", not \"b\"" },
    { "[]", "{}", "at $: [], not {}" },
    { "[1,2]", "[1,2]", NULL },
    { "[1,2]", "[2,1]", "at $[0]: 1, not 2" },
    { "[1,2]", "[1]", "at $: 2 elements, not 1" },
    { "{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", NULL },
    { "{\"a\":1}", "{\"a\":1,\"b\":2}", "at $.b: nothing" },
    { "{\"a\":1,\"b\":2}", "{\"a\":1}", "at $.b: nothing was expected there" },
    { "{\"a\":[{\"b\":null}]}", "{\"a\":[{\"b\":0}]}",
            "at $.a[0].b: null, not 0" },
};

static void
test_json(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
        g_autoptr(JsonNode) is = json_from_string(values[i].is, NULL);
        g_autoptr(JsonNode) should = json_from_string(values[i].should, NULL);
        g_autofree char *difference = fulcra_json_differs(is, should);

        g_assert_cmpstr(difference, ==, values[i].difference);
    }
}

#define GUIDE      "doc/guide/testing-a-module.md"
#define MARK_BEGIN "<!-- begin: keys -->\n\n"
#define MARK_END   "\n<!-- end: keys -->\n"

static void
test_guide(void)
{
    g_autofree char *path = g_build_filename(
            g_getenv("FULCRA_SRCDIR") != NULL ? g_getenv("FULCRA_SRCDIR") : ".",
            GUIDE, NULL);
    g_autofree char *tables =
            fulcra_host_schema_to_markdown(&fulcra_suite_schema, NULL);
    g_autofree char *is = NULL;

    g_assert_true(g_file_get_contents(path, &is, NULL, NULL));
    const char *begin = strstr(is, MARK_BEGIN);
    const char *end = strstr(is, MARK_END);
    g_assert_true(begin != NULL && end != NULL);
    begin += strlen(MARK_BEGIN);
    g_autofree char *should =
            g_strdup_printf("%.*s%s%s", (int)(begin - is), is, tables, end);
    if (strcmp(is, should) != 0) {
        g_file_set_contents(
                "tests/unit/testing-a-module.md.made", should, -1, NULL);
        g_error(GUIDE " is not what the tables say; what they say is in "
                      "tests/unit/testing-a-module.md.made");
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/suite/json", test_json);
    g_test_add_func("/suite/guide", test_guide);
    return g_test_run();
}
