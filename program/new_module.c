/* SPDX-License-Identifier: MIT */

/*
 * new_module.c - fulcra new-module: a module that builds, to begin with
 *
 * It is modules/template under another name: wherever the name stands, in the
 * names of files and in their texts, the new one is put.
 */

#include "command.h"
#include "setup.h"
#include <fulcra/error.h>

#include <errno.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#define TEMPLATE        "template"
#define NAME_MAX_LENGTH 32

/* It becomes part of a C name, of a URI and of file names. */
static bool
name_check(const char *name, GError **error)
{
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");

    if (g_ascii_islower(name[0]) && name[n] == '\0' && n <= NAME_MAX_LENGTH &&
            strcmp(name, TEMPLATE) != 0)
        return true;
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
            "'%s' cannot name a module: 1 to %d of a-z, 0-9 and _, a letter "
            "first, and not '" TEMPLATE "'",
            name, NAME_MAX_LENGTH);
    return false;
}

/* "Template" becomes "My clock" where "template" becomes "my_clock". */
static char *
replaced(const char *text, const char *name)
{
    g_autofree char *title = g_strdelimit(g_strdup(name), "_", ' ');
    g_autoptr(GString) result = g_string_new(text);

    title[0] = g_ascii_toupper(title[0]);
    g_string_replace(result, TEMPLATE, name, 0);
    g_string_replace(result, "Template", title, 0);
    return g_string_free(g_steal_pointer(&result), FALSE);
}

static bool
copy_file(const char *from, const char *to, const char *name, GError **error)
{
    g_autofree char *text = NULL;

    if (!g_file_get_contents(from, &text, NULL, error))
        return false;
    g_autofree char *own = replaced(text, name);
    return g_file_set_contents(to, own, -1, error);
}

static bool
make_folder(const char *path, GError **error)
{
    if (g_mkdir(path, 0777) == 0)
        return true;
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_FAILED,
            "cannot make the folder '%s': %s", path, g_strerror(errno));
    return false;
}

static bool copy_folder(
        const char *from, const char *to, const char *name, GError **error);

static bool
copy_entry(const char *from, const char *to, const char *entry,
        const char *name, GError **error)
{
    g_autofree char *renamed = replaced(entry, name);
    g_autofree char *source = g_build_filename(from, entry, NULL);
    g_autofree char *target = g_build_filename(to, renamed, NULL);

    if (g_file_test(source, G_FILE_TEST_IS_DIR))
        return copy_folder(source, target, name, error);
    if (g_str_has_suffix(entry, ".so"))
        return true;
    return copy_file(source, target, name, error);
}

static bool
copy_folder(const char *from, const char *to, const char *name, GError **error)
{
    g_autoptr(GDir) folder = g_dir_open(from, 0, error);
    const char *entry;

    if (folder == NULL || !make_folder(to, error))
        return false;
    while ((entry = g_dir_read_name(folder)) != NULL)
        if (!copy_entry(from, to, entry, name, error))
            return false;
    return true;
}

static void
say_what_next(const char *name, const char *stage)
{
    bool installed = strcmp(stage, FULCRA_PKGLIBDIR) == 0;
    g_autofree char *build = g_path_get_dirname(stage);
    g_autofree char *variable =
            installed ? g_strdup("")
                      : g_strconcat(" PKG_CONFIG_PATH=", build, NULL);
    g_autofree char *fulcra = installed
                                      ? g_strdup("fulcra")
                                      : g_build_filename(build, "fulcra", NULL);

    printf("%s/ is a module. Next:\n\n"
           "    cd %s && make%s\n"
           "    %s check --run .\n"
           "    %s serve --playground --modules .\n\n"
           "Then open http://127.0.0.1:8080/%s/; its README.md says more.\n",
            name, name, variable, fulcra, fulcra, name);
}

static int
new_module(FulcraOptions *options)
{
    const char *name = fulcra_options_get_operands(options)[0];
    g_autofree char *stage = fulcra_setup_stage_folder();
    g_autofree char *from = g_build_filename(stage, "modules", TEMPLATE, NULL);
    g_autoptr(GError) error = NULL;

    if (!name_check(name, &error)) {
        fulcra_complain("%s", error->message);
        return FULCRA_EXIT_USAGE;
    }
    if (!copy_folder(from, name, name, &error)) {
        fulcra_complain("%s", error->message);
        return FULCRA_EXIT_FAILED;
    }
    say_what_next(name, stage);
    return FULCRA_EXIT_FINE;
}

const FulcraCommand fulcra_command_new_module = {
    .name = "new-module",
    .operands = "NAME",
    .min_operands = 1,
    .max_operands = 1,
    .summary = "Begin a module in the folder ./NAME.",
    .text = "The folder must not exist. What is written builds with its own\n"
            "make, has tests for 'fulcra check --run', and a page.\n",
    .run = new_module,
};
