/* SPDX-License-Identifier: MIT */

/*
 * options.c - what a command was given on the command line
 *
 * There are long options only, and -h. An option is either one of the
 * command's own or stands for a setting; both are looked up in tables, so that
 * --help cannot say anything that the parser does not do.
 */

#include "command.h"
#include <fulcra/error.h>

#include <stdio.h>
#include <string.h>

#define OPTION_SET "set"

/* Options of every command that takes settings. */
static const FulcraOption settings_options[] = {
    { "config", "FILE", "read settings from FILE (FULCRA_CONFIG)" },
    { OPTION_SET, "NAME=VALUE",
            "give any setting a value; 'fulcra settings' lists them" },
    { NULL },
};

/* Options of every command that asks a running server. */
static const FulcraOption admin_options[] = {
    { "socket", "PATH",
            "the UNIX socket of the server (FULCRA_ADMIN, or fulcra.sock in "
            "$XDG_RUNTIME_DIR, or /run/fulcra/admin.sock)" },
    { "json", NULL, "print the answer as JSON" },
    { NULL },
};

static const FulcraOption help_options[] = {
    { "help", NULL, "say all this" },
    { NULL },
};

/* Something to be looked up: exactly one of the two is set. */
typedef struct {
    const FulcraOption *own;
    const FulcraSettingSpec *setting;
} Known;

typedef struct {
    Known known;
    const char *value; /* NULL for a flag */
} Given;

struct _FulcraOptions {
    const FulcraCommand *command;
    GArray *given;       /* of Given, in order */
    GPtrArray *operands; /* NULL-terminated */
};

static const char *
known_name(Known known)
{
    return known.own != NULL ? known.own->name : known.setting->option;
}

static const char *
known_metavar(Known known)
{
    return known.own != NULL ? known.own->metavar : known.setting->metavar;
}

static void
known_append(GArray *all, const FulcraOption *options)
{
    for (size_t i = 0; options != NULL && options[i].name != NULL; i++) {
        Known known = { &options[i], NULL };
        g_array_append_val(all, known);
    }
}

/* All that @command takes, in the order in which --help shows it. */
static GArray *
known_list(const FulcraCommand *command)
{
    GArray *all = g_array_new(FALSE, FALSE, sizeof(Known));

    for (size_t i = 0; i < FULCRA_N_SETTINGS; i++) {
        const FulcraSettingSpec *spec = &fulcra_setting_specs[i];

        if (spec->option != NULL && (spec->commands & command->settings)) {
            Known known = { NULL, spec };
            g_array_append_val(all, known);
        }
    }
    if (command->settings != FULCRA_FOR_NONE)
        known_append(all, settings_options);
    known_append(all, command->options);
    if (command->admin)
        known_append(all, admin_options);
    known_append(all, help_options);
    return all;
}

static bool
known_find(const FulcraCommand *command, const char *name, Known *found)
{
    g_autoptr(GArray) all = known_list(command);

    for (unsigned i = 0; i < all->len; i++) {
        *found = g_array_index(all, Known, i);
        if (strcmp(known_name(*found), name) == 0)
            return true;
    }
    return false;
}

static void
unknown_option(const FulcraCommand *command, const char *name, GError **error)
{
    g_autoptr(GArray) all = known_list(command);
    g_autoptr(GPtrArray) names = g_ptr_array_new();

    for (unsigned i = 0; i < all->len; i++)
        g_ptr_array_add(
                names, (char *)known_name(g_array_index(all, Known, i)));
    g_ptr_array_add(names, NULL);

    const char *near =
            fulcra_host_nearest(name, (const char *const *)names->pdata);
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
            "no option --%s%s%s%s", name, near ? "; did you mean --" : "",
            near ? near : "", near ? "?" : "");
}

/* Takes one option, and its value from @next if it has none of its own.
 * Returns how many arguments it took; 0 with @error. */
