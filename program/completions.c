/* SPDX-License-Identifier: MIT */

/*
 * completions.c - fulcra completions: what shells complete, from the table of
 * commands
 *
 * What a value is, is told by its metavar: FILE, DIR, PATH and FOLDER are
 * files, words with bars between them are choices, MODULE asks the server.
 */

#include "command.h"

#include <stdio.h>
#include <string.h>

/* The first word of @command, or the second; NULL where it has none. (transfer
 * full) */
static char *
get_word(const FulcraCommand *command, unsigned index)
{
    g_auto(GStrv) words = g_strsplit(command->name, " ", 2);

    return g_strdup(index == 0 ? words[0] : words[1]);
}

/* Each first word once, in the order of the table. (transfer full) */
static GPtrArray *
list_first_words(void)
{
    GPtrArray *words = g_ptr_array_new_with_free_func(g_free);

    for (size_t i = 0; fulcra_commands[i] != NULL; i++) {
        g_autofree char *word = get_word(fulcra_commands[i], 0);

        if (!g_ptr_array_find_with_equal_func(words, word, g_str_equal, NULL))
            g_ptr_array_add(words, g_steal_pointer(&word));
    }
    return words;
}

/* "list info load"; "" where @first is a command of one word. (transfer full)
 */
static char *
list_second_words(const char *first)
{
    GString *list = g_string_new(NULL);

    for (size_t i = 0; fulcra_commands[i] != NULL; i++) {
        g_autofree char *word = get_word(fulcra_commands[i], 0);
        g_autofree char *second = get_word(fulcra_commands[i], 1);

        if (strcmp(word, first) == 0 && second != NULL)
            g_string_append_printf(
                    list, "%s%s", list->len > 0 ? " " : "", second);
    }
    return g_string_free(list, FALSE);
}

/* --- what a value is --- */

typedef enum { VALUE_ANY, VALUE_FILE, VALUE_CHOICES, VALUE_MODULE } Value;

static Value
value_of(const char *metavar)
{
    if (metavar == NULL)
        return VALUE_ANY;
    if (strstr(metavar, "MODULE") != NULL)
        return VALUE_MODULE;
    if (strstr(metavar, "FILE") != NULL || strstr(metavar, "DIR") != NULL ||
            strstr(metavar, "PATH") != NULL ||
            strstr(metavar, "FOLDER") != NULL)
        return VALUE_FILE;
    return strchr(metavar, '|') != NULL ? VALUE_CHOICES : VALUE_ANY;
}

/* "a|b" as "a b". (transfer full) */
static char *
list_choices(const char *metavar)
{
    return g_strdelimit(g_strdup(metavar), "|", ' ');
}

/* --- bash --- */

static const char bash_head[] =
        "# bash completion for fulcra; made by 'fulcra completions bash'\n"
        "\n"
        "_fulcra_modules()\n"
        "{\n"
        "    fulcra module list 2>/dev/null | "
        "awk 'NR > 1 { sub(/.*:/, \"\", $1); print $1 }'\n"
        "}\n"
        "\n"
        "_fulcra()\n"
        "{\n"
        "    local current=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]}\n"
        "    local previous=${COMP_WORDS[COMP_CWORD - 1]} options= values=\n"
        "\n";

static void
bash_print_groups(GPtrArray *words)
{
    printf("    if ((COMP_CWORD == 1)); then\n"
           "        COMPREPLY=($(compgen -W \"--help --version");
    for (unsigned i = 0; i < words->len; i++)
        printf(" %s", (char *)words->pdata[i]);
    printf("\" -- \"$current\"))\n        return\n    fi\n"
           "    case $command in\n");
    for (unsigned i = 0; i < words->len; i++) {
        g_autofree char *seconds = list_second_words(words->pdata[i]);

        if (*seconds != '\0')
            printf("    %s)\n"
                   "        if ((COMP_CWORD == 2)); then\n"
                   "            COMPREPLY=($(compgen -W \"%s\" -- "
                   "\"$current\"))\n            return\n        fi\n"
                   "        command+=\" ${COMP_WORDS[2]}\" ;;\n",
                    (char *)words->pdata[i], seconds);
    }
    printf("    esac\n\n");
}

static void
bash_print_name(const FulcraOptionInfo *option, void *user_data)
{
    (void)user_data;
    printf(" --%s", option->name);
}

/* What is completed in the place of a value. */
static void
bash_print_value(const char *metavar)
{
    g_autofree char *choices = list_choices(metavar != NULL ? metavar : "");

    switch (value_of(metavar)) {
    case VALUE_FILE:
        printf("values=$(compgen -f -- \"$current\")");
        break;
    case VALUE_CHOICES:
        printf("values=\"%s\"", choices);
        break;
    case VALUE_MODULE:
        printf("values=$(_fulcra_modules)");
        break;
    case VALUE_ANY:
        printf(":");
        break;
    }
}

static void
bash_print_option_case(const FulcraOptionInfo *option, void *command)
{
    if (option->metavar == NULL)
        return;
    printf("    \"%s --%s\")\n        ", ((const FulcraCommand *)command)->name,
            option->name);
    bash_print_value(option->metavar);
    printf(";\n        COMPREPLY=($(compgen -W \"$values\" -- "
           "\"$current\"))\n        return ;;\n");
}

