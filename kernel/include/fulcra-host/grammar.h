/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Grammars
 *
 * A grammar says which identifiers an endpoint answers, and takes them apart;
 * or, given the parts, puts one together (fulcra_identifier_build()).
 *
 *   simple   res:/owners/{id}  res:/files/{rest*}  res:/n/{id:[0-9]+}
 *            {id} matches one or more characters but "/", {rest*} any number
 *            of characters, slashes included, none too. A pattern narrows
 *            that, as in {id:[0-9]+} or {rest*:.*\.css}: it is PCRE2 and
 *            matches the whole decoded text. Of several slots the first takes
 *            as much as it can. Arguments of the identifier are allowed where
 *            the grammar names them, and where it is of `ws:`
 *   active   active:toUpper+operand@{}  active:sum+n@{}*  active:x+a@{}?
 *            arguments in any order: {} exactly one, ? at most one, * any
 *            number, + at least one; `+*` at the end allows undeclared ones.
 *            {title} names a slot, where it is to differ from the argument's
 *            name; another value is a constant: +operand@res:/x
 *   regex    regex:res:/a(?<name>b+)   over the whole text form; each named
 *            group is a slot
 *
 * A slot's text is given unescaped. PCRE2 runs with JIT, anchored at both
 * ends, under a match limit; meeting the limit refuses the identifier.
 */

#include <fulcra/types.h>

G_BEGIN_DECLS

/**
 * fulcra_host_grammar_new:
 *
 * Returns: (transfer full) (nullable): NULL with FULCRA_ERROR_BAD_ARGUMENT,
 * whose message gives the character and what would be right
 */
FulcraGrammar *fulcra_host_grammar_new(const char *text, GError **error);

FulcraGrammar *fulcra_host_grammar_ref(FulcraGrammar *self);
void fulcra_host_grammar_unref(FulcraGrammar *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FulcraGrammar, fulcra_host_grammar_unref)

const char *fulcra_host_grammar_get_text(const FulcraGrammar *self);

/**
 * fulcra_host_grammar_matches:
 * @limited: (out): whether a limit was met before that could be said; what
 *     asks must refuse then
 *
 * Whether @self matches @identifier, as it would in a space.
 */
bool fulcra_host_grammar_matches(
        const FulcraGrammar *self, FulcraIdentifier *identifier, bool *limited);

/** The scheme of all that it matches, interned; NULL for a regex. */
const char *fulcra_host_grammar_get_scheme(const FulcraGrammar *self);

/** Whether matching it may fill a slot of that name. */
bool fulcra_host_grammar_has_slot(const FulcraGrammar *self, const char *name);

/* A slot, as others see it. */
typedef struct {
    const char *name; /* interned */
    bool argument;    /* of an argument: may hold a reference */
    bool rest;        /* may hold "/", or nothing; a regex does not say */
    bool optional;    /* may be missing */
} FulcraGrammarSlot;

/** @n_slots: (out). Returns: (transfer full): for g_free(); (nullable) where
 * there are none */
FulcraGrammarSlot *fulcra_host_grammar_list_slots(
        const FulcraGrammar *self, size_t *n_slots);

/** Whether its text says, with "+*", that it also takes arguments that it does
 * not declare. One of `ws:` takes those of the transport without saying so. */
bool fulcra_host_grammar_takes_more(const FulcraGrammar *self);

G_END_DECLS
