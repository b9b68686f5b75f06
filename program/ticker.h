/* SPDX-License-Identifier: MIT */
#pragma once

/* A ticker, for kinds in spaces/, on an event loop. */

#include "loop/loop.h"
#include "spaces/ticker.h"

G_BEGIN_DECLS

/** @loop: runs before anything is started and until all is stopped. (transfer
 * full) */
FulcraTicker *fulcra_ticker_new(FulcraLoop *loop);
void fulcra_ticker_free(FulcraTicker *self);

G_END_DECLS
