/* SPDX-License-Identifier: MIT */
/*
 * identifier.c - what names a resource
 *
 * Immutable but for two things that are computed on demand and published
 * atomically: the hash and the text form. Every call is safe from any thread.
 *
 * Base and arguments are kept in normal form (escape.c), so that two
 * identifiers name the same resource if their bytes are equal.
 */
#include "private/identifier.h"

#include "private/escape.h"
#include "private/intern.h"

#include <fulcra/error.h>
#include <string.h>
#include <sys/random.h>

/* --- arguments in a row --- */

void
fulcra__arguments_clear(FulcraArguments *self)
{
    FulcraArgument *items = fulcra__arguments_items(self);

    for (size_t i = 0; i < self->n; i++) {
        g_free(items[i].text);
        fulcra_identifier_unref(items[i].identifier);
    }
    g_free(self->many);
    fulcra__arguments_init(self);
}

static FulcraArgument *
arguments_append(FulcraArguments *self, const char *name)
{
    if (self->n == self->capacity) {
        FulcraArgument *more = g_new(FulcraArgument, 2 * self->capacity);

        memcpy(more, fulcra__arguments_items(self), self->n * sizeof(*more));
        g_free(self->many);
        self->many = more;
        self->capacity *= 2;
    }
    FulcraArgument *item = &fulcra__arguments_items(self)[self->n++];
    *item = (FulcraArgument){ name, NULL, NULL };
    return item;
}

void
fulcra__arguments_append_text(
        FulcraArguments *self, const char *name, char *text)
{
    arguments_append(self, name)->text = text;
}

void
fulcra__arguments_append_identifier(
        FulcraArguments *self, const char *name, FulcraIdentifier *identifier)
{
    arguments_append(self, name)->identifier =
            fulcra_identifier_ref(identifier);
}

static const FulcraArgument *
find_argument(const FulcraArgument *items, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (items[i].name == name)
            return &items[i];
    return NULL;
}

const FulcraArgument *
fulcra__arguments_get(const FulcraArguments *self, const char *name)
{
    return find_argument(fulcra__arguments_items(self), self->n, name);
}

const FulcraArgument *
fulcra__identifier_get_argument(FulcraIdentifier *self, const char *name)
{
    return find_argument(self->arguments, self->n_arguments, name);
}

bool
fulcra__argument_equal(const FulcraArgument *a, const FulcraArgument *b)
{
    if (a->name != b->name || (a->text == NULL) != (b->text == NULL))
        return false;
    return a->text != NULL
                   ? strcmp(a->text, b->text) == 0
                   : fulcra_identifier_equal(a->identifier, b->identifier);
}

/* --- life --- */

/* What follows the arguments is for the caller to fill, from @tail on. */
static FulcraIdentifier *
identifier_alloc(size_t n_arguments, size_t tail_length, char **tail)
{
    size_t head =
            sizeof(FulcraIdentifier) + n_arguments * sizeof(FulcraArgument);
    FulcraIdentifier *self = g_malloc(head + tail_length);

    *tail = (char *)self + head;
    memset(self, 0, sizeof(*self));
    fulcra_refs_init(&self->refs);
    self->n_arguments = (unsigned short)n_arguments;
    return self;
}

/* How many bytes @argument takes in the text form. */
static size_t
argument_length(const FulcraArgument *argument)
{
    FulcraEscape how = FULCRA_ESCAPE_TEXT;
    const char *value = argument->text;

    if (value == NULL) {
        how = FULCRA_ESCAPE_PATH;
        value = fulcra_identifier_get_text(argument->identifier);
    }
    return strlen(argument->name) + 2 +
           fulcra__escape_length(how, value, strlen(value));
}

