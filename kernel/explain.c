/* SPDX-License-Identifier: MIT */

/*
 * explain.c - why an answer is kept or not, until when, and for whom
 *
 * Read from the ledger of a request that was answered, which does not change
 * any more; from any thread.
 */

#include "private/cache.h"
#include <fulcra-host/request.h>
#include <fulcra/error.h>
#include <fulcra/identifier.h>

/* --- what transports need for each answer --- */

static bool
request_is_answered(FulcraRequest *self)
{
    return self->answer != NULL;
}

bool
fulcra_host_request_is_for_all(FulcraRequest *self)
{
    const FulcraLedger *ledger = self->ledger;

    return request_is_answered(self) && ledger != NULL &&
           ledger->n_noted == 0 && ledger->bound == NULL;
}

FulcraExpiry
fulcra_host_request_get_expiry(FulcraRequest *self, int64_t *at)
{
    const FulcraLedger *ledger = self->ledger;

    g_return_val_if_fail(request_is_answered(self), FULCRA_EXPIRY_ALWAYS);
    FulcraExpiry expiry = fulcra_representation_get_expiry(self->answer, at);
    if (ledger == NULL || expiry == FULCRA_EXPIRY_ALWAYS)
        return expiry;
    if (ledger->n_names > 0 || ledger->more_names || ledger->n_checks > 0)
        return FULCRA_EXPIRY_DEPENDENT;
    if (ledger->expires_at == 0)
        return expiry;
    if (expiry == FULCRA_EXPIRY_DEPENDENT &&
            fulcra__cache_unknown(self) != NULL)
        return expiry;
    if (at != NULL)
        *at = ledger->expires_at;
    return FULCRA_EXPIRY_AT;
}

/* --- the whole --- */

static const char *
request_cache(FulcraRequest *self)
{
    if (self->ledger == NULL || self->from_cache != NULL)
        return self->from_cache;
    if (!self->kept_answer)
        return fulcra__cache_why_not(self);
    return self->turned_away != NULL ? self->turned_away : "kept";
}

/* The sub-request for which it is not kept. */
static FulcraIdentifier *
request_culprit(FulcraRequest *self, const char *cache)
{
    const FulcraLedger *ledger = self->ledger;

    if (ledger == NULL || cache == NULL || self->from_cache != NULL)
        return NULL;
    if (cache == ledger->bound)
        return ledger->bound_by;
    return cache == ledger->unknown ? ledger->unknown_by : NULL;
}

/* (transfer full) */
static char **
list_noted(const FulcraLedger *ledger, FulcraNotedKind kind)
{
    GPtrArray *names = g_ptr_array_new();

    for (unsigned i = 0; i < ledger->n_noted; i++)
        if (ledger->noted[i].kind == kind)
            g_ptr_array_add(names, g_strdup(ledger->noted[i].name));
    g_ptr_array_add(names, NULL);
    return (char **)g_ptr_array_free(names, false);
}

static char **
list_keys(const FulcraLedger *ledger)
{
    char **keys = g_new0(char *, ledger->n_names + 1);

    for (unsigned i = 0; i < ledger->n_names; i++)
        keys[i] = g_strdup(ledger->names[i]);
    return keys;
}

static char **
list_checks(const FulcraLedger *ledger)
{
    char **checks = g_new0(char *, ledger->n_checks + 1);

    for (unsigned i = 0; i < ledger->n_checks; i++)
        checks[i] = g_strdup(
                fulcra_identifier_get_text(ledger->checks[i]->identifier));
    return checks;
}

FulcraExplanation *
fulcra_host_request_explain_answer(FulcraRequest *self)
{
    static const FulcraLedger nothing;
    FulcraExplanation *explanation = g_new0(FulcraExplanation, 1);
    const FulcraLedger *ledger = self->ledger != NULL ? self->ledger : &nothing;
    const char *cache = request_cache(self);
    FulcraIdentifier *culprit = request_culprit(self, cache);

    explanation->cache = cache;
    if (culprit != NULL)
        explanation->culprit = g_strdup(fulcra_identifier_get_text(culprit));
    explanation->expired = g_strdup(self->expired);
    explanation->expires_at = ledger->expires_at;
    explanation->keys = list_keys(ledger);
    explanation->more_keys = ledger->more_names;
    explanation->checks = list_checks(ledger);
    explanation->layers = list_noted(ledger, FULCRA__NOTED_LAYER);
    explanation->headers = list_noted(ledger, FULCRA__NOTED_HEADER);
    explanation->for_one = ledger->bound != NULL || self->ledger == NULL;
    return explanation;
}

void
fulcra_host_explanation_free(FulcraExplanation *self)
{
    if (self == NULL)
        return;
    g_free(self->culprit);
    g_free(self->expired);
    g_strfreev(self->keys);
    g_strfreev(self->checks);
    g_strfreev(self->layers);
    g_strfreev(self->headers);
    g_free(self);
}

/* --- as a text --- */

static void
write_list(GString *text, const char *before, char **list, const char *after)
{
    g_autofree char *joined = g_strjoinv(", ", list);

    if (list[0] != NULL)
        g_string_append_printf(text, "%s%s%s", before, joined, after);
}

static void
write_whom(GString *text, const FulcraExplanation *self)
{
    if (self->layers[0] == NULL && self->headers[0] == NULL) {
        g_string_append(text, "for all");
        return;
    }
    g_string_append(text, "for who has the same ");
    write_list(text, "", self->layers, self->headers[0] != NULL ? " and " : "");
    write_list(text, "header ", self->headers, "");
}

static void
write_time(GString *text, int64_t at)
{
    int64_t left = at - g_get_real_time();

    g_string_append_printf(
            text, "; for %.1f s", (double)MAX(0, left) / G_USEC_PER_SEC);
}

static bool
is_kept(const FulcraExplanation *self)
{
    return g_str_equal(self->cache, "kept") ||
           g_str_equal(self->cache, "hit") ||
           g_str_equal(self->cache, "shared");
}

char *
fulcra_host_explanation_to_text(const FulcraExplanation *self)
{
    GString *text = g_string_new(NULL);

    if (self->cache == NULL)
        return g_string_free(text, false);
    if (!is_kept(self)) {
        if (self->culprit != NULL)
            g_string_append_printf(text, "because of %s", self->culprit);
        return g_string_free(text, false);
    }
    write_whom(text, self);
    if (self->expires_at != 0)
        write_time(text, self->expires_at);
    write_list(text, "; until a cut of ", self->keys,
            self->more_keys ? " and others" : "");
    write_list(text, "; as long as ", self->checks, " says so");
    if (self->expired != NULL)
        g_string_append_printf(text, "; before: %s", self->expired);
    return g_string_free(text, false);
}
