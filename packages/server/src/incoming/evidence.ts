/**
 * What is found out about who sent a message. It is gathered while the message comes in, everything
 * at once; each part is there when it is asked for, or a moment later. Nothing of it rejects for
 * what a stranger or the DNS does: that is a result too.
 */

import type { ArcResult } from '@merpati/formats/auth/arc.ts';
import type { HelloVerdict, ReverseResult } from '@merpati/formats/auth/client-names.ts';
import type { DkimResult } from '@merpati/formats/auth/dkim.ts';
import type { DmarcResult } from '@merpati/formats/auth/dmarc.ts';
import type { DnsListResult } from '@merpati/formats/auth/dns-list.ts';
import type { SpfResult } from '@merpati/formats/auth/spf.ts';
import type { Config } from '../config/schema.ts';

export interface Listing extends DnsListResult {
  /** As it is configured. */
  readonly list: Config['checks']['lists'][number];
}

/** What the connection and the envelope tell, before any octet of the message is here. */
export interface ClientEvidence {
  readonly reverse: Promise<ReverseResult>;
  readonly hello: Promise<HelloVerdict>;
  /** Of the name in HELO. RFC 7208 §2.3. */
  readonly spfHello: Promise<SpfResult>;
  /** Of the reverse-path; of HELO when that is null. RFC 7208 §2.4. */
  readonly spf: Promise<SpfResult>;
  /** In the order of the configuration. */
  readonly lists: Promise<readonly Listing[]>;
}

export interface Evidence extends ClientEvidence {
  /** In the order of the head. */
  readonly dkim: Promise<readonly DkimResult[]>;
  readonly arc: Promise<ArcResult>;
  /** Domains of the authors, of however many From fields. */
  readonly authors: readonly string[];
  readonly dmarc: Promise<DmarcResult>;
}
