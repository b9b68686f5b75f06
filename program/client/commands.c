/* SPDX-License-Identifier: MIT */

/* commands.c - commands that ask a running server one thing */

#include "client.h"

#include <stdio.h>
#include <string.h>

#define OPTIONS(...)                                                           \
    (const char *const[])                                                      \
    {                                                                          \
        __VA_ARGS__, NULL                                                      \
    }

/* --- stat --- */

/* Whether all NAMEs are those of counters; complains where one is not. */
static bool
check_names(GList *stats, const char *const *wanted)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

    for (GList *link = stats; link != NULL; link = link->next)
        g_ptr_array_add(names, fulcra_print_text(link->data, "name"));
    g_ptr_array_add(names, NULL);
    for (; *wanted != NULL; wanted++) {
        const char *const *all = (const char *const *)names->pdata;
        const char *near = fulcra_host_nearest(*wanted, all);

        if (g_strv_contains(all, *wanted))
            continue;
        fulcra_complain("stat: no counter '%s'%s%s%s", *wanted,
                near ? "; did you mean '" : "", near ? near : "",
                near ? "'?" : "");
        return false;
    }
    return true;
}

static int
print_stats(JsonObject *answer, const FulcraOptions *options)
{
    const char *const *wanted = fulcra_options_get_operands(options);
    g_autoptr(GList) stats = fulcra_print_list(answer, "stats");

    if (!check_names(stats, wanted))
        return FULCRA_EXIT_USAGE;
    for (GList *link = stats; link != NULL; link = link->next) {
        g_autofree char *name = fulcra_print_text(link->data, "name");
        g_autofree char *value = fulcra_print_text(link->data, "value");
        g_autofree char *help = fulcra_print_text(link->data, "help");

        if (wanted[0] == NULL || g_strv_contains(wanted, name))
            printf("%14s  %-22s %s\n", value, name, help);
    }
    return FULCRA_EXIT_FINE;
}

const FulcraCommand fulcra_command_stat = {
    .name = "stat",
    .operands = "[NAME]...",
    .max_operands = 100,
    .admin = true,
    .summary = "Show a running server's counters and gauges.",
    .ask = &(const FulcraAsk){ "GET", "/stats", .print = print_stats },
    .run = fulcra_client_run,
};

/* --- space tree --- */

static void
print_entries(JsonObject *space, int depth)
{
    g_autoptr(GList) entries = fulcra_print_list(space, "entries");

    for (GList *link = entries; link != NULL; link = link->next) {
        JsonObject *entry = link->data;
        static const char *const members[] = { "id", "grammar", "uri", "from",
            "to", "wrapped", "verbs", "run" };
        g_autofree char *kind = fulcra_print_text(entry, "kind");

        printf("%*s%s", 2 * depth, "", kind);
        for (size_t i = 0; i < G_N_ELEMENTS(members); i++) {
            g_autofree char *text = fulcra_print_text(entry, members[i]);

            if (*text != '\0')
                printf("%s %s", strcmp(members[i], "to") == 0 ? " to" : "",
                        text);
        }
        printf("%s\n", json_object_get_boolean_member_with_default(
                               entry, "private", false)
                               ? "  private"
                               : "");
        print_entries(entry, depth + 1);
    }
}

static int
print_spaces(JsonObject *answer, const FulcraOptions *options)
{
    g_autoptr(GList) spaces = fulcra_print_list(answer, "spaces");

    (void)options;
    for (GList *link = spaces; link != NULL; link = link->next) {
        g_autofree char *uri = fulcra_print_text(link->data, "uri");

        printf("%s\n", uri);
        print_entries(link->data, 1);
    }
    return FULCRA_EXIT_FINE;
}

const FulcraCommand fulcra_command_space_tree = {
    .name = "space tree",
    .operands = "[SPACE]",
    .max_operands = 1,
    .admin = true,
    .summary = "Show the published spaces, their endpoints and imports.",
    .text = "A SPACE is a URI or an unambiguous last part of one: hello for\n"
            "urn:fulcra:demo:hello.",
    .ask = &(const FulcraAsk){ "GET", "/spaces", .operand = "space",
            .print = print_spaces },
    .run = fulcra_client_run,
};

