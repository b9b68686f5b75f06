/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The scanner: RFC 8259 to the letter, before json-glib sees the text
 */

#include <fulcra-host/json.h>
#include <fulcra/error.h>

/* Where a value stands, and the key that it belongs to: byte offsets. For an
 * element of a list, and for the root, both are the value's. */
typedef struct {
    uint32_t key;
    uint32_t value;
} FulcraSpot;

typedef struct {
    size_t offset;
    FulcraErrorCode code;
    char *message; /* (transfer full) */
} FulcraFault;

/**
 * fulcra__scan:
 * @text: @length bytes, followed by a NUL
 * @spots: of FulcraSpot: every value in the order of the text is appended
 * @fault: (out): set where the result is false
 */
bool fulcra__scan(
        const char *text, size_t length, GArray *spots, FulcraFault *fault);

/* Decodes what stands at @text, within a text that has been scanned: a
 * character or an escape. Returns how many bytes it takes, and in @decoded how
 * many bytes of UTF-8 it stands for. */
size_t fulcra__scan_unit(const char *text, size_t *decoded);
