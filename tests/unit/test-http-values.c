/* SPDX-License-Identifier: MIT */

/*
 * Paths, origins, cookies, handshakes, suggestions: pure functions of
 * the HTTP transport
 */

#include "http/cookies.h"
#include "http/handshake.h"
#include "http/head_private.h"
#include "http/origin.h"
#include "http/page.h"
#include "http/path.h"
#include "http/reply.h"
#include "http/template.h"

#include <fulcra/error.h>
#include <string.h>

/* --- paths --- */

static const struct {
    const char *target, *path; /* path NULL: refused */
} paths[] = {
    { "/", "/" },
    { "/a", "/a" },
    { "/a/", "/a/" },
    { "//a//", "//a//" },
    { "/.", "/" },
    { "/./", "/" },
    { "/a/.", "/a/" },
    { "/a/..", "/" },
    { "/a/../", "/" },
    { "/a/../b", "/b" },
    { "/a/./b/../../c", "/c" },
    { "/a//../b", "/a/b" },
    { "/...", "/..." },
    { "/.a", "/.a" },
    { "/a..", "/a.." },
    { "/%2e", "/" },
    { "/a/%2E%2e/b", "/b" },
    { "/a/.%2e/b", "/b" },
    { "/a%20b", "/a b" },
    { "/a+b", "/a+b" },
    { "/%2B%40%25", "/+@%" },
    { "/%252e%252e/", "/%2e%2e/" },
    { "/%C3%A9\xc3\xa9", "/\xc3\xa9\xc3\xa9" },
    { "/%23%3F", "/#?" },
    { "", NULL },
    { "a", NULL },
    { "*", NULL },
    { "/..", NULL },
    { "/../a", NULL },
    { "/a/../..", NULL },
    { "/a/%2e%2e/%2e%2e/b", NULL },
    { "/a/..%2f", NULL },
    { "/%2F", NULL },
    { "/\\", NULL },
    { "/%5c", NULL },
    { "/%00", NULL },
    { "/%0a", NULL },
    { "/%1F", NULL },
    { "/%7f", NULL },
    { "/\t", NULL },
    { "/a#b", NULL },
    { "/%", NULL },
    { "/%a", NULL },
    { "/%ag", NULL },
    { "/%%41", NULL },
    { "/%ff", NULL },
    { "/%c0%ae", NULL },
    { "/%ed%a0%80", NULL },
    { "/\xff", NULL },
};

static void
test_paths(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *path = fulcra__http_path_new(
                paths[i].target, strlen(paths[i].target), &error);

        g_test_message("%s", paths[i].target);
        g_assert_cmpstr(path, ==, paths[i].path);
        if (path == NULL)
            g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT);
    }
}

/* Whatever comes out is UTF-8 and has no dot segment. */
static void
test_paths_at_random(void)
{
    static const char alphabet[] = "/./.%2eEfF5cC0\xc3\xa9";

    for (int i = 0; i < 200000; i++) {
        char target[24] = "/";
        int length = g_test_rand_int_range(1, (int)sizeof target);

        for (int j = 1; j < length; j++)
            target[j] = alphabet[g_test_rand_int_range(
                    0, (int)sizeof alphabet - 1)];
        g_autofree char *path =
                fulcra__http_path_new(target, (size_t)length, NULL);
        if (path == NULL)
            continue;
        g_autofree char *ended = g_strconcat(path, "/", NULL);
        g_assert_true(g_utf8_validate(path, -1, NULL));
        g_assert_true(path[0] == '/');
        g_assert_null(strstr(ended, "/../"));
        g_assert_null(strstr(ended, "/./"));
    }
}

/* --- origins --- */

