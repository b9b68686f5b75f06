/* SPDX-License-Identifier: MIT */
/*
 * Documents: what is accepted, what is refused with which words, and where
 * values stand.
 */
#include <fulcra-host/json.h>
#include <fulcra/error.h>

#include <glib/gstdio.h>
#include <string.h>

#include "patience.h"

static FulcraDocument *
read_text(const char *text, GError **error)
{
    return fulcra_host_document_new("f.json", text, strlen(text), error);
}

/* --- what is accepted --- */

static const char *const accepted[] = {
    "{}",
    "[]",
    " \t\r\n{ \"a\" : 1 }\n",
    "[0,-0,1,-1,0.5,-0.5,1e5,1E5,1e+5,1E-5,1.25e3,9223372036854775807,"
    "-9223372036854775808]",
    "[\"\",\"a\",\"\\\"\\\\\\/\\b\\f\\n\\r\\t\",\"\\u00e4\",\"\\u20AC\","
    "\"\\ud83d\\ude00\",\"\xc3\xa4\",\"\xf0\x9f\x98\x80\",\"\x7f\"]",
    "[true,false,null]",
    "{\"a\":{\"a\":{\"a\":[{\"a\":1}]}},\"b\":[[],[[]],{}]}",
    "\"text\"",
    "12",
    "true",
    "{\"\":1,\" \":2,\"\\n\":3}",
    "[\"// not a comment\",\"/* nor this */\",\"it's\",\"a,]\"]",
};

static void
test_accepted(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(accepted); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(FulcraDocument) document = read_text(accepted[i], &error);

        g_assert_no_error(error);
        g_assert_nonnull(document);
    }
}

static void
test_values(void)
{
    g_autoptr(FulcraDocument) document = read_text(accepted[4], NULL);
    JsonArray *list =
            json_node_get_array(fulcra_host_document_get_root(document));
    static const char *const values[] = { "", "a", "\"\\/\b\f\n\r\t", "ä", "€",
        "😀", "ä", "😀", "\x7f" };

    g_assert_cmpuint(json_array_get_length(list), ==, G_N_ELEMENTS(values));
    for (unsigned i = 0; i < G_N_ELEMENTS(values); i++)
        g_assert_cmpstr(json_array_get_string_element(list, i), ==, values[i]);
}

static void
test_numbers(void)
{
    g_autoptr(FulcraDocument) document = read_text(accepted[3], NULL);
    JsonArray *list =
            json_node_get_array(fulcra_host_document_get_root(document));

    g_assert_cmpint(json_array_get_int_element(list, 11), ==, INT64_MAX);
    g_assert_cmpint(json_array_get_int_element(list, 12), ==, INT64_MIN);
    g_assert_cmpfloat(json_array_get_double_element(list, 6), ==, 1e5);
    g_assert_cmpfloat(json_array_get_double_element(list, 9), ==, 1e-5);
    g_assert_cmpfloat(json_array_get_double_element(list, 10), ==, 1250);
}

/* --- what is refused --- */

