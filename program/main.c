/* SPDX-License-Identifier: MIT */

/*
 * main.c - finds the command and runs it
 *
 * Everything that the program can be told is in tables: the commands here,
 * their options in their own files, the settings in settings.h.
 */

#include "command.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const FulcraCommand *const commands[] = {
    &fulcra_command_serve,
    &fulcra_command_check,
    &fulcra_command_request,
    &fulcra_command_new_module,
    &fulcra_command_settings,
    &fulcra_command_version,
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
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
        printf("  %-11s %s\n", commands[i]->name, commands[i]->summary);
    printf("\n'fulcra COMMAND --help' says more.\n");
}

static const FulcraCommand *
find_command(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static int
refuse_command(const char *name)
{
    const char *names[G_N_ELEMENTS(commands) + 1] = { NULL };

    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
        names[i] = commands[i]->name;
    const char *near = fulcra_host_nearest(name, names);
    if (near != NULL)
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

    if (argc < 2) {
        fulcra_complain("no command; usage: fulcra COMMAND [OPTION]...; "
                        "'fulcra --help' lists them");
        return FULCRA_EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_commands();
        return FULCRA_EXIT_FINE;
    }
    if (strcmp(argv[1], "--version") == 0)
        return fulcra_command_version.run(NULL);
    command = find_command(argv[1]);
    return command != NULL ? run_command(command, argv + 2)
                           : refuse_command(argv[1]);
}
