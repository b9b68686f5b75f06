/* SPDX-License-Identifier: MIT */
/*
 * problems.c - what was found wrong, collected
 *
 * A definition with three mistakes is reported with all three, so that it can
 * be mended in one go. How many are kept is bounded; the others are counted.
 */

#include <fulcra-host/json.h>

#include <fulcra/error.h>

#include <stdio.h>
#include <string.h>

typedef struct {
    char *file; /* (nullable) */
    FulcraPosition position;
    char *message;
} Problem;

struct _FulcraProblems {
    GPtrArray *list; /* of Problem */
    size_t count;    /* with those that were not kept */
};

static void
problem_free(void *data)
{
    Problem *self = data;

    g_free(self->file);
    g_free(self->message);
    g_free(self);
}

FulcraProblems *
fulcra_host_problems_new(void)
{
    FulcraProblems *self = g_new0(FulcraProblems, 1);

    self->list = g_ptr_array_new_with_free_func(problem_free);
    return self;
}

void
fulcra_host_problems_free(FulcraProblems *self)
{
    if (self == NULL)
        return;
    g_ptr_array_unref(self->list);
    g_free(self);
}

/* @message: (transfer full) */
static void
problems_take(FulcraProblems *self, const char *file, FulcraPosition position,
        char *message)
{
    Problem *problem;

    if (self->count++ >= FULCRA_PROBLEMS_MAX) {
        g_free(message);
        return;
    }
    problem = g_new0(Problem, 1);
    problem->file = g_strdup(file);
    problem->position = position;
    problem->message = message;
    g_ptr_array_add(self->list, problem);
}

void
fulcra_host_problems_addv(FulcraProblems *self, FulcraDocument *document,
        FulcraPosition position, const char *format, va_list arguments)
{
    problems_take(self, fulcra_host_document_get_file(document), position,
            g_strdup_vprintf(format, arguments));
}

void
fulcra_host_problems_add(FulcraProblems *self, FulcraDocument *document,
        FulcraPosition position, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fulcra_host_problems_addv(self, document, position, format, arguments);
    va_end(arguments);
}

void
fulcra_host_problems_add_syntax(FulcraProblems *self, FulcraDocument *document,
        JsonNode *node, const char *what, const GError *error)
{
    const char *text = json_node_get_string(node);
    const char *message = error->message;
    FulcraPosition position = fulcra_host_document_get_value(document, node);
    unsigned character;
    int length = 0;

    if (sscanf(message, "character %u: %n", &character, &length) == 1 &&
            length > 0 && character >= 1 &&
            character - 1 <= (unsigned long)g_utf8_strlen(text, -1)) {
        const char *at = g_utf8_offset_to_pointer(text, character - 1);

        position = fulcra_host_document_get_within(
                document, node, (size_t)(at - text));
        message += length;
    }
    fulcra_host_problems_add(
            self, document, position, "%s \"%s\": %s", what, text, message);
}

void
fulcra_host_problems_take_error(FulcraProblems *self, GError *error)
{
    FulcraPosition nowhere = { 0, 0 };

    problems_take(self, NULL, nowhere, g_strdup(error->message));
    g_error_free(error);
}

size_t
fulcra_host_problems_count(FulcraProblems *self)
{
    return self->count;
}

static int
problem_compare(const void *first, const void *second)
{
    const Problem *a = *(Problem *const *)first;
    const Problem *b = *(Problem *const *)second;
    int files = g_strcmp0(a->file, b->file);

    if (files != 0)
        return files;
    if (a->position.line != b->position.line)
        return a->position.line < b->position.line ? -1 : 1;
    if (a->position.column != b->position.column)
        return a->position.column < b->position.column ? -1 : 1;
    return 0;
}

char *
fulcra_host_problems_to_text(FulcraProblems *self)
{
    GString *text = g_string_new(NULL);

    g_ptr_array_sort(self->list, problem_compare);
    for (size_t i = 0; i < self->list->len; i++) {
        const Problem *problem = self->list->pdata[i];

        if (i > 0)
            g_string_append_c(text, '\n');
        if (problem->file != NULL)
            g_string_append_printf(text, "%s:%u:%u: ", problem->file,
                    problem->position.line, problem->position.column);
        g_string_append(text, problem->message);
    }
    if (self->count > self->list->len)
        g_string_append_printf(
                text, "\nand %zu more", self->count - self->list->len);
    return g_string_free(text, false);
}

bool
fulcra_host_problems_none(FulcraProblems *self, GError **error)
{
    g_autofree char *text = NULL;

    if (self->count == 0)
        return true;
    text = fulcra_host_problems_to_text(self);
    g_set_error_literal(error, FULCRA_ERROR, FULCRA_ERROR_MODULE, text);
    return false;
}
