/* SPDX-License-Identifier: MIT */

/*
 * main.c - finds the command and runs it
 *
 * Everything that the program can be told is in tables: the commands here,
 * their options in their own files, the settings in settings.h.
 */

#include "command.h"
#include <fulcra-host/change.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const FulcraCommand *const fulcra_commands[] = {
    &fulcra_command_serve,
    &fulcra_command_check,
    &fulcra_command_request,
    &fulcra_command_new_module,
    &fulcra_command_module_list,
    &fulcra_command_module_info,
    &fulcra_command_module_load,
    &fulcra_command_module_reload,
    &fulcra_command_module_unload,
    &fulcra_command_resolve,
    &fulcra_command_trace,
    &fulcra_command_space_tree,
    &fulcra_command_socket_list,
    &fulcra_command_socket_close,
    &fulcra_command_cache_stat,
    &fulcra_command_cache_list,
    &fulcra_command_cache_expire,
    &fulcra_command_stat,
    &fulcra_command_top,
    &fulcra_command_log,
    &fulcra_command_reload,
    &fulcra_command_drain,
    &fulcra_command_settings,
    &fulcra_command_doctor,
    &fulcra_command_completions,
    &fulcra_command_manual,
    &fulcra_command_version,
    NULL,
};

void
fulcra_complain(const char *format, ...)
{
    va_list arguments;
    g_autofree char *message = NULL;

    va_start(arguments, format);
    message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    fprintf(stderr, "fulcra: %s\n", message);
}

static void
print_commands(void)
{
    printf("usage: fulcra COMMAND [OPTION]...\n\n"
           "A resource-oriented application server.\n\n");
    for (size_t i = 0; fulcra_commands[i] != NULL; i++)
        printf("  %-14s %s\n", fulcra_commands[i]->name,
                fulcra_commands[i]->summary);
    printf("\n'fulcra COMMAND --help' says more.\n");
}

/* @n: (out): words of @arguments that are its name */
static const FulcraCommand *
find_command(char **arguments, int *n)
{
    g_autofree char *two = arguments[1] != NULL ? g_strconcat(arguments[0], " ",
                                                          arguments[1], NULL)
                                                : NULL;

    for (size_t i = 0; fulcra_commands[i] != NULL; i++) {
        const char *name = fulcra_commands[i]->name;

        *n = strchr(name, ' ') != NULL ? 2 : 1;
        if (strcmp(name, arguments[0]) == 0 || g_strcmp0(name, two) == 0)
            return fulcra_commands[i];
    }
    return NULL;
}

/* What may follow @word: "list, info"; NULL where it begins no command.
 * (transfer full) */
static char *
list_second_words(const char *word)
{
    GString *list = g_string_new(NULL);

    for (size_t i = 0; fulcra_commands[i] != NULL; i++) {
        const char *name = fulcra_commands[i]->name;
        size_t length = strlen(word);

        if (strncmp(name, word, length) == 0 && name[length] == ' ')
            g_string_append_printf(
                    list, "%s'%s'", list->len > 0 ? ", " : "", name);
    }
    return g_string_free(list, list->len == 0);
}

static int
refuse_command(char **arguments)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_autofree char *seconds = list_second_words(arguments[0]);
    const char *second = arguments[1] != NULL ? arguments[1] : "";
    g_autofree char *name = g_strconcat(arguments[0],
            seconds != NULL && *second != '\0' ? " " : "",
            seconds != NULL ? second : "", NULL);

    for (size_t i = 0; fulcra_commands[i] != NULL; i++)
        g_ptr_array_add(names, (char *)fulcra_commands[i]->name);
    g_ptr_array_add(names, NULL);
    const char *near =
            fulcra_host_nearest(name, (const char *const *)names->pdata);
    if (seconds != NULL)
        fulcra_complain("no command '%s'; %s would be right", name, seconds);
    else if (near != NULL)
        fulcra_complain("no command '%s'; did you mean '%s'?", name, near);
    else
        fulcra_complain("no command '%s'; 'fulcra --help' lists them", name);
    return FULCRA_EXIT_USAGE;
}

/* Options whose values are not what they should be are wrong usage, too. */
static FulcraOptions *
parse_options(const FulcraCommand *command, const char *const *arguments,
        GError **error)
{
    g_autoptr(FulcraSettings) settings = fulcra_settings_new();
    g_autoptr(FulcraOptions) options =
            fulcra_options_parse(command, arguments, error);

    if (options == NULL || !fulcra_options_apply(options, settings, error))
        return NULL;
    return g_steal_pointer(&options);
}

static int
run_command(const FulcraCommand *command, char **arguments)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraOptions) options =
            parse_options(command, (const char *const *)arguments, &error);

    if (options == NULL) {
        fulcra_complain("%s: %s; 'fulcra %s --help' lists what there is",
                command->name, error->message, command->name);
        return FULCRA_EXIT_USAGE;
    }
    if (fulcra_options_has(options, "help")) {
        fulcra_command_print_help(command);
        return FULCRA_EXIT_FINE;
    }
    return command->run(options);
}

int
main(int argc, char **argv)
{
    const FulcraCommand *command;
    int n_words;

    if (argc < 2) {
        fulcra_complain("no command; usage: fulcra COMMAND [OPTION]...; "
                        "'fulcra --help' lists them");
        return FULCRA_EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_commands();
        return FULCRA_EXIT_FINE;
    }
    if (strcmp(argv[1], FULCRA_COMMAND_PROBE) == 0)
        return fulcra_host_probe_main((const char *const *)argv + 2);
    if (strcmp(argv[1], "--version") == 0)
        return fulcra_command_version.run(NULL);
    command = find_command(argv + 1, &n_words);
    return command != NULL ? run_command(command, argv + 1 + n_words)
                           : refuse_command(argv + 1);
}