static bool
check_limits(
        size_t base_length, const FulcraArguments *arguments, GError **error)
{
    const FulcraArgument *items = fulcra__arguments_items(arguments);
    size_t length = base_length;

    if (arguments->n > FULCRA__IDENTIFIER_MAX_ARGUMENTS) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_TOO_LARGE,
                "an identifier with %zu arguments: the limit is %d",
                arguments->n, FULCRA__IDENTIFIER_MAX_ARGUMENTS);
        return false;
    }
    for (size_t i = 0; i < arguments->n; i++) {
        length += argument_length(&items[i]);
        if (items[i].identifier != NULL &&
                items[i].identifier->depth >= FULCRA__IDENTIFIER_MAX_DEPTH) {
            g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_TOO_LARGE,
                    "argument '%s': identifiers nested more than %d deep",
                    items[i].name, FULCRA__IDENTIFIER_MAX_DEPTH);
            return false;
        }
    }
    if (length > FULCRA__IDENTIFIER_MAX_LENGTH) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_TOO_LARGE,
                "an identifier of %zu bytes: the limit is %d", length,
                FULCRA__IDENTIFIER_MAX_LENGTH);
        return false;
    }
    return true;
}

/* Takes over one argument; its text goes to @tail. Returns the new tail. */
static char *
copy_argument(FulcraIdentifier *self, FulcraArgument *to,
        const FulcraArgument *from, char *tail)
{
    *to = (FulcraArgument){ from->name, NULL, NULL };
    if (from->identifier != NULL) {
        to->identifier = fulcra_identifier_ref(from->identifier);
        self->depth = MAX(self->depth, from->identifier->depth + 1);
        self->from_outside |= from->identifier->from_outside;
        return tail;
    }
    to->text = tail;
    return g_stpcpy(tail, from->text) + 1;
}

FulcraIdentifier *
fulcra__identifier_new(const char *scheme, const char *base, size_t base_length,
        const FulcraArguments *arguments, GError **error)
{
    const FulcraArgument *items = fulcra__arguments_items(arguments);
    size_t tail_length = base_length + 1;
    char *tail;

    if (!check_limits(base_length, arguments, error))
        return NULL;
    for (size_t i = 0; i < arguments->n; i++)
        if (items[i].text != NULL)
            tail_length += strlen(items[i].text) + 1;

    FulcraIdentifier *self = identifier_alloc(arguments->n, tail_length, &tail);
    self->scheme = scheme;
    self->base = memcpy(tail, base, base_length);
    self->base_length = (unsigned)base_length;
    tail += base_length;
    *tail++ = '\0';
    for (size_t i = 0; i < arguments->n; i++)
        tail = copy_argument(self, &self->arguments[i], &items[i], tail);
    return self;
}

FulcraIdentifier *
fulcra_host_identifier_new_path(const char *scheme, const char *path)
{
    g_return_val_if_fail(scheme != NULL && path != NULL, NULL);
    g_return_val_if_fail(*path == '/', NULL);

    size_t length = strlen(path), scheme_length = strlen(scheme);
    size_t base_length =
            scheme_length + 1 +
            fulcra__escape_length(FULCRA_ESCAPE_PATH, path, length);
    char *tail;

    FulcraIdentifier *self = identifier_alloc(0, base_length + 1, &tail);
    self->scheme = scheme;
    self->base = tail;
    self->base_length = (unsigned)base_length;
    self->from_outside = true;
    tail = (char *)memcpy(tail, scheme, scheme_length) + scheme_length;
    *tail++ = ':';
    *fulcra__escape_write(FULCRA_ESCAPE_PATH, path, length, tail) = '\0';
    return self;
}

FulcraIdentifier *
fulcra_host_identifier_with_text_argument(
        FulcraIdentifier *base, const char *name, const char *text)
{
    g_return_val_if_fail(base != NULL && name != NULL && text != NULL, NULL);
    g_return_val_if_fail(
            base->n_arguments < FULCRA__IDENTIFIER_MAX_ARGUMENTS, NULL);

    size_t n = base->n_arguments, size = strlen(text) + 1;
    char *tail;

    FulcraIdentifier *self = identifier_alloc(n + 1, size, &tail);
    self->origin = fulcra_identifier_ref(base);
    self->extends = true;
    self->base = base->base;
    self->base_length = base->base_length;
    self->from_outside = base->from_outside;
    self->depth = base->depth;
    memcpy(self->arguments, base->arguments, n * sizeof(base->arguments[0]));
    self->arguments[n] =
            (FulcraArgument){ name, memcpy(tail, text, size), NULL };
    return self;
}

