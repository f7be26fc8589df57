/**
 * The daily reports about others: made of the counts of a day once it is over, each at a time of
 * its own in the night, and brought to who wants them. RFC 9990 §3.5, RFC 8460 §4.1 and §5.
 */

import { createHash } from 'node:crypto';
import { latin1 } from '@merpati/formats/bytes.ts';
import { composeReportMail } from '@merpati/formats/report/report-mail.ts';
import { reportId } from '@merpati/formats/report/report-names.ts';
import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import { StoreUnavailable } from '@merpati/store/contract.ts';
import { formatJourneyId } from '@merpati/store/journey.ts';
import type { StoredRecord } from '@merpati/store/records.ts';
import { receive } from '../flow/1-receive.ts';
import type { Home } from '../home.ts';
import { makeInternal } from '../incoming/internal.ts';
import { newJourneyId } from '../journey/new-id.ts';
import { countKinds } from './collector.ts';
import { dmarcCountSchema, tlsCountSchema } from './counts.ts';
import { dayBounds, dayOf } from './day.ts';
import { dmarcDestinations, tlsDestinations, type Destinations } from './destinations.ts';
import { sendLimits } from './limits.ts';
import { makeDmarcReport, makeTlsReport, type ReportSubject } from './make-report.ts';
import { outboxKind, outboxSchema, type Destination, type OutboxReport } from './outbox.ts';
import { postReport } from './post.ts';
import { findSubmitter } from './submitter.ts';

type Kind = keyof typeof countKinds;

interface Planned {
  readonly kind: Kind;
  readonly name: string;
  readonly dueMs: number;
}

export class Sender {
  readonly #home: Home;
  /** Counts of days that are over. */
  #planned: Planned[] = [];
  #plannedFor = '';
  #plannedMs = 0;

  constructor(home: Home) {
    this.#home = home;
  }

  /** Everything that is due now, within bounds. */
  async turn(): Promise<void> {
    await this.#makeDue();
    await this.#sendDue();
  }

