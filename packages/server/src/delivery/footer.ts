/**
 * The lab's fault `breaks-dkim`: a server that writes something under what it passes on, as many
 * lists and some forwarders do. No signature survives it.
 */

import type { Content } from '@merpati/client/smtp/content.ts';

const footer = Buffer.from('\r\n-- \r\nThis server writes under what it passes on.\r\n');

export function withFooter(content: Content): Content {
  return {
    size: content.size + footer.length,
    async *chunks() {
      yield* content.chunks();
      yield footer;
    },
  };
}
