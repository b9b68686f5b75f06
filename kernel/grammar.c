/* SPDX-License-Identifier: MIT */
/*
 * grammar.c - which identifiers an endpoint answers, and what they hold
 *
 * The base of an identifier is matched in its escaped normal form, in which
 * "/" is always a separator and a slot never begins or ends within an escape.
 * Nearly every candidate is rejected by the literal that a grammar begins
 * with, in one memcmp. Slots take as much as they can; where that does not
 * work out they give back, in a number of steps that is bounded.
 */
#include "private/grammar.h"

#include "private/escape.h"
#include "private/intern.h"

#include <string.h>

/* A step is a place tried for the end of a slot; running a pattern counts as
 * many. Grammars that people write need fewer than the base has bytes. */
#define MAX_STEPS     (2 * FULCRA__IDENTIFIER_MAX_LENGTH)
#define PATTERN_STEPS 100

const char fulcra__grammar_limit_reached[] = "match limit reached";

static const char scheme_differs[] = "another scheme";
static const char prefix_differs[] = "prefix differs";
const char fulcra__grammar_rest_differs[] = "what follows the prefix differs";
static const char bad_escape[] = "a slot would hold a malformed escape or NUL";
static const char regex_differs[] = "the expression does not match";

typedef struct {
    const FulcraGrammar *grammar;
    const char *base;
    size_t length;
    unsigned steps; /* left */
    FulcraBaseMatch *match;
} Matcher;

static bool match_parts(Matcher *self, size_t index, size_t at);

/* Whether @at is within an escape: those of the normal form are %XX. */
static bool
splits_escape(const Matcher *self, size_t start, size_t at)
{
    return (at >= start + 1 && self->base[at - 1] == '%') ||
           (at >= start + 2 && self->base[at - 2] == '%');
}

static bool
give_up(Matcher *self)
{
    self->match->reason = fulcra__grammar_limit_reached;
    return false;
}

static bool
has_given_up(const Matcher *self)
{
    return self->match->reason == fulcra__grammar_limit_reached;
}

static bool
take_steps(Matcher *self, unsigned steps)
{
    if (self->steps < steps)
        return give_up(self);
    self->steps -= steps;
    return true;
}

static bool
pattern_accepts(
        Matcher *self, const FulcraGrammarPart *part, size_t start, size_t end)
{
    const char *text = self->base + start;
    g_autofree char *decoded = NULL;
    size_t length = end - start;

    if (!take_steps(self, PATTERN_STEPS))
        return false;
    if (memchr(text, '%', length) != NULL) {
        decoded = fulcra__unescape(text, length, &length);
        if (decoded == NULL)
            return false;
        text = decoded;
    }
    switch (fulcra__pattern_match(part->pattern, text, length, NULL)) {
    case FULCRA_PATTERN_MATCHES:
        return true;
    case FULCRA_PATTERN_REFUSED:
        return give_up(self);
    case FULCRA_PATTERN_DIFFERS:
        break;
    }
    self->match->reason = part->mismatch;
    return false;
}

/* Whether the literal after slot @index, or the end, is at @end. */
static bool
literal_follows(const Matcher *self, size_t index, size_t end)
{
    if (index + 1 == self->grammar->n_parts)
        return end == self->length;
    const FulcraGrammarPart *next = &self->grammar->parts[index + 1];

    return self->length - end >= next->length &&
           memcmp(self->base + end, next->literal, next->length) == 0;
}

static bool
try_slot(Matcher *self, size_t index, size_t start, size_t end)
{
    const FulcraGrammarPart *part = &self->grammar->parts[index];

    if (!literal_follows(self, index, end) || splits_escape(self, start, end))
        return false;
    if (part->pattern != NULL && !pattern_accepts(self, part, start, end))
        return false;
    self->match->spans[index] = (FulcraSpan){ start, end };
    return match_parts(self, index + 1, end);
}

static bool
match_slot(Matcher *self, size_t index, size_t start)
{
    bool segment = self->grammar->parts[index].kind == FULCRA_PART_SEGMENT;
    size_t least = segment ? start + 1 : start, end = self->length;
    const char *slash;

    if (segment) {
        slash = memchr(self->base + start, '/', self->length - start);
        if (slash != NULL)
            end = (size_t)(slash - self->base);
    }
    /* @least is never 0: a scheme comes before it. */
    for (; end >= least && take_steps(self, 1); end--) {
        if (try_slot(self, index, start, end))
            return true;
        if (has_given_up(self) || index + 1 == self->grammar->n_parts)
            return false;
    }
    return false;
}