static const struct {
    const char *text, *message;
} refused[] = {
    { "", "1:1: nothing but space; a value is expected" },
    { "  \n ", "2:2: nothing but space; a value is expected" },
    { "\xef\xbb\xbf{}",
            "1:1: a byte order mark; save the file as UTF-8 without one" },
    { "{\"a\":1,}", "1:7: a comma before '}'; take it out" },
    { "[1,2,\n]", "1:5: a comma before ']'; take it out" },
    { "[1 2]", "1:4: '2' where ',' or ']' is expected" },
    { "{\"a\":1\n \"b\":2}", "2:2: '\"' where ',' or '}' is expected" },
    { "{\"a\" 1}", "1:6: '1' where ':' must follow the key" },
    { "{a:1}", "1:2: a key needs double quotes: \"a\"" },
    { "{'a':1}", "1:2: a single quote; JSON has double quotes only" },
    { "['a']", "1:2: a single quote; JSON has double quotes only" },
    { "{1:1}", "1:2: a key needs double quotes: \"1\"" },
    { "{,}", "1:2: ',' where a key in double quotes is expected" },
    { "[,]", "1:2: ',' where a value is expected" },
    { "[1,,2]", "1:4: ',' where a value is expected" },
    { "// x\n{}", "1:1: a comment; JSON has none, so take it out" },
    { "{ /* x */ }", "1:3: a comment; JSON has none, so take it out" },
    { "{\"a\":1 # x\n}", "1:8: a comment; JSON has none, so take it out" },
    { "{} {}", "1:4: '{' after the end of the value; a document is one value" },
    { "{}x", "1:3: 'x' after the end of the value; a document is one value" },
    { "{", "1:2: the end of the file where a key in double quotes is "
           "expected" },
    { "[", "1:2: the end of the file where a value is expected" },
    { "[1", "1:3: the end of the file where ',' or ']' is expected" },
    { "{\"a\":", "1:6: the end of the file where a value is expected" },
    { "[1}", "1:3: '}' where ',' or ']' is expected" },
    { "{\"a\":1,\"b\":2,\"a\":3}",
            "1:14: the key \"a\" stands twice in one object; keep one of "
            "them" },
    { "{\"a\":1,\"\\u0061\":3}",
            "1:8: the key \"a\" stands twice in one object; keep one of "
            "them" },
    { "[True]", "1:2: unknown word 'True'; did you mean true?" },
    { "[yes]", "1:2: unknown word 'yes'; did you mean true?" },
    { "[None]", "1:2: unknown word 'None'; did you mean null?" },
    { "[truely]", "1:2: unknown word 'truely'; a text needs double quotes: "
                  "\"truely\"" },
    { "[hello]", "1:2: unknown word 'hello'; a text needs double quotes: "
                 "\"hello\"" },
    { "[NaN]", "1:2: unknown word 'NaN'; a text needs double quotes: \"NaN\"" },
    { "[01]", "1:2: a number with a leading zero; leave it out" },
    { "[-01]", "1:2: a number with a leading zero; leave it out" },
    { "[+1]", "1:2: '+' where a value is expected" },
    { "[.5]", "1:2: '.' where a value is expected" },
    { "[1.]", "1:4: a number with ']' where a digit must follow the point" },
    { "[1e]", "1:4: a number with ']' where a digit must follow the "
              "exponent" },
    { "[-]", "1:3: a number with ']' where a digit must follow the sign" },
    { "[1x]", "1:2: a number with 'x' behind it; a text needs double "
              "quotes" },
    { "[0x10]", "1:2: a number with 'x10' behind it; a text needs double "
                "quotes" },
    { "[9223372036854775808]",
            "1:2: 9223372036854775808 does not fit a signed number of 64 "
            "bits" },
    { "[1e999]", "1:2: 1e999 is too large for a number" },
    { "[\"a\nb\"]", "1:2: a text that does not end in its line; close it "
                    "with a double quote, write a line break as \\n" },
    { "[\"a\tb\"]", "1:4: a control character in a text; write it as \\u0009" },
    { "[\"abc", "1:2: a text without its closing double quote" },
    { "[\"\\x\"]", "1:3: 'x' cannot be escaped; write \\\\ for a backslash" },
    { "[\"\\", "1:3: the end of the file cannot be escaped; write \\\\ for a "
               "backslash" },
    { "[\"\\u12\"]", "1:3: \\u needs four hexadecimal digits" },
    { "[\"\\u0000\"]", "1:3: \\u0000 in a text; it would end there" },
    { "[\"\\ud800\"]", "1:3: half of a surrogate pair; \\udc00 to \\udfff "
                       "must follow" },
    { "[\"\\ud800\\u0041\"]", "1:3: half of a surrogate pair; \\udc00 to "
                              "\\udfff must follow" },
    { "[\"\\udc00\"]", "1:3: half of a surrogate pair; \\ud800 to \\udbff "
                       "must precede it" },
    { "[\"\xff\"]", "1:3: the byte 0xff is not UTF-8; save the file as UTF-8" },
    { "[\"\xc0\x80\"]",
            "1:3: the byte 0xc0 is not UTF-8; save the file as UTF-8" },
    { "[\"\xed\xa0\x80\"]",
            "1:3: the byte 0xed is not UTF-8; save the file as UTF-8" },
    { "[\"\xc3\xa4\xc3\xa4\" x]", "1:7: 'x' where ',' or ']' is expected" },
    { "[\xe2\x82\xac]", "1:2: '€' where a value is expected" },
    { "[\x01]", "1:2: the byte 0x01 where a value is expected" },
};

