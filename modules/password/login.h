/* SPDX-License-Identifier: MIT */
#pragma once

#include <fulcra/fulcra.h>

/** Adds active:loginAllowed, loginFailed and loginSucceeded. */
bool login_load(FulcraModule *module, GError **error);
