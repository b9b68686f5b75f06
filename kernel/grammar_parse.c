/* SPDX-License-Identifier: MIT */
/*
 * grammar_parse.c - text to grammar
 *
 *   grammar  = scheme ":" ( literal | slot )* argument* [ "+*" ]
 *            | "regex:" pattern
 *   slot     = "{" name [ "*" ] [ ":" pattern ] "}"
 *   argument = "+" name "@" ( "{" [ name ] "}" [ "?" | "*" | "+" ] | value )
 *
 * Literals are put into the normal form in which identifiers are kept. People
 * write grammars: each refusal says where, and what would be right.
 */
#include "private/escape.h"
#include "private/grammar.h"
#include "private/intern.h"

#include <fulcra/error.h>
#include <string.h>

typedef struct {
    FulcraGrammar *grammar;
    const char *text;
    size_t at;
    size_t length;
} Parser;

static bool
fail(const Parser *self, size_t at, const char *message, GError **error)
{
    fulcra__syntax_error(error, self->text, at, "%s", message);
    return false;
}

static char
peek(const Parser *self)
{
    return self->text[self->at];
}

static FulcraGrammarPart *
add_part(Parser *self, FulcraPartKind kind)
{
    FulcraGrammar *grammar = self->grammar;
    FulcraGrammarPart *part;

    grammar->parts =
            g_renew(FulcraGrammarPart, grammar->parts, grammar->n_parts + 1);
    part = &grammar->parts[grammar->n_parts++];
    *part = (FulcraGrammarPart){ .kind = kind };
    return part;
}

/* --- literals and slots --- */

static bool
parse_literal(Parser *self, GString *literal, GError **error)
{
    const char *start = self->text + self->at;
    size_t length = strcspn(start, "+{"), at = 0;

    const char *reason = fulcra__escape_normalise(start, length, literal, &at);
    if (reason != NULL)
        return fail(self, self->at + at, reason, error);
    self->at += length;
    return true;
}

/* Bytes that are not UTF-8 could become a character together with those of a
 * neighbouring slot, and its normal form is another. */
static bool
has_stray_bytes(const char *literal)
{
    for (const char *at = literal; (at = strchr(at, '%')) != NULL; at++)
        if (at[1] >= '8')
            return true;
    return false;
}

/* The first literal begins with the scheme. */
static bool
parse_literal_part(Parser *self, size_t scheme_length, GError **error)
{
    g_autoptr(GString) literal = g_string_new(NULL);

    if (self->grammar->n_parts == 0) {
        g_string_append_len(literal, self->text, (gssize)scheme_length + 1);
        self->at = scheme_length + 1;
    }
    if (!parse_literal(self, literal, error))
        return false;
    if (has_stray_bytes(literal->str))
        return fail(self, self->at,
                "what comes before this is not UTF-8: only slots may hold "
                "such bytes",
                error);
    FulcraGrammarPart *part = add_part(self, FULCRA_PART_LITERAL);
    part->length = literal->len;
    part->literal = g_strdup(literal->str);
    return true;
}

/* The length up to the brace that closes a slot; patterns hold braces too. */
static bool
find_brace(const Parser *self, size_t from, size_t *end)
{
    unsigned depth = 1;

    for (size_t i = from; i < self->length; i++) {
        if (self->text[i] == '\\' && i + 1 < self->length)
            i++;
        else if (self->text[i] == '{')
            depth++;
        else if (self->text[i] == '}' && --depth == 0) {
            *end = i;
            return true;
        }
    }
    return false;
}

static bool
slot_is_taken(const Parser *self, const char *name)
{
    const FulcraGrammar *grammar = self->grammar;

    for (size_t i = 0; i < grammar->n_parts; i++)
        if (grammar->parts[i].name == name)
            return true;
    for (size_t i = 0; i < grammar->n_arguments; i++)
        if (grammar->arguments[i].slot == name)
            return true;
    return false;
}

static const char *intern_printf(const char *format, ...) FULCRA_PRINTF(1, 2);

static const char *
intern_printf(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    return fulcra_intern(text);
}

static bool
parse_pattern(Parser *self, FulcraGrammarPart *part, size_t end, GError **error)
{
    size_t start = self->at, at;
    GError *cause = NULL;

    part->pattern =
            fulcra__pattern_new(self->text + start, end - start, &at, &cause);
    if (part->pattern == NULL) {
        fail(self, start + at, cause->message, error);
        g_error_free(cause);
        return false;
    }
    part->mismatch =
            intern_printf("pattern of {%s} does not match", part->name);
    return true;
}

