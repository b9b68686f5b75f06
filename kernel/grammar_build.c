/* SPDX-License-Identifier: MIT */
/*
 * grammar_build.c - slots to identifier, the inverse of matching
 *
 * What fills a slot is data. In the base it is escaped, so that it adds no
 * argument and, in {name}, no "/"; as an argument it is a text, never parsed.
 * The base is then matched as a receiver will match it, and refused unless
 * the same texts come back: patterns are checked that way, and grammars such
 * as {a}-{b}, whose parts cannot always be told apart.
 */
#include "private/escape.h"
#include "private/grammar.h"
#include "private/intern.h"

#include <fulcra/error.h>
#include <string.h>

typedef struct {
    const FulcraGrammar *grammar;
    const FulcraSlot *slots;
    size_t n_slots;
    GString *base;
    FulcraArguments arguments;
} Builder;

static bool fail(const Builder *self, GError **error, const char *format, ...)
        FULCRA_PRINTF(3, 4);

static bool
fail(const Builder *self, GError **error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT, "%s: %s",
            self->grammar->text, message);
    return false;
}

/* --- the base --- */

static const FulcraSlot *
find_slot(const Builder *self, const char *name, GError **error)
{
    const FulcraSlot *found = NULL;

    for (size_t i = 0; i < self->n_slots; i++) {
        if (strcmp(self->slots[i].name, name) != 0)
            continue;
        if (found != NULL) {
            fail(self, error, "slot {%s} is filled twice", name);
            return NULL;
        }
        found = &self->slots[i];
    }
    if (found == NULL)
        fail(self, error, "nothing fills slot {%s}", name);
    return found;
}

static bool
build_part(Builder *self, const FulcraGrammarPart *part, GError **error)
{
    if (part->kind == FULCRA_PART_LITERAL) {
        g_string_append_len(self->base, part->literal, (gssize)part->length);
        return true;
    }
    const FulcraSlot *slot = find_slot(self, part->name, error);
    if (slot == NULL)
        return false;
    if (slot->text == NULL)
        return fail(self, error,
                "slot {%s} needs a text: an identifier can only fill an "
                "argument",
                part->name);
    if (strlen(slot->text) > FULCRA__IDENTIFIER_MAX_LENGTH) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_TOO_LARGE,
                "%s: the text for slot {%s} has %zu bytes: the limit is %d",
                self->grammar->text, part->name, strlen(slot->text),
                FULCRA__IDENTIFIER_MAX_LENGTH);
        return false;
    }
    fulcra__escape_append(part->kind == FULCRA_PART_REST
                                  ? FULCRA_ESCAPE_PATH
                                  : FULCRA_ESCAPE_SEGMENT,
            slot->text, strlen(slot->text), self->base);
    return true;
}

/* Whether a receiver will find in the span what was put in. */
static bool
reads_back(const Builder *self, const FulcraGrammarPart *part, FulcraSpan span)
{
    g_autofree char *text = fulcra__unescape(
            self->base->str + span.start, span.end - span.start, NULL);
    const FulcraSlot *slot = find_slot(self, part->name, NULL);

    return text != NULL && strcmp(text, slot->text) == 0;
}

static bool
check_base(const Builder *self, GError **error)
{
    const FulcraGrammar *grammar = self->grammar;
    FulcraBaseMatch match;

    if (self->base->str[strlen(grammar->scheme) + 1] == '\0')
        return fail(self, error, "something must follow the scheme");
    if (!fulcra__grammar_match_base(
                grammar, self->base->str, self->base->len, &match))
        return fail(self, error, "%s",
                match.reason == fulcra__grammar_rest_differs
                        ? "a slot is empty, or its text does not fit"
                        : match.reason);
    for (size_t i = 0; i < grammar->n_parts; i++)
        if (grammar->parts[i].kind != FULCRA_PART_LITERAL &&
                !reads_back(self, &grammar->parts[i], match.spans[i]))
            return fail(self, error,
                    "the text for slot {%s} would be read back as another",
                    grammar->parts[i].name);
    return true;
}

static bool
build_base(Builder *self, GError **error)
{
    for (size_t i = 0; i < self->grammar->n_parts; i++)
        if (!build_part(self, &self->grammar->parts[i], error))
            return false;
    return self->grammar->whole != NULL || check_base(self, error);
}

