/** The parts of a message that may hold a report, decoded, the likeliest first. */

import { readContent, readMime, type Part } from '@merpati/formats/message/mime.ts';
import { readLimits } from './limits.ts';

const types = new Set([
  'application/tlsrpt+gzip',
  'application/tlsrpt+json',
  'application/gzip',
  'application/x-gzip',
  'application/gzip-compressed',
  'application/zip',
  'application/x-zip',
  'application/x-zip-compressed',
  'application/xml',
  'text/xml',
  'application/json',
]);
const names = /\.(?:xml|json|zip|xml\.gz|json\.gz|gz)$/i;

export function readContentOf(message: Uint8Array): readonly Uint8Array[] {
  const parts: Part[] = [];
  readMime(message, {
    onPart(part) {
      const isLikely = types.has(part.type.value) || names.test(nameOf(part));
      if (isLikely && parts.length < readLimits.partsMax) parts.push(part);
    },
  });
  return parts.map((part) => readContent(message, part));
}

function nameOf(part: Part): string {
  const { disposition, type } = part;
  return disposition?.parameters.get('filename') ?? type.parameters.get('name') ?? '';
}
