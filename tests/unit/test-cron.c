/* SPDX-License-Identifier: MIT */

/*
 * Cron expressions: what is refused, and what comes next. All times are of the
 * year 2000 and later; Berlin's clocks went forward at 2:00 on 31 March 2024,
 * and back at 3:00 on 27 October 2024.
 */

#include "timer/cron.h"

#include <fulcra/error.h>
#include <string.h>

/* --- what comes next --- */

static const struct {
    const char *cron, *zone, *after, *next; /* ISO 8601 */
} cases[] = {
    /* fields */
    { "* * * * *", "UTC", "2024-05-05T10:00:00Z", "2024-05-05T10:01:00Z" },
    { "* * * * *", "UTC", "2024-05-05T10:00:59Z", "2024-05-05T10:01:00Z" },
    { "*/5 * * * *", "UTC", "2024-05-05T10:00:00Z", "2024-05-05T10:05:00Z" },
    { "*/5 * * * *", "UTC", "2024-05-05T10:58:00Z", "2024-05-05T11:00:00Z" },
    { "7,50-55/2 * * * *", "UTC", "2024-05-05T10:07:00Z",
            "2024-05-05T10:50:00Z" },
    { "7,50-55/2 * * * *", "UTC", "2024-05-05T10:52:30Z",
            "2024-05-05T10:54:00Z" },
    { "7,50-55/2 * * * *", "UTC", "2024-05-05T10:54:00Z",
            "2024-05-05T11:07:00Z" },
    { "30 4 * * *", "UTC", "2024-05-05T04:30:00Z", "2024-05-06T04:30:00Z" },
    { "0 0 1 1 *", "UTC", "2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z" },
    { " 0\t9  * jan-mar,Dec * ", "UTC", "2024-03-31T09:00:00Z",
            "2024-12-01T09:00:00Z" },
    { "0 9 * * mon-FRI", "UTC", "2024-05-03T09:00:00Z",
            "2024-05-06T09:00:00Z" },
    { "0 9 * * sat-sun", "UTC", "2024-05-03T09:00:00Z",
            "2024-05-04T09:00:00Z" },
    { "0 9 * * sat-sun", "UTC", "2024-05-04T09:00:00Z",
            "2024-05-05T09:00:00Z" },
    { "0 9 * * 7", "UTC", "2024-05-01T00:00:00Z", "2024-05-05T09:00:00Z" },
    { "0 9 * * 0", "UTC", "2024-05-01T00:00:00Z", "2024-05-05T09:00:00Z" },
    /* nicknames */
    { "@hourly", "UTC", "2024-05-05T10:00:00Z", "2024-05-05T11:00:00Z" },
    { "@daily", "UTC", "2024-05-05T10:00:00Z", "2024-05-06T00:00:00Z" },
    { "@midnight", "UTC", "2024-05-05T10:00:00Z", "2024-05-06T00:00:00Z" },
    { "@weekly", "UTC", "2024-05-05T10:00:00Z", "2024-05-12T00:00:00Z" },
    { "@monthly", "UTC", "2024-05-05T10:00:00Z", "2024-06-01T00:00:00Z" },
    { "@yearly", "UTC", "2024-05-05T10:00:00Z", "2025-01-01T00:00:00Z" },
    { "@annually", "UTC", "2024-05-05T10:00:00Z", "2025-01-01T00:00:00Z" },
    /* the ends of months, leap years */
    { "0 0 31 * *", "UTC", "2024-01-31T00:00:00Z", "2024-03-31T00:00:00Z" },
    { "0 0 30 * *", "UTC", "2024-01-30T00:00:00Z", "2024-03-30T00:00:00Z" },
    { "0 0 29 2 *", "UTC", "2024-02-29T00:00:00Z", "2028-02-29T00:00:00Z" },
    { "0 0 29 2 *", "UTC", "2097-01-01T00:00:00Z", "2104-02-29T00:00:00Z" },
    { "0 0 29 2 *", "UTC", "1999-01-01T00:00:00Z", "2000-02-29T00:00:00Z" },
    { "59 23 31 12 *", "UTC", "2024-12-31T23:58:59Z", "2024-12-31T23:59:00Z" },
    { "* * * * *", "UTC", "2024-12-31T23:59:00Z", "2025-01-01T00:00:00Z" },
    /* both day fields: either; one that begins with "*" does not restrict */
    { "0 0 13 * fri", "UTC", "2024-09-10T00:00:00Z", "2024-09-13T00:00:00Z" },
    { "0 0 13 * fri", "UTC", "2024-09-13T00:00:00Z", "2024-09-20T00:00:00Z" },
    { "0 0 13 * fri", "UTC", "2024-10-11T00:00:00Z", "2024-10-13T00:00:00Z" },
    { "0 0 31 2 fri", "UTC", "2024-02-24T00:00:00Z", "2025-02-07T00:00:00Z" },
    { "0 0 */2 * fri", "UTC", "2024-09-13T00:00:00Z", "2024-09-27T00:00:00Z" },
    { "0 0 13 * *", "UTC", "2024-09-13T00:00:00Z", "2024-10-13T00:00:00Z" },
    /* zones without daylight saving */
    { "0 0 * * *", "+05:30", "2024-05-05T10:00:00Z", "2024-05-05T18:30:00Z" },
    { "0 9 * * mon", "Asia/Tokyo", "2024-05-05T23:59:59Z",
            "2024-05-06T00:00:00Z" },
    { "0 9 * * mon", "Asia/Tokyo", "2024-05-06T00:00:00Z",
            "2024-05-13T00:00:00Z" },
    /* clocks go forward: 2:30 is skipped and comes at 3:00, once */
    { "30 2 * * *", "Europe/Berlin", "2024-03-30T01:30:00Z",
            "2024-03-31T01:00:00Z" },
    { "30 2 * * *", "Europe/Berlin", "2024-03-31T01:00:00Z",
            "2024-04-01T00:30:00Z" },
    { "0,15,30 2 * * *", "Europe/Berlin", "2024-03-31T00:59:00Z",
            "2024-03-31T01:00:00Z" },
    { "0,15,30 2 * * *", "Europe/Berlin", "2024-03-31T01:00:00Z",
            "2024-04-01T00:00:00Z" },
    { "30 1 * * *", "Europe/Berlin", "2024-03-31T00:00:00Z",
            "2024-03-31T00:30:00Z" },
    { "0 3 * * *", "Europe/Berlin", "2024-03-31T00:59:59Z",
            "2024-03-31T01:00:00Z" },
    { "30 2 * * sun", "Europe/Berlin", "2024-03-30T00:00:00Z",
            "2024-03-31T01:00:00Z" },
    /* an expression for every hour means hours that pass */
    { "30 * * * *", "Europe/Berlin", "2024-03-31T00:30:00Z",
            "2024-03-31T01:30:00Z" },
    { "*/20 * * * *", "Europe/Berlin", "2024-03-31T00:40:00Z",
            "2024-03-31T01:00:00Z" },
    /* clocks go back: 2:30 is repeated and comes the first time */
    { "30 2 * * *", "Europe/Berlin", "2024-10-26T23:00:00Z",
            "2024-10-27T00:30:00Z" },
    { "30 2 * * *", "Europe/Berlin", "2024-10-27T00:30:00Z",
            "2024-10-28T01:30:00Z" },
    { "30 2 * * *", "Europe/Berlin", "2024-10-27T01:10:00Z",
            "2024-10-28T01:30:00Z" },
    { "*/20 2 * * *", "Europe/Berlin", "2024-10-27T00:40:00Z",
            "2024-10-28T01:00:00Z" },
    { "0 3 * * *", "Europe/Berlin", "2024-10-27T00:59:00Z",
            "2024-10-27T02:00:00Z" },
    { "30 * * * *", "Europe/Berlin", "2024-10-27T00:30:00Z",
            "2024-10-27T01:30:00Z" },
    { "*/15 * * * *", "Europe/Berlin", "2024-10-27T00:12:00Z",
            "2024-10-27T00:15:00Z" },
    { "*/15 * * * *", "Europe/Berlin", "2024-10-27T00:45:00Z",
            "2024-10-27T01:00:00Z" },
    { "*/15 * * * *", "Europe/Berlin", "2024-10-27T01:45:00Z",
            "2024-10-27T02:00:00Z" },
    /* clocks that change at midnight, by half an hour, by a day */
    { "0 0 * * *", "America/Havana", "2024-03-09T12:00:00Z",
            "2024-03-10T05:00:00Z" },
    { "30 0 * * *", "America/Havana", "2024-03-09T12:00:00Z",
            "2024-03-10T05:00:00Z" },
    { "0 0 * * *", "America/Havana", "2024-11-03T04:00:00Z",
            "2024-11-04T05:00:00Z" },
    { "15 2 * * *", "Australia/Lord_Howe", "2024-10-05T10:00:00Z",
            "2024-10-05T15:30:00Z" },
    { "45 1 * * *", "Australia/Lord_Howe", "2024-04-06T10:00:00Z",
            "2024-04-06T14:45:00Z" },
    { "45 1 * * *", "Australia/Lord_Howe", "2024-04-06T14:45:00Z",
            "2024-04-07T15:15:00Z" },
    { "0 12 30 12 *", "Pacific/Apia", "2011-12-01T00:00:00Z",
            "2011-12-30T10:00:00Z" },
    { "0 12 30 12 *", "Pacific/Apia", "2011-12-30T10:00:00Z",
            "2012-12-29T22:00:00Z" },
};

