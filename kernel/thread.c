/* SPDX-License-Identifier: MIT */

/*
 * thread.c - thread-local state: am I a worker, a loop, in which domain
 */

#include "private/thread.h"
#include "private/kernel.h"
#include "private/pool.h"

FULCRA__THREAD_LOCAL FulcraThread fulcra__thread;

void
fulcra__thread_enter_worker(FulcraKernel *kernel)
{
    fulcra__thread = (FulcraThread){ .worker = true, .kernel = kernel };
}

void
fulcra_host_thread_enter_loop(FulcraKernel *kernel, FulcraExecutor *loop)
{
    fulcra__thread = (FulcraThread){ .kernel = kernel, .loop = loop };
}

void
fulcra_host_thread_begin_turn(void)
{
    fulcra__thread.in_turn = true;
    fulcra__thread.woke = fulcra__thread.owes = false;
}

bool
fulcra_host_thread_end_turn(void)
{
    FulcraThread *self = &fulcra__thread;

    self->in_turn = false;
    if (self->owes)
        fulcra__pool_repay(self->kernel->pool);
    return self->woke;
}

void
fulcra_host_thread_leave_loop(FulcraKernel *kernel)
{
    g_return_if_fail(fulcra__thread.kernel == kernel);
    fulcra__thread = (FulcraThread){ 0 };
}
