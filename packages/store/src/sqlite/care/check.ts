/**
 * `store check`: looks at everything and changes nothing. What the database says of itself is
 * compared in one snapshot; with `deep` every row that goes out to clients and every record on disk
 * is read and verified too.
 */

import { existsSync, readdirSync } from 'node:fs';
import type { CheckFinding, CheckProgress, CheckReport } from '../../contract.ts';
import { openForReading, type Database } from '../database.ts';
import { checkIndex } from '../index/check.ts';
import { readSegmentName, segmentBytes, segmentFile, type StorePaths } from '../segments/files.ts';
import { checkBodies } from './check-bodies.ts';
import { checkRows } from './check-rows.ts';
import { rules } from './check-rules.ts';
import { checkSchema } from './check-schema.ts';

/** Collects findings, so many of a kind. */
export class Findings {
  readonly #findings: CheckFinding[] = [];
  readonly #counts = new Map<string, number>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  add(finding: CheckFinding): void {
    const count = (this.#counts.get(finding.code) ?? 0) + 1;
    this.#counts.set(finding.code, count);
    if (count <= this.#max) this.#findings.push(finding);
  }

  list(): readonly CheckFinding[] {
    const more = [...this.#counts].filter(([, count]) => count > this.#max);
    return [
      ...this.#findings,
      ...more.map(([code, count]) => ({
        severity: 'error' as const,
        code,
        where: '…',
        message: `and ${count - this.#max} more of this kind`,
        mendable: this.#findings.some((finding) => finding.code === code && finding.mendable),
      })),
    ];
  }
}

export interface CheckContext {
  readonly db: Database;
  readonly paths: StorePaths;
  readonly findings: Findings;
  readonly onProgress: (progress: CheckProgress) => void;
}

export function check(
  paths: StorePaths,
  options: {
    readonly deep: boolean;
    readonly findingsMax: number;
    readonly onProgress: (progress: CheckProgress) => void;
  },
): CheckReport {
  const db = openForReading(paths.database);
  const findings = new Findings(options.findingsMax);
  const context = { db, paths, findings, onProgress: options.onProgress };
  try {
    db.exec('BEGIN');
    checkFile(context, options.deep);
    checkSchema(context);
    checkRules(context);
    checkSegmentFiles(context);
    if (options.deep) {
      checkRows(context);
      checkIndex(context);
    }
    const counted = count(db);
    db.exec('COMMIT');
    // Bodies are looked up one by one: a long look must not keep the log from being written back.
    if (options.deep) checkBodies(context);
    return { findings: findings.list(), counted };
  } catch (error) {
    findings.add({
      severity: 'error',
      code: 'sqlite.unreadable',
      where: paths.database,
      message: String(error),
      mendable: false,
    });
    return { findings: findings.list(), counted: nothing };
  } finally {
    db.close();
  }
}

const nothing = { accounts: 0, mailboxes: 0, messages: 0, blobs: 0, queued: 0, bytes: 0 };

function count(db: Database): CheckReport['counted'] {
  const one = (sql: string) => db.get<{ n: number | null }>(sql)?.n ?? 0;
  return {
    accounts: one('SELECT count(*) AS n FROM profile'),
    mailboxes: one('SELECT count(*) AS n FROM mailbox'),
    messages: one('SELECT count(*) AS n FROM message'),
    blobs: one('SELECT count(*) AS n FROM blob'),
    queued: one('SELECT count(*) AS n FROM queue'),
    bytes: one('SELECT sum(raw_size) AS n FROM blob'),
  };
}

function checkFile({ db, paths, findings, onProgress }: CheckContext, isDeep: boolean): void {
  onProgress({ what: 'database', done: 0, total: 1 });
  const rows = db.all<Record<string, string>>(
    isDeep ? 'PRAGMA integrity_check(100)' : 'PRAGMA quick_check(100)',
  );
  for (const message of rows.flatMap((row) => Object.values(row))) {
    if (message === 'ok') continue;
    findings.add({
      severity: 'error',
      code: 'sqlite.integrity',
      where: paths.database,
      message,
      mendable: true,
    });
  }
  onProgress({ what: 'database', done: 1, total: 1 });
}

function checkRules({ db, findings, onProgress }: CheckContext): void {
  rules.forEach((rule, index) => {
    onProgress({ what: 'references and counters', done: index, total: rules.length });
    const { code, severity, mendable } = rule;
    for (const row of db.statement(rule.sql).iterate()) {
      const { at, message } = row as { at: string; message: string };
      findings.add({ severity, code, where: at, message, mendable });
    }
  });
  onProgress({ what: 'references and counters', done: rules.length, total: rules.length });
}

function checkSegmentFiles({ db, paths, findings }: CheckContext): void {
  const rows = db.all<{ segment_id: number; length: number; live: number }>(
    'SELECT segment_id, length, live FROM segment',
  );
  const known = new Set(rows.map((row) => row.segment_id));
  for (const row of rows) {
    const bytes = segmentBytes(paths, row.segment_id);
    if (bytes >= row.length || (bytes < 0 && row.length === 0)) continue;
    const where = segmentFile(paths, row.segment_id);
    const message = bytes < 0 ? 'the file is missing' : `${row.length - bytes} octets are missing`;
    const code = bytes < 0 ? 'segment.missing' : 'segment.short';
    findings.add({ severity: 'error', code, where, message, mendable: row.live === 0 });
  }
  const newest = Math.max(0, ...known);
  for (const name of existsSync(paths.segments) ? readdirSync(paths.segments) : []) {
    const id = readSegmentName(name);
    // A newer one is growing, and its row may lag behind.
    if (id === null || known.has(id) || id > newest) continue;
    findings.add({
      severity: 'warning',
      code: 'segment.unknown',
      where: segmentFile(paths, id),
      message: 'no transaction knows of this file',
      mendable: true,
    });
  }
}
