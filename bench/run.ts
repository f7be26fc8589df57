/**
 * `npm run bench`: our server beside Debian's Postfix with Dovecot (LMTP, sdbox), and Postfix alone,
 * in one run on one machine. Rounds are interleaved, so that a slow minute of the machine meets
 * all of them; medians are reported, and ratios matter more than figures.
 *
 *   npm run bench -- [--quick] [--rounds 3] [--seconds 5] [--only 2k|50k|5m|relay|idle] [--json FILE]
 */

import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { measureIdle } from './idle.ts';
import type { IdleFigure } from './idle.ts';
import { runGenerator, runSmtpSource } from './load.ts';
import { cpuSeconds, median } from './measure.ts';
import { renderReport } from './report.ts';
import { domain, recipients, startSink, startSubject } from './subjects.ts';
import type { Subject, SubjectName } from './subjects.ts';

export interface Sample {
  /** `deliver` into mailboxes, or `relay` to a sink. */
  readonly task: 'deliver' | 'relay';
  readonly generator: 'own' | 'smtp-source';
  readonly subject: SubjectName;
  readonly size: number;
  readonly sessions: number;
  /** Until all has arrived where it should. */
  readonly messagesPerSecond: number;
  /** Until all was accepted. */
  readonly acceptedPerSecond: number;
  readonly cpuMsPerMessage: number;
  readonly answerMs: { readonly p50: number; readonly p99: number } | null;
}

export interface BenchResult {
  readonly machine: string;
  readonly command: string;
  readonly rounds: number;
  readonly samples: readonly Sample[];
  readonly idle: readonly IdleFigure[];
}

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    only: { type: 'string', multiple: true },
    subject: { type: 'string', multiple: true },
    json: { type: 'string' },
  },
});
const rounds = Number(options.rounds ?? (options.quick ? 1 : 3));
const seconds = Number(options.seconds ?? (options.quick ? 2 : 5));
const sizes = { '2k': 2048, '50k': 51_200, '5m': 5_242_880 } as const;
const wants = (part: string): boolean => options.only?.includes(part) ?? true;
const allSubjects: readonly SubjectName[] = ['merpati', 'postfix+dovecot', 'postfix'];
const subjects = allSubjects.filter((name) => options.subject?.includes(name) ?? true);

async function sample(
  subject: Subject,
  plan: Pick<Sample, 'task' | 'generator' | 'size' | 'sessions'>,
): Promise<Sample> {
  const { size, sessions } = plan;
  const target = { port: subject.port, sessions, size, from: 'load@generator.test' };
  const cpuBefore = cpuSeconds(subject.pids);
  const start = performance.now();
  let messages = 0;
  let acceptSeconds = 0;
  let answerMs: Sample['answerMs'] = null;
  if (plan.generator === 'own') {
    const result = await runGenerator({ ...target, to: recipients, perSession: 10, seconds });
    if (result.failures > 0) throw new Error(`${subject.name}: ${result.firstFailure}`);
    messages = result.messages;
    acceptSeconds = result.seconds;
    answerMs = { p50: result.answerMs.p50, p99: result.answerMs.p99 };
  } else {
    messages = (subject.name === 'merpati' ? 10_000 : 2000) / (size > 10_000 ? 2 : 1);
    acceptSeconds = await runSmtpSource({ ...target, messages, to: `user0@${domain}` });
  }
  await subject.drained();
  // Starting the generator is not the server's time: what follows the last 250 is.
  const drainSeconds = Math.max((performance.now() - start) / 1000 - acceptSeconds, 0);
  const waited =
    plan.generator === 'own' ? Math.max(drainSeconds - startUpSeconds, 0) : drainSeconds;
  return {
    ...plan,
    subject: subject.name,
    messagesPerSecond: messages / (acceptSeconds + waited),
    acceptedPerSecond: messages / acceptSeconds,
    cpuMsPerMessage: ((cpuSeconds(subject.pids) - cpuBefore) * 1000) / messages,
    answerMs,
  };
}
