/* SPDX-License-Identifier: MIT */

/*
 * given.c - what a request is given beside its identifier
 *
 * References compare as identifiers, values by type and bytes. `arg:NAME`, in
 * the identifier or beside it, means something else for each who asks, so what
 * it stands for is compared. A request that was passed compares by what it asks
 * for and by what it is given itself.
 */

#include "private/given.h"
#include "private/kernel.h"
#include "private/representation.h"
#include "private/request.h"
#include <fulcra/identifier.h>
#include <fulcra/representation.h>

/* More would cost more to compare than an evaluation might. */
#define MAX_ITEMS   32
#define MAX_BYTES   (64 * 1024)
#define MAX_FOLLOWS 64
#define MAX_DEPTH   8

typedef struct {
    FulcraRequest *request;
    unsigned depth;  /* of requests in requests */
    const char *why; /* (nullable) static */
    unsigned n;
    size_t bytes;
    FulcraGivenItem items[MAX_ITEMS];
} Collection;

static FulcraGiven *given_collect(
        FulcraRequest *request, unsigned depth, const char **why);

static void
item_clear(FulcraGivenItem *self)
{
    fulcra_representation_unref(self->value);
    fulcra_identifier_unref(self->identifier);
    fulcra__given_unref(self->given);
}

/* --- what arg: stands for --- */

/* Where a request that was passed says more than an item can hold: why. */
static const char *
passed_refuses(const Collection *self, const FulcraRequest *passed)
{
    if (passed->headers != NULL)
        return "an argument is a request with headers of its own";
    if (passed->context != self->request->context)
        return "an argument is a request in another context";
    if (self->depth == MAX_DEPTH)
        return "its arguments are nested too deep to compare";
    return NULL;
}

/* Sets @item to what is asked for in @passed; returns whose arguments an `arg:`
 * in that means. */
static FulcraRequest *
item_become(Collection *self, FulcraGivenItem *item, FulcraRequest *passed)
{
    self->why = passed_refuses(self, passed);
    if (self->why == NULL && item->given != NULL)
        self->why = "an argument is a request with arguments twice over";
    if (self->why == NULL)
        item->given = given_collect(passed, self->depth + 1, &self->why);
    if (item->given != NULL)
        self->bytes += item->given->bytes;
    item->identifier = passed->identifier;
    item->verb = passed->verb;
    item->independent |= passed->independent;
    item->places = fulcra__request_get_places(passed)->number;
    if (item->wanted == NULL)
        item->wanted = passed->wanted;
    return passed->parent;
}

/* One step: what @owner was given under @name. Returns whose arguments a
 * further `arg:` means; NULL at the end. */
static FulcraRequest *
item_follow(Collection *self, FulcraGivenItem *item, FulcraRequest *owner)
{
    const char *name = item->identifier->base + strlen("arg:");
    const FulcraArgument *argument =
            fulcra__request_get_argument(owner, name, 0);
    const FulcraPassed *passed =
            argument == NULL ? fulcra__request_get_passed(owner, name) : NULL;

    if (argument != NULL && argument->text != NULL) {
        item->value = fulcra_representation_new_text(argument->text);
    } else if (argument != NULL) {
        item->identifier = argument->identifier;
        item->places = fulcra__request_get_places(owner)->number;
        return fulcra__request_get_caller(owner);
    } else if (passed != NULL && passed->value != NULL) {
        item->value = fulcra_representation_ref(passed->value);
    } else if (passed != NULL) {
        return item_become(self, item, passed->request);
    }
    return NULL; /* where there is none: that is what it stands for */
}

/* @item: its identifier is borrowed; then it is held. */
static void
collect(Collection *self, FulcraGivenItem item, FulcraRequest *owner)
{
    const char *scheme_arg = self->request->root->kernel->scheme_arg;

    for (int i = 0; item.value == NULL && owner != NULL && self->why == NULL &&
                    fulcra__identifier_scheme(item.identifier) == scheme_arg;
            i++) {
        if (i == MAX_FOLLOWS)
            self->why = "an argument stands for itself";
        else
            owner = item_follow(self, &item, owner);
    }
    if (item.value != NULL) {
        size_t length;

        if (fulcra_representation_get_bytes(item.value, &length) == NULL)
            self->why = "an argument is a value that cannot be compared";
        self->bytes += length;
        item.identifier = NULL;
    } else {
        fulcra_identifier_ref(item.identifier);
    }
    if (self->n == MAX_ITEMS || self->bytes > MAX_BYTES) {
        self->why = "its arguments are too large to compare";
        item_clear(&item);
        return;
    }
    self->items[self->n++] = item;
}

/* --- collecting --- */

/* `arg:` in a request that was passed means an argument of who is given it, and
 * those are compared anyway. */
