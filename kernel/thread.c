/* SPDX-License-Identifier: MIT */

/*
 * thread.c - thread-local state: am I a worker, a loop, in which domain
 */

#include "private/thread.h"

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
fulcra_host_thread_leave_loop(FulcraKernel *kernel)
{
    g_return_if_fail(fulcra__thread.kernel == kernel);
    fulcra__thread = (FulcraThread){ 0 };
}
