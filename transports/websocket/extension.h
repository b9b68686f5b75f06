/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Extensions (RFC 6455 section 9.1): permessage-deflate, or none
 *
 * Reads what a client offers and says what the 101 answers. Pure functions.
 */

typedef enum {
    FULCRA_OFFER_NONE, /* nothing that can be accepted: none is used */
    FULCRA_OFFER_DEFLATE,
    FULCRA_OFFER_MALFORMED, /* is no list of extensions: no handshake */
} FulcraOffer;

/**
 * fulcra__extension_choose:
 * @offers: (nullable): the value of Sec-WebSocket-Extensions
 * @window: bits of the window with which the server compresses
 *
 * An offer of permessage-deflate that has a parameter twice, an unknown one, or
 * one with a wrong value is declined (RFC 7692 section 7.1), and so is one that
 * demands a smaller window; the next is then looked at.
 */
FulcraOffer fulcra__extension_choose(const char *offers, unsigned window);

/* Room for fulcra__extension_answer(). */
#define FULCRA_EXTENSION_ANSWER_SIZE 128

/** The Sec-WebSocket-Extensions of the 101. */
void fulcra__extension_answer(
        char answer[FULCRA_EXTENSION_ANSWER_SIZE], unsigned window);
