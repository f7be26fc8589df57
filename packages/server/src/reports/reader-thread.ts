/** The thread that reads reports: one file or message at a time, nothing kept between two. */

import { parentPort } from 'node:worker_threads';
import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import { readReportFile, readReportMail, type ReadReport } from './read-report.ts';

export interface ToReader {
  readonly form: 'file' | 'mail';
  readonly octets: Uint8Array;
}

export type FromReader =
  | { readonly kind: 'read'; readonly report: ReadReport }
  /** It is none, or damaged. */
  | { readonly kind: 'unread'; readonly why: string }
  /** A mistake of ours. */
  | { readonly kind: 'failed'; readonly error: unknown };

const port = parentPort;
if (port === null) throw new Error('this file is started as a thread');

async function answer({ form, octets }: ToReader): Promise<FromReader> {
  try {
    const read = form === 'file' ? readReportFile : readReportMail;
    return { kind: 'read', report: await read(octets) };
  } catch (error) {
    if (error instanceof SyntaxFault) return { kind: 'unread', why: error.message };
    return { kind: 'failed', error };
  }
}

port.on('message', (message: ToReader) => {
  void answer(message).then((reply) => port.postMessage(reply));
});
