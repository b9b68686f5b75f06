/* SPDX-License-Identifier: MIT */
#pragma once

#include "http/exchange.h"

G_BEGIN_DECLS

FulcraKernel *fulcra__http_server_get_kernel(FulcraHttpServer *self);
const FulcraHttpOptions *fulcra__http_server_get_options(
        FulcraHttpServer *self);

/** (nullable): where upgrades go. */
const FulcraHttpUpgradeHook *fulcra__http_server_get_hook(
        FulcraHttpServer *self);

/* Exchanges that wait for an answer, in all loops: a stop waits for them. Any
 * thread. */
void fulcra__http_server_begin_waiting(FulcraHttpServer *self);
void fulcra__http_server_end_waiting(FulcraHttpServer *self);

/** Whether connections are to be closed after their answer. Any thread. */
bool fulcra__http_server_is_stopping(FulcraHttpServer *self);

G_END_DECLS
