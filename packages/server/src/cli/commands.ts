/** All commands: name, one line, and where the code is. */

import type { Command } from 'commander';
import type { Cli } from './cli.ts';
import { say } from './language.ts';

export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly hidden?: boolean;
  load(): Promise<{ register(command: Command, cli: () => Cli): void }>;
}

export function commands(): readonly CommandEntry[] {
  return [
    {
      name: 'lab',
      summary: say(
        'a whole small internet of mail on this machine',
        'internet email kecil yang utuh di mesin ini',
      ),
      load: () => import('./commands/lab.ts'),
    },
    {
      name: 'setup',
      summary: say('prepare this machine for a domain', 'siapkan mesin ini untuk sebuah domain'),
      load: () => import('./commands/setup.ts'),
    },
    {
      name: 'serve',
      summary: say('run the server', 'jalankan server'),
      load: () => import('./commands/serve.ts'),
    },
    {
      name: 'status',
      summary: say('what runs, where it listens', 'apa yang berjalan, di mana mendengarkan'),
      load: () => import('./commands/status.ts'),
    },
    {
      name: 'mail',
      summary: say('send, list, read and fetch mail', 'kirim, daftar, baca, dan ambil email'),
      load: () => import('./commands/mail.ts'),
    },
    {
      name: 'journey',
      summary: say(
        'the way of a message, step by step',
        'perjalanan sebuah email, langkah demi langkah',
      ),
      load: () => import('./commands/journey.ts'),
    },
    {
      name: 'account',
      summary: say('people and their passwords', 'orang dan kata sandinya'),
      load: () => import('./commands/account.ts'),
    },
    {
      name: 'alias',
      summary: say('addresses that lead to others', 'alamat yang menuju alamat lain'),
      load: () => import('./commands/alias.ts'),
    },
    {
      name: 'domain',
      summary: say('the domains this server is responsible for', 'domain yang diurus server ini'),
      load: () => import('./commands/domain.ts'),
    },
    {
      name: 'queue',
      summary: say('mail that waits to be sent on', 'email yang menunggu dikirim'),
      load: () => import('./commands/queue.ts'),
    },
    {
      name: 'store',
      summary: say(
        'check, repair and back up the mail store',
        'periksa, perbaiki, cadangkan penyimpanan',
      ),
      load: () => import('./commands/store.ts'),
    },
    {
      name: 'config',
      summary: say('check and explain the configuration', 'periksa dan jelaskan konfigurasi'),
      load: () => import('./commands/config.ts'),
    },
    {
      name: 'probe',
      summary: say(
        'try the readers and checks on data of your own',
        'coba pembaca dan pemeriksa dengan data sendiri',
      ),
      load: () => import('./commands/probe.ts'),
    },
    {
      name: 'sendmail',
      summary: say('drop-in for /usr/sbin/sendmail', 'pengganti /usr/sbin/sendmail'),
      load: () => import('./commands/sendmail.ts'),
    },
    {
      name: 'completion',
      summary: say('completion for your shell', 'pelengkapan untuk shell Anda'),
      load: () => import('./commands/completion.ts'),
    },
    {
      name: 'version',
      summary: say('the versions of everything', 'versi semuanya'),
      load: () => import('./commands/version.ts'),
    },
  ];
}
