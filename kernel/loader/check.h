/* SPDX-License-Identifier: MIT */
#pragma once

#include <fulcra-host/schema.h>

/** Checks one value, of the member @key->name, as fulcra_host_schema_check()
 * does those of an object. */
bool fulcra__schema_check_value(const FulcraSchemaKey *key,
        FulcraDocument *document, JsonNode *node, FulcraProblems *problems);
