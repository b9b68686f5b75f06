/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Content codings (RFC 9110 sections 8.4.1 and 12.5.3)
 *
 * An endpoint may have hung coded forms on what it answers (see
 * fulcra_host_representation_add_coding()). Which of them a client gets is
 * decided here, so that endpoints, overlays and caches in between deal with
 * the plain form alone.
 */

#include <fulcra/representation.h>

G_BEGIN_DECLS

/** How much @accept, the value of Accept-Encoding, likes @coding: 0 (not at
 * all) to 1000. @accept: (nullable): absent */
unsigned fulcra__http_coding_quality(const char *accept, const char *coding);

/**
 * fulcra__http_coding_choose:
 * @coding: (out): its name; NULL where the plain form is chosen
 *
 * Returns: (transfer none): the coded form that @accept likes best, or @body
 * itself
 */
FulcraRepresentation *fulcra__http_coding_choose(
        FulcraRepresentation *body, const char *accept, const char **coding);

/** Whether there is a choice: then the answer varies with Accept-Encoding. */
bool fulcra__http_coding_varies(FulcraRepresentation *body);

G_END_DECLS
