/** `merpati mail …`: send, list, read, fetch, and bring back what POP3 took away. */

import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { examples } from '../help.ts';
import { registerDownloaded } from './mail-downloaded.ts';
import { registerFetch } from './mail-fetch.ts';
import { registerList } from './mail-list.ts';
import { registerRead } from './mail-read.ts';
import { registerSend } from './mail-send.ts';

export function register(mail: Command, cli: () => Cli): void {
  mail.helpCommand(false);
  registerSend(mail, cli);
  registerList(mail, cli);
  registerRead(mail, cli);
  registerFetch(mail, cli);
  registerDownloaded(mail, cli);
  examples(mail, [
    'merpati --lab mail send --to friend@surat.test --subject Halo --body "Apa kabar?" --watch',
    'merpati mail send --to siti@contoh.org --attach laporan.pdf --body - < isi.txt',
    'merpati mail list --as rina@contoh.id',
    'merpati mail list --server imaps://mail.contoh.id --user rina@contoh.id --folder Sent',
    'merpati mail read 3 --as rina@contoh.id --save ~/Downloads',
    'merpati mail fetch ~/Mail --server pop3s://mail.contoh.id --user rina@contoh.id --keep',
  ]);
}
