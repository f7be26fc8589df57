/** `merpati account totp` and `release`: what keeps an account in the right hands. */

import type { Command } from 'commander';
import type { Cli } from './cli.ts';
import { say } from './language.ts';
import { ownCommand } from './own-command.ts';

export function registerTotp(account: Command, cli: () => Cli): void {
  account
    .command('totp <address>')
    .summary(
      say(
        'a second factor by an app; mail programs then need app passwords',
        'faktor kedua lewat aplikasi; program email lalu perlu sandi aplikasi',
      ),
    )
    .option(
      '--code <digits>',
      say('switch it on with the code of the app', 'aktifkan dengan kode dari aplikasi'),
    )
    .option('--off', say('switch it off', 'matikan'))
    .action(async (address: string, given: { code?: string; off?: boolean }) => {
      const what = say(
        `cannot change the second factor of ${address}`,
        `tidak bisa mengubah faktor kedua ${address}`,
      );
      const confirm = given.code === undefined ? 'begin' : 'confirm';
      const changed = await cli().call(what, 'account.totp', {
        address,
        step: given.off === true ? 'remove' : confirm,
        code: given.code ?? '',
      });
      const { output, globals } = cli();
      output.value('merpati.account.totp/1', changed, () => {
        const words = {
          'waits-for-code': say(
            'Give this to the app, then switch it on with the code that it shows.',
            'Masukkan ini ke aplikasi, lalu aktifkan dengan kode yang ditampilkannya.',
          ),
          on: say(
            `On for ${changed.address}: mail programs need app passwords now.`,
            `Aktif untuk ${changed.address}: program email kini perlu sandi aplikasi.`,
          ),
          off: say(`Off for ${changed.address}.`, `Mati untuk ${changed.address}.`),
        };
        output.line(words[changed.state]);
        if (changed.provisioned === null) return;
        output.line(changed.provisioned.uri);
        output.line(
          `${say('Secret', 'Rahasia')}: ${output.paint.bold(changed.provisioned.secret)}`,
        );
        const command = ownCommand(globals.lab);
        output.line(`${command} account totp ${changed.address} --code 123456`);
      });
    });
}

/** `merpati account release`: it may send again. */
export function registerRelease(account: Command, cli: () => Cli): void {
  account
    .command('release <address>')
    .summary(
      say(
        'let an account send again after an alarm; what was held goes out',
        'izinkan akun mengirim lagi setelah alarm; yang ditahan dikirim',
      ),
    )
    .action(async (address: string) => {
      const what = say(`cannot release ${address}`, `tidak bisa membebaskan ${address}`);
      const done = await cli().call(what, 'account.release', { address });
      cli().output.value('merpati.account.release/1', done, () => {
        cli().output.line(
          say(
            `${done.address} may send again; ${done.released} in the queue go on.`,
            `${done.address} boleh mengirim lagi; ${done.released} di antrean dilanjutkan.`,
          ),
        );
      });
    });
}
