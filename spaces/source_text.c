/* SPDX-License-Identifier: MIT */
/*
 * source_text.c - a text that a request may have, or not
 */
#include "spaces/source_text.h"

#include <fulcra/representation.h>

char *
fulcra__source_text(FulcraRequest *request, FulcraIdentifier *identifier)
{
    g_autoptr(FulcraRepresentation) answer =
            fulcra_request_source(request, identifier, FULCRA_TYPE_TEXT, NULL);

    return answer == NULL ? NULL
                          : g_strdup(fulcra_representation_get_text(answer));
}
