/** The commands of IMAP, one row each. */

import type { CommandName } from '@merpati/formats/imap/command.ts';
import type { CommandRow, SourceRow } from '../command-row.ts';
import { authenticate } from './authenticate.ts';
import { capability } from './capability.ts';
import { close } from './close.ts';
import { create } from './create.ts';
import { deleteMailbox } from './delete.ts';
import { idle } from './idle.ts';
import { list } from './list.ts';
import { login } from './login.ts';
import { logout } from './logout.ts';
import { lsub } from './lsub.ts';
import { check, noop } from './noop.ts';
import { rename } from './rename.ts';
import { examine, select } from './select.ts';
import { starttls } from './starttls.ts';
import { status } from './status.ts';
import { subscribe, unsubscribe } from './subscribe.ts';
import { unselect } from './unselect.ts';

/** They hold messages of any size, and read them themselves. */
type SourceName = 'append' | 'replace';

type Commands = { readonly [N in Exclude<CommandName, SourceName>]?: CommandRow<N> };

export const commands: Commands = {
  authenticate,
  capability,
  check,
  close,
  create,
  delete: deleteMailbox,
  examine,
  idle,
  list,
  login,
  logout,
  lsub,
  noop,
  rename,
  select,
  starttls,
  status,
  subscribe,
  unselect,
  unsubscribe,
};

export const sourceCommands: { readonly [N in SourceName]?: SourceRow } = {};
