/** What to try in a running lab, with our own command and with the programs people have. */

import type { Paint } from '../journey/screen.ts';
import type { Lab } from '../lab/lab.ts';
import type { LabPlace } from './lab-place.ts';
import { say } from './language.ts';
import { ownCommand } from './own-command.ts';

export function connectHints(paint: Paint, lab: Lab, place: LabPlace): string[] {
  const command = ownCommand(false);
  const [you, friend] = lab.accounts;
  const { submission, submissions, imaps } = lab.ports.servers[0];
  const ca = lab.authority.certificateFile;
  const row = (label: string, text: string) => `  ${paint.muted(label.padEnd(12))} ${text}`;
  const title = (text: string) => paint.bold(text);
  return [
    '',
    title(say('Try', 'Coba')),
    row(
      say('send', 'kirim'),
      `${command} --lab mail send --to ${friend.address} --body Halo --watch`,
    ),
    row(say('read', 'baca'), `${command} --lab mail read --as ${friend.address}`),
    row(say('journey', 'perjalanan'), `${command} --lab journey --dialogue`),
    row(say('fault', 'gangguan'), `${command} lab fault greylist`),
    row(say('people', 'orang'), `${command} --lab account add NAME@surat.test`),
    '',
    title(say('Connect', 'Sambungkan')),
    row('curl', `curl --cacert ${ca} \\`),
    row('', `  -u ${friend.address}:${friend.password} 'imaps://localhost:${imaps}/INBOX;UID=1'`),
    row('swaks', `swaks -tls -s localhost:${submission} -au ${you.address} -ap ${you.password} \\`),
    row('', `  -f ${you.address} -t ${friend.address}`),
    row('Thunderbird', `IMAP localhost:${imaps} SSL/TLS, SMTP localhost:${submissions} SSL/TLS`),
    row('', say(`user ${you.address}, normal password`, `user ${you.address}, kata sandi biasa`)),
    row('', say(`trust ${ca}`, `percayai ${ca}`)),
    row(say('phone', 'ponsel'), phone(command, lab)),
    '',
    place.isKept
      ? say(
          'Ctrl-C stops the lab; its mail is kept.',
          'Ctrl-C menghentikan lab; emailnya disimpan.',
        )
      : say(
          'Ctrl-C stops the lab and deletes its mail (--data FOLDER keeps it).',
          'Ctrl-C menghentikan lab dan menghapus emailnya (--data FOLDER menyimpannya).',
        ),
  ];
}

function phone(command: string, lab: Lab): string {
  const address = lab.context.homes[0].config.listen.imaps[1];
  if (address === undefined) {
    return say(
      `needs the lab in your network: ${command} lab --address IP`,
      `perlu lab di jaringan Anda: ${command} lab --address IP`,
    );
  }
  const smtp = lab.context.homes[0].config.listen.submissions[1] ?? '';
  return say(
    `as Thunderbird, with IMAP ${address} and SMTP ${smtp}`,
    `seperti Thunderbird, dengan IMAP ${address} dan SMTP ${smtp}`,
  );
}
