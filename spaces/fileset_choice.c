/* SPDX-License-Identifier: MIT */

/*
 * fileset_choice.c - see fileset_choice.h
 *
 * A glob becomes a regex over the text form of identifiers, in which what has
 * a meaning there is escaped: % + @ { } are three characters each. Wildcards
 * never stop within such an escape, and never take in an argument.
 */

#include "spaces/fileset_choice.h"
#include "spaces/fileset_find.h"

#include <fulcra/error.h>
#include <string.h>

#define ESCAPE "%[0-9A-F]{2}"
#define NAMED  "(?:[^/%+@]|" ESCAPE ")" /* within a segment */
#define ANY    "(?:[^%+@]|" ESCAPE ")"

/* --- globs --- */

typedef struct {
    const char *glob, *at;
    GString *regex;
    unsigned n_wildcards;
    bool in_braces;
} Glob;

static bool
refuse(const Glob *self, GError **error, const char *what)
{
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
            "character %ld: %s",
            g_utf8_pointer_to_offset(self->glob, self->at) + 1, what);
    return false;
}

static void
open_wildcard(Glob *self)
{
    g_string_append_printf(self->regex, "(?<w%u>", ++self->n_wildcards);
}

static void
add_wildcard(Glob *self, const char *what)
{
    open_wildcard(self);
    g_string_append_printf(self->regex, "%s)", what);
}

static void
add_stars(Glob *self)
{
    if (self->at[1] != '*') {
        add_wildcard(self, NAMED "*");
        return;
    }
    self->at++;
    if (self->at[1] != '/') {
        add_wildcard(self, ANY "*");
        return;
    }
    self->at++;
    add_wildcard(self, "(?:" ANY "*/)?");
}

static void
add_literal(Glob *self, char c)
{
    if (strchr("%+@{}", c) != NULL || g_ascii_iscntrl(c))
        g_string_append_printf(self->regex, "%%%02X", (unsigned char)c);
    else if (g_ascii_ispunct(c))
        g_string_append_printf(self->regex, "\\%c", c);
    else
        g_string_append_c(self->regex, c);
}

static bool
add_one(Glob *self, GError **error)
{
    char c = *self->at;

    if (c == '*') {
        add_stars(self);
    } else if (c == '?') {
        add_wildcard(self, NAMED);
    } else if (c == '{') {
        if (self->in_braces)
            return refuse(self, error, "braces within braces");
        self->in_braces = true;
        open_wildcard(self);
    } else if (c == '}' && self->in_braces) {
        self->in_braces = false;
        g_string_append_c(self->regex, ')');
    } else if (c == ',' && self->in_braces) {
        g_string_append_c(self->regex, '|');
    } else if (c == '[' || c == ']' || c == '}') {
        return refuse(self, error,
                "this has no meaning in a glob; put \"\\\" in front of it, or "
                "use \"regex\"");
    } else {
        if (c == '\\' && *++self->at == '\0')
            return refuse(self, error, "nothing follows the \"\\\"");
        add_literal(self, *self->at);
    }
    self->at++;
    return true;
}

/* res: and the like: a glob does not begin with a wildcard. */
static bool
check_scheme(Glob *self, GError **error)
{
    while (g_ascii_isalnum(*self->at) || *self->at == '.' || *self->at == '-')
        self->at++;
    if (self->at == self->glob || *self->at != ':')
        return refuse(self, error, "a scheme would be right, as in \"res:/*\"");
    self->at = self->glob;
    return true;
}

char *
fulcra__fileset_glob_to_grammar(const char *glob, GError **error)
{
    Glob self = { glob, glob, g_string_new("regex:"), 0, false };
    bool fine = check_scheme(&self, error);

    while (fine && *self.at != '\0')
        fine = add_one(&self, error);
    if (fine && self.in_braces)
        fine = refuse(&self, error, "a \"}\" is missing");
    return g_string_free(self.regex, !fine);
}

