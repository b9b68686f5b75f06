/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Identifiers
 *
 * An identifier is a URI that names a resource. It is immutable and safe from
 * any thread. A module makes one in two ways, neither of which can take bytes
 * that came from outside for an identifier:
 *
 *   FULCRA_ID("res:/stock/list")
 *       a literal, and only a literal
 *   fulcra_identifier_build(FULCRA_GRAMMAR("res:/stock/{symbol}"), ...)
 *       a literal whose slots are filled
 *
 * What fills a slot is data: it is escaped, and adds no argument and no
 * scheme. In the position of an argument (active:render+title@{title}) a text
 * becomes a literal value; only another identifier makes a reference there.
 *
 *   scheme ":" rest ( "+" name "@" value )*
 *
 * In rest and value, % + @ { } and control characters are written %25 %2B %40
 * %7B %7D %XX. A value that begins with a scheme is a reference, escaped once
 * more; any other is a text, in which ":" is written %3A.
 */

#include <fulcra/types.h>

/* C only warns of a message or a text that is passed where an identifier
 * belongs, and goes on. Whoever includes this gets an error instead. */
#ifndef __cplusplus
#pragma GCC diagnostic error "-Wincompatible-pointer-types"
#endif

G_BEGIN_DECLS

/* What a literal parses to, kept at its call site. */
typedef struct {
    const char *text;
    void *parsed; /* accessed atomically by the library */
} FulcraLiteral;

/* Accepts string literals and nothing else: *&("" x "") is refused by the
 * compiler for pointers, arrays and conditional expressions alike. */
#define FULCRA_LITERAL_TEXT(literal) (*&("" literal ""))

/**
 * FULCRA_ID:
 * @literal: a string literal
 *
 * Parsed once per call site; a malformed literal is a caller's bug and stops
 * the program, naming it.
 *
 * Returns: (transfer none): the identifier; it lives as long as the process
 */
#define FULCRA_ID(literal)                                                     \
    (__extension__({                                                           \
        static FulcraLiteral fulcra_literal_cell = {                           \
            FULCRA_LITERAL_TEXT(literal), NULL                                 \
        };                                                                     \
        fulcra_identifier_from_literal(&fulcra_literal_cell);                  \
    }))

/**
 * FULCRA_GRAMMAR:
 * @literal: a string literal: a simple or active grammar with {slots}
 *
 * Returns: (transfer none): the grammar; it lives as long as the process
 */
#define FULCRA_GRAMMAR(literal)                                                \
    (__extension__({                                                           \
        static FulcraLiteral fulcra_literal_cell = {                           \
            FULCRA_LITERAL_TEXT(literal), NULL                                 \
        };                                                                     \
        fulcra_grammar_from_literal(&fulcra_literal_cell);                     \
    }))

/* The work behind the two macros. */
FulcraIdentifier *fulcra_identifier_from_literal(FulcraLiteral *cell);
const FulcraGrammar *fulcra_grammar_from_literal(FulcraLiteral *cell);

FulcraIdentifier *fulcra_identifier_ref(FulcraIdentifier *self);
void fulcra_identifier_unref(FulcraIdentifier *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FulcraIdentifier, fulcra_identifier_unref)

/* What fills one slot or argument: a text, or an identifier. */
typedef struct {
    const char *name;
    const char *text;             /* (nullable): data, escaped when filled in */
    FulcraIdentifier *identifier; /* (nullable): a reference */
} FulcraSlot;

static inline FulcraSlot
fulcra_slot_text(const char *name, const char *text)
{
    FulcraSlot slot = { name, text, NULL };
    return slot;
}

static inline FulcraSlot
fulcra_slot_identifier(const char *name, FulcraIdentifier *identifier)
{
    FulcraSlot slot = { name, NULL, identifier };
    return slot;
}

/**
 * fulcra_identifier_build:
 * @grammar: as FULCRA_GRAMMAR() makes it
 * @slots: (array length=n_slots): what fills its slots, in any order; for an
 *     active grammar, entries that name no slot become further arguments. A
 *     slot of an argument that may be repeated takes several entries
 *
 * The inverse of matching: the endpoint whose grammar this is will find the
 * same texts under the same names.
 *
 * Returns: (transfer full) (nullable): NULL with FULCRA_ERROR_BAD_ARGUMENT
 * where a slot is missing, is not accepted by the slot's pattern, would be
 * read back as another text, or holds an identifier outside an argument; with
 * FULCRA_ERROR_TOO_LARGE beyond 16 KiB, 256 arguments or 16 levels
 */
FulcraIdentifier *fulcra_identifier_build(const FulcraGrammar *grammar,
        const FulcraSlot *slots, size_t n_slots, GError **error);

/** The text form, made on first use. (transfer none), as long as @self. */
const char *fulcra_identifier_get_text(FulcraIdentifier *self);

/** The scheme without its colon, interned. */
const char *fulcra_identifier_get_scheme(FulcraIdentifier *self);

/** Whether both name the same resource: same base, same arguments in order. */
bool fulcra_identifier_equal(FulcraIdentifier *a, FulcraIdentifier *b);

/** A hash that agrees with fulcra_identifier_equal(). */
unsigned fulcra_identifier_hash(FulcraIdentifier *self);

G_END_DECLS
