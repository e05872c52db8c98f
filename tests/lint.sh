# What ./dev lint and ./dev check look at without running anything; sourced by ./dev.

lint_format() {
	find src tests -name '*.[ch]' -exec clang-format --dry-run --Werror {} +
}

# Every shell script of the tree, known by its first line.
shell_scripts() {
	find dev .ci tests bench man -type f ! -name '*.[ch]' -exec \
		awk 'FNR == 1 && /^#!\/bin\/sh/ { print FILENAME }' {} + 2>/dev/null
}

lint_shell() {
	# 1091, 2154, 2034: lib.sh is sourced by a path known at run time, sets variables and reads some.
	# 2164: lib.sh says set -e.
	# 2015: `test && ok || not_ok` is meant: ok does not fail.
	shell_scripts | xargs shellcheck -S warning -e SC1091,SC2154,SC2034,SC2015,SC2164,SC2238 &&
		shellcheck -S warning -s sh -e SC2034,SC2154 tests/lib.sh tests/check.sh tests/lint.sh
}

# $1: the folder of the built pages. Empty paragraphs are scdoc's way of writing; all else is ours.
lint_man() {
	complaints=$(find "$1" -name '*.[15]' -exec mandoc -T lint -W warning {} + |
		grep -v 'skipping paragraph macro' || :)
	[ -z "$complaints" ] || say "$complaints"
	[ -z "$complaints" ]
}

# $1: a configured build
lint_tidy() {
	find src -name '*.c' -print0 | xargs -0 -P "$(getconf _NPROCESSORS_ONLN)" -n 4 \
		clang-tidy --quiet -p "$1" --warnings-as-errors='*' 2>/dev/null
}
