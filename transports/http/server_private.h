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

G_END_DECLS
