/* SPDX-License-Identifier: MIT */

/*
 * login.c - may this account be tried from this address?
 *
 *     SOURCE active:loginAllowed+account@alice+address@192.0.2.1
 *     SINK   active:loginFailed+account@alice+address@192.0.2.1
 *     SINK   active:loginSucceeded+account@alice+address@192.0.2.1
 *
 * All three are FULCRA_RUN_SERIAL in the domain of the module: the tables need
 * no locks. Whatever else they need is asked for before a table is touched.
 */

#include "login.h"
#include "arguments.h"
#include "throttle.h"

#include <arpa/inet.h>
#include <string.h>

#define MAX_ACCOUNT 1024
#define MAX_ADDRESS 256

typedef struct {
    Throttle *accounts, *addresses;
} Logins;

/* What a request is about. */
typedef struct {
    ThrottleLimits by_account, by_address;
    FulcraRepresentation *account;
    char address[INET6_ADDRSTRLEN]; /* "": not given */
    size_t n_address;
} Attempt;

static void
attempt_clear(Attempt *self)
{
    fulcra_representation_unref(self->account);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Attempt, attempt_clear)

/* --- reading --- */

/* Of IPv6 the network: a customer has 2^64 addresses to try from. */
static void
set_address(Attempt *self, const char *text)
{
    struct in6_addr six;

    if (inet_pton(AF_INET6, text, &six) == 1) {
        const uint8_t *bytes = six.s6_addr;
        bool four = IN6_IS_ADDR_V4MAPPED(&six);

        self->n_address = four ? 4 : 8;
        memcpy(self->address, four ? bytes + 12 : bytes, self->n_address);
        return;
    }
    struct in_addr in4;
    if (inet_pton(AF_INET, text, &in4) == 1) {
        self->n_address = 4;
        memcpy(self->address, &in4, 4);
        return;
    }
    g_strlcpy(self->address, text, sizeof self->address);
    self->n_address = strlen(self->address);
}

static bool
read_address(Attempt *self, FulcraRequest *request, GError **error)
{
    if (fulcra_request_get_n_arguments(request, "address") == 0)
        return true;

    g_autoptr(FulcraRepresentation) text =
            argument_text(request, "address", MAX_ADDRESS, error);
    if (text != NULL)
        set_address(self, fulcra_representation_get_text(text));
    return text != NULL;
}

static bool
read_limits(Attempt *self, FulcraRequest *request, GError **error)
{
    int64_t of_account, of_address, window, delay, entries;

    if (!setting_int(request, FULCRA_ID("setting:/accountFailures"),
                &of_account, error) ||
            !setting_int(request, FULCRA_ID("setting:/addressFailures"),
                    &of_address, error) ||
            !setting_int(
                    request, FULCRA_ID("setting:/window"), &window, error) ||
            !setting_int(
                    request, FULCRA_ID("setting:/maxDelay"), &delay, error) ||
            !setting_int(
                    request, FULCRA_ID("setting:/maxEntries"), &entries, error))
        return false;
    self->by_account = (ThrottleLimits){
        .failures = (unsigned)of_account,
        .window = window * 1000,
        .max_delay = delay * 1000,
        .max_entries = (unsigned)entries,
    };
    self->by_address = self->by_account;
    self->by_address.failures = (unsigned)of_address;
    return true;
}

static bool
attempt_read(Attempt *self, FulcraRequest *request, GError **error)
{
    self->account = argument_text(request, "account", MAX_ACCOUNT, error);
    return self->account != NULL && read_address(self, request, error) &&
           read_limits(self, request, error);
}

static const char *
account_of(const Attempt *self, size_t *length)
{
    return fulcra_representation_get_bytes(self->account, length);
}

/* --- the three --- */

/* With a header that says after how many seconds to try again. */
static FulcraRepresentation *
refusal(int64_t wait)
{
    char seconds[24];

    g_snprintf(seconds, sizeof seconds, "%" G_GINT64_FORMAT,
            (wait + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC);
    return fulcra_representation_with_header(
            fulcra_representation_new_bool(false), "retry-after", seconds);
}

static int64_t
begin(Logins *self, const Attempt *attempt)
{
    int64_t now = g_get_monotonic_time(), wait = 0;
    size_t length;
    const char *account = account_of(attempt, &length);

    if (attempt->n_address > 0)
        wait = throttle_begin(self->addresses, &attempt->by_address,
                attempt->address, attempt->n_address, now);
    if (wait > 0)
        return wait;
    wait = throttle_begin(
            self->accounts, &attempt->by_account, account, length, now);
    if (wait > 0)
        throttle_withdraw(
                self->addresses, attempt->address, attempt->n_address);
    return wait;
}

static FulcraRepresentation *
allowed_source(FulcraRequest *request, GError **error)
{
    g_auto(Attempt) attempt = { .n_address = 0 };

    if (!attempt_read(&attempt, request, error))
        return NULL;
    int64_t wait = begin(fulcra_request_get_data(request), &attempt);
    return fulcra_representation_with_expiry(
            wait > 0 ? refusal(wait) : fulcra_representation_new_bool(true),
            FULCRA_EXPIRY_ALWAYS, 0);
}

static FulcraRepresentation *
failed_sink(FulcraRequest *request, GError **error)
{
    Logins *self = fulcra_request_get_data(request);
    g_auto(Attempt) attempt = { .n_address = 0 };
    int64_t now = g_get_monotonic_time();
    size_t length;

    if (!attempt_read(&attempt, request, error))
        return NULL;
    const char *account = account_of(&attempt, &length);
    throttle_fail(self->accounts, &attempt.by_account, account, length, now);
    if (attempt.n_address > 0)
        throttle_fail(self->addresses, &attempt.by_address, attempt.address,
                attempt.n_address, now);
    return NULL;
}

/* An address is not forgiven: whoever has one account could go on guessing at
 * all others. */
static FulcraRepresentation *
succeeded_sink(FulcraRequest *request, GError **error)
{
    Logins *self = fulcra_request_get_data(request);
    g_auto(Attempt) attempt = { .n_address = 0 };
    size_t length;

    if (!attempt_read(&attempt, request, error))
        return NULL;
    const char *account = account_of(&attempt, &length);
    throttle_succeed(self->accounts, account, length, true);
    throttle_succeed(
            self->addresses, attempt.address, attempt.n_address, false);
    return NULL;
}

/* --- the module's part --- */

static void
logins_free(void *data)
{
    Logins *self = data;

    throttle_free(self->accounts);
    throttle_free(self->addresses);
    g_free(self);
}

static const FulcraEndpointOps allowed_ops = {
    .size = sizeof(FulcraEndpointOps),
    .source = allowed_source,
    .destroy = logins_free,
};

static const FulcraEndpointOps failed_ops = {
    .size = sizeof(FulcraEndpointOps),
    .sink = failed_sink,
};

static const FulcraEndpointOps succeeded_ops = {
    .size = sizeof(FulcraEndpointOps),
    .sink = succeeded_sink,
};

bool
login_load(FulcraModule *module, GError **error)
{
    Logins *self = g_new0(Logins, 1);

    self->accounts = throttle_new();
    self->addresses = throttle_new();
    return fulcra_module_add_endpoint(
                   module, "allowed", &allowed_ops, self, error) &&
           fulcra_module_add_endpoint(
                   module, "failed", &failed_ops, self, error) &&
           fulcra_module_add_endpoint(
                   module, "succeeded", &succeeded_ops, self, error);
}
