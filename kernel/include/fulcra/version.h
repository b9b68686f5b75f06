/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * fulcra_version:
 *
 * Returns: (transfer none): the version of the running library, "0.1.0"
 */
const char *fulcra_version(void);

G_END_DECLS
