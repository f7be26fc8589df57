/**
 * What can be asked of a running lab beyond what every server answers: its faults, how to connect.
 */

import type { Fault, Home } from '../home.ts';

export const homeFaults = [
  'greylist',
  'busy',
  'down',
  'slow',
  'no-tls',
  'bad-certificate',
  'full',
  'forged-sender',
  'breaks-dkim',
] as const satisfies readonly Fault[];

/** Played by the DNS, for one domain. */
export const dnsFaults = [
  'dns-servfail',
  'dns-timeout',
  'dns-nxdomain',
  'wrong-spf',
  'no-dnssec',
] as const;
export type DnsFault = (typeof dnsFaults)[number];

export type LabFault = Fault | DnsFault;

export interface LabFaultState {
  readonly fault: LabFault;
  /** DNS faults belong to a domain, the others to the whole server. */
  readonly where: string;
}

export interface LabInfo {
  readonly certificateFile: string;
  /** The password of the accounts made at the start. */
  readonly password: string;
  readonly accounts: readonly string[];
  readonly faults: readonly LabFaultState[];
  readonly dns: string;
}

export interface LabControl {
  info(): LabInfo;
  faults(): readonly LabFaultState[];
  setFault(change: {
    readonly fault: LabFault;
    readonly on: boolean;
    readonly domain: string;
    readonly home: Home;
  }): Promise<void>;
}
