/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the kernel knows of the thread it is on
 */

#include <fulcra-host/kernel.h>

/* libfulcra is there when the program starts, so its thread-local variables
 * are found without a call. */
#define FULCRA__THREAD_LOCAL                                                   \
    _Thread_local __attribute__((tls_model("initial-exec")))

typedef struct {
    bool worker;
    FulcraKernel *kernel;
    FulcraExecutor *loop; /* (nullable): an event loop's thread: never waits */
    FulcraDomain *held;   /* (nullable): the domain whose code runs here */
    bool in_turn;         /* of the loop */
    bool woke;            /* a worker, in this turn */
    bool owes;            /* wake-ups to workers, until it ends */
} FulcraThread;

extern FULCRA__THREAD_LOCAL FulcraThread fulcra__thread;

static inline FulcraThread *
fulcra__thread_self(void)
{
    return &fulcra__thread;
}

void fulcra__thread_enter_worker(FulcraKernel *kernel);