/* --- arguments --- */

static bool
add_argument(
        Builder *self, const char *name, const FulcraSlot *slot, GError **error)
{
    if (slot->identifier != NULL)
        fulcra__arguments_append_identifier(
                &self->arguments, name, slot->identifier);
    else if (slot->text != NULL)
        fulcra__arguments_append_text(
                &self->arguments, name, g_strdup(slot->text));
    else
        return fail(self, error, "'%s' has neither text nor identifier",
                slot->name);
    return true;
}

static void
add_constant(Builder *self, const FulcraArgument *constant)
{
    if (constant->identifier != NULL)
        fulcra__arguments_append_identifier(
                &self->arguments, constant->name, constant->identifier);
    else
        fulcra__arguments_append_text(
                &self->arguments, constant->name, g_strdup(constant->text));
}

static bool
build_declared(
        Builder *self, const FulcraGrammarArgument *declared, GError **error)
{
    unsigned count = 0;

    if (declared->slot == NULL) {
        add_constant(self, &declared->constant);
        return true;
    }
    for (size_t i = 0; i < self->n_slots; i++) {
        if (strcmp(self->slots[i].name, declared->slot) != 0)
            continue;
        if (!add_argument(self, declared->name, &self->slots[i], error))
            return false;
        count++;
    }
    if (count < declared->min)
        return fail(self, error, "nothing fills argument '%s'", declared->name);
    if (count > declared->max)
        return fail(self, error, "argument '%s' is filled too often",
                declared->name);
    return true;
}

static bool
names_slot(const FulcraGrammar *grammar, const char *name)
{
    for (size_t i = 0; i < grammar->n_parts; i++)
        if (name != NULL && grammar->parts[i].name == name)
            return true;
    for (size_t i = 0; i < grammar->n_arguments; i++)
        if (name != NULL && grammar->arguments[i].slot == name)
            return true;
    return false;
}

static bool
build_further(Builder *self, const FulcraSlot *slot, GError **error)
{
    const FulcraGrammar *grammar = self->grammar;
    size_t length = strlen(slot->name);

    if (!grammar->active)
        return fail(self, error, "there is no slot {%s}", slot->name);
    if (length == 0 || fulcra__name_length(slot->name, length) != length)
        return fail(self, error, "'%s' cannot name an argument", slot->name);
    const char *name = fulcra__intern_length(slot->name, length);
    for (size_t i = 0; i < grammar->n_arguments; i++)
        if (grammar->arguments[i].name == name)
            return fail(
                    self, error, "argument '%s' is set by the grammar", name);
    return add_argument(self, name, slot, error);
}

static bool
build_arguments(Builder *self, GError **error)
{
    const FulcraGrammar *grammar = self->grammar;

    for (size_t i = 0; i < grammar->n_arguments; i++)
        if (!build_declared(self, &grammar->arguments[i], error))
            return false;
    for (size_t i = 0; i < self->n_slots; i++) {
        const char *name = self->slots[i].name;

        if (!names_slot(grammar, fulcra__intern_find(name, strlen(name))) &&
                !build_further(self, &self->slots[i], error))
            return false;
    }
    return true;
}

/* --- the whole --- */

FulcraIdentifier *
fulcra_identifier_build(const FulcraGrammar *grammar, const FulcraSlot *slots,
        size_t n_slots, GError **error)
{
    g_return_val_if_fail(grammar != NULL, NULL);
    g_return_val_if_fail(slots != NULL || n_slots == 0, NULL);

    g_autoptr(GString) base = g_string_new(NULL);
    Builder builder = { grammar, slots, n_slots, base };
    FulcraIdentifier *self = NULL;

    if (grammar->regex != NULL) {
        fail(&builder, error, "a regex grammar cannot build");
        return NULL;
    }
    fulcra__arguments_init(&builder.arguments);
    if (build_base(&builder, error) && build_arguments(&builder, error))
        self = fulcra__identifier_new(grammar->scheme, base->str, base->len,
                &builder.arguments, error);
    fulcra__arguments_clear(&builder.arguments);
    return self;
}
