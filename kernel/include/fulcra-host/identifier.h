/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Identifiers, for the host
 *
 * The third maker of identifiers: a parser, for transports, definitions and
 * the admin plane. Modules cannot reach it.
 */

#include <fulcra/identifier.h>

G_BEGIN_DECLS

/**
 * fulcra_host_identifier_parse:
 * @text: "scheme:rest+name@value..."; a scheme is [a-z][A-Za-z0-9.-]*, a name
 *     [A-Za-z_][A-Za-z0-9_.-]*, both of at most 64 bytes; `data:` takes the
 *     rest as it is, without arguments
 *
 * Returns: (transfer full) (nullable): NULL with FULCRA_ERROR_BAD_ARGUMENT,
 * whose message says at which character and what would be right, or with
 * FULCRA_ERROR_TOO_LARGE beyond 16 KiB, 256 arguments or 16 levels
 */
FulcraIdentifier *fulcra_host_identifier_parse(
        const char *text, GError **error);

/**
 * fulcra_host_identifier_new_path:
 * @scheme: interned
 * @path: begins with "/"; decoded once and normalised by the transport, may
 *     hold any character but NUL
 *
 * What has a meaning in an identifier is escaped: @path is data and adds no
 * argument. Its length is for the transport to limit. The identifier is marked
 * as from outside.
 */
FulcraIdentifier *fulcra_host_identifier_new_path(
        const char *scheme, const char *path);

/**
 * fulcra_host_identifier_with_text_argument:
 * @base: has no arguments of its own, or some
 * @name: interned
 * @text: data
 *
 * Returns: (transfer full): @base with one more argument, whose value is the
 * literal @text. Shares what it can with @base and makes no text form.
 */
FulcraIdentifier *fulcra_host_identifier_with_text_argument(
        FulcraIdentifier *base, const char *name, const char *text);

/** The text that @self has as its argument @name, which is interned. (nullable)
 * (transfer none): as long as @self */
const char *fulcra_host_identifier_get_text_argument(
        FulcraIdentifier *self, const char *name);

bool fulcra_host_identifier_is_from_outside(FulcraIdentifier *self);

/** @a up to the first argument equals that of @b. */
bool fulcra_host_identifier_same_base(FulcraIdentifier *a, FulcraIdentifier *b);

G_END_DECLS
