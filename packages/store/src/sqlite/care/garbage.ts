/** Where the check has found octets that are no records. */

import type { CheckFinding } from '../../contract.ts';

/**
 * Segments with octets that are no records: the sound ones are copied, the rest goes with the file.
 */
export function garbageOf(findings: readonly CheckFinding[]): number[] {
  const named = findings.filter((finding) => finding.code === 'segment.garbage');
  return named.flatMap(({ where }) => Number(/^segment (\d+)/.exec(where)?.[1] ?? []));
}
