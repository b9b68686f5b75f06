/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Measuring what one operation costs
 *
 * A case is a function that does its operation n times. It is measured in
 * batches, by the CPU time of the thread; the best batch counts, as noise only
 * adds.
 */

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    const char *name;
    const char *what;
    void (*run)(unsigned n);
    /* (nullable): does it n times and keeps the results, until called with 0 */
    void (*hold)(unsigned n);
} MeasureCase;

typedef struct {
    double seconds;      /* for each case, about */
    unsigned iterations; /* exactly so many and no measuring; 0: measure */
    char **names;        /* (nullable): only these */
    int n_names;
} MeasureOptions;

/** Reads the options -t SECONDS, -n ITERATIONS and names; ends the program
 * where they are wrong. */
void measure_options(MeasureOptions *self, int argc, char **argv,
        const MeasureCase *cases, size_t n_cases);

bool measure_is_wanted(const MeasureOptions *self, const char *name);

/** Prints one line of JSON. */
void measure_case(const MeasureOptions *self, const MeasureCase *measured);
