/* SPDX-License-Identifier: BSD-2-Clause */
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "agent/agentx_probe.h"
#include "model/clock.h"

/* RFC 2741 section 6.1: the header. */
#define HEADER_SIZE 20
#define VERSION 1
#define NETWORK_BYTE_ORDER 0x10

/* Section 6.1, h.type, and 6.2.2, c.reason. */
#define TYPE_OPEN 1
#define TYPE_CLOSE 2
#define TYPE_RESPONSE 18
#define REASON_SHUTDOWN 5

/* Section 6.2.16: sysUpTime, error and index, before any varbinds. */
#define RESPONSE_SIZE 8

/* Most octets of a payload that is read: the rest of a master's answer. */
#define PAYLOAD_MAX 4096

/* Of a response. */
struct answer {
    uint32_t session;
    uint16_t error;
};

static void on_alarm(int number)
{
    (void)number;
}

/* As net-snmp connects, but a signal ends it when it takes too long. */
static netsnmp_transport *open_in_time(const char *address, int64_t patience_ns)
{
    const struct sigaction interrupt = { .sa_handler = on_alarm };
    const struct itimerval timer = {
        /* Once more, should it come before anything waits. */
        .it_interval = { .tv_usec = 100000 },
        .it_value = { .tv_sec = (time_t)(patience_ns / CLOCK_NS_PER_S),
                      .tv_usec = (suseconds_t)(patience_ns % CLOCK_NS_PER_S / 1000) },
    };
    const struct itimerval off = { .it_value = { .tv_sec = 0 } };
    struct sigaction before;
    netsnmp_transport *transport;

    sigaction(SIGALRM, &interrupt, &before);
    setitimer(ITIMER_REAL, &timer, NULL);
    transport = netsnmp_transport_open_client("agentx", address);
    setitimer(ITIMER_REAL, &off, NULL);
    sigaction(SIGALRM, &before, NULL);
    return transport;
}

/* Waits for exactly so many octets. */
static enum status receive(int fd, unsigned char *octets, size_t size, int64_t end_ns,
                           struct error *error)
{
    size_t used = 0;

    while (used < size) {
        int64_t left_ns = end_ns - clock_boot_ns();
        struct pollfd wait = { .fd = fd, .events = POLLIN };
        ssize_t got;

        if (left_ns <= 0 || poll(&wait, 1, (int)(left_ns / CLOCK_NS_PER_MS) + 1) == 0) {
            return error_set(error, STATUS_TIMEOUT,
                             "it takes the connection, and does not answer");
        }
        got = recv(fd, octets + used, size - used, MSG_DONTWAIT);
        if (got == 0) {
            return error_set(error, STATUS_FAILED,
                             "it closes the connection without an answer");
        }
        if (got < 0 && errno != EAGAIN && errno != EINTR) {
            return error_set(error, STATUS_FAILED, "%s", strerror(errno));
        }
        used += got < 0 ? 0 : (size_t)got;
    }
    return STATUS_OK;
}

static uint16_t get_16(const unsigned char *octets, unsigned char flags)
{
    bool network = (flags & NETWORK_BYTE_ORDER) != 0;

    return (uint16_t)((unsigned)octets[!network] << 8 | octets[network]);
}

static uint32_t get_32(const unsigned char *octets, unsigned char flags)
{
    uint32_t first = get_16(octets, flags);
    uint32_t second = get_16(octets + 2, flags);

    return (flags & NETWORK_BYTE_ORDER) != 0 ? first << 16 | second
                                             : second << 16 | first;
}

static enum status receive_answer(int fd, int64_t patience_ns,
                                  struct answer *ret_answer, struct error *error)
{
    int64_t end_ns = clock_boot_ns() + patience_ns;
    unsigned char header[HEADER_SIZE];
    unsigned char payload[PAYLOAD_MAX];
    enum status status = receive(fd, header, sizeof(header), end_ns, error);
    uint32_t size;

    if (status != STATUS_OK) {
        return status;
    }
    size = get_32(header + 16, header[2]);
    if (header[0] != VERSION || header[1] != TYPE_RESPONSE || size < RESPONSE_SIZE
        || size > sizeof(payload)) {
        return error_set(error, STATUS_FAILED, "what answers does not speak AgentX");
    }
    status = receive(fd, payload, size, end_ns, error);
    if (status == STATUS_OK) {
        ret_answer->session = get_32(header + 4, header[2]);
        ret_answer->error = get_16(payload + 4, header[2]);
    }
    return status;
}

static enum status send_pdu(int fd, unsigned char type, uint32_t session,
                            const void *payload, size_t size, struct error *error)
{
    unsigned char pdu[HEADER_SIZE + 64] = { VERSION, type, NETWORK_BYTE_ORDER };
    /* Session, transaction, packet, length of the payload. */
    const uint32_t ids[] = { htonl(session), 0, htonl(1), htonl((uint32_t)size) };

    memcpy(pdu + 4, ids, sizeof(ids));
    memcpy(pdu + HEADER_SIZE, payload, size);
    if (send(fd, pdu, HEADER_SIZE + size, MSG_NOSIGNAL | MSG_DONTWAIT)
        != (ssize_t)(HEADER_SIZE + size)) {
        return error_set(error, STATUS_FAILED, "%s", strerror(errno));
    }
    return STATUS_OK;
}

/* Section 6.2.1: o.timeout, o.id (null), o.descr. */
static enum status open_session(int fd, int64_t patience_ns, uint32_t *ret_session,
                                struct error *error)
{
    static const unsigned char payload[] = "\0\0\0\0" /* the master's own timeout */
                                           "\0\0\0\0" /* no identity */
                                           "\0\0\0\24hvagentx --diagnose\0";
    struct answer answer = { 0 };
    enum status status =
        send_pdu(fd, TYPE_OPEN, 0, payload, sizeof(payload) - 1, error);

    if (status == STATUS_OK) {
        status = receive_answer(fd, patience_ns, &answer, error);
    }
    if (status == STATUS_OK && answer.error != 0) {
        status =
            error_set(error, STATUS_FAILED, "it refuses the session (AgentX error %u)",
                      (unsigned)answer.error);
    }
    *ret_session = answer.session;
    return status;
}

enum status agentx_probe(const char *address, int64_t patience_ns, int64_t *ret_ns,
                         struct error *error)
{
    static const unsigned char reason[] = { REASON_SHUTDOWN, 0, 0, 0 };
    netsnmp_transport *transport = open_in_time(address, patience_ns);
    int64_t begun_ns = clock_boot_ns();
    struct answer answer;
    struct error ignored;
    uint32_t session;
    enum status status;

    if (transport == NULL) {
        return error_set(error, STATUS_UNAVAILABLE, "nobody takes the connection");
    }
    status = open_session(transport->sock, patience_ns, &session, error);
    *ret_ns = clock_boot_ns() - begun_ns;
    /* Once it is open, nothing is lost when its end is not heard. */
    if (status == STATUS_OK
        && send_pdu(transport->sock, TYPE_CLOSE, session, reason, sizeof(reason),
                    &ignored)
               == STATUS_OK) {
        (void)(receive_answer(transport->sock, patience_ns, &answer, &ignored)
               == STATUS_OK);
    }
    transport->f_close(transport);
    netsnmp_transport_free(transport);
    return status;
}
