/* SPDX-License-Identifier: MIT */

/*
 * measure.c - batches of one operation, the best of which counts
 */

#include "measure.h"
#include <err.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BATCHES   20
#define HELD      10000
#define MAX_BATCH (1u << 28)

static void
usage(const MeasureCase *cases, size_t n_cases)
{
    fprintf(stderr, "usage: [-t SECONDS] [-n ITERATIONS] [NAME]...\n");
    for (size_t i = 0; i < n_cases; i++)
        fprintf(stderr, "  %-16s %s\n", cases[i].name, cases[i].what);
    exit(2);
}

static bool
is_a_case(const char *name, const MeasureCase *cases, size_t n_cases)
{
    for (size_t i = 0; i < n_cases; i++)
        if (strcmp(cases[i].name, name) == 0)
            return true;
    return false;
}

void
measure_options(MeasureOptions *self, int argc, char **argv,
        const MeasureCase *cases, size_t n_cases)
{
    int option;

    *self = (MeasureOptions){ .seconds = 1 };
    while ((option = getopt(argc, argv, "t:n:")) != -1) {
        if (option == 't')
            self->seconds = atof(optarg);
        else if (option == 'n')
            self->iterations = (unsigned)atol(optarg);
        else
            usage(cases, n_cases);
    }
    self->names = argv + optind;
    self->n_names = argc - optind;
    for (int i = 0; i < self->n_names; i++)
        if (!is_a_case(self->names[i], cases, n_cases))
            usage(cases, n_cases);
}

bool
measure_is_wanted(const MeasureOptions *self, const char *name)
{
    for (int i = 0; i < self->n_names; i++)
        if (strcmp(self->names[i], name) == 0)
            return true;
    return self->n_names == 0;
}

static double
time_ns(const MeasureCase *measured, unsigned n)
{
    struct timespec begin, end;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
    measured->run(n);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
    return (double)(end.tv_sec - begin.tv_sec) * 1e9 +
           (double)(end.tv_nsec - begin.tv_nsec);
}

/* How many make a batch; what runs here also warms the caches. */
static unsigned
batch_size(const MeasureCase *measured, double seconds)
{
    double wanted = seconds * 1e9 / BATCHES;

    for (unsigned n = 1; n < MAX_BATCH; n *= 2) {
        double took = time_ns(measured, n);

        if (took * 2 >= wanted)
            return (unsigned)((double)n * wanted / (took + 1)) + 1;
    }
    return MAX_BATCH;
}

static int
compare(const void *a, const void *b)
{
    double one = *(const double *)a, other = *(const double *)b;

    return (one > other) - (one < other);
}

/* What lies between one that is kept and the next. */
static double
held_bytes(const MeasureCase *measured)
{
    size_t before, after;

    measured->hold(1); /* tables and the like */
    measured->hold(0);
    before = mallinfo2().uordblks;
    measured->hold(HELD);
    after = mallinfo2().uordblks;
    measured->hold(0);
    return (double)(after - before) / HELD;
}

void
measure_case(const MeasureOptions *self, const MeasureCase *measured)
{
    double each[BATCHES];
    unsigned n = self->iterations;

    if (n > 0) {
        measured->run(n);
        printf("{\"name\":\"%s\",\"n\":%u}\n", measured->name, n);
        return;
    }
    n = batch_size(measured, self->seconds);
    for (int i = 0; i < BATCHES; i++)
        each[i] = time_ns(measured, n) / n;
    qsort(each, BATCHES, sizeof each[0], compare);
    printf("{\"name\":\"%s\",\"n\":%u,\"ns\":%.1f,\"ns_median\":%.1f",
            measured->name, n, each[0], each[BATCHES / 2]);
    if (measured->hold != NULL)
        printf(",\"bytes\":%.1f", held_bytes(measured));
    printf("}\n");
    fflush(stdout);
}
