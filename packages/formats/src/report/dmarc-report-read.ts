/**
 * Reads aggregate DMARC reports as they stream by. RFC 9990 §3.1, appendix A; RFC 7489 appendix C.
 */

import { isDmarcPolicy, type DmarcPolicy } from '../auth/dmarc-record.ts';
import { plainName } from '../auth/dns-facts.ts';
import { readAddress, writeAddress } from '../dns/address.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import type { DmarcPublished, DmarcReportHead, DmarcReportRow } from './dmarc-report.ts';
import { dmarcReportLimits } from './limits.ts';
import { localName, XmlReader } from './xml.ts';

export interface DmarcReportReader {
  /** In any cuts. */
  write(text: string): void;
  end(): DmarcReportTold;
}

export interface DmarcReportTold {
  readonly head: DmarcReportHead;
  /** Rows that were handed on, and such as could not be understood. */
  readonly rows: number;
  readonly damagedRows: number;
}

/**
 * Hands each row on as soon as it is read: a report may have any number. Both methods throw
 * `SyntaxFault` for what is no such report. Rows whose address or count is none are left out and
 * counted, since reports of some senders have a few.
 */
export function createDmarcReportReader(onRow: (row: DmarcReportRow) => void): DmarcReportReader {
  const gatherer = new Gatherer(onRow);
  const xml = new XmlReader(gatherer);
  return {
    write: (text) => xml.write(text),
    end() {
      xml.end();
      return gatherer.told();
    },
  };
}

/** The same for one that lies in memory, with all its rows. */
export function readDmarcReport(text: string): DmarcReportHead & {
  readonly rows: readonly DmarcReportRow[];
} {
  const rows: DmarcReportRow[] = [];
  const reader = createDmarcReportReader((row) => rows.push(row));
  reader.write(text);
  return { ...reader.end().head, rows };
}

/** Values of the elements under one, by their path; the first of each counts. */
type Values = Map<string, string>;

/** Elements that come several times within a row. */
const groups = new Set([
  '/feedback/record/row/policy_evaluated/reason',
  '/feedback/record/auth_results/dkim',
  '/feedback/record/auth_results/spf',
]);

/** Each path is made once: rows by the hundred thousand have the same ones. */
class Paths {
  readonly #known = new Map<string, Map<string, string>>();

  of(parent: string, name: string): string {
    let children = this.#known.get(parent);
    if (children === undefined) {
      children = new Map();
      if (this.#known.size < dmarcReportLimits.pathsMax) this.#known.set(parent, children);
    }
    let path = children.get(name);
    if (path === undefined) {
      path = `${parent}/${name}`;
      if (children.size < dmarcReportLimits.pathsMax) children.set(name, path);
    }
    return path;
  }
}

class Gatherer {
  readonly #onRow: (row: DmarcReportRow) => void;
  readonly #open: string[] = [];
  readonly #made = new Paths();
  #text = '';
  readonly #head: Values = new Map();
  readonly #errors: string[] = [];
  #row: Values = new Map();
  #groups: { readonly path: string; readonly values: Values }[] = [];
  #rows = 0;
  #damaged = 0;

  constructor(onRow: (row: DmarcReportRow) => void) {
    this.#onRow = onRow;
  }

  open(name: string): void {
    const local = localName(name);
    const path = this.#made.of(this.#open.at(-1) ?? '', local);
    if (this.#open.length === 0 && local !== 'feedback') {
      throw new SyntaxFault('dmarc-report.root', 'this is no aggregate report');
    }
    this.#open.push(path);
    this.#text = '';
    if (path === '/feedback/record') {
      this.#row = new Map();
      this.#groups = [];
    } else if (groups.has(path)) this.#groups.push({ path, values: new Map() });
  }

  text(text: string): void {
    const room = dmarcReportLimits.valueLengthMax - this.#text.length;
    if (room > 0) this.#text += text.slice(0, room);
  }

  close(): void {
    const path = this.#open.pop() ?? '';
    const value = this.#text.trim();
    this.#text = '';
    if (path === '/feedback/record') this.#endRow();
    else if (path === '/feedback/report_metadata/error') {
      if (value !== '' && this.#errors.length < dmarcReportLimits.errorsMax) {
        this.#errors.push(value);
      }
    } else this.#keep(path, value);
  }

  #keep(path: string, value: string): void {
    if (!path.startsWith('/feedback/record/')) {
      if (!this.#head.has(path) && this.#head.size < 100) this.#head.set(path, value);
      return;
    }
    const group = this.#groups.at(-1);
    const isWithin = group !== undefined && path.startsWith(`${group.path}/`);
    const values = isWithin ? group.values : this.#row;
    if (!values.has(path) && values.size < 100) values.set(path, value);
  }

  #endRow(): void {
    const row = this.#readRow();
    if (row === null) this.#damaged += 1;
    else {
      this.#rows += 1;
      this.#onRow(row);
    }
  }

