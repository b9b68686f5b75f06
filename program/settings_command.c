/* SPDX-License-Identifier: MIT */

/*
 * settings_command.c - fulcra settings: the table, for people and for the guide
 */

#include "command.h"

#include <stdio.h>

static void
print_values(const FulcraSettings *settings)
{
    for (unsigned i = 0; i < FULCRA_N_SETTINGS; i++) {
        const FulcraSettingSpec *spec = &fulcra_setting_specs[i];
        g_autofree char *value =
                fulcra_settings_format(settings, (FulcraSetting)i);
        g_autofree char *type = fulcra_setting_describe_type(spec);
        g_autofree char *variable = fulcra_setting_environment_name(spec);

        printf("%s = %s  (%s)\n    %s\n    %s; %s\n", spec->name,
                value[0] != '\0' ? value : "\"\"",
                fulcra_settings_get_origin(settings, (FulcraSetting)i),
                spec->key.help, type, variable);
    }
}

/* A cell of a Markdown table must not hold a bare "|". */
static char *
escape_cell(const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, "|", -1);

    return g_strjoinv("\\|", parts);
}

static void
print_markdown_row(const FulcraSettingSpec *spec)
{
    g_autofree char *type = fulcra_setting_describe_type(spec);
    g_autofree char *cell = escape_cell(type);
    g_autofree char *help = escape_cell(spec->key.help);
    g_autofree char *variable = fulcra_setting_environment_name(spec);
    g_autofree char *option = spec->option != NULL
                                      ? g_strdup_printf("`--%s`", spec->option)
                                      : g_strdup("");

    printf("| `%s` | %s | %s%s%s | %s | `%s` | %s |\n", spec->name, cell,
            spec->key.fallback[0] ? "`" : "", spec->key.fallback,
            spec->key.fallback[0] ? "`" : "", help, variable, option);
}

static const char markdown_head[] =
        "# Settings\n"
        "\n"
        "Made by `fulcra settings --markdown` from the table in\n"
        "`program/settings_table.h`; a test compares the two.\n"
        "\n"
        "A setting can be given in the file that `--config` names, in the\n"
        "environment, and by an option; an option goes over the environment,\n"
        "that over the file, that over the default. Every setting can be\n"
        "given as `--set NAME=VALUE`. In the file, a dot in the name is an\n"
        "object in an object:\n"
        "\n"
        "```json\n"
        "{\n"
        "    \"listen\": [\"127.0.0.1:8080\"],\n"
        "    \"websocket\": { \"maxMessage\": \"128KiB\" },\n"
        "    \"settings\": {\n"
        "        \"urn:fulcra:module:template\": { \"greeting\": \"Hi\" }\n"
        "    }\n"
        "}\n"
        "```\n"
        "\n"
        "`settings` holds, for each module by its URI, values for the "
        "settings\n"
        "that its own `module.json` declares.\n"
        "\n"
        "A size is a number of bytes or has a unit: `KiB`, `MiB`, `GiB`. A\n"
        "time has one: `ms`, `s`, `m`, `h`, `d`. A list in the environment or "
        "in\n"
        "an option has commas.\n"
        "\n"
        "| setting | takes | default | what it does | environment | option |\n"
        "|---|---|---|---|---|---|\n";

static void
print_markdown(void)
{
    fputs(markdown_head, stdout);
    for (unsigned i = 0; i < FULCRA_N_SETTINGS; i++)
        print_markdown_row(&fulcra_setting_specs[i]);
}

static int
settings_run(FulcraOptions *options)
{
    g_autoptr(GError) error = NULL;

    if (fulcra_options_has(options, "markdown")) {
        print_markdown();
        return FULCRA_EXIT_FINE;
    }

    g_autoptr(FulcraSettings) settings =
            fulcra_options_load_settings(options, &error);
    if (settings == NULL) {
        fulcra_complain("%s", error->message);
        return FULCRA_EXIT_FAILED;
    }
    print_values(settings);
    return FULCRA_EXIT_FINE;
}

static const FulcraOption settings_options[] = {
    { "markdown", NULL, "print the guide's page about settings" },
    { NULL },
};

const FulcraCommand fulcra_command_settings = {
    .name = "settings",
    .settings = FULCRA_FOR_BOTH,
    .options = settings_options,
    .summary = "List every setting: its value, where that comes from, what it "
               "does.",
    .run = settings_run,
};
