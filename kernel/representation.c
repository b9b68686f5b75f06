/* SPDX-License-Identifier: MIT */

/*
 * representation.c - immutable answers, and the forms that hang on them
 *
 * What several threads share is never written again, except for the list of
 * derived forms: a stack to which a node is added by compare-and-swap
 * (release), walked after an acquire-load, freed with the representation.
 *
 * The with_*() calls change a representation in place while its maker is the
 * only one who holds it, and otherwise make one that borrows the payload of
 * the first, kept alive through `owner`.
 */

#include "private/representation.h"
#include "private/mapping.h"
#include "private/memory.h"
#include <fulcra-host/request.h>
#include <fulcra/identifier.h>
#include <json-glib/json-glib.h>

typedef struct Derived Derived;
struct Derived {
    const char *type;
    FulcraRepresentation *form;
    Derived *next;
};

typedef struct {
    const char *name; /* interned */
    char *value;
} Header;

struct _FulcraRepresentation {
    FulcraRefs refs;
    FulcraExpiry expiry;
    bool boxed;
    bool from_outside;
    bool utf8;        /* its bytes are known to be */
    bool immortal;    /* not counted */
    const char *type; /* interned */
    const void *data; /* the bytes, or the boxed pointer */
    size_t length;
    void *owner; /* given to destroy */
    GDestroyNotify destroy;
    int64_t expires_at;
    GArray *headers; /* (nullable) of Header */
    _Atomic(Derived *) derived;
    size_t n_inline;
    char inline_bytes[];
};

static void owner_unref(void *owner);

/* Whether it points into code that is to be unmapped, by its data or by what
 * frees it. What borrows another's payload holds that one. */
static void
representation_count(const FulcraRepresentation *self, int change)
{
    if (!fulcra__mappings_are_watched() || self->destroy == owner_unref)
        return;
    fulcra__mappings_count_representation(
            (uintptr_t)self->destroy, (uintptr_t)self->data, change);
}

/* @type: interned */
static FulcraRepresentation *
representation_alloc(const char *type, size_t n_inline)
{
    FulcraRepresentation *self = fulcra__block_new(sizeof *self + n_inline);

    memset(self, 0, sizeof *self);
    fulcra_refs_init(&self->refs);
    self->n_inline = n_inline;
    self->type = type;
    return self;
}

FulcraRepresentation *
fulcra_host_representation_new_uninitialised(
        const char *type, size_t length, void **data)
{
    FulcraRepresentation *self = representation_alloc(type, length + 1);

    self->inline_bytes[length] = '\0';
    self->data = self->inline_bytes;
    self->length = length;
    *data = self->inline_bytes;
    return self;
}

FulcraRepresentation *
fulcra_representation_new_bytes(
        const char *type, const void *data, size_t length)
{
    g_return_val_if_fail(type != NULL && (data != NULL || length == 0), NULL);

    void *copy;
    FulcraRepresentation *self = fulcra_host_representation_new_uninitialised(
            fulcra_intern(type), length, &copy);
    if (length > 0)
        memcpy(copy, data, length);
    return self;
}

FulcraRepresentation *
fulcra_representation_new_text(const char *text)
{
    g_return_val_if_fail(text != NULL, NULL);
    return fulcra_representation_new_bytes(
            FULCRA_TYPE_TEXT, text, strlen(text));
}

FulcraRepresentation *
fulcra_representation_new_printf(const char *type, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    return fulcra_representation_new_take(type, text, strlen(text), g_free);
}

FulcraRepresentation *
fulcra_representation_new_take(
        const char *type, void *data, size_t length, GDestroyNotify destroy)
{
    g_return_val_if_fail(type != NULL && data != NULL, NULL);

    FulcraRepresentation *self = representation_alloc(fulcra_intern(type), 0);
    self->data = data;
    self->length = length;
    self->owner = data;
    self->destroy = destroy;
    representation_count(self, 1);
    return self;
}

FulcraRepresentation *
fulcra_representation_new_boxed(
        const char *type, void *pointer, GDestroyNotify destroy)
{
    g_return_val_if_fail(type != NULL, NULL);

    FulcraRepresentation *self = representation_alloc(fulcra_intern(type), 0);
    self->boxed = true;
    self->data = pointer;
    self->owner = pointer;
    self->destroy = destroy;
    representation_count(self, 1);
    return self;
}

FulcraRepresentation *
fulcra_representation_new_bool(bool value)
{
    const char *text = value ? "true" : "false";

    return fulcra_representation_new_bytes(
            FULCRA_TYPE_BOOL, text, strlen(text));
}

