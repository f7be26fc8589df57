/**
 * Reports of others, from the message that brought them to where they are kept. The message is safe
 * in a mailbox before this begins; what waits is noted, so that a crash forgets none. Once it is
 * read and lies in the mailbox for reports it is removed; what cannot be read stays there.
 */

import { readAuthservId, readMethodResults } from '@merpati/formats/auth/authentication-results.ts';
import { concat } from '@merpati/formats/bytes.ts';
import { findField, readHead } from '@merpati/formats/message/head.ts';
import { CorruptBlob, StoreUnavailable, type MessageRow } from '@merpati/store/contract.ts';
import { accountId, mailboxId, uid } from '@merpati/store/ids.ts';
import { formatJourneyId, readJourneyId, type JourneyEvent } from '@merpati/store/journey.ts';
import { z } from 'zod';
import { reportMailbox } from '../accounts/report-addresses.ts';
import type { Home } from '../home.ts';
import { dayMs, readLimits } from './limits.ts';
import type { ArrivedReport } from './outcomes.ts';
import type { ReadReport } from './read-report.ts';
import { ReportReader } from './reader.ts';
import { keepReport, type ReportOrigin } from './stored.ts';

const waitingKind = 'report.waiting';
const waitingSchema = z.object({ account: z.int(), mailbox: z.int(), uid: z.int() });

type Read =
  | { readonly kind: 'read'; readonly report: ReadReport; readonly origin: ReportOrigin }
  | { readonly kind: 'unread'; readonly why: string }
  /** It has been moved or removed meanwhile. */
  | { readonly kind: 'gone' }
  /** The server ends; at its next start it is read. */
  | { readonly kind: 'stopped' };

export class Arrivals {
  readonly #home: Home;
  readonly #reader = new ReportReader();
  readonly #under = new Set<Promise<void>>();
  #isClosed = false;

  constructor(home: Home) {
    this.#home = home;
  }