/* --- resolve --- */

static void
print_step(JsonObject *step)
{
    g_autofree char *kind = fulcra_print_text(step, "kind");
    g_autofree char *name = fulcra_print_text(step, "name");
    g_autofree char *detail = fulcra_print_text(step, "detail");
    g_autofree char *reason = fulcra_print_text(step, "reason");
    bool answers =
            json_object_get_boolean_member_with_default(step, "answers", false);
    int depth = (int)json_object_get_int_member_with_default(step, "depth", 0);
    bool place = strcmp(kind, "space") == 0 || strcmp(kind, "context") == 0;

    printf("%*s%s%s%s", place ? 0 : 2 * (depth + 1), "",
            strcmp(kind, "endpoint") == 0 ? "" : kind,
            strcmp(kind, "endpoint") == 0 ? "" : " ", name);
    if (*detail != '\0')
        printf(" (%s)", detail);
    if (*reason != '\0' || answers)
        printf(": %s", answers ? "answers" : reason);
    printf("\n");
}

static int
print_resolution(JsonObject *answer, const FulcraOptions *options)
{
    g_autoptr(GList) steps = fulcra_print_list(answer, "steps");
    g_autofree char *verb = fulcra_print_text(answer, "verb");
    g_autofree char *identifier = fulcra_print_text(answer, "identifier");
    g_autofree char *endpoint = fulcra_print_text(answer, "endpoint");

    (void)options;
    for (GList *link = steps; link != NULL; link = link->next)
        print_step(link->data);
    if (*endpoint != '\0')
        printf("\n%s answers %s %s\n", endpoint, verb, identifier);
    else
        printf("\nnothing answers %s %s\n", verb, identifier);
    return *endpoint != '\0' ? FULCRA_EXIT_FINE : FULCRA_EXIT_FAILED;
}

static const FulcraOption resolve_options[] = {
    { "verb", "VERB", "SOURCE (the default), SINK, NEW, DELETE, EXISTS, META" },
    { "in", "SPACE", "where to begin; urn:fulcra:front if nothing is said" },
    { NULL },
};

const FulcraCommand fulcra_command_resolve = {
    .name = "resolve",
    .operands = "IDENTIFIER",
    .min_operands = 1,
    .max_operands = 1,
    .admin = true,
    .options = resolve_options,
    .summary = "Say who would answer, and why all others would not.",
    .text = "Every space and endpoint that is asked is listed in order, each "
            "with its reason;\nnothing is run. A path stands for res:.",
    .ask = &(const FulcraAsk){ "GET", "/resolve", .operand = "identifier",
            .options = OPTIONS("verb", "in=space"), .print = print_resolution },
    .run = fulcra_client_run,
};

/* --- sockets --- */

static int
print_sockets(JsonObject *answer, const FulcraOptions *options)
{
    static const FulcraColumn columns[] = {
        { "id", "ID", false },
        { "path", "PATH", false },
        { "user", "USER", false },
        { "address", "ADDRESS", false },
        { "state", "STATE", false },
        { "age_ms", "AGE MS", true },
        { "silent_ms", "SILENT MS", true },
        { "waiting", "WAITING", true },
        { "outbound_bytes", "OUTBOUND", true },
        { NULL },
    };

    (void)options;
    fulcra_print_table(answer, "sockets", columns);
    if (json_object_get_int_member_with_default(answer, "silent_loops", 0) > 0)
        printf("%" G_GINT64_FORMAT " loops did not answer\n",
                json_object_get_int_member_with_default(
                        answer, "silent_loops", 0));
    printf("%" G_GINT64_FORMAT " in all\n",
            json_object_get_int_member_with_default(answer, "matching", 0));
    return FULCRA_EXIT_FINE;
}

static const FulcraOption socket_list_options[] = {
    { "path", "PATH", "those of this path only" },
    { "limit", "N", "how many are listed (1000)" },
    { NULL },
};

const FulcraCommand fulcra_command_socket_list = {
    .name = "socket list",
    .admin = true,
    .options = socket_list_options,
    .summary = "List the WebSockets that are open.",
    .ask = &(const FulcraAsk){ "GET", "/sockets",
            .options = OPTIONS("path", "limit"), .print = print_sockets },
    .run = fulcra_client_run,
};

