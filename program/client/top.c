/* SPDX-License-Identifier: MIT */

/*
 * top.c - fulcra top: what a running server does now
 *
 * Counters are shown as rates between two looks, gauges as they are.
 */

#include "client.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CLEAR "\033[H\033[2J"

static const struct {
    const char *name, *heading;
    bool rate;
} rows[] = {
    { "sockets", "sockets open", false },
    { "sockets_opened", "sockets opened/s", true },
    { "messages_in", "messages in/s", true },
    { "messages_out", "messages out/s", true },
    { "bytes_in", "bytes in/s", true },
    { "bytes_out", "bytes out/s", true },
    { "messages_dropped", "messages dropped/s", true },
    { "http_requests", "HTTP requests/s", true },
    { "requests", "requests/s", true },
    { "requests_failed", "requests failed/s", true },
    { "timeouts", "time-outs/s", true },
    { "overloaded", "overloaded/s", true },
    { "cache_hits", "cache hits/s", true },
    { "cache_misses", "cache misses/s", true },
    { "cache_entries", "cache entries", false },
    { "cache_bytes", "cache bytes", false },
    { "workers", "workers", false },
    { "workers_waiting", "workers waiting", false },
};

typedef struct {
    int64_t at_ms;
    int64_t values[G_N_ELEMENTS(rows)];
} Look;

static void
take(JsonObject *answer, Look *look)
{
    g_autoptr(GList) stats = fulcra_print_list(answer, "stats");

    *look = (Look){
        json_object_get_int_member_with_default(answer, "uptime_ms", 0), { 0 }
    };
    for (GList *link = stats; link != NULL; link = link->next) {
        const char *name = json_object_get_string_member(link->data, "name");

        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
            if (strcmp(rows[i].name, name) == 0)
                look->values[i] = json_object_get_int_member_with_default(
                        link->data, "value", 0);
    }
}

static double
value_of(size_t row, const Look *before, const Look *now)
{
    int64_t passed_ms = MAX(now->at_ms - before->at_ms, 1);

    if (!rows[row].rate)
        return (double)now->values[row];
    return (double)(now->values[row] - before->values[row]) * 1000 /
           (double)passed_ms;
}

static void
print_text(const Look *before, const Look *now)
{
    if (isatty(STDOUT_FILENO))
        fputs(CLEAR, stdout);
    printf("up %" G_GINT64_FORMAT " s\n\n", now->at_ms / 1000);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        printf("%-20s %14.0f\n", rows[i].heading, value_of(i, before, now));
    printf("\n");
}

/* A line an object: NAME, or NAME_per_second. */
static void
print_json(const Look *before, const Look *now)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();

    json_builder_begin_object(builder);
    json_builder_set_member_name(builder, "uptime_ms");
    json_builder_add_int_value(builder, now->at_ms);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *name = g_strconcat(
                rows[i].name, rows[i].rate ? "_per_second" : NULL, NULL);

        json_builder_set_member_name(builder, name);
        json_builder_add_double_value(builder, value_of(i, before, now));
    }
    json_builder_end_object(builder);
    g_autoptr(JsonNode) root = json_builder_get_root(builder);
    g_autofree char *text = json_to_string(root, FALSE);
    printf("%s\n", text);
}

static bool
look_at(const char *socket, Look *look, GError **error)
{
    g_autoptr(FulcraQuestion) question = fulcra_question_new("GET", "/stats");
    g_autoptr(JsonNode) answer = fulcra_client_ask(socket, question, error);

    if (answer == NULL)
        return false;
    take(json_node_get_object(answer), look);
    return true;
}

static bool
get_number(const FulcraOptions *options, const char *name, uint64_t fallback,
        uint64_t most, uint64_t *number)
{
    const char *text = fulcra_options_get(options, name);

    *number = fallback;
    if (text == NULL ||
            g_ascii_string_to_unsigned(text, 10, 1, most, number, NULL))
        return true;
    fulcra_complain("top: --%s %s: a whole number from 1 to %" G_GUINT64_FORMAT
                    " would be right",
            name, text, most);
    return false;
}

static int
top(FulcraOptions *options)
{
    g_autofree char *socket = fulcra_client_find_socket(options);
    g_autoptr(GError) error = NULL;
    uint64_t interval_ms, count;
    Look before, now;

    if (!get_number(options, "interval", 1000, 3600000, &interval_ms) ||
            !get_number(options, "count", UINT64_MAX, UINT64_MAX, &count))
        return FULCRA_EXIT_USAGE;
    if (!look_at(socket, &before, &error))
        return fulcra_client_complain(options, error);
    for (; count > 0; count--, before = now) {
        g_usleep(interval_ms * 1000);
        if (!look_at(socket, &now, &error))
            return fulcra_client_complain(options, error);
        if (fulcra_options_has(options, "json"))
            print_json(&before, &now);
        else
            print_text(&before, &now);
        fflush(stdout);
    }
    return FULCRA_EXIT_FINE;
}

static const FulcraOption top_options[] = {
    { "interval", "MS", "milliseconds between two looks (1000)" },
    { "count", "N", "look N times, then end" },
    { NULL },
};

const FulcraCommand fulcra_command_top = {
    .name = "top",
    .admin = true,
    .options = top_options,
    .summary = "Watch what a running server does.",
    .run = top,
};
