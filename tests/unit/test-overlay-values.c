/* SPDX-License-Identifier: MIT */

/*
 * Origins, lines of request logs, names of lanes: pure functions of overlays
 */

#include "spaces/access_line.h"
#include "spaces/origin_list.h"
#include "spaces/turnstile.h"

#include <fulcra-host/identifier.h>
#include <json-glib/json-glib.h>
#include <string.h>

/* --- origins --- */

static const struct {
    const char *pattern, *says; /* says NULL: it is one */
} patterns[] = {
    { "https://a.example", NULL },
    { "http://localhost", NULL },
    { "http://localhost:5173", NULL },
    { "https://a.example:8443", NULL },
    { "http://127.0.0.1:80a", "not a number" },
    { "http://[::1]:8080", NULL },
    { "https://[::1", "not a name" },
    { "https://xn--bcher-kva.example", NULL },
    { "https://*.example.org", NULL },
    { "https://*.example.org:8443", NULL },
    { "chrome-extension://abcdef", NULL },
    { "", "scheme://host" },
    { "a.example", "scheme://host" },
    { "://a.example", "no scheme" },
    { "HTTPS://a.example", "lower-case" },
    { "https://A.example", "lower case" },
    { "https://b\xc3\xbc"
      "cher.example",
            "lower case" },
    { "https://a.example/", "without a slash" },
    { "https://a.example?x", "lower case" },
    { "https://user@a.example", "lower case" },
    { "https://a.example:443", "scheme's own" },
    { "http://a.example:80", "scheme's own" },
    { "https://a.example:80", NULL },
    { "https://a.example:", "not a number" },
    { "https://a.example:0443", "not a number" },
    { "https://a.example:65536", "not a number" },
    { "https://a.example:8443/", "not a number" },
    { "https://", "not a name" },
    { "https://.example", "not a name" },
    { "https://a..example", "not a name" },
    { "https://a.example.", "not a name" },
    { "https://*", "not a name" },
    { "https://*.org", "single label" },
    { "https://a.*.org", "not a name" },
    { "https://*a.example.org", "not a name" },
    { "https://*.*.example.org", "not a name" },
    { "https://*.[::1]", "not a name" },
    { "null", "sandboxed" },
};

static void
test_patterns(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(patterns); i++) {
        const char *bad = fulcra__origin_check_pattern(patterns[i].pattern);

        g_test_message("%s: %s", patterns[i].pattern, bad ? bad : "fine");
        if (patterns[i].says == NULL)
            g_assert_null(bad);
        else
            g_assert_nonnull(strstr(bad ? bad : "", patterns[i].says));
    }
}

static const struct {
    const char *pattern, *origin;
    bool matches;
} origins[] = {
    { "https://a.example", "https://a.example", true },
    { "https://a.example", "https://A.example", false },
    { "https://a.example", "https://a.example/", false },
    { "https://a.example", "https://a.example:443", false },
    { "https://a.example", "https://a.example.evil", false },
    { "https://a.example", "http://a.example", false },
    { "https://a.example", "", false },
    { "https://*.b.example", "https://a.b.example", true },
    { "https://*.b.example", "https://a.a.b.example", true },
    { "https://*.b.example", "https://b.example", false },
    { "https://*.b.example", "https://.b.example", false },
    { "https://*.b.example", "https://ab.example", false },
    { "https://*.b.example", "https://evil-b.example", false },
    { "https://*.b.example", "http://a.b.example", false },
    { "https://*.b.example", "https://a.b.example:8443", false },
    { "https://*.b.example:8443", "https://a.b.example:8443", true },
    { "https://*.b.example", "https://evil.example/.b.example", false },
    { "https://*.b.example", "https://evil.example#.b.example", false },
    { "https://*.b.example", "https://evil.example:1.b.example", false },
    { "https://*.b.example", "https://evil@x.b.example", false },
    { "https://*.b.example", "https://evil..b.example", false },
    { "https://*.b.example", "https://e\r\nvil.b.example", false },
    { "https://*.b.example", "null", false },
};

static void
test_origins(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(origins); i++) {
        g_test_message("%s %s", origins[i].pattern, origins[i].origin);
        g_assert_cmpint(
                fulcra__origin_matches(origins[i].pattern, origins[i].origin),
                ==, origins[i].matches);
    }
}

/* --- lines --- */