static int
print_closed(JsonObject *answer, const FulcraOptions *options)
{
    g_autofree char *id = fulcra_print_text(answer, "id");
    g_autofree char *code = fulcra_print_text(answer, "code");

    (void)options;
    printf("%s: closing with %s\n", id, code);
    return FULCRA_EXIT_FINE;
}

static const FulcraOption socket_close_options[] = {
    { "code", "CODE", "a close code from 1000 to 4999 (1000)" },
    { "reason", "TEXT", "what the client is told, at most 123 bytes" },
    { NULL },
};

const FulcraCommand fulcra_command_socket_close = {
    .name = "socket close",
    .operands = "ID",
    .min_operands = 1,
    .max_operands = 1,
    .admin = true,
    .options = socket_close_options,
    .summary = "Close a WebSocket.",
    .ask = &(const FulcraAsk){ "DELETE", "/sockets", .segment = true,
            .options = OPTIONS("code", "reason"), .print = print_closed },
    .run = fulcra_client_run,
};

/* --- the cache --- */

static int
print_cache(JsonObject *answer, const FulcraOptions *options)
{
    static const FulcraColumn columns[] = {
        { "cache_entries", "entries", true },
        { "cache_bytes", "bytes", true },
        { "limit_bytes", "bytes at most", true },
        { "cache_hits", "hits", true },
        { "cache_misses", "misses", true },
        { "cache_shared", "shared", true },
        { "cache_expired", "expired", true },
        { "cache_evicted", "evicted", true },
        { "cache_turned_away", "turned away", true },
        { "keys_cut", "keys cut", true },
        { NULL },
    };

    (void)options;
    fulcra_print_members(answer, columns);
    return FULCRA_EXIT_FINE;
}

const FulcraCommand fulcra_command_cache_stat = {
    .name = "cache stat",
    .admin = true,
    .summary = "Show what the cache holds, and how it did.",
    .ask = &(const FulcraAsk){ "GET", "/cache", .print = print_cache },
    .run = fulcra_client_run,
};

static int
print_entries_kept(JsonObject *answer, const FulcraOptions *options)
{
    static const FulcraColumn columns[] = {
        { "bytes", "BYTES", true },
        { "cost_us", "COST US", true },
        { "uses", "USES", true },
        { "expired", "EXPIRED", false },
        { "verb", "VERB", false },
        { "type", "TYPE", false },
        { "identifier", "IDENTIFIER", false },
        { "keys", "KEYS", false },
        { NULL },
    };

    (void)options;
    fulcra_print_table(answer, "entries", columns);
    printf("%" G_GINT64_FORMAT " in all\n",
            json_object_get_int_member_with_default(answer, "matching", 0));
    return FULCRA_EXIT_FINE;
}

static const FulcraOption cache_list_options[] = {
    { "match", "TEXT", "those that have TEXT in their identifier" },
    { "limit", "N", "how many are listed (100)" },
    { NULL },
};

const FulcraCommand fulcra_command_cache_list = {
    .name = "cache list",
    .admin = true,
    .options = cache_list_options,
    .summary = "List the answers that are kept, the largest first.",
    .ask = &(const FulcraAsk){ "GET", "/cache/entries",
            .options = OPTIONS("match", "limit"), .print = print_entries_kept },
    .run = fulcra_client_run,
};

static int
print_expired(JsonObject *answer, const FulcraOptions *options)
{
    g_autofree char *key = fulcra_print_text(answer, "key");

    (void)options;
    printf("%s: cut\n", key);
    return FULCRA_EXIT_FINE;
}

const FulcraCommand fulcra_command_cache_expire = {
    .name = "cache expire",
    .operands = "KEY",
    .min_operands = 1,
    .max_operands = 1,
    .admin = true,
    .summary = "Cut an expiry key: what depends on it has expired.",
    .text = "\"stock:*\" cuts all keys that begin with \"stock:\".",
    .ask = &(const FulcraAsk){ "DELETE", "/cache", .operand = "key",
            .print = print_expired },
    .run = fulcra_client_run,
};
