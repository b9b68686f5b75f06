/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Declared requests
 *
 * A request as data, in a definition: what a mapper makes of an identifier,
 * what an overlay asks, what a timer issues.
 *
 *     { "identifier": "active:render+title@{title}", "verb": "SOURCE",
 *       "type": "text/html",
 *       "arguments": {
 *           "operand": "res:/stock/{symbol}",            a reference
 *           "title":   { "text": "Prices" },             a literal
 *           "style":   { "json": { "wide": true } },     by value
 *           "data":    { "request": { ... } },           issued when asked for
 *           "body":    { "slot": "response" },           what came under a name
 *           "n":       [ "res:/a", "res:/b" ] },         repeated
 *       "headers": { "name": "value" },
 *       "primary": true,
 *       "varargs": true,
 *       "no-dependency": true }
 *
 * A text is short for { "identifier": text }. It is parsed and checked once;
 * an instance costs a request and, where {slots} are filled, an identifier.
 *
 * Slots are data, as everywhere: a text in the position of an argument becomes
 * a literal, and only what already was an identifier becomes a reference.
 * { "slot": NAME } and the reference "arg:NAME" pass on what came under that
 * name, whichever way it was passed, in the scope in which it was passed.
 */

#include <fulcra-host/grammar.h>
#include <fulcra-host/loader.h>
#include <fulcra-host/request.h>

G_BEGIN_DECLS

typedef struct _FulcraDeclaredRequest FulcraDeclaredRequest;

/* For the schemas of kinds: a key of FULCRA_SCHEMA_TEXT_OR_OBJECT, `of` this.
 */
extern const FulcraSchema fulcra_host_declared_request_schema;

/* The names that a declaration may refer to. */
typedef struct {
    const FulcraGrammarSlot *slots; /* (nullable): texts and references */
    size_t n_slots;
    const char *const *values; /* (nullable) (array zero-terminated=1): what is
                                  passed by value: arguments only */
    bool more;                 /* there may be others, not known yet */
    bool automatic; /* where it is of `active:` and refers to none of them, all
                       are passed, as arguments of these names */
    bool root;      /* it is issued by itself, with no request around it: it
                       cannot hold requests */
} FulcraDeclaredNames;

/**
 * fulcra_host_declared_request_parse:
 * @node: of @document: checked to be a text, or an object of
 *     fulcra_host_declared_request_schema
 * @names: (nullable): for none
 *
 * Returns: (transfer full) (nullable): NULL where anything is wrong, which is
 * reported
 */
FulcraDeclaredRequest *fulcra_host_declared_request_parse(
        FulcraDocument *document, FulcraProblems *problems, JsonNode *node,
        const FulcraDeclaredNames *names);

/** The same, of a value of an entry. (transfer full) (nullable) */
FulcraDeclaredRequest *fulcra_host_declared_request_new_from_json(
        FulcraEntry *entry, JsonNode *node, const FulcraDeclaredNames *names);

void fulcra_host_declared_request_free(FulcraDeclaredRequest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(
        FulcraDeclaredRequest, fulcra_host_declared_request_free)

/* What is passed by value under a name. */
typedef struct {
    const char *name;
    FulcraRepresentation *value;
} FulcraDeclaredValue;

/* What an instance is made with; all zero will do. */
typedef struct {
    FulcraVerb verb;         /* where it declares none */
    FulcraSpace *spaces[2];  /* (nullable), both: sealed: put in front of the
                                places, one after the other */
    bool headers;            /* those of the parent are passed on */
    const FulcraSlot *slots; /* (nullable): asked before the arguments of the
                                parent */
    size_t n_slots;
    const FulcraDeclaredValue *values; /* (nullable) */
    size_t n_values;
} FulcraDeclaredUse;

/**
 * fulcra_host_declared_request_instantiate:
 * @parent: the request that is being answered: its arguments fill slots, its
 *     primary is passed on where "primary" says so
 * @use: (nullable)
 *
 * Returns: (transfer full) (nullable): a sub-request of @parent, not issued;
 * NULL with FULCRA_ERROR_BAD_ARGUMENT where a slot does not fit
 */
FulcraRequest *fulcra_host_declared_request_instantiate(
        const FulcraDeclaredRequest *self, FulcraRequest *parent,
        const FulcraDeclaredUse *use, GError **error);

/**
 * fulcra_host_declared_request_ask:
 * @answered: also called, at once and with a @self of NULL, where no instance
 *     can be made
 *
 * Makes an instance and issues it, as fulcra_request_issue_async() does.
 */
void fulcra_host_declared_request_ask(const FulcraDeclaredRequest *self,
        FulcraRequest *parent, const FulcraDeclaredUse *use,
        FulcraAnswered answered, void *user_data);

/** As fulcra_host_request_new_root(): for one that was parsed with `root`. */
FulcraRequest *fulcra_host_declared_request_new_root(
        const FulcraDeclaredRequest *self, FulcraKernel *kernel,
        const char *space, FulcraContext *context, const FulcraDeclaredUse *use,
        GError **error);

/** The text of its identifier, slots as they are written. */
const char *fulcra_host_declared_request_get_text(
        const FulcraDeclaredRequest *self);

G_END_DECLS