/* 2026-01-02T03:04:05.678Z */
#define AT INT64_C(1767323045678901)

static FulcraAccess *
some_access(void)
{
    FulcraAccess *access = fulcra__access_new(FULCRA_ACCESS_REQUEST);

    access->at = AT;
    access->host = g_strdup("::1");
    access->method = g_strdup("GET");
    access->target = g_strdup("/a?b=c");
    access->status = 200;
    access->bytes = 12;
    return access;
}

static void
test_combined(void)
{
    g_autoptr(FulcraAccess) access = some_access();
    g_autofree char *line = fulcra__access_to_combined(access);

    g_assert_cmpstr(line, ==,
            "::1 - - [02/Jan/2026:03:04:05 +0000] \"GET /a?b=c HTTP/1.1\" "
            "200 12 \"-\" \"-\"");
}

static void
test_combined_escapes(void)
{
    g_autoptr(FulcraAccess) access = some_access();

    access->user = g_strdup("a b] \"x");
    g_free(access->target);
    access->target = g_strdup("/\" 200 1 \"");
    access->referer = g_strdup("\\\" \"\n1.2.3.4 - -");
    access->agent = g_strdup("\x1b[2J\x7f\xc3\xa9");
    access->bytes = -1;
    g_autofree char *line = fulcra__access_to_combined(access);
    g_assert_cmpstr(line, ==,
            "::1 - a\\x20b]\\x20\\\"x [02/Jan/2026:03:04:05 +0000] "
            "\"GET /\\\"\\x20200\\x201\\x20\\\" HTTP/1.1\" 200 - "
            "\"\\\\\\\" \\\"\\x0a1.2.3.4 - -\" \"\\x1b[2J\\x7f\\xc3\\xa9\"");
}

static void
test_combined_is_bounded(void)
{
    g_autoptr(FulcraAccess) access = some_access();

    access->agent = g_strnfill(100000, 'x');
    g_autofree char *line = fulcra__access_to_combined(access);
    g_assert_cmpuint(strlen(line), <, 2500);
    g_assert_true(g_str_has_suffix(line, "xxx...\""));
}

static void
test_json(void)
{
    g_autoptr(FulcraAccess) access = some_access();

    access->event = FULCRA_ACCESS_CLOSE;
    access->reason = g_strdup("\"},\n{\xff");
    access->messages = 3;
    g_autofree char *line = fulcra__access_to_json(access);
    g_autoptr(JsonNode) node = json_from_string(line, NULL);
    JsonObject *object = json_node_get_object(node);

    g_assert_null(strchr(line, '\n'));
    g_assert_cmpstr(json_object_get_string_member(object, "time"), ==,
            "2026-01-02T03:04:05.678Z");
    g_assert_cmpstr(
            json_object_get_string_member(object, "event"), ==, "close");
    g_assert_cmpstr(json_object_get_string_member(object, "reason"), ==,
            "\"},\n{\xef\xbf\xbd");
    g_assert_cmpint(json_object_get_int_member(object, "status"), ==, 200);
    g_assert_cmpint(json_object_get_int_member(object, "messages"), ==, 3);
    g_assert_false(json_object_has_member(object, "user"));
}

/* --- lanes --- */

static void
test_lane_of(void)
{
    static const char *const lanes[][2] = {
        { "res:/a", "res:/a" },
        { "active:x+a@res%3A/b", "active:x+a@res%3A/b" },
        { "ws:/room+socketid@4f2a", "ws:/room" },
        { "ws:/a%2Bb+socketid@4f2a+status@1000", "ws:/a%2Bb" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(lanes); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(FulcraIdentifier) identifier =
                fulcra_host_identifier_parse(lanes[i][0], &error);
        g_assert_no_error(error);
        g_autofree char *lane = fulcra__turnstile_lane_of(identifier);
        g_assert_cmpstr(lane, ==, lanes[i][1]);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/overlays/origin-patterns", test_patterns);
    g_test_add_func("/overlays/origins", test_origins);
    g_test_add_func("/overlays/combined", test_combined);
    g_test_add_func("/overlays/combined-escapes", test_combined_escapes);
    g_test_add_func("/overlays/combined-is-bounded", test_combined_is_bounded);
    g_test_add_func("/overlays/json", test_json);
    g_test_add_func("/overlays/lane-of", test_lane_of);
    return g_test_run();
}