static void
test_origins(void)
{
    static const char *const listed[] = { "https://app.example:8443",
        "http://b", NULL };
    const FulcraHttpOriginPolicy same = { FULCRA_HTTP_ORIGIN_SAME };
    const FulcraHttpOriginPolicy list = { FULCRA_HTTP_ORIGIN_LIST, listed };
    const FulcraHttpOriginPolicy any = { FULCRA_HTTP_ORIGIN_ANY, NULL, true };
    const FulcraHttpOriginPolicy also = { FULCRA_HTTP_ORIGIN_SAME, NULL, false,
        listed };
    static const struct {
        const char *origin, *host;
        bool same, listed;
    } table[] = {
        { NULL, "a", true, true },
        { "http://a", "a", true, true },
        { "http://a:80", "a", true, true },
        { "http://a", "a:80", true, true },
        { "http://A", "a", true, true },
        { "http://a:8080", "a:8080", true, true },
        { "http://[::1]:8080", "[::1]:8080", true, true },
        { "http://[::1]", "[::1]:80", true, true },
        { "http://a:8080", "a", false, false },
        { "http://a", "a:8080", false, false },
        { "https://a", "a", false, false },
        { "http://a.b", "a", false, false },
        { "http://a/", "a", false, false },
        { "http://a/b", "a", false, false },
        { "http://", "a", false, false },
        { "http://a:x", "a", false, false },
        { "http://a:99999", "a", false, false },
        { "http://a, http://a", "a", false, false },
        { "null", "a", false, false },
        { "null", "null", false, false },
        { "", "a", false, false },
        { "a", "a", false, false },
        { "://a", "a", false, false },
        { "http://a", NULL, false, false },
        { "https://app.example:8443", "a", false, true },
        { "https://app.example", "a", false, false },
        { "http://app.example:8443", "a", false, false },
        { "http://b", "a", false, true },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        g_test_message("%s at %s", table[i].origin, table[i].host);
        g_assert_cmpint(fulcra__http_origin_allowed(
                                &same, table[i].origin, "http", table[i].host),
                ==, table[i].same);
        g_assert_cmpint(fulcra__http_origin_allowed(
                                &list, table[i].origin, "http", table[i].host),
                ==, table[i].listed);
        g_assert_cmpint(fulcra__http_origin_allowed(
                                &also, table[i].origin, "http", table[i].host),
                ==, table[i].listed);
        g_assert_cmpint(fulcra__http_origin_allowed(
                                &any, table[i].origin, "http", table[i].host),
                ==, table[i].origin != NULL);
    }
}

/* --- cookies --- */

static void
test_cookies(void)
{
    static const struct {
        const char *cookies, *name, *value;
    } table[] = {
        { "a=b", "a", "b" },
        { "a=b; c=d", "c", "d" },
        { "a=b;c=d", "c", "d" },
        { "a=b;  c=d ; e=f", "c", "d" },
        { "a=1; a=2", "a", "1" },
        { "a=b=c", "a", "b=c" },
        { "a=", "a", "" },
        { "a=\"x y\"", "a", "x y" },
        { "a=\"", "a", "\"" },
        { "A=b", "a", NULL },
        { "ab=c", "a", NULL },
        { "a; b=c", "a", NULL },
        { "a; b=c", "b", "c" },
        { "=b; c=d", "", NULL },
        { ";;; a=b;;", "a", "b" },
        { "", "a", NULL },
        { "a", "a", NULL },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autofree char *value =
                fulcra__http_cookie_find(table[i].cookies, table[i].name);

        g_test_message("%s in %s", table[i].name, table[i].cookies);
        g_assert_cmpstr(value, ==, table[i].value);
    }
}

static char *
to_text(JsonNode *node)
{
    char *text = json_to_string(node, FALSE);

    json_node_unref(node);
    return text;
}

static void
test_cookies_to_json(void)
{
    g_autofree char *text =
            to_text(fulcra__http_cookies_to_json("a=1; b=\xff; a=2"));

    g_assert_cmpstr(text, ==, "{\"a\":\"1\",\"b\":\"\xef\xbf\xbd\"}");
    g_assert_cmpuint(fulcra__http_cookies_count("a=1; b=\xff; a=2; c"), ==, 3);
    g_assert_cmpuint(fulcra__http_cookies_count(""), ==, 0);
}

/* --- handshakes --- */

static void
test_lists(void)
{
    g_assert_true(fulcra__http_list_has("upgrade", "upgrade"));
    g_assert_true(fulcra__http_list_has("keep-alive, Upgrade", "upgrade"));
    g_assert_true(fulcra__http_list_has(",, UPGRADE\t,x", "upgrade"));
    g_assert_false(fulcra__http_list_has("upgraded", "upgrade"));
    g_assert_false(fulcra__http_list_has("up grade", "upgrade"));
    g_assert_false(fulcra__http_list_has("", "upgrade"));
    g_assert_false(fulcra__http_list_has(NULL, "upgrade"));
}

