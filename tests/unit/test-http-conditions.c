/* SPDX-License-Identifier: MIT */

/*
 * Conditional requests, ranges, content codings: pure functions of the HTTP
 * transport
 */

#include "http/coding.h"
#include "http/condition.h"
#include "http/range.h"

#include <fulcra-host/request.h>
#include <string.h>

/* --- dates --- */

static const struct {
    const char *text;
    int64_t seconds; /* -1: refused */
} dates[] = {
    { "Sun, 06 Nov 1994 08:49:37 GMT", 784111777 },
    { "Sunday, 06-Nov-94 08:49:37 GMT", 784111777 },
    { "Sun Nov  6 08:49:37 1994", 784111777 },
    { "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
    { "Thu, 29 Feb 2024 23:59:59 GMT", 1709251199 },
    { "Sat, 31 Dec 2016 23:59:60 GMT", 1483228799 },
    { "Wed, 29 Feb 2023 00:00:00 GMT", -1 },
    { "Sun, 06 Nov 1994 08:49:37", -1 },
    { "Sun, 06 Nov 1994 08:49:37 GMT+1", -1 },
    { "Sun, 06 Nov 1994 24:49:37 GMT", -1 },
    { "Sun, 06 Nvo 1994 08:49:37 GMT", -1 },
    { "Sun, 06 anF 1994 08:49:37 GMT", -1 },
    { "1994-11-06T08:49:37Z", -1 },
    { "784111777", -1 },
    { "", -1 },
};

static void
test_dates(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(dates); i++) {
        int64_t seconds = -1;

        g_test_message("%s", dates[i].text);
        g_assert_true(fulcra__http_date_parse(dates[i].text, &seconds) ==
                      (dates[i].seconds >= 0));
        g_assert_cmpint(seconds, ==, dates[i].seconds);
    }
}

/* --- conditions --- */

#define OLD  "Sun, 06 Nov 1994 08:49:36 GMT"
#define THEN "Sun, 06 Nov 1994 08:49:37 GMT"
#define NEW  "Sun, 06 Nov 1994 08:49:38 GMT"

static const struct {
    FulcraHttpConditions asked;
    unsigned status;
} conditions[] = {
    { { 0 }, 0 },
    { { .if_none_match = "\"a\"" }, 304 },
    { { .if_none_match = "W/\"a\"" }, 304 },
    { { .if_none_match = "\"x\", \"a\"" }, 304 },
    { { .if_none_match = "\"x,\"a\"" }, 0 },
    { { .if_none_match = "\"x\",,\t\"a\" ," }, 304 },
    { { .if_none_match = "*" }, 304 },
    { { .if_none_match = "\"aa\"" }, 0 },
    { { .if_none_match = "\"A\"" }, 0 },
    { { .if_none_match = "a" }, 0 },
    { { .if_none_match = "" }, 0 },
    { { .if_none_match = "\"a" }, 0 },
    { { .if_modified_since = THEN }, 304 },
    { { .if_modified_since = NEW }, 304 },
    { { .if_modified_since = OLD }, 0 },
    { { .if_modified_since = "yesterday" }, 0 },
    /* the date is not looked at where there is a tag */
    { { .if_none_match = "\"x\"", .if_modified_since = NEW }, 0 },
    { { .if_none_match = "\"a\"", .if_modified_since = OLD }, 304 },
    { { .if_match = "\"a\"" }, 0 },
    { { .if_match = "W/\"a\"" }, 412 },
    { { .if_match = "\"x\"" }, 412 },
    { { .if_match = "*" }, 0 },
    { { .if_unmodified_since = THEN }, 0 },
    { { .if_unmodified_since = OLD }, 412 },
    { { .if_unmodified_since = "never" }, 0 },
    { { .if_match = "\"a\"", .if_unmodified_since = OLD }, 0 },
    { { .if_match = "\"x\"", .if_none_match = "\"a\"" }, 412 },
    { { .if_match = "\"a\"", .if_none_match = "\"a\"" }, 304 },
};

