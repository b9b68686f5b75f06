/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Expectations: what a test says of an answer, compared with what came
 */

#include <fulcra-host/schema.h>
#include <fulcra/representation.h>

G_BEGIN_DECLS

extern const FulcraSchema fulcra_expectation_schema;

typedef struct {
    JsonObject *object; /* (nullable): as it is written; checked */
    GRegex *matches;    /* (nullable) */
    GRegex *message;    /* (nullable) */
} FulcraExpectation;

/** Checks what the schema cannot, and compiles what is a pattern; @node is
 * NULL where a test says nothing: then it expects no failure. What is wrong is
 * reported. */
void fulcra_expectation_init(FulcraExpectation *self, JsonNode *node,
        FulcraDocument *document, FulcraProblems *problems);
void fulcra_expectation_clear(FulcraExpectation *self);

/* How a request ended. */
typedef struct {
    JsonNode *request;            /* where it stands */
    FulcraRepresentation *answer; /* (nullable): NULL where it failed */
    const GError *error;          /* (nullable): then why */
    int64_t took_us;
    bool for_all;       /* everybody would be given the answer */
    const char *unkept; /* (nullable): why it is not kept */
    const char *about;  /* (nullable): more of both, in words */
} FulcraOutcome;

/** Reports each difference where the expectation stands. */
void fulcra_expectation_compare(const FulcraExpectation *self,
        const FulcraOutcome *outcome, FulcraDocument *document,
        FulcraProblems *differences);

/** Where @is differs from @should: "at $.a[1]: 2, not 3"; NULL where they are
 * equal. Members of objects have no order. (transfer full) (nullable) */
char *fulcra_json_differs(JsonNode *is, JsonNode *should);

G_END_DECLS
