/**
 * One mail server within this process: its store, its configuration and what the protocols share.
 * The lab runs several homes side by side, each with a store of its own.
 */

import type { SecureContext } from 'node:tls';
import type { Logger } from 'pino';
import type { Store } from '@merpati/store/contract.ts';
import type { AlarmSink } from './alarms/sink.ts';
import type { Config } from './config/schema.ts';
import type { Metrics } from './observe/metrics.ts';
import type { ReportSink } from './reports/outcomes.ts';
import type { KeyRing } from './signing/key-ring.ts';
import type { Shared } from './shared.ts';
import type { World } from './world.ts';

/** What TLS is made of. It may change at any time; open connections keep what they have. */
export interface Certificates {
  /** For the name that the client asks for; null: none. Unknown names get the default one. */
  context(serverName: string | null): SecureContext;
  /** There is more than one to choose from. */
  readonly hasNames: boolean;
}

/** Who gets certificates and keeps them fresh. */
export interface CertificateCare {
  /** `renew`: those of that name, or all (''), whether due or not; null: what is due. */
  work(renew?: string | null): Promise<readonly CertificateResult[]>;
  /** Takes what the files have now. Rejects, and all stays as it is, when they cannot be used. */
  reload(files: Config['tls']): Promise<void>;
}

export interface CertificateResult {
  /** The host's name or a domain's. */
  readonly id: string;
  /** `later`: it is due, but something has to be waited for. */
  readonly result: 'renewed' | 'kept' | 'later' | 'failed';
  readonly code?: string;
  readonly detail?: string;
}

export interface Home {
  readonly config: Config;
  readonly store: Store;
  readonly world: World;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** null: TLS is not offered. */
  tls: Certificates | null;
  /** null: nobody does, as in a thread besides the first. Set when it starts. */
  certificates: CertificateCare | null;
  /**
   * Wakes the queue runner; set when it starts. `person`: somebody has asked for it, so hosts that
   * are left alone for their trouble are tried all the same.
   */
  wakeQueue: (why?: 'person') => void;
  /** What this thread and its siblings must agree on. */
  readonly shared: Shared;
  /** What signs the mail that is written here. */
  readonly keyRing: KeyRing;
  /** Notices accounts in wrong hands; null: nobody does. Set when it starts. */
  alarms: AlarmSink | null;
  /** Counts what is reported to other domains; null: nothing is. Set when the reports start. */
  reports: ReportSink | null;
  /** Faults switched on in the lab; production has none. */
  readonly faults: ReadonlySet<Fault>;
}

/** What can be made to go wrong in the lab. */
export type Fault =
  | 'greylist'
  | 'busy'
  | 'down'
  | 'slow'
  | 'no-tls'
  | 'bad-certificate'
  | 'full'
  | 'forged-sender'
  | 'breaks-dkim';
