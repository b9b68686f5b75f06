/* SPDX-License-Identifier: MIT */

/*
 * space.c - the ordered table of entries behind <fulcra-host/space.h>
 *
 * `entries` grows while the space is open and is frozen by the seal. Threads
 * get hold of a space only through the kernel's table of spaces, whose
 * publication is what makes it sound to read the entries without a lock.
 */

#include "private/space.h"
#include <fulcra-host/grammar.h>
#include <fulcra/error.h>

FulcraSpace *
fulcra_host_space_new(const char *uri)
{
    g_return_val_if_fail(uri != NULL, NULL);

    static atomic_ullong last;

    FulcraSpace *self = g_new0(FulcraSpace, 1);
    fulcra_refs_init(&self->refs);
    self->uri = fulcra_intern(uri);
    self->number = atomic_fetch_add(&last, 1) + 1;
    self->cut_slot = fulcra__cut_slot_of_space(self->uri);
    return self;
}

FulcraSpace *
fulcra_host_space_ref(FulcraSpace *self)
{
    fulcra_refs_take(&self->refs);
    return self;
}

void
fulcra_host_space_unref(FulcraSpace *self)
{
    if (self == NULL || !fulcra_refs_drop(&self->refs))
        return;
    for (size_t i = 0; i < self->n_entries; i++) {
        fulcra_host_grammar_unref(self->entries[i].grammar);
        fulcra_host_endpoint_unref(self->entries[i].endpoint);
        fulcra_host_space_unref(self->entries[i].wrapped);
    }
    g_free(self->entries);
    g_free(self);
}

const char *
fulcra_host_space_get_uri(FulcraSpace *self)
{
    return self->uri;
}

static FulcraEntry *
space_append(FulcraSpace *self, FulcraEntryKind kind)
{
    g_assert(!self->sealed);
    self->entries = g_renew(FulcraEntry, self->entries, self->n_entries + 1);

    FulcraEntry *entry = &self->entries[self->n_entries++];
    *entry = (FulcraEntry){ .kind = kind };
    return entry;
}

bool
fulcra_host_space_bind(FulcraSpace *self, const char *grammar,
        FulcraVerbs verbs, FulcraVisibility visibility,
        FulcraEndpoint *endpoint, GError **error)
{
    g_return_val_if_fail(self != NULL && !self->sealed, false);
    g_return_val_if_fail(grammar != NULL && endpoint != NULL, false);

    FulcraGrammar *compiled = fulcra_host_grammar_new(grammar, error);
    if (compiled == NULL) {
        g_prefix_error(error, "space '%s': ", self->uri);
        return false;
    }

    FulcraEntry *entry = space_append(self, ENTRY_ENDPOINT);
    entry->visibility = visibility;
    entry->verbs = verbs & endpoint->verbs;
    entry->grammar = compiled;
    entry->prefix = fulcra__grammar_get_prefix(compiled);
    entry->endpoint = fulcra_host_endpoint_ref(endpoint);
    return true;
}

void
fulcra_host_space_import(
        FulcraSpace *self, const char *uri, FulcraVisibility visibility)
{
    g_return_if_fail(self != NULL && !self->sealed && uri != NULL);

    FulcraEntry *entry = space_append(self, ENTRY_IMPORT);
    entry->visibility = visibility;
    entry->uri = fulcra_intern(uri);
}

void
fulcra_host_space_add_transreptor(FulcraSpace *self, const char *from,
        const char *to, FulcraEndpoint *endpoint)
{
    g_return_if_fail(self != NULL && !self->sealed);
    g_return_if_fail(from != NULL && to != NULL && endpoint != NULL);
    g_return_if_fail(endpoint->ops.transrept != NULL);

    FulcraEntry *entry = space_append(self, ENTRY_TRANSREPTOR);
    entry->from = fulcra_intern(from);
    entry->to = fulcra_intern(to);
    entry->endpoint = fulcra_host_endpoint_ref(endpoint);
}

void
fulcra_host_space_add_overlay(FulcraSpace *self, FulcraEndpoint *endpoint,
        FulcraSpace *wrapped, FulcraVisibility visibility)
{
    g_return_if_fail(self != NULL && !self->sealed);
    g_return_if_fail(endpoint != NULL && endpoint->ops.overlay != NULL);
    g_return_if_fail(wrapped != NULL && wrapped->sealed);

    FulcraEntry *entry = space_append(self, ENTRY_OVERLAY);
    entry->visibility = visibility;
    entry->endpoint = fulcra_host_endpoint_ref(endpoint);
    entry->wrapped = fulcra_host_space_ref(wrapped);
}

bool
fulcra_host_space_add_limiter(FulcraSpace *self, const char *grammar,
        FulcraVisibility visibility, GError **error)
{
    g_return_val_if_fail(self != NULL && !self->sealed, false);

    FulcraGrammar *compiled = fulcra_host_grammar_new(grammar, error);
    if (compiled == NULL) {
        g_prefix_error(error, "space '%s': ", self->uri);
        return false;
    }
    FulcraEntry *entry = space_append(self, ENTRY_LIMITER);
    entry->visibility = visibility;
    entry->grammar = compiled;
    entry->prefix = fulcra__grammar_get_prefix(compiled);
    return true;
}

FulcraSpace *
fulcra_host_space_seal(FulcraSpace *self)
{
    self->sealed = true;
    return self;
}
