/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a request is given beside its identifier
 *
 * References that were added, values, requests, the primary, and what `arg:`
 * in its identifier stands for: part of what is asked, so two requests that
 * share an answer have equal ones. Never changes.
 */

#include <fulcra-host/request.h>
#include <fulcra-host/sync.h>

typedef struct _FulcraGiven FulcraGiven;

/* A value, or an identifier and where it would be resolved. */
typedef struct {
    const char *name;            /* interned; NULL: the primary */
    FulcraRepresentation *value; /* (nullable) */
    FulcraIdentifier *identifier;
    FulcraVerb verb;
    const char *wanted; /* (nullable) interned */
    bool independent;
    FulcraGiven *given; /* (nullable): a request's own arguments */
    uint64_t places;    /* their number; 0: those of the request */
} FulcraGivenItem;

struct _FulcraGiven {
    FulcraRefs refs;
    unsigned hash;
    unsigned n_items;
    size_t bytes; /* of the values */
    FulcraGivenItem items[];
};

/**
 * fulcra__given_collect:
 * @why: (out): static: why two of them could not be compared
 *
 * Returns: (transfer full) (nullable): NULL where there is nothing, or with
 * @why set
 */
FulcraGiven *fulcra__given_collect(FulcraRequest *request, const char **why);

FulcraGiven *fulcra__given_ref(FulcraGiven *self);
void fulcra__given_unref(FulcraGiven *self);

/** Both: (nullable) */
bool fulcra__given_equal(const FulcraGiven *a, const FulcraGiven *b);
