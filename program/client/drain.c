/* SPDX-License-Identifier: MIT */

/*
 * drain.c - fulcra drain: asks for it, and waits for the end
 */

#include "client.h"

#include <fulcra/error.h>

#include <stdio.h>

#define LOOK_EVERY_US 200000

static JsonNode *
ask(const char *socket, const char *method, const char *path, const char *over,
        GError **error)
{
    g_autoptr(FulcraQuestion) question = fulcra_question_new(method, path);

    fulcra_question_add(question, "over", over);
    return fulcra_client_ask(socket, question, error);
}

/* Says how many are left, whenever that is another number. */
static void
follow(const char *socket, bool quiet)
{
    int64_t before = -1;

    for (;;) {
        g_autoptr(GError) error = NULL;
        g_autoptr(JsonNode) answer =
                ask(socket, "GET", "/server", NULL, &error);

        if (g_error_matches(error, FULCRA_ERROR, FULCRA_ERROR_NOT_FOUND))
            return;
        int64_t left = answer != NULL ? json_object_get_int_member_with_default(
                                                json_node_get_object(answer),
                                                "sockets", 0)
                                      : before;
        if (left != before && !quiet)
            printf("%" G_GINT64_FORMAT " sockets left\n", left);
        fflush(stdout);
        before = left;
        g_usleep(LOOK_EVERY_US);
    }
}

static int
drain(FulcraOptions *options)
{
    g_autofree char *socket = fulcra_client_find_socket(options);
    bool json = fulcra_options_has(options, "json");
    g_autoptr(GError) error = NULL;
    g_autoptr(JsonNode) answer = ask(socket, "PUT", "/drain",
            fulcra_options_get(options, "over"), &error);

    if (answer == NULL)
        return fulcra_client_complain(options, error);
    if (json)
        fulcra_client_print_json(answer);
    if (fulcra_options_has(options, "no-wait"))
        return FULCRA_EXIT_FINE;
    follow(socket, json);
    if (!json)
        printf("the server has stopped\n");
    return FULCRA_EXIT_FINE;
}

static const FulcraOption drain_options[] = {
    { "over", "TIME", "in which all sockets are closed (30s)" },
    { "no-wait", NULL, "return at once" },
    { NULL },
};

const FulcraCommand fulcra_command_drain = {
    .name = "drain",
    .admin = true,
    .options = drain_options,
    .summary = "Stop a server so that few notice.",
    .text = "/health/ready says no, new sockets get 503, open ones are closed "
            "with 1012 (come\nback), evenly over the time; their DELETEs run. "
            "Then the server stops.",
    .run = drain,
};
