/* SPDX-License-Identifier: MIT */
/*
 * extension.c - what is offered in Sec-WebSocket-Extensions
 *
 *     extension-list  = 1#( token *( ";" extension-param ) )
 *     extension-param = token [ "=" ( token | quoted-string ) ]
 *
 * where a quoted string must be a token once it is unquoted. The server always
 * answers with both no_context_takeover parameters, which RFC 7692 (sections
 * 7.1.1.1 and 7.1.1.2) lets it do unasked: a context kept for each socket would
 * cost tens of kilobytes of it, and no two sockets could share a frame.
 */
#include "websocket/extension.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

/* Longer than all that mean something: what is cut off means nothing. */
#define WORD_SIZE 32

typedef struct {
    char text[WORD_SIZE];
    size_t length;
} Word;

/* Parameters of one offer of permessage-deflate. */
typedef enum {
    SERVER_NO_TAKEOVER,
    CLIENT_NO_TAKEOVER,
    SERVER_BITS,
    CLIENT_BITS,
    N_PARAMETERS,
} Parameter;

static const char *const parameter_names[N_PARAMETERS] = {
    "server_no_context_takeover",
    "client_no_context_takeover",
    "server_max_window_bits",
    "client_max_window_bits",
};

typedef struct {
    bool deflate; /* it is one of permessage-deflate */
    bool fits;    /* and nothing in it speaks against it */
    bool seen[N_PARAMETERS];
} Offer;

/* --- words --- */

static bool
is_token_character(char c)
{
    return g_ascii_isalnum(c) ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static void
word_add(Word *word, char c)
{
    if (word->length < WORD_SIZE - 1)
        word->text[word->length++] = c;
}

/* Past white space, takes @c if it is there. */
static bool
take_character(const char **at, char c)
{
    *at += strspn(*at, " \t");
    if (**at != c)
        return false;
    ++*at;
    return true;
}

static bool
take_token(const char **at, Word *word)
{
    *word = (Word){ 0 };
    *at += strspn(*at, " \t");
    while (is_token_character(**at))
        word_add(word, *(*at)++);
    return word->length > 0;
}

/* Past the opening quote. */
static bool
take_quoted(const char **at, Word *word)
{
    *word = (Word){ 0 };
    for (; **at != '"'; ++*at) {
        if (**at == '\\')
            ++*at;
        if (!is_token_character(**at))
            return false;
        word_add(word, **at);
    }
    ++*at;
    return word->length > 0;
}

/* --- permessage-deflate (RFC 7692 section 7.1) --- */

/* 8 to 15 without a leading zero; 0 for anything else. */
static unsigned
parse_bits(const char *text)
{
    static const char *const bits[] = { "8", "9", "10", "11", "12", "13", "14",
        "15" };

    for (unsigned i = 0; i < G_N_ELEMENTS(bits); i++)
        if (strcmp(text, bits[i]) == 0)
            return 8 + i;
    return 0;
}

/* @value: (nullable) */
static bool
value_fits(Parameter parameter, const Word *value, unsigned window)
{
    switch (parameter) {
    case SERVER_BITS: /* ours must not be larger than asked for */
        return value != NULL && parse_bits(value->text) >= window;
    case CLIENT_BITS: /* theirs may be anything: ours to read is the largest */
        return value == NULL || parse_bits(value->text) != 0;
    default:
        return value == NULL;
    }
}

static bool
parameter_fits(
        Offer *offer, const Word *name, const Word *value, unsigned window)
{
    for (unsigned i = 0; i < N_PARAMETERS; i++) {
        if (strcmp(name->text, parameter_names[i]) != 0)
            continue;
        if (offer->seen[i])
            return false;
        offer->seen[i] = true;
        return value_fits((Parameter)i, value, window);
    }
    return false;
}

/* --- the list --- */

/* False where it is malformed. */
static bool
take_parameter(const char **at, Offer *offer, unsigned window)
{
    Word name, value;
    bool has_value;

    if (!take_token(at, &name))
        return false;
    has_value = take_character(at, '=');
    if (has_value && !(take_character(at, '"') ? take_quoted(at, &value)
                                               : take_token(at, &value)))
        return false;
    offer->fits = offer->fits && parameter_fits(offer, &name,
                                         has_value ? &value : NULL, window);
    return true;
}

static bool
take_offer(const char **at, Offer *offer, unsigned window)
{
    Word name;

    *offer = (Offer){ .fits = true };
    if (!take_token(at, &name))
        return false;
    offer->deflate = strcmp(name.text, "permessage-deflate") == 0;
    while (take_character(at, ';'))
        if (!take_parameter(at, offer, window))
            return false;
    return true;
}

FulcraOffer
fulcra__extension_choose(const char *offers, unsigned window)
{
    const char *at = offers == NULL ? "" : offers;
    FulcraOffer chosen = FULCRA_OFFER_NONE;
    Offer offer;

    for (;;) {
        while (take_character(&at, ',')) /* empty elements are allowed */
            ;
        if (*at == '\0')
            return chosen;
        if (!take_offer(&at, &offer, window))
            return FULCRA_OFFER_MALFORMED;
        if (offer.deflate && offer.fits)
            chosen = FULCRA_OFFER_DEFLATE;
        if (!take_character(&at, ',') && *at != '\0')
            return FULCRA_OFFER_MALFORMED;
    }
}

void
fulcra__extension_answer(
        char answer[FULCRA_EXTENSION_ANSWER_SIZE], unsigned window)
{
    g_snprintf(answer, FULCRA_EXTENSION_ANSWER_SIZE,
            "permessage-deflate; server_no_context_takeover; "
            "client_no_context_takeover; server_max_window_bits=%u",
            window);
}
