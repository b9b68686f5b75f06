/* SPDX-License-Identifier: MIT */

/*
 * cache_rules.c - what may be kept, and why not
 *
 * Read from the ledger of a request that has its answer; decides nothing of
 * room. From any thread.
 */

#include "private/cache.h"
#include <fulcra/representation.h>

FulcraExpiry
fulcra__cache_stated_expiry(const FulcraRequest *self)
{
    if (self->error != NULL)
        return FULCRA_EXPIRY_DEPENDENT;
    for (int i = 0; i < FULCRA__LEDGER_ANSWERS; i++)
        if (self->ledger->answers[i] == self->answer)
            return FULCRA_EXPIRY_DEPENDENT;
    return fulcra_representation_get_expiry(self->answer, NULL);
}

const char *
fulcra__cache_unknown(const FulcraRequest *self)
{
    if (self->ledger->unknown != NULL)
        return self->ledger->unknown;
    return self->ledger->asked
                   ? NULL
                   : "its endpoint asked for nothing and stated no expiry";
}

const char *
fulcra__cache_why_unknown(FulcraRequest *self)
{
    FulcraLedger *ledger = self->ledger;
    FulcraExpiry expiry = fulcra__cache_stated_expiry(self);

    if (ledger->partial)
        return ledger->bound;
    if (expiry == FULCRA_EXPIRY_ALWAYS)
        return "it is always expired";
    if (self->answer != NULL &&
            fulcra_representation_get_header(self->answer, "no-cache") != NULL)
        return "it is marked no-cache";
    return expiry == FULCRA_EXPIRY_DEPENDENT ? fulcra__cache_unknown(self)
                                             : NULL;
}

const char *
fulcra__cache_why_not(FulcraRequest *self)
{
    if (self->ledger == NULL)
        return "its verb is not one whose answers are kept";
    if (self->unkept != NULL)
        return self->unkept;
    if (self->error != NULL)
        return "it failed";
    if (self->ledger->bound != NULL)
        return self->ledger->bound;
    return fulcra__cache_why_unknown(self);
}
