/* SPDX-License-Identifier: MIT */
/*
 * declared.c - from a declaration to a request
 *
 * A declaration does not change once it was parsed; any number of threads may
 * make instances of it at once.
 *
 * What came by reference, by value or as a request is passed on as a request
 * for `arg:NAME`: it is then looked up where it was passed, in the scope of
 * who passed it, and only if somebody asks.
 */

#include "declared.h"

#include <fulcra-host/identifier.h>
#include <fulcra/representation.h>

#include <string.h>

/* --- life --- */

static void
template_clear(FulcraTemplate *self)
{
    g_free(self->text);
    fulcra_identifier_unref(self->identifier);
    fulcra_host_grammar_unref(self->grammar);
    g_free(self->slots);
}

static void
argument_clear(FulcraDeclaredArgument *self)
{
    g_free(self->text);
    template_clear(&self->reference);
    fulcra_representation_unref(self->value);
    g_free(self->slot);
    fulcra_host_declared_request_free(self->request);
}

void
fulcra_host_declared_request_free(FulcraDeclaredRequest *self)
{
    if (self == NULL)
        return;
    for (unsigned i = 0; i < self->arguments->len; i++)
        argument_clear(
                &g_array_index(self->arguments, FulcraDeclaredArgument, i));
    for (unsigned i = 0; i < self->headers->len; i++)
        g_free(g_array_index(self->headers, FulcraDeclaredHeader, i).value);
    g_array_unref(self->arguments);
    g_array_unref(self->headers);
    fulcra_representation_unref(self->own_primary);
    template_clear(&self->identifier);
    g_free(self);
}

const char *
fulcra_host_declared_request_get_text(const FulcraDeclaredRequest *self)
{
    return self->identifier.text;
}

/* --- identifiers --- */

/* Where the texts and references of an instance come from. */
typedef struct {
    FulcraRequest *parent; /* (nullable) */
    const FulcraDeclaredUse *use;
} Source;

/* The @index-th of those named @name. */
static bool
source_find(
        const Source *self, const char *name, size_t index, FulcraSlot *slot)
{
    bool given = false;

    for (size_t i = 0; i < self->use->n_slots; i++) {
        if (strcmp(self->use->slots[i].name, name) != 0)
            continue;
        given = true;
        if (index-- == 0) {
            *slot = self->use->slots[i];
            return true;
        }
    }
    return !given && self->parent != NULL &&
           fulcra_host_request_get_slot(self->parent, name, index, slot);
}

/* A slot of the base is filled once; that of an argument as often as it came.
 */
static void
collect(const Source *self, const FulcraGrammarSlot *slot, GArray *slots)
{
    FulcraSlot found;

    for (size_t i = 0; (i == 0 || slot->argument) &&
                       source_find(self, slot->name, i, &found);
            i++) {
        found.name = slot->name;
        g_array_append_val(slots, found);
    }
}

/* (transfer full) (nullable) */
static FulcraIdentifier *
template_build(const FulcraTemplate *self, const Source *source, GError **error)
{
    g_autoptr(GArray) slots = NULL;

    if (self->identifier != NULL)
        return fulcra_identifier_ref(self->identifier);
    slots = g_array_sized_new(
            false, false, sizeof(FulcraSlot), (unsigned)self->n_slots);
    for (size_t i = 0; i < self->n_slots; i++)
        collect(source, &self->slots[i], slots);
    return fulcra_identifier_build(
            self->grammar, (FulcraSlot *)slots->data, slots->len, error);
}

static void
append_text(FulcraIdentifier **identifier, const char *name, const char *text)
{
    FulcraIdentifier *longer =
            fulcra_host_identifier_with_text_argument(*identifier, name, text);

    fulcra_identifier_unref(*identifier);
    *identifier = longer;
}

/* All texts that came under the name of a slot. */
static void
append_slot(FulcraIdentifier **identifier,
        const FulcraDeclaredArgument *argument, const Source *source)
{
    FulcraSlot slot;

    for (size_t i = 0; source_find(source, argument->slot, i, &slot); i++)
        if (slot.text != NULL)
            append_text(identifier, argument->name, slot.text);
}