static FulcraRepresentation *none;

static void
none_make(void)
{
    none = fulcra_representation_new_bytes(FULCRA_TYPE_NONE, NULL, 0);
    fulcra_refs_take(&none->refs); /* shared from the beginning */
    none->immortal = true;
}

FulcraRepresentation *
fulcra__representation_none(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, none_make);
    return none;
}

FulcraRepresentation *
fulcra_representation_new_int(int64_t value)
{
    char text[24];
    int length = g_snprintf(text, sizeof text, "%" G_GINT64_FORMAT, value);

    return fulcra_representation_new_bytes(
            FULCRA_TYPE_INT, text, (size_t)length);
}

static void
strings_unbox(void *strings)
{
    g_strfreev(strings);
}

FulcraRepresentation *
fulcra_representation_new_strings(const char *const *strings)
{
    g_return_val_if_fail(strings != NULL, NULL);
    return fulcra_representation_new_boxed(
            FULCRA_TYPE_STRINGS, g_strdupv((char **)strings), strings_unbox);
}

static void
identifier_unbox(void *identifier)
{
    fulcra_identifier_unref(identifier);
}

FulcraRepresentation *
fulcra_representation_new_identifier(FulcraIdentifier *identifier)
{
    g_return_val_if_fail(identifier != NULL, NULL);
    return fulcra_representation_new_boxed(FULCRA_TYPE_IDENTIFIER,
            fulcra_identifier_ref(identifier), identifier_unbox);
}

static void
json_unbox(void *node)
{
    json_node_unref(node);
}

FulcraRepresentation *
fulcra_representation_new_json(JsonNode *node)
{
    g_return_val_if_fail(node != NULL, NULL);
    json_node_seal(node);
    return fulcra_representation_new_boxed(FULCRA_TYPE_JSON, node, json_unbox);
}

FulcraRepresentation *
fulcra_representation_ref(FulcraRepresentation *self)
{
    if (!self->immortal)
        fulcra_refs_take(&self->refs);
    return self;
}

static void
header_clear(void *header)
{
    g_free(((Header *)header)->value);
}

static void
derived_free(Derived *derived)
{
    while (derived != NULL) {
        Derived *next = derived->next;

        fulcra_representation_unref(derived->form);
        fulcra__block_free(derived, sizeof *derived);
        derived = next;
    }
}

void
fulcra_representation_unref(FulcraRepresentation *self)
{
    if (self == NULL || self->immortal || !fulcra_refs_let_go(&self->refs, 1))
        return;
    derived_free(atomic_load_explicit(&self->derived, memory_order_acquire));
    if (self->headers != NULL)
        g_array_unref(self->headers);
    if (self->destroy != NULL)
        self->destroy(self->owner);
    representation_count(self, -1);
    fulcra__block_free(self, sizeof *self + self->n_inline);
}

const char *
fulcra_representation_get_type(FulcraRepresentation *self)
{
    return self->type;
}

bool
fulcra_representation_has_type(FulcraRepresentation *self, const char *type)
{
    return self->type == type || strcmp(self->type, type) == 0;
}

const void *
fulcra_representation_get_bytes(FulcraRepresentation *self, size_t *length)
{
    if (length != NULL)
        *length = self->boxed ? 0 : self->length;
    return self->boxed ? NULL : self->data != NULL ? self->data : "";
}

const char *
fulcra_representation_get_text(FulcraRepresentation *self)
{
    return fulcra_representation_get_bytes(self, NULL);
}

bool
fulcra_representation_get_bool(FulcraRepresentation *self)
{
    return !self->boxed && self->length == 4 &&
           memcmp(self->data, "true", 4) == 0;
}

int64_t
fulcra_representation_get_int(FulcraRepresentation *self)
{
    return self->boxed || self->length == 0
                   ? 0
                   : g_ascii_strtoll(self->data, NULL, 10);
}

void *
fulcra_representation_get_boxed(FulcraRepresentation *self, const char *type)
{
    if (!self->boxed || !fulcra_representation_has_type(self, type))
        return NULL;
    return (void *)self->data;
}

const char *const *
fulcra_representation_get_strings(FulcraRepresentation *self)
{
    return fulcra_representation_get_boxed(self, FULCRA_TYPE_STRINGS);
}

JsonNode *
fulcra_representation_get_json(FulcraRepresentation *self)
{
    return fulcra_representation_get_boxed(self, FULCRA_TYPE_JSON);
}

