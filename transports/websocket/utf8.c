/* SPDX-License-Identifier: MIT */
/*
 * utf8.c - incremental check of UTF-8 text
 *
 * ASCII goes 32 bytes at a time: most messages are nothing else.
 */
#include "websocket/utf8.h"

#include <string.h>

#define HIGH_BITS UINT64_C(0x8080808080808080)

static const uint8_t *
skip_ascii(const uint8_t *at, const uint8_t *end)
{
    uint64_t words[4];

    while ((size_t)(end - at) >= sizeof(words)) {
        memcpy(words, at, sizeof(words));
        if ((words[0] | words[1] | words[2] | words[3]) & HIGH_BITS)
            break;
        at += sizeof(words);
    }
    while ((size_t)(end - at) >= sizeof(words[0])) {
        memcpy(words, at, sizeof(words[0]));
        if (words[0] & HIGH_BITS)
            break;
        at += sizeof(words[0]);
    }
    while (at < end && *at < 0x80)
        at++;
    return at;
}

/* The table of RFC 3629 section 4: the first byte says how many follow and
 * bounds the second. */
static bool
begin_character(FulcraUtf8 *self, uint8_t first)
{
    if (first < 0xc2 || first > 0xf4)
        return false;
    self->owed = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    self->low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    self->high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    return true;
}

bool
fulcra__utf8_check(FulcraUtf8 *self, const uint8_t *data, size_t length)
{
    const uint8_t *end;

    if (length == 0) /* @data may be NULL */
        return true;
    end = data + length;
    while (data < end) {
        if (self->owed == 0) {
            data = skip_ascii(data, end);
            if (data < end && !begin_character(self, *data++))
                return false;
            continue;
        }
        if (*data < self->low || *data > self->high)
            return false;
        self->owed--;
        self->low = 0x80;
        self->high = 0xbf;
        data++;
    }
    return true;
}
