/* SPDX-License-Identifier: MIT */

/*
 * thread.c - thread-local state: am I a worker, a loop, in which domain
 */

#include "private/thread.h"

static _Thread_local FulcraThread current;

FulcraThread *
fulcra__thread_self(void)
{
    return &current;
}

void
fulcra__thread_enter_worker(FulcraKernel *kernel)
{
    current = (FulcraThread){ .worker = true, .kernel = kernel };
}

void
fulcra_host_thread_enter_loop(FulcraKernel *kernel, FulcraExecutor *loop)
{
    current = (FulcraThread){ .kernel = kernel, .loop = loop };
}

void
fulcra_host_thread_leave_loop(FulcraKernel *kernel)
{
    g_return_if_fail(current.kernel == kernel);
    current = (FulcraThread){ 0 };
}
