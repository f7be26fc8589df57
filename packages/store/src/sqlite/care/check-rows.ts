/** The deep check of rows: checksums of what goes out to clients, numbers and texts of journeys. */

import { formatJourneyId } from '../../journey.ts';
import { journeyId } from '../../ids.ts';
import { contentCrc, queueMessageCrc } from '../checksums.ts';
import { countedKeywords } from '../mailbox-counters.ts';
import { brokenSeals } from '../seals.ts';
import type { CheckContext } from './check.ts';

const progressEvery = 5000;

export function checkRows(context: CheckContext): void {
  checkSeals(context);
  checkKeywords(context);
  checkContents(context);
  checkQueueMessages(context);
  checkJourneys(context);
}

function checkSeals({ db, findings }: CheckContext): void {
  for (const broken of brokenSeals(db)) {
    findings.add({ severity: 'error', mendable: true, ...broken });
  }
}

function checkKeywords({ db, findings }: CheckContext): void {
  const mailboxes = db.all<{ account_id: number; mailbox_id: number; keywords: string | null }>(
    `SELECT b.account_id, b.mailbox_id, b.keywords FROM mailbox b
     JOIN account a USING (account_id) WHERE a.removing = 0`,
  );
  for (const { account_id: account, mailbox_id: mailbox, keywords } of mailboxes) {
    const real = countedKeywords(db, account, mailbox);
    if (real === keywords) continue;
    findings.add({
      severity: 'error',
      code: 'counter.mailbox.keywords',
      where: `${account}/${mailbox}`,
      message: `keywords say ${keywords ?? 'none'}, counted ${real ?? 'none'}`,
      mendable: true,
    });
  }
}

function checkContents({ db, findings, onProgress }: CheckContext): void {
  const total = db.get<{ n: number }>('SELECT count(*) AS n FROM content')?.n ?? 0;
  let done = 0;
  for (const row of db.statement('SELECT * FROM content').iterate()) {
    const { account_id: account, content_id: content, blob_hash, prefix, meta, size, crc } = row;
    const real = contentCrc({
      hash: blob_hash as Uint8Array,
      prefix: prefix as Uint8Array,
      meta: meta as string,
      size: size as number,
    });
    if (real !== crc) {
      findings.add({
        severity: 'error',
        code: 'content.crc',
        where: `${String(account)}/${String(content)}`,
        message: 'header fields or listing data have changed on disk',
        mendable: true,
      });
    }
    done += 1;
    if (done % progressEvery === 0) onProgress({ what: 'contents', done, total });
  }
  onProgress({ what: 'contents', done, total });
}

function checkQueueMessages({ db, findings }: CheckContext): void {
  const rows = db.statement('SELECT first_id, blob_hash, prefix, crc FROM queue_message').iterate();
  for (const row of rows) {
    const hash = row['blob_hash'] as Uint8Array;
    const prefix = row['prefix'] as Uint8Array;
    if (queueMessageCrc({ hash, prefix }) === row['crc']) continue;
    findings.add({
      severity: 'error',
      code: 'queue.crc',
      where: String(row['first_id']),
      message: 'header fields of a queued message have changed on disk',
      mendable: true,
    });
  }
}

function checkJourneys({ db, findings, onProgress }: CheckContext): void {
  const total = db.get<{ n: number }>('SELECT count(*) AS n FROM journey')?.n ?? 0;
  const bad = (id: unknown, message: string) => {
    const where = formatJourneyId(journeyId(Number(id)));
    const code = 'journey.events';
    findings.add({ severity: 'warning', code, where, message, mendable: true });
  };
  for (const row of db.statement('SELECT journey_id, code FROM journey').iterate()) {
    if (formatJourneyId(journeyId(Number(row['journey_id']))) !== row['code']) {
      bad(row['journey_id'], 'its short name does not fit its number');
    }
  }
  let last = { id: -1, next: 1 };
  let done = 0;
  const parts = db.statement(
    `SELECT part_id / 8192 AS id, first_seq, count, events FROM journey_part ORDER BY part_id`,
  );
  for (const row of parts.iterate()) {
    const id = row['id'] as number;
    if (id !== last.id) {
      last = { id, next: 1 };
      done += 1;
      if (done % progressEvery === 0) onProgress({ what: 'journeys', done, total });
    }
    if (row['first_seq'] !== last.next) bad(id, `event ${last.next} is missing`);
    last.next = Number(row['first_seq']) + Number(row['count']);
    if (countEvents(row['events'] as string) !== row['count']) bad(id, 'events cannot be read');
  }
  onProgress({ what: 'journeys', done, total });
}

/** -1: not even JSON. */
function countEvents(text: string): number {
  try {
    return (JSON.parse(`[${text}]`) as unknown[]).length;
  } catch {
    return -1;
  }
}
