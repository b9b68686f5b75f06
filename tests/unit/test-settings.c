/* SPDX-License-Identifier: MIT */
#include "program/listen.h"
#include "program/settings.h"
#include "spaces/kinds.h"

#include <fulcra/error.h>
#include <string.h>

static void
test_table(void)
{
    g_autoptr(GHashTable) seen =
            g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (size_t i = 0; i < FULCRA_N_SETTINGS; i++) {
        const FulcraSettingSpec *spec = &fulcra_setting_specs[i];

        g_assert_true(
                g_hash_table_add(seen, fulcra_setting_environment_name(spec)));
        g_assert_cmpint(fulcra_settings_find(spec->name, NULL), ==, i);
        g_assert_false(g_str_has_suffix(spec->key.help, "."));
        if (spec->option != NULL)
            g_assert_cmpuint(spec->commands, !=, FULCRA_FOR_NONE);
    }
}

static void
test_environment_names(void)
{
    g_autofree char *name = fulcra_setting_environment_name(
            &fulcra_setting_specs[FULCRA_SETTING_WS_MAX_MESSAGE]);

    g_assert_cmpstr(name, ==, "FULCRA_WEBSOCKET_MAX_MESSAGE");
}

static void
test_numbers(void)
{
    static const struct {
        FulcraSetting id;
        const char *text;
        int64_t number; /* -1: refused */
    } table[] = {
        { FULCRA_SETTING_LOOPS, "0", 0 },
        { FULCRA_SETTING_LOOPS, "256", 256 },
        { FULCRA_SETTING_LOOPS, "257", -1 },
        { FULCRA_SETTING_LOOPS, "-1", -1 },
        { FULCRA_SETTING_LOOPS, "", -1 },
        { FULCRA_SETTING_LOOPS, " 1", -1 },
        { FULCRA_SETTING_LOOPS, "1x", -1 },
        { FULCRA_SETTING_LOOPS, "99999999999999999999", -1 },
        { FULCRA_SETTING_WS_MAX_MESSAGE, "64KiB", 65536 },
        { FULCRA_SETTING_WS_MAX_MESSAGE, "1GiB", 1 << 30 },
        { FULCRA_SETTING_WS_MAX_MESSAGE, "2GiB", -1 },
        { FULCRA_SETTING_WS_MAX_MESSAGE, "99999999999GiB", -1 },
        { FULCRA_SETTING_WS_MAX_MESSAGE, "0", -1 },
        { FULCRA_SETTING_WS_MAX_MESSAGE, "1KB", -1 },
        { FULCRA_SETTING_TIMEOUT, "500ms", 500 },
        { FULCRA_SETTING_TIMEOUT, "2m", 120000 },
        { FULCRA_SETTING_TIMEOUT, "2", -1 },
        { FULCRA_SETTING_TIMEOUT, "0", -1 },
        { FULCRA_SETTING_TIMEOUT, "9999999999999999h", -1 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autoptr(FulcraSettings) settings = fulcra_settings_new();
        int64_t before = fulcra_settings_get_int(settings, table[i].id);
        bool fits = fulcra_settings_set(
                settings, table[i].id, table[i].text, "test", NULL);

        g_assert_cmpint(fits, ==, table[i].number >= 0);
        g_assert_cmpint(fulcra_settings_get_int(settings, table[i].id), ==,
                fits ? table[i].number : before);
    }
}

static void
test_refusal_says_what_would_be_right(void)
{
    g_autoptr(FulcraSettings) settings = fulcra_settings_new();
    g_autoptr(GError) error = NULL;

    g_assert_false(fulcra_settings_set(settings, FULCRA_SETTING_WS_MAX_MESSAGE,
            "big", "--set websocket.maxMessage", &error));
    g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT);
    g_assert_cmpstr(error->message, ==,
            "--set websocket.maxMessage: 'big' is not a size from 1B to 1GiB");
}

static void
test_listen(void)
{
    static const struct {
        const char *text, *address; /* NULL: refused */
        unsigned port;
    } table[] = {
        { "127.0.0.1:8080", "127.0.0.1", 8080 },
        { "0.0.0.0:0", "0.0.0.0", 0 },
        { "localhost:65535", "localhost", 65535 },
        { "[::1]:80", "::1", 80 },
        { "[::]:80", "::", 80 },
        { "", NULL, 0 },
        { ":", NULL, 0 },
        { ":80", NULL, 0 },
        { "80", NULL, 0 },
        { "127.0.0.1", NULL, 0 },
        { "127.0.0.1:", NULL, 0 },
        { "127.0.0.1:x", NULL, 0 },
        { "127.0.0.1:-1", NULL, 0 },
        { "127.0.0.1:65536", NULL, 0 },
        { "[127.0.0.1]:80", NULL, 0 },
        { "[localhost]:80", NULL, 0 },
        { "::1:80", NULL, 0 },
        { "[::1:80", NULL, 0 },
        { "[]:80", NULL, 0 },
        { "]:80", NULL, 0 },
        { "[:80", NULL, 0 },
        { "example.org:80", NULL, 0 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autofree char *address = NULL;
        uint16_t port = 0;
        bool fits = fulcra_listen_parse(table[i].text, &address, &port);

        g_assert_cmpstr(table[i].address, ==, address);
        g_assert_cmpint(fits, ==, address != NULL);
        g_assert_cmpuint(port, ==, table[i].port);
    }
}

static void
test_media_types(void)
{
    static const char *const table[][2] = {
        { "a.avif", "image/avif" },
        { "a.css", "text/css" },
        { "a.HTML", "text/html" },
        { "index.htm", "text/html" },
        { "a.tar.gz", "application/gzip" },
        { "a.js", "text/javascript" },
        { "a.json", "application/json" },
        { "a.mjs", "text/javascript" },
        { "a.svg", "image/svg+xml" },
        { "a.wasm", "application/wasm" },
        { "a.woff2", "font/woff2" },
        { "a.zip", "application/zip" },
        { "a.", "application/octet-stream" },
        { "a", "application/octet-stream" },
        { "", "application/octet-stream" },
        { "a.htmlx", "application/octet-stream" },
        { "html", "application/octet-stream" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++)
        g_assert_cmpstr(fulcra_media_type_of(table[i][0]), ==, table[i][1]);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/settings/table", test_table);
    g_test_add_func("/settings/environment", test_environment_names);
    g_test_add_func("/settings/numbers", test_numbers);
    g_test_add_func("/settings/refusal", test_refusal_says_what_would_be_right);
    g_test_add_func("/listen", test_listen);
    g_test_add_func("/media-types", test_media_types);
    return g_test_run();
}
