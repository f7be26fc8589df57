/**
 * The care thread: what is slow and may not stop the writer or a protocol. Here: writing the log back into
 * the database (checkpoints), PASSIVE, so that nobody waits for it.
 */

import { parentPort, workerData } from 'node:worker_threads';
import { openForWriting } from '../database.ts';
import { storePaths } from '../segments/files.ts';

export interface CareStart {
  readonly directory: string;
}

export type ToCare = { readonly kind: 'dirty' } | { readonly kind: 'close' };
export type FromCare =
  | { readonly kind: 'checkpointed'; readonly logBytes: number; readonly isComplete: boolean }
  | { readonly kind: 'closed' };

const checkpointEveryMs = 300;
const pageBytes = 4096;

function run(start: CareStart, port: NonNullable<typeof parentPort>): void {
  const db = openForWriting(storePaths(start.directory).database);
  let timer: NodeJS.Timeout | null = null;

  const checkpoint = () => {
    timer = null;
    const result = db.get<{ busy: number; log: number; checkpointed: number }>(
      'PRAGMA wal_checkpoint(PASSIVE)',
    );
    const log = result?.log ?? 0;
    const isComplete = result?.busy === 0 && result.checkpointed >= log;
    const done: FromCare = { kind: 'checkpointed', logBytes: log * pageBytes, isComplete };
    port.postMessage(done);
  };

  port.on('message', (message: ToCare) => {
    if (message.kind === 'dirty') timer ??= setTimeout(checkpoint, checkpointEveryMs);
    else {
      if (timer !== null) clearTimeout(timer);
      db.close();
      port.postMessage({ kind: 'closed' } satisfies FromCare);
      port.close();
    }
  });
}

if (parentPort !== null) run(workerData as CareStart, parentPort);
