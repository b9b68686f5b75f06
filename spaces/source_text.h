/* SPDX-License-Identifier: MIT */
#pragma once

#include <fulcra/request.h>

/** What @identifier has to say as text. (transfer full) (nullable): NULL where
 * that fails, as all of `httpRequest:` does where there is no HTTP */
char *fulcra__source_text(FulcraRequest *request, FulcraIdentifier *identifier);