/* The name at @self->at, interned; NULL with @error set. */
static const char *
parse_slot_name(Parser *self, GError **error)
{
    const char *start = self->text + self->at;
    size_t length = fulcra__name_length(start, self->length - self->at);
    const char *name;

    if (length == 0) {
        fail(self, self->at,
                "a slot is {name}, {name*} or {name:pattern}: write %7B for a "
                "brace",
                error);
        return NULL;
    }
    name = fulcra__intern_length(start, length);
    if (slot_is_taken(self, name)) {
        fulcra__syntax_error(error, self->text, self->at,
                "there is a slot {%s} already", name);
        return NULL;
    }
    self->at += length;
    return name;
}

static bool
parse_slot(Parser *self, GError **error)
{
    const FulcraGrammar *grammar = self->grammar;
    size_t start = self->at++, end;
    const char *name;

    if (grammar->parts[grammar->n_parts - 1].kind != FULCRA_PART_LITERAL)
        return fail(self, start,
                "two slots need something between them, such as a slash",
                error);
    if (grammar->n_parts >= 2 * FULCRA__GRAMMAR_MAX_SLOTS)
        return fail(self, start, "more than 32 slots", error);
    if (!find_brace(self, self->at, &end))
        return fail(self, start, "this brace is not closed", error);
    name = parse_slot_name(self, error);
    if (name == NULL)
        return false;
    FulcraGrammarPart *part = add_part(
            self, peek(self) == '*' ? FULCRA_PART_REST : FULCRA_PART_SEGMENT);
    part->name = name;
    self->at += part->kind == FULCRA_PART_REST;
    if (peek(self) == ':') {
        self->at++;
        if (!parse_pattern(self, part, end, error))
            return false;
        self->at = end;
    }
    if (self->at != end)
        return fail(self, self->at,
                "a slot is {name}, {name*} or {name:pattern}", error);
    self->at = end + 1;
    return true;
}

static bool
parse_base(Parser *self, size_t scheme_length, GError **error)
{
    if (!parse_literal_part(self, scheme_length, error))
        return false;
    while (peek(self) == '{') {
        if (!parse_slot(self, error))
            return false;
        if (peek(self) != '\0' && peek(self) != '+' && peek(self) != '{' &&
                !parse_literal_part(self, scheme_length, error))
            return false;
    }
    return true;
}

/* --- arguments --- */

static bool
parse_occurrence(Parser *self, FulcraGrammarArgument *argument)
{
    static const struct {
        char suffix;
        unsigned min, max;
    } table[] = {
        { '?', 0, 1 },
        { '*', 0, FULCRA__IDENTIFIER_MAX_ARGUMENTS },
        { '+', 1, FULCRA__IDENTIFIER_MAX_ARGUMENTS },
    };

    size_t after = MIN(self->at + 1, self->length);
    bool ends = self->text[after] == '\0' || self->text[after] == '+';

    argument->min = argument->max = 1;
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        /* "+" is a suffix only where no further argument begins with it. */
        if (peek(self) == table[i].suffix && ends) {
            argument->min = table[i].min;
            argument->max = table[i].max;
            self->at++;
            return true;
        }
    }
    return peek(self) == '\0' || peek(self) == '+';
}

/* At "{": {} or {name}, then how often. */
static bool
parse_argument_slot(
        Parser *self, FulcraGrammarArgument *argument, GError **error)
{
    const char *slot = argument->name;

    self->at++;
    if (peek(self) != '}')
        slot = parse_slot_name(self, error);
    if (slot == NULL)
        return false;
    argument->slot = slot;
    if (peek(self) != '}')
        return fail(self, self->at,
                "the value of an argument is {}, {name} or a constant", error);
    self->at++;
    if (!parse_occurrence(self, argument))
        return fail(self, self->at,
                "after an argument comes ?, * or +, then the next argument: "
                "build the inner identifier first, and pass it",
                error);
    return true;
}

static bool
parse_constant(Parser *self, FulcraGrammarArgument *argument, GError **error)
{
    const char *start = self->text + self->at;
    size_t length = strcspn(start, "+@{}");
    FulcraArguments value;

    if (start[length] != '\0' && start[length] != '+')
        return fail(self, self->at + length,
                "a constant holds none of @ { }: write %40, %7B and %7D, or "
                "build the inner identifier first, and pass it",
                error);
    fulcra__arguments_init(&value);
    if (!fulcra__argument_parse(
                &value, argument->name, start, length, 0, error))
        return false;
    argument->constant = fulcra__arguments_items(&value)[0];
    argument->min = argument->max = 1;
    self->at += length;
    return true;
}

