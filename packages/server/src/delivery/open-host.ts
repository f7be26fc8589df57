/**
 * From a host's name to a conversation that is ready for MAIL: addresses, connection, greeting,
 * EHLO, TLS as the policy has it, login where the route has credentials. Each step leaves its event
 * in the journey.
 */

import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { addressLiteral, linesBefore, SmtpClient } from '@merpati/client/smtp/client.ts';
import { SmtpFault } from '@merpati/client/smtp/fault.ts';
import type { SmtpTimeouts } from '@merpati/client/smtp/timeouts.ts';
import type { EventState, JourneyEvent, Stage } from '@merpati/store/journey.ts';
import type { Config, Route } from '../config/schema.ts';
import type { World } from '../world.ts';
import type { NextHost } from './find-route.ts';
import { findAddresses, type HostAddresses } from './host-addresses.ts';
import { race } from './race.ts';
import { SecureLine, unsafe } from './secure-line.ts';
import type { Session } from './session-pool.ts';
import type { TlsAccount } from './tls-outcome.ts';
import { policyReasons, type TlsPolicy } from './tls-policy.ts';
import { failure, replyFailure, type Failure, type Remote } from './verdict.ts';

export interface HostQuestion {
  readonly config: Config;
  readonly world: World;
  readonly host: NextHost;
  readonly route: Route | null;
  readonly policy: TlsPolicy;
  /** The addresses, where somebody had to ask for them before. */
  readonly found: HostAddresses | null;
  /** Whom to tell what became of TLS; null: nobody. */
  readonly account: TlsAccount | null;
  readonly key: string;
  readonly timeouts: Partial<SmtpTimeouts>;
  readonly signal: AbortSignal;
  /** Events go here as things happen. */
  readonly events: JourneyEvent[];
}

export type OpenedHost =
  | { readonly kind: 'open'; readonly session: Session }
  | {
      readonly kind: 'failed';
      readonly failure: Failure;
      /** `unreachable`: worth remembering; `loop`: no other host will do better. */
      readonly what: 'unreachable' | 'unwilling' | 'loop' | 'stopped';
    };

const failed = (
  what: 'unreachable' | 'unwilling' | 'loop' | 'stopped',
  why: Failure,
): OpenedHost => ({ kind: 'failed', failure: why, what });

export async function openHost(question: HostQuestion): Promise<OpenedHost> {
  const { world, host } = question;
  const found = question.found ?? (await findAddresses(world, host.name));
  if (found.kind === 'unknown') {
    tell(question, 'route', 'warn', 'dns.failed', { domain: host.name, reason: found.reason });
    const text = `the DNS gives no address of ${host.name}: ${found.reason}`;
    return failed('unwilling', failure('later', '4.4.3', text));
  }
  if (found.kind === 'none') {
    tell(question, 'route', 'warn', 'dns.host.missing', { host: host.name });
    // RFC 5321 §5.1: an MX host without an address is a fault of the domain, which we report as
    // final.
    const text = `the host ${host.name} has no address`;
    return failed('unwilling', failure('never', '5.4.4', text));
  }
  const connected = await connect(question, found.addresses);
  if ('kind' in connected) return connected;
  const first = await converse(question, connected);
  if (first.kind !== 'again-in-clear') return first;
  // RFC 7435 §4.1: encryption that does not work is no reason not to deliver.
  const again = await connect(question, [connected.address]);
  if ('kind' in again) return again;
  const second = await converse(
    { ...question, policy: { ...question.policy, mode: 'off' }, account: null },
    again,
  );
  return second.kind === 'again-in-clear' ? failed('unwilling', second.failure) : second;
}

interface Connected {
  readonly socket: Socket;
  readonly address: string;
}

async function connect(
  question: HostQuestion,
  addresses: readonly string[],
): Promise<Connected | OpenedHost> {
  const { host, signal } = question;
  const { socket, tries } = await race(question.world, addresses, { port: host.port, signal });
  for (const { address, error, durUs } of tries) {
    const args = { host: host.name, address, port: host.port };
    if (error === null) tell(question, 'connect', 'ok', 'connect.ok', args, durUs);
    else tell(question, 'connect', 'warn', 'connect.failed', { ...args, error }, durUs);
  }
  const last = tries.at(-1);
  if (socket !== null && last !== undefined) return { socket, address: last.address };
  const text = `no connection to ${host.name}: ${last?.error ?? 'stopped'}`;
  const remote = last === undefined ? null : { host: host.name, address: last.address };
  const what = signal.aborted ? 'stopped' : 'unreachable';
  return failed(what, failure('later', '4.4.1', text, remote));
}

type Conversed = OpenedHost | { readonly kind: 'again-in-clear'; readonly failure: Failure };