  #readRow(): DmarcReportRow | null {
    const at = (path: string): string | null => this.#row.get(`/feedback/record/${path}`) ?? null;
    const address = readAddress(at('row/source_ip') ?? '');
    const count = at('row/count') ?? '';
    const headerFrom = plainName(at('identifiers/header_from') ?? '');
    if (address === null || !/^[0-9]{1,12}$/.test(count) || headerFrom === '') return null;
    const disposition = word(at('row/policy_evaluated/disposition'));
    const reasons = this.#group('/feedback/record/row/policy_evaluated/reason');
    const [sender] = this.#group('/feedback/record/auth_results/spf');
    return {
      sourceIp: writeAddress(address),
      count: Number(count),
      disposition: disposition === 'pass' ? 'pass' : (readPolicy(disposition) ?? 'none'),
      dkim: word(at('row/policy_evaluated/dkim')) === 'pass' ? 'pass' : 'fail',
      spf: word(at('row/policy_evaluated/spf')) === 'pass' ? 'pass' : 'fail',
      reasons: reasons.slice(0, dmarcReportLimits.reasonsMax).map((value) => ({
        type: word(value('type')) || 'other',
        comment: value('comment'),
      })),
      headerFrom,
      envelopeFrom: nameOrNull(at('identifiers/envelope_from')),
      envelopeTo: nameOrNull(at('identifiers/envelope_to')),
      signatures: this.#group('/feedback/record/auth_results/dkim')
        .slice(0, dmarcReportLimits.signaturesMax)
        .map((value) => ({
          domain: plainName(value('domain') ?? ''),
          selector: value('selector'),
          result: word(value('result')) || 'none',
          explanation: value('human_result'),
        })),
      sender:
        sender === undefined
          ? null
          : {
              domain: plainName(sender('domain') ?? ''),
              scope: sender('scope'),
              result: word(sender('result')) || 'none',
              explanation: sender('human_result'),
            },
    };
  }

  /** Readers of values, one for each such element. */
  #group(path: string): ((name: string) => string | null)[] {
    return this.#groups
      .filter((one) => one.path === path)
      .map(
        ({ values }) =>
          (name) =>
            values.get(`${path}/${name}`) || null,
      );
  }

  told(): DmarcReportTold {
    const at = (path: string): string | null => this.#head.get(`/feedback/${path}`) || null;
    const required = (path: string): string => {
      const value = at(path);
      if (value === null) throw new SyntaxFault('dmarc-report.missing', `there is no ${path}`);
      return value;
    };
    const head = {
      organisation: required('report_metadata/org_name'),
      email: at('report_metadata/email') ?? '',
      contact: at('report_metadata/extra_contact_info'),
      id: required('report_metadata/report_id'),
      beginMs: readTime(required('report_metadata/date_range/begin')),
      endMs: readTime(required('report_metadata/date_range/end')),
      generator: at('report_metadata/generator'),
      errors: this.#errors,
      policy: readPublished(at, plainName(required('policy_published/domain'))),
    };
    if (this.#rows + this.#damaged === 0) {
      throw new SyntaxFault('dmarc-report.missing', 'there is no record');
    }
    return { head, rows: this.#rows, damagedRows: this.#damaged };
  }
}

function readPublished(at: (path: string) => string | null, domain: string): DmarcPublished {
  const policy = (name: string) => readPolicy(word(at(`policy_published/${name}`)));
  const alignment = (name: string) => {
    const value = word(at(`policy_published/${name}`));
    return value === 'r' || value === 's' ? value : null;
  };
  const testing = word(at('policy_published/testing'));
  const percent = at('policy_published/pct') ?? '';
  const discovery = word(at('policy_published/discovery_method'));
  return {
    domain,
    policy: policy('p') ?? 'none',
    subdomains: policy('sp'),
    missing: policy('np'),
    dkim: alignment('adkim'),
    spf: alignment('aspf'),
    isTest: testing === '' ? null : testing === 'y',
    percent: /^[0-9]{1,3}$/.test(percent) ? Number(percent) : null,
    discovery: discovery === 'psl' || discovery === 'treewalk' ? discovery : null,
  };
}

function readPolicy(value: string): DmarcPolicy | null {
  return isDmarcPolicy(value) ? value : null;
}

/** Seconds since 1970. QUIRK: some reporters write milliseconds, or a fraction. */
function readTime(text: string): number {
  if (!/^[0-9]{1,14}(?:\.[0-9]*)?$/.test(text)) {
    throw new SyntaxFault('dmarc-report.time', `"${text}" is no time`);
  }
  const value = Math.floor(Number(text));
  return value > 100_000_000_000 ? value : value * 1000;
}

function word(text: string | null): string {
  return (text ?? '').toLowerCase();
}

function nameOrNull(text: string | null): string | null {
  return text === null ? null : plainName(text);
}
