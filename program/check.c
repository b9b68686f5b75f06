/* SPDX-License-Identifier: MIT */

/*
 * check.c - fulcra check: what is wrong with definitions and configurations
 *
 * Modules are read and built, code included, as for serving; nothing is
 * published and nothing listens. With --run, a module is loaded in full, and
 * asked what its tests.json says.
 */

#include "check_run.h"
#include "command.h"
#include "setup.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

static bool
has_definition(const char *folder)
{
    g_autofree char *file = g_build_filename(folder, FULCRA_DEFINITION, NULL);

    return g_file_test(file, G_FILE_TEST_IS_REGULAR);
}

/* The tests beside a definition, where there are any: read, not run. */
static void
check_suite(const char *path, FulcraProblems *problems)
{
    g_autofree char *folder = g_file_test(path, G_FILE_TEST_IS_DIR)
                                      ? g_strdup(path)
                                      : g_path_get_dirname(path);
    g_autofree char *file = g_build_filename(folder, FULCRA_SUITE, NULL);

    if (g_file_test(file, G_FILE_TEST_EXISTS))
        fulcra_suite_free(fulcra_suite_read(file, problems));
}

static bool
check_module(FulcraLoader *loader, const char *path)
{
    g_autoptr(FulcraProblems) problems = fulcra_host_problems_new();

    fulcra_host_loader_check(loader, path, problems);
    check_suite(path, problems);
    if (fulcra_host_problems_count(problems) == 0) {
        printf("%s: fine\n", path);
        return true;
    }
    g_autofree char *text = fulcra_host_problems_to_text(problems);
    fprintf(stderr, "%s\n", text);
    return false;
}

static int
compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The modules in @folder, sorted. (transfer full) */
static GPtrArray *
list_modules(const char *folder)
{
    GPtrArray *modules = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) entries = g_dir_open(folder, 0, NULL);
    const char *name;

    while (entries != NULL && (name = g_dir_read_name(entries)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL);

        if (has_definition(path))
            g_ptr_array_add(modules, g_steal_pointer(&path));
    }
    g_ptr_array_sort(modules, compare_names);
    return modules;
}

/* A module's folder, or a folder of such. */
static bool
check_folder(FulcraLoader *loader, const char *folder)
{
    g_autoptr(GPtrArray) modules = list_modules(folder);
    bool fine = true;

    if (has_definition(folder) || modules->len == 0)
        return check_module(loader, folder);
    for (unsigned i = 0; i < modules->len; i++)
        fine = check_module(loader, modules->pdata[i]) && fine;
    return fine;
}

static bool
report(GError *error)
{
    fprintf(stderr, "%s\n", error->message);
    return false;
}

static bool
check_configuration(const char *path)
{
    g_autoptr(FulcraSettings) settings = fulcra_settings_new();
    g_autoptr(GError) error = NULL;

    if (!fulcra_settings_load_file(settings, path, &error))
        return report(error);
    printf("%s: fine\n", path);
    return true;
}

static bool
check_path(FulcraLoader *loader, const char *path)
{
    g_autofree char *name = g_path_get_basename(path);

    if (g_file_test(path, G_FILE_TEST_IS_DIR))
        return check_folder(loader, path);
    return strcmp(name, FULCRA_DEFINITION) == 0 ? check_module(loader, path)
                                                : check_configuration(path);
}

/* Without operands: all that `serve` would load. */
static bool
check_all(FulcraLoader *loader, const FulcraSettings *settings)
{
    g_autoptr(GError) error = NULL;

    return (fulcra_setup_scan(loader, settings, &error) &&
                   fulcra_host_loader_load_all(loader, &error)) ||
           report(error);
}

static bool
check_each(FulcraLoader *loader, const char *const *paths)
{
    bool fine = true;

    for (; *paths != NULL; paths++)
        fine = check_path(loader, *paths) && fine;
    return fine;
}

static bool
check_definitions(const FulcraSettings *settings, const char *const *paths)
{
    FulcraKernel *kernel = fulcra_setup_kernel(settings);
    FulcraLoader *loader = fulcra_setup_loader(kernel, settings, NULL, NULL);
    bool fine = paths[0] != NULL ? check_each(loader, paths)
                                 : check_all(loader, settings);

    fulcra_host_loader_free(loader);
    fulcra_host_kernel_free(kernel);
    return fine;
}

/* A module's folder stands for itself, any other for the modules in it. */
static bool
run_tests(const FulcraSettings *settings, const char *const *paths)
{
    g_autoptr(GPtrArray) folders = g_ptr_array_new_with_free_func(g_free);

    for (; *paths != NULL; paths++) {
        g_autoptr(GPtrArray) modules = list_modules(*paths);

        if (has_definition(*paths) || modules->len == 0)
            g_ptr_array_add(folders, g_strdup(*paths));
        else
            g_ptr_array_extend_and_steal(folders, g_steal_pointer(&modules));
    }
    return fulcra_check_run(settings, folders);
}

static int
check(FulcraOptions *options)
{
    const char *const *paths = fulcra_options_get_operands(options);
    bool runs = fulcra_options_has(options, "run");
    g_autoptr(GError) error = NULL;

    if (runs && paths[0] == NULL) {
        fulcra_complain("check: --run needs the folder of a module: --run DIR");
        return FULCRA_EXIT_USAGE;
    }
    g_autoptr(FulcraSettings) settings =
            fulcra_options_load_settings(options, &error);

    if (settings == NULL) {
        report(error);
        return FULCRA_EXIT_FAILED;
    }
    fulcra_setup_log(settings);
    bool fine = runs ? run_tests(settings, paths)
                     : check_definitions(settings, paths);
    return fine ? FULCRA_EXIT_FINE : FULCRA_EXIT_FAILED;
}

static const FulcraOption check_options[] = {
    { "run", NULL,
            "load the modules that are named, one after the other, each with "
            "those that are set beside it, and run the tests in its "
            "tests.json; prints TAP" },
    { NULL },
};

const FulcraCommand fulcra_command_check = {
    .name = "check",
    .operands = "[FILE]...",
    .max_operands = G_MAXUINT,
    .settings = FULCRA_FOR_REQUEST,
    .options = check_options,
    .summary = "Say what is wrong with modules and configurations.",
    .text = "A FILE is a module's folder, a folder of such, a module.json or a "
            "fulcra.json.\n"
            "Without one, all that 'fulcra serve' would load with the same "
            "options is\n"
            "checked. What is wrong is said with file, line and column.\n\n"
            "With --run, each FILE is a module's folder or a folder of such; "
            "the exit status\n"
            "is 0 where all their tests pass.",
    .run = check,
};
