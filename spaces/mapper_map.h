/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Maps: what a mapper makes of which identifier
 */

#include <fulcra-host/declared.h>

/* One entry of a map. */
typedef struct {
    JsonNode *grammar;   /* of the document: a text or a list */
    GPtrArray *grammars; /* of FulcraGrammar: the same, compiled */
    FulcraVerbs verbs;
    bool is_protected, is_private;
    FulcraDeclaredRequest *request;
    GPtrArray *headers; /* of char *: name, value, name, ...: of the answer */
} FulcraMapItem;

extern const FulcraSchema fulcra__map_item_schema;

/** The grammars of @node, a text or a list of texts; what is wrong is reported.
 * (transfer full): of FulcraGrammar */
GPtrArray *fulcra__grammars_parse(
        FulcraDocument *document, FulcraProblems *problems, JsonNode *node);

/** The slots of all of @self. @more: (out): whether there may be others.
 * (transfer full): of FulcraGrammarSlot */
GArray *fulcra__grammars_list_slots(const GPtrArray *self, bool *more);

/** Adds to @slots those that the transport fills where one of @self is of
 * `ws:`, unless there are slots of these names. */
void fulcra__grammars_add_transport_slots(const GPtrArray *self, GArray *slots);

/** A request whose slots are those of all of @self, grammars, together.
 * (transfer full) (nullable): see fulcra_host_declared_request_parse() */
FulcraDeclaredRequest *fulcra__grammars_parse_request(const GPtrArray *self,
        FulcraDocument *document, FulcraProblems *problems, JsonNode *node);

/** @node: an object of fulcra__map_item_schema, checked. Returns NULL where
 * anything is wrong, which is reported. (transfer full) */
FulcraMapItem *fulcra__map_item_parse(
        FulcraDocument *document, FulcraProblems *problems, JsonNode *node);
void fulcra__map_item_free(FulcraMapItem *self);

/* A map that was read from a resource. */
typedef struct {
    FulcraRefs refs;
    FulcraRepresentation *source; /* that it was made of */
    GPtrArray *items;             /* of FulcraMapItem */
} FulcraMap;

/** @name: of the resource, for messages. Fails with FULCRA_ERROR_MODULE, a
 * line for each problem, or FULCRA_ERROR_FORBIDDEN for what came from outside.
 */
FulcraMap *fulcra__map_new(
        const char *name, FulcraRepresentation *source, GError **error);
FulcraMap *fulcra__map_ref(FulcraMap *self);
void fulcra__map_unref(FulcraMap *self);

/** The entry that answers @request, whose slots are then those of the entry's
 * grammar; NULL with FULCRA_ERROR_UNRESOLVED and a trace. (transfer none) */
const FulcraMapItem *fulcra__map_find(FulcraMap *self, const char *name,
        FulcraRequest *request, GError **error);