static void
test_refused(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *expected =
                g_strconcat("f.json:", refused[i].message, NULL);

        g_assert_null(read_text(refused[i].text, &error));
        g_assert_cmpstr(error->message, ==, expected);
        g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT);
    }
}

static void
test_nul(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(fulcra_host_document_new("f.json", "[1]\0 ", 5, &error));
    g_assert_cmpstr(error->message, ==,
            "f.json:1:4: the byte 0x00 after the end of the value; a document "
            "is one value");
    g_clear_error(&error);
    g_assert_null(fulcra_host_document_new("f.json", "[\"a\0b\"]", 7, &error));
    g_assert_cmpstr(error->message, ==,
            "f.json:1:4: a control character in a text; write it as \\u0000");
}

/* Every document that was accepted is refused wherever it is cut, without
 * reading behind the cut. */
static void
test_cut(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(accepted); i++) {
        if (strchr("{[\"", accepted[i][0]) == NULL)
            continue;
        for (size_t length = 0; length + 1 < strlen(accepted[i]); length++) {
            g_autoptr(GError) error = NULL;
            g_autoptr(FulcraDocument) document = fulcra_host_document_new(
                    "f.json", accepted[i], length, &error);

            g_assert_null(document);
            g_assert_nonnull(error);
        }
    }
}

/* --- limits --- */

/* Says that @text is refused as too large, after a tenth of a second at most.
 */
static void
assert_too_large(const char *text, size_t length, const char *message)
{
    g_autoptr(GError) error = NULL;
    int64_t start = computed();

    g_assert_null(fulcra_host_document_new("f.json", text, length, &error));
    g_assert_cmpint(computed() - start, <, patience() * 100 * 1000);
    g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_TOO_LARGE);
    g_assert_cmpstr(error->message, ==, message);
}

static char *
repeat(const char *unit, size_t times, size_t *length)
{
    GString *text = g_string_sized_new(strlen(unit) * times);

    for (size_t i = 0; i < times; i++)
        g_string_append(text, unit);
    *length = text->len;
    return g_string_free(text, false);
}

static void
test_depth(void)
{
    size_t length;
    g_autofree char *lists = repeat("[", 200000, &length);
    g_autofree char *objects = NULL;
    g_autofree char *deepest = NULL;
    g_autofree char *closing = NULL;
    g_autofree char *just = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraDocument) document = NULL;

    assert_too_large(lists, length, "f.json:1:65: nested more than 64 deep");
    objects = repeat("{\"a\":", 200000, &length);
    assert_too_large(objects, length, "f.json:1:321: nested more than 64 deep");

    deepest = repeat("[", FULCRA_JSON_MAX_DEPTH, &length);
    closing = repeat("]", FULCRA_JSON_MAX_DEPTH, &length);
    just = g_strconcat(deepest, closing, NULL);
    document = read_text(just, &error);
    g_assert_no_error(error);
}