/* --- rewriting --- */

/* A literal, or a slot. */
typedef struct {
    bool is_slot;
    char *text; /* as it is written */
    char *slot; /* (nullable): its name in the grammar */
} Part;

struct _FulcraFilesetRewrite {
    GArray *parts; /* of Part */
};

static void
part_clear(void *data)
{
    Part *self = data;

    g_free(self->text);
    g_free(self->slot);
}

void
fulcra__fileset_rewrite_free(FulcraFilesetRewrite *self)
{
    if (self == NULL)
        return;
    g_array_unref(self->parts);
    g_free(self);
}

static void
add_part(FulcraFilesetRewrite *self, bool is_slot, const char *text,
        size_t length)
{
    Part part = { is_slot, g_strndup(text, length), NULL };

    if (is_slot)
        part.slot = g_ascii_isdigit(part.text[0])
                            ? g_strconcat("w", part.text, NULL)
                            : g_strdup(part.text);
    g_array_append_val(self->parts, part);
}

static bool
parse(FulcraFilesetRewrite *self, const char *text, GError **error)
{
    const char *at = text;

    while (*at != '\0') {
        size_t literal = strcspn(at, "{}");

        if (literal > 0)
            add_part(self, false, at, literal);
        at += literal;
        if (*at == '\0')
            break;
        const char *close = *at == '{' ? strchr(at, '}') : NULL;
        if (close == NULL || close == at + 1) {
            g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                    "character %ld: \"{NAME}\" would be right",
                    g_utf8_pointer_to_offset(text, at) + 1);
            return false;
        }
        add_part(self, true, at + 1, (size_t)(close - at) - 1);
        at = close + 1;
    }
    return true;
}

static const char *
any_name(const char *slot, void *user_data)
{
    return "x";
}

/* With ordinary names in its slots it must be a path. What a request puts into
 * them is looked at when it comes. */
static bool
check_path(const FulcraFilesetRewrite *self, GError **error)
{
    g_autofree char *path = fulcra__fileset_rewrite_apply(self, any_name, NULL);
    g_auto(GStrv) names = g_strsplit(path, "/", -1);
    size_t n = g_strv_length(names);

    for (size_t i = 0; i < n; i++) {
        if (fulcra__fileset_name_is_fine(names[i]) ||
                (i + 1 == n && *names[i] == '\0'))
            continue;
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "\"%s\" in it is not a name below the root: it must be "
                "relative, and no name may be empty or begin with a dot",
                names[i]);
        return false;
    }
    return true;
}

FulcraFilesetRewrite *
fulcra__fileset_rewrite_new(const char *text, GError **error)
{
    FulcraFilesetRewrite *self = g_new0(FulcraFilesetRewrite, 1);

    self->parts = g_array_new(FALSE, FALSE, sizeof(Part));
    g_array_set_clear_func(self->parts, part_clear);
    if (parse(self, text, error) && check_path(self, error))
        return self;
    fulcra__fileset_rewrite_free(self);
    return NULL;
}

const char *
fulcra__fileset_rewrite_lacks(
        const FulcraFilesetRewrite *self, const FulcraGrammar *grammar)
{
    for (unsigned i = 0; i < self->parts->len; i++) {
        const Part *part = &g_array_index(self->parts, Part, i);

        if (part->is_slot && !fulcra_host_grammar_has_slot(grammar, part->slot))
            return part->text;
    }
    return NULL;
}

char *
fulcra__fileset_rewrite_apply(const FulcraFilesetRewrite *self,
        const char *(*get)(const char *slot, void *user_data), void *user_data)
{
    GString *path = g_string_new(NULL);

    for (unsigned i = 0; i < self->parts->len; i++) {
        const Part *part = &g_array_index(self->parts, Part, i);
        const char *text =
                part->is_slot ? get(part->slot, user_data) : part->text;

        g_string_append(path, text != NULL ? text : "");
    }
    return g_string_free(path, FALSE);
}
