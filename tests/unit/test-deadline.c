/* SPDX-License-Identifier: MIT */

/*
 * Deadlines: in order, exactly once, unless taken out before
 */

#include "private/deadline.h"

#define N 500

typedef struct {
    FulcraDeadline deadline;
    atomic_int expired;
    atomic_bool held;
} Entry;

static Entry entries[N];
static atomic_int n_expired;
static _Atomic(int64_t) last_at;
static atomic_bool out_of_order;

static void
hold(FulcraDeadline *entry)
{
    atomic_store(&((Entry *)(void *)entry)->held, true);
}

static void
expired(FulcraDeadline *deadline)
{
    Entry *entry = (Entry *)(void *)deadline;

    g_assert_true(atomic_load(&entry->held));
    if (deadline->at < atomic_exchange(&last_at, deadline->at))
        atomic_store(&out_of_order, true);
    atomic_fetch_add(&entry->expired, 1);
    atomic_fetch_add(&n_expired, 1);
}

static void
test_deadlines(void)
{
    FulcraDeadlines *deadlines = fulcra__deadlines_new(hold, expired);
    int64_t now = g_get_monotonic_time();
    int taken_out = 0;

    /* Far away first, then near ones in no order: the near must not wait. */
    for (int i = 0; i < N; i++) {
        bool far = i % 5 == 0;

        entries[i].deadline.at = now + (far ? (int64_t)3600 * G_USEC_PER_SEC
                                            : 20000 + i * 7919 % 5000);
        fulcra__deadlines_add(deadlines, &entries[i].deadline);
    }
    for (int i = 0; i < N; i += 5)
        g_assert_true(
                fulcra__deadlines_remove(deadlines, &entries[i].deadline));
    for (int i = 1; i < N; i += 5)
        taken_out += fulcra__deadlines_remove(deadlines, &entries[i].deadline);
    while (atomic_load(&n_expired) < N - N / 5 - taken_out)
        g_usleep(1000);

    g_assert_cmpint(atomic_load(&n_expired), ==, N - N / 5 - taken_out);
    g_assert_false(atomic_load(&out_of_order));
    for (int i = 0; i < N; i++) {
        g_assert_cmpint(atomic_load(&entries[i].expired), <=, 1);
        g_assert_false(
                fulcra__deadlines_remove(deadlines, &entries[i].deadline));
    }
    fulcra__deadlines_stop(deadlines);
    fulcra__deadlines_free(deadlines);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/deadline/expire", test_deadlines);
    return g_test_run();
}