static bool
match_parts(Matcher *self, size_t index, size_t at)
{
    if (index == self->grammar->n_parts)
        return at == self->length;
    const FulcraGrammarPart *part = &self->grammar->parts[index];

    if (part->kind != FULCRA_PART_LITERAL)
        return match_slot(self, index, at);
    /* That it is there the slot before it has made sure of, or the caller. */
    self->match->spans[index] = (FulcraSpan){ at, at + part->length };
    return match_parts(self, index + 1, at + part->length);
}

bool
fulcra__grammar_match_base(const FulcraGrammar *self, const char *base,
        size_t length, FulcraBaseMatch *match)
{
    const FulcraGrammarPart *prefix = &self->parts[0];
    Matcher matcher = { self, base, length, MAX_STEPS, match };

    if (length < prefix->length ||
            memcmp(base, prefix->literal, prefix->length) != 0) {
        match->reason = prefix_differs;
        return false;
    }
    match->reason = fulcra__grammar_rest_differs;
    return match_parts(&matcher, 0, 0);
}

/* --- arguments --- */

static bool
refuse(const char **reason, const char *why)
{
    if (reason != NULL)
        *reason = why;
    return false;
}

static bool
refuse_undeclared(const char **reason, const char *name)
{
    g_autofree char *text = NULL;

    if (reason == NULL)
        return false;
    text = g_strdup_printf("argument '%s' not declared", name);
    return refuse(reason, fulcra_intern(text));
}

/* @value: (nullable): an argument that does not stand in the identifier */
static bool
count_argument(const FulcraGrammar *self, const char *name,
        const FulcraArgument *value, unsigned *counts, const char **reason)
{
    const FulcraGrammarArgument *declared = self->arguments;
    size_t i = 0;

    while (i < self->n_arguments && declared[i].name != name)
        i++;
    if (i == self->n_arguments)
        return self->undeclared || refuse_undeclared(reason, name);
    if (declared[i].slot == NULL &&
            (value == NULL ||
                    !fulcra__argument_equal(&declared[i].constant, value)))
        return refuse(reason, declared[i].differs);
    if (++counts[i] > declared[i].max)
        return refuse(reason, declared[i].repeated);
    return true;
}

static bool
match_arguments(const FulcraGrammar *self, FulcraIdentifier *identifier,
        const char *const *extra_names, size_t n_extra_names,
        const char **reason)
{
    const FulcraArgument *own = identifier->arguments;
    unsigned counts[FULCRA__GRAMMAR_MAX_ARGUMENTS];

    memset(counts, 0, self->n_arguments * sizeof counts[0]);
    for (unsigned i = 0; i < identifier->n_arguments; i++)
        if (!count_argument(self, own[i].name, &own[i], counts, reason))
            return false;
    for (size_t i = 0; i < n_extra_names; i++)
        if (!count_argument(self, extra_names[i], NULL, counts, reason))
            return false;
    for (size_t i = 0; i < self->n_arguments; i++)
        if (counts[i] < self->arguments[i].min)
            return refuse(reason, self->arguments[i].missing);
    return true;
}

/* A slot that is named otherwise than its argument is found under both. */
static void
collect_argument_slot(FulcraArguments *slots,
        const FulcraGrammarArgument *declared, const FulcraArgument *value)
{
    if (value->name != declared->name)
        return;
    if (value->text != NULL)
        fulcra__arguments_append_text(
                slots, declared->slot, g_strdup(value->text));
    else
        fulcra__arguments_append_identifier(
                slots, declared->slot, value->identifier);
}

static void
collect_argument_slots(const FulcraGrammar *self, FulcraIdentifier *identifier,
        FulcraArguments *slots)
{
    for (size_t i = 0; i < self->n_arguments; i++) {
        const FulcraGrammarArgument *declared = &self->arguments[i];

        if (declared->slot == NULL || declared->slot == declared->name)
            continue;
        for (unsigned j = 0; j < identifier->n_arguments; j++)
            collect_argument_slot(slots, declared, &identifier->arguments[j]);
    }
}

/* --- the whole --- */

static bool
collect_slot(FulcraArguments *slots, const char *name, const char *text,
        size_t length)
{
    char *decoded = fulcra__unescape(text, length, NULL);

    if (decoded == NULL) {
        fulcra__arguments_clear(slots);
        return false;
    }
    fulcra__arguments_append_text(slots, name, decoded);
    return true;
}

