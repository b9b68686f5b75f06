/* SPDX-License-Identifier: MIT */
#pragma once

/* The login form, and what it is sent to. */

#include <fulcra/fulcra.h>

/* SOURCE: the form. */
FulcraRepresentation *login_source(FulcraRequest *request, GError **error);

/* NEW, which a POST asks for: with the fields "user" and "password" into the
 * session, or the form again. */
FulcraRepresentation *login_new(FulcraRequest *request, GError **error);
