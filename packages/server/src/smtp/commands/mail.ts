/**
 * MAIL: begins a transaction. RFC 5321 §4.1.1.2; SIZE (1870 §6.1), SMTPUTF8 (6531 §3.4), REQUIRETLS
 * (8689 §4.1), FUTURERELEASE (4865 §4); who may send in whose name: RFC 6409 §6.1.
 */

import { needsUtf8 } from '@merpati/formats/smtp/path.ts';
import type { Path } from '@merpati/formats/smtp/path.ts';
import type { MailParameters } from '@merpati/formats/smtp/command.ts';
import { ownsAddress } from '../../accounts/own-addresses.ts';
import { sendingPause } from '../../accounts/sending-pause.ts';
import { whyNotWelcome } from '../../accounts/still-welcome.ts';
import { Refusal } from '../../refusal.ts';
import { sessionLimits } from '../limits.ts';
import { replies } from '../replies.ts';
import type { CommandRow, Session } from '../session.ts';

export const mail: CommandRow<'MAIL'> = {
  verb: 'MAIL',
  states: ['ready'],
  run(session, { from, parameters }) {
    if (session.service === 'submission' && session.login === null) throw loginFirst(session);
    checkParameters(session, parameters);
    if (from !== null && needsUtf8(from.text) && !parameters.smtputf8) {
      throw new Refusal('utf8-not-announced', 'That address needs the parameter SMTPUTF8');
    }
    if (session.home.faults.has('full'))
      throw new Refusal('store-full', 'No room to store mail now');
    if (session.login === null || from === null) return begin(session, from, parameters);
    return beginOwned(session, from, parameters);
  },
};

function loginFirst(session: Session): Refusal {
  if (session.wire.secure === null && !session.plainAllowed) {
    return new Refusal('tls-required', 'Say STARTTLS first, then log in');
  }
  return new Refusal('auth-required', 'Log in first');
}

async function beginOwned(session: Session, from: Path, parameters: MailParameters) {
  const account = session.login?.account;
  const why = session.login === null ? null : await whyNotWelcome(session.login.proof);
  if (why !== null) {
    session.login = null;
    throw new Refusal('auth-required', why);
  }
  if (account !== undefined && (await sendingPause(session.home.store, account.id)) !== null) {
    const message = 'Sending is paused for this account, for its own safety: see the letter';
    throw new Refusal('sending-paused', `${message} in its inbox, or ask the postmaster`);
  }
  if (account === undefined || !(await ownsAddress(session.home.store, account, from.text))) {
    throw new Refusal('sender-not-yours', `You may not send as <${from.text}>`);
  }
  return begin(session, from, parameters);
}

function begin(session: Session, from: Path | null, parameters: MailParameters) {
  session.transaction = {
    sender: from?.text ?? '',
    parameters,
    recipients: [],
    recipientsTried: 0,
    startedUs: session.home.world.nowUs(),
    intake: null,
    inspection: null,
    events: [],
  };
  session.state = 'mail';
  return replies.senderOk;
}

function checkParameters(session: Session, parameters: MailParameters): void {
  const octetsMax = session.home.config.limits.message_bytes_max;
  if (parameters.size !== null && parameters.size > octetsMax) {
    throw new Refusal('message-too-big', `At most ${octetsMax} octets`);
  }
  if (parameters.smtputf8 && session.hello?.isExtended !== true) {
    throw new Refusal('parameter-not-offered', 'SMTPUTF8 needs EHLO');
  }
  if (parameters.requireTls && session.wire.secure === null) {
    throw new Refusal('parameter-not-offered', 'REQUIRETLS needs TLS');
  }
  if (parameters.clickUs !== null && session.login === null) {
    throw new Refusal('parameter-not-offered', 'XCLICK is not a parameter we know');
  }
  if (parameters.holdForS !== null || parameters.holdUntilMs !== null)
    checkHold(session, parameters);
}

function checkHold(session: Session, { holdForS, holdUntilMs }: MailParameters): void {
  if (session.service !== 'submission') {
    throw new Refusal('parameter-not-offered', 'HOLDFOR and HOLDUNTIL are for submission');
  }
  const nowMs = session.home.world.nowMs();
  const aheadS = holdForS ?? ((holdUntilMs ?? nowMs) - nowMs) / 1000;
  if (aheadS <= sessionLimits.holdMaxS) return;
  throw new Refusal('hold-too-long', `A message is held for ${sessionLimits.holdMaxS} s at most`);
}