const char *
fulcra_host_identifier_get_text_argument(
        FulcraIdentifier *self, const char *name)
{
    for (unsigned i = 0; i < self->n_arguments; i++)
        if (self->arguments[i].name == name)
            return self->arguments[i].text;
    return NULL;
}

FulcraIdentifier *
fulcra_identifier_ref(FulcraIdentifier *self)
{
    if (!self->immortal)
        fulcra_refs_take(&self->refs);
    return self;
}

void
fulcra_identifier_unref(FulcraIdentifier *self)
{
    if (self == NULL || self->immortal || !fulcra_refs_drop(&self->refs))
        return;
    unsigned borrowed = self->extends ? self->origin->n_arguments : 0;

    for (unsigned i = borrowed; i < self->n_arguments; i++)
        fulcra_identifier_unref(self->arguments[i].identifier);
    if (self->extends)
        fulcra_identifier_unref(self->origin);
    g_free(atomic_load_explicit(&self->text, memory_order_relaxed));
    g_free(self);
}

/* --- the text form --- */

static char *
write_argument(char *to, const FulcraArgument *argument)
{
    FulcraEscape how = FULCRA_ESCAPE_TEXT;
    const char *value = argument->text;

    if (value == NULL) {
        how = FULCRA_ESCAPE_PATH;
        value = fulcra_identifier_get_text(argument->identifier);
    }
    *to++ = '+';
    to = g_stpcpy(to, argument->name);
    *to++ = '@';
    return fulcra__escape_write(how, value, strlen(value), to);
}

static char *
make_text(FulcraIdentifier *self)
{
    size_t length = self->base_length;

    for (unsigned i = 0; i < self->n_arguments; i++)
        length += argument_length(&self->arguments[i]);

    char *text = g_malloc(length + 1);
    char *to = (char *)memcpy(text, self->base, self->base_length) +
               self->base_length;
    for (unsigned i = 0; i < self->n_arguments; i++)
        to = write_argument(to, &self->arguments[i]);
    *to = '\0';
    return text;
}

const char *
fulcra_identifier_get_text(FulcraIdentifier *self)
{
    g_return_val_if_fail(self != NULL, NULL);

    if (self->n_arguments == 0)
        return self->base;
    char *text = atomic_load_explicit(&self->text, memory_order_acquire);
    if (text != NULL)
        return text;
    /* Of two threads that make it at once one wins. */
    char *made = make_text(self);
    if (atomic_compare_exchange_strong_explicit(&self->text, &text, made,
                memory_order_acq_rel, memory_order_acquire))
        return made;
    g_free(made);
    return text;
}

const char *
fulcra_identifier_get_scheme(FulcraIdentifier *self)
{
    g_return_val_if_fail(self != NULL, NULL);

    return fulcra__identifier_scheme(self);
}

bool
fulcra_host_identifier_is_from_outside(FulcraIdentifier *self)
{
    return self->from_outside;
}

/* --- equality --- */

bool
fulcra_host_identifier_same_base(FulcraIdentifier *a, FulcraIdentifier *b)
{
    return a->base == b->base ||
           (a->base_length == b->base_length &&
                   memcmp(a->base, b->base, a->base_length) == 0);
}

static unsigned
known_hash(FulcraIdentifier *self)
{
    return atomic_load_explicit(&self->hash, memory_order_relaxed);
}

bool
fulcra_identifier_equal(FulcraIdentifier *a, FulcraIdentifier *b)
{
    g_return_val_if_fail(a != NULL && b != NULL, false);

    if (a == b)
        return true;
    if ((a->immortal && b->immortal) || a->n_arguments != b->n_arguments)
        return false;
    unsigned hash_a = known_hash(a), hash_b = known_hash(b);
    if (hash_a != 0 && hash_b != 0 && hash_a != hash_b)
        return false;
    if (!fulcra_host_identifier_same_base(a, b))
        return false;
    for (unsigned i = 0; i < a->n_arguments; i++)
        if (!fulcra__argument_equal(&a->arguments[i], &b->arguments[i]))
            return false;
    return true;
}

