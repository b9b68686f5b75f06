/* SPDX-License-Identifier: MIT */
/*
 * fuzz-definition.c - definitions: read, checked and built, without code
 *
 * Whatever the scanner lets through json-glib must be able to parse, with as
 * many values; whatever is refused is refused with a place that lies within
 * the text; and what passes the check can be built.
 */
#include "generation.h"
#include "spaces/kinds.h"
#include "timer/timer.h"

#include <fulcra/error.h>

#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static FulcraKernel *kernel;
static FulcraKinds *kinds;
static char *folder; /* empty */
static FulcraStaging *staging;

static void
remove_folder(void)
{
    fulcra__staging_free(staging);
    g_rmdir(folder);
}

static void
set_up(void)
{
    FulcraKernelLimits limits = FULCRA_KERNEL_LIMITS_DEFAULT;

    limits.workers = 1;
    kernel = fulcra_host_kernel_new(&limits);
    kinds = fulcra__kinds_new();
    fulcra__kinds_add(kinds, &fulcra_kind_fileset, NULL);
    fulcra__kinds_add(kinds, &fulcra_kind_timer, NULL);
    folder = g_dir_make_tmp("fulcra-fuzz-XXXXXX", NULL);
    staging = fulcra__staging_new(NULL);
    atexit(remove_folder);
}

static size_t
count_lines(const uint8_t *data, size_t size)
{
    size_t lines = 1;

    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n';
    return lines;
}

/* "fuzz:LINE:COLUMN: " at the beginning of @message. */
static void
check_place(const char *message, const uint8_t *data, size_t size)
{
    unsigned line, column;

    g_assert_cmpint(sscanf(message, "fuzz:%u:%u: ", &line, &column), ==, 2);
    g_assert_cmpuint(line, <=, count_lines(data, size));
    g_assert_cmpuint(column, <=, size + 1);
    g_assert_true(g_utf8_validate(message, -1, NULL));
}

static void
build(FulcraGeneration *generation, FulcraProblems *problems)
{
    FulcraBuild how = {
        .kernel = kernel,
        .kinds = kinds,
        .staging = staging,
        .start_ms = 10000,
        .problems = problems,
    };

    fulcra__generation_stage(generation, &how);
    fulcra__generation_build(generation, &how);
    g_assert_cmpuint(
            generation->spaces->len + 1, ==, generation->space_uris->len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(FulcraProblems) problems = fulcra_host_problems_new();
    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraDocument) document = NULL;
    g_autoptr(FulcraGeneration) generation = NULL;
    g_autofree char *said = NULL;

    if (kernel == NULL)
        set_up();
    document = fulcra_host_document_new(
            "fuzz", size > 0 ? (const char *)data : "", size, &error);
    if (document == NULL) {
        g_assert_cmpint(error->code, !=, FULCRA_ERROR_FAILED);
        check_place(error->message, data, size);
        return 0;
    }
    generation = fulcra__generation_new(folder, document, kinds, problems);
    g_assert_true(
            (generation == NULL) == (fulcra_host_problems_count(problems) > 0));
    if (generation != NULL)
        build(generation, problems);
    said = fulcra_host_problems_to_text(problems);
    if (*said != '\0')
        check_place(said, data, size);
    return 0;
}
