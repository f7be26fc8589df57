/** Writes aggregate DMARC reports. RFC 9990 §3.1 and appendix A say what stands where. */

import { writeAddress, readAddress } from '../dns/address.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import type { DmarcPublished, DmarcReport, DmarcReportRow } from './dmarc-report.ts';
import { dmarcReportLimits } from './limits.ts';
import { escapeXml } from './xml.ts';

/** RFC 9990 §7.1. */
export const dmarcNamespace = 'urn:ietf:params:xml:ns:dmarc-2.0';

/** Values that the schema knows; a report with others would be thrown away as a whole. */
const overrides = new Set([
  'local_policy',
  'mailing_list',
  'other',
  'policy_test_mode',
  'trusted_forwarder',
]);

/** Throws `SyntaxFault` when there is no row: such a report is not allowed. */
export function writeDmarcReport(report: DmarcReport): string {
  if (report.rows.length === 0) {
    throw new SyntaxFault('dmarc-report.empty', 'a report has at least one record');
  }
  const { rows, policy } = report;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<feedback xmlns="${dmarcNamespace}">`,
    '  <version>1.0</version>',
    '  <report_metadata>',
    line(4, 'org_name', report.organisation),
    line(4, 'email', report.email),
    line(4, 'extra_contact_info', report.contact),
    line(4, 'report_id', report.id),
    '    <date_range>',
    line(6, 'begin', seconds(report.beginMs)),
    line(6, 'end', seconds(report.endMs)),
    '    </date_range>',
    // One element may stand here, whatever there is to say.
    line(4, 'error', report.errors.length === 0 ? null : report.errors.join('; ')),
    line(4, 'generator', report.generator),
    '  </report_metadata>',
    ...writePublished(policy),
    ...rows.map(writeRow),
    '</feedback>',
    '',
  ]
    .filter((text) => text !== null)
    .join('\n');
}

function writePublished(policy: DmarcPublished): (string | null)[] {
  return [
    '  <policy_published>',
    line(4, 'domain', policy.domain),
    line(4, 'discovery_method', policy.discovery),
    line(4, 'p', policy.policy),
    line(4, 'sp', policy.subdomains),
    line(4, 'np', policy.missing),
    line(4, 'adkim', policy.dkim),
    line(4, 'aspf', policy.spf),
    line(4, 'testing', policy.isTest === null ? null : policy.isTest ? 'y' : 'n'),
    '  </policy_published>',
  ];
}

function writeRow(row: DmarcReportRow): string {
  const address = readAddress(row.sourceIp);
  const source = address === null ? row.sourceIp : writeAddress(address);
  return [
    '  <record>',
    '    <row>',
    line(6, 'source_ip', source),
    line(6, 'count', String(row.count)),
    '      <policy_evaluated>',
    line(8, 'disposition', row.disposition),
    line(8, 'dkim', row.dkim),
    line(8, 'spf', row.spf),
    ...row.reasons
      .slice(0, dmarcReportLimits.reasonsMax)
      .flatMap(({ type, comment }) => [
        '        <reason>',
        line(10, 'type', overrides.has(type) ? type : 'other'),
        line(10, 'comment', overrides.has(type) ? comment : `${type} ${comment ?? ''}`.trim()),
        '        </reason>',
      ]),
    '      </policy_evaluated>',
    '    </row>',
    '    <identifiers>',
    line(6, 'header_from', row.headerFrom),
    line(6, 'envelope_from', row.envelopeFrom),
    line(6, 'envelope_to', row.envelopeTo),
    '    </identifiers>',
    '    <auth_results>',
    ...row.signatures
      .slice(0, dmarcReportLimits.signaturesMax)
      .flatMap((one) => [
        '      <dkim>',
        line(8, 'domain', one.domain),
        line(8, 'selector', one.selector ?? ''),
        line(8, 'result', one.result),
        line(8, 'human_result', one.explanation),
        '      </dkim>',
      ]),
    ...writeSender(row.sender),
    '    </auth_results>',
    '  </record>',
  ]
    .filter((text) => text !== null)
    .join('\n');
}

/** The only scope there is a word for is `mfrom`. */
function writeSender(sender: DmarcReportRow['sender']): (string | null)[] {
  if (sender === null) return [];
  return [
    '      <spf>',
    line(8, 'domain', sender.domain),
    line(8, 'scope', sender.scope === 'mfrom' ? 'mfrom' : null),
    line(8, 'result', sender.result),
    line(8, 'human_result', sender.explanation),
    '      </spf>',
  ];
}

function line(indent: number, name: string, value: string | null): string | null {
  if (value === null) return null;
  const text = escapeXml(value.slice(0, dmarcReportLimits.valueLengthMax));
  return `${' '.repeat(indent)}<${name}>${text}</${name}>`;
}

function seconds(ms: number): string {
  return String(Math.floor(ms / 1000));
}