/* The identifier with those arguments that are texts. */
static FulcraIdentifier *
build_identifier(
        const FulcraDeclaredRequest *self, const Source *source, GError **error)
{
    FulcraIdentifier *identifier =
            template_build(&self->identifier, source, error);

    for (unsigned i = 0; identifier != NULL && i < self->arguments->len; i++) {
        const FulcraDeclaredArgument *argument =
                &g_array_index(self->arguments, FulcraDeclaredArgument, i);

        if (argument->kind == FULCRA_DECLARED_TEXT)
            append_text(&identifier, argument->name, argument->text);
        else if (argument->kind == FULCRA_DECLARED_SLOT)
            append_slot(&identifier, argument, source);
    }
    for (size_t i = 0;
            identifier != NULL && self->automatic && i < source->use->n_slots;
            i++)
        if (source->use->slots[i].text != NULL)
            append_text(&identifier, fulcra_intern(source->use->slots[i].name),
                    source->use->slots[i].text);
    return identifier;
}

/* --- arguments --- */

static FulcraRequest *make(const FulcraDeclaredRequest *self,
        const Source *source, FulcraVerb verb, GError **error);

static FulcraRepresentation *
find_value(const Source *source, const char *name)
{
    for (size_t i = 0; i < source->use->n_values; i++)
        if (strcmp(source->use->values[i].name, name) == 0)
            return source->use->values[i].value;
    return NULL;
}

/* What came under the name of a slot and is no text. */
static void
add_slot(FulcraRequest *request, const FulcraDeclaredArgument *argument,
        const Source *source)
{
    FulcraRepresentation *value = find_value(source, argument->slot);
    FulcraRequest *parent = source->parent;
    FulcraSlot slot;
    size_t n = 0;

    if (value != NULL) {
        fulcra_request_add_value(request, argument->name, value);
        return;
    }
    for (; source_find(source, argument->slot, n, &slot); n++)
        if (slot.text == NULL && (n > 0 || parent == NULL))
            fulcra_request_add_reference(
                    request, argument->name, slot.identifier);
    if (parent == NULL ||
            fulcra_request_get_n_arguments(parent, argument->slot) == 0)
        return;
    if (n == 0 || fulcra_request_get_argument(parent, argument->slot) == NULL) {
        g_autoptr(FulcraRequest) passed = fulcra_request_new(
                parent, FULCRA_VERB_SOURCE, argument->reference.identifier);

        fulcra_request_add_request(request, argument->name, passed);
    }
}

static bool
add_reference(FulcraRequest *request, const FulcraDeclaredArgument *argument,
        const Source *source, GError **error)
{
    g_autoptr(FulcraIdentifier) identifier =
            template_build(&argument->reference, source, error);

    if (identifier != NULL)
        fulcra_request_add_reference(request, argument->name, identifier);
    return identifier != NULL;
}

static bool
add_nested(FulcraRequest *request, const FulcraDeclaredArgument *argument,
        const Source *source, GError **error)
{
    g_autoptr(FulcraRequest) nested =
            make(argument->request, source, FULCRA_VERB_SOURCE, error);

    if (nested != NULL)
        fulcra_request_add_request(request, argument->name, nested);
    return nested != NULL;
}

static bool
add_argument(FulcraRequest *request, const FulcraDeclaredArgument *argument,
        const Source *source, GError **error)
{
    switch (argument->kind) {
    case FULCRA_DECLARED_REFERENCE:
        return add_reference(request, argument, source, error);
    case FULCRA_DECLARED_NESTED:
        return add_nested(request, argument, source, error);
    case FULCRA_DECLARED_VALUE:
        fulcra_request_add_value(request, argument->name, argument->value);
        break;
    case FULCRA_DECLARED_SLOT:
        add_slot(request, argument, source);
        break;
    case FULCRA_DECLARED_TEXT: /* is in the identifier */
        break;
    }
    return true;
}

static bool
add_arguments(const FulcraDeclaredRequest *self, FulcraRequest *request,
        const Source *source, GError **error)
{
    const FulcraDeclaredUse *use = source->use;

    for (unsigned i = 0; i < self->arguments->len; i++)
        if (!add_argument(request,
                    &g_array_index(self->arguments, FulcraDeclaredArgument, i),
                    source, error))
            return false;
    for (size_t i = 0; self->automatic && i < use->n_slots; i++)
        if (use->slots[i].identifier != NULL)
            fulcra_request_add_reference(
                    request, use->slots[i].name, use->slots[i].identifier);
    for (size_t i = 0; self->automatic && i < use->n_values; i++)
        fulcra_request_add_value(
                request, use->values[i].name, use->values[i].value);
    return !self->varargs || source->parent == NULL ||
           fulcra_host_request_pass_arguments(request, source->parent, error);
}