  async #makeDue(): Promise<void> {
    const { store, world } = this.#home;
    const nowMs = world.nowMs();
    await this.#plan();
    const due = this.#planned.filter((one) => one.dueMs <= nowMs).slice(0, sendLimits.perTurnMax);
    this.#planned = this.#planned.filter((one) => !due.includes(one));
    for (const one of due) {
      const record = await store.record(countKinds[one.kind], one.name);
      if (record === null) continue;
      const isMade = await this.#make(one.kind, record).catch((error) => this.#trouble(one, error));
      if (isMade) continue;
      this.#planned.push({ ...one, dueMs: nowMs + sendLimits.retryMs[1] });
    }
  }

  /** Only now and then, since it reads all that is counted of the days that are over. */
  async #plan(): Promise<void> {
    const { store, world, config } = this.#home;
    const nowMs = world.nowMs();
    const today = dayOf(nowMs);
    if (today === this.#plannedFor && nowMs < this.#plannedMs + sendLimits.planEveryMs) return;
    this.#plannedFor = today;
    this.#plannedMs = nowMs;
    const known = new Map(this.#planned.map((one) => [`${one.kind} ${one.name}`, one]));
    this.#planned = [];
    for (const kind of ['dmarc', 'tls'] as const) {
      let after = '';
      for (let isMore = config.reports[kind]; isMore;) {
        const records = await store.records(countKinds[kind], { after, limit: 100 });
        // Sorted by day.
        const over = records.filter(({ name }) => name.slice(0, 10) < today);
        for (const { name } of over) {
          const dueMs = this.#dueMs(kind, name);
          this.#planned.push(known.get(`${kind} ${name}`) ?? { kind, name, dueMs });
        }
        isMore = over.length === 100;
        after = over.at(-1)?.name ?? '';
      }
    }
  }

  /** The same time for a domain at each start: of the hash of both names. */
  #dueMs(kind: Kind, name: string): number {
    const hash = createHash('sha256').update(`${this.#home.config.hostname}/${kind}/${name}`);
    const share = hash.digest().readUInt32BE(0) / 2 ** 32;
    return dayBounds(name.slice(0, 10)).endMs + share * sendLimits.spreadMs;
  }

  /** false: it is not known yet where to send it. */
  async #make(kind: Kind, record: StoredRecord): Promise<boolean> {
    const { store, world, log } = this.#home;
    const day = record.name.slice(0, 10);
    const domain = record.name.slice(11);
    const submitter = await findSubmitter(this.#home, kind);
    const found = submitter === null ? null : await this.#destinations(kind, domain, record);
    if (submitter === null || found?.kind !== 'known') return false;
    const subject = { day, domain, submitter, addresses: found.addresses };
    const report = found.addresses.length === 0 ? null : await this.#write(kind, subject, record);
    const expected = record.version;
    const changes = [{ kind: record.kind, name: record.name, value: null, expected }];
    if (report === null || report.destinations.length === 0) {
      return store.putRecords(changes, world.nowMs());
    }
    const id = reportId(report.name);
    const made = {
      kind: outboxKind,
      name: id,
      value: JSON.stringify(report),
      expiresMs: world.nowMs() + 2 * sendLimits.giveUpMs,
      expected: 0,
    };
    const isMade = await store.putRecords([...changes, made], world.nowMs());
    if (isMade) log.info({ event: 'report.made', kind, domain, day, report: id });
    // Otherwise something was counted meanwhile: once more.
    return isMade;
  }

  async #destinations(kind: Kind, domain: string, record: StoredRecord): Promise<Destinations> {
    if (kind === 'tls') return tlsDestinations(this.#home, domain);
    const { reportsTo } = dmarcCountSchema.parse(JSON.parse(record.value));
    return dmarcDestinations(this.#home, domain, reportsTo);
  }

  #write(kind: Kind, subject: ReportSubject, { value }: StoredRecord): Promise<OutboxReport> {
    const count: unknown = JSON.parse(value);
    return kind === 'dmarc'
      ? makeDmarcReport(this.#home, subject, dmarcCountSchema.parse(count))
      : makeTlsReport(this.#home, subject, tlsCountSchema.parse(count));
  }

  async #sendDue(): Promise<void> {
    const { store } = this.#home;
    let after = '';
    for (;;) {
      const records = await store.records(outboxKind, { after, limit: 20 });
      for (const record of records) {
        await this.#sendIfDue(record).catch((error) => this.#trouble(record, error));
      }
      const last = records.at(-1);
      if (last === undefined) return;
      after = last.name;
    }
  }

  async #sendIfDue(record: StoredRecord): Promise<void> {
    const report = outboxSchema.parse(JSON.parse(record.value));
    const nowMs = this.#home.world.nowMs();
    if (report.destinations.some(({ dueMs }) => dueMs <= nowMs)) await this.#send(record, report);
  }

  /** One report does not stand in the way of the others. */
  #trouble({ kind, name }: Pick<StoredRecord, 'kind' | 'name'>, error: unknown): false {
    const { log, metrics } = this.#home;
    if (!(error instanceof StoreUnavailable)) metrics.bugs.inc();
    log.error({ event: 'report.trouble', kind, name, err: error }, 'will be tried again');
    return false;
  }

  async #send(record: StoredRecord, report: OutboxReport): Promise<void> {
    const { store, world } = this.#home;
    const left: Destination[] = [];
    for (const destination of report.destinations) {
      const isDone =
        destination.dueMs <= world.nowMs() && (await this.#sendTo(report, destination));
      if (!isDone) left.push(this.#after(report, destination));
    }
    const open = left.filter((one) => one.dueMs - report.madeMs <= sendLimits.giveUpMs);
    if (open.length < left.length) {
      this.#tell(report, 'given-up', {});
    }
    const value = open.length === 0 ? null : JSON.stringify({ ...report, destinations: open });
    const { kind, name, expiresMs, version } = record;
    await store.putRecords([{ kind, name, value, expiresMs, expected: version }], world.nowMs());
  }

  /** Tried just now: when next. */
  #after(report: OutboxReport, destination: Destination): Destination {
    const nowMs = this.#home.world.nowMs();
    if (destination.dueMs > nowMs) return destination;
    const { retryMs } = sendLimits;
    const waitMs = retryMs[Math.min(destination.attempts, retryMs.length - 1)] ?? 0;
    return { ...destination, attempts: destination.attempts + 1, dueMs: nowMs + waitMs };
  }

  async #sendTo(report: OutboxReport, { to, by }: Destination): Promise<boolean> {
    const content = Buffer.from(report.content, 'base64');
    if (by === 'https') {
      const posted = await postReport(this.#home, to, content);
      const result = posted.isDone ? 'sent' : 'failed';
      this.#tell(report, result, { url: new URL(to).origin, word: posted.word });
      return posted.isDone;
    }
    return this.#mail(report, to, content);
  }

  /** Through the flow, as any message of ours: signed, queued, with a journey. */
  async #mail(report: OutboxReport, to: string, content: Buffer): Promise<boolean> {
    const { world } = this.#home;
    const { kind, name, organisation, from } = report;
    const journey = newJourneyId(world);
    let octets: Uint8Array;
    try {
      octets = composeReportMail({
        kind,
        name,
        organisation,
        from,
        to,
        dateMs: world.nowMs(),
        messageId: `${formatJourneyId(journey)}@${name.submitter}`,
        text: forPeople(report),
        content,
      });
    } catch (error) {
      if (!(error instanceof SyntaxFault)) throw error;
      this.#tell(report, 'failed', { to, word: error.message });
      return true; // no later try will write that address
    }
    const args = { kind, domain: name.domain, day: dayOf(name.beginMs), report: reportId(name) };
    const incoming = await makeInternal(this.#home, {
      journey,
      octets,
      sender: from,
      recipients: [to],
      smtputf8: false,
      events: [{ atUs: world.nowUs(), stage: 'submit', state: 'info', code: 'reports.made', args }],
    });
    const receipt = await receive(this.#home, incoming);
    this.#tell(report, receipt.ok ? 'sent' : 'failed', {
      to,
      journey: incoming.id,
      ...(receipt.ok ? {} : { word: receipt.refusal.message }),
    });
    return receipt.ok || receipt.refusal.code === 'recipient-unknown';
  }

  #tell(report: OutboxReport, result: string, about: Readonly<Record<string, string>>): void {
    const { log, metrics } = this.#home;
    const { kind, name } = report;
    metrics.reportsSent.inc({ kind, result });
    const facts = { event: `report.${result}`, kind, domain: name.domain, ...about };
    if (result === 'sent') log.info({ ...facts, report: reportId(name) });
    else log.warn({ ...facts, report: reportId(name) });
  }
}

function forPeople({ kind, name }: OutboxReport): string {
  const what = kind === 'dmarc' ? 'an aggregate DMARC report' : 'a report about TLS';
  const isi = kind === 'dmarc' ? 'laporan agregat DMARC' : 'laporan tentang TLS';
  const { domain, submitter } = name;
  const day = dayOf(name.beginMs);
  const text = [
    `This is ${what} about ${domain} from ${submitter}, for ${day} (UTC).`,
    `Ini ${isi} tentang ${domain} dari ${submitter}, untuk ${day} (UTC).`,
    '',
    'Programs read the attachment / lampirannya dibaca oleh program.',
    '',
  ].join('\n');
  return latin1(Buffer.from(text, 'latin1'));
}
