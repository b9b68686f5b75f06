/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Grammars, inside the kernel
 *
 * Immutable once made; every call is safe from any thread.
 */

#include "private/identifier.h"
#include "private/pattern.h"

#include <fulcra-host/grammar.h>
#include <stdint.h>
#include <string.h>

#define FULCRA__GRAMMAR_MAX_SLOTS     32
#define FULCRA__GRAMMAR_MAX_ARGUMENTS 64

typedef enum {
    FULCRA_PART_LITERAL,
    FULCRA_PART_SEGMENT, /* {name}: one character or more, none of them "/" */
    FULCRA_PART_REST,    /* {name*}: any number of any characters */
} FulcraPartKind;

/* A stretch of the base. The first part is always a literal: it begins with
 * the scheme. Two slots are never neighbours. */
typedef struct {
    FulcraPartKind kind;
    const char *name;       /* of a slot; interned */
    char *literal;          /* in normal form */
    size_t length;          /* of the literal */
    FulcraPattern *pattern; /* (nullable) */
    const char *mismatch;   /* why not, if the pattern differs; interned */
} FulcraGrammarPart;

/* A declared argument. */
typedef struct {
    const char *name;        /* interned */
    const char *slot;        /* interned; NULL for a constant */
    FulcraArgument constant; /* where there is no slot */
    unsigned min, max;
    const char *missing; /* reasons; interned */
    const char *repeated;
    const char *differs;
} FulcraGrammarArgument;

/* What the base of every identifier that matches has at one place: the end of
 * the literal that a grammar begins with. Grammars of one space begin alike and
 * differ there, so one comparison of a word rejects nearly all of them. */
typedef struct {
    unsigned length; /* of the literal */
    unsigned at;     /* where the word begins */
    uint64_t mask, word;
} FulcraPrefix;

struct _FulcraGrammar {
    FulcraRefs refs;
    char *text;
    const char *scheme;   /* interned; NULL for a regex */
    FulcraPattern *regex; /* (nullable): then there is nothing else */
    const char *whole;    /* (nullable): the base, interned: no slots in it */
    size_t n_parts;
    FulcraGrammarPart *parts;
    size_t n_arguments;
    FulcraGrammarArgument *arguments;
    bool undeclared; /* takes arguments that it does not declare */
    bool takes_more; /* because its text says so, with "+*" */
    bool active;     /* is of `active:` or declares arguments */
};

/** The reason given where a limit was met. That is not "no match": what asks
 * must refuse, not go on to the next candidate. Compare by pointer. */
extern const char fulcra__grammar_limit_reached[];

/** All zero for a regex: it rejects nothing. */
FulcraPrefix fulcra__grammar_get_prefix(const FulcraGrammar *self);

/** Whether the grammar of that prefix surely does not match. */
static inline bool
fulcra__prefix_rejects(
        const FulcraPrefix *self, const FulcraIdentifier *identifier)
{
    uint64_t word;

    if (identifier->base_length < self->length)
        return true;
    if (identifier->base_length < self->at + sizeof word)
        return false; /* too short to be read in words */
    memcpy(&word, identifier->base + self->at, sizeof word);
    return (word & self->mask) != self->word;
}

/**
 * fulcra__grammar_match:
 * @extra_names: interned names of arguments that come with the request and do
 *     not stand in @identifier
 * @slots: initialised and empty; left empty where it does not match. The
 *     arguments of @identifier are not repeated here
 * @reason: (out) (optional): why not; static or interned
 */
bool fulcra__grammar_match(const FulcraGrammar *self,
        FulcraIdentifier *identifier, const char *const *extra_names,
        size_t n_extra_names, FulcraArguments *slots, const char **reason);

/* --- shared by the files of the grammar --- */

/** Fills @self, which is zeroed, from @self->text. */
bool fulcra__grammar_parse(FulcraGrammar *self, GError **error);

/* The reason given where the base ends otherwise. */
extern const char fulcra__grammar_rest_differs[];

/* Where the parts lie in the base that was matched; or why it was not. */
typedef struct {
    FulcraSpan spans[2 * FULCRA__GRAMMAR_MAX_SLOTS + 1];
    const char *reason;
} FulcraBaseMatch;

bool fulcra__grammar_match_base(const FulcraGrammar *self, const char *base,
        size_t length, FulcraBaseMatch *match);