static FulcraGrammarArgument *
add_argument(Parser *self, const char *name)
{
    FulcraGrammar *grammar = self->grammar;
    FulcraGrammarArgument *argument;

    grammar->arguments = g_renew(FulcraGrammarArgument, grammar->arguments,
            grammar->n_arguments + 1);
    argument = &grammar->arguments[grammar->n_arguments++];
    *argument = (FulcraGrammarArgument){
        .name = name,
        .missing = intern_printf("argument '%s' missing", name),
        .repeated = intern_printf("argument '%s' given too often", name),
        .differs = intern_printf("argument '%s' has another value", name),
    };
    return argument;
}

static bool
argument_is_taken(const FulcraGrammar *grammar, const char *name)
{
    for (size_t i = 0; i < grammar->n_parts; i++)
        if (grammar->parts[i].name == name)
            return true;
    for (size_t i = 0; i < grammar->n_arguments; i++)
        if (grammar->arguments[i].name == name ||
                grammar->arguments[i].slot == name)
            return true;
    return false;
}

/* At "+". */
static bool
parse_argument(Parser *self, GError **error)
{
    FulcraGrammar *grammar = self->grammar;
    const char *start = self->text + self->at + 1;
    size_t length = fulcra__name_length(start, self->length - self->at - 1);

    if (length == 0 || start[length] != '@')
        return fail(self, self->at,
                "an argument is +name@{}: write %2B for a plus sign", error);
    if (grammar->n_arguments == FULCRA__GRAMMAR_MAX_ARGUMENTS)
        return fail(self, self->at, "more than 64 arguments", error);
    const char *name = fulcra__intern_length(start, length);
    if (argument_is_taken(grammar, name))
        return fail(self, self->at,
                "this name is taken: {}* is any number of one argument", error);
    self->at += length + 2;
    FulcraGrammarArgument *argument = add_argument(self, name);
    return peek(self) == '{' ? parse_argument_slot(self, argument, error)
                             : parse_constant(self, argument, error);
}

static bool
parse_arguments(Parser *self, GError **error)
{
    FulcraGrammar *grammar = self->grammar;

    while (self->at < self->length) {
        if (grammar->scheme == fulcra_intern("data"))
            return fail(self, self->at,
                    "data: takes no arguments: write %2B for a plus sign",
                    error);
        if (strcmp(self->text + self->at, "+*") == 0) {
            grammar->undeclared = grammar->takes_more = true;
            return true;
        }
        if (peek(self) != '+')
            return fail(self, self->at, "'+' expected", error);
        if (!parse_argument(self, error))
            return false;
    }
    return true;
}

/* --- the whole --- */

static bool
parse_regex(Parser *self, GError **error)
{
    size_t start = strlen("regex:"), at;
    GError *cause = NULL;

    self->grammar->regex = fulcra__pattern_new(
            self->text + start, self->length - start, &at, &cause);
    if (self->grammar->regex != NULL)
        return true;
    fail(self, start + at, cause->message, error);
    g_error_free(cause);
    return false;
}

static bool
parse_scheme(Parser *self, size_t *length, GError **error)
{
    *length = fulcra__scheme_length(self->text, self->length);
    if (*length == 0)
        return fail(self, 0,
                "a grammar begins with a scheme in lower case and a colon, "
                "such as res:/path/{name}",
                error);
    if (*length + 1 == self->length || self->text[*length + 1] == '+')
        return fail(
                self, *length + 1, "something must follow the scheme", error);
    self->grammar->scheme = fulcra__intern_length(self->text, *length);
    return true;
}

bool
fulcra__grammar_parse(FulcraGrammar *self, GError **error)
{
    Parser parser = { self, self->text, 0, strlen(self->text) };
    size_t scheme_length;

    if (parser.length > FULCRA__IDENTIFIER_MAX_LENGTH) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "a grammar of %zu bytes: the limit is %d", parser.length,
                FULCRA__IDENTIFIER_MAX_LENGTH);
        return false;
    }
    if (g_str_has_prefix(self->text, "regex:"))
        return parse_regex(&parser, error);
    if (!parse_scheme(&parser, &scheme_length, error) ||
            !parse_base(&parser, scheme_length, error) ||
            !parse_arguments(&parser, error))
        return false;
    if (self->n_parts == 1)
        self->whole = fulcra__intern_length(
                self->parts[0].literal, self->parts[0].length);
    self->active = self->n_arguments > 0 || self->undeclared ||
                   self->scheme == fulcra_intern("active");
    self->undeclared |= self->scheme == fulcra_intern("ws");
    return true;
}
