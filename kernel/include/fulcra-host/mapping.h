/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Mappings: what still points into code that is to be unmapped
 *
 * While a range of addresses is registered, representations whose destroy
 * function or data lie in it are counted, and answers that functions in it wait
 * for. Where none is registered this costs nothing.
 *
 * Every call from any thread.
 */

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

G_BEGIN_DECLS

typedef struct _FulcraMapping FulcraMapping;

/** Registers the addresses from @begin to before @end. To be called before
 * anything there runs. (transfer full) */
FulcraMapping *fulcra_host_mapping_new(uintptr_t begin, uintptr_t end);

/** Nothing there will be used any more. NULL: does nothing. */
void fulcra_host_mapping_free(FulcraMapping *self);

size_t fulcra_host_mapping_count_representations(FulcraMapping *self);
size_t fulcra_host_mapping_count_callbacks(FulcraMapping *self);

G_END_DECLS
