/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Which identifiers a fileset answers, and with which file: globs and rewrite
 * templates. Pure functions.
 */

#include <fulcra-host/grammar.h>

G_BEGIN_DECLS

/**
 * fulcra__fileset_glob_to_grammar:
 * @glob: "res:/css/" and so on, where "?" is any character but "/", "*" any
 *     number of those, "**" any number of any characters, "**" with a slash
 *     any number of folders, none too, "{css,js}" one of several, and "\" takes
 *     the meaning from the next character
 *
 * Returns: (transfer full) (nullable): the text of a grammar whose slots w1,
 * w2 ... are what the wildcards stand for, in the order in which they begin;
 * NULL with FULCRA_ERROR_BAD_ARGUMENT
 */
char *fulcra__fileset_glob_to_grammar(const char *glob, GError **error);

/** A path with {slots}; {1} is the slot w1. */
typedef struct _FulcraFilesetRewrite FulcraFilesetRewrite;

/** NULL with FULCRA_ERROR_BAD_ARGUMENT where it is malformed or is no path
 * below a root. (transfer full) (nullable) */
FulcraFilesetRewrite *fulcra__fileset_rewrite_new(
        const char *text, GError **error);
void fulcra__fileset_rewrite_free(FulcraFilesetRewrite *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(
        FulcraFilesetRewrite, fulcra__fileset_rewrite_free)

/** The first slot of @self that @grammar does not fill, as it is written;
 * NULL where it fills all. (transfer none) */
const char *fulcra__fileset_rewrite_lacks(
        const FulcraFilesetRewrite *self, const FulcraGrammar *grammar);

/** @get: gives the text of a slot; NULL counts as empty. (transfer full) */
char *fulcra__fileset_rewrite_apply(const FulcraFilesetRewrite *self,
        const char *(*get)(const char *slot, void *user_data), void *user_data);

G_END_DECLS
