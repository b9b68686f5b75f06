/* SPDX-License-Identifier: MIT */
/*
 * encode.c - frames made of messages, once
 *
 * Any thread. A frame is immutable but for the count of the queues it is in.
 */
#include "websocket/encode.h"
#include "websocket/frame.h"
#include "websocket/utf8.h"

#include <fulcra-host/request.h>
#include <fulcra-host/stats.h>
#include <fulcra/error.h>
#include <json-glib/json-glib.h>
#include <string.h>

/* @known: (inout): the interned copy of @name, once it was needed */
static const char *
intern_once(_Atomic(const char *) *known, const char *name)
{
    const char *interned = atomic_load_explicit(known, memory_order_relaxed);

    if (interned == NULL) {
        interned = fulcra_intern(name);
        atomic_store_explicit(known, interned, memory_order_relaxed);
    }
    return interned;
}

static const char *
frame_type(void)
{
    static _Atomic(const char *) known;

    return intern_once(&known, "frame");
}

static const char *
text_type(void)
{
    static _Atomic(const char *) known;

    return intern_once(&known, FULCRA_TYPE_TEXT);
}

/* @opcode: with FULCRA_FRAME_RSV1 where @data was compressed */
static FulcraRepresentation *
frame_new(uint8_t opcode, const void *data, size_t length)
{
    FulcraRepresentation *representation;
    FulcraSentFrame *frame;
    size_t size = fulcra__frame_measure(length);
    void *payload;

    representation = fulcra_host_representation_new_uninitialised(
            frame_type(), sizeof(*frame) + size, &payload);
    frame = payload;
    atomic_init(&frame->queued, 0);
    frame->control = (opcode & 0x0f) >= FULCRA_OPCODE_CLOSE;
    if (!frame->control)
        fulcra_host_stats_add(FULCRA_STAT_FRAMES, 1);
    frame->size = size;
    frame->saved = 0;
    fulcra__frame_write(frame->bytes, opcode, data, length);
    return representation;
}

FulcraRepresentation *
fulcra__encode_control(uint8_t opcode, const void *data, size_t length)
{
    g_assert(length <= FULCRA_FRAME_CONTROL_SIZE);
    return frame_new(opcode, data, length);
}

/* Types whose bytes are UTF-8 text, parameters and all. */
static bool
type_is_text(const char *type)
{
    static const char *const others[] = { FULCRA_TYPE_JSON_TEXT,
        FULCRA_TYPE_BOOL, FULCRA_TYPE_INT, "application/xml",
        "application/javascript", "image/svg+xml" };
    size_t length = strcspn(type, ";");

    if (g_str_has_prefix(type, "text/"))
        return true;
    if (length > 5 && memcmp(type + length - 5, "+json", 5) == 0)
        return true;
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
        if (strlen(others[i]) == length && memcmp(type, others[i], length) == 0)
            return true;
    return false;
}

static bool
text_is_valid(const void *text, size_t length)
{
    FulcraUtf8 utf8 = { 0 };

    return fulcra__utf8_check(&utf8, text, length) &&
           fulcra__utf8_is_complete(&utf8);
}

/* What goes into the frames of a message. */
typedef struct {
    uint8_t opcode;
    const void *bytes;
    size_t length;
    char *made; /* (nullable): holds bytes */
} Payload;

/* Parsed JSON leaves as its text. */
static bool
payload_take_json(Payload *payload, FulcraRepresentation *message)
{
    payload->made =
            json_to_string(fulcra_representation_get_json(message), FALSE);
    payload->bytes = payload->made;
    payload->length = strlen(payload->made);
    payload->opcode = FULCRA_OPCODE_TEXT;
    return true;
}

/* False where @message has no bytes, or not those that it should have. */
static bool
payload_take(Payload *payload, FulcraRepresentation *message)
{
    const char *type = fulcra_representation_get_type(message);

    bool plain = type == text_type(); /* nearly always */

    if (!plain && strcmp(type, FULCRA_TYPE_JSON) == 0)
        return payload_take_json(payload, message);
    payload->made = NULL;
    payload->bytes = fulcra_representation_get_bytes(message, &payload->length);
    if (payload->bytes == NULL ||
            (!plain && strcmp(type, FULCRA_TYPE_NONE) == 0))
        return false;
    payload->opcode = plain || type_is_text(type) ? FULCRA_OPCODE_TEXT
                                                  : FULCRA_OPCODE_BINARY;
    return payload->opcode == FULCRA_OPCODE_BINARY ||
           fulcra_host_representation_is_utf8(message) ||
           text_is_valid(payload->bytes, payload->length);
}

static FulcraRepresentation *
make_frame(FulcraRepresentation *message, void *user_data)
{
    FulcraRepresentation *frame;
    Payload payload;

    if (!payload_take(&payload, message))
        return NULL;
    frame = frame_new(payload.opcode, payload.bytes, payload.length);
    g_free(payload.made);
    return frame;
}

/* (nullable): where it would be no shorter */
static FulcraRepresentation *
compress_frame(const Payload *payload, FulcraDeflater *deflater)
{
    size_t length;
    g_autofree uint8_t *compressed = fulcra__deflater_run(
            deflater, payload->bytes, payload->length, &length);
    FulcraRepresentation *frame;

    if (compressed == NULL)
        return NULL;
    frame = frame_new(payload->opcode | FULCRA_FRAME_RSV1, compressed, length);
    fulcra__sent_frame(frame)->saved = fulcra__frame_measure(payload->length) -
                                       fulcra__frame_measure(length);
    fulcra_host_stats_add(FULCRA_STAT_DEFLATED, 1);
    return frame;
}

static FulcraRepresentation *
make_deflated(FulcraRepresentation *message, void *user_data)
{
    FulcraRepresentation *frame;
    Payload payload;

    if (!payload_take(&payload, message))
        return NULL;
    frame = compress_frame(&payload, user_data);
    g_free(payload.made);
    if (frame != NULL)
        return frame;
    return fulcra_representation_ref(fulcra_host_representation_derive(
            message, frame_type(), make_frame, NULL));
}

static void
set_unsendable(FulcraRepresentation *message, GError **error)
{
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
            "a representation of type '%s' cannot be sent as a message: %s",
            fulcra_representation_get_type(message),
            fulcra_representation_get_text(message) == NULL
                    ? "it has no bytes; convert it to text/plain, "
                      "application/json or application/octet-stream"
                    : "it is not UTF-8 text");
}

FulcraRepresentation *
fulcra__encode(FulcraRepresentation *message, GError **error)
{
    FulcraRepresentation *frame = fulcra_host_representation_derive(
            message, frame_type(), make_frame, NULL);

    if (frame == NULL)
        set_unsendable(message, error);
    return frame;
}

FulcraRepresentation *
fulcra__encode_deflated(
        FulcraRepresentation *message, FulcraDeflater *deflater, GError **error)
{
    FulcraRepresentation *frame = fulcra_host_representation_derive(message,
            fulcra__deflater_get_type(deflater), make_deflated, deflater);

    if (frame == NULL)
        set_unsendable(message, error);
    return frame;
}
