/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Asking a running server, by its admin plane
 *
 * What a command asks for and how it prints the answer is a FulcraAsk beside
 * the command; the rest is the same for all.
 */

#include "program/command.h"
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* --- one question --- */

/* What is asked: method, path, parameters. */
typedef struct _FulcraQuestion FulcraQuestion;

/** @path: as it is sent. (transfer full) */
FulcraQuestion *fulcra_question_new(const char *method, const char *path);
void fulcra_question_free(FulcraQuestion *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FulcraQuestion, fulcra_question_free)

/** Appends a segment to the path; escaped. */
void fulcra_question_add_segment(FulcraQuestion *self, const char *segment);

/** Adds a parameter; a @value that is NULL adds none. */
void fulcra_question_add(
        FulcraQuestion *self, const char *name, const char *value);

/** Where the server is: --socket, FULCRA_ADMIN, or the usual places. (transfer
 * full) */
char *fulcra_client_find_socket(const FulcraOptions *options);

/**
 * fulcra_client_ask:
 *
 * Returns: (transfer full) (nullable): an object; NULL with
 * FULCRA_ERROR_NOT_FOUND where no server answers, or with what the server said
 */
JsonNode *fulcra_client_ask(
        const char *socket, FulcraQuestion *question, GError **error);

/** Prints why it failed. Returns: the exit status for that */
int fulcra_client_complain(const FulcraOptions *options, const GError *error);

/** Prints @answer as it came. */
void fulcra_client_print_json(JsonNode *answer);

/* --- commands that ask one question --- */

typedef struct {
    const char *method;
    const char *path;
    bool segment;        /* the first operand is appended to the path */
    const char *operand; /* (nullable): the parameter that it is otherwise */
    /* (nullable): options that are parameters, "over" or "in=space" */
    const char *const *options;
    /* returns the exit status */
    int (*print)(JsonObject *answer, const FulcraOptions *options);
} FulcraAsk;

/** For FulcraCommand.run, where .ask is set. */
int fulcra_client_run(FulcraOptions *options);

/** fulcra request, asked in a running server. Returns the exit status. */
int fulcra_client_request(const FulcraOptions *options);

/* --- printing --- */

typedef struct {
    const char *member;
    const char *heading;
    bool right; /* of numbers */
} FulcraColumn;

/** A line for each object in the member @list. @columns: ends with NULL */
void fulcra_print_table(
        JsonObject *answer, const char *list, const FulcraColumn *columns);

/** "heading  value", a line each. */
void fulcra_print_members(JsonObject *answer, const FulcraColumn *columns);

/** A member as text, fit for a terminal: control characters are escaped. ""
 * where there is none. (transfer full) */
char *fulcra_print_text(JsonObject *object, const char *member);

/** The objects in a member that is a list. (transfer container) */
GList *fulcra_print_list(JsonObject *object, const char *member);

G_END_DECLS
