/**
 * RFCs: what the sources cite must stand in docs/rfc/index.tsv, and what the index calls done must
 * be cited where it is done and shown by a transcript or a test.
 */

export const indexColumns = ['rfc', 'title', 'status', 'sections', 'shown by', 'remarks'] as const;
export const statuses = ['yes', 'partly', 'later', 'no'] as const;

export interface IndexRow {
  readonly rfc: number;
  readonly title: string;
  readonly status: (typeof statuses)[number];
  /** What of it matters here, or what is left out. */
  readonly sections: string;
  /** Files that prove it, separated by spaces: transcripts and tests that cite the RFC. */
  readonly shownBy: readonly string[];
  readonly remarks: string;
}

/** Throws on a row that is not understood. */
export function readIndex(text: string): IndexRow[] {
  const [head = '', ...rows] = text.replace(/\n$/, '').split('\n');
  if (head !== indexColumns.join('\t')) throw new Error(`index.tsv: head line is ${head}`);
  return rows.map((row, index) => {
    const cells = row.split('\t');
    const [rfc = '', title = '', status = '', sections = '', shownBy = '', remarks = ''] = cells;
    if (cells.length !== indexColumns.length || !/^\d+$/.test(rfc)) {
      throw new Error(`index.tsv:${index + 2}: ${cells.length} columns, RFC "${rfc}"`);
    }
    const known = statuses.find((word) => word === status);
    if (known === undefined) throw new Error(`index.tsv:${index + 2}: status "${status}"`);
    const files = shownBy.split(' ').filter((file) => file !== '');
    return { rfc: Number(rfc), title, status: known, sections, shownBy: files, remarks };
  });
}

/** `RFC 5321`, `RFC 1939, 2449 §3 and 2595`: every number of the list, with its line. */
export function readCitations(text: string): { rfc: number; line: number }[] {
  const found: { rfc: number; line: number }[] = [];
  const section = String.raw`(?:\s*§+\s*[\d.]*\w(?:[-–][\d.]*\w)?)*`;
  const next = String.raw`(?:,\s*(?:and\s+)?|\s+and\s+)(?:RFC\s+)?\d{3,5}(?![\d.,-]*\d)`;
  const list = new RegExp(String.raw`\bRFCs?[\s*]+(\d{3,5}(?:${section}${next})*)`, 'g');
  for (const match of text.matchAll(list)) {
    const line = text.slice(0, match.index).split('\n').length;
    const numbers = (match[1] ?? '').replace(/§+\s*[\d.]+/g, '').match(/\d{3,5}/g) ?? [];
    for (const number of numbers) found.push({ rfc: Number(number), line });
  }
  return found;
}