static unsigned
option_take(FulcraOptions *self, const FulcraCommand *command,
        const char *argument, const char *next, GError **error)
{
    const char *equals = strchr(argument, '=');
    g_autofree char *name =
            equals != NULL ? g_strndup(argument, (size_t)(equals - argument))
                           : g_strdup(argument);
    Given given = { 0 };

    if (!known_find(command, name, &given.known)) {
        unknown_option(command, name, error);
        return 0;
    }

    bool flag = known_metavar(given.known) == NULL;
    if (flag ? equals != NULL : equals == NULL && next == NULL) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                flag ? "--%s takes no value" : "--%s needs a value: %s", name,
                flag ? "" : known_metavar(given.known));
        return 0;
    }
    given.value = flag ? NULL : equals != NULL ? equals + 1 : next;
    g_array_append_val(self->given, given);
    return flag || equals != NULL ? 1 : 2;
}

static bool
operands_check(
        const FulcraCommand *command, const FulcraOptions *self, GError **error)
{
    unsigned n = self->operands->len;

    if (n > command->max_operands) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "'%s' is one too many",
                (char *)self->operands->pdata[command->max_operands]);
        return false;
    }
    if (n < command->min_operands && !fulcra_options_has(self, "help")) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "%s is missing", command->operands);
        return false;
    }
    return true;
}

/* Takes what stands first, and what belongs to it. Returns how many arguments
 * that was; 0 with @error. */
static unsigned
argument_take(FulcraOptions *self, const FulcraCommand *command,
        const char *const *arguments, GError **error)
{
    const char *argument = arguments[0];

    if (strcmp(argument, "-h") == 0)
        argument = "--help";
    if (g_str_has_prefix(argument, "--"))
        return option_take(self, command, argument + 2, arguments[1], error);
    if (argument[0] == '-' && argument[1] != '\0') {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "no option %s; options begin with two dashes", argument);
        return 0;
    }
    g_ptr_array_add(self->operands, (char *)argument);
    return 1;
}

static bool
arguments_parse(FulcraOptions *self, const FulcraCommand *command,
        const char *const *arguments, GError **error)
{
    while (*arguments != NULL && strcmp(*arguments, "--") != 0) {
        unsigned taken = argument_take(self, command, arguments, error);

        if (taken == 0)
            return false;
        arguments += taken;
    }
    for (arguments += *arguments != NULL; *arguments != NULL; arguments++)
        g_ptr_array_add(self->operands, (char *)*arguments);
    return operands_check(command, self, error);
}

FulcraOptions *
fulcra_options_parse(const FulcraCommand *command, const char *const *arguments,
        GError **error)
{
    g_autoptr(FulcraOptions) self = g_new0(FulcraOptions, 1);

    self->command = command;
    self->given = g_array_new(FALSE, FALSE, sizeof(Given));
    self->operands = g_ptr_array_new();
    if (!arguments_parse(self, command, arguments, error))
        return NULL;
    g_ptr_array_add(self->operands, NULL);
    return g_steal_pointer(&self);
}

void
fulcra_options_free(FulcraOptions *self)
{
    if (self == NULL)
        return;
    g_array_unref(self->given);
    g_ptr_array_unref(self->operands);
    g_free(self);
}

static const Given *
given_find(const FulcraOptions *self, const char *name)
{
    for (unsigned i = self->given->len; i > 0; i--) {
        const Given *given = &g_array_index(self->given, Given, i - 1);

        if (strcmp(known_name(given->known), name) == 0)
            return given;
    }
    return NULL;
}

const FulcraCommand *
fulcra_options_get_command(const FulcraOptions *self)
{
    return self->command;
}

bool
fulcra_options_has(const FulcraOptions *self, const char *name)
{
    return given_find(self, name) != NULL;
}

const char *
fulcra_options_get(const FulcraOptions *self, const char *name)
{
    const Given *given = given_find(self, name);

    return given != NULL ? given->value : NULL;
}

const char *const *
fulcra_options_get_operands(const FulcraOptions *self)
{
    return (const char *const *)self->operands->pdata;
}

/* --set NAME=VALUE */
static bool
apply_set(FulcraSettings *settings, const char *assignment, GError **error)
{
    const char *equals = strchr(assignment, '=');
    g_autofree char *name =
            equals != NULL
                    ? g_strndup(assignment, (size_t)(equals - assignment))
                    : g_strdup(assignment);

    if (equals == NULL) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "--set %s: no '='; NAME=VALUE would be right", assignment);
        return false;
    }

    FulcraSetting id = fulcra_settings_find(name, error);
    if (id == FULCRA_N_SETTINGS) {
        g_prefix_error(error, "--set: ");
        return false;
    }
    g_autofree char *origin = g_strdup_printf("--set %s", name);
    return fulcra_settings_set(settings, id, equals + 1, origin, error);
}

