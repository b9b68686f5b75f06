/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Strips: what the sockets of one page caused lately, for the playground
 *
 * A page that opens its socket with ?strip=TAG can read at
 * res:/playground/strip/TAG which requests its messages became. Bounded: so
 * many records a tag, so many tags, the one unused longest goes first.
 */

#include <fulcra-host/request.h>

typedef struct _FulcraStrips FulcraStrips;
typedef struct _FulcraStripTag FulcraStripTag;

FulcraStrips *fulcra__strips_new(void);
void fulcra__strips_free(FulcraStrips *self);

/** The space urn:fulcra:playground, sealed. (transfer none) */
FulcraSpace *fulcra__strips_get_space(FulcraStrips *self);

/** @query: of a handshake. (transfer full) (nullable): NULL where it names no
 * tag, or not a valid one */
FulcraStripTag *fulcra__strips_open(FulcraStrips *self, const char *query);
FulcraStripTag *fulcra__strip_tag_ref(FulcraStripTag *self);
void fulcra__strip_tag_unref(FulcraStripTag *self);

/** Records @root and all below it. */
void fulcra__strip_tag_trace(FulcraStripTag *self, FulcraRequest *root);
