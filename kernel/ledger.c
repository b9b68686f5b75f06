/* SPDX-License-Identifier: MIT */

/*
 * ledger.c - what an answer depended on: keys, noted values, time
 */

#include "private/ledger.h"
#include "private/context.h"
#include "private/memory.h"
#include "private/request.h"
#include <fulcra/identifier.h>
#include <string.h>

/* Beyond these an answer depends on too much to be worth keeping. */
#define MAX_SLOTS  512
#define MAX_NOTED  64
#define MAX_CHECKS 16
#define MAX_NAMES  16

FulcraLedger *
fulcra__ledger_new(void)
{
    FulcraLedger *self = fulcra__zeroed(sizeof *self);

    fulcra_refs_init(&self->refs);
    self->began = fulcra__cut_now();
    return self;
}

FulcraLedger *
fulcra__ledger_ref(FulcraLedger *self)
{
    fulcra_refs_take(&self->refs);
    return self;
}

void
fulcra__ledger_unref(FulcraLedger *self)
{
    if (self == NULL || !fulcra_refs_drop(&self->refs))
        return;
    for (unsigned i = 0; i < self->n_checks; i++)
        fulcra__check_unref(self->checks[i]);
    for (unsigned i = 0; i < self->n_names; i++)
        g_ref_string_release(self->names[i]);
    g_free(self->checks);
    g_free(self->names);
    fulcra_identifier_unref(self->unknown_by);
    fulcra_identifier_unref(self->bound_by);
    g_free(self->slots);
    g_free(self->noted);
    g_free(self);
}

/* Room is made in powers of two, so the size need not be kept. */
static bool
has_no_room(unsigned n)
{
    return (n & (n - 1)) == 0;
}

static void
ledger_add_slot(FulcraLedger *self, FulcraCutSlot slot)
{
    for (unsigned i = 0; i < self->n_slots; i++)
        if (self->slots[i] == slot)
            return;
    if (self->n_slots == MAX_SLOTS) {
        self->bound = "it depends on too many keys";
        self->partial = true;
        return;
    }
    if (has_no_room(self->n_slots))
        self->slots =
                g_renew(FulcraCutSlot, self->slots, MAX(1, self->n_slots * 2));
    self->slots[self->n_slots++] = slot;
}

/* @name: (transfer none): a GRefString */
static void
ledger_add_name(FulcraLedger *self, char *name)
{
    for (unsigned i = 0; i < self->n_names; i++)
        if (self->names[i] == name || strcmp(self->names[i], name) == 0)
            return;
    self->more_names |= self->n_names == MAX_NAMES;
    if (self->n_names == MAX_NAMES)
        return;
    if (has_no_room(self->n_names))
        self->names = g_renew(char *, self->names, MAX(1, self->n_names * 2));
    self->names[self->n_names++] = g_ref_string_acquire(name);
}

void
fulcra__ledger_add_key(FulcraLedger *self, const char *key)
{
    char *name = g_ref_string_new(key);

    ledger_add_name(self, name);
    g_ref_string_release(name);

    FulcraCutSlot slots[FULCRA__CUT_MAX_FAMILIES + 2];
    size_t n = fulcra__cut_slots_of(key, slots);

    for (size_t i = 0; i < n; i++)
        ledger_add_slot(self, slots[i]);
}

void
fulcra__ledger_add_slots(
        FulcraLedger *self, const FulcraCutSlot *slots, unsigned n_slots)
{
    unsigned room = 1;

    if (self->n_slots > 0 || n_slots == 0 || n_slots > MAX_SLOTS) {
        for (unsigned i = 0; i < n_slots; i++)
            ledger_add_slot(self, slots[i]);
        return;
    }
    while (room < n_slots) /* all of them at once: they are the first */
        room *= 2;
    self->slots = g_new(FulcraCutSlot, room);
    memcpy(self->slots, slots, n_slots * sizeof slots[0]);
    self->n_slots = n_slots;
}

void
fulcra__ledger_note(FulcraLedger *self, FulcraNotedKind kind, const char *name,
        uint64_t value)
{
    for (unsigned i = 0; i < self->n_noted; i++)
        if (self->noted[i].kind == kind && self->noted[i].name == name) {
            if (self->noted[i].value != value)
                self->bound = "it saw two values of one thing";
            return;
        }
    if (self->n_noted == MAX_NOTED) {
        self->bound = "it depends on too many values of its context";
        return;
    }
    if (has_no_room(self->n_noted))
        self->noted =
                g_renew(FulcraNoted, self->noted, MAX(1, self->n_noted * 2));
    self->noted[self->n_noted++] = (FulcraNoted){ kind, name, value };
}

