/* SPDX-License-Identifier: MIT */

/* modules.c - fulcra module list, info, load, reload, unload */

#include "client.h"

#include <stdio.h>
#include <string.h>

#define OPTIONS(...)                                                           \
    (const char *const[])                                                      \
    {                                                                          \
        __VA_ARGS__, NULL                                                      \
    }

static const char name_text[] =
        "A MODULE is a URI or an unambiguous last part of one, with @VERSION "
        "behind it\nwhere several are loaded.";

/* --- looking --- */

static int
print_modules(JsonObject *answer, const FulcraOptions *options)
{
    static const FulcraColumn columns[] = {
        { "uri", "MODULE", false },
        { "version", "VERSION", false },
        { "state", "STATE", false },
        { "generation", "GENERATION", true },
        { "kept_bytes", "KEPT BYTES", true },
        { "failure", "LAST FAILURE", false },
        { NULL },
    };

    (void)options;
    fulcra_print_table(answer, "modules", columns);
    return FULCRA_EXIT_FINE;
}

const FulcraCommand fulcra_command_module_list = {
    .name = "module list",
    .admin = true,
    .summary = "List the modules that are loaded, and what is left of others.",
    .ask = &(const FulcraAsk){ "GET", "/modules", .print = print_modules },
    .run = fulcra_client_run,
};

static void
print_generation(JsonObject *generation)
{
    g_autofree char *number = fulcra_print_text(generation, "number");
    g_autofree char *state = fulcra_print_text(generation, "state");
    g_autofree char *version = fulcra_print_text(generation, "version");
    g_autofree char *loaded = fulcra_print_text(generation, "loaded_at");
    JsonArray *left = json_object_get_array_member(generation, "left");

    printf("  %s  %s  %s  loaded %s", number, version, state, loaded);
    for (unsigned i = 0; i < json_array_get_length(left); i++)
        printf("%s%s", i == 0 ? "  left: " : ", ",
                json_array_get_string_element(left, i));
    printf("\n");
}

static int
print_module(JsonObject *answer, const FulcraOptions *options)
{
    static const FulcraColumn columns[] = {
        { "uri", "module", false },
        { "version", "version", false },
        { "title", "title", false },
        { "description", "description", false },
        { "folder", "folder", false },
        { "library", "library", false },
        { "spaces", "spaces", false },
        { "endpoints", "endpoints", false },
        { "requires", "requires", false },
        { "required_by", "required by", false },
        { "keeps_state", "keeps state", false },
        { "promises_unmap", "can be unmapped", false },
        { "kept_bytes", "kept bytes", false },
        { "failure", "last failure", false },
        { "failed_at", "failed at", false },
        { NULL },
    };
    g_autoptr(GList) generations = fulcra_print_list(answer, "generations");

    (void)options;
    fulcra_print_members(answer, columns);
    printf("generations\n");
    for (GList *link = generations; link != NULL; link = link->next)
        print_generation(link->data);
    return FULCRA_EXIT_FINE;
}

const FulcraCommand fulcra_command_module_info = {
    .name = "module info",
    .operands = "MODULE",
    .min_operands = 1,
    .max_operands = 1,
    .admin = true,
    .summary = "Show all that is known of a module, its generations included.",
    .text = name_text,
    .ask = &(const FulcraAsk){ "GET", "/modules", .segment = true,
            .print = print_module },
    .run = fulcra_client_run,
};

/* --- changing --- */

static const char *
past_of(const char *change, bool done)
{
    static const char *const words[][3] = {
        { "load", "loaded", "would be loaded" },
        { "replace", "replaced", "would be replaced" },
        { "unload", "unloaded", "would be unloaded" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
        if (strcmp(words[i][0], change) == 0)
            return words[i][done ? 1 : 2];
    return change;
}

static int
print_change(JsonObject *answer, const FulcraOptions *options)
{
    g_autofree char *change = fulcra_print_text(answer, "change");
    g_autofree char *uri = fulcra_print_text(answer, "uri");
    g_autofree char *version = fulcra_print_text(answer, "version");
    g_autofree char *before = fulcra_print_text(answer, "before");
    g_autofree char *generation = fulcra_print_text(answer, "generation");
    JsonArray *affected = json_object_get_array_member(answer, "affected");
    bool done =
            json_object_get_boolean_member_with_default(answer, "done", false);

    (void)options;
    printf("%s %s: %s%s%s%s%s\n", uri, version, past_of(change, done),
            *before ? ", was " : "", before, done ? ", generation " : "",
            done ? generation : "");
    for (unsigned i = 0; i < json_array_get_length(affected); i++)
        printf("  %s: %s\n", done ? "ended" : "would end",
                json_array_get_string_element(affected, i));
    return FULCRA_EXIT_FINE;
}

static const FulcraOption change_options[] = {
    { "force", NULL, "even where sockets are closed or timers end by it" },
    { "preview", NULL, "say what it would do, and what would end by it" },
    { NULL },
};

/* The folder is the caller's. */
static int
load(FulcraOptions *options)
{
    g_autofree char *socket = fulcra_client_find_socket(options);
    g_autofree char *folder = g_canonicalize_filename(
            fulcra_options_get_operands(options)[0], NULL);
    g_autoptr(FulcraQuestion) question = fulcra_question_new("PUT", "/modules");
    g_autoptr(GError) error = NULL;

    fulcra_question_add(question, "folder", folder);
    fulcra_question_add(question, "force",
            fulcra_options_has(options, "force") ? "true" : NULL);
    fulcra_question_add(question, "preview",
            fulcra_options_has(options, "preview") ? "true" : NULL);
    g_autoptr(JsonNode) answer = fulcra_client_ask(socket, question, &error);
    if (answer == NULL)
        return fulcra_client_complain(options, error);
    if (!fulcra_options_has(options, "json"))
        return print_change(json_node_get_object(answer), options);
    fulcra_client_print_json(answer);
    return FULCRA_EXIT_FINE;
}

const FulcraCommand fulcra_command_module_load = {
    .name = "module load",
    .operands = "FOLDER",
    .min_operands = 1,
    .max_operands = 1,
    .admin = true,
    .options = change_options,
    .summary = "Load the module in a folder, or replace the one it is.",
    .text = "Where anything is wrong, what served before goes on serving.",
    .run = load,
};

const FulcraCommand fulcra_command_module_reload = {
    .name = "module reload",
    .operands = "MODULE",
    .min_operands = 1,
    .max_operands = 1,
    .admin = true,
    .options = change_options,
    .summary = "Load a module again, from the folder it came from.",
    .text = name_text,
    .ask = &(const FulcraAsk){ "PUT", "/modules", .segment = true,
            .options = OPTIONS("force", "preview"), .print = print_change },
    .run = fulcra_client_run,
};

const FulcraCommand fulcra_command_module_unload = {
    .name = "module unload",
    .operands = "MODULE",
    .min_operands = 1,
    .max_operands = 1,
    .admin = true,
    .options = change_options,
    .summary = "Take a module away.",
    .text = name_text,
    .ask = &(const FulcraAsk){ "DELETE", "/modules", .segment = true,
            .options = OPTIONS("force", "preview"), .print = print_change },
    .run = fulcra_client_run,
};
