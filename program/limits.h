/* SPDX-License-Identifier: MIT */
#pragma once

/* From settings to what the transports take. */

#include "http/server.h"
#include "settings.h"
#include "websocket/websockets.h"
#include <fulcra-host/change.h>

/** Points into @settings. */
FulcraHttpOptions fulcra_limits_http(const FulcraSettings *settings);
FulcraChangeLimits fulcra_limits_change(const FulcraSettings *settings);
FulcraWebSocketLimits fulcra_limits_websocket(const FulcraSettings *settings);