static void
test_long_text(void)
{
    size_t length;
    g_autofree char *inner = repeat("x", 10 * 1000 * 1000, &length);
    g_autofree char *text = g_strconcat("{\"a\": \"", inner, "\"}", NULL);
    g_autofree char *key = g_strconcat("{\"", inner, "\": 1}", NULL);
    g_autofree char *just = NULL;
    g_autoptr(FulcraDocument) document = NULL;

    assert_too_large(
            text, strlen(text), "f.json:1:7: a text of more than 65536 bytes");
    assert_too_large(
            key, strlen(key), "f.json:1:2: a text of more than 65536 bytes");
    inner[FULCRA_JSON_MAX_TEXT] = '\0';
    just = g_strconcat("{\"a\": \"", inner, "\"}", NULL);
    document = read_text(just, NULL);
    g_assert_nonnull(document);
}

static void
test_long_document(void)
{
    size_t length;
    g_autofree char *space = repeat(" ", FULCRA_JSON_MAX_SIZE + 1, &length);

    assert_too_large(space, length,
            "f.json:1:1: 10485761 bytes; a document has at most 10485760");
}

static void
test_many_values(void)
{
    size_t length;
    g_autofree char *inner = repeat("1,", FULCRA_JSON_MAX_VALUES, &length);
    g_autofree char *text = g_strconcat("[", inner, "1]", NULL);

    assert_too_large(
            text, strlen(text), "f.json:1:200000: more than 100000 values");
}

static void
test_long_number(void)
{
    size_t length;
    g_autofree char *digits = repeat("1", 1000 * 1000, &length);

    assert_too_large(digits, length,
            "f.json:1:1: a number of 1000000 characters; at most 64 are "
            "allowed");
}

/* --- positions --- */

static JsonNode *
member(JsonNode *node, const char *name)
{
    return json_object_get_member(json_node_get_object(node), name);
}

static void
assert_at(FulcraPosition position, unsigned line, unsigned column)
{
    g_assert_cmpuint(position.line, ==, line);
    g_assert_cmpuint(position.column, ==, column);
}

static void
test_positions(void)
{
    g_autoptr(FulcraDocument) document = read_text("{\n"
                                                   "  \"ä\": [ 1,\n"
                                                   "    {\"b\" : \"x\" } ],\n"
                                                   "  \"c\": true }",
            NULL);
    JsonNode *root = fulcra_host_document_get_root(document);
    JsonArray *list = json_node_get_array(member(root, "ä"));
    JsonNode *inner = json_array_get_element(list, 1);

    assert_at(fulcra_host_document_get_value(document, root), 1, 1);
    assert_at(fulcra_host_document_get_key(document, root), 1, 1);
    assert_at(fulcra_host_document_get_key(document, member(root, "ä")), 2, 3);
    assert_at(
            fulcra_host_document_get_value(document, member(root, "ä")), 2, 8);
    assert_at(fulcra_host_document_get_value(
                      document, json_array_get_element(list, 0)),
            2, 10);
    assert_at(fulcra_host_document_get_key(document, member(inner, "b")), 3, 6);
    assert_at(fulcra_host_document_get_value(document, member(inner, "b")), 3,
            12);
    assert_at(
            fulcra_host_document_get_value(document, member(root, "c")), 4, 8);
}

/* Escapes count as they stand in the file. */
static void
test_within(void)
{
    g_autoptr(FulcraDocument) document =
            read_text("[\"a\\n\\u00e4\\ud83d\\ude00\\u20acä!\"]", NULL);
    JsonNode *node = json_array_get_element(
            json_node_get_array(fulcra_host_document_get_root(document)), 0);
    static const struct {
        size_t offset;
        unsigned column;
    } places[] = { { 0, 3 }, { 1, 4 }, { 2, 6 }, { 4, 12 }, { 8, 24 },
        { 11, 30 }, { 13, 31 }, { 14, 32 }, { 99, 32 } };

    for (size_t i = 0; i < G_N_ELEMENTS(places); i++)
        assert_at(fulcra_host_document_get_within(
                          document, node, places[i].offset),
                1, places[i].column);
}

