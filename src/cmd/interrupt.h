/* Ctrl-C while children run: they are stopped, what is temporary goes, and the shell hears of it.
 */
#ifndef MTLS_CMD_INTERRUPT_H
#define MTLS_CMD_INTERRUPT_H

/* From now on SIGINT, SIGTERM and SIGHUP make whoever waits for a process give up. */
void interrupt_catch(void);
/* Ends as the signal would have, if one came: call it when everything is cleared away. */
void interrupt_end(void);

#endif
