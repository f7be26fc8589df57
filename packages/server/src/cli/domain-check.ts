/** What `merpati domain check` says: worst first within each group, differences by character. */

import type { CheckedSet, CheckState, DomainCheck } from '../domains/check.ts';
import type { Level } from '../domains/records.ts';
import { clean, cut, type Paint } from '../journey/screen.ts';
import { levelName, purposeName, reasonText } from './dns-words.ts';
import { say } from './language.ts';
import type { Output } from './output.ts';

/** Columns of what is right. */
const rightMax = 72;
const levels: readonly Level[] = ['must', 'should', 'may'];
const order: readonly CheckState[] = ['wrong', 'unknown', 'missing', 'spreading', 'works', 'right'];

export function showCheck(output: Output, check: DomainCheck, command: string): void {
  const { paint } = output;
  output.line(`${paint.bold(check.domain)}  ${paint.muted(servedBy(check))}`);
  for (const level of levels) {
    const group = check.sets
      .filter((one) => one.level === level)
      .toSorted((one, other) => order.indexOf(one.state) - order.indexOf(other.state));
    if (group.length === 0) continue;
    output.line(paint.bold(levelName(level)));
    for (const set of group) showSet(output, set);
  }
  output.line(summary(check, command));
}

function servedBy({ zone, sets }: DomainCheck): string {
  if (zone === null) {
    return say('no name servers are known for it', 'server namanya tidak diketahui');
  }
  const servers = new Set(sets.flatMap((set) => set.servers.map(({ server }) => server)));
  return say(`asked: ${[...servers].join(', ')}`, `ditanya: ${[...servers].join(', ')}`);
}

function showSet(output: Output, set: CheckedSet): void {
  const { paint } = output;
  const kind = purposeName[set.purpose].padEnd(10);
  const why = reasonText(set);
  // A key that is right is not read by anybody.
  const shown = set.state === 'right' ? cut(set.found.join(' · '), rightMax) : why;
  output.line(`  ${markOf(set, paint)} ${kind} ${set.name}  ${clean(shown)}`);
  if (set.state === 'right') return;
  const indent = ' '.repeat(15);
  if (set.difference !== null) {
    output.line(`${indent}${label('should', 'mestinya')} ${clean(set.difference.expected)}`);
    output.line(`${indent}${label('is', 'sekarang')} ${clean(set.difference.found)}`);
  } else {
    for (const text of set.expected) {
      output.line(`${indent}${label('should', 'mestinya')} ${clean(text)}`);
    }
    for (const text of set.found) output.line(`${indent}${label('is', 'sekarang')} ${clean(text)}`);
  }
  const states = new Set(set.servers.map(({ state }) => state));
  if (states.size > 1) output.line(`${indent}${paint.muted(servers(set))}`);
}

const label = (en: string, id: string): string => say(en, id).padEnd(8);

function servers({ servers: all }: CheckedSet): string {
  const marks = { right: '✓', works: '▲', wrong: '✕', missing: '✕' } as const;
  return all
    .map(({ server, state }) => `${server} ${state === null ? '?' : marks[state]}`)
    .join('  ');
}

function markOf({ state, level }: CheckedSet, paint: Paint): string {
  switch (state) {
    case 'right':
      return paint.ok('✓');
    case 'works':
      return paint.warn('▲');
    case 'spreading':
      return paint.warn('◑');
    case 'wrong':
      return paint.bad('✕');
    case 'missing':
      return level === 'must' ? paint.bad('✕') : paint.muted('○');
    case 'unknown':
      return paint.bad('?');
    default:
      return state satisfies never;
  }
}

function summary({ domain, problems }: DomainCheck, command: string): string {
  if (problems === 0) return say('All that must be there is there.', 'Semua yang wajib sudah ada.');
  return say(
    `${problems} to be mended; what must be there: ${command} domain dns ${domain}`,
    `${problems} perlu diperbaiki; yang diperlukan: ${command} domain dns ${domain}`,
  );
}
