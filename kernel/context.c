/* SPDX-License-Identifier: MIT */

/*
 * context.c - the dynamic part of a scope: layers, nearest first
 */

#include "private/context.h"

void
fulcra_host_context_init(FulcraContext *self, const FulcraContextClass *klass,
        FulcraContext *parent)
{
    self->klass = klass;
    self->parent = parent == NULL ? NULL : fulcra_host_context_ref(parent);
    fulcra_refs_init(&self->refs);
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
