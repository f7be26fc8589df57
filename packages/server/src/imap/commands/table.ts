/** The commands of IMAP, one row each. */

import type { CommandName } from '@merpati/formats/imap/command.ts';
import type { CommandRow, SourceRow } from '../command-row.ts';
import { append } from './append.ts';
import { authenticate } from './authenticate.ts';
import { cancelupdate } from './cancelupdate.ts';
import { capability } from './capability.ts';
import { close } from './close.ts';
import { compress } from './compress.ts';
import { copy } from './copy.ts';
import { create } from './create.ts';
import { deleteMailbox } from './delete.ts';
import { deleteacl } from './deleteacl.ts';
import { enable } from './enable.ts';
import { esearch } from './esearch.ts';
import { expunge } from './expunge.ts';
import { fetch } from './fetch.ts';
import { getacl } from './getacl.ts';
import { getmetadata } from './getmetadata.ts';
import { getquota } from './getquota.ts';
import { getquotaroot } from './getquotaroot.ts';
import { id } from './id.ts';
import { idle } from './idle.ts';
import { list } from './list.ts';
import { listrights } from './listrights.ts';
import { login } from './login.ts';
import { logout } from './logout.ts';
import { lsub } from './lsub.ts';
import { myrights } from './myrights.ts';
import { namespace } from './namespace.ts';
import { move } from './move.ts';
import { check, noop } from './noop.ts';
import { notify } from './notify.ts';
import { rename } from './rename.ts';
import { replace } from './replace.ts';
import { search } from './search.ts';
import { examine, select } from './select.ts';
import { setacl } from './setacl.ts';
import { setmetadata } from './setmetadata.ts';
import { setquota } from './setquota.ts';
import { sort } from './sort.ts';
import { starttls } from './starttls.ts';
import { status } from './status.ts';
import { store } from './store.ts';
import { subscribe, unsubscribe } from './subscribe.ts';
import { thread } from './thread.ts';
import { unauthenticate } from './unauthenticate.ts';
import { unselect } from './unselect.ts';

/** They hold messages of any size, and read them themselves. */
type SourceName = 'append' | 'replace';

type Commands = { readonly [N in Exclude<CommandName, SourceName>]: CommandRow<N> };

export const commands: Commands = {
  authenticate,
  cancelupdate,
  capability,
  check,
  close,
  compress,
  copy,
  create,
  delete: deleteMailbox,
  deleteacl,
  enable,
  esearch,
  examine,
  expunge,
  fetch,
  getacl,
  getmetadata,
  getquota,
  getquotaroot,
  id,
  idle,
  list,
  listrights,
  login,
  logout,
  lsub,
  myrights,
  namespace,
  move,
  noop,
  notify,
  rename,
  search,
  select,
  setacl,
  setmetadata,
  setquota,
  sort,
  starttls,
  status,
  store,
  subscribe,
  thread,
  unauthenticate,
  unselect,
  unsubscribe,
};

export const sourceCommands: { readonly [N in SourceName]: SourceRow } = { append, replace };
