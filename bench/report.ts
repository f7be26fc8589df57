/** Medians and ratios as Markdown tables. */

import { median } from './measure.ts';
import type { BenchResult, Sample } from './run.ts';
import type { SubjectName } from './subjects.ts';

interface Figure {
  readonly rate: number;
  readonly cpuMs: number;
  readonly p50: number | null;
  readonly p99: number | null;
}

function keyOf(sample: Sample): string {
  const unit =
    sample.size >= 1_000_000
      ? `${Math.round(sample.size / 1_048_576)} MB`
      : `${Math.round(sample.size / 1024)} KB`;
  const source = sample.generator === 'own' ? '' : ', smtp-source';
  return `${sample.task} ${unit}, ${sample.sessions} sessions${source}`;
}

function figure(samples: readonly Sample[]): Figure | null {
  if (samples.length === 0) return null;
  const answers = samples.map(({ answerMs }) => answerMs).filter((answer) => answer !== null);
  return {
    rate: median(samples.map((sample) => sample.messagesPerSecond)),
    cpuMs: median(samples.map((sample) => sample.cpuMsPerMessage)),
    p50: answers.length > 0 ? median(answers.map(({ p50 }) => p50)) : null,
    p99: answers.length > 0 ? median(answers.map(({ p99 }) => p99)) : null,
  };
}

export function renderReport(result: BenchResult): string {
  const lines = [
    `Machine: ${result.machine}. Command: \`${result.command}\`. Medians of ${result.rounds} rounds.`,
    '',
    '| what | Merpati msg/s | CPU | 250 after p50 / p99 | Postfix+Dovecot msg/s | CPU | Postfix alone msg/s | CPU | rate × | CPU ÷ |',
    '|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|',
  ];
  const groups = Map.groupBy(result.samples, keyOf);
  for (const [key, samples] of groups) {
    const of = (name: SubjectName): Figure | null =>
      figure(samples.filter(({ subject }) => subject === name));
    const ours = of('merpati');
    const both = of('postfix+dovecot');
    const alone = of('postfix');
    const peer = both ?? alone;
    lines.push(
      `| ${[
        key,
        rate(ours),
        cpu(ours),
        ours?.p50 == null || ours.p99 === null
          ? ''
          : `${digits(ours.p50)} / ${digits(ours.p99)} ms`,
        rate(both),
        cpu(both),
        rate(alone),
        cpu(alone),
        ours && peer ? digits(ours.rate / peer.rate) : '',
        ours && peer ? digits(peer.cpuMs / ours.cpuMs) : '',
      ].join(' | ')} |`,
    );
  }
  if (result.idle.length > 0) {
    lines.push('', '| idle connections | server | memory each |', '|---|---|---:|');
    for (const { protocol, subject, connections, bytesEach } of result.idle) {
      lines.push(
        `| ${connections} × ${protocol} | ${subject} | ${(bytesEach / 1024).toFixed(1)} KB |`,
      );
    }
  }
  return `${lines.join('\n')}\n`;
}

function rate(value: Figure | null): string {
  return value === null ? '' : digits(value.rate);
}

function cpu(value: Figure | null): string {
  return value === null ? '' : `${digits(value.cpuMs)} ms`;
}

/** Three significant digits: the machine is not steadier than that. */
function digits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