static bool
match_regex(const FulcraGrammar *self, FulcraIdentifier *identifier,
        FulcraArguments *slots, const char **reason)
{
    FulcraSpan spans[FULCRA__PATTERN_MAX_GROUPS];
    const char *text = fulcra_identifier_get_text(identifier);
    const char *const *names;
    size_t n = fulcra__pattern_get_names(self->regex, &names);

    switch (fulcra__pattern_match(self->regex, text, strlen(text), spans)) {
    case FULCRA_PATTERN_DIFFERS:
        *reason = regex_differs;
        return false;
    case FULCRA_PATTERN_REFUSED:
        *reason = fulcra__grammar_limit_reached;
        return false;
    case FULCRA_PATTERN_MATCHES:
        break;
    }
    *reason = bad_escape;
    for (size_t i = 0; i < n; i++)
        if (spans[i].start <= spans[i].end &&
                !collect_slot(slots, names[i], text + spans[i].start,
                        spans[i].end - spans[i].start))
            return false;
    return true;
}

static bool
match_slots(const FulcraGrammar *self, FulcraIdentifier *identifier,
        FulcraArguments *slots, const char **reason)
{
    FulcraBaseMatch match;

    if (!fulcra__grammar_match_base(
                self, identifier->base, identifier->base_length, &match)) {
        *reason = match.reason;
        return false;
    }
    *reason = bad_escape;
    for (size_t i = 0; i < self->n_parts; i++) {
        const FulcraSpan *span = &match.spans[i];

        if (self->parts[i].kind != FULCRA_PART_LITERAL &&
                !collect_slot(slots, self->parts[i].name,
                        identifier->base + span->start,
                        span->end - span->start))
            return false;
    }
    return true;
}

static bool
match_whole(const FulcraGrammar *self, FulcraIdentifier *identifier,
        const char **reason)
{
    *reason = prefix_differs;
    return identifier->base == self->whole ||
           (identifier->base_length == self->parts[0].length &&
                   memcmp(identifier->base, self->whole,
                           identifier->base_length) == 0);
}

bool
fulcra__grammar_match(const FulcraGrammar *self, FulcraIdentifier *identifier,
        const char *const *extra_names, size_t n_extra_names,
        FulcraArguments *slots, const char **reason)
{
    const char *unasked;
    const char **why = reason != NULL ? reason : &unasked;
    bool plain = identifier->n_arguments + n_extra_names == 0 &&
                 self->n_arguments == 0;

    if (self->regex != NULL)
        return match_regex(self, identifier, slots, why);
    if (fulcra__identifier_scheme(identifier) != self->scheme) {
        *why = scheme_differs;
        return false;
    }
    if (self->whole != NULL ? !match_whole(self, identifier, why)
                            : !match_slots(self, identifier, slots, why))
        return false;
    if (plain)
        return true;
    if (!match_arguments(
                self, identifier, extra_names, n_extra_names, reason)) {
        fulcra__arguments_clear(slots);
        return false;
    }
    collect_argument_slots(self, identifier, slots);
    return true;
}

bool
fulcra_host_grammar_matches(
        const FulcraGrammar *self, FulcraIdentifier *identifier, bool *limited)
{
    FulcraArguments slots;
    const char *reason = NULL;

    fulcra__arguments_init(&slots);
    bool matches =
            fulcra__grammar_match(self, identifier, NULL, 0, &slots, &reason);
    fulcra__arguments_clear(&slots);
    *limited = !matches && reason == fulcra__grammar_limit_reached;
    return matches;
}

FulcraPrefix
fulcra__grammar_get_prefix(const FulcraGrammar *self)
{
    FulcraPrefix prefix = { 0 };

    if (self->regex != NULL)
        return prefix;
    size_t length = self->parts[0].length, n = MIN(length, sizeof prefix.word);
    prefix.length = (unsigned)length;
    prefix.at = (unsigned)(length - n);
    memcpy(&prefix.word, self->parts[0].literal + prefix.at, n);
    memset(&prefix.mask, 0xff, n);
    return prefix;
}

/* --- life --- */

FulcraGrammar *
fulcra_host_grammar_new(const char *text, GError **error)
{
    g_return_val_if_fail(text != NULL, NULL);

    FulcraGrammar *self = g_new0(FulcraGrammar, 1);
    fulcra_refs_init(&self->refs);
    self->text = g_strdup(text);
    if (fulcra__grammar_parse(self, error))
        return self;
    fulcra_host_grammar_unref(self);
    return NULL;
}

