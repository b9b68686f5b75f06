/* SPDX-License-Identifier: MIT */
#pragma once

/* ADDRESS:PORT, as --listen takes it. */

#include <fulcra/types.h>

/** False where @text is none. An address of IPv6 stands in brackets, which
 * @address leaves out. @address: (out) (transfer full) (optional) */
bool fulcra_listen_parse(const char *text, char **address, uint16_t *port);

/** @text: an ADDRESS:PORT */
bool fulcra_listen_is_loopback(const char *text);
