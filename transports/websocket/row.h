/* SPDX-License-Identifier: MIT */
#pragma once

#include "websocket/socket.h"

/** Issues @first, a message that runs serially; those in the inbox follow it
 * where they run, and fulcra__turn_answered() tells of the last that began. */
void fulcra__row_issue(FulcraWebSocket *socket, FulcraRequest *first);