FulcraGrammar *
fulcra_host_grammar_ref(FulcraGrammar *self)
{
    fulcra_refs_take(&self->refs);
    return self;
}

void
fulcra_host_grammar_unref(FulcraGrammar *self)
{
    if (self == NULL || !fulcra_refs_drop(&self->refs))
        return;
    for (size_t i = 0; i < self->n_parts; i++) {
        g_free(self->parts[i].literal);
        fulcra__pattern_free(self->parts[i].pattern);
    }
    for (size_t i = 0; i < self->n_arguments; i++) {
        g_free(self->arguments[i].constant.text);
        fulcra_identifier_unref(self->arguments[i].constant.identifier);
    }
    fulcra__pattern_free(self->regex);
    g_free(self->parts);
    g_free(self->arguments);
    g_free(self->text);
    g_free(self);
}

const char *
fulcra_host_grammar_get_text(const FulcraGrammar *self)
{
    return self->text;
}

const char *
fulcra_host_grammar_get_scheme(const FulcraGrammar *self)
{
    return self->scheme;
}

bool
fulcra_host_grammar_has_slot(const FulcraGrammar *self, const char *name)
{
    const char *const *names = NULL;
    size_t n = self->regex != NULL
                       ? fulcra__pattern_get_names(self->regex, &names)
                       : 0;

    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    for (size_t i = 0; i < self->n_parts; i++)
        if (g_strcmp0(self->parts[i].name, name) == 0)
            return true;
    for (size_t i = 0; i < self->n_arguments; i++)
        if (g_strcmp0(self->arguments[i].slot, name) == 0)
            return true;
    return false;
}

bool
fulcra_host_grammar_takes_more(const FulcraGrammar *self)
{
    return self->takes_more;
}

static void
list_regex_slots(const FulcraGrammar *self, GArray *slots)
{
    const char *const *names;
    size_t n = fulcra__pattern_get_names(self->regex, &names);

    for (size_t i = 0; i < n; i++) {
        FulcraGrammarSlot slot = { .name = names[i], .optional = true };

        g_array_append_val(slots, slot);
    }
}

FulcraGrammarSlot *
fulcra_host_grammar_list_slots(const FulcraGrammar *self, size_t *n_slots)
{
    GArray *slots = g_array_new(false, false, sizeof(FulcraGrammarSlot));

    if (self->regex != NULL)
        list_regex_slots(self, slots);
    for (size_t i = 0; i < self->n_parts; i++) {
        FulcraGrammarSlot slot = { .name = self->parts[i].name,
            .rest = self->parts[i].kind == FULCRA_PART_REST };

        if (self->parts[i].kind != FULCRA_PART_LITERAL)
            g_array_append_val(slots, slot);
    }
    for (size_t i = 0; i < self->n_arguments; i++) {
        FulcraGrammarSlot slot = { .name = self->arguments[i].slot,
            .argument = true,
            .rest = true,
            .optional = self->arguments[i].min == 0 };

        if (slot.name != NULL)
            g_array_append_val(slots, slot);
    }
    *n_slots = slots->len;
    return (FulcraGrammarSlot *)g_array_free(slots, slots->len == 0);
}

/* --- literals --- */

static pthread_mutex_t literals_lock = PTHREAD_MUTEX_INITIALIZER;
static GHashTable *literals; /* text to grammar */

static FulcraGrammar *
literal_intern(FulcraGrammar *fresh)
{
    pthread_mutex_lock(&literals_lock);
    if (literals == NULL)
        literals = g_hash_table_new(g_str_hash, g_str_equal);
    FulcraGrammar *found = g_hash_table_lookup(literals, fresh->text);
    if (found == NULL) {
        found = fulcra_host_grammar_ref(fresh);
        g_hash_table_insert(literals, found->text, found);
    }
    pthread_mutex_unlock(&literals_lock);
    fulcra_host_grammar_unref(fresh);
    return found;
}

const FulcraGrammar *
fulcra_grammar_from_literal(FulcraLiteral *cell)
{
    FulcraGrammar *self = __atomic_load_n(&cell->parsed, __ATOMIC_ACQUIRE);
    g_autoptr(GError) error = NULL;

    if (self != NULL)
        return self;
    self = fulcra_host_grammar_new(cell->text, &error);
    if (self == NULL)
        g_error("FULCRA_GRAMMAR(\"%s\"): %s", cell->text, error->message);
    self = literal_intern(self);
    /* Threads that come here together store the same pointer. */
    __atomic_store_n(&cell->parsed, self, __ATOMIC_RELEASE);
    return self;
}
