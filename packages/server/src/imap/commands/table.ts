/** The commands of IMAP, one row each. */

import type { CommandName } from '@merpati/formats/imap/command.ts';
import type { CommandRow, SourceRow } from '../command-row.ts';
import { authenticate } from './authenticate.ts';
import { capability } from './capability.ts';
import { close } from './close.ts';
import { idle } from './idle.ts';
import { login } from './login.ts';
import { logout } from './logout.ts';
import { check, noop } from './noop.ts';
import { examine, select } from './select.ts';
import { starttls } from './starttls.ts';
import { unselect } from './unselect.ts';

/** They hold messages of any size, and read them themselves. */
type SourceName = 'append' | 'replace';

type Commands = { readonly [N in Exclude<CommandName, SourceName>]?: CommandRow<N> };

export const commands: Commands = {
  authenticate,
  capability,
  check,
  close,
  examine,
  idle,
  login,
  logout,
  noop,
  select,
  starttls,
  unselect,
};

export const sourceCommands: { readonly [N in SourceName]?: SourceRow } = {};