static void
test_conditions(void)
{
    const FulcraHttpValidators current = { "\"a\"", THEN, false };
    const FulcraHttpValidators undated = { "\"a\"", NULL, false };

    for (size_t i = 0; i < G_N_ELEMENTS(conditions); i++) {
        g_test_message("%zu", i);
        g_assert_cmpuint(
                fulcra__http_conditions_judge(&conditions[i].asked, &current),
                ==, conditions[i].status);
    }
    g_assert_cmpuint(
            fulcra__http_conditions_judge(
                    &(FulcraHttpConditions){ .if_modified_since = NEW },
                    &undated),
            ==, 0);
    g_assert_cmpuint(
            fulcra__http_conditions_judge(
                    &(FulcraHttpConditions){ .if_unmodified_since = OLD },
                    &undated),
            ==, 0);
}

static bool
allows(const char *if_range, const FulcraHttpValidators *current)
{
    return fulcra__http_conditions_allow_range(
            &(FulcraHttpConditions){ .if_range = if_range }, current);
}

static void
test_if_range(void)
{
    const FulcraHttpValidators strong = { "\"a\"", THEN, false };
    const FulcraHttpValidators recent = { "\"a\"", THEN, true };
    const FulcraHttpValidators weak = { "W/\"a\"", THEN, false };

    g_assert_true(allows(NULL, &strong));
    g_assert_true(allows("\"a\"", &strong));
    g_assert_false(allows("\"b\"", &strong));
    g_assert_false(allows("W/\"a\"", &strong));
    g_assert_false(allows("W/\"a\"", &weak));
    g_assert_false(allows("\"a\"", &weak));
    g_assert_true(allows(THEN, &strong));
    g_assert_false(allows(NEW, &strong));
    g_assert_false(allows(OLD, &strong));
    g_assert_false(allows(THEN, &recent));
}

/* --- ranges --- */

#define ALL  FULCRA_HTTP_RANGE_ALL
#define PART FULCRA_HTTP_RANGE_PART
#define NONE FULCRA_HTTP_RANGE_UNSATISFIABLE

static const struct {
    const char *field;
    size_t size;
    FulcraHttpRange range;
} ranges[] = {
    { "bytes=0-0", 10, { PART, 0, 1 } },
    { "bytes=0-9", 10, { PART, 0, 10 } },
    { "bytes=0-", 10, { PART, 0, 10 } },
    { "bytes=9-", 10, { PART, 9, 1 } },
    { "bytes=2-5", 10, { PART, 2, 4 } },
    { "bytes=2-99", 10, { PART, 2, 8 } },
    { "bytes=-3", 10, { PART, 7, 3 } },
    { "bytes=-10", 10, { PART, 0, 10 } },
    { "bytes=-11", 10, { PART, 0, 10 } },
    { "bytes= 2-5 ", 10, { PART, 2, 4 } },
    { "Bytes=2-5", 10, { PART, 2, 4 } },
    { "bytes=0-18446744073709551615", 10, { PART, 0, 10 } },
    { "bytes=0-99999999999999999999999", 10, { PART, 0, 10 } },
    { "bytes=-99999999999999999999999", 10, { PART, 0, 10 } },
    { "bytes=10-", 10, { NONE, 0, 0 } },
    { "bytes=10-12", 10, { NONE, 0, 0 } },
    { "bytes=99999999999999999999999-", 10, { NONE, 0, 0 } },
    { "bytes=-0", 10, { NONE, 0, 0 } },
    { "bytes=0-", 0, { NONE, 0, 0 } },
    { "bytes=-1", 0, { ALL, 0, 0 } },
    { "bytes=5-2", 10, { ALL, 0, 0 } },
    { "bytes=0-1,4-5", 10, { ALL, 0, 0 } },
    { "bytes=0-1,", 10, { ALL, 0, 0 } },
    { "bytes=", 10, { ALL, 0, 0 } },
    { "bytes=-", 10, { ALL, 0, 0 } },
    { "bytes=--1", 10, { ALL, 0, 0 } },
    { "bytes=+1-2", 10, { ALL, 0, 0 } },
    { "bytes=0x1-2", 10, { ALL, 0, 0 } },
    { "bytes=1", 10, { ALL, 0, 0 } },
    { "bytes=1- 2", 10, { ALL, 0, 0 } },
    { "bytes 1-2", 10, { ALL, 0, 0 } },
    { "items=1-2", 10, { ALL, 0, 0 } },
    { "", 10, { ALL, 0, 0 } },
};

