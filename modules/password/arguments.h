/* SPDX-License-Identifier: MIT */
#pragma once

/* Reading arguments and settings. */

#include <fulcra/fulcra.h>

/**
 * argument_text:
 * @most: bytes that it may have
 *
 * Returns: (transfer full) (nullable): the argument @name as text without
 * NULs; NULL with @error
 */
FulcraRepresentation *argument_text(
        FulcraRequest *request, const char *name, size_t most, GError **error);

/** As argument_text(), of a secret: it is refused where it stands in the
 * identifier, for that is what logs and traces show. */
FulcraRepresentation *argument_secret(
        FulcraRequest *request, const char *name, size_t most, GError **error);

/** False with @error where the setting cannot be read. */
bool setting_int(FulcraRequest *request, FulcraIdentifier *setting,
        int64_t *value, GError **error);
