/** What the first thread and the other protocol threads of a home say to each other. */

import type { AccountId, JourneyId } from '@merpati/store/ids.ts';
import type { StoreTicket } from '@merpati/store/sqlite/join/join.ts';
import type { KeyPair } from '../certificates/served.ts';
import type { TicketSeed } from '../certificates/ticket-keys.ts';
import type { Config } from '../config/schema.ts';
import type { LogLevel } from '../observe/log.ts';
import type { MetricsSnapshot } from '../observe/metrics.ts';
import type { ConnectionTables } from './counted-connections.ts';

/** Certificates, and under which secret sessions are resumed. */
export interface Shown {
  readonly pairs: readonly KeyPair[];
  readonly seed: TicketSeed;
}

export interface ThreadStart {
  /** Its listening ports are those that the first thread has really taken. */
  readonly config: Config;
  /** From 1 on. */
  readonly number: number;
  readonly store: StoreTicket;
  readonly tables: ConnectionTables;
  readonly loginSecret: Uint8Array;
  readonly shown: Shown | null;
  readonly logLevel: LogLevel;
  readonly plainAllowed: boolean;
}

/** Each with what it takes and what it answers. */
export interface Questions {
  loginWait: {
    take: { readonly user: string; readonly address: string; readonly nowMs: number };
    give: number;
  };
  lockMaildrop: { take: { readonly account: AccountId; readonly waitMs: number }; give: boolean };
  countRefused: { take: { readonly party: string | null; readonly nowMs: number }; give: boolean };
  claimRecent: {
    take: { readonly mailbox: string; readonly first: number; readonly next: number };
    give: number;
  };
  peekRecent: { take: { readonly mailbox: string; readonly first: number }; give: number };
}

export type QuestionName = keyof Questions;
export type Question = {
  [N in QuestionName]: { name: N; take: Questions[N]['take'] };
}[QuestionName];

/** In the order in which they are sent. */
export type ToFirst =
  | { readonly kind: 'listening' }
  | { readonly kind: 'ask'; readonly id: number; readonly question: Question }
  | {
      readonly kind: 'login-failed';
      readonly user: string;
      readonly address: string;
      readonly nowMs: number;
    }
  | { readonly kind: 'login-succeeded'; readonly user: string; readonly address: string }
  | { readonly kind: 'maildrop-free'; readonly account: AccountId }
  /** By a person here, who has sent or wanted to send too much. */
  | {
      readonly kind: 'sent' | 'over-limit';
      readonly account: AccountId;
      readonly journey: JourneyId;
    }
  | { readonly kind: 'wake-queue' }
  | { readonly kind: 'log'; readonly lines: string }
  | { readonly kind: 'metrics'; readonly id: number; readonly snapshot: MetricsSnapshot };

export type FromFirst =
  | { readonly kind: 'answer'; readonly id: number; readonly answer: number | boolean }
  | { readonly kind: 'show'; readonly shown: Shown | null }
  | { readonly kind: 'count'; readonly id: number }
  | { readonly kind: 'stop' };
