/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Something that is done again and again
 *
 * Kinds in spaces/ know no event loop; whoever has one gives them a ticker as
 * their user_data. Where definitions are only read there is none.
 */

#include <glib.h>

G_BEGIN_DECLS

typedef struct _FulcraTicker FulcraTicker;
struct _FulcraTicker {
    /* Calls @tick every @milliseconds on an event loop's thread, where it must
     * not wait. Returns what @stop is given. */
    void *(*start)(FulcraTicker *self, unsigned milliseconds,
            void (*tick)(void *user_data), void *user_data);
    /* When it returns, @tick does not run and will not be called again. */
    void (*stop)(FulcraTicker *self, void *ticking);
};

G_END_DECLS
