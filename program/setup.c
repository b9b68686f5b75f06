/* SPDX-License-Identifier: MIT */

/* setup.c - from settings to a kernel, a loader and a log */

#include "setup.h"
#include "command.h"
#include "limits.h"
#include "log.h"
#include "spaces/kinds.h"
#include "timer/timer.h"
#include <fulcra-host/change.h>
#include <fulcra/error.h>

#include <string.h>
#include <sys/resource.h>

FulcraKernel *
fulcra_setup_kernel(const FulcraSettings *settings)
{
    FulcraKernelLimits limits = {
        .workers = (unsigned)fulcra_settings_get_int(
                settings, FULCRA_SETTING_WORKERS),
        .max_workers = (unsigned)fulcra_settings_get_int(
                settings, FULCRA_SETTING_MAX_WORKERS),
        .max_depth = (unsigned)fulcra_settings_get_int(
                settings, FULCRA_SETTING_MAX_DEPTH),
        .timeout_ms = (unsigned)fulcra_settings_get_int(
                settings, FULCRA_SETTING_TIMEOUT),
        .max_queue = (unsigned)fulcra_settings_get_int(
                settings, FULCRA_SETTING_MAX_QUEUE),
        .cache_bytes =
                (size_t)fulcra_settings_get_int(settings, FULCRA_SETTING_CACHE),
    };

    limits.max_workers = MAX(limits.max_workers, limits.workers);
    return fulcra_host_kernel_new(&limits);
}

/* Modules are tried out by this program itself: see main.c. */
static void
set_probe(FulcraLoader *loader)
{
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
    const char *command[] = { "/proc/self/exe", FULCRA_COMMAND_PROBE, NULL };

    if (program != NULL && g_file_test(program, G_FILE_TEST_IS_EXECUTABLE))
        command[0] = program; /* the other is that of valgrind, under it */
    fulcra_host_loader_set_probe(loader, command);
}

FulcraLoader *
fulcra_setup_loader(FulcraKernel *kernel, const FulcraSettings *settings,
        FulcraLoop *timers, FulcraTicker *ticker)
{
    FulcraLoader *loader = fulcra_host_loader_new(kernel);
    FulcraChangeLimits limits = fulcra_limits_change(settings);
    FulcraDocument *document;
    JsonNode *modules = fulcra_settings_get_modules(settings, &document);

    for (size_t i = 0; fulcra_space_kinds[i] != NULL; i++)
        fulcra_host_loader_add_kind(loader, fulcra_space_kinds[i], NULL);
    fulcra_host_loader_add_kind(loader, &fulcra_kind_session, ticker);
    fulcra_host_loader_add_kind(loader, &fulcra_kind_timer, timers);
    set_probe(loader);
    fulcra_host_loader_set_limits(loader, &limits);
    if (modules != NULL)
        fulcra_host_loader_set_settings(loader, document, modules);
    return loader;
}

char *
fulcra_setup_stage_folder(void)
{
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);

    if (program != NULL) {
        g_autofree char *base = g_path_get_dirname(program);
        g_autofree char *stage = g_build_filename(base, "stage", NULL);

        if (g_file_test(stage, G_FILE_TEST_IS_DIR))
            return g_steal_pointer(&stage);
    }
    return g_strdup(FULCRA_PKGLIBDIR);
}

static bool
scan_playground(FulcraLoader *loader, GError **error)
{
    static const char *const folders[] = { "modules", "demos" };
    g_autofree char *stage = fulcra_setup_stage_folder();

    for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
        g_autofree char *folder = g_build_filename(stage, folders[i], NULL);

        if (g_file_test(folder, G_FILE_TEST_IS_DIR) &&
                !fulcra_host_loader_scan(loader, folder, error))
            return false;
    }
    return true;
}

static bool
scan_all(FulcraLoader *loader, const char *const *folders, GError **error)
{
    for (; *folders != NULL; folders++)
        if (!fulcra_host_loader_scan(loader, *folders, error))
            return false;
    return true;
}

bool
fulcra_setup_scan_own(FulcraLoader *loader, const char *name, GError **error)
{
    g_autofree char *stage = fulcra_setup_stage_folder();
    g_autofree char *folder = g_build_filename(stage, "modules", name, NULL);
    g_autofree char *uri = g_strconcat("urn:fulcra:module:", name, NULL);

    return fulcra_host_loader_has(loader, uri) ||
           fulcra_host_loader_scan(loader, folder, error);
}

bool
fulcra_setup_scan(
        FulcraLoader *loader, const FulcraSettings *settings, GError **error)
{
    const char *const *folders =
            fulcra_settings_get_list(settings, FULCRA_SETTING_MODULES);

    if (fulcra_settings_get_bool(settings, FULCRA_SETTING_PLAYGROUND) &&
            !scan_playground(loader, error))
        return false;
    return scan_all(loader, folders, error) &&
           scan_all(loader,
                   fulcra_settings_get_list(settings, FULCRA_SETTING_WATCH),
                   error);
}

void
fulcra_setup_log(const FulcraSettings *settings)
{
    FulcraLogLevel level = FULCRA_LOG_INFO;

    fulcra_log_level_parse(
            fulcra_settings_get_text(settings, FULCRA_SETTING_LOG_LEVEL),
            &level);
    fulcra_log_init(level);
}

uint64_t
fulcra_setup_descriptors(void)
{
    struct rlimit limit = { 0, 0 };

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
            limit.rlim_cur < limit.rlim_max) {
        rlim_t soft = limit.rlim_cur;

        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
            limit.rlim_cur = soft;
    }
    return limit.rlim_cur;
}
