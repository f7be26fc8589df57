/** Mending records: a key or a policy that is not what was written is worse than none. */

import { recordSeal, type RecordSealed } from '../seals.ts';
import type { RepairContext } from './repair.ts';

export function dropDoubtfulRecords({ db, lost }: RepairContext): void {
  for (const row of db.all<RecordSealed & { record_id: number; crc: number }>(
    'SELECT * FROM record',
  )) {
    if (recordSeal(row) === row.crc) continue;
    db.run('DELETE FROM record WHERE record_id = ?', row.record_id);
    const where = `${row.kind} ${row.name}`;
    lost.push({ code: 'record.crc', where, message: 'it was changed on disk and is dropped' });
  }
}