  /** What was left when the server stopped. */
  async resume(): Promise<void> {
    for (const record of await this.#home.store.records(waitingKind)) {
      const place = waitingSchema.parse(JSON.parse(record.value));
      const journey = readJourneyId(record.name);
      if (journey === null) continue;
      this.#begin({
        account: accountId(place.account),
        mailbox: mailboxId(place.mailbox),
        uid: uid(place.uid),
        journey,
      });
    }
  }

  arrived(mail: ArrivedReport): void {
    this.#begin(mail, true);
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    while (this.#under.size > 0) await Promise.all(this.#under);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#reader.close();
    await this.idle();
  }

  #begin(mail: ArrivedReport, isNew = false): void {
    const working = this.#work(mail, isNew).catch((error: unknown) => {
      const isKnown = error instanceof StoreUnavailable || error instanceof CorruptBlob;
      if (!isKnown) this.#home.metrics.bugs.inc();
      const facts = { event: isKnown ? 'report.trouble' : 'bug', err: error };
      const journey = formatJourneyId(mail.journey);
      this.#home.log.error({ ...facts, journey }, 'a report was not read; at the next start again');
    });
    this.#under.add(working);
    void working.finally(() => this.#under.delete(working));
  }

  async #work(mail: ArrivedReport, isNew: boolean): Promise<void> {
    if (isNew) await this.#note(mail, 'waiting');
    // The rest waits for the next start.
    if (this.#isClosed || this.#under.size > readLimits.waitingMax) return;
    const read = await this.#read(mail);
    if (read.kind === 'unread') await this.#unread(mail, read.why);
    else if (read.kind === 'stopped') return;
    else if (read.kind === 'read') await this.#keep(mail, read.report, read.origin);
    await this.#note(mail, 'done');
  }

  async #note(mail: ArrivedReport, state: 'waiting' | 'done'): Promise<void> {
    const { account, mailbox, uid: place, journey } = mail;
    const nowMs = this.#home.world.nowMs();
    const value = state === 'done' ? null : JSON.stringify({ account, mailbox, uid: place });
    const name = formatJourneyId(journey);
    const change = { kind: waitingKind, name, value, expiresMs: nowMs + 30 * dayMs };
    await this.#home.store.putRecords([change], nowMs);
  }

  async #read(mail: ArrivedReport): Promise<Read> {
    const { store } = this.#home;
    const slice = { fromUid: mail.uid, limit: 1 };
    const [row] = await store.messages(mail.account, mail.mailbox, slice);
    if (row?.uid !== mail.uid) return { kind: 'gone' };
    const octets = row.size > readLimits.mailMax ? null : await this.#octetsOf(mail, row);
    if (octets === null) return { kind: 'unread', why: 'the message is too big' };
    const origin = this.#originOf(mail, octets);
    if (origin.dmarc === 'fail') return { kind: 'unread', why: 'its sender is forged (DMARC)' };
    const answer = await this.#reader.read({ form: 'mail', octets });
    if (answer.kind === 'failed') throw answer.error;
    if (answer.kind === 'unread' || answer.kind === 'stopped') return answer;
    // RFC 8460 §3: without a valid signature it must be ignored.
    if (answer.report.kind === 'tls' && origin.dkim === 'none') {
      return { kind: 'unread', why: 'a TLS report without a valid DKIM signature' };
    }
    return { kind: 'read', report: answer.report, origin: origin.kept };
  }

  async #octetsOf(mail: ArrivedReport, row: MessageRow): Promise<Uint8Array | null> {
    const body = await this.#home.store.readMessage(mail.account, row.content);
    if (body === null) return null;
    const chunks: Uint8Array[] = [];
    for await (const chunk of body.chunks()) chunks.push(chunk);
    return concat(chunks);
  }

  /** What our own checks wrote above the message; null: they were not asked. */
  #originOf(mail: ArrivedReport, octets: Uint8Array) {
    const field = findField(readHead(octets), 'authentication-results');
    const value = field?.value() ?? '';
    const isOurs = readAuthservId(value) === this.#home.config.hostname.toLowerCase();
    const results = isOurs ? readMethodResults(value) : [];
    const of = (method: string) => results.filter((one) => one.method === method);
    const dmarc = of('dmarc')[0]?.result ?? null;
    const hasDkim = of('dkim').some(({ result }) => result === 'pass');
    const kept: ReportOrigin = {
      receivedMs: this.#home.world.nowMs(),
      dmarc,
      journey: formatJourneyId(mail.journey),
    };
    return { dmarc, dkim: !isOurs ? 'unknown' : hasDkim ? 'pass' : 'none', kept } as const;
  }

  async #keep(mail: ArrivedReport, report: ReadReport, origin: ReportOrigin): Promise<void> {
    const kept = await keepReport(this.#home, report, origin);
    if (kept.kind === 'refused') return this.#unread(mail, kept.why, report.kind);
    const { organisation, id } = report.kind === 'dmarc' ? report.head : report.report;
    const isKept = kept.kind === 'kept';
    const code = isKept ? 'reports.read' : 'reports.duplicate';
    const args = { kind: report.kind, domain: kept.domain, organisation };
    await this.#tell(mail, { state: 'info', code, args });
    this.#home.metrics.reportsReceived.inc({ kind: report.kind, result: kept.kind });
    const event = isKept ? 'report.read' : 'report.duplicate';
    this.#home.log.info({ event, ...args, report: id, journey: formatJourneyId(mail.journey) });
    await this.#remove(mail);
  }

  async #unread(mail: ArrivedReport, why: string, kind = 'unknown'): Promise<void> {
    await this.#tell(mail, { state: 'warn', code: 'reports.unread', args: { why } });
    this.#home.metrics.reportsReceived.inc({ kind, result: 'unread' });
    const journey = formatJourneyId(mail.journey);
    this.#home.log.warn({ event: 'report.unread', why, journey });
  }

  /** What a person has an own mailbox for stays there. */
  async #remove({ account, mailbox, uid: place }: ArrivedReport): Promise<void> {
    const { store } = this.#home;
    const own = await store.mailbox(account, reportMailbox);
    if (own?.id === mailbox) await store.expunge(account, mailbox, [place]);
  }

  #tell(mail: ArrivedReport, event: Pick<JourneyEvent, 'state' | 'code' | 'args'>): Promise<void> {
    const atUs = this.#home.world.nowUs();
    return this.#home.store.appendJourney(mail.journey, [{ atUs, stage: 'filter', ...event }]);
  }
}
