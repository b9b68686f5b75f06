/* SPDX-License-Identifier: MIT */

/* log.c - fulcra log: the last lines of a running server, and those to come */

#include "client.h"

#include <fulcra/error.h>

#include <stdio.h>

/* How long the server is to wait for the next line. */
#define WAIT_SECONDS "20"

#define LINES_DEFAULT "20"

static void
print_lines(JsonNode *answer, bool json)
{
    g_autoptr(GList) lines =
            fulcra_print_list(json_node_get_object(answer), "lines");

    for (GList *link = lines; link != NULL; link = link->next) {
        g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);

        json_node_set_object(node, link->data);
        g_autofree char *text = json ? json_to_string(node, FALSE)
                                     : fulcra_print_text(link->data, "text");
        printf("%s\n", text);
    }
    fflush(stdout);
}

static JsonNode *
ask(const FulcraOptions *options, const char *socket, int64_t after, bool first,
        GError **error)
{
    g_autoptr(FulcraQuestion) question = fulcra_question_new("GET", "/log");
    const char *lines = fulcra_options_get(options, "lines");
    g_autofree char *number = g_strdup_printf("%" G_GINT64_FORMAT, after);

    fulcra_question_add(
            question, "level", fulcra_options_get(options, "level"));
    if (first)
        fulcra_question_add(
                question, "lines", lines != NULL ? lines : LINES_DEFAULT);
    else
        fulcra_question_add(question, "after", number);
    if (fulcra_options_has(options, "follow"))
        fulcra_question_add(question, "wait", WAIT_SECONDS);
    return fulcra_client_ask(socket, question, error);
}

static bool
has_stopped(const GError *error)
{
    return g_error_matches(error, FULCRA_ERROR, FULCRA_ERROR_NOT_FOUND) ||
           g_error_matches(error, FULCRA_ERROR, FULCRA_ERROR_OVERLOADED);
}

static int
log_run(FulcraOptions *options)
{
    g_autofree char *socket = fulcra_client_find_socket(options);
    bool json = fulcra_options_has(options, "json");
    int64_t after = 0;

    for (bool first = true;; first = false) {
        g_autoptr(GError) error = NULL;
        g_autoptr(JsonNode) answer = ask(options, socket, after, first, &error);

        /* One that stops says so, but one may come too late for that. */
        if (answer == NULL && !first && has_stopped(error))
            return FULCRA_EXIT_FINE;
        if (answer == NULL)
            return fulcra_client_complain(options, error);
        JsonObject *object = json_node_get_object(answer);
        print_lines(answer, json);
        after = json_object_get_int_member_with_default(object, "last", 0);
        if (!fulcra_options_has(options, "follow") ||
                json_object_get_boolean_member_with_default(
                        object, "ends", false))
            return FULCRA_EXIT_FINE;
    }
}

static const FulcraOption log_options[] = {
    { "follow", NULL, "go on with the lines to come, until the server stops" },
    { "lines", "N", "how many of the last ones (20), at most 1024" },
    { "level", "LEVEL",
            "only lines as important as error, warning, info or debug" },
    { NULL },
};

const FulcraCommand fulcra_command_log = {
    .name = "log",
    .admin = true,
    .options = log_options,
    .summary = "Show a running server's log.",
    .text = "The server keeps its last 1024 lines, at most 512 KiB. With "
            "--json each line is\nan object: number, level, text.",
    .run = log_run,
};
