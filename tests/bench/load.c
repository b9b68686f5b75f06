/* SPDX-License-Identifier: MIT */

/*
 * load.c - a small WebSocket load generator for Linux (one thread, epoll)
 *
 *   load [options] echo|fanout|idle|churn|listen
 *
 * echo    C connections keep D messages of S bytes outstanding each
 * fanout  C subscribers and one publisher (WebSocket, or HTTP POST with -H)
 * idle    opens C connections, holds them, reads the server's memory
 * churn   C slots, each: connect, upgrade, close, again
 * listen  C connections that only read; says when a message has come to all,
 * and in the end, or at SIGTERM, how often each came
 *
 * Prints one line of JSON.  Latencies are in microseconds.  With -p, the CPU
 * time of the server's processes is read from /proc at both ends of the
 * measured time, which is steadier than rates on a noisy machine.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#define RING       65536u /* published messages remembered in fanout */
#define PER_SOURCE 20000  /* connections from one source address */
/* The key of RFC 6455's own example, so that the answer is a known one. */
#define WS_KEY    "dGhlIHNhbXBsZSBub25jZQ=="
#define WS_ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

enum mode { ECHO_MODE, FANOUT, IDLE, CHURN, LISTEN };
enum state { CLOSED, CONNECTING, HANDSHAKE, OPEN, HTTP };

struct conn {
    int fd;
    enum state state;
    bool publisher, want_write, busy;
    uint32_t carry_len, carry_cap;
    uint8_t *carry;     /* bytes of an unfinished frame or head */
    uint32_t owed, off; /* echo: frames to send; bytes of the first sent */
    uint32_t ts_head;   /* echo: the oldest outstanding message */
    uint64_t *ts;       /* echo: times of sending, a ring of D */
    uint64_t opened_at;
    uint64_t got; /* fanout: the last message; listen: how many */
};

static struct {
    enum mode mode;
    const char *host, *path, *pub_path, *sub_msg, *prefix, *suffix, *protocol,
            *pids, *label, *origin;
    int port, conns, depth, size, window, sources, inflight, count;
    double seconds, warmup, rate;
    bool http_pub, binary, deflate, abort_close, browser;
} o = { .host = "127.0.0.1",
    .path = "/",
    .pub_path = NULL,
    .sub_msg = NULL,
    .prefix = "",
    .suffix = "",
    .protocol = NULL,
    .pids = NULL,
    .label = "",
    .origin = NULL,
    .port = 9001,
    .conns = 100,
    .depth = 1,
    .size = 64,
    .window = 1,
    .sources = 0,
    .inflight = 128,
    .seconds = 5,
    .warmup = 1,
    .rate = 0 };

/* What a browser says besides, so that its handshake is of 588 bytes where the
 * port has five digits and the path is "/demo/echo". */
static const char browser_fields[] =
        "Pragma: no-cache\r\nCache-Control: no-cache\r\n"
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 "
        "(KHTML, like Gecko) Chrome/120.0.6099.224 Safari/537.36\r\n"
        "Origin: http://%s:%d\r\n"
        "Accept-Encoding: gzip, deflate, br\r\n"
        "Accept-Language: en-GB,en-US;q=0.9,en;q=0.8\r\n"
        "Cookie: session=0123456789abcdef0123456789abcdef; "
        "_ga=GA1.1.1234567890.170000\r\n"
        "Sec-WebSocket-Extensions: permessage-deflate; "
        "client_max_window_bits\r\n";

static int ep;
static struct conn *conns; /* conns[o.conns] is the publisher */
static uint8_t rbuf[1 << 18];
static uint8_t *frame,
        *payload; /* the (masked) frame to send; its clear payload */
static size_t frame_len, payload_len, seq_at, body_at;
static uint8_t mask[4];
static bool measuring;
static unsigned started, opened, failed, lost, next_slot;
static uint64_t n_msgs, n_bad, n_rx_bytes, n_published, n_completed, n_upgrades;

struct pub {
    uint64_t seq, at;
    uint32_t got;
    bool counted;
};
static struct pub ring[RING];
static uint64_t pub_seq, done_seq, next_pub;

static void *
need(void *p)
{
    if (!p)
        errx(1, "out of memory");
    return p;
}

static uint64_t
now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* --- histogram: 64 linear steps in each power of two, error below 1.6 % --- */

#define SUB 64
struct hist {
    uint64_t n, max, slot[64 * SUB];
};
static struct hist lat, lat_all; /* the main latency; fanout: every delivery */