/* The example of RFC 6455 section 1.3. */
static void
test_accept(void)
{
    g_autofree char *accept =
            fulcra__http_handshake_accept("dGhlIHNhbXBsZSBub25jZQ==");

    g_assert_cmpstr(accept, ==, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

/* --- heads --- */

static void
test_head(void)
{
    const FulcraHttpField fields[] = { { "Host", 4, "h", 1 },
        { "X-One", 5, "1", 1 }, { "Cookie", 6, "a=b", 3 },
        { "x-oNE", 5, "2", 1 }, { "cookie", 6, "c=d", 3 } };
    const FulcraHttpReceived received = { "GET", "/p?q", "HTTP/1.1", fields,
        G_N_ELEMENTS(fields) };
    FulcraHttpHead *head =
            fulcra__http_head_new("/p", "q", "::1", &received, false);

    g_assert_cmpstr(fulcra_http_head_get_method(head), ==, "GET");
    g_assert_cmpstr(fulcra_http_head_get_path(head), ==, "/p");
    g_assert_cmpstr(fulcra_http_head_get_query(head), ==, "q");
    g_assert_cmpstr(fulcra_http_head_get_remote_host(head), ==, "::1");
    g_assert_cmpstr(fulcra_http_head_get_header(head, "HOST"), ==, "h");
    g_assert_cmpstr(fulcra_http_head_get_header(head, "x-one"), ==, "1, 2");
    g_assert_cmpstr(
            fulcra_http_head_get_header(head, "cookie"), ==, "a=b; c=d");
    g_assert_cmpstr(fulcra_http_head_get_header(head, "x"), ==, NULL);
    g_assert_cmpuint(fulcra_http_head_get_size(head), <=, 46 + 100);
    fulcra_http_head_unref(head);
}

/* Heads that are kept share what is not their own, up to a number of such
 * sets; each still answers for all of its fields. */
static void
test_kept_heads_share(void)
{
    enum { N = 1500 };
    FulcraHttpHead *heads[2 * N];

    for (int i = 0; i < 2 * N; i++) {
        char agent[16], cookie[16];
        int n_agent = g_snprintf(agent, sizeof agent, "agent-%d", i / 2);
        int n_cookie = g_snprintf(cookie, sizeof cookie, "a=%d", i);
        const FulcraHttpField fields[] = { { "Host", 4, "h", 1 },
            { "User-Agent", 10, agent, (size_t)n_agent },
            { "Cookie", 6, cookie, (size_t)n_cookie } };
        const FulcraHttpReceived received = { "GET", "/", "HTTP/1.1", fields,
            G_N_ELEMENTS(fields) };

        heads[i] = fulcra__http_head_new("/", "", "::1", &received, true);
        g_assert_cmpstr(
                fulcra_http_head_get_header(heads[i], "user-agent"), ==, agent);
        g_assert_cmpstr(
                fulcra_http_head_get_header(heads[i], "cookie"), ==, cookie);
        g_assert_cmpstr(
                fulcra_http_head_get_header(heads[i], "nothing"), ==, NULL);
    }
    g_assert_cmpuint(fulcra__http_template_count(), ==, 1024);
    g_assert_true(fulcra_http_head_get_header(heads[0], "user-agent") ==
                  fulcra_http_head_get_header(heads[1], "user-agent"));
    for (int i = 0; i < 2 * N; i++)
        fulcra_http_head_unref(heads[i]);
    g_assert_cmpuint(fulcra__http_template_count(), ==, 0);
}

/* --- replies --- */

static void
test_late_replies_are_refused(void)
{
    FulcraHttpReply reply, taken;
    g_autoptr(GError) error = NULL;

    fulcra__http_reply_init(&reply);
    fulcra__http_reply_init(&taken);
    g_assert_true(fulcra__http_reply_set_header(&reply, "X", "1", NULL));
    g_assert_true(fulcra__http_reply_set_header(&reply, "x", "2", NULL));
    g_assert_true(fulcra__http_reply_add_cookie(&reply, "a=b", NULL));
    g_assert_true(fulcra__http_reply_add_cookie(&reply, "c=d", NULL));
    fulcra__http_reply_take(&reply, &taken);
    g_assert_false(fulcra__http_reply_set_header(&reply, "X", "3", &error));
    g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_GONE);
    g_assert_cmpstr(fulcra__http_reply_get_header(&taken, "X"), ==, "2");
    g_assert_cmpuint(taken.headers->len, ==, 6);
    fulcra__http_reply_finish(&reply);
    fulcra__http_reply_finish(&taken);
}

/* --- did you mean --- */

static void
test_suggestions(void)
{
    static const char trace[] =
            "space a\n  hello (res:/demo/hello/{name}): no\n"
            "  files (res:/www/{rest*}): no\n  list (res:/stock/list): no\n";
    static const struct {
        const char *path, *suggestion;
    } table[] = {
        { "/demo/helo/you", "/demo/hello/you" },
        { "/demo/hallo/you", "/demo/hello/you" },
        { "/wwww/a/b", "/www/a/b" },
        { "/stock/lsit", "/stock/list" },
        { "/stock", NULL },
        { "/nothing/like/it", NULL },
        { "/", NULL },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autofree char *suggestion =
                fulcra__http_page_suggest(trace, table[i].path);

        g_assert_cmpstr(suggestion, ==, table[i].suggestion);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/http/paths", test_paths);
    g_test_add_func("/http/paths/at-random", test_paths_at_random);
    g_test_add_func("/http/origins", test_origins);
    g_test_add_func("/http/cookies", test_cookies);
    g_test_add_func("/http/cookies/json", test_cookies_to_json);
    g_test_add_func("/http/handshake/lists", test_lists);
    g_test_add_func("/http/handshake/accept", test_accept);
    g_test_add_func("/http/head", test_head);
    g_test_add_func("/http/head/kept", test_kept_heads_share);
    g_test_add_func("/http/replies/late", test_late_replies_are_refused);
    g_test_add_func("/http/page/suggestions", test_suggestions);
    return g_test_run();
}