static int64_t
time_of(const char *text)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(text, NULL);

    g_assert_nonnull(time);
    return g_date_time_to_unix(time);
}

static void
test_next(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GTimeZone) zone = g_time_zone_new_identifier(cases[i].zone);
        g_autoptr(GError) error = NULL;
        FulcraCron cron;
        size_t at;

        g_test_message("%s in %s after %s", cases[i].cron, cases[i].zone,
                cases[i].after);
        if (zone == NULL) /* a system without tzdata */
            continue;
        g_assert_true(fulcra__cron_parse(&cron, cases[i].cron, &at, &error));
        int64_t next = fulcra__cron_next(&cron, zone, time_of(cases[i].after));
        g_autoptr(GDateTime) is = g_date_time_new_from_unix_utc(next);
        g_autofree char *text = g_date_time_format(is, "%Y-%m-%dT%H:%M:%SZ");
        g_assert_cmpstr(text, ==, cases[i].next);
    }
}

/* Minute by minute over a change of the clocks: none is left out. */
static void
test_every_minute(void)
{
    g_autoptr(GTimeZone) zone = g_time_zone_new_identifier("Europe/Berlin");
    FulcraCron cron;
    size_t at;
    int64_t time = time_of("2024-03-31T00:00:00Z");

    if (zone == NULL) {
        g_test_skip("no tzdata");
        return;
    }
    g_assert_true(fulcra__cron_parse(&cron, "* * * * *", &at, NULL));
    for (unsigned i = 0; i < 3000; i++) {
        int64_t next = fulcra__cron_next(&cron, zone, time);

        g_assert_cmpint(next, ==, time + 60);
        time = next;
    }
}