static void
hist_add(struct hist *h, uint64_t v)
{
    unsigned i = (unsigned)v;
    if (v >= SUB) {
        unsigned e = 63u - (unsigned)__builtin_clzll(v) -
                     5u; /* v >> e is in [32, 63] */
        i = e * (SUB / 2) + (unsigned)(v >> e);
    }
    h->slot[i]++;
    h->n++;
    if (v > h->max)
        h->max = v;
}

static double
hist_us(const struct hist *h, double q)
{
    uint64_t want = (uint64_t)(q * (double)h->n), sum = 0;
    for (unsigned i = 0; i < 64 * SUB; i++) {
        sum += h->slot[i];
        if (sum > want) {
            if (i < SUB)
                return i / 1e3;
            unsigned e = i / (SUB / 2) - 1;
            return (double)((uint64_t)(i - e * (SUB / 2)) << e) / 1e3;
        }
    }
    return h->max / 1e3;
}

/* --- the server's CPU time and memory, from /proc --- */

struct usage {
    double run;
    long rss_kb, pss_kb;
};

static void
task_usage(int pid, struct usage *u)
{
    char path[320], line[256];
    unsigned long long ns;
    long kb;
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *d = opendir(path);
    if (!d)
        err(1, "process %d", pid);
    for (struct dirent *e; (e = readdir(d));) { /* threads: ns on a CPU */
        snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", pid,
                e->d_name);
        FILE *f = e->d_name[0] == '.' ? NULL : fopen(path, "r");
        if (f && fscanf(f, "%llu", &ns) == 1)
            u->run += (double)ns / 1e9;
        if (f)
            fclose(f);
    }
    closedir(d);
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f)) {
        if (sscanf(line, "Rss: %ld", &kb) == 1)
            u->rss_kb += kb;
        if (sscanf(line, "Pss: %ld", &kb) == 1)
            u->pss_kb += kb;
    }
    if (f)
        fclose(f);
}

static struct usage
usage_of(const char *pids)
{
    struct usage u = { 0 };
    for (const char *p = pids; p && *p; p += strcspn(p, ","), p += *p == ',')
        task_usage(atoi(p), &u);
    return u;
}

static long
file_number(const char *path, const char *key)
{
    char line[256];
    long v = 0;
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f)) {
        char *p = strstr(line, key);
        if (p && sscanf(p + strlen(key), "%ld", &v) == 1)
            break;
    }
    if (f)
        fclose(f);
    return v;
}

/* --- frames --- */

/* Writes a client's frame head, mask and all; returns its length. */
static size_t
put_head(uint8_t *f, uint8_t first, size_t n)
{
    int ext = n < 126 ? 0 : n < 65536 ? 2 : 8;
    f[0] = first;
    f[1] = (uint8_t)(0x80 | (ext == 0 ? n : ext == 2 ? 126 : 127));
    for (int i = 0; i < ext; i++)
        f[2 + i] = (uint8_t)((uint64_t)n >> (8 * (ext - 1 - i)));
    memcpy(f + 2 + ext, mask, 4);
    return 6 + (size_t)ext;
}

/* What all messages say: prefix, '#', 15 hexadecimal digits, padding, suffix.
 * In fanout the digits are the message's number; in echo they stay 0. */