static void
test_problems(void)
{
    g_autoptr(FulcraDocument) document = read_text("{\"a\":1,\n\"b\":2}", NULL);
    g_autoptr(FulcraProblems) problems = fulcra_host_problems_new();
    g_autoptr(GError) error = NULL;
    JsonNode *root = fulcra_host_document_get_root(document);

    g_assert_true(fulcra_host_problems_none(problems, &error));
    fulcra_host_problems_add(problems, document,
            fulcra_host_document_get_key(document, member(root, "b")), "%s",
            "second");
    fulcra_host_problems_add(problems, document,
            fulcra_host_document_get_value(document, member(root, "a")), "%s",
            "first");
    g_assert_false(fulcra_host_problems_none(problems, &error));
    g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_MODULE);
    g_assert_cmpstr(
            error->message, ==, "f.json:1:6: first\nf.json:2:1: second");
    for (unsigned i = 0; i < FULCRA_PROBLEMS_MAX; i++)
        fulcra_host_problems_add(problems, document,
                fulcra_host_document_get_value(document, root), "again");
    g_clear_error(&error);
    g_assert_false(fulcra_host_problems_none(problems, &error));
    g_assert_true(g_str_has_suffix(error->message, "\nand 2 more"));
}

/* --- files, quantities --- */

static void
test_load(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = g_dir_make_tmp("fulcra-json-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(folder, "a.json", NULL);
    g_autoptr(FulcraDocument) document = NULL;

    g_assert_null(fulcra_host_document_load(file, &error));
    g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_NOT_FOUND);
    g_clear_error(&error);
    g_assert_null(fulcra_host_document_load(folder, &error));
    g_assert_true(g_str_has_suffix(error->message, ": not a regular file"));

    g_assert_true(g_file_set_contents(file, "{\"a\":1}", -1, NULL));
    document = fulcra_host_document_load(file, NULL);
    g_assert_cmpint(fulcra_host_json_get_int(
                            json_node_get_object(
                                    fulcra_host_document_get_root(document)),
                            "a", 0),
            ==, 1);
    g_assert_cmpint(g_remove(file), ==, 0);
    g_assert_cmpint(g_rmdir(folder), ==, 0);
}

static void
test_quantities(void)
{
    int64_t value;
    static const char *const bad[] = { "", "5", "ms", "-5ms", "5 ms", "5Ms",
        "1.5s", "99999999999999999999ms", "9223372036854775807s" };

    g_assert_true(fulcra_host_parse_duration("0", &value, NULL));
    g_assert_cmpint(value, ==, 0);
    g_assert_true(fulcra_host_parse_duration("500ms", &value, NULL));
    g_assert_cmpint(value, ==, 500);
    g_assert_true(fulcra_host_parse_duration("2d", &value, NULL));
    g_assert_cmpint(value, ==, 2 * 24 * 3600 * 1000);
    g_assert_true(fulcra_host_parse_size("64KiB", &value, NULL));
    g_assert_cmpint(value, ==, 65536);
    g_assert_false(fulcra_host_parse_size("64KB", &value, NULL));
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_false(fulcra_host_parse_duration(bad[i], &value, &error));
        g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/json/accepted", test_accepted);
    g_test_add_func("/json/values", test_values);
    g_test_add_func("/json/numbers", test_numbers);
    g_test_add_func("/json/refused", test_refused);
    g_test_add_func("/json/nul", test_nul);
    g_test_add_func("/json/cut", test_cut);
    g_test_add_func("/json/depth", test_depth);
    g_test_add_func("/json/long-text", test_long_text);
    g_test_add_func("/json/long-document", test_long_document);
    g_test_add_func("/json/many-values", test_many_values);
    g_test_add_func("/json/long-number", test_long_number);
    g_test_add_func("/json/positions", test_positions);
    g_test_add_func("/json/within", test_within);
    g_test_add_func("/json/problems", test_problems);
    g_test_add_func("/json/load", test_load);
    g_test_add_func("/json/quantities", test_quantities);
    return g_test_run();
}
