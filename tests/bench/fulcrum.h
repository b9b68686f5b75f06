/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The fulcrum of a WebSocket, as the transport makes and releases it
 */

#include <fulcra-host/kernel.h>

void bench_fulcrum_open(FulcraKernel *kernel, const char *front);
void bench_fulcrum_close(void);
void bench_fulcrum_free(void); /* after the kernel */
void bench_fulcrum_run(unsigned n);
void bench_fulcrum_hold(unsigned n);
