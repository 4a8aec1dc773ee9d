/* SPDX-License-Identifier: BSD-2-Clause */
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/knock.h"
#include "agent/master.h"
#include "model/clock.h"

/* How long an answer is awaited before it is asked again. */
#define PATIENCE_NS (10 * CLOCK_NS_PER_S)

/*
 * RFC 2741 section 6.1: version 1, a Ping, in network byte order; of session 0,
 * which nobody has, transaction 0, packet 1; no payload.
 */
static const unsigned char question[20] = { 1, 13, 0x10, [15] = 1 };

struct knock {
    int fd; /* where an answer is awaited; -1: nowhere */
    int64_t since_ns;
    bool answered; /* and not taken yet */
    bool refused;  /* it hung up on the last question */
};

static void stop(struct knock *knock)
{
    if (knock->fd >= 0) {
        unregister_readfd(knock->fd);
        close(knock->fd);
        knock->fd = -1;
    }
}

/* Whatever it is: the next one who speaks with the master looks at what it says. */
static void on_readable(int fd, void *argument)
{
    struct knock *knock = argument;
    char answer;
    ssize_t length = recv(fd, &answer, sizeof(answer), 0);

    if (length < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    stop(knock);
    knock->answered = length > 0;
    knock->refused = length <= 0;
}

struct knock *knock_new(void)
{
    struct knock *knock = calloc(1, sizeof(*knock));

    if (knock != NULL) {
        knock->fd = -1;
    }
    return knock;
}

void knock_free(struct knock *knock)
{
    if (knock != NULL) {
        stop(knock);
        free(knock);
    }
}

static bool ask(struct knock *knock, struct error *error)
{
    bool refused = knock->refused;
    int fd = master_connect();

    knock->refused = false;
    if (fd < 0) {
        master_explain_absence(error);
        return false;
    }
    if (send(fd, question, sizeof(question), MSG_NOSIGNAL) != (ssize_t)sizeof(question)
        || register_readfd(fd, on_readable, knock) != FD_REGISTERED_OK) {
        close(fd);
        master_explain_refusal(error);
        return false;
    }
    knock->fd = fd;
    knock->since_ns = clock_boot_ns();
    if (refused) {
        master_explain_refusal(error);
        return false;
    }
    return true;
}

bool knock_try(struct knock *knock, struct error *error)
{
    if (master_unix_path(master_address()) == NULL) {
        knock->answered = true;
        return true;
    }
    if (knock->fd < 0) {
        return ask(knock, error);
    }
    if (clock_boot_ns() - knock->since_ns >= PATIENCE_NS) {
        stop(knock);
    }
    master_explain_silence(error);
    return false;
}

bool knock_take_answer(struct knock *knock)
{
    bool answered = knock->answered;

    knock->answered = false;
    return answered;
}