static void
bash_print(void)
{
    g_autoptr(GPtrArray) words = list_first_words();

    fputs(bash_head, stdout);
    bash_print_groups(words);
    printf("    case \"$command $previous\" in\n");
    for (size_t i = 0; fulcra_commands[i] != NULL; i++)
        fulcra_command_foreach_option(fulcra_commands[i],
                bash_print_option_case, (void *)fulcra_commands[i]);
    printf("    esac\n\n    case $command in\n");
    for (size_t i = 0; fulcra_commands[i] != NULL; i++) {
        printf("    \"%s\")\n        options=\"", fulcra_commands[i]->name);
        fulcra_command_foreach_option(
                fulcra_commands[i], bash_print_name, NULL);
        printf("\"\n        ");
        bash_print_value(fulcra_commands[i]->operands);
        printf(" ;;\n");
    }
    printf("    esac\n"
           "    [[ $current == -* ]] && values=$options\n"
           "    COMPREPLY=($(compgen -W \"$values\" -- \"$current\"))\n"
           "}\n\n"
           "complete -o filenames -F _fulcra fulcra\n");
}

/* --- zsh --- */

/* Fit for a text in single quotes within brackets. (transfer full) */
static char *
zsh_escape(const char *text)
{
    GString *escaped = g_string_new(NULL);

    for (; *text != '\0'; text++) {
        if (*text == '\'')
            g_string_append(escaped, "'\\'");
        else if (strchr("[]:\\", *text) != NULL)
            g_string_append_c(escaped, '\\');
        g_string_append_c(escaped, *text);
    }
    return g_string_free(escaped, FALSE);
}

/* ":METAVAR:ACTION" */
static void
zsh_print_value(const char *metavar)
{
    g_autofree char *name = zsh_escape(metavar);
    g_autofree char *choices = list_choices(metavar);

    printf(":%s:", name);
    switch (value_of(metavar)) {
    case VALUE_FILE:
        printf("_files");
        break;
    case VALUE_CHOICES:
        printf("(%s)", choices);
        break;
    case VALUE_MODULE:
        printf("($(_fulcra_modules))");
        break;
    case VALUE_ANY:
        printf(" ");
        break;
    }
}

static void
zsh_print_option(const FulcraOptionInfo *option, void *user_data)
{
    g_autofree char *help = zsh_escape(option->help);

    (void)user_data;
    printf(" \\\n            '--%s[%s]", option->name, help);
    if (option->metavar != NULL)
        zsh_print_value(option->metavar);
    printf("'");
}

static void
zsh_print_groups(GPtrArray *words)
{
    printf("    if ((CURRENT == 2)); then\n        compadd --");
    for (unsigned i = 0; i < words->len; i++)
        printf(" %s", (char *)words->pdata[i]);
    printf("\n        return\n    fi\n    case $command in\n");
    for (unsigned i = 0; i < words->len; i++) {
        g_autofree char *seconds = list_second_words(words->pdata[i]);

        if (*seconds != '\0')
            printf("    %s)\n        if ((CURRENT == 3)); then\n"
                   "            compadd -- %s\n            return\n"
                   "        fi\n        command+=\" $words[3]\"\n"
                   "        shift words; ((CURRENT--)) ;;\n",
                    (char *)words->pdata[i], seconds);
    }
    printf("    esac\n    shift words; ((CURRENT--))\n");
}

static void
zsh_print(void)
{
    g_autoptr(GPtrArray) words = list_first_words();

    printf("#compdef fulcra\n"
           "# zsh completion for fulcra; made by 'fulcra completions zsh'\n\n"
           "_fulcra_modules()\n{\n"
           "    fulcra module list 2>/dev/null | "
           "awk 'NR > 1 { sub(/.*:/, \"\", $1); print $1 }'\n}\n\n"
           "_fulcra()\n{\n    local command=$words[2]\n\n");
    zsh_print_groups(words);
    printf("    case $command in\n");
    for (size_t i = 0; fulcra_commands[i] != NULL; i++) {
        printf("    '%s')\n        _arguments", fulcra_commands[i]->name);
        fulcra_command_foreach_option(
                fulcra_commands[i], zsh_print_option, NULL);
        if (fulcra_commands[i]->operands != NULL) {
            printf(" \\\n            '*");
            zsh_print_value(fulcra_commands[i]->operands);
            printf("'");
        }
        printf(" ;;\n");
    }
    printf("    esac\n}\n\n_fulcra \"$@\"\n");
}

/* --- the command --- */

static int
completions(FulcraOptions *options)
{
    const char *shell = fulcra_options_get_operands(options)[0];

    if (strcmp(shell, "bash") == 0) {
        bash_print();
    } else if (strcmp(shell, "zsh") == 0) {
        zsh_print();
    } else {
        fulcra_complain("completions: no shell '%s'; bash or zsh would be "
                        "right",
                shell);
        return FULCRA_EXIT_USAGE;
    }
    return FULCRA_EXIT_FINE;
}

const FulcraCommand fulcra_command_completions = {
    .name = "completions",
    .operands = "bash|zsh",
    .min_operands = 1,
    .max_operands = 1,
    .summary = "Print what lets a shell complete commands and options.",
    .text = "    eval \"$(fulcra completions bash)\"\n"
            "    fulcra completions zsh > ~/.zfunc/_fulcra",
    .run = completions,
};
