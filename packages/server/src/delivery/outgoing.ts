/** A message as it goes to one destination. */

import type { Content } from '@merpati/client/smtp/content.ts';
import type { QueueMessage, QueueRecipient } from '@merpati/store/contract.ts';

export interface OutgoingRecipient {
  readonly address: string;
  readonly notify: QueueRecipient['notify'];
  /** xtext as received. */
  readonly orcpt: string | null;
}

export interface Outgoing {
  readonly message: QueueMessage;
  readonly recipients: readonly OutgoingRecipient[];
  readonly content: Content;
}