async function converse(
  question: HostQuestion,
  { socket, address }: Connected,
): Promise<Conversed> {
  const { config, world, host, policy, key, signal } = question;
  const remote = { host: host.name, address };
  const line = new SecureLine(question);
  let client: SmtpClient | null = null;
  const stop = () => socket.destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    client = await SmtpClient.greet(socket, {
      helloName: config.hostname || addressLiteral(socket.localAddress ?? '127.0.0.1'),
      nowUs: () => world.nowUs(),
      timeouts: question.timeouts,
      ...(policy.mode === 'implicit' ? { tls: line.options } : {}),
    });
    const { name } = await client.hello();
    if (config.hostname !== '' && name === config.hostname.toLowerCase()) {
      return refuseLoop(question, client, remote);
    }
    const secured = await line.secure(client);
    if (secured !== null) return giveUp(question, client, secured);
    await login(question, client);
    const openedMs = world.nowMs();
    const session = {
      client,
      key,
      host: host.name,
      address,
      port: host.port,
      openedMs,
      messages: 0,
    };
    return { kind: 'open', session };
  } catch (error) {
    if (!(error instanceof SmtpFault)) throw error;
    return afterFault(question, { fault: error, client, remote, line });
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** It greets with our own name: whatever the DNS says, that is us. */
function refuseLoop(question: HostQuestion, client: SmtpClient, remote: Remote): OpenedHost {
  client.destroy();
  tell(question, 'route', 'fail', 'route.loop', { domain: question.host.name });
  const text = `${remote.host} is this server itself: mail would go in circles`;
  return failed('loop', failure('never', '5.4.6', text, remote));
}

async function login(question: HostQuestion, client: SmtpClient): Promise<void> {
  const { route, host } = question;
  if (route === null || route.username === '') return;
  const password =
    route.password_file === ''
      ? route.password
      : (await readFile(route.password_file, 'utf8')).replace(/\r?\n$/, '');
  await client.authenticate({ user: route.username, password });
  tell(question, 'connect', 'ok', 'connect.login', { host: host.name, user: route.username });
}

function giveUp(question: HostQuestion, client: SmtpClient, why: Failure): OpenedHost {
  tellDialogue(question, client, { state: 'fail', error: why.text });
  void client.quit();
  return failed('unwilling', why);
}

function afterFault(
  question: HostQuestion,
  given: {
    readonly fault: SmtpFault;
    readonly client: SmtpClient | null;
    readonly remote: Remote;
    readonly line: SecureLine;
  },
): Conversed {
  const { fault, client, remote, line } = given;
  const { policy, host, signal } = question;
  const lines = client?.takeTranscript() ?? linesBefore(fault);
  const inTls = fault.phase === 'tls';
  if (inTls) line.broken(fault, client);
  client?.destroy();
  const why = faultFailure(fault, policy, remote);
  const args = { host: host.name, error: fault.message };
  question.events.push({
    atUs: question.world.nowUs(),
    stage: 'dialogue',
    state: 'warn',
    code: 'smtp.failed',
    args,
    lines,
  });
  if (signal.aborted) return failed('stopped', why);
  if (inTls && policy.mode === 'opportunistic') {
    tell(question, 'tls', 'warn', 'tls.cleartext', { host: host.name });
    return { kind: 'again-in-clear', failure: why };
  }
  const isDeaf =
    fault.kind === 'timeout' || (fault.kind === 'closed' && fault.phase === 'greeting');
  return failed(isDeaf ? 'unreachable' : 'unwilling', why);
}

function faultFailure(fault: SmtpFault, policy: TlsPolicy, remote: Remote): Failure {
  if (fault.phase === 'tls') {
    const { again } = unsafe(policy, fault.message);
    const status = again === 'never' ? '5.7.10' : '4.7.5';
    const isAsked = policy.mode !== 'opportunistic';
    const why = isAsked ? `; TLS is needed, ${policyReasons[policy.source]}` : '';
    return failure(again, status, `${remote.host}: ${fault.message}${why}`, remote);
  }
  if (fault.reply !== null && fault.kind === 'refused') {
    const why = replyFailure(fault.reply, remote);
    // RFC 7504 §4: 521 is for good. Any other refusal of a whole host is taken for passing trouble:
    // a blocklist, a misconfiguration; somebody will mend it within days.
    return fault.reply.code === 521
      ? why
      : { ...why, again: 'later', status: temporary(why.status) };
  }
  const status = { unsupported: '4.7.0', protocol: '4.5.0' }[fault.kind as string] ?? '4.4.2';
  return failure('later', status, `${remote.host}: ${fault.message}`, remote);
}

const temporary = (status: string) => status.replace(/^5/, '4');

// ---------------------------------------------------------------- journey

function tell(
  question: HostQuestion,
  stage: Stage,
  state: EventState,
  code: string,
  args: JourneyEvent['args'],
  durUs?: number,
): void {
  question.events.push({
    atUs: question.world.nowUs(),
    stage,
    state,
    code,
    ...(args === undefined ? {} : { args }),
    ...(durUs === undefined ? {} : { durUs }),
  });
}

function tellDialogue(
  question: HostQuestion,
  client: SmtpClient,
  about: { readonly state: EventState; readonly error: string },
): void {
  question.events.push({
    atUs: question.world.nowUs(),
    stage: 'dialogue',
    state: about.state,
    code: 'smtp.failed',
    args: { host: question.host.name, error: about.error },
    lines: client.takeTranscript(),
  });
}
