# ./dev check, sourced by it: everything that proves the program. Each step says how it went, a
# failure shows its reason, and the last line is "N passed, N failed".
#
#	gcc        warnings as errors, then every suite: unit, e2e, interop, fuzz, house
#	clang      warnings as errors, then the unit tests
#	sanitizers address and undefined behaviour: unit tests, end-to-end tests, the fuzz corpora
#	valgrind   the end-to-end tests that ask for it: no invalid access, leak, or descriptor left open
#	callgrind  a full and a resumed handshake take no more instructions than they may
#	lint       clang-format, shellcheck, man pages

PASSED=0 FAILED=0 SKIPPED=0
CHECK=build-check
JOBS=$(getconf _NPROCESSORS_ONLN)

step() {
	say "== $*"
}

# once WHAT COMMAND...: a check that is one command; false when it failed
once() {
	what=$1
	shift
	if "$@"; then
		say "ok    $what"
		PASSED=$((PASSED + 1))
	else
		say "FAIL  $what"
		FAILED=$((FAILED + 1))
		return 1
	fi
}

# results FILE RESULT...: how many tests of meson's log ended so
results() {
	file=$1 sum=0
	shift
	for result in "$@"; do
		sum=$((sum + $(grep -c "\"result\": \"$result\"" "$file" || :)))
	done
	say "$sum"
}

# suites FOLDER NAME SUITE...: runs suites of a build and counts their tests
suites() {
	folder=$1 log=$2
	shift 2
	chosen=''
	for suite in "$@"; do
		chosen="$chosen --suite $suite"
	done
	# shellcheck disable=SC2086  # a list of words
	MTLS_CHECK=all meson test -C "$folder" --no-rebuild --print-errorlogs --num-processes "$((JOBS + 1))" \
		--logbase "$log" $chosen || :
	json=$folder/meson-logs/$log.json
	[ -s "$json" ] || : >"$json"
	good=$(results "$json" OK EXPECTEDFAIL)
	skipped=$(results "$json" SKIP)
	bad=$(($(wc -l <"$json") - good - skipped))
	# A run without a single test is not a success.
	[ "$((good + skipped))" -gt 0 ] || bad=$((bad + 1))
	PASSED=$((PASSED + good)) FAILED=$((FAILED + bad)) SKIPPED=$((SKIPPED + skipped))
}

check_gcc() {
	step "gcc, warnings as errors; all suites"
	CC=gcc once "build with gcc" build "$CHECK/gcc" -Dwerror=true || return 0
	suites "$CHECK/gcc" all unit e2e interop fuzz house browser
}

check_clang() {
	step "clang, warnings as errors; unit tests"
	CC=clang once "build with clang" build "$CHECK/clang" -Dwerror=true || return 0
	suites "$CHECK/clang" unit unit
}

check_sanitizers() {
	step "address and undefined-behaviour sanitizers; unit and end-to-end tests, fuzz corpora"
	CC=gcc once "build with sanitizers" build_sanitized "$CHECK/asan" || return 0
	suites "$CHECK/asan" sanitized unit e2e fuzz
}

check_valgrind() {
	step "valgrind; end-to-end tests"
	[ -x "$CHECK/gcc/mtls" ] || return 0
	rm -rf "$CHECK/valgrind"
	mkdir -p "$CHECK/valgrind/logs" "$CHECK/valgrind/results"
	# A test opts in: the program is fifty times slower there, so RSA keys and long tables stay out.
	grep -l '^# valgrind: yes' tests/e2e/[0-9]* | xargs -P "$JOBS" -I '{}' tests/valgrind '{}' "$CHECK"
	for result in "$CHECK"/valgrind/results/*; do
		read -r verdict name <"$result"
		case $verdict in
		ok) PASSED=$((PASSED + 1)) ;;
		*) FAILED=$((FAILED + 1)) ;;
		esac
		say "$verdict  $name under valgrind"
	done
}

# What a handshake costs, in a figure that no busy machine changes.
check_instructions() {
	step "callgrind; instructions of a handshake"
	[ -x "$CHECK/gcc/mtls" ] || return 0
	if ! command -v valgrind >/dev/null 2>&1; then
		say "skip  instructions of a handshake: valgrind is not installed"
		SKIPPED=$((SKIPPED + 1))
		return 0
	fi
	MTLS=$PWD/$CHECK/gcc/mtls once "instructions of a handshake" bench/instructions --quick --goals || :
}

check_lint() {
	step "lint"
	once "clang-format" lint_format || :
	once "shellcheck" lint_shell || :
	once "man pages" lint_man "$CHECK/gcc/man" || :
}

check_everything() {
	check_gcc
	check_clang
	check_sanitizers
	check_valgrind
	check_instructions
	check_lint
	[ "$SKIPPED" -eq 0 ] || say "$SKIPPED skipped; their reasons stand in $CHECK/*/meson-logs"
	say "$PASSED passed, $FAILED failed"
	[ "$FAILED" -eq 0 ]
}