static void
collect_reference(Collection *self, const FulcraArgument *argument)
{
    collect(self,
            (FulcraGivenItem){ .name = argument->name,
                    .identifier = argument->identifier },
            self->depth > 0 ? NULL : fulcra__request_get_caller(self->request));
}

static void
collect_passed(Collection *self, const FulcraPassed *passed)
{
    FulcraGivenItem item = { .name = passed->name };
    FulcraRequest *owner = NULL;

    if (passed->value != NULL)
        item.value = fulcra_representation_ref(passed->value);
    else
        owner = item_become(self, &item, passed->request);
    collect(self, item, owner);
}

static void
collect_all(Collection *self)
{
    FulcraRequest *request = self->request;
    FulcraIdentifier *identifier = request->identifier;
    const char *scheme_arg = request->root->kernel->scheme_arg;

    for (unsigned i = 0; i < identifier->n_arguments && !self->why; i++)
        if (identifier->arguments[i].identifier != NULL &&
                fulcra__identifier_scheme(
                        identifier->arguments[i].identifier) == scheme_arg)
            collect_reference(self, &identifier->arguments[i]);
    for (unsigned i = 0;
            request->references && i < request->references->len && !self->why;
            i++)
        collect_reference(
                self, &g_array_index(request->references, FulcraArgument, i));
    for (unsigned i = 0;
            request->passed && i < request->passed->len && !self->why; i++)
        collect_passed(self, &g_array_index(request->passed, FulcraPassed, i));
    if (request->primary != NULL && self->why == NULL)
        collect(self,
                (FulcraGivenItem){
                        .value = fulcra_representation_ref(request->primary) },
                NULL);
}

static uint64_t
item_hash(const FulcraGivenItem *self)
{
    uint64_t hash = (uintptr_t)self->name;
    size_t length;

    if (self->value == NULL)
        return (hash * 31 + fulcra_identifier_hash(self->identifier)) * 31 +
               (self->given != NULL ? self->given->hash : 0);

    const void *bytes = fulcra_representation_get_bytes(self->value, &length);
    return hash * 31 + fulcra__hash_bytes(bytes, length);
}

static FulcraGiven *
given_new(const Collection *collection)
{
    FulcraGiven *self =
            g_malloc(sizeof *self + collection->n * sizeof self->items[0]);
    uint64_t hash = 0;

    fulcra_refs_init(&self->refs);
    self->n_items = collection->n;
    self->bytes = collection->bytes;
    for (unsigned i = 0; i < self->n_items; i++) {
        self->items[i] = collection->items[i];
        hash = hash * 31 + item_hash(&self->items[i]);
    }
    self->hash = (unsigned)(hash ^ hash >> 32);
    return self;
}

static FulcraGiven *
given_collect(FulcraRequest *request, unsigned depth, const char **why)
{
    Collection collection;

    collection.request = request;
    collection.depth = depth;
    collection.why = NULL;
    collection.n = 0;
    collection.bytes = 0;
    collect_all(&collection);
    *why = collection.why;
    if (collection.why == NULL)
        return collection.n == 0 ? NULL : given_new(&collection);
    for (unsigned i = 0; i < collection.n; i++)
        item_clear(&collection.items[i]);
    return NULL;
}

FulcraGiven *
fulcra__given_collect(FulcraRequest *request, const char **why)
{
    return given_collect(request, 0, why);
}

FulcraGiven *
fulcra__given_ref(FulcraGiven *self)
{
    if (self != NULL)
        fulcra_refs_take(&self->refs);
    return self;
}

void
fulcra__given_unref(FulcraGiven *self)
{
    if (self == NULL || !fulcra_refs_drop(&self->refs))
        return;
    for (unsigned i = 0; i < self->n_items; i++)
        item_clear(&self->items[i]);
    g_free(self);
}

/* --- comparing --- */

static bool
item_equal(const FulcraGivenItem *a, const FulcraGivenItem *b)
{
    if (a->name != b->name || (a->value == NULL) != (b->value == NULL))
        return false;
    if (a->value != NULL)
        return fulcra__representation_equal(a->value, b->value);
    return a->verb == b->verb && a->wanted == b->wanted &&
           a->places == b->places && a->independent == b->independent &&
           fulcra__given_equal(a->given, b->given) &&
           fulcra_identifier_equal(a->identifier, b->identifier);
}

bool
fulcra__given_equal(const FulcraGiven *a, const FulcraGiven *b)
{
    if (a == NULL || b == NULL || a->n_items != b->n_items ||
            a->hash != b->hash)
        return a == b;
    for (unsigned i = 0; i < a->n_items; i++)
        if (!item_equal(&a->items[i], &b->items[i]))
            return false;
    return true;
}
