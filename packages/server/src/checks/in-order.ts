/** All checks in the order in which they are made: the cheap ones first. */

import { arc } from './arc.ts';
import { authorOwned } from './author-owned.ts';
import { authors } from './authors.ts';
import type { Check } from './check.ts';
import { dkim } from './dkim.ts';
import { dmarc } from './dmarc.ts';
import { dnsLists } from './dns-lists.ts';
import { headerForm } from './header-form.ts';
import { hello } from './hello.ts';
import { iprev } from './iprev.ts';
import { lookAlike } from './look-alike.ts';
import { loop } from './loop.ts';
import { spf } from './spf.ts';

export const checksInOrder: readonly Check[] = [
  headerForm,
  loop,
  authorOwned,
  // About the sender: their evidence was gathered while the message came in.
  iprev,
  hello,
  dnsLists,
  spf,
  dkim,
  arc,
  authors,
  lookAlike,
  // May refuse for all of these, so that its journey tells them.
  dmarc,
];
