"""Prometheus' text format 0.0.4, read strictly: read(text) is {(name, labels): value}, labels sorted pairs.

https://prometheus.io/docs/instrumenting/exposition_formats/ and what `promtool check metrics` adds: every
family has one HELP and one TYPE before its samples, which stand together, none twice; counters end in
_total; a histogram's buckets rise and end with +Inf, which is its count.
"""
import re
import urllib.request

NAME = r'[a-zA-Z_:][a-zA-Z0-9_:]*'
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"'
SAMPLE = re.compile(rf'({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (-?[0-9]+(?:\.[0-9]+)?|\+Inf|NaN)')


def read(text):
    assert text.endswith('\n') and '\r' not in text
    types, helps, found, family, closed = {}, {}, {}, None, set()
    for line in text[:-1].split('\n'):
        if line.startswith('#'):
            word, name, rest = re.fullmatch(rf'# (HELP|TYPE) ({NAME}) (.+)', line).groups()
            if word == 'HELP':
                assert name not in helps, f'two HELP lines of {name}'
                closed.add(family)
                helps[name], family = rest, name
            else:
                assert name == family and name not in types and rest in ('counter', 'gauge', 'histogram'), line
                types[name] = rest
            continue
        match = SAMPLE.fullmatch(line)
        assert match, f'no sample: {line!r}'
        name, labels, value = match[1], match[2] or '', float(match.groups()[-1])
        pairs = [(key, re.sub(r'\\(.)', lambda m: '\n' if m[1] == 'n' else m[1], text))
                 for key, text in re.findall(LABEL, labels)]
        assert len(dict(pairs)) == len(pairs), f'a label twice: {line}'
        base = re.sub('_(bucket|sum|count)$', '', name) if types.get(family) == 'histogram' else name
        assert base == family and family not in closed, f'{line} in the family {family}'
        assert (types[family] == 'counter') == name.endswith('_total'), line
        assert types[family] != 'counter' or value >= 0, line
        key = name, tuple(sorted(pairs))
        assert key not in found, f'twice: {line}'
        found[key] = value
    assert set(types) == set(helps)
    for name, kind in types.items():
        if kind == 'histogram':
            check_histogram(name, found)
    return found


def check_histogram(name, found):
    series = {}
    for (sample, labels), value in found.items():
        if sample == name + '_bucket':
            rest = tuple(pair for pair in labels if pair[0] != 'le')
            series.setdefault(rest, []).append((float(dict(labels)['le']), value))
    assert series, name
    for labels, buckets in series.items():
        assert buckets == sorted(buckets) and [count for _, count in buckets] == sorted(c for _, c in buckets), buckets
        assert buckets[-1] == (float('inf'), found[name + '_count', labels]), buckets
        assert found[name + '_sum', labels] >= 0


def scrape(url):
    with urllib.request.urlopen(url + '/metrics') as answer:
        assert answer.headers['Content-Type'] == 'text/plain; version=0.0.4; charset=utf-8'
        return read(answer.read().decode())


def total(found, name, **labels):
    """The sum of all series of that name that have these labels."""
    return sum(value for (sample, pairs), value in found.items()
               if sample == name and all((key, wanted) in pairs for key, wanted in labels.items()))
