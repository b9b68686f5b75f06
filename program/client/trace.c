/* SPDX-License-Identifier: MIT */

/*
 * trace.c - fulcra trace: what requests do in a running server
 *
 * Starts tracing, prints trees as they end, and stops tracing when enough were
 * printed or somebody has had enough.
 */

#include "client.h"

#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define POLL_MS 200

typedef struct {
    FulcraOptions *options;
    char *socket;
    int64_t printed, wanted;
    int64_t after;
    int status;
    GMainLoop *loop;
} Trace;

/* (transfer full) (nullable): NULL where it failed and that was said */
static JsonNode *
ask(Trace *self, FulcraQuestion *question)
{
    g_autoptr(GError) error = NULL;
    JsonNode *answer = fulcra_client_ask(self->socket, question, &error);

    if (answer == NULL)
        self->status = fulcra_client_complain(self->options, error);
    return answer;
}

/* --- trees --- */

static void
print_request(JsonObject *request)
{
    static const char *const parts[] = { "verb", "identifier" };
    int depth =
            (int)json_object_get_int_member_with_default(request, "depth", 0);
    g_autofree char *us = fulcra_print_text(request, "us");
    g_autofree char *endpoint = fulcra_print_text(request, "endpoint");
    g_autofree char *space = fulcra_print_text(request, "space");
    g_autofree char *cache = fulcra_print_text(request, "cache");
    g_autofree char *error = fulcra_print_text(request, "error");
    g_autofree char *explanation = fulcra_print_text(request, "explanation");

    printf("%8s us  %*s", us, 2 * depth, "");
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        g_autofree char *part = fulcra_print_text(request, parts[i]);
        printf("%s ", part);
    }
    if (*endpoint != '\0')
        printf(" by %s", endpoint);
    if (*space != '\0')
        printf(" in %s", space);
    if (*cache != '\0')
        printf("; %s", cache);
    if (*error != '\0')
        printf("; failed: %s", error);
    printf("\n");
    if (*explanation != '\0')
        printf("%12s %*s  (%s)\n", "", 2 * depth, "", explanation);
}

static void
print_tree(JsonObject *tree)
{
    g_autofree char *at = fulcra_print_text(tree, "at");
    g_autofree char *number = fulcra_print_text(tree, "number");
    g_autoptr(GList) requests = fulcra_print_list(tree, "requests");
    int64_t lost = json_object_get_int_member_with_default(tree, "lost", 0);

    printf("#%s  %s\n", number, at);
    for (GList *link = requests; link != NULL; link = link->next)
        print_request(link->data);
    if (lost > 0)
        printf("             and %" G_GINT64_FORMAT " more\n", lost);
    printf("\n");
}

static void
print_trees(Trace *self, JsonNode *answer)
{
    g_autoptr(GList) trees =
            fulcra_print_list(json_node_get_object(answer), "trees");

    for (GList *link = trees; link != NULL; link = link->next) {
        self->after = json_object_get_int_member_with_default(
                link->data, "number", 0);
        if (self->wanted > 0 && self->printed >= self->wanted)
            continue;
        print_tree(link->data);
        self->printed++;
    }
    fflush(stdout);
}

/* --- from beginning to end --- */

static JsonNode *
ask_for_trees(Trace *self)
{
    g_autoptr(FulcraQuestion) question = fulcra_question_new("GET", "/traces");
    g_autofree char *after = g_strdup_printf("%" G_GINT64_FORMAT, self->after);

    fulcra_question_add(question, "after", after);
    fulcra_question_add(question, "limit", "10000");
    return ask(self, question);
}

static gboolean
poll_trees(void *data)
{
    Trace *self = data;
    g_autoptr(JsonNode) answer = ask_for_trees(self);

    if (answer != NULL)
        print_trees(self, answer);
    if (answer != NULL && (self->wanted == 0 || self->printed < self->wanted))
        return G_SOURCE_CONTINUE;
    g_main_loop_quit(self->loop);
    return G_SOURCE_REMOVE;
}