/* Paths come from outside, and identifiers are keys of tables: without a
 * secret anyone could choose paths that collide. */
static uint64_t hash_secret;

static void
hash_secret_init(void)
{
    if (getrandom(&hash_secret, sizeof hash_secret, GRND_NONBLOCK) < 0)
        hash_secret = (uint64_t)g_get_monotonic_time();
}

static uint64_t
hash_mix(uint64_t hash, uint64_t value)
{
    unsigned __int128 wide =
            (unsigned __int128)(hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);

    return (uint64_t)wide ^ (uint64_t)(wide >> 64);
}

static uint64_t
hash_bytes(uint64_t hash, const char *bytes, size_t length)
{
    uint64_t word;

    hash = hash_mix(hash, length);
    for (; length >= sizeof word; bytes += sizeof word, length -= sizeof word) {
        memcpy(&word, bytes, sizeof word);
        hash = hash_mix(hash, word);
    }
    word = 0;
    memcpy(&word, bytes, length);
    return hash_mix(hash, word ^ hash_secret);
}

static void
hash_secret_need(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, hash_secret_init);
}

uint64_t
fulcra__hash_bytes(const void *bytes, size_t length)
{
    hash_secret_need();
    return hash_bytes(hash_secret, bytes, length);
}

static unsigned
compute_hash(FulcraIdentifier *self)
{
    hash_secret_need();

    uint64_t hash = hash_bytes(hash_secret, self->base, self->base_length);
    for (unsigned i = 0; i < self->n_arguments; i++) {
        const FulcraArgument *argument = &self->arguments[i];

        hash = hash_mix(hash, (uintptr_t)argument->name);
        if (argument->text != NULL)
            hash = hash_bytes(hash, argument->text, strlen(argument->text));
        else
            hash = hash_mix(hash, fulcra_identifier_hash(argument->identifier));
    }
    unsigned folded = (unsigned)(hash ^ (hash >> 32));
    return folded != 0 ? folded : 1;
}

unsigned
fulcra_identifier_hash(FulcraIdentifier *self)
{
    g_return_val_if_fail(self != NULL, 0);

    unsigned hash = known_hash(self);
    if (hash == 0) {
        hash = compute_hash(self);
        atomic_store_explicit(&self->hash, hash, memory_order_relaxed);
    }
    return hash;
}

/* --- literals --- */

/* Text form to immortal identifier: equal literals share one. */
static pthread_mutex_t literals_lock = PTHREAD_MUTEX_INITIALIZER;
static GHashTable *literals;

static FulcraIdentifier *
literal_intern(FulcraIdentifier *fresh)
{
    const char *text = fulcra_identifier_get_text(fresh);
    FulcraIdentifier *found;

    pthread_mutex_lock(&literals_lock);
    if (literals == NULL)
        literals = g_hash_table_new(g_str_hash, g_str_equal);
    found = g_hash_table_lookup(literals, text);
    if (found == NULL) {
        found = fulcra_identifier_ref(fresh);
        /* So that a grammar without slots finds it by pointer. */
        found->base = fulcra__intern_length(found->base, found->base_length);
        found->immortal = true;
        text = fulcra_identifier_get_text(found);
        g_hash_table_insert(literals, (void *)text, found);
    }
    pthread_mutex_unlock(&literals_lock);
    fulcra_identifier_unref(fresh);
    return found;
}

FulcraIdentifier *
fulcra_identifier_from_literal(FulcraLiteral *cell)
{
    FulcraIdentifier *self = __atomic_load_n(&cell->parsed, __ATOMIC_ACQUIRE);
    g_autoptr(GError) error = NULL;

    if (self != NULL)
        return self;
    self = fulcra_host_identifier_parse(cell->text, &error);
    if (self == NULL)
        g_error("FULCRA_ID(\"%s\"): %s", cell->text, error->message);
    self = literal_intern(self);
    /* Threads that come here together store the same pointer. */
    __atomic_store_n(&cell->parsed, self, __ATOMIC_RELEASE);
    return self;
}
