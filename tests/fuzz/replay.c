/* SPDX-License-Identifier: MIT */

/*
 * replay.c - runs a fuzz target over the files of a corpus, without libFuzzer
 *
 * Each file is one TAP result: a crash shows after which one it came. The
 * empty input and every prefix of a short file are tried too.
 */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PREFIXES_MAX 512

/* From the heap and of exact size, so that sanitizers see every byte too far.
 */
static void
input_run(const char *data, size_t size)
{
    uint8_t *copy = g_memdup2(data, size);

    LLVMFuzzerTestOneInput(copy, size);
    g_free(copy);
}

static bool
file_replay(const char *folder, const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autofree char *data = NULL;
    size_t size;

    if (!g_file_get_contents(path, &data, &size, NULL))
        return false;
    input_run(data, size);
    for (size_t cut = 0; size <= PREFIXES_MAX && cut < size; cut++)
        input_run(data, cut);
    return true;
}

static int
name_compare(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static GPtrArray *
folder_list(const char *path)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    GDir *dir = g_dir_open(path, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL)
        g_ptr_array_add(names, g_strdup(name));
    g_clear_pointer(&dir, g_dir_close);
    g_ptr_array_sort(names, name_compare);
    return names;
}

int
main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s CORPUS\n", argv[0]);
        return 2;
    }

    g_autoptr(GPtrArray) names = folder_list(argv[1]);

    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("1..%u\n", names->len + 1);
    input_run("", 0);
    printf("ok 1 empty input\n");
    for (unsigned i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        bool replayed = file_replay(argv[1], name);

        printf("%sok %u %s\n", replayed ? "" : "not ", i + 2, name);
    }
    return 0;
}