static gboolean
had_enough(void *data)
{
    g_main_loop_quit(((Trace *)data)->loop);
    return G_SOURCE_CONTINUE;
}

static bool
begin(Trace *self)
{
    const char *identifier = fulcra_options_get_operands(self->options)[0];
    g_autoptr(FulcraQuestion) question = fulcra_question_new("PUT", "/traces");

    fulcra_question_add(question, "identifier", identifier);
    fulcra_question_add(
            question, "match", fulcra_options_get(self->options, "match"));
    fulcra_question_add(
            question, "socket", fulcra_options_get(self->options, "of"));
    if (fulcra_options_has(self->options, "failed"))
        fulcra_question_add(question, "failed", "true");
    g_autoptr(JsonNode) answer = ask(self, question);
    return answer != NULL;
}

static void
end(Trace *self)
{
    g_autoptr(FulcraQuestion) question =
            fulcra_question_new("DELETE", "/traces");
    g_autoptr(JsonNode) answer = ask(self, question);

    (void)answer;
}

/* What was traced before is not shown. */
static bool
skip_old(Trace *self)
{
    g_autoptr(JsonNode) answer = ask_for_trees(self);
    g_autoptr(GList) trees = NULL;

    if (answer == NULL)
        return false;
    trees = fulcra_print_list(json_node_get_object(answer), "trees");
    GList *last = g_list_last(trees);
    if (last != NULL)
        self->after = json_object_get_int_member_with_default(
                last->data, "number", 0);
    return true;
}

static void
follow(Trace *self)
{
    if (!skip_old(self) || !begin(self))
        return;
    self->loop = g_main_loop_new(NULL, FALSE);
    unsigned interrupt = g_unix_signal_add(SIGINT, had_enough, self);
    unsigned terminate = g_unix_signal_add(SIGTERM, had_enough, self);
    unsigned timer = g_timeout_add(POLL_MS, poll_trees, self);

    fprintf(stderr, "tracing; Ctrl-C ends it\n");
    g_main_loop_run(self->loop);
    g_source_remove(interrupt);
    g_source_remove(terminate);
    if (g_main_context_find_source_by_id(NULL, timer) != NULL)
        g_source_remove(timer);
    g_main_loop_unref(self->loop);
    end(self);
}

static void
show(Trace *self)
{
    g_autoptr(JsonNode) answer = ask_for_trees(self);

    if (answer != NULL && fulcra_options_has(self->options, "json"))
        fulcra_client_print_json(answer);
    else if (answer != NULL)
        print_trees(self, answer);
}

static bool
parse_count(Trace *self)
{
    const char *text = fulcra_options_get(self->options, "count");

    if (text == NULL || g_ascii_string_to_signed(
                                text, 10, 1, G_MAXINT32, &self->wanted, NULL))
        return true;
    fulcra_complain(
            "trace: --count %s: a whole number from 1 would be right", text);
    return false;
}

static int
trace(FulcraOptions *options)
{
    g_autofree char *socket = fulcra_client_find_socket(options);
    Trace self = { .options = options, .socket = socket };

    if (!parse_count(&self))
        return FULCRA_EXIT_USAGE;
    if (fulcra_options_has(options, "last") ||
            fulcra_options_has(options, "json"))
        show(&self);
    else
        follow(&self);
    return self.status;
}

static const FulcraOption trace_options[] = {
    { "match", "REGEX", "requests in whose identifier REGEX is found" },
    { "of", "SOCKET", "requests of the socket with this id" },
    { "failed", NULL, "requests that fail" },
    { "count", "N", "stop after N trees" },
    { "last", NULL, "show what was traced before, and trace nothing" },
    { NULL },
};

const FulcraCommand fulcra_command_trace = {
    .name = "trace",
    .operands = "[IDENTIFIER]",
    .max_operands = 1,
    .admin = true,
    .options = trace_options,
    .summary = "Show what requests do in a running server.",
    .text = "Traces the requests that fit all that is given, and all requests "
            "that they\nmake, until it is interrupted: who answered, what the "
            "cache did, how long it\ntook. With --json it prints what was "
            "traced before.\n",
    .run = trace,
};
