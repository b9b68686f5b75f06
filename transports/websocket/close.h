/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Close codes and the body of a Close frame (RFC 6455 sections 5.5.1 and 7.4)
 */

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Those that <fulcra/socket.h> does not name. */
#define FULCRA_CLOSE_PROTOCOL    1002
#define FULCRA_CLOSE_UNSUPPORTED 1003
#define FULCRA_CLOSE_NO_STATUS   1005 /* never sent: no code was given */
#define FULCRA_CLOSE_ABNORMAL    1006 /* never sent: the line went dead */
#define FULCRA_CLOSE_NOT_TEXT    1007
#define FULCRA_CLOSE_TOO_LARGE   1009
#define FULCRA_CLOSE_REASON_SIZE 123
#define FULCRA_CLOSE_BODY_SIZE   125

/** Whether @code may stand in a Close frame. */
bool fulcra__close_code_is_valid(unsigned code);

/** What @code means, in a few words; NULL for one that nobody registered. */
const char *fulcra__close_code_name(unsigned code);

/**
 * fulcra__close_parse:
 * @code: (out): FULCRA_CLOSE_NO_STATUS where the body is empty
 * @reason: (out): @body's own bytes, not terminated
 *
 * Returns: 0, or the code with which such a body is to be answered
 */
unsigned fulcra__close_parse(const uint8_t *body, size_t length, unsigned *code,
        const char **reason, size_t *reason_length);

/**
 * fulcra__close_write:
 * @reason: (nullable): UTF-8; cut at a character's edge where it is too long
 *
 * Returns: the length of the body; 0 for codes that are never sent
 */
size_t fulcra__close_write(uint8_t body[FULCRA_CLOSE_BODY_SIZE], unsigned code,
        const char *reason);