static void
test_ranges(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(ranges); i++) {
        FulcraHttpRange range =
                fulcra__http_range_parse(ranges[i].field, ranges[i].size);

        g_test_message("%s of %zu", ranges[i].field, ranges[i].size);
        g_assert_cmpint(range.kind, ==, ranges[i].range.kind);
        g_assert_cmpuint(range.first, ==, ranges[i].range.first);
        g_assert_cmpuint(range.length, ==, ranges[i].range.length);
    }
}

/* --- content codings --- */

static const struct {
    const char *accept, *both, *gzip; /* chosen of two, and where br is not */
} choices[] = {
    { NULL, NULL, NULL },
    { "", NULL, NULL },
    { "gzip", "gzip", "gzip" },
    { "GZip", "gzip", "gzip" },
    { "x-gzip", "gzip", "gzip" },
    { "gzip, deflate, br", "br", "gzip" },
    { "br", "br", NULL },
    { "gzip;q=1.0, br;q=0.5", "gzip", "gzip" },
    { "gzip;q=0.5 , br ; q=0.8", "br", "gzip" },
    { "gzip;q=0, br;q=0", NULL, NULL },
    { "gzip;q=0.000", NULL, NULL },
    { "*", "br", "gzip" },
    { "*;q=0", NULL, NULL },
    { "br;q=0, *", "gzip", "gzip" },
    { "identity", NULL, NULL },
    { "identity, gzip;q=0.5", NULL, NULL },
    { "identity;q=0.5, gzip", "gzip", "gzip" },
    { "identity;q=0", NULL, NULL },
    { "gzipped", NULL, NULL },
    { "gzip;q=", NULL, NULL },
    { "gzip;level=9", "gzip", "gzip" },
    { ",, ,gzip", "gzip", "gzip" },
};

static FulcraRepresentation *
with_codings(const char *first, const char *second)
{
    FulcraRepresentation *body = fulcra_representation_new_text("plain");

    if (first != NULL)
        fulcra_host_representation_add_coding(
                body, first, fulcra_representation_new_text(first));
    if (second != NULL)
        fulcra_host_representation_add_coding(
                body, second, fulcra_representation_new_text(second));
    return body;
}

static void
assert_choice(FulcraRepresentation *of, const char *accept, const char *coding)
{
    const char *chosen;
    FulcraRepresentation *form =
            fulcra__http_coding_choose(of, accept, &chosen);

    g_test_message("%s", accept != NULL ? accept : "(none)");
    g_assert_cmpstr(chosen, ==, coding);
    g_assert_cmpstr(fulcra_representation_get_text(form), ==,
            coding != NULL ? coding : "plain");
}

static void
test_codings(void)
{
    g_autoptr(FulcraRepresentation) both = with_codings("gzip", "br");
    g_autoptr(FulcraRepresentation) gzip = with_codings("gzip", NULL);
    g_autoptr(FulcraRepresentation) none = with_codings(NULL, NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(choices); i++) {
        assert_choice(both, choices[i].accept, choices[i].both);
        assert_choice(gzip, choices[i].accept, choices[i].gzip);
        assert_choice(none, choices[i].accept, NULL);
    }
    g_assert_true(fulcra__http_coding_varies(gzip));
    g_assert_false(fulcra__http_coding_varies(none));
}

/* An overlay that adds a header does not take the coded forms away. */
static void
test_codings_of_twins(void)
{
    FulcraRepresentation *body = with_codings("br", NULL);
    FulcraRepresentation *twin = fulcra_representation_with_header(
            fulcra_representation_ref(body), "a", "b");
    g_autoptr(FulcraRepresentation) second =
            fulcra_representation_with_expiry(twin, FULCRA_EXPIRY_NEVER, 0);

    g_assert_true(second != body);
    fulcra_representation_unref(body);
    assert_choice(second, "br", "br");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/http/dates", test_dates);
    g_test_add_func("/http/conditions", test_conditions);
    g_test_add_func("/http/if-range", test_if_range);
    g_test_add_func("/http/ranges", test_ranges);
    g_test_add_func("/http/codings", test_codings);
    g_test_add_func("/http/codings-of-twins", test_codings_of_twins);
    return g_test_run();
}
