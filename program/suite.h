/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Suites: the tests that a module's author has put beside its definition
 *
 * A suite is data, tests.json: requests, and what is expected of each. It is
 * checked as strictly as a definition is, and run in a kernel without
 * listeners.
 */

#include "expect.h"
#include <fulcra-host/kernel.h>
#include <fulcra/representation.h>

G_BEGIN_DECLS

/** The suite in a module's folder. */
#define FULCRA_SUITE "tests.json"

extern const FulcraSchema fulcra_suite_schema;

/* An argument by value, or by reference. */
typedef struct {
    const char *name;             /* interned */
    FulcraRepresentation *value;  /* (nullable) */
    FulcraIdentifier *identifier; /* (nullable) */
} FulcraSuiteArgument;

typedef struct {
    JsonNode *node; /* where it stands */
    FulcraVerb verb;
    FulcraIdentifier *identifier;
    const char *type;              /* (nullable): interned */
    const char *space;             /* (nullable): instead of the suite's */
    FulcraRepresentation *primary; /* (nullable) */
    GArray *arguments;             /* of FulcraSuiteArgument */
    JsonObject *headers;           /* (nullable): name → text */
} FulcraSuiteRequest;

typedef struct {
    const char *name;
    FulcraSuiteRequest request;
    FulcraExpectation expectation;
} FulcraSuiteTest;

typedef struct {
    FulcraDocument *document;
    const char *space;
    GArray *setup, *teardown; /* of FulcraSuiteRequest */
    GArray *tests;            /* of FulcraSuiteTest */
} FulcraSuite;

/** Reads the file; NULL where anything is wrong with it, which is reported.
 * (transfer full) (nullable) */
FulcraSuite *fulcra_suite_read(const char *file, FulcraProblems *problems);
void fulcra_suite_free(FulcraSuite *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FulcraSuite, fulcra_suite_free)

/* What is printed: the Test Anything Protocol. */
typedef struct {
    unsigned count, failed;
} FulcraTap;

/** One line, and @why, if any, in lines that explain it. */
void fulcra_tap_result(
        FulcraTap *self, bool fine, const char *name, const char *why);
void fulcra_tap_skip(FulcraTap *self, const char *name, const char *why);

/** Runs all of it, in order, in the spaces that @kernel has published. */
void fulcra_suite_run(FulcraSuite *self, FulcraKernel *kernel, FulcraTap *tap);

G_END_DECLS