static bool
apply_setting(FulcraSettings *settings, const Given *given, GError **error)
{
    const FulcraSettingSpec *spec = given->known.setting;
    g_autofree char *origin = g_strdup_printf("--%s", spec->option);

    return fulcra_settings_set(settings,
            (FulcraSetting)(spec - fulcra_setting_specs),
            given->value != NULL ? given->value : "true", origin, error);
}

bool
fulcra_options_apply(
        const FulcraOptions *self, FulcraSettings *settings, GError **error)
{
    for (unsigned i = 0; i < self->given->len; i++) {
        const Given *given = &g_array_index(self->given, Given, i);

        if (given->known.setting != NULL) {
            if (!apply_setting(settings, given, error))
                return false;
        } else if (strcmp(given->known.own->name, OPTION_SET) == 0) {
            if (!apply_set(settings, given->value, error))
                return false;
        }
    }
    return true;
}

FulcraSettings *
fulcra_options_load_settings(const FulcraOptions *self, GError **error)
{
    g_autoptr(FulcraSettings) settings = fulcra_settings_new();
    const char *file = fulcra_options_get(self, "config");

    if (file == NULL)
        file = g_getenv("FULCRA_CONFIG");
    if (file != NULL && !fulcra_settings_load_file(settings, file, error))
        return NULL;
    if (!fulcra_settings_load_environment(settings, error) ||
            !fulcra_options_apply(self, settings, error))
        return NULL;
    return g_steal_pointer(&settings);
}

/* --- help --- */

#define HELP_WIDTH  78
#define HELP_INDENT 26

/* Prints @text wrapped, from column @column on, in the help column. */
static void
print_wrapped(const char *text, unsigned column)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);

    if (column + 1 >= HELP_INDENT) {
        putchar('\n');
        column = 0;
    }
    printf("%*s", (int)(HELP_INDENT - column), "");
    column = HELP_INDENT;
    for (size_t i = 0; words[i] != NULL; i++) {
        unsigned width = (unsigned)strlen(words[i]);

        if (i > 0 && column + 1 + width > HELP_WIDTH) {
            printf("\n%*s", HELP_INDENT, "");
            column = HELP_INDENT;
        } else if (i > 0) {
            putchar(' ');
            column++;
        }
        fputs(words[i], stdout);
        column += width;
    }
    putchar('\n');
}

static FulcraOptionInfo
known_info(Known known)
{
    const FulcraSettingSpec *setting = known.setting;

    return (FulcraOptionInfo){
        .name = known_name(known),
        .metavar = known_metavar(known),
        .help = setting != NULL ? setting->key.help : known.own->help,
        .fallback = setting != NULL && setting->metavar != NULL &&
                                    setting->key.fallback[0] != '\0'
                            ? setting->key.fallback
                            : NULL,
    };
}

void
fulcra_command_foreach_option(const FulcraCommand *command,
        void (*each)(const FulcraOptionInfo *option, void *user_data),
        void *user_data)
{
    g_autoptr(GArray) all = known_list(command);

    for (unsigned i = 0; i < all->len; i++) {
        FulcraOptionInfo option = known_info(g_array_index(all, Known, i));

        each(&option, user_data);
    }
}

static void
print_option(const FulcraOptionInfo *option, void *user_data)
{
    g_autofree char *left = g_strdup_printf("  --%s%s%s", option->name,
            option->metavar ? " " : "", option->metavar ? option->metavar : "");
    g_autofree char *right =
            option->fallback != NULL
                    ? g_strdup_printf("%s (%s)", option->help, option->fallback)
                    : g_strdup(option->help);

    (void)user_data;
    fputs(left, stdout);
    print_wrapped(right, (unsigned)strlen(left));
}

void
fulcra_command_print_help(const FulcraCommand *command)
{
    printf("usage: fulcra %s [OPTION]...%s%s\n\n%s\n", command->name,
            command->operands ? " " : "",
            command->operands ? command->operands : "", command->summary);
    if (command->text != NULL)
        printf("\n%s\n", command->text);
    printf("\n");
    fulcra_command_foreach_option(command, print_option, NULL);
}
