/* Signals for the commands that run other processes. */
#include "cmd/interrupt.h"

#include "lab/lab.h"

static volatile sig_atomic_t caught;

static void on_signal(int number)
{
	caught = number;
	process_interrupted = 1;
}

void interrupt_catch(void)
{
	/* Not SA_RESTART: whoever waits must notice. */
	struct sigaction action = { .sa_handler = on_signal };
	sigemptyset(&action.sa_mask);
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		sigaction(numbers[i], &action, NULL);
}

void interrupt_end(void)
{
	if (!caught)
		return;
	signal(caught, SIG_DFL);
	raise(caught);
}