static void
owner_unref(void *owner)
{
    fulcra_representation_unref(owner);
}

static GArray *
headers_copy(const GArray *headers)
{
    GArray *copy = g_array_new(false, false, sizeof(Header));

    g_array_set_clear_func(copy, header_clear);
    for (unsigned i = 0; headers != NULL && i < headers->len; i++) {
        const Header *header = &g_array_index(headers, Header, i);
        Header twin = { header->name, g_strdup(header->value) };

        g_array_append_val(copy, twin);
    }
    return copy;
}

/* @self itself if nobody else can see it, else a twin that borrows its
 * payload. Derived forms stay behind: they may depend on what changes. */
static FulcraRepresentation *
representation_writable(FulcraRepresentation *self)
{
    if (fulcra_refs_unique(&self->refs) &&
            atomic_load_explicit(&self->derived, memory_order_acquire) == NULL)
        return self;

    FulcraRepresentation *twin = representation_alloc(self->type, 0);
    twin->expiry = self->expiry;
    twin->expires_at = self->expires_at;
    twin->boxed = self->boxed;
    twin->from_outside = self->from_outside;
    twin->utf8 = self->utf8;
    twin->data = self->data;
    twin->length = self->length;
    if (self->headers != NULL)
        twin->headers = headers_copy(self->headers);
    twin->owner = self;
    twin->destroy = owner_unref;
    return twin;
}

FulcraRepresentation *
fulcra_representation_with_type(FulcraRepresentation *self, const char *type)
{
    g_return_val_if_fail(self != NULL && type != NULL, self);

    FulcraRepresentation *result = representation_writable(self);
    result->type = fulcra_intern(type);
    return result;
}

static int
headers_find(const GArray *headers, const char *name)
{
    for (unsigned i = 0; headers != NULL && i < headers->len; i++)
        if (g_ascii_strcasecmp(g_array_index(headers, Header, i).name, name) ==
                0)
            return (int)i;
    return -1;
}

FulcraRepresentation *
fulcra_representation_with_header(
        FulcraRepresentation *self, const char *name, const char *value)
{
    g_return_val_if_fail(self != NULL && name != NULL, self);

    FulcraRepresentation *result = representation_writable(self);
    if (result->headers == NULL)
        result->headers = headers_copy(NULL);
    int at = headers_find(result->headers, name);
    if (at >= 0)
        g_array_remove_index(result->headers, (unsigned)at);
    if (value != NULL) {
        Header header = { fulcra_intern(name), g_strdup(value) };
        g_array_append_val(result->headers, header);
    }
    return result;
}

FulcraRepresentation *
fulcra_representation_with_expiry(
        FulcraRepresentation *self, FulcraExpiry expiry, int64_t at)
{
    g_return_val_if_fail(self != NULL, self);

    FulcraRepresentation *result = representation_writable(self);
    result->expiry = expiry;
    result->expires_at = expiry == FULCRA_EXPIRY_AT ? at : 0;
    return result;
}

static void
whole_unref(void *whole)
{
    fulcra_representation_unref(whole);
}

FulcraRepresentation *
fulcra_representation_with_whole(
        FulcraRepresentation *self, FulcraRepresentation *whole)
{
    g_return_val_if_fail(self != NULL && self->destroy == NULL, self);
    g_return_val_if_fail(fulcra_refs_unique(&self->refs), self);

    self->owner = fulcra_representation_ref(whole);
    self->destroy = whole_unref;
    self->from_outside = whole->from_outside;
    return self;
}

const char *
fulcra_representation_get_header(FulcraRepresentation *self, const char *name)
{
    int at = headers_find(self->headers, name);

    return at < 0 ? NULL : g_array_index(self->headers, Header, at).value;
}

FulcraExpiry
fulcra_representation_get_expiry(FulcraRepresentation *self, int64_t *at)
{
    if (at != NULL)
        *at = self->expires_at;
    return self->expiry;
}

bool
fulcra_representation_is_from_outside(FulcraRepresentation *self)
{
    return self->from_outside;
}

void
fulcra_host_representation_set_utf8(FulcraRepresentation *self)
{
    self->utf8 = true;
}

bool
fulcra_host_representation_is_utf8(FulcraRepresentation *self)
{
    return self->utf8;
}

FulcraRepresentation *
fulcra_host_representation_from_outside(FulcraRepresentation *self)
{
    FulcraRepresentation *result = representation_writable(self);

    result->from_outside = true;
    return result;
}