static void
make_frame(void)
{
    static const char fill[] =
            "{\"id\":12345,\"name\":\"sensor-7\",\"temp\":21.375,\"ok\":true},";
    size_t pre = strlen(o.prefix), suf = strlen(o.suffix),
           n = pre + (size_t)o.size + suf;
    payload = need(malloc(n + 64));
    for (size_t i = 0; i < (size_t)o.size; i++)
        payload[pre + i] = (uint8_t)fill[i % (sizeof fill - 1)];
    memcpy(payload, o.prefix, pre);
    memcpy(payload + pre + o.size, o.suffix, suf);
    if (o.size >= 16)
        memcpy(payload + pre, "#000000000000000", 16);
    payload_len = n;
    const uint8_t *body = payload;
    if (o.deflate) { /* made once; stands by itself */
        uint8_t *out = need(malloc(2 * n + 64));
        z_stream z = { .next_in = payload,
            .avail_in = (uInt)n,
            .next_out = out,
            .avail_out = (uInt)(2 * n + 64) };
        deflateInit2(&z, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
        deflate(&z, Z_SYNC_FLUSH);
        n = z.total_out - 4; /* without 00 00 ff ff */
        deflateEnd(&z);
        body = out;
    }
    frame = need(malloc((n + 14) * (size_t)o.depth));
    body_at = put_head(frame,
            (uint8_t)((o.deflate ? 0xc0 : 0x80) | (o.binary ? 2 : 1)), n);
    seq_at = pre;
    for (size_t i = 0; i < n; i++)
        frame[body_at + i] = body[i] ^ mask[i & 3];
    frame_len = body_at + n;
    for (int i = 1; i < o.depth; i++) /* so that one send() may carry many */
        memcpy(frame + frame_len * (size_t)i, frame, frame_len);
}

static void
send_small(struct conn *c, const void *data, size_t len)
{
    struct pollfd pf = { .fd = c->fd, .events = POLLOUT };
    for (ssize_t r; len; data = (const char *)data + r, len -= (size_t)r) {
        while ((r = send(c->fd, data, len, MSG_NOSIGNAL)) < 0 &&
                errno == EAGAIN)
            poll(&pf, 1, 1000); /* a few bytes, so waiting is rare */
        if (r < 0)
            return; /* the read side will see the end */
    }
}

static void
send_frame(struct conn *c, uint8_t op, const void *data, size_t n)
{
    uint8_t f[14 + 4096];
    if (n > 4096)
        errx(1, "message too long");
    size_t h = put_head(f, 0x80 | op, n);
    for (size_t i = 0; i < n; i++)
        f[h + i] = ((const uint8_t *)data)[i] ^ mask[i & 3];
    send_small(c, f, h + n);
}

/* --- connections --- */

static void
conn_close(struct conn *c, bool expected)
{
    if (c->state == CLOSED)
        return;
    if (!expected)
        *(c->state >= OPEN ? &lost : &failed) += 1;
    if (o.abort_close) {
        struct linger l = { 1, 0 };
        setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
    }
    close(c->fd);
    c->state = CLOSED;
    c->carry_len = 0;
}

static void
watch(struct conn *c, int op, uint32_t ev)
{
    struct epoll_event e = { .events = ev, .data.u32 = (uint32_t)(c - conns) };
    if (epoll_ctl(ep, op, c->fd, &e))
        err(1, "epoll_ctl");
}

static void
conn_start(struct conn *c)
{
    struct sockaddr_in a = { .sin_family = AF_INET };
    int one = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        err(1, "socket");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (o.sources > 0) { /* 127.0.1.1, 127.0.1.2, ... */
        a.sin_addr.s_addr =
                htonl(0x7f000101u + next_slot++ % (unsigned)o.sources);
        setsockopt(
                c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
        if (bind(c->fd, (struct sockaddr *)&a, sizeof a))
            err(1, "bind");
    }
    a.sin_port = htons((uint16_t)o.port);
    if (inet_pton(AF_INET, o.host, &a.sin_addr) != 1)
        errx(1, "address %s", o.host);
    c->opened_at = now_ns();
    c->state = CONNECTING;
    started++;
    if (connect(c->fd, (struct sockaddr *)&a, sizeof a) &&
            errno != EINPROGRESS) {
        conn_close(c, false);
        return;
    }
    watch(c, EPOLL_CTL_ADD, EPOLLOUT);
}

static void
send_head(struct conn *c)
{
    char req[2048], browser[1024] = "";
    if (o.browser)
        snprintf(browser, sizeof browser, browser_fields, o.host, o.port);
    int n = snprintf(req, sizeof req,
            "GET %s HTTP/1.1\r\nHost: %s:%d\r\nUpgrade: "
            "websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: " WS_KEY
            "\r\nSec-WebSocket-Version: 13\r\n%s%s%s%s%s%s%s%s\r\n",
            c->publisher && o.pub_path ? o.pub_path : o.path, o.host, o.port,
            o.protocol ? "Sec-WebSocket-Protocol: " : "",
            o.protocol ? o.protocol : "", o.protocol ? "\r\n" : "",
            o.origin ? "Origin: " : "", o.origin ? o.origin : "",
            o.origin ? "\r\n" : "",
            o.deflate ? "Sec-WebSocket-Extensions: permessage-deflate; "
                        "client_no_context_takeover\r\n"
                      : "",
            browser);
    send_small(c, req, (size_t)n);
}

static void
on_connected(struct conn *c)
{
    int err = 0;
    socklen_t l = sizeof err;
    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &l);
    if (err) {
        conn_close(c, false);
        return;
    }
    watch(c, EPOLL_CTL_MOD, EPOLLIN);
    if (c->publisher && o.http_pub) {
        c->state = HTTP;
        opened++;
        return;
    }
    c->state = HANDSHAKE;
    send_head(c);
}

static void
echo_flush(struct conn *c)
{
    while (c->owed) {
        size_t len = c->owed * frame_len - c->off;
        ssize_t r = send(c->fd, frame + c->off, len, MSG_NOSIGNAL);
        if (r < 0 && errno == EAGAIN && !c->want_write)
            watch(c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
        if (r < 0) {
            c->want_write = true;
            return; /* another error: the read side will see it */
        }
        c->off += (uint32_t)r;
        c->owed -= c->off / (uint32_t)frame_len;
        c->off %= (uint32_t)frame_len;
    }
    if (c->want_write)
        watch(c, EPOLL_CTL_MOD, EPOLLIN);
    c->want_write = false;
}

static void
echo_more(struct conn *c, unsigned k)
{
    uint64_t t = now_ns();
    for (unsigned i = 0; i < k; i++) /* the k oldest were just answered */
        c->ts[(c->ts_head + (unsigned)o.depth - k + i) % (unsigned)o.depth] = t;
    c->owed += k;
    echo_flush(c);
}

/* --- fanout --- */

static void
publish(uint64_t intended)
{
    struct conn *p = &conns[o.conns];
    char hex[17];
    uint64_t seq = ++pub_seq;
    struct pub *m = &ring[seq % RING];
    *m = (struct pub){ .seq = seq, .at = intended, .counted = measuring };
    snprintf(hex, sizeof hex, "#%015llx", (unsigned long long)seq);
    if (o.http_pub) {
        char head[1024];
        memcpy(payload + seq_at, hex, 16);
        int n = snprintf(head, sizeof head,
                "POST %s HTTP/1.1\r\nHost: %s:%d\r\nContent-Length: "
                "%zu\r\n\r\n",
                o.pub_path ? o.pub_path : o.path, o.host, o.port, payload_len);
        memcpy(rbuf, head,
                (size_t)n); /* rbuf is free here; keeps it one send() */
        memcpy(rbuf + n, payload, payload_len);
        send_small(p, rbuf, (size_t)n + payload_len);
        p->busy = true;
    } else {
        if (!o.deflate)
            for (unsigned i = 0; i < 16; i++)
                frame[body_at + seq_at + i] =
                        (uint8_t)hex[i] ^ mask[(seq_at + i) & 3];
        send_small(p, frame, frame_len);
    }
    n_published += measuring;
}

/* A POST waits for the answer to the one before. */
static bool
may_publish(void)
{
    return !o.http_pub ||
           (conns[o.conns].state == HTTP && !conns[o.conns].busy);
}

/* Publishes what is due; returns how long epoll may sleep, in ns. */
static int64_t
publish_due(void)
{
    if (o.rate > 0) {
        uint64_t t = now_ns(), step = (uint64_t)(1e9 / o.rate);
        while (next_pub <= t && pub_seq - done_seq < RING - 1 &&
                may_publish()) {
            publish(next_pub);
            next_pub += step;
        }
        return next_pub > t ? (int64_t)(next_pub - t) : 0;
    }
    while (pub_seq - done_seq < (unsigned)o.window && may_publish())
        publish(now_ns());
    return 100000000;
}

static void
delivered(struct conn *c, const uint8_t *data, size_t len)
{
    uint64_t seq = 0, t = now_ns();
    if (o.deflate) {
        seq = ++c->opened_at; /* cannot be read, so: the order */
    } else {
        const uint8_t *p = memchr(data, '#', len);
        if (!p || (size_t)(data + len - p) < 16)
            return; /* an acknowledgement or the like */
        for (int i = 1; i < 16; i++)
            seq = seq << 4 |
                  (uint64_t)(p[i] <= '9' ? p[i] - '0' : (p[i] & 0xf) + 9);
    }
    struct pub *m = &ring[seq % RING];
    if (m->seq != seq || (c->got != 0 && seq != c->got + 1)) {
        n_bad++; /* not published, or not in order */
        return;
    }
    c->got = seq;
    n_msgs += measuring;
    if (m->counted)
        hist_add(&lat_all, t - m->at);
    if (++m->got == (unsigned)o.conns) {
        if (m->counted) {
            hist_add(&lat, t - m->at);
            n_completed++;
        }
        while (done_seq < pub_seq &&
                ring[(done_seq + 1) % RING].got >= (unsigned)o.conns)
            done_seq++;
    }
}

/* --- listen --- */

#define KINDS 64
static struct kind {
    uint8_t *text;
    size_t len;
    uint64_t n;
} kinds[KINDS];
static unsigned n_kinds, n_done;

static void
heard(struct conn *c, const uint8_t *data, size_t len)
{
    unsigned i = 0;
    n_msgs++;
    n_done += ++c->got == (uint64_t)o.count;
    while (i < n_kinds &&
            (kinds[i].len != len || memcmp(kinds[i].text, data, len)))
        i++;
    if (i == KINDS)
        errx(1, "more than %d different messages", KINDS);
    if (i == n_kinds) {
        kinds[n_kinds++] =
                (struct kind){ memcpy(need(malloc(len + 1)), data, len), len,
                    0 };
    }
    if (++kinds[i].n == (uint64_t)o.conns) {
        printf("{\"everywhere\":\"%.*s\"}\n", (int)len,
                (const char *)kinds[i].text);
        fflush(stdout);
    }
}

static void
print_heard(void)
{
    uint64_t least = UINT64_MAX, most = 0;
    for (int i = 0; i < o.conns; i++) {
        least = conns[i].got < least ? conns[i].got : least;
        most = conns[i].got > most ? conns[i].got : most;
    }
    printf(",\"least\":%llu,\"most\":%llu,\"counts\":[",
            (unsigned long long)least, (unsigned long long)most);
    for (unsigned i = 0; i < n_kinds; i++)
        printf("%s%llu", i ? "," : "", (unsigned long long)kinds[i].n);
    printf("]");
}

/* --- reading --- */

/* Takes whole frames from p; returns the bytes used, or -1 once closed. */
static ssize_t
take_frames(struct conn *c, uint8_t *p, size_t len)
{
    size_t at = 0;
    unsigned echoed = 0;
    while (len - at >= 2) {
        uint8_t *f = p + at;
        size_t n = f[1] & 0x7f, h = n < 126 ? 2 : n == 126 ? 4 : 10;
        if (len - at < h)
            break;
        if (h > 2) {
            n = 0;
            for (size_t i = 2; i < h; i++)
                n = n << 8 | f[i];
        }
        if (f[1] & 0x80 || n > 1u << 26) {
            n_bad++;
            conn_close(c, false);
            return -1;
        }
        if (len - at < h + n)
            break;
        uint8_t op = f[0] & 0xf;
        at += h + n;
        if (op == 8) {
            conn_close(c, o.mode == CHURN);
            return -1;
        }
        if (op == 9) { /* a ping: the pong must say the same */
            send_frame(c, 10, f + h, n);
        } else if (op <= 2 && o.mode == ECHO_MODE) {
            if (!o.deflate && (n != payload_len || memcmp(f + h, payload, n)))
                n_bad++;
            if (measuring) {
                n_msgs++;
                n_rx_bytes += h + n;
                hist_add(&lat, now_ns() - c->ts[c->ts_head]);
            }
            c->ts_head = (c->ts_head + 1) % (unsigned)o.depth;
            echoed++;
        } else if (op <= 2 && o.mode == FANOUT && !c->publisher) {
            if (measuring)
                n_rx_bytes += h + n;
            delivered(c, f + h, n);
        } else if (op <= 2 && o.mode == LISTEN) {
            heard(c, f + h, n);
        }
    }
    if (echoed)
        echo_more(c, echoed);
    return c->state == CLOSED ? -1 : (ssize_t)at;
}

static ssize_t
take_head(struct conn *c, uint8_t *p, size_t len)
{
    uint8_t *end = memmem(p, len, "\r\n\r\n", 4);
    if (!end)
        return 0;
    if (len < 12 || memcmp(p, "HTTP/1.1 101", 12) ||
            !memmem(p, len, WS_ACCEPT, strlen(WS_ACCEPT))) {
        if (!failed)
            warnx("refused: %.*s", (int)(end - p), (char *)p);
        conn_close(c, false);
        return -1;
    }
    if (o.deflate && !memmem(p, (size_t)(end - p), "permessage-deflate", 18))
        errx(1, "the server did not agree to permessage-deflate");
    c->state = OPEN;
    opened++;
    if (measuring) { /* only in churn are there new ones then */
        n_upgrades++;
        hist_add(&lat, now_ns() - c->opened_at);
    }
    c->opened_at = 0;
    if (o.mode == CHURN && !o.abort_close)
        send_frame(c, 8, "\x03\xe8", 2);
    if (o.mode == CHURN && o.abort_close) {
        conn_close(c, true);
        return -1;
    }
    if (o.sub_msg && !c->publisher)
        send_frame(c, 1, o.sub_msg, strlen(o.sub_msg));
    return end + 4 - p;
}

/* The answer to a POST; the next one goes by a new connection where the server
 * says so. */
static void
take_answer(struct conn *c, size_t len)
{
    if (len < 12 || memcmp(rbuf, "HTTP/1.1 2", 10))
        n_bad++;
    c->busy = memmem(rbuf, len, "Connection: close", 17) != NULL;
}

static void
publisher_again(struct conn *c)
{
    conn_close(c, true);
    c->busy = false;
    conn_start(c);
}

static void
on_readable(struct conn *c)
{
    ssize_t r = recv(c->fd, rbuf, sizeof rbuf, 0);
    if (c->state == HTTP) {
        if (r > 0)
            take_answer(c, (size_t)r);
        else if (r == 0)
            publisher_again(c);
        else if (errno != EAGAIN && errno != EINTR)
            conn_close(c, false);
        return;
    }
    if (r <= 0) {
        if (r == 0 || (errno != EAGAIN && errno != EINTR))
            conn_close(c, o.mode == CHURN && c->state == OPEN);
        return;
    }
    uint8_t *p = rbuf;
    size_t len = (size_t)r;
    if (c->carry_len || c->state == HANDSHAKE) {
        if (c->carry_len + len > c->carry_cap) {
            c->carry_cap = (uint32_t)(c->carry_len + len);
            c->carry = need(realloc(c->carry, c->carry_cap));
        }
        memcpy(c->carry + c->carry_len, p, len);
        c->carry_len += (uint32_t)len;
        p = c->carry;
        len = c->carry_len;
    }
    ssize_t used = 0, u;
    if (c->state == HANDSHAKE) {
        used = take_head(c, p, len);
        if (used < 0)
            return;
    }
    if (c->state == OPEN) {
        if ((u = take_frames(c, p + used, len - (size_t)used)) < 0)
            return;
        used += u;
    }
    len -= (size_t)used;
    if (len && len > c->carry_cap) { /* p is in rbuf here */
        c->carry = need(realloc(c->carry, len));
        c->carry_cap = (uint32_t)len;
    }
    if (len)
        memmove(c->carry, p + used, len);
    else if (c->carry) {
        free(c->carry);
        c->carry = NULL;
        c->carry_cap = 0;
    }
    c->carry_len = (uint32_t)len;
}

static void
turn(int64_t sleep_ns)
{
    struct epoll_event ev[512];
    struct timespec ts = { sleep_ns / 1000000000, sleep_ns % 1000000000 };
    int n = epoll_pwait2(ep, ev, 512, &ts, NULL);
    if (n < 0 && errno != EINTR)
        err(1, "epoll_pwait2");
    for (int i = 0; i < n; i++) {
        struct conn *c = &conns[ev[i].data.u32];
        if (c->state == CLOSED)
            continue;
        if (c->state == CONNECTING)
            on_connected(c);
        else if (ev[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
            on_readable(c);
        if (ev[i].events & EPOLLOUT && c->state == OPEN && o.mode == ECHO_MODE)
            echo_flush(c);
    }
}

/* --- the runs --- */

static void
open_all(unsigned total)
{
    uint64_t limit = now_ns() + 120000000000u;
    while (opened + failed < total) {
        while (started < total &&
                started - opened - failed < (unsigned)o.inflight)
            conn_start(&conns[started]);
        turn(100000000);
        if (now_ns() > limit || failed > 100)
            break;
    }
    if (failed || opened < total)
        errx(1, "%s: %u of %u connections opened, %u failed", o.label, opened,
                total, failed);
}

static volatile sig_atomic_t terminated;

static void
on_terminate(int signal_number)
{
    (void)signal_number;
    terminated = 1;
}

static bool
has_enough(void)
{
    if (terminated)
        return true;
    if (o.mode == LISTEN)
        return o.count > 0 && n_done == (unsigned)o.conns;
    return o.count > 0 &&
           (o.mode == CHURN ? n_upgrades : n_msgs) >= (uint64_t)o.count;
}

static void
run_for(double seconds)
{
    uint64_t t = now_ns(), end = t + (uint64_t)(seconds * 1e9);
    for (; t < end && !has_enough(); t = now_ns()) {
        int64_t left = (int64_t)(end - t),
                due = o.mode == FANOUT ? publish_due() : left;
        for (int i = 0; i < o.conns && o.mode == CHURN; i++)
            if (conns[i].state == CLOSED)
                conn_start(&conns[i]);
        turn(due < left ? due : left);
    }
}

/* What was published must arrive everywhere. */
static void
drain(void)
{
    uint64_t end = now_ns() + 10000000000u;
    while (done_seq < pub_seq && now_ns() < end)
        turn(100000000);
    if (done_seq == pub_seq)
        return;
    n_bad += pub_seq - done_seq;
    for (int i = 0; i < o.conns; i++)
        if (conns[i].got != pub_seq)
            warnx("connection %d has message %llu of %llu", i,
                    (unsigned long long)conns[i].got,
                    (unsigned long long)pub_seq);
}

static void
usage(void)
{
    fputs("load [options] echo|fanout|idle|churn|listen\n"
          " -h HOST -P PORT -u PATH   where (127.0.0.1 9001 /)     -c N   "
          "connections (100)\n"
          " -s BYTES  message size (64)                         -d N   echo: "
          "outstanding each (1)\n"
          " -t SEC -w SEC  measured time (5), warm-up (1)       -p PID[,PID]  "
          "the server, for CPU and memory\n"
          " -m TEXT   fanout: subscribers send this first       -U PATH  "
          "fanout: the publisher's path\n"
          " -H        fanout: publish by HTTP POST              -r N   fanout: "
          "messages a second (0: by window)\n"
          " -W N      fanout: messages not yet everywhere (1)   -a TEXT -z "
          "TEXT  before and after each message\n"
          " -b        binary messages                           -Z     "
          "permessage-deflate\n"
          " -S N      source addresses 127.0.1.1.. (as needed)  -k N   "
          "connections in the making (128)\n"
          " -R        close with RST                            -g NAME  "
          "Sec-WebSocket-Protocol\n"
          " -O ORIGIN                                           -l TEXT  label "
          "for the JSON\n"
          " -n N      stop after so many messages, listen: each -B       a "
          "browser's handshake\n",
            stderr);
    exit(2);
}

int
main(int argc, char **argv)
{
    static const char *names[] = { "echo", "fanout", "idle", "churn",
        "listen" };
    static const struct {
        char ch, kind;
        void *to;
    } opts[] = {
        { 'h', 's', &o.host },
        { 'P', 'i', &o.port },
        { 'u', 's', &o.path },
        { 'c', 'i', &o.conns },
        { 's', 'i', &o.size },
        { 'd', 'i', &o.depth },
        { 't', 'f', &o.seconds },
        { 'w', 'f', &o.warmup },
        { 'p', 's', &o.pids },
        { 'm', 's', &o.sub_msg },
        { 'U', 's', &o.pub_path },
        { 'H', 'b', &o.http_pub },
        { 'r', 'f', &o.rate },
        { 'W', 'i', &o.window },
        { 'a', 's', &o.prefix },
        { 'z', 's', &o.suffix },
        { 'b', 'b', &o.binary },
        { 'Z', 'b', &o.deflate },
        { 'S', 'i', &o.sources },
        { 'k', 'i', &o.inflight },
        { 'R', 'b', &o.abort_close },
        { 'g', 's', &o.protocol },
        { 'l', 's', &o.label },
        { 'O', 's', &o.origin },
        { 'n', 'i', &o.count },
        { 'B', 'b', &o.browser },
    };
    for (int ch; (ch = getopt(argc, argv,
                          "h:P:u:c:s:d:t:w:p:m:U:Hr:W:a:z:bZS:k:Rg:l:O:n:B")) !=
                 -1;) {
        size_t i = 0;
        while (i < sizeof opts / sizeof *opts && opts[i].ch != ch)
            i++;
        if (i == sizeof opts / sizeof *opts)
            usage();
        switch (opts[i].kind) {
        case 's':
            *(const char **)opts[i].to = optarg;
            break;
        case 'i':
            *(int *)opts[i].to = atoi(optarg);
            break;
        case 'f':
            *(double *)opts[i].to = atof(optarg);
            break;
        default:
            *(bool *)opts[i].to = true;
        }
    }
    int mode = -1;
    for (int i = 0; i < 5 && optind < argc; i++)
        if (!strcmp(argv[optind], names[i]))
            mode = i;
    if (mode < 0 || o.conns < 1 || o.depth < 1 || o.size < 1 || o.window < 1 ||
            o.window >= (int)RING ||
            (mode == FANOUT &&
                    (o.size < 16 || (size_t)o.size > sizeof rbuf / 2)))
        usage();
    o.mode = (enum mode)mode;
    char me[16];
    snprintf(me, sizeof me, "%d", getpid());
    signal(SIGPIPE, SIG_IGN);
    if (mode == LISTEN)
        signal(SIGTERM, on_terminate);
    struct rlimit rl;
    getrlimit(RLIMIT_NOFILE, &rl);
    rl.rlim_cur = rl.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &rl) || rl.rlim_cur < (rlim_t)o.conns + 64)
        errx(1, "%d descriptors are allowed", (int)rl.rlim_cur);
    if (!o.sources)
        o.sources = mode == CHURN          ? 20
                    : o.conns > PER_SOURCE ? o.conns / PER_SOURCE + 1
                                           : 0;
    if ((ep = epoll_create1(EPOLL_CLOEXEC)) < 0)
        err(1, "epoll_create1");
    uint64_t seed = now_ns() * 0x9e3779b97f4a7c15u | 0x01010101u;
    memcpy(mask, &seed, 4);
    conns = need(calloc((size_t)o.conns + 1, sizeof *conns));
    if (mode == ECHO_MODE)
        for (int i = 0; i < o.conns; i++)
            conns[i].ts = need(calloc((size_t)o.depth, sizeof(uint64_t)));
    conns[o.conns].publisher = true;
    make_frame();

    struct usage before = usage_of(o.pids);
    long slab0 = file_number("/proc/meminfo", "Slab:"),
         tcp0 = file_number("/proc/net/sockstat", "mem ");
    uint64_t t0 = now_ns();
    if (mode != CHURN)
        open_all((unsigned)o.conns + (mode == FANOUT));
    double open_s = (double)(now_ns() - t0) / 1e9;
    next_pub = now_ns() + (mode == FANOUT ? 200000000u : 0);
    if (mode == FANOUT) { /* let subscriptions settle */
        o.mode = IDLE;
        run_for(0.2);
        o.mode = FANOUT;
    }
    if (mode == ECHO_MODE)
        for (int i = 0; i < o.conns; i++)
            echo_more(&conns[i], (unsigned)o.depth);
    run_for(o.warmup);

    measuring = true;
    struct usage a = usage_of(o.pids);
    double c0 = usage_of(me).run;
    uint64_t m0 = now_ns();
    run_for(o.seconds);
    measuring = false;
    struct usage b = usage_of(o.pids);
    double c1 = usage_of(me).run, s = (double)(now_ns() - m0) / 1e9;
    if (mode == FANOUT)
        drain();
    uint64_t n = mode == CHURN ? n_upgrades : n_msgs;

    printf("{\"label\":\"%s\",\"mode\":\"%s\",\"conns\":%d,\"size\":%d,"
           "\"seconds\":%.3f,\"open_s\":%.3f",
            o.label, names[mode], o.conns, o.size, s, open_s);
    if (mode == ECHO_MODE)
        printf(",\"depth\":%d", o.depth);
    if (mode == FANOUT)
        printf(",\"rate\":%g,\"window\":%d,\"published\":%llu,\"completed\":%"
               "llu",
                o.rate, o.window, (unsigned long long)n_published,
                (unsigned long long)n_completed);
    if (mode == LISTEN)
        print_heard();
    if (mode != IDLE) {
        printf(",\"n\":%llu,\"per_s\":%.0f,\"p50_us\":%.1f,\"p99_us\":%.1f,"
               "\"p999_us\":%.1f,\"max_us\":%.1f",
                (unsigned long long)n, (double)n / s, hist_us(&lat, .5),
                hist_us(&lat, .99), hist_us(&lat, .999), (double)lat.max / 1e3);
        if (mode == FANOUT)
            printf(",\"each_p50_us\":%.1f,\"each_p99_us\":%.1f",
                    hist_us(&lat_all, .5), hist_us(&lat_all, .99));
        if (mode != CHURN)
            printf(",\"rx_bytes_per_msg\":%.1f",
                    n ? (double)n_rx_bytes / (double)n : 0);
        printf(",\"client_cpu\":%.3f,\"client_us_per\":%.3f", (c1 - c0) / s,
                n ? (c1 - c0) * 1e6 / (double)n : 0);
        if (o.pids)
            printf(",\"server_cpu\":%.3f,\"server_us_per\":%.3f",
                    (b.run - a.run) / s,
                    n ? (b.run - a.run) * 1e6 / (double)n : 0);
    }
    if (o.pids)
        printf(",\"rss_before_kb\":%ld,\"rss_kb\":%ld,\"pss_before_kb\":%ld,"
               "\"pss_kb\":%ld,\"rss_per_conn\":%.0f",
                before.rss_kb, b.rss_kb, before.pss_kb, b.pss_kb,
                (double)(b.rss_kb - before.rss_kb) * 1024 / o.conns);
    if (mode == IDLE) /* both ends of each connection are here */
        printf(",\"slab_per_conn\":%.0f,\"tcp_mem_per_conn\":%.0f,\"idle_"
               "server_cpu\":%.4f",
                (double)(file_number("/proc/meminfo", "Slab:") - slab0) * 1024 /
                        o.conns,
                (double)(file_number("/proc/net/sockstat", "mem ") - tcp0) *
                        4096 / o.conns,
                o.pids ? (b.run - a.run) / s : 0);
    printf(",\"failed\":%u,\"lost\":%u,\"bad\":%llu}\n", failed, lost,
            (unsigned long long)n_bad);
    return failed || lost || n_bad ? 1 : 0;
}
