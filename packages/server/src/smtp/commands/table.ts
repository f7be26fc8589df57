/**
 * The commands of SMTP. Adding one: its file, its grammar in formats/smtp/command.ts, a row here, a
 * transcript.
 */

import type { CommandTable } from '../session.ts';
import { auth } from './auth.ts';
import { bdat } from './bdat.ts';
import { data } from './data.ts';
import { ehlo } from './ehlo.ts';
import { expn } from './expn.ts';
import { helo } from './helo.ts';
import { help } from './help.ts';
import { mail } from './mail.ts';
import { noop } from './noop.ts';
import { quit } from './quit.ts';
import { rcpt } from './rcpt.ts';
import { rset } from './rset.ts';
import { starttls } from './starttls.ts';
import { vrfy } from './vrfy.ts';

export const commandTable: CommandTable = {
  EHLO: ehlo,
  HELO: helo,
  MAIL: mail,
  RCPT: rcpt,
  DATA: data,
  BDAT: bdat,
  RSET: rset,
  NOOP: noop,
  VRFY: vrfy,
  EXPN: expn,
  HELP: help,
  QUIT: quit,
  STARTTLS: starttls,
  AUTH: auth,
};
