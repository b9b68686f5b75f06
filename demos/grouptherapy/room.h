/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The room: who is in it and what was said last. Used by SERIAL endpoints, one
 * request at a time, so it has no lock.
 */

#include <fulcra/fulcra.h>

void room_open(void);

/** The name under which @socket has joined; NULL if it has not. */
const char *room_get_name(FulcraSocket *socket);
bool room_has_name(const char *name);

/* Each tells everyone who is concerned. */
void room_join(FulcraSocket *socket, const char *name);
void room_say(const char *name, const char *text, size_t keep);
void room_leave(FulcraSocket *socket);
void room_refuse(FulcraSocket *socket, const char *code, const char *why);

/** The answer to SOURCE res:/demo/grouptherapy/members. */
FulcraRepresentation *room_source_members(
        FulcraRequest *request, GError **error);
