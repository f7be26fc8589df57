/** What engines agree on about names of mailboxes. */

/** INBOX, in any case, alone or as the first level, is written so; others are kept as they are. */
export function properName(name: string): string {
  const [first = '', ...levels] = name.split('/');
  return first.toUpperCase() === 'INBOX' ? ['INBOX', ...levels].join('/') : name;
}