/* --- the whole --- */

static FulcraRepresentation *
find_primary(const FulcraDeclaredRequest *self, FulcraRequest *parent,
        FulcraVerb verb)
{
    bool takes = verb == FULCRA_VERB_SINK || verb == FULCRA_VERB_NEW;

    if (self->own_primary != NULL)
        return self->own_primary;
    if (parent == NULL || !(self->primary < 0 ? takes : self->primary > 0))
        return NULL;
    return fulcra_request_get_primary(parent);
}

static bool
fill_in(const FulcraDeclaredRequest *self, FulcraRequest *request,
        const Source *source, GError **error)
{
    FulcraRepresentation *primary = find_primary(
            self, source->parent, fulcra_request_get_verb(request));

    for (size_t i = 0; i < G_N_ELEMENTS(source->use->spaces); i++)
        if (source->use->spaces[i] != NULL)
            fulcra_host_request_enter(request, source->use->spaces[i]);
    if (primary != NULL)
        fulcra_request_set_primary(request, primary);
    if (self->type != NULL)
        fulcra_request_set_wanted_type(request, self->type);
    if (self->independent)
        fulcra_request_set_independent(request);
    for (unsigned i = 0; i < self->headers->len; i++) {
        const FulcraDeclaredHeader *header =
                &g_array_index(self->headers, FulcraDeclaredHeader, i);

        fulcra_request_set_header(request, header->name, header->value, false);
    }
    if (source->use->headers && source->parent != NULL)
        fulcra_host_request_pass_headers(request, source->parent);
    return add_arguments(self, request, source, error);
}

static FulcraRequest *
make(const FulcraDeclaredRequest *self, const Source *source, FulcraVerb verb,
        GError **error)
{
    g_autoptr(FulcraIdentifier) identifier =
            build_identifier(self, source, error);
    g_autoptr(FulcraRequest) request = NULL;

    if (identifier == NULL)
        return NULL;
    request = fulcra_request_new(
            source->parent, self->has_verb ? self->verb : verb, identifier);
    return fill_in(self, request, source, error) ? g_steal_pointer(&request)
                                                 : NULL;
}

static const FulcraDeclaredUse nothing;

FulcraRequest *
fulcra_host_declared_request_instantiate(const FulcraDeclaredRequest *self,
        FulcraRequest *parent, const FulcraDeclaredUse *use, GError **error)
{
    Source source = { parent, use != NULL ? use : &nothing };

    g_return_val_if_fail(self != NULL && parent != NULL, NULL);

    return make(self, &source, source.use->verb, error);
}

void
fulcra_host_declared_request_ask(const FulcraDeclaredRequest *self,
        FulcraRequest *parent, const FulcraDeclaredUse *use,
        FulcraAnswered answered, void *user_data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraRequest) request =
            fulcra_host_declared_request_instantiate(self, parent, use, &error);

    if (request != NULL)
        fulcra_request_issue_async(request, answered, user_data);
    else
        answered(NULL, NULL, error, user_data);
}

FulcraRequest *
fulcra_host_declared_request_new_root(const FulcraDeclaredRequest *self,
        FulcraKernel *kernel, const char *space, FulcraContext *context,
        const FulcraDeclaredUse *use, GError **error)
{
    Source source = { NULL, use != NULL ? use : &nothing };
    g_autoptr(FulcraIdentifier) identifier = NULL;
    g_autoptr(FulcraRequest) request = NULL;

    g_return_val_if_fail(self != NULL, NULL);

    identifier = build_identifier(self, &source, error);
    if (identifier == NULL)
        return NULL;
    request = fulcra_host_request_new_root(kernel, space, context,
            self->has_verb ? self->verb : source.use->verb, identifier);
    return fill_in(self, request, &source, error) ? g_steal_pointer(&request)
                                                  : NULL;
}
