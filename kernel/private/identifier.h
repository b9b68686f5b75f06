/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Identifiers, inside the kernel
 */

#include <fulcra-host/identifier.h>
#include <fulcra-host/sync.h>

#define FULCRA__IDENTIFIER_MAX_LENGTH    (16 * 1024)
#define FULCRA__IDENTIFIER_MAX_DEPTH     16
#define FULCRA__IDENTIFIER_MAX_ARGUMENTS 256
#define FULCRA__NAME_MAX_LENGTH          64

/* One argument of an identifier, or one slot that a grammar found: a text or
 * an identifier. Whose the two are, their container says. */
typedef struct {
    const char *name;             /* interned */
    char *text;                   /* (nullable): unescaped */
    FulcraIdentifier *identifier; /* (nullable) */
} FulcraArgument;

/*
 * One allocation: the struct, its arguments, then the texts. What `origin` has
 * is used in place: its scheme, its base, and its arguments, which are the
 * first of these. Every WebSocket keeps one of its own, so members are packed.
 */
struct _FulcraIdentifier {
    FulcraRefs refs;
    unsigned short n_arguments;
    unsigned char depth; /* of references within; 0: no references */
    bool immortal : 1;   /* from a literal: never freed, equal ones are the
                          * same */
    bool from_outside : 1;
    bool extends : 1;       /* has an origin */
    _Atomic(unsigned) hash; /* 0: not computed yet */
    unsigned base_length;
    const char *base;     /* escaped text, scheme included, without the
                           * arguments; interned if from a literal */
    _Atomic(char *) text; /* (nullable): made on demand */
    union {
        const char *scheme; /* interned */
        FulcraIdentifier *origin;
    };
    FulcraArgument arguments[];
};
G_STATIC_ASSERT(sizeof(FulcraIdentifier) <= 40);

static inline const char *
fulcra__identifier_scheme(const FulcraIdentifier *self)
{
    while (self->extends)
        self = self->origin;
    return self->scheme;
}

/* --- arguments in a row, as a match yields them --- */

#define FULCRA__ARGUMENTS_FEW 4

/* Owns texts and identifiers. May be moved by plain assignment, and then the
 * source must not be cleared. */
typedef struct {
    size_t n;
    size_t capacity;
    FulcraArgument *many; /* (nullable): where `few` did not suffice */
    FulcraArgument few[FULCRA__ARGUMENTS_FEW];
} FulcraArguments;

static inline void
fulcra__arguments_init(FulcraArguments *self)
{
    self->n = 0;
    self->capacity = FULCRA__ARGUMENTS_FEW;
    self->many = NULL;
}

static inline FulcraArgument *
fulcra__arguments_items(const FulcraArguments *self)
{
    return self->many != NULL ? self->many : (FulcraArgument *)self->few;
}

/** Leaves it empty, as after fulcra__arguments_init(). */
void fulcra__arguments_clear(FulcraArguments *self);

/** @name: interned; @text: (transfer full) */
void fulcra__arguments_append_text(
        FulcraArguments *self, const char *name, char *text);

/** @name: interned; @identifier: (transfer none) */
void fulcra__arguments_append_identifier(
        FulcraArguments *self, const char *name, FulcraIdentifier *identifier);

/** The first named @name, which is interned. (nullable) */
const FulcraArgument *fulcra__arguments_get(
        const FulcraArguments *self, const char *name);

/* --- making identifiers --- */

/** A hash that who chooses the bytes cannot foresee. */
uint64_t fulcra__hash_bytes(const void *bytes, size_t length);

/**
 * fulcra__identifier_new:
 * @scheme: interned
 * @base: in normal form
 * @arguments: (transfer none): copied
 *
 * Returns: (transfer full) (nullable): NULL with FULCRA_ERROR_TOO_LARGE
 */
FulcraIdentifier *fulcra__identifier_new(const char *scheme, const char *base,
        size_t base_length, const FulcraArguments *arguments, GError **error);

/** The first argument named @name, which is interned. (nullable) */
const FulcraArgument *fulcra__identifier_get_argument(
        FulcraIdentifier *self, const char *name);

bool fulcra__argument_equal(const FulcraArgument *a, const FulcraArgument *b);

/* --- parsing --- */

/** The length of the scheme that @text begins with, colon not counted; 0 for
 * none. */
size_t fulcra__scheme_length(const char *text, size_t length);

/** The length of the argument name that @text begins with; 0 for none. */
size_t fulcra__name_length(const char *text, size_t length);

/**
 * fulcra__argument_parse:
 * @name: interned
 * @text: an argument's value as it stands in an identifier of @depth
 *
 * Appends what it stands for to @arguments.
 */
bool fulcra__argument_parse(FulcraArguments *arguments, const char *name,
        const char *text, size_t length, unsigned depth, GError **error);

/** Sets FULCRA_ERROR_BAD_ARGUMENT: "character N: ...", counted in @text, for
 * what is wrong at @at. */
void fulcra__syntax_error(GError **error, const char *text, size_t at,
        const char *format, ...) FULCRA_PRINTF(4, 5);
