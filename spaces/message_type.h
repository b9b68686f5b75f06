/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Types of message: what one holds, and which request is made of it
 *
 * Immutable once made.
 */

#include <fulcra-host/declared.h>

#define FULCRA__MESSAGE_MAX_FIELDS 32

typedef struct _FulcraMessageType FulcraMessageType;

/* A checked message: what its fields hold, in the order of the definition. */
typedef struct {
    FulcraSlot slots[FULCRA__MESSAGE_MAX_FIELDS];
    char *texts[FULCRA__MESSAGE_MAX_FIELDS]; /* what the slots point to */
    unsigned n;
} FulcraMessageFields;

extern const FulcraSchema fulcra__message_type_schema;

/**
 * fulcra__message_type_parse:
 * @grammars: of FulcraGrammar: whose slots the request may use too
 * @node: an object of fulcra__message_type_schema, checked
 *
 * Returns: (transfer full): what is wrong is reported
 */
FulcraMessageType *fulcra__message_type_parse(
        FulcraEntry *entry, const GPtrArray *grammars, JsonNode *node);
void fulcra__message_type_free(FulcraMessageType *self);

/** Takes the fields out of @message. Fails as fulcra_error_refuse() does;
 * @fields is to be cleared either way. */
bool fulcra__message_type_read(const FulcraMessageType *self,
        JsonObject *message, FulcraMessageFields *fields, GError **error);
void fulcra__message_fields_clear(FulcraMessageFields *fields);

/** The request of a message that holds @fields: a sub-request of @parent, not
 * issued. (transfer full) (nullable) */
FulcraRequest *fulcra__message_type_make(const FulcraMessageType *self,
        FulcraRequest *parent, const FulcraMessageFields *fields,
        GError **error);
