/** What is shared, as the only or first thread of a home has it: here it lies. */

import { randomBytes } from 'node:crypto';
import { LoginThrottle } from '../accounts/throttle.ts';
import type { Config } from '../config/schema.ts';
import { RecentTold } from '../imap/recent-told.ts';
import { HourlyCount } from '../incoming/refused.ts';
import { ConnectionLimits } from '../net/connection-limits.ts';
import { OwnMaildropLocks } from '../pop3/maildrop-locks.ts';
import { type ConnectionTables, CountedConnections } from './counted-connections.ts';
import type { Shared } from '../shared.ts';

/** `tables`: with other threads besides this one. */
export function ownShared(
  { limits }: Pick<Config, 'limits'>,
  tables: ConnectionTables | null = null,
): Shared {
  return {
    thread: { number: 0, of: tables?.threads ?? 1 },
    connections:
      tables === null ? new ConnectionLimits(limits) : new CountedConnections(limits, tables, 0),
    logins: new LoginThrottle(),
    maildrops: new OwnMaildropLocks(),
    refused: new HourlyCount(),
    recent: new RecentTold(),
    loginSecret: randomBytes(32),
    certificatesShown: () => {},
  };
}
