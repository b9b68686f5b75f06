/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Declared requests, as declared-parse.c makes them and declared.c uses them
 */

#include <fulcra-host/declared.h>

/* An identifier, or a grammar to build one with. */
typedef struct {
    char *text;                   /* as it is written */
    FulcraIdentifier *identifier; /* (nullable) */
    FulcraGrammar *grammar;       /* (nullable) */
    FulcraGrammarSlot *slots;     /* of the grammar */
    size_t n_slots;
} FulcraTemplate;

typedef enum {
    FULCRA_DECLARED_TEXT,
    FULCRA_DECLARED_REFERENCE,
    FULCRA_DECLARED_VALUE,
    FULCRA_DECLARED_SLOT,
    FULCRA_DECLARED_NESTED,
} FulcraDeclaredKind;

typedef struct {
    FulcraDeclaredKind kind;
    const char *name;               /* interned */
    char *text;                     /* TEXT */
    FulcraTemplate reference;       /* REFERENCE; SLOT: arg:NAME */
    FulcraRepresentation *value;    /* VALUE */
    char *slot;                     /* SLOT */
    FulcraDeclaredRequest *request; /* NESTED */
} FulcraDeclaredArgument;

typedef struct {
    const char *name; /* interned */
    char *value;
} FulcraDeclaredHeader;

struct _FulcraDeclaredRequest {
    FulcraTemplate identifier; /* with literal arguments, if it has no slots */
    bool has_verb;
    FulcraVerb verb;
    const char *type;  /* (nullable) interned */
    GArray *arguments; /* of FulcraDeclaredArgument */
    GArray *headers;   /* of FulcraDeclaredHeader */
    int primary;       /* passed on: 1 yes, 0 no, -1 where the verb takes one */
    FulcraRepresentation *own_primary; /* (nullable) */
    bool varargs;
    bool independent; /* who asks does not depend on it */
    bool automatic;   /* all slots and values of the use are passed */
};