/* --- against a clock, which may be set --- */

/* Every ten minutes; seconds after the start. */
static const struct {
    const char *what;
    struct {
        int64_t now;
        bool ticks;
        unsigned skipped;
    } looks[6]; /* ends where `now` is 0 */
} clocks[] = {
    { "in time",
            { { 60, false, 0 }, { 599, false, 0 }, { 600, true, 0 },
                    { 600, false, 0 }, { 660, false, 0 }, { 1200, true, 0 } } },
    { "somewhat late", { { 660, true, 0 }, { 1200, true, 0 } } },
    { "too late", { { 661, false, 1 }, { 1200, true, 0 } } },
    { "after a sleep", { { 6030, false, 10 }, { 6600, true, 0 } } },
    { "to the very second of another",
            { { 1200, false, 2 }, { 1800, true, 0 } } },
    { "after a year: not all are counted",
            { { 365 * 86400 + 30, false, 1000 },
                    { 365 * 86400 + 600, true, 0 } } },
    { "set back by a little: nothing comes twice",
            { { 600, true, 0 }, { -3000, false, 0 }, { 600, false, 0 },
                    { 1200, true, 0 } } },
    { "set back by a lot: a new clock",
            { { 600, true, 0 }, { -86400, false, 0 }, { -85800, true, 0 } } },
};

