/**
 * How Outlook finds our server: "plain old XML" Autodiscover, [MS-OXDSCLI]. Programs POST the
 * address to https://autodiscover.DOMAIN/autodiscover/autodiscover.xml and read what to set up.
 */

import { escapeXml, localName, XmlReader } from '@merpati/formats/report/xml.ts';
import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import { waysOf, type ClientFacts, type ClientService } from './client-facts.ts';

export const autodiscoverLimits = {
  /** A question is some three hundred octets. */
  questionCharactersMax: 16_384,
  addressCharactersMax: 320,
} as const;

const outlook = 'http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a';
const response = 'http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006';

/** The address that is asked about. Throws `SyntaxFault` for what is no such question. */
export function readAutodiscover(text: string): string {
  if (text.length > autodiscoverLimits.questionCharactersMax) {
    throw new SyntaxFault('autodiscover.long', 'longer than a question can be');
  }
  const found = { email: '', schema: '' };
  const path: string[] = [];
  const reader = new XmlReader({
    open: (name) => void path.push(localName(name)),
    text: (piece) => {
      const at = path.join('/');
      if (at === 'Autodiscover/Request/EMailAddress') found.email += piece;
      if (at === 'Autodiscover/Request/AcceptableResponseSchema') found.schema += piece;
    },
    close: () => void path.pop(),
  });
  reader.write(text);
  reader.end();
  const address = found.email.trim();
  if (address === '' || address.length > autodiscoverLimits.addressCharactersMax) {
    throw new SyntaxFault('autodiscover.address', 'no EMailAddress is asked about');
  }
  // What is made for phones and Exchange is another schema, which we do not speak.
  if (found.schema !== '' && found.schema.trim() !== outlook) {
    throw new SyntaxFault('autodiscover.schema', 'the schema asked for is not known');
  }
  return address;
}

export function autodiscoverXml({ address, host, services }: ClientFacts): string {
  const protocol = (type: string, { port, socket }: ClientService): string =>
    [
      '      <Protocol>',
      `        <Type>${type}</Type>`,
      `        <Server>${escapeXml(host)}</Server>`,
      `        <Port>${port}</Port>`,
      '        <DomainRequired>off</DomainRequired>',
      `        <LoginName>${escapeXml(address)}</LoginName>`,
      '        <SPA>off</SPA>',
      '        <SSL>on</SSL>',
      // It overrides SSL for programs that know STARTTLS.
      `        <Encryption>${socket === 'tls' ? 'SSL' : 'TLS'}</Encryption>`,
      '        <AuthRequired>on</AuthRequired>',
      ...(type === 'SMTP' ? ['        <UsePOPAuth>off</UsePOPAuth>'] : []),
      ...(type === 'SMTP' ? ['        <SMTPLast>off</SMTPLast>'] : []),
      '      </Protocol>',
    ].join('\n');
  return [
    '<?xml version="1.0" encoding="utf-8"?>',
    `<Autodiscover xmlns="${response}">`,
    `  <Response xmlns="${outlook}">`,
    '    <User>',
    `      <DisplayName>${escapeXml(address)}</DisplayName>`,
    '    </User>',
    '    <Account>',
    '      <AccountType>email</AccountType>',
    '      <Action>settings</Action>',
    // One of each kind: Outlook takes the first, and knows no second choice.
    ...waysOf(services, 'imap')
      .slice(0, 1)
      .map((way) => protocol('IMAP', way)),
    ...waysOf(services, 'pop3')
      .slice(0, 1)
      .map((way) => protocol('POP3', way)),
    ...waysOf(services, 'smtp')
      .slice(0, 1)
      .map((way) => protocol('SMTP', way)),
    '    </Account>',
    '  </Response>',
    '</Autodiscover>',
    '',
  ].join('\n');
}

/** What a question gets that cannot be answered; `atMs` is told as time of day. */
export function autodiscoverError(atMs: number, problem: 'bad-request' | 'not-found'): string {
  const [code, message] =
    problem === 'bad-request' ? [600, 'Invalid Request'] : [500, 'The e-mail address is not known'];
  const time = new Date(atMs).toISOString().slice(11, 23);
  return [
    '<?xml version="1.0" encoding="utf-8"?>',
    `<Autodiscover xmlns="${response}">`,
    '  <Response>',
    `    <Error Time="${time}" Id="0">`,
    `      <ErrorCode>${code}</ErrorCode>`,
    `      <Message>${message}</Message>`,
    '      <DebugData />',
    '    </Error>',
    '  </Response>',
    '</Autodiscover>',
    '',
  ].join('\n');
}
