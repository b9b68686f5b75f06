/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the kernel knows of the thread it is on
 */

#include <fulcra-host/kernel.h>

typedef struct {
    bool worker;
    FulcraKernel *kernel;
    FulcraExecutor *loop; /* (nullable): an event loop's thread: never waits */
    FulcraDomain *held;   /* (nullable): the domain whose code runs here */
} FulcraThread;

FulcraThread *fulcra__thread_self(void);
void fulcra__thread_enter_worker(FulcraKernel *kernel);