static void
test_clocks(void)
{
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    int64_t begin = time_of("2024-05-05T10:00:00Z");
    FulcraCron cron;
    size_t at;

    g_assert_true(fulcra__cron_parse(&cron, "*/10 * * * *", &at, NULL));
    for (size_t i = 0; i < G_N_ELEMENTS(clocks); i++) {
        FulcraCronClock clock;

        fulcra__cron_clock_start(&clock, &cron, utc, begin);
        for (size_t j = 0; j < 6 && clocks[i].looks[j].now != 0; j++) {
            unsigned skipped;
            bool ticks = fulcra__cron_clock_look(&clock, &cron, utc,
                    begin + clocks[i].looks[j].now, &skipped);

            g_test_message("%s: %zu", clocks[i].what, j);
            g_assert_true(ticks == clocks[i].looks[j].ticks);
            g_assert_cmpuint(skipped, ==, clocks[i].looks[j].skipped);
        }
    }
}

/* --- what is refused --- */

static const struct {
    const char *cron;
    size_t at;
    const char *says;
} refusals[] = {
    { "", 0, "fields are missing; five would be right" },
    { "* * * *", 7, "fields are missing; five would be right" },
    { "* * * * * *", 10, "one field too many; five would be right" },
    { "60 * * * *", 0, "minute: \"60\" is not 0 to 59" },
    { "* 24 * * *", 2, "hour: \"24\" is not 0 to 23" },
    { "* * 0 * *", 4, "day of the month: \"0\" is not 1 to 31" },
    { "* * 32 * *", 4, "day of the month: \"32\" is not 1 to 31" },
    { "* * * 13 *", 6, "month: \"13\" is not a name, nor 1 to 12" },
    { "* * * jam *", 6, "month: \"jam\" is not a name, nor 1 to 12" },
    { "* * * * 8", 8, "day of the week: \"8\" is not a name, nor 0 to 7" },
    { "* * * * monday", 11, "day of the week: \"d\" has no meaning here" },
    { "1,,2 * * * *", 2, "minute: \"\" is not 0 to 59" },
    { "1, * * * *", 2, "minute: \"\" is not 0 to 59" },
    { "1- * * * *", 2, "minute: \"\" is not 0 to 59" },
    { "20-10 * * * *", 3, "a range that ends before it begins" },
    { "* * * * fri-mon", 12, "a range that ends before it begins" },
    { "*/0 * * * *", 3, "a step from 1 to 59 would be right" },
    { "*/60 * * * *", 4, "a step from 1 to 59 would be right" },
    { "*/ * * * *", 2, "a step from 1 to 59 would be right" },
    { "5/15 * * * *", 1, "a step needs \"*\" or a range, as in \"5-59/15\"" },
    { "** * * * *", 1, "\"*\" has no meaning here" },
    { "-1 * * * *", 0, "minute: \"\" is not 0 to 59" },
    { "1000 * * * *", 0, "is not 0 to 59" },
    { "99999999999999999999 * * * *", 0, "is not 0 to 59" },
    { "0 0 L * *", 4, "day of the month: \"L\" is not 1 to 31" },
    { "0 0 31 2 *", 4, "never comes: .* up to 29 would be right" },
    { "0 0 30,31 feb *", 4, "never comes: .* up to 29 would be right" },
    { "0 0 31 4,6,9,11 *", 4, "never comes: .* up to 30 would be right" },
    { "@reboot", 0, "no \"@reboot\"; @hourly" },
    { "@", 0, "@daily" },
};

static void
test_refusals(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
        g_autoptr(GError) error = NULL;
        FulcraCron cron;
        size_t at = 99;

        g_test_message("%s", refusals[i].cron);
        g_assert_false(
                fulcra__cron_parse(&cron, refusals[i].cron, &at, &error));
        g_assert_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT);
        g_assert_cmpuint(at, ==, refusals[i].at);
        g_autoptr(GRegex) says = g_regex_new(refusals[i].says, 0, 0, NULL);
        if (strstr(error->message, refusals[i].says) == NULL &&
                (says == NULL || !g_regex_match(says, error->message, 0, NULL)))
            g_error("%s: not what should be said", error->message);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cron/next", test_next);
    g_test_add_func("/cron/every-minute", test_every_minute);
    g_test_add_func("/cron/clocks", test_clocks);
    g_test_add_func("/cron/refusals", test_refusals);
    return g_test_run();
}
