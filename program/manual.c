/* SPDX-License-Identifier: MIT */

/*
 * manual.c - fulcra manual: the manual page, from the table of commands
 *
 * In the language of scdoc(5); doc/man/fulcra.1.scd is its output, and a test
 * compares the two.
 */

#include "command.h"

#include <stdio.h>
#include <string.h>

/* scdoc takes these for markup. */
static void
print_text(const char *text)
{
    for (; *text != '\0'; text++) {
        if (strchr("\\*_#[]|+<>`~", *text) != NULL)
            putchar('\\');
        putchar(*text);
    }
}

static const char head[] =
        "fulcra(1)\n"
        "\n"
        "# NAME\n"
        "\n"
        "fulcra - resource-oriented application server\n"
        "\n"
        "# DESCRIPTION\n"
        "\n"
        "*fulcra* serves modules by HTTP and WebSocket. A module is a folder "
        "with a\ndefinition, _module.json_, and, where it has code, a shared "
        "object.\n"
        "\n"
        "Commands that take *--socket* ask a running server, by its admin "
        "plane: a UNIX\nsocket that only the server's user and root can "
        "use.\n"
        "\n"
        "# COMMANDS\n"
        "\n";

static const char tail[] =
        "# SETTINGS\n"
        "\n"
        "A setting is taken from an option, else from the environment, else "
        "from the file\nthat *--config* or *FULCRA\\_CONFIG* names, else it "
        "has its default. *--set* _NAME=VALUE_\ngives any setting a value; "
        "*fulcra settings* lists them.\n"
        "\n"
        "# ENVIRONMENT\n"
        "\n"
        "Each setting has a variable, named by *fulcra settings*: "
        "*FULCRA\\_LISTEN* for\n_listen_, *FULCRA\\_WEBSOCKET\\_MAX\\_MESSAGE* "
        "for _websocket.maxMessage_.\n"
        "\n"
        "*FULCRA\\_CONFIG*\n"
        "\tthe configuration file\n"
        "\n"
        "*FULCRA\\_ADMIN*\n"
        "\tthe UNIX socket of the admin plane, for the server and for those "
        "who ask it\n"
        "\n"
        "*XDG\\_RUNTIME\\_DIR*\n"
        "\twhere that socket is if nothing else is said\n"
        "\n"
        "*NOTIFY\\_SOCKET*, *WATCHDOG\\_USEC*, *LISTEN\\_FDS*\n"
        "\tas systemd sets them; see *sd_notify*(3)\n"
        "\n"
        "# SIGNALS\n"
        "\n"
        "*SIGTERM*, *SIGINT*\n"
        "\tstop the server: sockets are closed with 1001 and their modules "
        "told; a second\n\tone ends it at once\n"
        "\n"
        "*SIGHUP*\n"
        "\tread the configuration again, as *fulcra reload* does\n"
        "\n"
        "# EXIT STATUS\n"
        "\n"
        "*0*\n"
        "\tfine\n"
        "\n"
        "*1*\n"
        "\tit was understood, and failed or was refused; also: nothing "
        "answers what\n\t*fulcra resolve* was given, *fulcra doctor* found "
        "something wrong\n"
        "\n"
        "*2*\n"
        "\tit was not understood\n"
        "\n"
        "*3*\n"
        "\tno server answers where one was to be asked\n"
        "\n"
        "# FILES\n"
        "\n"
        "_$XDG\\_RUNTIME\\_DIR/fulcra.sock_, _/run/fulcra/admin.sock_\n"
        "\twhere commands look for the admin plane\n"
        "\n"
        "# SEE ALSO\n"
        "\n"
        "*systemd.service*(5), *systemd.socket*(5)\n";

static void
print_option(const FulcraOptionInfo *option, void *user_data)
{
    (void)user_data;
    if (strcmp(option->name, "help") == 0)
        return;
    printf("*--%s*", option->name);
    if (option->metavar != NULL) {
        printf(" _");
        print_text(option->metavar);
        printf("_");
    }
    printf("\n\t");
    print_text(option->help);
    if (option->fallback != NULL) {
        printf(" (");
        print_text(option->fallback);
        printf(")");
    }
    printf("\n\n");
}

static void
print_command(const FulcraCommand *command)
{
    printf("## fulcra %s", command->name);
    if (command->operands != NULL) {
        putchar(' ');
        print_text(command->operands);
    }
    printf("\n\n");
    print_text(command->summary);
    printf("\n\n");
    if (command->text != NULL) {
        g_auto(GStrv) lines = g_strsplit(command->text, "\n", -1);

        for (size_t i = 0; lines[i] != NULL; i++) {
            print_text(g_strstrip(lines[i]));
            printf("\n");
        }
        printf("\n");
    }
    fulcra_command_foreach_option(command, print_option, NULL);
}

static int
manual(FulcraOptions *options)
{
    (void)options;
    fputs(head, stdout);
    for (size_t i = 0; fulcra_commands[i] != NULL; i++)
        print_command(fulcra_commands[i]);
    fputs(tail, stdout);
    return FULCRA_EXIT_FINE;
}

const FulcraCommand fulcra_command_manual = {
    .name = "manual",
    .summary = "Print the manual page, in the language of scdoc.",
    .run = manual,
};
