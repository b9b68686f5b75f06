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
 *            of characters, slashes included, none too; a pattern is PCRE2 and
 *            matches the decoded text. Arguments of the identifier are allowed
 *            where the grammar is of a `ws:` identifier or names them.
 *   active   active:toUpper+operand@{}  active:sum+n@{}*  active:x+a@{}?
 *            arguments in any order: {} exactly one, ? at most one, * any
 *            number, + at least one; `+*` at the end allows undeclared ones
 *   regex    regex:^res:/a(?<name>b+)$   over the whole text form
 *
 * A slot's text is given unescaped. Matching runs PCRE2 with JIT under a match
 * limit; hitting the limit refuses the identifier, with a reason.
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

/** The scheme of all that it matches, interned; NULL for a regex. */
const char *fulcra_host_grammar_get_scheme(const FulcraGrammar *self);

G_END_DECLS
