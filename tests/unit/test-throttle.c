/* SPDX-License-Identifier: MIT */

/* Throttle of the password module, with a clock of our own. */

#include "modules/password/throttle.h"

#include <string.h>

#define SECOND ((int64_t)G_USEC_PER_SEC)
#define MINUTE (60 * SECOND)

static const ThrottleLimits limits = { 5, MINUTE, 15 * MINUTE, 1000 };

static int64_t
begin(Throttle *throttle, const char *who, int64_t now)
{
    return throttle_begin(throttle, &limits, who, strlen(who), now);
}

static void
fail(Throttle *throttle, const char *who, int64_t now)
{
    throttle_fail(throttle, &limits, who, strlen(who), now);
}

/* Lets @who in at once, and fail. */
static void
try_in_vain(Throttle *throttle, const char *who, int64_t now)
{
    g_assert_cmpint(begin(throttle, who, now), ==, 0);
    fail(throttle, who, now);
}

static void
test_failures(void)
{
    Throttle *throttle = throttle_new();

    for (int i = 0; i < 5; i++)
        try_in_vain(throttle, "a", SECOND);
    g_assert_cmpint(begin(throttle, "a", SECOND), ==, 12 * SECOND);
    g_assert_cmpint(begin(throttle, "a", 3 * SECOND), ==, 10 * SECOND);
    g_assert_cmpint(begin(throttle, "b", SECOND), ==, 0);
    g_assert_cmpint(begin(throttle, "a", 13 * SECOND), ==, 0);
    throttle_free(throttle);
}

/* Five in a minute, spread evenly, are no more than come back. */
static void
test_slow_failures(void)
{
    Throttle *throttle = throttle_new();

    for (int i = 0; i < 100; i++)
        try_in_vain(throttle, "a", i * 12 * SECOND);
    throttle_free(throttle);
}

static void
test_waits_double(void)
{
    Throttle *throttle = throttle_new();
    int64_t now = SECOND, expected = 12 * SECOND;

    for (int i = 0; i < 4; i++)
        try_in_vain(throttle, "a", now);
    for (int i = 0; i < 40; i++) {
        try_in_vain(throttle, "a", now);
        g_assert_cmpint(begin(throttle, "a", now), ==, expected);
        now += expected;
        expected = MIN(expected * 2, limits.max_delay);
    }
    throttle_free(throttle);
}

static void
test_time_forgives(void)
{
    Throttle *throttle = throttle_new();

    for (int i = 0; i < 5; i++)
        try_in_vain(throttle, "a", 0);
    for (int i = 0; i < 5; i++)
        try_in_vain(throttle, "a", 20 * MINUTE);
    g_assert_cmpint(begin(throttle, "a", 20 * MINUTE), ==, 12 * SECOND);
    throttle_free(throttle);
}

static void
test_success_forgives(void)
{
    Throttle *throttle = throttle_new();

    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 4; i++)
            try_in_vain(throttle, "a", SECOND);
        g_assert_cmpint(begin(throttle, "a", SECOND), ==, 0);
        throttle_succeed(throttle, "a", 1, true);
    }
    g_assert_cmpuint(throttle_size(throttle), ==, 0);
    throttle_free(throttle);
}

/* A success that does not forgive only ends the attempt. */
static void
test_success_without_forgiving(void)
{
    Throttle *throttle = throttle_new();

    for (int i = 0; i < 4; i++)
        try_in_vain(throttle, "a", SECOND);
    for (int i = 0; i < 10; i++) {
        g_assert_cmpint(begin(throttle, "a", SECOND), ==, 0);
        throttle_succeed(throttle, "a", 1, false);
    }
    try_in_vain(throttle, "a", SECOND);
    g_assert_cmpint(begin(throttle, "a", SECOND), >, 0);
    throttle_free(throttle);
}

static void
test_attempts_at_once(void)
{
    Throttle *throttle = throttle_new();

    for (int i = 0; i < 5; i++)
        g_assert_cmpint(begin(throttle, "a", SECOND), ==, 0);
    g_assert_cmpint(begin(throttle, "a", SECOND), >, 0);
    throttle_withdraw(throttle, "a", 1);
    g_assert_cmpint(begin(throttle, "a", SECOND), ==, 0);
    g_assert_cmpint(begin(throttle, "a", SECOND), >, 0);
    /* Those that never end do not count for ever. */
    g_assert_cmpint(begin(throttle, "a", 2 * MINUTE), ==, 0);
    throttle_free(throttle);
}

static void
test_failures_without_a_begin_count(void)
{
    Throttle *throttle = throttle_new();

    for (int i = 0; i < 5; i++)
        fail(throttle, "a", SECOND);
    g_assert_cmpint(begin(throttle, "a", SECOND), ==, 12 * SECOND);
    throttle_free(throttle);
}

static void
test_the_table_is_bounded(void)
{
    Throttle *throttle = throttle_new();

    for (int i = 0; i < 5; i++)
        try_in_vain(throttle, "busy", 0);
    for (int i = 0; i < 5000; i++) {
        g_autofree char *who = g_strdup_printf("%d", i);

        try_in_vain(throttle, who, SECOND);
        g_assert_cmpint(begin(throttle, "busy", SECOND), >, 0);
    }
    g_assert_cmpuint(throttle_size(throttle), ==, limits.max_entries);
    for (int i = 0; i < 5; i++)
        try_in_vain(throttle, "0", SECOND);
    throttle_free(throttle);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/throttle/failures", test_failures);
    g_test_add_func("/throttle/failures/slow", test_slow_failures);
    g_test_add_func("/throttle/waits-double", test_waits_double);
    g_test_add_func("/throttle/time-forgives", test_time_forgives);
    g_test_add_func("/throttle/success", test_success_forgives);
    g_test_add_func(
            "/throttle/success/partial", test_success_without_forgiving);
    g_test_add_func("/throttle/at-once", test_attempts_at_once);
    g_test_add_func("/throttle/no-begin", test_failures_without_a_begin_count);
    g_test_add_func("/throttle/bounded", test_the_table_is_bounded);
    return g_test_run();
}
