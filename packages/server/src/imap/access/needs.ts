/**
 * Which right each command needs, in one table, so that none forgets to ask. RFC 4314 §4; RFC 5464
 * §3.3 (metadata); RFC 8508 §3.4 (REPLACE); RFC 9208 §4.2 (quota). Own mailboxes have all rights,
 * so the question only bites in those of others; a mailbox without `l` is not there at all, see
 * mailboxes/find.ts.
 */

import type { CommandName } from '@merpati/formats/imap/command.ts';
import type { FlagList } from '@merpati/formats/imap/search-key.ts';
import { type Answer, no } from '../command-row.ts';
import { type Right, type Rights, mayDo, rightNames } from './rights.ts';

/**
 * Of which mailbox: the one that is open, the one that is named, or the one above the name that is
 * to be created.
 */
export type Concerned = 'open' | 'named' | 'parent';

type Need = Partial<Readonly<Record<Concerned, readonly Right[]>>>;

/** Concerns no mailbox, or none of others. */
const nothing: Need = {};

/**
 * STORE, APPEND and the like need more for each flag: `rightsOfFlags`. Where a right for a side
 * effect is missing (`s` in FETCH, `e` in CLOSE, flags in COPY and APPEND) the effect alone does
 * not take place. RFC 4314 §4.
 */
export const commandNeeds = {
  append: { named: ['i'] },
  authenticate: nothing,
  cancelupdate: nothing,
  capability: nothing,
  check: nothing,
  close: nothing,
  compress: nothing,
  copy: { open: ['r'], named: ['i'] },
  create: { parent: ['k'] },
  delete: { named: ['x'] },
  deleteacl: { named: ['a'] },
  enable: nothing,
  esearch: { named: ['r'] },
  examine: { named: ['r'] },
  expunge: { open: ['e'] },
  fetch: { open: ['r'] },
  getacl: { named: ['a'] },
  getmetadata: { named: ['l', 'r'] },
  getquota: nothing,
  getquotaroot: { named: ['r'] },
  id: nothing,
  idle: nothing,
  list: { named: ['l'] },
  listrights: { named: ['a'] },
  login: nothing,
  logout: nothing,
  // Names alone: what one has subscribed to is one's own business.
  lsub: nothing,
  move: { open: ['r', 't', 'e'], named: ['i'] },
  // RFC 4314 §4 lets one of l, r, i, k, x, a do; without `l` the mailbox is not there.
  myrights: { named: ['l'] },
  namespace: nothing,
  noop: nothing,
  notify: { named: ['l', 'r'] },
  rename: { named: ['x'], parent: ['k'] },
  replace: { open: ['r', 't', 'e'], named: ['i'] },
  search: { open: ['r'] },
  select: { named: ['r'] },
  setacl: { named: ['a'] },
  setmetadata: { named: ['l', 'w'] },
  setquota: nothing,
  sort: { open: ['r'] },
  starttls: nothing,
  status: { named: ['r'] },
  store: { open: ['r'] },
  subscribe: nothing,
  thread: { open: ['r'] },
  unauthenticate: nothing,
  unselect: nothing,
  unsubscribe: nothing,
} as const satisfies Readonly<Record<CommandName, Need>>;

/**
 * null: the command may go on. `parent` of what is nobody's (the top of the own mailboxes) needs
 * not be asked.
 */
export function refuseWithout(
  command: CommandName,
  concerned: Concerned,
  rights: Rights,
): Answer | null {
  const need: Need = commandNeeds[command];
  const missing = (need[concerned] ?? []).find((right) => !mayDo(rights, right));
  if (missing === undefined) return null;
  return no(`You may not ${rightNames[missing]} there (${missing})`, { code: 'NOPERM' });
}

/** The rights without which one of these flags would not be kept. RFC 4314 §4. */
export function rightsOfFlags(flags: FlagList): readonly Right[] {
  const needed = new Set<Right>(flags.keywords.length > 0 ? ['w'] : []);
  for (const flag of flags.system) {
    needed.add(flag === 'seen' ? 's' : flag === 'deleted' ? 't' : 'w');
  }
  return [...needed];
}

/** What of these flags somebody with these rights may set or take away. */
export function permittedFlags(rights: Rights, { system, keywords }: FlagList): FlagList {
  return {
    system: system.filter((flag) => rightsOfFlags({ system: [flag], keywords: [] }).every(may)),
    keywords: may('w') ? keywords : [],
  };
  function may(right: Right): boolean {
    return mayDo(rights, right);
  }
}
