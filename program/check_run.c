/* SPDX-License-Identifier: MIT */

/* check_run.c - see check_run.h */

#include "check_run.h"
#include "setup.h"
#include "suite.h"

#include <stdio.h>

static bool
load(FulcraLoader *loader, const FulcraSettings *settings, const char *folder,
        GError **error)
{
    return fulcra_setup_scan(loader, settings, error) &&
           fulcra_host_loader_add_folder(loader, folder, error) &&
           fulcra_host_loader_load_all(loader, error);
}

static void
run_suite(FulcraSuite *suite, const FulcraSettings *settings,
        const char *folder, FulcraTap *tap)
{
    FulcraKernel *kernel = fulcra_setup_kernel(settings);
    FulcraLoader *loader = fulcra_setup_loader(kernel, settings, NULL, NULL);
    g_autoptr(GError) error = NULL;

    if (load(loader, settings, folder, &error))
        fulcra_suite_run(suite, kernel, tap);
    else
        fulcra_tap_result(tap, false, "loading the module", error->message);
    fulcra_host_loader_free(loader);
    fulcra_host_kernel_free(kernel);
}

static bool
has(const char *folder, const char *name)
{
    g_autofree char *file = g_build_filename(folder, name, NULL);

    return g_file_test(file, G_FILE_TEST_EXISTS);
}

static void
run_folder(const FulcraSettings *settings, const char *folder, FulcraTap *tap)
{
    g_autofree char *file = g_build_filename(folder, FULCRA_SUITE, NULL);
    g_autoptr(FulcraProblems) problems = fulcra_host_problems_new();
    g_autoptr(FulcraSuite) suite = NULL;

    printf("# %s\n", folder);
    if (!has(folder, FULCRA_DEFINITION)) {
        fulcra_tap_result(tap, false, folder,
                "no module is here, nor a folder of one: name a folder that "
                "has a " FULCRA_DEFINITION);
        return;
    }
    if (!has(folder, FULCRA_SUITE)) {
        fulcra_tap_skip(tap, folder, "no " FULCRA_SUITE);
        return;
    }
    suite = fulcra_suite_read(file, problems);
    if (suite != NULL) {
        run_suite(suite, settings, folder, tap);
        return;
    }
    g_autofree char *why = fulcra_host_problems_to_text(problems);
    fulcra_tap_result(tap, false, "reading " FULCRA_SUITE, why);
}

bool
fulcra_check_run(const FulcraSettings *settings, const GPtrArray *folders)
{
    FulcraTap tap = { 0, 0 };

    for (unsigned i = 0; i < folders->len; i++)
        run_folder(settings, folders->pdata[i], &tap);
    printf("1..%u\n", tap.count);
    return tap.failed == 0;
}
