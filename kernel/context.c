/* SPDX-License-Identifier: MIT */

/*
 * context.c - the dynamic part of a scope: layers, nearest first
 */

#include "private/context.h"
#include <glib.h>

/* Schemes that some class of layers answers for: a short list that only grows.
 * That such a scheme has no layer in a context is worth noting. */
#define MAX_SCHEMES 64
static _Atomic(const char *) declared[MAX_SCHEMES];

static void
scheme_declare(const char *scheme)
{
    for (size_t i = 0; i < MAX_SCHEMES; i++) {
        const char *known =
                atomic_load_explicit(&declared[i], memory_order_acquire);

        if (known == NULL &&
                atomic_compare_exchange_strong(&declared[i], &known, scheme))
            return;
        if (known == scheme)
            return;
    }
    g_error("more than %d schemes of layers", MAX_SCHEMES);
}

bool
fulcra__context_is_dynamic(const char *scheme)
{
    for (size_t i = 0; i < MAX_SCHEMES; i++) {
        const char *known =
                atomic_load_explicit(&declared[i], memory_order_acquire);

        if (known == NULL || known == scheme)
            return known != NULL;
    }
    return false;
}

/* Numbers that layers are given are odd, those they say themselves are made
 * even: no two mean different things. */
static uint64_t
layer_identity(FulcraContext *self)
{
    static atomic_ullong last = 1;
    uint64_t said =
            self->klass->get_identity ? self->klass->get_identity(self) : 0;

    if (said != 0)
        return said << 1;
    uint64_t number = atomic_load_explicit(&self->number, memory_order_relaxed);
    if (number == 0) {
        uint64_t fresh = atomic_fetch_add(&last, 2) + 2;

        if (atomic_compare_exchange_strong(&self->number, &number, fresh))
            number = fresh;
    }
    return number;
}

uint64_t
fulcra__context_identity_of(FulcraContext *self, const char *scheme)
{
    FulcraSpace *space;
    FulcraContext *layer = fulcra__context_find(self, scheme, &space);

    return layer == NULL ? 0 : layer_identity(layer);
}

void
fulcra_host_context_init(FulcraContext *self, const FulcraContextClass *klass,
        FulcraContext *parent)
{
    self->klass = klass;
    self->parent = parent == NULL ? NULL : fulcra_host_context_ref(parent);
    fulcra_refs_init(&self->refs);
    self->word = 0;
    atomic_init(&self->number, 0);
    for (size_t i = 0; i < klass->n_schemes; i++)
        scheme_declare(klass->schemes[i].scheme);
}

FulcraContext *
fulcra_host_context_ref(FulcraContext *self)
{
    fulcra_refs_take(&self->refs);
    return self;
}

void
fulcra_host_context_unref(FulcraContext *self)
{
    while (self != NULL && fulcra_refs_drop(&self->refs)) {
        FulcraContext *parent = self->parent;

        self->klass->free(self);
        self = parent;
    }
}

FulcraContext *
fulcra__context_find(
        FulcraContext *self, const char *scheme, FulcraSpace **space)
{
    for (; self != NULL; self = self->parent)
        for (size_t i = 0; i < self->klass->n_schemes; i++)
            if (self->klass->schemes[i].scheme == scheme) {
                *space = self->klass->schemes[i].space;
                return self;
            }
    return NULL;
}
