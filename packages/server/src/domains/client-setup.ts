/**
 * What is answered to mail programs that look for their settings; the web room knows the paths.
 * Nothing tells whether an account exists.
 */

import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import type { Home } from '../home.ts';
import { autoconfigXml } from './autoconfig.ts';
import { autodiscoverError, autodiscoverXml, readAutodiscover } from './autodiscover.ts';
import { clientFacts } from './client-facts.ts';
import { mobileconfig, mobileconfigType } from './mobileconfig.ts';

export interface SetupAnswer {
  readonly status: 200 | 400 | 404;
  readonly contentType: string;
  readonly text: string;
}

const xml = (status: SetupAnswer['status'], contentType: string, text: string): SetupAnswer => ({
  status,
  contentType: `${contentType}; charset=utf-8`,
  text,
});

const notFound: SetupAnswer = { status: 404, contentType: 'text/plain', text: 'Not known here.\n' };

/**
 * `GET …/mail/config-v1.1.xml`, with or without `?emailaddress=`; without it the host tells the
 * domain.
 */
export async function answerAutoconfig(
  home: Home,
  asked: { readonly address: string | null; readonly host: string },
): Promise<SetupAnswer> {
  const domain = asked.host.toLowerCase().replace(/^autoconfig\./, '');
  const facts = await clientFacts(home, asked.address ?? `postmaster@${domain}`);
  return facts === null ? notFound : xml(200, 'text/xml', autoconfigXml(facts));
}

/** `POST …/autodiscover/autodiscover.xml` */
export async function answerAutodiscover(home: Home, question: string): Promise<SetupAnswer> {
  const atMs = home.world.nowMs();
  let address: string;
  try {
    address = readAutodiscover(question);
  } catch (error) {
    if (!(error instanceof SyntaxFault)) throw error;
    return xml(200, 'text/xml', autodiscoverError(atMs, 'bad-request'));
  }
  const facts = await clientFacts(home, address);
  return xml(
    200,
    'text/xml',
    facts === null ? autodiscoverError(atMs, 'not-found') : autodiscoverXml(facts),
  );
}

/** `GET …/.well-known/mobileconfig?emailaddress=`; the file is named after the domain. */
export async function answerMobileconfig(home: Home, address: string): Promise<SetupAnswer> {
  const facts = await clientFacts(home, address);
  const profile = facts === null ? null : mobileconfig(facts);
  return profile === null ? notFound : xml(200, mobileconfigType, profile);
}
