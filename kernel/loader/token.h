/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The scanner's cursor, and the values that hold no others
 */

#include "scan.h"

typedef struct {
    const char *text;
    const char *at;  /* the cursor */
    const char *end; /* a NUL stands there */
    unsigned depth;
    GArray *spots;
    FulcraFault *fault;
} FulcraScanner;

/** Sets the fault. Always false. */
bool fulcra__scanner_fail(FulcraScanner *self, const char *at,
        FulcraErrorCode code, const char *format, ...) FULCRA_PRINTF(4, 5);

#define fulcra__wrong(self, at, ...)                                           \
    fulcra__scanner_fail(self, at, FULCRA_ERROR_BAD_ARGUMENT, __VA_ARGS__)

/** What stands at the cursor, for messages. (transfer full) */
char *fulcra__scanner_describe(FulcraScanner *self);

/** Of the word at the cursor, cut to what a message can hold. */
int fulcra__scanner_word_length(FulcraScanner *self);

/* Each moves the cursor behind what it is named after, or sets the fault. */
bool fulcra__scan_word(FulcraScanner *self); /* true, false, null */
bool fulcra__scan_number(FulcraScanner *self);

/** The cursor is on the first quote. @decoded: what the text says */
bool fulcra__scan_text(FulcraScanner *self, GString *decoded);
