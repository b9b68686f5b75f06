/* SPDX-License-Identifier: MIT */

/*
 * check.c - fulcra check: what is wrong with definitions and configurations
 *
 * Modules are read and built, code included, as for serving; nothing is
 * published and nothing listens.
 */

#include "command.h"
#include "setup.h"

#include <stdio.h>
#include <string.h>

static bool
is_module(const char *path)
{
    g_autofree char *name = g_path_get_basename(path);

    return strcmp(name, FULCRA_DEFINITION) == 0 ||
           g_file_test(path, G_FILE_TEST_IS_DIR);
}

static bool
check_module(FulcraLoader *loader, const char *path)
{
    g_autoptr(FulcraProblems) problems = fulcra_host_problems_new();

    if (fulcra_host_loader_check(loader, path, problems))
        return true;
    g_autofree char *text = fulcra_host_problems_to_text(problems);
    fprintf(stderr, "%s\n", text);
    return false;
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

    return fulcra_settings_load_file(settings, path, &error) || report(error);
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

    for (; *paths != NULL; paths++) {
        bool this_one = is_module(*paths) ? check_module(loader, *paths)
                                          : check_configuration(*paths);

        if (this_one)
            printf("%s: fine\n", *paths);
        fine = fine && this_one;
    }
    return fine;
}

static int
check(FulcraOptions *options)
{
    const char *const *paths = fulcra_options_get_operands(options);
    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraSettings) settings =
            fulcra_options_load_settings(options, &error);

    if (settings == NULL) {
        report(error);
        return FULCRA_EXIT_FAILED;
    }
    fulcra_setup_log(settings);
    FulcraKernel *kernel = fulcra_setup_kernel(settings);
    FulcraLoader *loader = fulcra_setup_loader(kernel, settings, NULL);
    bool fine = paths[0] != NULL ? check_each(loader, paths)
                                 : check_all(loader, settings);

    fulcra_host_loader_free(loader);
    fulcra_host_kernel_free(kernel);
    return fine ? FULCRA_EXIT_FINE : FULCRA_EXIT_FAILED;
}

const FulcraCommand fulcra_command_check = {
    .name = "check",
    .operands = "[FILE]...",
    .max_operands = G_MAXUINT,
    .settings = FULCRA_FOR_REQUEST,
    .summary = "Say what is wrong with modules and configurations.",
    .text = "A FILE is a module's folder, its module.json, or a fulcra.json. "
            "Without one, all\nthat 'fulcra serve' would load with the same "
            "options is checked. What is wrong\nis said with file, line and "
            "column.",
    .run = check,
};