void
fulcra_host_representation_foreach_header(FulcraRepresentation *self,
        void (*each)(const char *name, const char *value, void *user_data),
        void *user_data)
{
    for (unsigned i = 0; self->headers != NULL && i < self->headers->len; i++) {
        const Header *header = &g_array_index(self->headers, Header, i);

        each(header->name, header->value, user_data);
    }
}

bool
fulcra__representation_is_boxed(FulcraRepresentation *self)
{
    return self->boxed;
}

static bool
headers_equal(const GArray *a, const GArray *b)
{
    unsigned n = a == NULL ? 0 : a->len;

    if (n != (b == NULL ? 0 : b->len))
        return false;
    for (unsigned i = 0; i < n; i++) {
        const Header *one = &g_array_index(a, Header, i);
        const Header *other = &g_array_index(b, Header, i);

        if (one->name != other->name || strcmp(one->value, other->value) != 0)
            return false;
    }
    return true;
}

bool
fulcra__representation_equal(FulcraRepresentation *a, FulcraRepresentation *b)
{
    if (a->boxed || b->boxed)
        return false;
    return a->type == b->type && a->length == b->length &&
           a->from_outside == b->from_outside && a->expiry == b->expiry &&
           a->expires_at == b->expires_at &&
           (a->length == 0 || memcmp(a->data, b->data, a->length) == 0) &&
           headers_equal(a->headers, b->headers);
}

static bool
json_looks_like(FulcraRepresentation *a, FulcraRepresentation *b)
{
    JsonNode *one = fulcra_representation_get_json(a);
    JsonNode *other = fulcra_representation_get_json(b);

    return one != NULL && other != NULL && json_node_equal(one, other);
}

bool
fulcra__representation_looks_like(
        FulcraRepresentation *a, FulcraRepresentation *b)
{
    if (a == b)
        return true;
    if (a->type != b->type)
        return false;
    if (a->boxed || b->boxed)
        return json_looks_like(a, b);
    return a->length == b->length &&
           (a->length == 0 || memcmp(a->data, b->data, a->length) == 0);
}

/* --- derived forms --- */

FulcraRepresentation *
fulcra__representation_find_derived(
        FulcraRepresentation *self, const char *type)
{
    Derived *node = atomic_load_explicit(&self->derived, memory_order_acquire);

    for (; node != NULL; node = node->next)
        if (node->type == type)
            return node->form;
    return NULL;
}

FulcraRepresentation *
fulcra__representation_hang(FulcraRepresentation *self, const char *type,
        FulcraRepresentation *form)
{
    Derived *node = fulcra__block_new(sizeof *node);

    if (self->from_outside && fulcra_refs_unique(&form->refs))
        form->from_outside = true;
    node->type = type;
    node->form = form;
    node->next = atomic_load_explicit(&self->derived, memory_order_acquire);
    for (;;) {
        for (Derived *other = node->next; other != NULL; other = other->next)
            if (other->type == type) {
                node->next = NULL;
                derived_free(node);
                return other->form;
            }
        if (atomic_compare_exchange_weak_explicit(&self->derived, &node->next,
                    node, memory_order_release, memory_order_acquire))
            return form;
    }
}

FulcraRepresentation *
fulcra_host_representation_derive(FulcraRepresentation *self, const char *type,
        FulcraRepresentation *(*make)(
                FulcraRepresentation *self, void *user_data),
        void *user_data)
{
    FulcraRepresentation *form =
            fulcra__representation_find_derived(self, type);

    if (form != NULL || make == NULL)
        return form;
    form = make(self, user_data);
    if (form == NULL)
        return NULL;
    return fulcra__representation_hang(self, type, form);
}

/* --- content codings --- */

void
fulcra_host_representation_add_coding(FulcraRepresentation *self,
        const char *coding, FulcraRepresentation *form)
{
    g_return_if_fail(self != NULL && coding != NULL && form != NULL);

    fulcra__representation_hang(self, fulcra_intern(coding), form);
}

FulcraRepresentation *
fulcra_host_representation_get_coding(
        FulcraRepresentation *self, const char *coding)
{
    const char *type = fulcra_intern(coding);
    FulcraRepresentation *form =
            fulcra__representation_find_derived(self, type);

    /* A twin has the bytes of its owner. */
    while (form == NULL && self->destroy == owner_unref) {
        self = self->owner;
        form = fulcra__representation_find_derived(self, type);
    }
    return form;
}