void
fulcra__ledger_add_check(FulcraLedger *self, FulcraCheck *check)
{
    for (unsigned i = 0; i < self->n_checks; i++)
        if (self->checks[i] == check)
            return;
    if (self->n_checks == MAX_CHECKS) {
        self->bound = "it depends on too many checks";
        self->partial = true;
        return;
    }
    if (has_no_room(self->n_checks))
        self->checks = g_renew(
                FulcraCheck *, self->checks, MAX(1, self->n_checks * 2));
    self->checks[self->n_checks++] = fulcra__check_ref(check);
}

void
fulcra__ledger_expire_at(FulcraLedger *self, int64_t at)
{
    if (self->expires_at == 0 || at < self->expires_at)
        self->expires_at = at;
}

void
fulcra__ledger_remember_answer(FulcraLedger *self, const void *answer)
{
    self->answers[self->n_answers++ % FULCRA__LEDGER_ANSWERS] = answer;
}

void
fulcra__ledger_merge(FulcraLedger *self, const FulcraLedger *other,
        FulcraIdentifier *identifier)
{
    fulcra__ledger_add_slots(self, other->slots, other->n_slots);
    for (unsigned i = 0; i < other->n_noted; i++)
        fulcra__ledger_note(self, other->noted[i].kind, other->noted[i].name,
                other->noted[i].value);
    for (unsigned i = 0; i < other->n_names; i++)
        ledger_add_name(self, other->names[i]);
    self->more_names |= other->more_names;
    for (unsigned i = 0; i < other->n_checks; i++)
        fulcra__ledger_add_check(self, other->checks[i]);
    if (other->expires_at != 0)
        fulcra__ledger_expire_at(self, other->expires_at);
    /* `began` stays: what was served from the cache began earlier, but was
     * found valid after this evaluation had begun. */
    self->partial |= other->partial;
    if (self->bound != NULL || other->bound == NULL)
        return;
    self->bound = other->bound;
    if (other->bound_by != NULL)
        identifier = other->bound_by;
    if (identifier != NULL)
        self->bound_by = fulcra_identifier_ref(identifier);
}

bool
fulcra__ledger_was_cut(const FulcraLedger *self)
{
    for (unsigned i = 0; i < self->n_slots; i++)
        if (fulcra__cut_last(self->slots[i]) > self->began)
            return true;
    return false;
}

bool
fulcra__ledger_is_valid(const FulcraLedger *self)
{
    if (self->expires_at != 0 && self->expires_at <= g_get_real_time())
        return false;
    if (fulcra__ledger_was_cut(self))
        return false;
    for (unsigned i = 0; i < self->n_checks; i++)
        if (atomic_load(&self->checks[i]->over))
            return false;
    return true;
}

char *
fulcra__ledger_why_expired(const FulcraLedger *self)
{
    if (self->expires_at != 0 && self->expires_at <= g_get_real_time())
        return g_strdup("its time had come");
    for (unsigned i = 0; i < self->n_slots; i++)
        if (fulcra__cut_last(self->slots[i]) > self->began)
            return fulcra__cut_describe(self->slots[i]);
    for (unsigned i = 0; i < self->n_checks; i++)
        if (atomic_load(&self->checks[i]->over))
            return g_strdup_printf("%s did not say that it holds",
                    fulcra_identifier_get_text(self->checks[i]->identifier));
    return g_strdup("it holds");
}

bool
fulcra__ledger_is_due(const FulcraLedger *self)
{
    int64_t now = self->n_checks == 0 ? 0 : g_get_monotonic_time();

    for (unsigned i = 0; i < self->n_checks; i++)
        if (fulcra__check_is_due(self->checks[i], now))
            return true;
    return false;
}

static uint64_t
noted_value(const FulcraNoted *self, FulcraRequest *request)
{
    return self->kind == FULCRA__NOTED_LAYER
                   ? fulcra__context_identity_of(request->context, self->name)
                   : fulcra__request_header_value(request, self->name);
}

bool
fulcra__ledger_matches(const FulcraLedger *self, FulcraRequest *request)
{
    for (unsigned i = 0; i < self->n_noted; i++)
        if (noted_value(&self->noted[i], request) != self->noted[i].value)
            return false;
    return true;
}

unsigned
fulcra__noted_hash(
        const FulcraNoted *noted, unsigned n_noted, FulcraRequest *request)
{
    uint64_t hash = 0;

    for (unsigned i = 0; i < n_noted; i++)
        hash = hash * 0x9e3779b97f4a7c15u + noted_value(&noted[i], request) + 1;
    return (unsigned)(hash ^ hash >> 32);
}
