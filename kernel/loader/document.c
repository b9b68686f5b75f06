/* SPDX-License-Identifier: MIT */
/*
 * document.c - a text, its values, and where each of them stands
 *
 * json-glib enters through this file. The scanner has already noted the place
 * of each value in the order of the text; json-glib keeps the order of members,
 * so walking its tree in the same order pairs every node with its place.
 * Positions are byte offsets until somebody asks: lines and columns are counted
 * only for what is reported.
 *
 * A document never changes after it was made and is safe from any thread.
 */

#include "scan.h"

#include <fulcra-host/sync.h>
#include <fulcra/error.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct _FulcraDocument {
    FulcraRefs refs;
    char *file;
    char *text;
    size_t length;
    JsonNode *root;
    GArray *spots;     /* of FulcraSpot, in the order of the text */
    GHashTable *index; /* JsonNode → 1 + its index in spots */
};

static FulcraPosition
locate(FulcraDocument *self, size_t offset)
{
    FulcraPosition position = { 1, 1 };

    for (size_t i = 0; i < offset && i < self->length; i++) {
        if (self->text[i] == '\n') {
            position.line++;
            position.column = 1;
        } else if (((unsigned char)self->text[i] & 0xc0) != 0x80) {
            position.column++; /* a UTF-8 continuation is no character */
        }
    }
    return position;
}

typedef struct {
    FulcraDocument *document;
    size_t next;
} Pairing;

static void pair(Pairing *self, JsonNode *node);

static void
pair_member(JsonObject *object, const char *name, JsonNode *node, void *data)
{
    pair(data, node);
}

static void
pair_element(JsonArray *array, unsigned i, JsonNode *node, void *data)
{
    pair(data, node);
}

static void
pair(Pairing *self, JsonNode *node)
{
    g_hash_table_insert(
            self->document->index, node, GSIZE_TO_POINTER(++self->next));
    if (JSON_NODE_HOLDS_OBJECT(node))
        json_object_foreach_member(
                json_node_get_object(node), pair_member, self);
    else if (JSON_NODE_HOLDS_ARRAY(node))
        json_array_foreach_element(
                json_node_get_array(node), pair_element, self);
}

static bool
parse(FulcraDocument *self, GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new_immutable();
    g_autoptr(GError) inner = NULL;
    Pairing pairing = { self, 0 };

    if (json_parser_load_from_data(
                parser, self->text, (gssize)self->length, &inner))
        self->root = json_parser_steal_root(parser);
    if (self->root != NULL)
        pair(&pairing, self->root);
    if (pairing.next == self->spots->len)
        return true;
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_FAILED,
            "%s: the scanner and json-glib disagree: %s", self->file,
            inner != NULL ? inner->message : "another number of values");
    return false;
}

static bool
scan(FulcraDocument *self, GError **error)
{
    FulcraFault fault = { 0 };
    FulcraPosition position;

    if (fulcra__scan(self->text, self->length, self->spots, &fault))
        return true;
    position = locate(self, fault.offset);
    g_set_error(error, FULCRA_ERROR, fault.code, "%s:%u:%u: %s", self->file,
            position.line, position.column, fault.message);
    g_free(fault.message);
    return false;
}

/* @text: (transfer full) */
static FulcraDocument *
document_new_take(const char *file, char *text, size_t length, GError **error)
{
    g_autoptr(FulcraDocument) self = g_new0(FulcraDocument, 1);

    fulcra_refs_init(&self->refs);
    self->file = g_strdup(file);
    self->text = text;
    self->length = length;
    self->spots = g_array_new(false, false, sizeof(FulcraSpot));
    self->index = g_hash_table_new(NULL, NULL);
    if (!scan(self, error) || !parse(self, error))
        return NULL;
    return g_steal_pointer(&self);
}

FulcraDocument *
fulcra_host_document_new(
        const char *file, const char *text, size_t length, GError **error)
{
    char *copy;

    g_return_val_if_fail(file != NULL && text != NULL, NULL);

    if (length > FULCRA_JSON_MAX_SIZE) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_TOO_LARGE,
                "%s:1:1: %zu bytes; a document has at most %u", file, length,
                FULCRA_JSON_MAX_SIZE);
        return NULL;
    }
    copy = g_malloc(length + 1);
    memcpy(copy, text, length);
    copy[length] = '\0';
    return document_new_take(file, copy, length, error);
}

/* All of a regular file, with a NUL behind it. */
static char *
read_file(const char *file, size_t *length, GError **error)
{
    g_autofree char *text = NULL;
    struct stat status;
    int descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int saved = errno;
    ssize_t got;

    if (descriptor < 0) {
        g_set_error(error, FULCRA_ERROR,
                saved == ENOENT ? FULCRA_ERROR_NOT_FOUND : FULCRA_ERROR_FAILED,
                "%s: %s", file, g_strerror(saved));
        return NULL;
    }
    if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_FAILED,
                "%s: not a regular file", file);
    } else if (status.st_size > (off_t)FULCRA_JSON_MAX_SIZE) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_TOO_LARGE,
                "%s:1:1: %jd bytes; a document has at most %u", file,
                (intmax_t)status.st_size, FULCRA_JSON_MAX_SIZE);
    } else {
        text = g_malloc0((size_t)status.st_size + 1);
        *length = 0;
        while (*length < (size_t)status.st_size &&
                (got = read(descriptor, text + *length,
                         (size_t)status.st_size - *length)) > 0)
            *length += (size_t)got;
    }
    close(descriptor);
    return g_steal_pointer(&text);
}

FulcraDocument *
fulcra_host_document_load(const char *file, GError **error)
{
    char *text;
    size_t length;

    g_return_val_if_fail(file != NULL, NULL);

    text = read_file(file, &length, error);
    return text != NULL ? document_new_take(file, text, length, error) : NULL;
}

FulcraDocument *
fulcra_host_document_ref(FulcraDocument *self)
{
    fulcra_refs_take(&self->refs);
    return self;
}

void
fulcra_host_document_unref(FulcraDocument *self)
{
    if (self == NULL || !fulcra_refs_drop(&self->refs))
        return;
    g_clear_pointer(&self->root, json_node_unref);
    g_hash_table_unref(self->index);
    g_array_unref(self->spots);
    g_free(self->text);
    g_free(self->file);
    g_free(self);
}

const char *
fulcra_host_document_get_file(FulcraDocument *self)
{
    return self->file;
}

JsonNode *
fulcra_host_document_get_root(FulcraDocument *self)
{
    return self->root;
}

static const FulcraSpot *
spot_of(FulcraDocument *self, JsonNode *node)
{
    size_t index = GPOINTER_TO_SIZE(g_hash_table_lookup(self->index, node));

    g_return_val_if_fail(index > 0, &g_array_index(self->spots, FulcraSpot, 0));
    return &g_array_index(self->spots, FulcraSpot, index - 1);
}

FulcraPosition
fulcra_host_document_get_value(FulcraDocument *self, JsonNode *node)
{
    return locate(self, spot_of(self, node)->value);
}

FulcraPosition
fulcra_host_document_get_key(FulcraDocument *self, JsonNode *node)
{
    return locate(self, spot_of(self, node)->key);
}

FulcraPosition
fulcra_host_document_get_within(
        FulcraDocument *self, JsonNode *node, size_t offset)
{
    size_t at = spot_of(self, node)->value;
    size_t decoded = 0;

    if (self->text[at] != '"')
        return locate(self, at);
    at++;
    while (decoded < offset && self->text[at] != '"') {
        size_t length;

        at += fulcra__scan_unit(self->text + at, &length);
        decoded += length;
    }
    return locate(self, at);
}
