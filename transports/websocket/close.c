/* SPDX-License-Identifier: MIT */
/*
 * close.c - close codes: which exist, which may be sent
 *
 * 1004, 1005, 1006 and 1015 are reserved and never travel; 1016-2999 are for
 * later versions of the protocol, which we do not speak; 3000-3999 are
 * registered by libraries, 4000-4999 free for applications.
 */
#include "websocket/close.h"
#include "websocket/utf8.h"

#include <string.h>

/* X(code, may be sent, name) */
#define CLOSE_TABLE(X)                                                         \
    X(1000, true, "normal")                                                    \
    X(1001, true, "going away")                                                \
    X(1002, true, "protocol error")                                            \
    X(1003, true, "unsupported data")                                          \
    X(1005, false, "no status")                                                \
    X(1006, false, "abnormal")                                                 \
    X(1007, true, "not UTF-8")                                                 \
    X(1008, true, "policy")                                                    \
    X(1009, true, "message too large")                                         \
    X(1010, true, "extension needed")                                          \
    X(1011, true, "internal error")                                            \
    X(1012, true, "restart")                                                   \
    X(1013, true, "try again later")                                           \
    X(1014, true, "bad gateway")                                               \
    X(1015, false, "TLS failed")                                               \
    X(4001, true, "session ended")                                             \
    X(4003, true, "forbidden")                                                 \
    X(4008, true, "too slow")

static const struct {
    unsigned code;
    bool may_be_sent;
    const char *name;
} table[] = {
#define X(code, may_be_sent, name) { code, may_be_sent, name },
    CLOSE_TABLE(X)
#undef X
};

bool
fulcra__close_code_is_valid(unsigned code)
{
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++)
        if (table[i].code == code)
            return table[i].may_be_sent;
    return code >= 3000 && code <= 4999;
}

const char *
fulcra__close_code_name(unsigned code)
{
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++)
        if (table[i].code == code)
            return table[i].name;
    return NULL;
}

unsigned
fulcra__close_parse(const uint8_t *body, size_t length, unsigned *code,
        const char **reason, size_t *reason_length)
{
    FulcraUtf8 utf8 = { 0 };

    *code = FULCRA_CLOSE_NO_STATUS;
    *reason = "";
    *reason_length = 0;
    if (length == 0)
        return 0;
    if (length == 1)
        return FULCRA_CLOSE_PROTOCOL;
    *code = (unsigned)body[0] << 8 | body[1];
    if (!fulcra__close_code_is_valid(*code))
        return FULCRA_CLOSE_PROTOCOL;
    if (!fulcra__utf8_check(&utf8, body + 2, length - 2) ||
            !fulcra__utf8_is_complete(&utf8))
        return FULCRA_CLOSE_NOT_TEXT;
    *reason = (const char *)body + 2;
    *reason_length = length - 2;
    return 0;
}

/* The longest piece of @reason that fits and ends between two characters. */
static size_t
fitting_length(const char *reason)
{
    size_t length = strlen(reason);

    if (length <= FULCRA_CLOSE_REASON_SIZE)
        return length;
    length = FULCRA_CLOSE_REASON_SIZE;
    while (length > 0 && ((unsigned char)reason[length] & 0xc0) == 0x80)
        length--;
    return length;
}

size_t
fulcra__close_write(
        uint8_t body[FULCRA_CLOSE_BODY_SIZE], unsigned code, const char *reason)
{
    FulcraUtf8 utf8 = { 0 };
    size_t length = reason == NULL ? 0 : fitting_length(reason);

    if (!fulcra__close_code_is_valid(code))
        return 0;
    body[0] = (uint8_t)(code >> 8);
    body[1] = (uint8_t)code;
    if (!fulcra__utf8_check(&utf8, (const uint8_t *)reason, length) ||
            !fulcra__utf8_is_complete(&utf8))
        return 2;
    memcpy(body + 2, reason == NULL ? "" : reason, length);
    return 2 + length;
}
