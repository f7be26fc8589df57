/** Items that one transaction can carry: recipients of one message that go the same way. */

import type { QueueItem } from '@merpati/store/contract.ts';
import { equalBytes } from '@merpati/formats/bytes.ts';

/** At least one item; all of one message, one domain and one way. */
export interface Group {
  readonly first: QueueItem;
  readonly items: readonly QueueItem[];
}

export function groupItems(items: readonly QueueItem[]): Group[] {
  const groups = new Map<string, { first: QueueItem; items: QueueItem[] }>();
  for (const item of items) {
    let key = `${item.journey} ${item.domain} ${item.route ?? ''}`;
    // A journey may have given rise to several messages (held, forwarded): their octets differ.
    for (;;) {
      const known = groups.get(key);
      if (known === undefined) groups.set(key, { first: item, items: [item] });
      else if (isSameMessage(known.first, item)) known.items.push(item);
      else {
        key += '+';
        continue;
      }
      break;
    }
  }
  return [...groups.values()];
}

function isSameMessage(one: QueueItem, other: QueueItem): boolean {
  const [a, b] = [one.message, other.message];
  return (
    a.sender === b.sender &&
    a.envid === b.envid &&
    equalBytes(one.bodyHash, other.bodyHash) &&
    equalBytes(a.prefix, b.prefix)
  );
}
