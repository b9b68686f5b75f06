/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The room: sockets, and who sits at each; README.md states the protocol
 */

#include <fulcra/fulcra.h>

void room_open(void);
void room_enter(FulcraSocket *socket, const char *user);

/** @text: (nullable): what somebody wants to say; NULL where it made no sense.
 * @keep: how many of the last ones stay */
void room_say(FulcraSocket *socket, const char *text, size_t keep);
void room_leave(FulcraSocket *socket);
