/* SPDX-License-Identifier: MIT */

/*
 * Domains and the pool: one at a time, in order, and never stuck
 */

#include "private/domain.h"
#include "private/kernel.h"
#include <fulcra-host/sync.h>

#define N 2000

typedef struct {
    FulcraTask task;
    FulcraDomain *domain;
    int number;
} Item;

static atomic_int inside, done, wrong;
static int last; /* guarded by the domain: that is what is tested */

static void
item_run(FulcraTask *task)
{
    Item *self = (Item *)(void *)task;

    if (atomic_fetch_add(&inside, 1) != 0 || self->number != last + 1)
        atomic_fetch_add(&wrong, 1);
    last = self->number;
    atomic_fetch_sub(&inside, 1);
    if (self->number % 3 == 0) { /* as code that waits */
        FulcraDomain *mine = fulcra__domain_leave();

        g_assert_true(mine == self->domain);
        fulcra__domain_reenter(mine);
    }
    atomic_fetch_add(&done, 1);
}

static void
wait_for_done(int n)
{
    while (atomic_load(&done) < n)
        g_usleep(500);
}

static void
test_mailbox(void)
{
    FulcraKernel *kernel = fulcra_host_kernel_new(NULL);
    FulcraDomain *domain = fulcra_host_domain_new(kernel, "d");
    g_autofree Item *items = g_new0(Item, N);

    last = -1;
    for (int i = 0; i < N; i++) {
        items[i] = (Item){ { NULL, item_run }, domain, i };
        fulcra__domain_post(domain, &items[i].task, FULCRA__BEGIN);
    }
    wait_for_done(N);
    g_assert_cmpint(atomic_load(&wrong), ==, 0);
    fulcra_host_kernel_free(kernel);
    fulcra_host_domain_unref(domain);
}

typedef struct {
    FulcraTask task;
    FulcraDomain *domain;
    int64_t due;
    bool entered;
} Entrant;

static void
entrant_run(FulcraTask *task)
{
    Entrant *self = (Entrant *)(void *)task;

    self->entered = fulcra__domain_enter(self->domain, self->due);
    if (self->entered) {
        if (atomic_fetch_add(&inside, 1) != 0)
            atomic_fetch_add(&wrong, 1);
        g_usleep(100);
        atomic_fetch_sub(&inside, 1);
        fulcra__domain_leave();
    }
    atomic_fetch_add(&done, 1);
}

/* More threads want in than the pool may have: nobody is refused, because the
 * one inside runs. */
static void
test_entering(void)
{
    FulcraKernelLimits limits = FULCRA_KERNEL_LIMITS_DEFAULT;
    limits.workers = 2;
    limits.max_workers = 4;
    FulcraKernel *kernel = fulcra_host_kernel_new(&limits);
    FulcraDomain *domain = fulcra_host_domain_new(kernel, "d");
    Entrant entrants[64];

    atomic_store(&done, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(entrants); i++) {
        entrants[i] = (Entrant){ { NULL, entrant_run }, domain,
            FULCRA__DOMAIN_FOREVER, false };
        fulcra__pool_post(kernel->pool, &entrants[i].task, FULCRA__BEGIN);
    }
    wait_for_done(G_N_ELEMENTS(entrants));
    g_assert_cmpint(atomic_load(&wrong), ==, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(entrants); i++)
        g_assert_true(entrants[i].entered);

    /* Whoever waits for a domain that is held waits until its deadline. */
    g_assert_true(fulcra__domain_enter(domain, FULCRA__DOMAIN_FOREVER));
    Entrant late = { { NULL, entrant_run }, domain,
        g_get_monotonic_time() + 5000, true };
    fulcra__pool_post(kernel->pool, &late.task, FULCRA__BEGIN);
    wait_for_done(G_N_ELEMENTS(entrants) + 1);
    g_assert_false(late.entered);
    fulcra__domain_leave();

    fulcra_host_kernel_free(kernel);
    fulcra_host_domain_unref(domain);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/domain/mailbox", test_mailbox);
    g_test_add_func("/domain/entering", test_entering);
    return g_test_run();
}
